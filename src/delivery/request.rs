//! An HTTP request, byte for byte.

use bytes::Bytes;

use super::Headers;
use super::headers::is_token;

/// What was, or is to be, sent over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `POST`.
    pub method: String,
    /// The request target: path and query, as sent.
    pub target: String,
    /// `HTTP/1.1` and the like.
    pub version: String,
    /// The header fields in order.
    pub headers: Headers,
    /// The content, after transfer coding and before content coding.
    pub body: Bytes,
    /// Whether the content was read to its end.
    pub body_complete: bool,
}

impl Request {
    /// A `POST` of `body` to `target` over HTTP/1.1.
    pub fn post(target: impl Into<String>, headers: Headers, body: impl Into<Bytes>) -> Self {
        Self {
            method: "POST".into(),
            target: target.into(),
            version: "HTTP/1.1".into(),
            headers,
            body: body.into(),
            body_complete: true,
        }
    }

    /// Why HTTP cannot carry it, where that is so.
    pub fn unsendable(&self) -> Option<String> {
        if !is_token(&self.method) {
            return Some(format!("`{}` is no method", self.method.escape_debug()));
        }
        let name = self.headers.unsendable()?;
        let name = name.escape_debug();
        Some(format!(
            "the header `{name}` has bytes that HTTP cannot carry"
        ))
    }
}
