//! Which header fields belong to one connection and must not be passed on.

use crate::delivery::Headers;

/// The fields of RFC 9110, section 7.6.1, with the proxy's own and the older `Keep-Alive`.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The fields to be passed on, in order: without hop-by-hop ones, those that `Connection` names,
/// and `Content-Length`, which follows from the body.
pub(super) fn end_to_end(headers: &Headers) -> impl Iterator<Item = (&str, &bytes::Bytes)> {
    let named = named_by_connection(headers);
    headers.iter().filter(move |(name, _)| {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        !HOP_BY_HOP.into_iter().any(is)
            && !is("content-length")
            && !named.iter().any(|other| is(other))
    })
}

fn named_by_connection(headers: &Headers) -> Vec<&str> {
    headers
        .get_all("connection")
        .filter_map(|value| std::str::from_utf8(value).ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_to_the_connection_is_dropped() {
        let headers: Headers = [
            ("X-A", "1"),
            ("connection", "close, X-Private"),
            ("Transfer-Encoding", "chunked"),
            ("x-private", "2"),
            ("Content-Length", "3"),
            ("x-a", "4"),
        ]
        .into_iter()
        .collect();
        let kept: Vec<_> = end_to_end(&headers).map(|(name, _)| name).collect();
        assert_eq!(kept, ["X-A", "x-a"]);
    }
}
