//! How a text is read, by its first line and its file's name.

use super::super::json::{self, JsonShape};
use super::super::{curl, message, page};

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
        let is_whole = || matches!(json::shape(first), JsonShape::Object | JsonShape::Broken);
        match first.first() {
            Some(b'{') if has_extension(name, &["ndjson", "jsonl"]) || is_whole() => Self::Lines,
            Some(b'{') => Self::Json,
            Some(b'[') if json::is_list(first) => Self::Json,
            _ if curl::read::looks_like_one(first)
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
