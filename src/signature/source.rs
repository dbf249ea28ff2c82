//! Where a value stands in a request: the proof, and the time that it is bound to.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;
use url::form_urlencoded;

use crate::delivery::{Request, Status};
use crate::json::{JsonFields, Path};

/// Where a value stands in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueSource {
    /// In the header of this name.
    Header(String),
    /// In the JSON body, at this path.
    Path(Path),
    /// In the target's query, in the field of this name.
    Query(String),
    /// In a form, in the field of this name.
    Form(String),
}

impl ValueSource {
    /// The header's name, of what stands in one.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Header(name) => Some(name),
            _ => None,
        }
    }

    /// The name of the place, or its path.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Header(name) | Self::Query(name) | Self::Form(name) => name.into(),
            Self::Path(path) => path.to_string().into(),
        }
    }

    /// Whether it stands in the body.
    pub const fn is_in_body(&self) -> bool {
        matches!(self, Self::Path(_) | Self::Form(_))
    }

    /// Whether a request has something at this place; `fields` are those of its body.
    pub fn is_in(&self, request: &Request, fields: Option<&JsonFields<'_>>) -> bool {
        match self {
            Self::Header(name) => request.headers.contains(name),
            Self::Path(path) => fields.is_some_and(|fields| fields.at(path).is_some()),
            Self::Query(name) => has_field(request.query().as_bytes(), name),
            // JSON is no form, and need not be read as one.
            Self::Form(name) => !request.body.starts_with(b"{") && has_field(&request.body, name),
        }
    }

    /// What stands at this place; `fields` are those of the body.
    pub fn text<'r>(
        &self,
        request: &'r Request,
        fields: Option<&JsonFields<'_>>,
    ) -> Option<Cow<'r, str>> {
        match self {
            Self::Header(name) => request.headers.text(name).map(Cow::Borrowed),
            Self::Path(path) => fields?.string_or_number(path).map(Cow::Owned),
            Self::Query(name) => first_field(request.query().as_bytes(), name),
            Self::Form(name) => first_field(&request.body, name),
        }
    }

    /// The same without the space around it, where it stands once and is ASCII; else the status of a
    /// signature without it, missing or malformed, and the reason.
    pub(super) fn single<'r>(
        &self,
        request: &'r Request,
        fields: Option<&JsonFields<'_>>,
    ) -> Result<Cow<'r, str>, (Status, String)> {
        let Self::Header(name) = self else {
            let text = self.text(request, fields).ok_or_else(|| self.missing())?;
            return Ok(text);
        };
        let headers = &request.headers;
        let value = headers.get(name).ok_or_else(|| self.missing())?;
        let count = headers.get_all(name).count();
        let malformed = |what: &str| (Status::Malformed, format!("{self} {what}"));
        if count > 1 {
            return Err(malformed(&format!("stands {count} times")));
        }
        match std::str::from_utf8(value) {
            Ok(text) if text.is_ascii() => Ok(text.trim_matches([' ', '\t']).into()),
            _ => Err(malformed("is not ASCII")),
        }
    }

    fn missing(&self) -> (Status, String) {
        let reason = match self {
            Self::Header(name) => format!("no `{name}` header"),
            Self::Path(path) => format!("no `{path}` in the body"),
            Self::Query(name) => format!("no `{name}` in the query"),
            Self::Form(name) => format!("no `{name}` in the form"),
        };
        (Status::Missing, reason)
    }

    /// Writes a text at this place; in JSON as a number where one stands there, and no byte of the rest
    /// is changed. A body that is no JSON stays as it is.
    pub fn put(&self, request: &mut Request, text: &str) {
        match self {
            Self::Header(name) => request.headers.set(name, text.to_owned()),
            Self::Path(path) => {
                let fields = JsonFields::new(&request.body);
                let old = fields.as_ref().and_then(|fields| fields.at(path));
                let number = old
                    .filter(|old| !old.starts_with('"'))
                    .and_then(|_| text.parse::<i64>().ok());
                let value = number.map_or_else(|| Value::from(text), Value::from);
                if let Some(body) = path.splice(&request.body, &value) {
                    request.body = body.into();
                }
            }
            Self::Query(name) => {
                let query = with_field(request.query(), name, Some(text));
                set_query(request, &query);
            }
            Self::Form(name) => {
                if let Ok(form) = std::str::from_utf8(&request.body) {
                    request.body = with_field(form, name, Some(text)).into();
                }
            }
        }
    }

    /// Takes what stands at this place away.
    pub fn remove(&self, request: &mut Request) {
        match self {
            Self::Header(name) => request.headers.remove(name),
            Self::Path(path) => {
                let body = serde_json::from_slice::<Value>(&request.body).ok();
                let body = body.and_then(|mut value| path.unset(&mut value).ok().map(|_| value));
                if let Some(body) = body {
                    request.body = crate::json::javascript::stringify(&body).into();
                }
            }
            Self::Query(name) => {
                let query = with_field(request.query(), name, None);
                set_query(request, &query);
            }
            Self::Form(name) => {
                if let Ok(form) = std::str::from_utf8(&request.body) {
                    request.body = with_field(form, name, None).into();
                }
            }
        }
    }
}

/// For people, within a sentence.
impl fmt::Display for ValueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "the header `{name}`"),
            Self::Path(path) => write!(f, "`{path}` in the body"),
            Self::Query(name) => write!(f, "`{name}` in the query"),
            Self::Form(name) => write!(f, "`{name}` in the form"),
        }
    }
}

fn has_field(pairs: &[u8], name: &str) -> bool {
    form_urlencoded::parse(pairs).any(|(key, _)| key == name)
}

/// The first field of this name in a query or a form, decoded.
pub(super) fn first_field<'a>(pairs: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    let mut pairs = form_urlencoded::parse(pairs);
    pairs.find(|(key, _)| key == name).map(|(_, value)| value)
}

fn set_query(request: &mut Request, query: &str) {
    let path = request.target.split('?').next().unwrap_or_default();
    request.target = match query {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    };
}

/// The pairs with one field's value changed, added at the end, or taken away, and the others as they
/// are written.
fn with_field(pairs: &str, name: &str, value: Option<&str>) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let is_it = |pair: &str| has_field(pair.as_bytes(), name);
    let new = value.map(|value| format!("{}={}", encoded(name), encoded(value)));
    let mut left = new.as_deref();
    let mut written: Vec<&str> = Vec::new();
    for pair in pairs.split('&').filter(|pair| !pair.is_empty()) {
        if !is_it(pair) {
            written.push(pair);
        } else if let Some(new) = left.take() {
            written.push(new);
        }
    }
    written.extend(left);
    written.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [ValueSource; 4] {
        [
            ValueSource::Header("X-A".into()),
            ValueSource::Path("a.b".parse().unwrap()),
            ValueSource::Query("a".into()),
            ValueSource::Form("a".into()),
        ]
    }

    fn found(source: &ValueSource, request: &Request) -> Option<String> {
        let fields = JsonFields::new(&request.body);
        let text = source.text(request, fields.as_ref())?.into_owned();
        assert!(source.is_in(request, fields.as_ref()));
        Some(text)
    }

    #[test]
    fn what_is_put_at_a_place_stands_there_until_it_is_removed() {
        for source in all() {
            let body = match source {
                ValueSource::Path(_) => r#"{ "a": {"c": 1.50} }"#,
                _ => "x=1&y=a%20b",
            };
            let headers = [("X-B", "1")].into_iter().collect();
            let mut request = Request::post("/h?q=a%20b", headers, body);
            let before = request.clone();
            assert_eq!(found(&source, &request), None, "{source}");
            for text in ["one & two", "17"] {
                source.put(&mut request, text);
                assert_eq!(found(&source, &request).as_deref(), Some(text), "{source}");
            }
            source.remove(&mut request);
            assert_eq!(found(&source, &request), None, "{source}");
            if !source.is_in_body() {
                assert_eq!(request, before, "{source}");
            }
        }
    }

    #[test]
    fn nothing_else_is_written_anew() {
        for (source, body, after) in [
            (
                "a.b",
                r#"{ "a": {"b":"", "c": 1.50}}"#,
                r#"{ "a": {"b":"17", "c": 1.50}}"#,
            ),
            ("a.b", r#"{ "a": {"b" : 1} }"#, r#"{ "a": {"b" : 17} }"#),
            ("a.b", "no JSON", "no JSON"),
        ] {
            let source = ValueSource::Path(source.parse().unwrap());
            let mut request = Request::post("/", crate::delivery::Headers::new(), body);
            source.put(&mut request, "17");
            assert_eq!(request.body, after);
        }
        assert_eq!(
            with_field("b=%20&a=1&&c=+&a=2", "a", Some("x")),
            "b=%20&a=x&c=+"
        );
    }
}
