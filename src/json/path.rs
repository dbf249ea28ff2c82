//! Paths into a JSON document, as `--set` takes them: `data.items[0].quantity`, `\.` for a dot.

mod exact;
mod splice;

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use exact::{TypedJson, exact_numbers, restore_numbers};

/// A path of keys and indexes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("minLength" = 1)))]
#[serde(try_from = "String")]
pub struct Path(Vec<Step>);

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text is no path.
    #[error("`{0}` is not a path such as `data.items[0].quantity`")]
    Syntax(String),
    /// Nothing stands at the path.
    #[error("no value at `{path}`")]
    Unknown {
        /// The path up to the step that failed.
        path: String,
        /// The keys that stand there instead.
        keys: Vec<String>,
    },
    /// A key was asked of something that is no object, or an index of what is no array.
    #[error("`{path}` is {found}, not {wanted}")]
    Type {
        /// The path to the value.
        path: String,
        /// What it is.
        found: &'static str,
        /// What the next step needs.
        wanted: &'static str,
        /// The whole path with a number in brackets where an array wants one.
        near: Option<String>,
    },
}

impl Path {
    /// The whole document, which no text names.
    pub const ROOT: Self = Self(Vec::new());

    /// Puts `value` at the path. Unless `add`, something must stand there already; with it, missing
    /// objects on the way are made, and an index may be the array's length.
    pub fn set(&self, root: &mut Value, value: Value, add: bool) -> Result<(), PathError> {
        let mut place = root;
        for (depth, step) in self.0.iter().enumerate() {
            if add {
                make_room(place, step);
            }
            place = self.enter(place, depth, step)?;
        }
        *place = value;
        Ok(())
    }

    /// The steps, from the root down.
    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// What stands at the path, to be changed; `None` where nothing does.
    pub fn find<'v>(&self, root: &'v mut Value) -> Option<&'v mut Value> {
        let mut steps = self.0.iter().enumerate();
        steps
            .try_fold(root, |place, (depth, step)| self.enter(place, depth, step))
            .ok()
    }

    /// Removes what stands at the path.
    pub fn unset(&self, root: &mut Value) -> Result<Value, PathError> {
        let Some((last, way)) = self.0.split_last() else {
            return Err(self.unknown(0, root));
        };
        let mut place = root;
        for (depth, step) in way.iter().enumerate() {
            place = self.enter(place, depth, step)?;
        }
        self.enter(place, way.len(), last)?;
        let removed = match (place, last) {
            (Value::Object(map), Step::Key(key)) => map.shift_remove(key),
            (Value::Array(items), Step::Index(index)) => Some(items.remove(*index)),
            _ => None,
        };
        Ok(removed.unwrap_or_default())
    }

    fn enter<'v>(
        &self,
        place: &'v mut Value,
        depth: usize,
        step: &Step,
    ) -> Result<&'v mut Value, PathError> {
        let fits = matches!(
            (&*place, step),
            (Value::Object(_), Step::Key(_)) | (Value::Array(_), Step::Index(_))
        );
        if !fits {
            return Err(PathError::Type {
                path: self.text(depth),
                found: kind(place),
                wanted: if matches!(step, Step::Key(_)) {
                    "an object"
                } else {
                    "an array"
                },
                near: self.with_index(place, depth, step),
            });
        }
        // What the error tells takes as long as there are keys beside the step and steps above it.
        let is_there = match step {
            Step::Key(key) => place.get(key).is_some(),
            Step::Index(index) => place.get(index).is_some(),
        };
        if !is_there {
            return Err(self.unknown(depth, place));
        }
        let next = match step {
            Step::Key(key) => place.get_mut(key),
            Step::Index(index) => place.get_mut(index),
        };
        next.ok_or_else(|| self.unknown(depth, &Value::Null))
    }

    /// The path with a number in brackets in place of one behind a dot, which is a key.
    fn with_index(&self, place: &Value, depth: usize, step: &Step) -> Option<String> {
        let Step::Key(key) = step else { return None };
        let index = key.parse().ok().filter(|_| place.is_array())?;
        let mut steps = self.0.clone();
        *steps.get_mut(depth)? = Step::Index(index);
        Some(Self(steps).to_string())
    }

    fn unknown(&self, depth: usize, place: &Value) -> PathError {
        let keys = match place {
            Value::Object(map) => map.keys().map(|key| self.child(depth, key)).collect(),
            _ => Vec::new(),
        };
        PathError::Unknown {
            path: self.text(depth + 1),
            keys,
        }
    }

    fn child(&self, depth: usize, key: &str) -> String {
        let mut steps = self.0[..depth.min(self.0.len())].to_vec();
        steps.push(Step::Key(key.into()));
        Self(steps).to_string()
    }

    /// The text of the first `count` steps.
    fn text(&self, count: usize) -> String {
        Self(self.0.iter().take(count).cloned().collect()).to_string()
    }
}

fn make_room(place: &mut Value, step: &Step) {
    match (place, step) {
        (place @ Value::Null, Step::Key(key)) => {
            *place = Value::Object(Map::from_iter([(key.clone(), Value::Null)]));
        }
        (Value::Object(map), Step::Key(key)) => {
            map.entry(key.clone()).or_insert(Value::Null);
        }
        (place @ Value::Null, Step::Index(0)) => *place = Value::Array(vec![Value::Null]),
        (Value::Array(items), Step::Index(index)) if *index == items.len() => {
            items.push(Value::Null);
        }
        _ => {}
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let syntax = || PathError::Syntax(text.into());
        let mut steps = Vec::new();
        for segment in split_dots(text) {
            let (key, indexes) = match segment.split_once('[') {
                Some((key, indexes)) => (key, Some(indexes)),
                None => (segment.as_str(), None),
            };
            if key.is_empty() && (indexes.is_none() || !steps.is_empty()) {
                return Err(syntax());
            }
            if !key.is_empty() {
                steps.push(Step::Key(key.into()));
            }
            let Some(indexes) = indexes else { continue };
            let inner = indexes.strip_suffix(']').ok_or_else(syntax)?;
            for index in inner.split("][") {
                steps.push(Step::Index(index.parse().map_err(|_| syntax())?));
            }
        }
        Ok(Self(steps))
    }
}

/// The segments between dots; `\.` is a dot of the key and `\\` a backslash.
fn split_dots(text: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        let escaped = if char == '\\' { chars.next() } else { None };
        match (char, escaped, segments.last_mut()) {
            ('.', ..) => segments.push(String::new()),
            (_, Some(next), Some(segment)) => segment.push(next),
            (_, None, Some(segment)) => segment.push(char),
            (.., None) => {}
        }
    }
    segments
}

impl TryFrom<String> for Path {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        text.parse()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    let dot = if place > 0 { "." } else { "" };
                    let key = key.replace('\\', "\\\\").replace('.', "\\.");
                    write!(f, "{dot}{key}")?;
                }
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> Path {
        text.parse().unwrap()
    }

    #[test]
    fn a_value_is_replaced_in_its_place() {
        let mut value = json!({"data": {"a.b": 1, "items": [{"q": 1}, {"q": 2}]}, "z": 0});
        path("data.items[1].q")
            .set(&mut value, json!(7), false)
            .unwrap();
        path(r"data.a\.b")
            .set(&mut value, json!("x"), false)
            .unwrap();
        assert_eq!(
            value,
            json!({"data": {"a.b": "x", "items": [{"q": 1}, {"q": 7}]}, "z": 0})
        );
    }

    #[test]
    fn an_unknown_path_is_an_error_that_names_what_is_there() {
        let mut value = json!({"data": {"total": 1}});
        let error = path("data.totl")
            .set(&mut value, json!(1), false)
            .unwrap_err();
        assert_eq!(
            error,
            PathError::Unknown {
                path: "data.totl".into(),
                keys: vec!["data.total".into()]
            }
        );
        let error = path("data.total.x")
            .set(&mut value, json!(1), true)
            .unwrap_err();
        assert_eq!(error.to_string(), "`data.total` is a number, not an object");
    }

    #[test]
    fn add_makes_what_is_missing() {
        let mut value = json!({"a": []});
        path("a[0].b.c").set(&mut value, json!(1), true).unwrap();
        assert_eq!(value, json!({"a": [{"b": {"c": 1}}]}));
        assert!(path("a[5]").set(&mut value, json!(1), true).is_err());
    }

    #[test]
    fn unset_keeps_the_order_of_the_rest() {
        let mut value = json!({"a": 1, "b": 2, "c": [1, 2]});
        path("a").unset(&mut value).unwrap();
        path("c[0]").unset(&mut value).unwrap();
        assert_eq!(value.to_string(), r#"{"b":2,"c":[2]}"#);
        assert!(path("nope").unset(&mut value).is_err());
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", ".", "a.", "a[", "a[x]", "a[0]b", "a..b", "a.[0]"] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }
}
