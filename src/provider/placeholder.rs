//! The placeholders of templates and fixtures: `{{id:NAME}}`, `{{time-35m}}`, `{{date}}`, `{{event}}`,
//! `{{event:1}}`, `{{unix}}`, `{{unix_ms}}`, `{{int:NAME}}`, `{{uuid:NAME}}`.

use serde_json::Value;

use super::schedule::span;
use crate::delivery::nearest;

/// The names as they are proposed in place of an unknown one.
const NAMES: [&str; 8] = [
    "time",
    "date",
    "event",
    "id:order",
    "unix",
    "unix_ms",
    "int:order",
    "uuid:order",
];
/// A name with an offset, as it is proposed in place of one whose offset is none.
const WITH_OFFSET: &str = "time-35m";

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder<'t> {
    /// A fresh id; equal names give equal ids within a delivery.
    Id(&'t str),
    /// The event's time, moved by so many seconds, with its time of day.
    Time(i64),
    /// The same as a date.
    Date(i64),
    /// The same in whole seconds since the unix epoch.
    Unix(i64),
    /// The same in milliseconds.
    UnixMillis(i64),
    /// A fresh id that is a number.
    Int(&'t str),
    /// A fresh id of the form of a UUID.
    Uuid(&'t str),
    /// This text; where a request is recognised, any other as well.
    Any(&'t str),
    /// The event's name.
    Event,
    /// A part of the event's name, counted from 1, of one that is put together.
    EventPart(usize),
}

impl<'t> Placeholder<'t> {
    /// The placeholder of a name; `None` where there is none.
    pub fn parse(name: &'t str) -> Option<Self> {
        match name.split_once(':') {
            Some(("id", name)) => return Some(Self::Id(name)),
            Some(("int", name)) => return Some(Self::Int(name)),
            Some(("uuid", name)) => return Some(Self::Uuid(name)),
            Some(("any", text)) => return Some(Self::Any(text)),
            Some(("event", number)) => {
                let number = number.parse().ok().filter(|number| *number > 0);
                return number.map(Self::EventPart);
            }
            _ => {}
        }
        // The longer name first, of which the other is the beginning.
        if let Some(offset) = name.strip_prefix("unix_ms") {
            return Some(Self::UnixMillis(seconds(offset)?));
        }
        if let Some(offset) = name.strip_prefix("unix") {
            return Some(Self::Unix(seconds(offset)?));
        }
        if let Some(offset) = name.strip_prefix("time") {
            return Some(Self::Time(seconds(offset)?));
        }
        if let Some(offset) = name.strip_prefix("date") {
            return Some(Self::Date(seconds(offset)?));
        }
        (name == "event").then_some(Self::Event)
    }

    /// The placeholder that is all of a text.
    pub fn whole(text: &'t str) -> Option<Self> {
        let name = text.strip_prefix("{{")?.strip_suffix("}}")?;
        Self::parse(name)
    }

    /// Whether it is a number where it is all of a text.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Unix(_) | Self::UnixMillis(_) | Self::Int(_))
    }
}

/// The seconds of `-35m`, `+2d` or nothing.
fn seconds(offset: &str) -> Option<i64> {
    if offset.is_empty() {
        return Some(0);
    }
    let (sign, length) = offset.split_at_checked(1)?;
    let seconds = i64::try_from(span(length)?.as_secs()).ok()?;
    match sign {
        "+" => Some(seconds),
        "-" => Some(-seconds),
        _ => None,
    }
}

/// The pieces of a text in order, each with the name in `{{` and `}}` behind it; the last has none. A
/// `{{` that nothing closes stands as it is.
pub fn segments(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let split = text.split_once("{{");
        let named = split.and_then(|(before, after)| Some((before, after.split_once("}}")?)));
        let Some((before, (name, after))) = named else {
            return Some((text, None));
        };
        rest = Some(after);
        Some((before, Some(name)))
    })
}

/// The first name in the strings of a value that is no placeholder. In an envelope, `{{data}}` is
/// one where it is all of a string.
pub fn first_unknown(value: &Value, is_envelope: bool) -> Option<&str> {
    match value {
        Value::String(text) if is_envelope && text == "{{data}}" => None,
        Value::String(text) => unknown_in(text),
        Value::Array(items) => items
            .iter()
            .find_map(|item| first_unknown(item, is_envelope)),
        Value::Object(map) => map
            .values()
            .find_map(|value| first_unknown(value, is_envelope)),
        _ => None,
    }
}

/// The first name in a text that is no placeholder.
pub fn unknown_in(text: &str) -> Option<&str> {
    let mut names = segments(text).filter_map(|(_, name)| name);
    names.find(|name| Placeholder::parse(name).is_none())
}

/// The placeholder that an unknown name is most like, where it is like one.
pub fn near(name: &str) -> Option<&'static str> {
    let base = name.split(['+', '-']).next().unwrap_or_default().trim();
    if base != name.trim() && ["time", "date", "unix", "unix_ms"].contains(&base) {
        return Some(WITH_OFFSET);
    }
    nearest(base, NAMES.into_iter())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn the_segments_make_up_the_text(text in "[{}a-c:é ]{0,24}") {
            let joined: String = segments(&text)
                .map(|(text, name)| match name {
                    None => text.to_owned(),
                    Some(name) => format!("{text}{{{{{name}}}}}"),
                })
                .collect();
            prop_assert_eq!(joined, text);
        }
    }

    #[test]
    fn names_are_read_with_their_offsets() {
        for (name, placeholder) in [
            ("id:order", Some(Placeholder::Id("order"))),
            ("time", Some(Placeholder::Time(0))),
            ("time-35m", Some(Placeholder::Time(-2_100))),
            ("date+2d", Some(Placeholder::Date(172_800))),
            ("event", Some(Placeholder::Event)),
            ("unix", Some(Placeholder::Unix(0))),
            ("unix_ms+1m", Some(Placeholder::UnixMillis(60))),
            ("int:user", Some(Placeholder::Int("user"))),
            ("uuid:user", Some(Placeholder::Uuid("user"))),
            ("unix_", None),
            ("ints:user", None),
            ("time-", None),
            ("time*2d", None),
            ("timé", None),
            ("id", None),
            (" time", None),
            ("", None),
        ] {
            assert_eq!(Placeholder::parse(name), placeholder, "{name}");
        }
    }

    #[test]
    fn what_is_no_placeholder_is_found_wherever_it_stands() {
        assert_eq!(unknown_in("a {{time}} {{tyme}} {{x}}"), Some("tyme"));
        assert_eq!(unknown_in("{{time}} {{ }"), None);
        let value = json!({"a": ["{{id:x}}", {"b": "x{{evnt}}"}]});
        assert_eq!(first_unknown(&value, false), Some("evnt"));
        let envelope = json!({"data": "{{data}}"});
        assert_eq!(first_unknown(&envelope, true), None);
        assert_eq!(first_unknown(&envelope, false), Some("data"));
        assert_eq!(first_unknown(&json!("a {{data}}"), true), Some("data"));
    }

    #[test]
    fn a_near_name_is_proposed() {
        for (name, proposed) in [
            ("tyme", Some("time")),
            ("tyme-3d", Some("time")),
            (" time ", Some("time")),
            ("time-3x", Some("time-35m")),
            ("evnt", Some("event")),
            ("ids:order", Some("id:order")),
            ("zzz", None),
        ] {
            assert_eq!(near(name), proposed, "{name}");
        }
    }
}
