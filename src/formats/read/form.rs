//! How a text is read, by its first line and its file's name.

use serde::de::IgnoredAny;

use super::super::{curl, json, message, page};

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// Line by line.
    Lines,
    /// As one JSON text, or several.
    Json,
    /// As what programs write of requests; those of `.http` files by their name.
    Messages { is_http_file: bool },
}

impl TextForm {
    /// The form of a text with this first line, in a file of this name.
    pub fn of(first: &[u8], name: Option<&str>) -> Self {
        if has_extension(name, &["http", "rest"]) {
            return Self::Messages { is_http_file: true };
        }
        // A line that breaks off may go on with the next one.
        let is_begun = || {
            let whole = serde_json::from_slice::<IgnoredAny>(first);
            whole.is_err_and(|error| error.is_eof())
        };
        match first.first() {
            Some(b'{') if has_extension(name, &["ndjson", "jsonl"]) => Self::Lines,
            Some(b'{') if json::begins_har(first) || is_begun() => Self::Json,
            Some(b'{') => Self::Lines,
            Some(b'[') if is_begun() || serde_json::from_slice::<IgnoredAny>(first).is_ok() => {
                Self::Json
            }
            _ if curl::read::looks_like_one(first)
                || curl::read::other_tool(first).is_some()
                || message::may_begin(first)
                || page::may_begin(first) =>
            {
                Self::Messages {
                    is_http_file: false,
                }
            }
            _ => Self::Lines,
        }
    }
}

fn has_extension(name: Option<&str>, extensions: &[&str]) -> bool {
    let extension = name
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, extension)| extension);
    extension.is_some_and(|e| extensions.iter().any(|known| e.eq_ignore_ascii_case(known)))
}
