//! How a value is compared.

use std::cmp::Ordering;

use crate::json::compare_numbers;

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueTest {
    /// That it is there.
    Present,
    /// How it compares to any of these texts.
    Compare(Comparison, Vec<String>),
}

/// A comparison of a value with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same text, where `*` stands for any characters, or the same number.
    Is,
    /// Not equal, or not there.
    IsNot,
    /// It holds the text, in upper or lower case.
    Contains,
    /// Less, as numbers.
    Less,
    /// Less or equal, as numbers.
    AtMost,
    /// More, as numbers.
    More,
    /// More or equal, as numbers.
    AtLeast,
}

impl Comparison {
    /// The signs, those of two characters first.
    pub(super) const SIGNS: [(&'static str, Self); 8] = [
        ("!=", Self::IsNot),
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        (":", Self::Is),
        ("=", Self::Is),
        ("~", Self::Contains),
        (">", Self::More),
        ("<", Self::Less),
    ];

    /// Whether it is one of numbers.
    pub(super) const fn is_of_numbers(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::More | Self::AtLeast)
    }

    fn holds(self, value: &str, wanted: &str) -> bool {
        let order = || compare_numbers(value.trim(), wanted);
        match self {
            Self::Is => like(value, wanted) || order() == Some(Ordering::Equal),
            Self::IsNot => !Self::Is.holds(value, wanted),
            Self::Contains => {
                let (value, wanted) = (value.to_lowercase(), wanted.to_lowercase());
                value.contains(&wanted)
            }
            Self::Less => order() == Some(Ordering::Less),
            Self::AtMost => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
            Self::More => order() == Some(Ordering::Greater),
            Self::AtLeast => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

impl ValueTest {
    pub(super) fn is_met(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::Present, value) => value.is_some(),
            (Self::Compare(Comparison::IsNot, _), None) => true,
            (Self::Compare(..), None) => false,
            (Self::Compare(Comparison::IsNot, texts), Some(value)) => texts
                .iter()
                .all(|text| Comparison::IsNot.holds(value, text)),
            (Self::Compare(by, texts), Some(value)) => {
                texts.iter().any(|text| by.holds(value, text))
            }
        }
    }
}

/// Whether a value is what a pattern says, whose `*` stand for any characters.
fn like(value: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return value == pattern;
    };
    let Some(mut value) = value.strip_prefix(first) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return value.ends_with(part);
        }
        match value.find(part) {
            Some(at) => value = value.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}
