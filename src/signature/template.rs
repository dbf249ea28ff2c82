//! Texts with variables in braces: what is signed, as `v0:{timestamp}:{body}`, and the parts of a
//! header's value, as `t={timestamp}`.

mod piece;

use std::fmt;

use serde::Deserialize;
use strum::VariantArray as _;

use super::ValueSource;
use crate::delivery::Request;
pub use piece::{MOST_FIELDS, TemplateFilter, TemplatePiece};

/// What is signed: a text with the variables `{timestamp}`, `{id}`, `{body}`, `{method}`, `{url}`, `{target}`, `{form}`,
/// `{secret}`, `{header:NAME}`, `{query:NAME}`, `{json:PATH}` and `{form:NAME}`; with filters, as `{body|sha256|hex}`;
/// what stands in `[…]` is left out where a variable in it has no value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String")]
pub struct Template {
    pieces: Vec<TemplatePiece>,
}

/// The values for the variables of a template.
#[derive(Clone, Copy)]
pub struct TemplateValues<'a> {
    /// For `{timestamp}`.
    pub timestamp: &'a str,
    /// For `{id}`.
    pub id: &'a str,
    /// For `{body}`, and for what stands in it: the request's own, or another in its place.
    pub body: &'a [u8],
    /// For `{secret}`, which the key gives.
    pub secret: &'a [u8],
    /// For everything else.
    pub request: &'a Request,
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
        self.any(&|piece| piece == variable)
    }

    /// Whether a header of this name is signed by its name.
    pub(super) fn has_header(&self, name: &str) -> bool {
        self.any(
            &|piece| matches!(piece, TemplatePiece::Header(own) if own.eq_ignore_ascii_case(name)),
        )
    }

    fn any(&self, is_it: &dyn Fn(&TemplatePiece) -> bool) -> bool {
        self.pieces.iter().any(|piece| piece.any(is_it))
    }

    /// How many bytes are read to fill it, about.
    pub(super) fn work(&self, values: TemplateValues<'_>) -> usize {
        self.pieces.iter().map(|piece| piece.work(values)).sum()
    }

    /// Hands over the bytes of every piece in order, without joining them.
    pub fn for_each(&self, values: TemplateValues<'_>, mut take: impl FnMut(&[u8])) {
        for piece in &self.pieces {
            take(&piece.bytes(values));
        }
    }

    /// The text of a template.
    pub(super) fn text(&self, values: TemplateValues<'_>) -> String {
        let mut bytes = Vec::new();
        self.for_each(values, |piece| bytes.extend_from_slice(piece));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What several templates have, one behind the other.
    pub(super) fn join<'t>(templates: impl Iterator<Item = &'t Self>) -> Self {
        let pieces = templates.flat_map(|template| template.pieces.clone());
        Self {
            pieces: pieces.collect(),
        }
    }

    /// Whether all of the body is signed, so that no other body goes with a signature.
    pub fn covers_body(&self) -> bool {
        self.pieces.iter().any(TemplatePiece::covers_body)
    }

    /// Whether what stands at a place is signed with it.
    pub(super) fn covers(&self, source: &ValueSource) -> bool {
        let is_covered = |piece: &TemplatePiece| match (source, piece) {
            (ValueSource::Path(path), TemplatePiece::Json(own)) => path == own,
            (ValueSource::Query(_), TemplatePiece::Url | TemplatePiece::Target) => true,
            (ValueSource::Query(name), TemplatePiece::Query(own))
            | (ValueSource::Form(name), TemplatePiece::FormField(own)) => name == own,
            _ => false,
        };
        let is_in_body = source.is_in_body() && self.covers_body();
        is_in_body
            || self.pieces.iter().any(is_covered)
            || source.header().is_some_and(|name| self.has_header(name))
    }

    /// The pieces before `{body}` and those after it; `None` where it stands more than once or has to
    /// be looked into, so that a body cannot pass by in one go.
    pub fn around_body(&self) -> Option<(&[TemplatePiece], &[TemplatePiece])> {
        if self.pieces.iter().any(TemplatePiece::needs_body) {
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
        self.pieces.iter().try_for_each(|piece| piece.fmt(f))
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let template = Self::of_any(&text)?;
        let is_of_body =
            |piece: &TemplatePiece| *piece == TemplatePiece::Body || piece.needs_body();
        if template.pieces.iter().any(is_of_body) {
            Ok(template)
        } else {
            Err("`{body}` is not signed, so a signature would be right for any body".into())
        }
    }
}

impl Template {
    /// A template that need not have anything of the body. Fails where a brace or a bracket is not closed,
    /// and where a variable or a filter is none.
    pub fn of_any(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        // The pieces before an open bracket.
        let mut before = None;
        for (literal, variable) in split(text)? {
            let mut rest = literal;
            while let Some(at) = rest.find(['[', ']']) {
                let (plain, bracket) = rest.split_at(at);
                push_literal(&mut pieces, plain);
                match (bracket.starts_with('['), before.take()) {
                    (true, None) => before = Some(std::mem::take(&mut pieces)),
                    (false, Some(outside)) => {
                        let run = std::mem::replace(&mut pieces, outside);
                        pieces.push(TemplatePiece::Optional(run));
                    }
                    (true, Some(_)) => {
                        return Err(format!("`[` within `[` in `{}`", text.escape_debug()));
                    }
                    (false, None) => {
                        return Err(format!("`]` without `[` in `{}`", text.escape_debug()));
                    }
                }
                rest = bracket.get(1..).unwrap_or_default();
            }
            push_literal(&mut pieces, rest);
            if let Some(name) = variable {
                let piece = TemplatePiece::parse(name);
                pieces.push(piece.ok_or_else(|| unknown(name, &expected()))?);
            }
        }
        match before {
            Some(_) => Err(format!("`[` is not closed in `{}`", text.escape_debug())),
            None => Ok(Self { pieces }),
        }
    }
}

impl Template {
    /// What it comes to for a request that nobody has signed, and a body, its own or another.
    pub fn fill(&self, request: &Request, body: &[u8]) -> Vec<u8> {
        let values = TemplateValues {
            timestamp: "",
            id: "",
            body,
            secret: b"",
            request,
        };
        let mut filled = Vec::new();
        self.for_each(values, |piece| filled.extend_from_slice(piece));
        filled
    }
}

fn push_literal(pieces: &mut Vec<TemplatePiece>, text: &str) {
    if !text.is_empty() {
        pieces.push(TemplatePiece::Literal(text.into()));
    }
}

/// The variables that take a name, as they are written.
const NAMED: [&str; 4] = ["header", "query", "json", "form"];

/// The variables and filters that may stand in what is signed.
fn expected() -> String {
    let plain =
        "`{timestamp}`, `{id}`, `{body}`, `{method}`, `{url}`, `{target}`, `{form}`, `{secret}`";
    let named = NAMED.map(|name| format!("`{{{name}:…}}`"));
    let filters: Vec<_> = TemplateFilter::VARIANTS
        .iter()
        .map(|filter| format!("`|{filter}`"))
        .collect();
    format!(
        "{plain} or {}, with or without {}",
        named.join(", "),
        filters.join(", ")
    )
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
            secret: b"s3",
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
            ("{secret}{body}", "b", "s3b"),
            // The sums are those of `sha256sum`, `base64` and Python's `zlib.crc32`.
            (
                "{body|sha256|hex}",
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "{body|crc32}|{json:a|base64}",
                r#"{"a":"x"}"#,
                "2051504698|eA==",
            ),
            ("[a {header:X-A}|][b {header:X-B}|]{body}", "", "a one|"),
            (
                "{body}[{json:a[0]}{json:a[1]}]",
                r#"{"a":[1,""]}"#,
                r#"{"a":[1,""]}"#,
            ),
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
