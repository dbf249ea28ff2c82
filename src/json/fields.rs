//! Reading single fields of a JSON text without building the rest.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::path::{Path, Step};
use super::token::{Bracket, children};

/// Whether a body is one JSON text.
pub fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok() && std::str::from_utf8(body).is_ok()
}

/// The most members or items that are held: one takes twenty times the two bytes in which it can be
/// sent. No provider sends as many beside each other.
const MOST_MEMBERS: usize = 1 << 16;

/// The members of a JSON object or the items of an array, each with the text of its value.
pub struct JsonFields<'a> {
    bracket: Bracket,
    /// By key; of an array, by nothing.
    members: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> JsonFields<'a> {
    /// The members of the object or the items of the array that `body` is; `None` where it is
    /// neither, or has more than 65,536 of them.
    pub fn new(body: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        let (bracket, members) = children(text, MOST_MEMBERS)?;
        let named = |(key, value)| Some((name(key)?, value));
        let members = members.into_iter().map(named).collect::<Option<_>>()?;
        Some(Self { bracket, members })
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        self.bracket == Bracket::Object
    }

    /// How many members or items there are.
    pub const fn size(&self) -> usize {
        self.members.len()
    }

    /// The text of the value of a member; of several equal ones the last, as parsers do.
    pub fn raw(&self, key: &str) -> Option<&'a str> {
        let mut members = self.members.iter().rev().filter(|_| self.is_object());
        let found = members.find(|(name, _)| name == key);
        found.map(|(_, value)| *value)
    }

    /// The string that a member is.
    pub fn string(&self, key: &str) -> Option<String> {
        self.raw(key).and_then(string)
    }

    /// The string at a path; of a number its digits.
    pub fn string_or_number(&self, path: &Path) -> Option<String> {
        let text = self.at(path)?;
        let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if is_number {
            Some(text.to_owned())
        } else {
            string(text)
        }
    }

    /// The text of the value at a path.
    pub fn at(&self, path: &Path) -> Option<&'a str> {
        let (first, rest) = path.steps().split_first()?;
        rest.iter().try_fold(self.step(first)?, |text, step| {
            JsonFields::new(text.as_bytes())?.step(step)
        })
    }

    fn step(&self, step: &Step) -> Option<&'a str> {
        match step {
            Step::Key(key) => self.raw(key),
            Step::Index(_) if self.is_object() => None,
            Step::Index(index) => self.members.get(*index).map(|(_, value)| *value),
        }
    }
}

/// The string that a value is. What it is not is seen first: an error of the parser's costs more than
/// all the rest.
fn string(value: &str) -> Option<String> {
    value
        .starts_with('"')
        .then(|| serde_json::from_str(value).ok())?
}

/// The name that a key says, which is copied only where it holds an escape; of an item none.
fn name(key: &str) -> Option<Cow<'_, str>> {
    if key.contains('\\') {
        return serde_json::from_str(key).ok();
    }
    Some(key.trim_matches('"').into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_path() {
        let fields =
            JsonFields::new(br#"{"type":"a","data":{"object":{"id":"x\u0041"}},"n":1,"type":"b"}"#)
                .unwrap();
        assert_eq!(fields.string("type").as_deref(), Some("b"));
        assert_eq!(fields.string("n"), None);
        let text = |path: &str| fields.string_or_number(&path.parse().unwrap());
        assert_eq!(text("data.object.id").as_deref(), Some("xA"));
        assert_eq!(text("n").as_deref(), Some("1"));
        assert_eq!(text("data.none.id"), None);
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for body in [
            &b""[..],
            b"7",
            b"{",
            b"{} x",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\xff}",
        ] {
            assert!(JsonFields::new(body).is_none(), "{body:?}");
        }
    }

    #[test]
    fn no_more_members_are_held_than_a_provider_sends() {
        let list = |count: usize| format!("[{}]", vec!["1"; count].join(","));
        let object = |count: usize| {
            let members: Vec<_> = (0..count).map(|key| format!("\"{key}\":1")).collect();
            format!("{{{}}}", members.join(","))
        };
        for text in [list, object as fn(usize) -> String] {
            let most = text(MOST_MEMBERS);
            let fields = JsonFields::new(most.as_bytes()).unwrap();
            assert_eq!(fields.members.len(), MOST_MEMBERS);
            let more = text(MOST_MEMBERS + 1);
            assert!(JsonFields::new(more.as_bytes()).is_none());
            assert!(is_json(more.as_bytes()));
        }
    }

    /// A field is read where `--set` would write it.
    #[test]
    fn a_path_leads_to_one_place_whoever_follows_it() {
        let text = r#"{"a.b":[{"id":"x"},[1,{"c":"\u00e9"}]],"e":{"":0,"0":2},"a":{"b":3},"z":[]}"#;
        let list = format!("[{text},7]");
        for (text, start) in [(text, ""), (&list, "[0].")] {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            let fields = JsonFields::new(text.as_bytes()).unwrap();
            for path in [
                r"a\.b[0].id",
                r"a\.b[1][1].c",
                r"a\.b[1][0]",
                r"a\.b[2]",
                "e.0",
                "e[0]",
                "a.b",
                "a[0]",
                "z[0]",
                "z",
                "a.b.c",
                "e.none",
                "[0]",
            ] {
                let path = format!("{start}{path}").replace(".[", "[");
                let path: Path = path.parse().unwrap();
                let there = path.find(&mut value.clone()).cloned();
                let read = fields.at(&path);
                let read = read.map(|text| serde_json::from_str(text).unwrap());
                assert_eq!(read, there, "{path}");
            }
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let deep = format!(
            r#"{{"data":{}{}}}"#,
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        let fields = JsonFields::new(deep.as_bytes());
        assert!(fields.is_none_or(|fields| fields.at(&"data[0]".parse().unwrap()).is_some()));
        is_json(deep.as_bytes());
    }
}
