//! Texts with variables in braces: what is signed, as `v0:{timestamp}:{body}`, and the parts of a
//! header's value, as `t={timestamp}`.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use url::form_urlencoded;

use crate::delivery::Request;
use crate::json::{JsonFields, Path};

/// A piece of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplatePiece {
    /// Text that stands as it is.
    Literal(String),
    /// `{timestamp}`: the signing time, as it is written in the request.
    Timestamp,
    /// `{id}`: the delivery's id as the scheme signs it.
    Id,
    /// `{body}`: the content, byte for byte.
    Body,
    /// `{method}`: in capitals, as sent.
    Method,
    /// `{url}`: the whole URL, as the sender knows it.
    Url,
    /// `{target}`: path and query, as sent.
    Target,
    /// `{header:NAME}`: a header's value; empty where there is none.
    Header(String),
    /// `{query:NAME}`: a field of the query, decoded.
    Query(String),
    /// `{json:PATH}`: a string of the body, or the text of another value there; empty where there is
    /// none, or where it is null.
    Json(Path),
    /// `{form}`: all fields of a form, decoded, by name: each name and its value, joined.
    Form,
    /// `{form:NAME}`: a field of a form, decoded.
    FormField(String),
}

/// What is signed: a text with variables.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    pieces: Vec<TemplatePiece>,
}

/// The values for the variables of a template.
#[derive(Debug, Clone, Copy)]
pub struct TemplateValues<'a> {
    /// For `{timestamp}`.
    pub timestamp: &'a str,
    /// For `{id}`.
    pub id: &'a str,
    /// For `{body}`, and for what stands in it: the request's own, or another in its place.
    pub body: &'a [u8],
    /// For everything else.
    pub request: &'a Request,
}

/// The variables that take a name, as they are written.
const NAMED: [&str; 4] = ["header", "query", "json", "form"];

impl TemplatePiece {
    /// The bytes that stand at this piece.
    pub fn bytes<'a>(&'a self, values: TemplateValues<'a>) -> Cow<'a, [u8]> {
        let TemplateValues { body, request, .. } = values;
        match self {
            Self::Literal(text) => text.as_bytes().into(),
            Self::Timestamp => values.timestamp.as_bytes().into(),
            Self::Id => values.id.as_bytes().into(),
            Self::Body => body.into(),
            Self::Method => request.method.as_bytes().into(),
            Self::Url => request.url().into_bytes().into(),
            Self::Target => request.target.as_bytes().into(),
            Self::Header(name) => {
                let value = request.headers.get(name);
                value.map_or(Cow::default(), |value| value.as_ref().into())
            }
            Self::Query(name) => field(request.query().as_bytes(), name),
            Self::Json(path) => of_json(body, path).into_bytes().into(),
            Self::Form => sorted_fields(body),
            Self::FormField(name) => field(body, name),
        }
    }

    /// Whether it stands in the body, so that the body has to be there whole.
    const fn is_within_body(&self) -> bool {
        matches!(self, Self::Json(_) | Self::Form | Self::FormField(_))
    }

    /// The variable of this text between braces.
    fn parse(name: &str) -> Option<Self> {
        Some(match name.split_once(':') {
            None => match name {
                "timestamp" => Self::Timestamp,
                "id" => Self::Id,
                "body" => Self::Body,
                "method" => Self::Method,
                "url" => Self::Url,
                "target" => Self::Target,
                "form" => Self::Form,
                _ => return None,
            },
            Some((_, "")) => return None,
            Some(("header", name)) => Self::Header(name.into()),
            Some(("query", name)) => Self::Query(name.into()),
            Some(("json", path)) => Self::Json(path.parse().ok()?),
            Some(("form", name)) => Self::FormField(name.into()),
            Some(_) => return None,
        })
    }
}

/// The first field of this name in a query or a form, decoded; empty where there is none.
fn field(pairs: &[u8], name: &str) -> Cow<'static, [u8]> {
    let mut pairs = form_urlencoded::parse(pairs);
    let found = pairs.find(|(key, _)| key == name);
    found.map_or(Cow::default(), |(_, value)| {
        value.into_owned().into_bytes().into()
    })
}

/// The most fields of a form that are looked at: servers read as many. A field takes far more memory than
/// the two bytes in which it can be sent.
pub const MOST_FIELDS: usize = 1_000;

/// The fields of a form by name, each with its value behind it, as Twilio signs them
/// (<https://www.twilio.com/docs/usage/security>): those of one name by value, each once. Of a form that
/// has too many, the form as it is, which nobody signs so, and which leaves no field out.
fn sorted_fields(form: &[u8]) -> Cow<'_, [u8]> {
    let mut fields = form_urlencoded::parse(form);
    let mut pairs: Vec<_> = fields.by_ref().take(MOST_FIELDS).collect();
    if fields.next().is_some() {
        return form.into();
    }
    pairs.sort();
    pairs.dedup();
    let texts = pairs
        .iter()
        .flat_map(|(name, value)| [name.as_ref(), value.as_ref()]);
    texts.collect::<String>().into_bytes().into()
}

fn of_json(body: &[u8], path: &Path) -> String {
    let Some(fields) = JsonFields::new(body) else {
        return String::new();
    };
    match fields.at(path) {
        None | Some("null") => String::new(),
        Some(text) => fields
            .string_or_number(path)
            .unwrap_or_else(|| text.to_owned()),
    }
}

impl Template {
    /// `{body}` and nothing else.
    pub fn of_body() -> Self {
        Self {
            pieces: vec![TemplatePiece::Body],
        }
    }

    /// Whether the template has this variable.
    pub fn has(&self, variable: &TemplatePiece) -> bool {
        self.pieces.contains(variable)
    }

    /// Whether a header of this name is signed by its name.
    pub(super) fn has_header(&self, name: &str) -> bool {
        let is_it = |piece: &TemplatePiece| matches!(piece, TemplatePiece::Header(own) if own.eq_ignore_ascii_case(name));
        self.pieces.iter().any(is_it)
    }

    /// How many bytes are read to fill it, about.
    pub(super) fn work(&self, values: TemplateValues<'_>) -> usize {
        let of = |piece: &TemplatePiece| match piece {
            TemplatePiece::Literal(text) => text.len(),
            TemplatePiece::Timestamp => values.timestamp.len(),
            TemplatePiece::Id => values.id.len(),
            TemplatePiece::Method => values.request.method.len(),
            TemplatePiece::Url | TemplatePiece::Target | TemplatePiece::Query(_) => {
                let host = values.request.headers.get("Host");
                values.request.target.len() + host.map_or(0, Bytes::len)
            }
            TemplatePiece::Header(name) => values.request.headers.get(name).map_or(0, Bytes::len),
            TemplatePiece::Body
            | TemplatePiece::Json(_)
            | TemplatePiece::Form
            | TemplatePiece::FormField(_) => values.body.len(),
        };
        self.pieces.iter().map(of).sum()
    }

    /// Hands over the bytes of every piece in order, without joining them.
    pub fn for_each(&self, values: TemplateValues<'_>, mut take: impl FnMut(&[u8])) {
        for piece in &self.pieces {
            take(&piece.bytes(values));
        }
    }

    /// Whether all of the body is signed, so that no other body goes with a signature.
    pub fn covers_body(&self) -> bool {
        (self.pieces.iter()).any(|piece| matches!(piece, TemplatePiece::Body | TemplatePiece::Form))
    }

    /// The pieces before `{body}` and those after it; `None` where it stands more than once or has to
    /// be looked into, so that a body cannot pass by in one go.
    pub fn around_body(&self) -> Option<(&[TemplatePiece], &[TemplatePiece])> {
        if self.pieces.iter().any(TemplatePiece::is_within_body) {
            return None;
        }
        let mut parts = self.pieces.split(|piece| *piece == TemplatePiece::Body);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(before), Some(after), None) => Some((before, after)),
            (Some(all), None, None) => Some((all, &[])),
            _ => None,
        }
    }
}

/// As a definition writes it.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            TemplatePiece::Literal(text) => f.write_str(text),
            TemplatePiece::Timestamp => f.write_str("{timestamp}"),
            TemplatePiece::Id => f.write_str("{id}"),
            TemplatePiece::Body => f.write_str("{body}"),
            TemplatePiece::Method => f.write_str("{method}"),
            TemplatePiece::Url => f.write_str("{url}"),
            TemplatePiece::Target => f.write_str("{target}"),
            TemplatePiece::Header(name) => write!(f, "{{header:{name}}}"),
            TemplatePiece::Query(name) => write!(f, "{{query:{name}}}"),
            TemplatePiece::Json(path) => write!(f, "{{json:{path}}}"),
            TemplatePiece::Form => f.write_str("{form}"),
            TemplatePiece::FormField(name) => write!(f, "{{form:{name}}}"),
        })
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let template = Self::of_any(&text)?;
        let is_of_body =
            |piece: &TemplatePiece| *piece == TemplatePiece::Body || piece.is_within_body();
        if template.pieces.iter().any(is_of_body) {
            Ok(template)
        } else {
            Err("`{body}` is not signed, so a signature would be right for any body".into())
        }
    }
}

impl Template {
    /// A template that need not have anything of the body. Fails where a brace is not closed, and where
    /// a variable is none.
    pub fn of_any(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        for (literal, variable) in split(text)? {
            if !literal.is_empty() {
                pieces.push(TemplatePiece::Literal(literal.into()));
            }
            if let Some(name) = variable {
                let piece = TemplatePiece::parse(name);
                pieces.push(piece.ok_or_else(|| unknown(name, &expected()))?);
            }
        }
        Ok(Self { pieces })
    }

    /// What it comes to for a request that nobody has signed yet, and a body, its own or another.
    pub fn fill(&self, request: &Request, body: &[u8]) -> Vec<u8> {
        let values = TemplateValues {
            timestamp: "",
            id: "",
            body,
            request,
        };
        let mut filled = Vec::new();
        self.for_each(values, |piece| filled.extend_from_slice(piece));
        filled
    }
}

/// The variables that may stand in what is signed.
fn expected() -> String {
    let plain = "`{timestamp}`, `{id}`, `{body}`, `{method}`, `{url}`, `{target}`, `{form}`";
    let named = NAMED.map(|name| format!("`{{{name}:…}}`"));
    format!("{plain} or {}", named.join(", "))
}

pub(super) fn unknown(name: &str, expected: &str) -> String {
    let name = name.escape_debug();
    format!("unknown variable `{{{name}}}`, expected {expected}")
}

/// The literals of a text, each with the name in braces that follows it; the last has none.
pub(super) fn split(text: &str) -> Result<Vec<(&str, Option<&str>)>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((literal, tail)) = rest.split_once('{') {
        let (name, tail) = tail
            .split_once('}')
            .ok_or_else(|| format!("`{{` is not closed in `{}`", text.escape_debug()))?;
        pieces.push((literal, Some(name)));
        rest = tail;
    }
    pieces.push((rest, None));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn a_body_that_stands_once_has_two_sides() {
        let whole = template("v0:{timestamp}:{body}.");
        let (before, after) = whole.around_body().unwrap();
        assert_eq!((before.len(), after.len()), (3, 1));
        assert_eq!(template("{body}{body}").around_body(), None);
    }

    #[test]
    fn the_fields_of_a_form_go_by_their_names_and_a_repeated_one_counts_once() {
        let sorted = sorted_fields(b"b=2&a=%C3%A9+x&b=1&b=2&&c");
        assert_eq!(sorted, "aé xb1b2c".as_bytes());
    }

    #[test]
    fn no_field_of_a_form_of_too_many_goes_unsigned() {
        let of = |count: usize| vec!["a=1"; count].join("&");
        assert_eq!(&*sorted_fields(of(MOST_FIELDS).as_bytes()), b"a1");
        let more = of(MOST_FIELDS + 1);
        assert_eq!(&*sorted_fields(more.as_bytes()), more.as_bytes());
    }

    #[test]
    fn every_place_is_filled_from_the_request() {
        let mut request = Request::post(
            "/hook?q=a+b&r=2",
            [("X-A", "one")].into_iter().collect(),
            "",
        );
        request.origin = Some("https://x.example".into());
        let values = |body| TemplateValues {
            timestamp: "17",
            id: "msg_1",
            body,
            request: &request,
        };
        for (text, body, filled) in [
            ("{id}.{timestamp}.{body}", "b", "msg_1.17.b"),
            ("{method} {target}{body}", "", "POST /hook?q=a+b&r=2"),
            ("{url}{body}", "b", "https://x.example/hook?q=a+b&r=2b"),
            ("{header:x-a}|{header:X-B}|{body}", "b", "one||b"),
            ("{query:q}|{query:s}|{body}", "b", "a b||b"),
            (
                "{json:a.b[1]}|{json:c}|{json:d}|{json:e}",
                r#"{"a":{"b":[1,"é"]},"c":1.50,"d":null}"#,
                "é|1.50||",
            ),
            ("{form:b}|{form:c}", "a=1&b=%26", "&|"),
        ] {
            let template = template(text);
            let mut bytes = Vec::new();
            template.for_each(values(body.as_bytes()), |piece| {
                bytes.extend_from_slice(piece);
            });
            assert_eq!(String::from_utf8(bytes).unwrap(), filled, "{text}");
            assert_eq!(template.to_string(), text);
        }
    }
}
