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

/// The host and port of an absolute URL, without user information.
pub fn authority(url: &str) -> Option<&str> {
    let (_, rest) = split_scheme(url)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    (!host.is_empty()).then_some(host)
}

/// A name or value as `application/x-www-form-urlencoded` writes it (WHATWG URL, section 5.2).
pub fn form_encode(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b' ' => out.push(b'+'),
            b'*' | b'-' | b'.' | b'_' => out.push(byte),
            _ if byte.is_ascii_alphanumeric() => out.push(byte),
            _ => out.extend(format!("%{byte:02X}").bytes()),
        }
    }
}

/// The name and value pairs of a query or form, decoded, for display.
pub fn form_pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (form_decode(name), form_decode(value)))
        .collect()
}

fn form_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match (byte, tail) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high * 16 + low);
                    rest = after;
                }
                _ => out.push(b'%'),
            },
            _ => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
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

    #[test]
    fn pairs_decode_and_survive_broken_escapes() {
        let pairs = form_pairs("a=1+2&b=%C3%A9&c&=&%zz=%4");
        let expected = [("a", "1 2"), ("b", "é"), ("c", ""), ("", ""), ("%zz", "%4")];
        assert_eq!(pairs, expected.map(|(n, v)| (n.into(), v.into())));
    }
}
