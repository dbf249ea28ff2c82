//! Numbers as they were typed. A `serde_json::Value` holds a double, and JavaScript would write
//! another text for it: `49.9` for `49.90`, and other digits for an integer beyond 2^53.

use std::collections::HashMap;
use std::str::FromStr;

use serde_json::{Number, Value};

use super::super::javascript;
use super::super::token::{Bracket, Token, Tokens};
use super::{Path, Step};

/// JSON that somebody typed, with what a `Value` does not hold of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TypedJson {
    /// The value.
    pub value: Value,
    /// The text of each number that JavaScript would write otherwise, and its place in the value.
    pub numbers: Vec<(Path, String)>,
}

impl TypedJson {
    /// The text that JavaScript would write, but for the numbers, which are as they were typed.
    pub fn to_text(&self) -> String {
        restore_numbers(javascript::stringify(&self.value), &self.numbers)
    }

    /// The numbers with their places in a document that has the value at `path`.
    pub fn numbers_at(&self, path: &Path) -> impl Iterator<Item = (Path, String)> {
        self.numbers.iter().map(|(place, text)| {
            let steps = path.0.iter().chain(&place.0);
            (Path(steps.cloned().collect()), text.clone())
        })
    }
}

impl FromStr for TypedJson {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        Ok(Self {
            value: serde_json::from_str(text)?,
            numbers: exact_numbers(text),
        })
    }
}

impl From<Value> for TypedJson {
    fn from(value: Value) -> Self {
        let numbers = Vec::new();
        Self { value, numbers }
    }
}

/// The numbers of a JSON text that JavaScript would write otherwise, and where they stand.
pub fn exact_numbers(text: &str) -> Vec<(Path, String)> {
    let mut found = Vec::new();
    for_each_number(text, |path, number| {
        let written = serde_json::from_str::<Number>(number);
        if written.is_ok_and(|written| javascript::number_text(&written) != number) {
            found.push((Path(path.to_vec()), number.to_owned()));
        }
    });
    found
}

/// A JSON text with these numbers at their places, where they are still the same numbers.
pub fn restore_numbers(text: String, numbers: &[(Path, String)]) -> String {
    if numbers.is_empty() {
        return text;
    }
    let typed: HashMap<&[Step], &str> = numbers
        .iter()
        .map(|(path, text)| (&path.0[..], text.as_str()))
        .collect();
    let double = |text: &str| text.parse::<f64>().ok();
    let (mut restored, mut copied) = (String::with_capacity(text.len()), 0);
    for_each_number(&text, |path, number| {
        let same = typed
            .get(path)
            .filter(|typed| double(typed) == double(number));
        let start = number.as_ptr().addr() - text.as_ptr().addr();
        if let (Some(typed), Some(before)) = (same, text.get(copied..start)) {
            restored.extend([before, typed]);
            copied = start + number.len();
        }
    });
    restored.push_str(text.get(copied..).unwrap_or_default());
    restored
}

/// Calls with the steps to each number and its text, in the order of the text.
fn for_each_number<'a>(text: &'a str, mut found: impl FnMut(&[Step], &'a str)) {
    let mut steps = Vec::new();
    // For each array that is open, its next index; `None` for an object.
    let mut open: Vec<Option<usize>> = Vec::new();
    for token in Tokens::of(text).map_while(Result::ok) {
        if !matches!(token, Token::Key(_) | Token::Close(_))
            && let Some(Some(next)) = open.last_mut()
        {
            steps.push(Step::Index(*next));
            *next += 1;
        }
        match token {
            Token::Key(key) => {
                steps.push(Step::Key(serde_json::from_str(key).unwrap_or_default()));
                continue;
            }
            Token::Open(bracket) => {
                open.push((bracket == Bracket::Array).then_some(0));
                continue;
            }
            Token::Close(_) => {
                open.pop();
            }
            Token::Number(number) => found(&steps, number),
            Token::String(_) | Token::Word(_) => {}
        }
        steps.pop();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::is_json;
    use super::*;

    fn text(typed: &str) -> String {
        typed.parse::<TypedJson>().unwrap().to_text()
    }

    #[test]
    fn numbers_stay_as_they_were_typed_wherever_they_stand() {
        for (typed, written) in [
            ("1152921506151679042", "1152921506151679042"),
            ("1.10", "1.10"),
            ("12", "12"),
            ("-0", "-0"),
            ("1E5", "1E5"),
            (
                r#"{"a": [1, 2.50, {"b.c": 7615917337495251231}], "9": 1.0, "d": "1.0"}"#,
                r#"{"9":1.0,"a":[1,2.50,{"b.c":7615917337495251231}],"d":"1.0"}"#,
            ),
            ("[[1.0],[],{},[2.0,[3.0]]]", "[[1.0],[],{},[2.0,[3.0]]]"),
        ] {
            assert_eq!(text(typed), written);
        }
    }

    #[test]
    fn a_number_that_was_changed_is_not_restored() {
        let numbers = exact_numbers(r#"{"a":1.0,"b":2.0}"#);
        let restored = restore_numbers(r#"{"a":3,"b":2,"c":1}"#.into(), &numbers);
        assert_eq!(restored, r#"{"a":3,"b":2.0,"c":1}"#);
    }

    proptest! {
        #[test]
        fn what_is_restored_is_json_and_has_the_same_numbers(
            numbers in proptest::collection::vec("-?[1-9][0-9]{0,18}(\\.[0-9]{1,3})?", 0..5),
        ) {
            let typed = format!("{{\"a\":[{}]}}", numbers.join(","));
            let written = text(&typed);
            prop_assert!(is_json(written.as_bytes()));
            prop_assert_eq!(written, typed);
        }
    }
}
