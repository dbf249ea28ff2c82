//! The lines of JSON that are neither deliveries nor attempts, whose forms are captures.

use std::io::{self, Write};

use serde::Serialize;

use crate::delivery::capture::VERSION;

/// Writes an object of ours without a line end: its version and kind, then what `fields` says, a struct
/// or an object. Fails where it is neither, or where a key of it is no string.
pub fn write_line(out: impl Write, kind: &str, fields: impl Serialize) -> io::Result<()> {
    #[derive(Serialize)]
    struct LineJson<'a, T> {
        v: u32,
        kind: &'a str,
        #[serde(flatten)]
        fields: T,
    }
    let v = VERSION;
    Ok(serde_json::to_writer(out, &LineJson { v, kind, fields })?)
}

/// The same as a text.
pub fn line(kind: &str, fields: impl Serialize) -> io::Result<String> {
    let mut line = Vec::new();
    write_line(&mut line, kind, fields)?;
    String::from_utf8(line).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn version_and_kind_stand_before_the_fields() {
        let fields = json!({"sent": 2, "by_status": {"200": 2}});
        let expected = r#"{"v":1,"kind":"summary","sent":2,"by_status":{"200":2}}"#;
        assert_eq!(line("summary", fields).unwrap(), expected);
    }

    #[test]
    fn what_is_no_object_is_no_line() {
        assert!(line("summary", 2).is_err());
    }
}
