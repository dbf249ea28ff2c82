//! The parts of a URL that a request carries, taken as they stand: nothing is normalised, for a
//! proxy may have seen what a URL parser would rewrite.

use std::borrow::Cow;

/// The scheme and what follows `://`.
fn split_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let plain = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then_some((scheme, rest))
}

/// The request target, path and query, of an `http` or `https` URL or of a bare path; `None` for
/// what no HTTP request is made to, such as `data:` and `wss:`.
pub fn target(url: &str) -> Option<Cow<'_, str>> {
    let url = url.split('#').next().unwrap_or_default();
    if url.starts_with('/') {
        return Some(Cow::Borrowed(url));
    }
    let (scheme, rest) = split_scheme(url)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let target = rest.find(['/', '?']).map_or("", |at| rest.split_at(at).1);
    Some(match target.as_bytes().first() {
        None => Cow::Borrowed("/"),
        Some(b'?') => Cow::Owned(format!("/{target}")),
        Some(_) => Cow::Borrowed(target),
    })
}

/// What stands before the target of an absolute URL, without user information; `None` where its host
/// is not given.
pub fn origin(url: &str) -> Option<String> {
    let (scheme, _) = split_scheme(url)?;
    Some(format!("{scheme}://{}", authority(url)?))
}

/// The host and port of an absolute URL, without user information.
pub fn authority(url: &str) -> Option<&str> {
    let (_, rest) = split_scheme(url)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_path_and_query_as_they_stand() {
        for (url, expected) in [
            ("http://a.b:80/x/../y?q=%7e#frag", Some("/x/../y?q=%7e")),
            ("HTTPS://a.b", Some("/")),
            ("https://a.b?q", Some("/?q")),
            ("/bare?x", Some("/bare?x")),
            ("wss://a.b/x", None),
            ("data:text/plain,http://x/", None),
            ("", None),
        ] {
            assert_eq!(target(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn an_authority_has_no_user_information() {
        assert_eq!(authority("http://u:p@h:1/x@y"), Some("h:1"));
        assert_eq!(authority("http:///x"), None);
    }
}
