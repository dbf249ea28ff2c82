//! An HTTP request, byte for byte.

use bytes::Bytes;

use super::Headers;
use super::headers::is_token;

/// What was, or is to be, sent over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `POST`.
    pub method: String,
    /// What stands before the target in the URL as the sender knows it, `https://shop.example`, where
    /// that is known.
    pub origin: Option<String>,
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
            origin: None,
            target: target.into(),
            version: "HTTP/1.1".into(),
            headers,
            body: body.into(),
            body_complete: true,
        }
    }

    /// The URL as the sender knows it: with the known origin, else with what a proxy says of it, else
    /// with the host that was asked for.
    pub fn url(&self) -> String {
        let first = |name| {
            let text = self.headers.text(name)?;
            text.split(',').next().map(str::trim)
        };
        let origin = self.origin.clone().unwrap_or_else(|| {
            let scheme = first("X-Forwarded-Proto").unwrap_or("http");
            let host = first("X-Forwarded-Host").or_else(|| first("Host"));
            format!("{scheme}://{}", host.unwrap_or_default())
        });
        format!("{origin}{}", self.target)
    }

    /// How many bytes its header fields and its body have.
    pub fn size(&self) -> usize {
        let fields = self.headers.iter();
        let fields = fields.map(|(name, value)| name.len() + value.len());
        fields.sum::<usize>() + self.body.len()
    }

    /// The query of the target, as sent; empty where there is none.
    pub fn query(&self) -> &str {
        let parts = self.target.split_once('?');
        parts.map_or("", |(_, query)| query)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_the_known_one_else_what_a_proxy_says_else_what_was_asked_for() {
        let asked = [("Host", "h.example:8080")];
        let proxied = [
            ("Host", "h.example:8080"),
            ("X-Forwarded-Proto", "https, http"),
            ("X-Forwarded-Host", "p.example, q.example"),
        ];
        let url = |origin: Option<&str>, headers: &[(&'static str, &'static str)]| {
            let headers = headers.iter().copied().collect();
            let origin = origin.map(str::to_owned);
            Request {
                origin,
                ..Request::post("/a?b", headers, "")
            }
            .url()
        };
        assert_eq!(url(None, &asked), "http://h.example:8080/a?b");
        assert_eq!(url(None, &proxied), "https://p.example/a?b");
        assert_eq!(
            url(Some("https://k.example"), &proxied),
            "https://k.example/a?b"
        );
    }
}
