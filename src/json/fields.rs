//! Reading single fields of a JSON text without building the rest.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::token::{Bracket, children};

/// Whether a body is one JSON text.
pub fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok() && std::str::from_utf8(body).is_ok()
}

/// The members of a JSON object, each with the text of its value.
pub struct JsonFields<'a> {
    members: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> JsonFields<'a> {
    /// The members of the object that `body` is; `None` where it is not one object.
    pub fn new(body: &'a [u8]) -> Option<Self> {
        let (bracket, children) = children(std::str::from_utf8(body).ok()?)?;
        let members = children
            .into_iter()
            .map(|(key, value)| Some((unescape(key)?, value)));
        (bracket == Bracket::Object).then(|| {
            Some(Self {
                members: members.collect::<Option<_>>()?,
            })
        })?
    }

    /// The text of the value of a member; of several equal ones the last, as parsers do.
    pub fn raw(&self, key: &str) -> Option<&'a str> {
        let found = self.members.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| *value)
    }

    /// The string at a dotted path of keys.
    pub fn string(&self, path: &str) -> Option<String> {
        serde_json::from_str(self.at(path)?).ok()
    }

    /// The text of the value at a dotted path of keys.
    pub fn at(&self, path: &str) -> Option<&'a str> {
        match path.split_once('.') {
            None => self.raw(path),
            Some((key, rest)) => JsonFields::new(self.raw(key)?.as_bytes())?.at(rest),
        }
    }
}

/// The string that a JSON string's text stands for, borrowed where it holds no escape; `None` for
/// half a surrogate pair.
fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('\\') {
        return serde_json::from_str(text).ok().map(Cow::Owned);
    }
    let bare = text.strip_prefix('"')?.strip_suffix('"')?;
    Some(Cow::Borrowed(bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_path() {
        let peek =
            JsonFields::new(br#"{"type":"a","data":{"object":{"id":"x\u0041"}},"n":1,"type":"b"}"#)
                .unwrap();
        assert_eq!(peek.string("type").as_deref(), Some("b"));
        assert_eq!(peek.string("data.object.id").as_deref(), Some("xA"));
        assert_eq!(peek.string("n"), None);
        assert_eq!(peek.at("n"), Some("1"));
        assert_eq!(peek.at("data.none.id"), None);
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for body in [
            &b""[..],
            b"[]",
            b"{",
            b"{} x",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\xff}",
        ] {
            assert!(JsonFields::new(body).is_none(), "{body:?}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let deep = format!(
            r#"{{"data":{}{}}}"#,
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        let peek = JsonFields::new(deep.as_bytes());
        assert!(peek.is_none_or(|peek| peek.raw("data").is_some()));
        is_json(deep.as_bytes());
    }
}
