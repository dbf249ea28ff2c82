//! The pieces of a template: literals, variables, filters and runs that may be left out.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use flate2::Crc;
use strum::{Display, EnumString, VariantArray};
use url::form_urlencoded;

use super::super::source::first_field;
use super::super::{Digest, MacEncoding};
use super::TemplateValues;
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
    /// `{secret}`: the key's own bytes, of a plain hash.
    Secret,
    /// `{body|sha256|hex}`: what stands at a variable, put through filters.
    Filtered(Box<Self>, Vec<TemplateFilter>),
    /// `[; {header:NAME}]`: a run that is left out where one of its variables has no value.
    Optional(Vec<Self>),
}

/// What a variable's value is put through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum TemplateFilter {
    /// The bytes of its SHA-1.
    Sha1,
    /// The bytes of its SHA-256.
    Sha256,
    /// The bytes of its SHA-512.
    Sha512,
    /// Its CRC-32, in decimal digits.
    Crc32,
    /// Lower-case hexadecimal.
    Hex,
    /// Base64 with padding.
    Base64,
}

impl TemplateFilter {
    /// What it makes of a value.
    pub fn apply(self, value: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Digest::Sha1.hash(&[value]),
            Self::Sha256 => Digest::Sha256.hash(&[value]),
            Self::Sha512 => Digest::Sha512.hash(&[value]),
            Self::Crc32 => {
                let mut sum = Crc::new();
                sum.update(value);
                sum.sum().to_string().into_bytes()
            }
            Self::Hex => MacEncoding::Hex.encode(value).into_bytes(),
            Self::Base64 => MacEncoding::Base64.encode(value).into_bytes(),
        }
    }
}

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
            Self::Secret => values.secret.into(),
            Self::Filtered(inner, filters) => {
                let value = inner.bytes(values);
                let apply =
                    |value: Cow<'a, [u8]>, filter: &TemplateFilter| filter.apply(&value).into();
                filters.iter().fold(value, apply)
            }
            Self::Optional(run) => run_bytes(run, values).unwrap_or_default().into(),
        }
    }

    /// How many bytes are read to fill it, about.
    pub(super) fn work(&self, values: TemplateValues<'_>) -> usize {
        match self {
            Self::Literal(text) => text.len(),
            Self::Timestamp => values.timestamp.len(),
            Self::Id => values.id.len(),
            Self::Method => values.request.method.len(),
            Self::Url | Self::Target | Self::Query(_) => {
                let host = values.request.headers.get("Host");
                values.request.target.len() + host.map_or(0, Bytes::len)
            }
            Self::Header(name) => values.request.headers.get(name).map_or(0, Bytes::len),
            Self::Body | Self::Json(_) | Self::Form | Self::FormField(_) => values.body.len(),
            Self::Secret => values.secret.len(),
            Self::Filtered(inner, filters) => (1 + filters.len()) * inner.work(values),
            Self::Optional(run) => run.iter().map(|piece| piece.work(values)).sum(),
        }
    }

    /// Whether all of the body follows from it, so that no other body goes with a signature.
    pub(super) fn covers_body(&self) -> bool {
        match self {
            Self::Body | Self::Form => true,
            Self::Filtered(inner, _) => inner.covers_body(),
            _ => false,
        }
    }

    /// Whether one of these stands in it, or is it.
    pub(super) fn any(&self, is_it: &dyn Fn(&Self) -> bool) -> bool {
        is_it(self)
            || match self {
                Self::Filtered(inner, _) => inner.any(is_it),
                Self::Optional(run) => run.iter().any(|piece| piece.any(is_it)),
                _ => false,
            }
    }

    /// Whether the body has to be there whole to fill it.
    pub(super) fn needs_body(&self) -> bool {
        let is_within =
            |piece: &Self| matches!(piece, Self::Json(_) | Self::Form | Self::FormField(_));
        let is_body = |piece: &Self| *piece == Self::Body;
        *self != Self::Body && self.any(&|piece| is_within(piece) || is_body(piece))
    }

    /// The variable of this text between braces, with its filters.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut filters = text.split('|');
        let variable = Self::variable(filters.next()?)?;
        let filters: Option<Vec<_>> = filters.map(|name| name.parse().ok()).collect();
        Some(match filters? {
            filters if filters.is_empty() => variable,
            filters => Self::Filtered(Box::new(variable), filters),
        })
    }

    fn variable(name: &str) -> Option<Self> {
        Some(match name.split_once(':') {
            None => match name {
                "timestamp" => Self::Timestamp,
                "id" => Self::Id,
                "body" => Self::Body,
                "method" => Self::Method,
                "url" => Self::Url,
                "target" => Self::Target,
                "form" => Self::Form,
                "secret" => Self::Secret,
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

/// The bytes of a run; `None` where one of its variables has no value.
fn run_bytes(run: &[TemplatePiece], values: TemplateValues<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for piece in run {
        let value = piece.bytes(values);
        let is_literal = matches!(piece, TemplatePiece::Literal(_));
        (is_literal || !value.is_empty()).then(|| bytes.extend_from_slice(&value))?;
    }
    Some(bytes)
}

/// As a definition writes it.
impl fmt::Display for TemplatePiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Timestamp => f.write_str("{timestamp}"),
            Self::Id => f.write_str("{id}"),
            Self::Body => f.write_str("{body}"),
            Self::Method => f.write_str("{method}"),
            Self::Url => f.write_str("{url}"),
            Self::Target => f.write_str("{target}"),
            Self::Header(name) => write!(f, "{{header:{name}}}"),
            Self::Query(name) => write!(f, "{{query:{name}}}"),
            Self::Json(path) => write!(f, "{{json:{path}}}"),
            Self::Form => f.write_str("{form}"),
            Self::FormField(name) => write!(f, "{{form:{name}}}"),
            Self::Secret => f.write_str("{secret}"),
            Self::Filtered(inner, filters) => {
                let inner = inner.to_string();
                write!(f, "{}", inner.trim_end_matches('}'))?;
                filters
                    .iter()
                    .try_for_each(|filter| write!(f, "|{filter}"))?;
                f.write_str("}")
            }
            Self::Optional(run) => {
                f.write_str("[")?;
                run.iter().try_for_each(|piece| piece.fmt(f))?;
                f.write_str("]")
            }
        }
    }
}

/// The first field of this name in a query or a form, decoded; empty where there is none.
fn field(pairs: &[u8], name: &str) -> Cow<'static, [u8]> {
    let found = first_field(pairs, name).unwrap_or_default();
    found.into_owned().into_bytes().into()
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
