//! Changing one value in a JSON text and no other byte of it.

use std::ops::Range;

use serde_json::{Map, Value};

use super::super::token::{Bracket, children};
use super::super::{JsonFields, is_json, javascript};
use super::{Path, Step};

/// What may stand around a JSON value.
const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

impl Path {
    /// Where in a JSON text the value at the path stands; `None` where nothing does.
    pub fn locate(&self, text: &[u8]) -> Option<Range<usize>> {
        locate(&self.0, text)
    }

    /// The JSON text with `value` at the path and all other bytes as they are. What is not there is
    /// added as [`set`](Self::set) adds it; `None` where that is not possible.
    pub fn splice(&self, text: &[u8], value: &Value) -> Option<Vec<u8>> {
        let depths = (0..=self.0.len()).rev();
        let mut found = depths.map(|depth| self.0.split_at(depth));
        let (place, missing) =
            found.find_map(|(way, missing)| Some((locate(way, text)?, missing)))?;
        let (place, new) = match missing {
            [] => (place, javascript::stringify(value)),
            [step, rest @ ..] => {
                let value = nest(rest, value.clone());
                insertion(text.get(place.clone())?, place.start, step, value)?
            }
        };
        Some(
            [
                text.get(..place.start)?,
                new.as_bytes(),
                text.get(place.end..)?,
            ]
            .concat(),
        )
    }
}

/// Where the value stands to which these steps lead.
fn locate(steps: &[Step], text: &[u8]) -> Option<Range<usize>> {
    let mut place = std::str::from_utf8(text).ok()?.trim_matches(WHITE_SPACE);
    is_json(text).then_some(())?;
    for step in steps {
        place = match step {
            Step::Key(key) => JsonFields::new(place.as_bytes())?.raw(key)?,
            Step::Index(index) => {
                let (bracket, items) = children(place, usize::MAX)?;
                let (_, item) = items.get(*index).filter(|_| bracket == Bracket::Array)?;
                item
            }
        };
    }
    // Every step's text is a piece of the one before, so the addresses tell the place.
    let start = (place.as_ptr().addr()).checked_sub(text.as_ptr().addr())?;
    Some(start..start + place.len())
}

/// The text that adds a value under a step to a container that has no such place, and the place
/// where it goes. `container` is the container's text, which begins at `start`.
fn insertion(
    container: &[u8],
    start: usize,
    step: &Step,
    value: Value,
) -> Option<(Range<usize>, String)> {
    let text = match (container, step) {
        (b"null", _) => {
            let nested = javascript::stringify(&nest(std::slice::from_ref(step), value));
            return Some((start..start + container.len(), nested));
        }
        ([b'{', ..], Step::Key(key)) => {
            let key = Value::from(key.as_str());
            format!("{key}:{}", javascript::stringify(&value))
        }
        ([b'[', ..], Step::Index(_)) => javascript::stringify(&value),
        _ => return None,
    };
    let (_, inside) = container.split_last()?;
    let inside = inside.trim_ascii_end();
    let end = start + inside.len();
    let comma = if inside.len() > 1 { "," } else { "" };
    Some((end..end, format!("{comma}{text}")))
}

/// The value within new objects and arrays, so that these steps lead to it.
fn nest(steps: &[Step], value: Value) -> Value {
    steps.iter().rev().fold(value, |value, step| match step {
        Step::Key(key) => Value::Object(Map::from_iter([(key.clone(), value)])),
        Step::Index(_) => Value::Array(vec![value]),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Path {
        text.parse().unwrap()
    }

    fn spliced(text: &str, at: &str, value: &Value) -> Option<String> {
        let bytes = path(at).splice(text.as_bytes(), value)?;
        Some(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn a_value_is_found_in_the_text() {
        let text = br#"{ "a": {"b": [1, {"c" : 12.50 }]}, "a\u0062": "x" }"#;
        let at = |p: &str| path(p).locate(text).map(|place| &text[place]);
        assert_eq!(at("a.b[1].c"), Some(&b"12.50"[..]));
        assert_eq!(at("ab"), Some(&b"\"x\""[..]));
        assert_eq!(at("a.b[2]"), None);
        assert_eq!(at("a.b.c"), None);
    }

    #[test]
    fn one_value_is_replaced_and_every_other_byte_stays() {
        let text =
            "\u{20}{\n \"total\" : 12.50,\n \"n\":[ 1 , 1e2 ], \"total2\":9007199254740993\n}\n";
        let found = spliced(text, "n[1]", &json!("x")).unwrap();
        assert_eq!(found, text.replace("1e2", "\"x\""));
        let found = spliced(text, "total", &json!({"a": 1.50})).unwrap();
        assert_eq!(found, text.replace("12.50", "{\"a\":1.5}"));
    }

    #[test]
    fn what_is_not_there_is_added_at_the_end_of_its_container() {
        for (text, at, added) in [
            (r#"{"a" : 1.0 }"#, "b", r#"{"a" : 1.0,"b":7 }"#),
            (r#"{"a":{}}"#, "a.b.c", r#"{"a":{"b":{"c":7}}}"#),
            (r"{ }", "a", r#"{"a":7 }"#),
            (r#"{"a":[]}"#, "a[0]", r#"{"a":[7]}"#),
            (
                r#"{"a":[1.0, 2]}"#,
                "a[2].b[0]",
                r#"{"a":[1.0, 2,{"b":[7]}]}"#,
            ),
            (r#"{"a":null,"z":1.0}"#, "a.b", r#"{"a":{"b":7},"z":1.0}"#),
            (r#"{"a":null}"#, "a[0]", r#"{"a":[7]}"#),
            (r#"{"a":1}"#, r"a\.b", r#"{"a":1,"a.b":7}"#),
            (r"[1]", "[1]", "[1,7]"),
        ] {
            assert_eq!(spliced(text, at, &json!(7)).as_deref(), Some(added), "{at}");
        }
        assert_eq!(spliced(r#"{"a":1}"#, "a.b", &json!(7)), None);
        assert_eq!(spliced(r#"{"a":{}}"#, "a[0]", &json!(7)), None);
        assert_eq!(spliced(r#"{"a":"#, "a", &json!(7)), None);
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c\"{}]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("[ab]", inner, 0..3)
                    .prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    fn place() -> impl Strategy<Value = Path> {
        let step = prop_oneof![
            "[ab]".prop_map(Step::Key),
            (0_usize..3).prop_map(Step::Index),
        ];
        proptest::collection::vec(step, 1..4).prop_map(Path)
    }

    proptest! {
        #[test]
        fn the_text_says_what_the_document_says(
            document in document(), place in place(), value in document(), pretty in any::<bool>()
        ) {
            let text = if pretty {
                serde_json::to_string_pretty(&document).unwrap()
            } else {
                document.to_string()
            };
            let mut changed = document.clone();
            if place.set(&mut changed, value.clone(), true).is_ok() {
                let found = place.splice(text.as_bytes(), &value);
                let found: Value = serde_json::from_slice(&found.unwrap()).unwrap();
                prop_assert_eq!(found, changed, "{} {}", text, place);
            }
        }

        #[test]
        fn no_text_and_no_path_makes_it_panic(text in "[{}\\[\\]\"a:,0 \\\\]{0,16}", place in "[a.\\[\\]0\\\\]{0,8}") {
            if let Ok(place) = place.parse::<Path>() {
                place.splice(text.as_bytes(), &Value::Null);
            }
        }
    }
}
