//! The lines of JSON that are neither deliveries nor attempts, whose forms are captures.

use std::io;

use serde::Serialize;

use crate::delivery::capture::VERSION;

/// An object of ours: its version and kind, then what it says.
#[derive(Serialize)]
pub struct Line<T> {
    v: u32,
    kind: &'static str,
    #[serde(flatten)]
    fields: T,
}

impl<T: Serialize> Line<T> {
    /// The line of a kind; `fields` are a struct's or an object's.
    pub const fn new(kind: &'static str, fields: T) -> Self {
        Self {
            v: VERSION,
            kind,
            fields,
        }
    }

    /// The object as text, without a line end. Fails only where a key of `fields` is no string.
    pub fn to_json(&self) -> io::Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn version_and_kind_stand_before_the_fields() {
        let line = Line::new("summary", json!({"sent": 2, "by_status": {"200": 2}}));
        let expected = r#"{"v":1,"kind":"summary","sent":2,"by_status":{"200":2}}"#;
        assert_eq!(line.to_json().unwrap(), expected);
    }

    #[test]
    fn what_is_no_object_is_no_line() {
        assert!(Line::new("summary", 2).to_json().is_err());
    }
}
