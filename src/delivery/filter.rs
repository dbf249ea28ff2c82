//! Which events match: `order.*,!order.updated`.

use std::fmt;
use std::str::FromStr;

/// What separates patterns in one text.
const SEPARATOR: char = ',';
/// What makes a pattern take events away.
const NEGATION: char = '!';
/// What stands for any run of characters, dots and the empty run included.
const WILDCARD: u8 = b'*';

/// A list of event patterns, some of which take away.
///
/// An event matches when one of the positive patterns matches it, or there is none, and no
/// negation does; the order of the patterns makes no difference. Upper and lower case differ, as
/// they do in event names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

/// Why a text is no list of event patterns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Nothing between two commas, or nothing at all.
    #[error("empty event pattern in `{0}`")]
    Empty(String),
    /// A `!` with nothing behind it.
    #[error("`!` in `{0}` takes no event away")]
    Negation(String),
    /// A character that stands in no event name, such as a space.
    #[error("event pattern `{0}` holds a space or a control character")]
    Character(String),
}

/// The patterns as they are typed; empty where every event matches.
impl fmt::Display for EventFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unwanted = self.unwanted.iter().map(|it| format!("{NEGATION}{it}"));
        let all: Vec<_> = self.wanted.iter().cloned().chain(unwanted).collect();
        f.write_str(&all.join(&SEPARATOR.to_string()))
    }
}

impl EventFilter {
    /// Adds the patterns of one more text, so that a flag can repeat.
    pub fn add(&mut self, text: &str) -> Result<(), FilterError> {
        for pattern in text.split(SEPARATOR).map(str::trim) {
            self.add_pattern(pattern, text)?;
        }
        Ok(())
    }

    /// Whether every event matches.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    /// Whether the event of this name matches.
    pub fn matches(&self, event: &str) -> bool {
        let hits = |patterns: &[String]| patterns.iter().any(|p| glob(p, event));
        (self.wanted.is_empty() || hits(&self.wanted)) && !hits(&self.unwanted)
    }

    /// The same for a delivery, whose event may be unknown: that one matches only a filter without a
    /// positive pattern.
    pub fn matches_known(&self, event: Option<&str>) -> bool {
        event.map_or(self.wanted.is_empty(), |event| self.matches(event))
    }

    fn add_pattern(&mut self, pattern: &str, text: &str) -> Result<(), FilterError> {
        let (list, name) = match pattern.strip_prefix(NEGATION) {
            Some("") => return Err(FilterError::Negation(text.into())),
            Some(name) => (&mut self.unwanted, name),
            None => (&mut self.wanted, pattern),
        };
        if name.is_empty() {
            return Err(FilterError::Empty(text.into()));
        }
        if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(FilterError::Character(name.into()));
        }
        list.push(name.into());
        Ok(())
    }
}

impl FromStr for EventFilter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        filter.add(text)?;
        Ok(filter)
    }
}

/// Whether `text` is what `pattern` describes.
///
/// Goes back to the last wildcard only, which is enough for patterns without classes and keeps the
/// work at pattern times text: no pattern makes it exponential.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&WILDCARD) {
            retry = Some((p, t));
            p += 1;
        } else if pattern.get(p) == text.get(t) {
            p += 1;
            t += 1;
        } else if let Some((wildcard, from)) = retry {
            retry = Some((wildcard, from + 1));
            p = wildcard + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern.iter().skip(p).all(|&byte| byte == WILDCARD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter(text: &str) -> EventFilter {
        text.parse().unwrap()
    }

    #[test]
    fn a_wildcard_spans_dots_and_a_negation_takes_away() {
        let orders = filter("order.*, !order.updated");
        assert!(orders.matches("order.created"));
        assert!(orders.matches("order.line.added"));
        assert!(!orders.matches("order.updated"));
        assert!(!orders.matches("payment.captured"));
        assert!(!orders.matches("order"));
    }

    #[test]
    fn without_a_positive_pattern_all_but_the_negated_matches() {
        let most = filter("!*.test");
        assert!(most.matches("order.created"));
        assert!(!most.matches("order.test"));
        assert!(most.matches_known(None));
        assert!(!filter("order.*").matches_known(None));
        assert!(EventFilter::default().matches_known(None));
    }

    #[test]
    fn texts_add_up() {
        let mut both = filter("order.created");
        both.add("payment.*").unwrap();
        assert!(both.matches("order.created") && both.matches("payment.failed"));
    }

    #[test]
    fn what_means_nothing_is_an_error() {
        for (text, message) in [
            ("", "empty event pattern in ``"),
            ("order.*,,x", "empty event pattern in `order.*,,x`"),
            ("!", "`!` in `!` takes no event away"),
            (
                "order created",
                "event pattern `order created` holds a space or a control character",
            ),
        ] {
            let error = text.parse::<EventFilter>().unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    /// The definition, as slow as it is plain.
    fn plain_glob(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|skip| plain_glob(rest, &text[skip..])),
            Some((byte, rest)) => {
                text.first() == Some(byte) && plain_glob(rest, text.get(1..).unwrap_or_default())
            }
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_agrees_with_the_plain_one(pattern in "[ab*]{0,7}", text in "[ab]{0,9}") {
            prop_assert_eq!(
                glob(&pattern, &text),
                plain_glob(pattern.as_bytes(), text.as_bytes())
            );
        }
    }
}
