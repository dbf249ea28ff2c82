//! How a scheme stands in a definition, and what has to hold before it is one.

mod kind;

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::super::layout::{PartVariable, ValuePart, is_visible};
use super::super::template::Template;
use super::super::{JwtAlgorithm, PartOrder, SecretForm, ValueSource};
use super::check::check;
use super::{Digest, MacEncoding, Scheme, SchemeKind, TimeUnit, Tolerance, ValueLayout, Variant};
use kind::{check_given, kind_of};

use crate::json::Path;

/// The fields of a definition's `signature`, each right in itself. Together they are a scheme where it
/// can sign, and verifies what it signed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeForm {
    #[serde(default)]
    kind: KindForm,
    #[serde(default)]
    header: HeaderNamesForm,
    path: Option<Path>,
    query: Option<String>,
    form: Option<String>,
    value: ValueLayout,
    #[serde(default)]
    also_accepted: Vec<Variant>,
    timestamp_header: Option<HeaderNameForm>,
    #[serde(default)]
    timestamp: TimeForm,
    id_header: Option<HeaderNameForm>,
    signed: Option<Template>,
    digest: Option<Digest>,
    encoding: Option<MacEncoding>,
    secret: Option<SecretForm>,
    dsa_encoding: Option<DsaForm>,
    tolerance: Option<Tolerance>,
    algorithms: Option<Vec<JwtAlgorithm>>,
    claims: Option<BTreeMap<String, String>>,
    also_sent: Option<BTreeMap<String, String>>,
    lifetime_seconds: Option<u64>,
    #[serde(default)]
    also_signed: Vec<Scheme>,
    sent: Option<bool>,
}

/// How a signature of ECDSA is written, by the names that OpenSSL and Node have for it.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum DsaForm {
    #[serde(rename = "der")]
    Der,
    #[serde(rename = "ieee-p1363")]
    P1363,
}

/// The name of a kind; its fields stand beside it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindForm {
    #[default]
    Hmac,
    Hash,
    Ed25519,
    Ecdsa,
    Rsa,
    Jwt,
    Token,
}

/// Where the timestamp stands, in the value or in a header of its own, and how it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TimeForm {
    header: Option<HeaderNameForm>,
    path: Option<Path>,
    query: Option<String>,
    form: Option<String>,
    claim: Option<String>,
    unit: TimeUnit,
}

/// The names of the headers that hold the signature, at least one.
#[derive(Default, Deserialize)]
#[serde(try_from = "OneOrMore")]
struct HeaderNamesForm(Vec<String>);

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of a header or a list of them"
)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl TryFrom<OneOrMore> for HeaderNamesForm {
    type Error = String;

    fn try_from(names: OneOrMore) -> Result<Self, String> {
        let names = match names {
            OneOrMore::One(name) => vec![name],
            OneOrMore::More(names) if names.is_empty() => return Err("no header is named".into()),
            OneOrMore::More(names) => names,
        };
        for name in &names {
            check_token("name of a header", name)?;
        }
        Ok(Self(names))
    }
}

/// The places of a value as a definition names them, of which one may be given: headers, of which there
/// may be several, a path, a field of the query, a field of a form.
type Places = (Vec<String>, Option<Path>, Option<String>, Option<String>);

/// The one place, or the several headers, that are given.
fn sources((headers, path, query, form): Places) -> Result<Vec<ValueSource>, String> {
    let is_given = [
        !headers.is_empty(),
        path.is_some(),
        query.is_some(),
        form.is_some(),
    ];
    if is_given.iter().filter(|is_given| **is_given).count() > 1 {
        return Err("two of `header`, `path`, `query` and `form` are given for one value".into());
    }
    let headers = headers.into_iter().map(ValueSource::Header);
    Ok(headers
        .chain(path.map(ValueSource::Path))
        .chain(query.map(ValueSource::Query))
        .chain(form.map(ValueSource::Form))
        .collect())
}

/// The name of a header.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct HeaderNameForm(pub String);

impl TryFrom<SchemeForm> for Scheme {
    type Error = String;

    fn try_from(mut form: SchemeForm) -> Result<Self, String> {
        check_given(&form)?;
        let kind = kind_of(&mut form)?;
        let (signed, encoding) = match &kind {
            SchemeKind::Token => (Template::default(), MacEncoding::Text),
            SchemeKind::Jwt { rules, .. } => {
                let claims = rules.claims.iter().map(|(_, is)| is);
                (Template::join(claims), MacEncoding::Jwt)
            }
            _ => {
                let signed = form.signed.ok_or("missing field `signed`")?;
                (signed, form.encoding.ok_or("missing field `encoding`")?)
            }
        };
        let proofs = (form.header.0, form.path, form.query, form.form);
        let mut proofs = sources(proofs)?.into_iter();
        let proof = proofs.next().ok_or("missing field `header`")?;
        let time = form.timestamp;
        let time_headers = time.header.into_iter().chain(form.timestamp_header);
        let time_headers = time_headers.map(|name| name.0).collect();
        let time_sources = sources((time_headers, time.path, time.query, time.form))?;
        if time_sources.len() > 1 {
            return Err("both `timestamp` and `timestamp_header` name a header".into());
        }
        let scheme = Self {
            kind,
            proof,
            more_proofs: proofs.collect(),
            value: form.value,
            also_accepted: form.also_accepted,
            time_source: time_sources.into_iter().next(),
            time_unit: time.unit,
            id_header: form.id_header.map(|name| name.0),
            signed,
            encoding,
            tolerance: form.tolerance,
            also_signed: form.also_signed,
            is_sent: form.sent.unwrap_or(true),
        };
        check(&scheme)?;
        Ok(scheme)
    }
}

impl<'de> Deserialize<'de> for ValueLayout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let layout = Self::deserialize(deserializer)?;
        check_layout(&layout).map_err(D::Error::custom)?;
        Ok(layout)
    }
}

fn check_layout(layout: &ValueLayout) -> Result<(), String> {
    check_parts(&layout.parts)?;
    let value = layout.fill(Some("0"), "0");
    match layout.separator.as_deref() {
        None if layout.parts.len() > 1 => {
            Err("`parts` are several, but no `separator` stands between them".into())
        }
        Some(separator) if !separates(layout, separator) => {
            Err("`separator` may stand within a part, so that parts could not be told apart".into())
        }
        _ if layout.reading == PartOrder::AnyOrder && layout.parts.iter().any(is_spaced) => {
            Err("a part begins or ends with a space, which is no part of it in any order".into())
        }
        _ if value.trim() != value => {
            Err("the value begins or ends with a space, which gets lost on the way".into())
        }
        _ => Ok(()),
    }
}

fn is_spaced(part: &ValuePart) -> bool {
    let text = part.fill("0");
    text.trim() != text
}

fn check_parts(parts: &[ValuePart]) -> Result<(), String> {
    let is = |variable| move |part: &&ValuePart| part.variable == variable;
    if !parts.iter().any(|part| part.variable.is_proof()) {
        return Err("no part of `parts` has `{signature}`".into());
    }
    if parts.iter().filter(is(PartVariable::Timestamp)).count() > 1 {
        return Err("`parts` has `{timestamp}` twice".into());
    }
    let mut rest = parts;
    while let Some((part, others)) = rest.split_first() {
        if others.contains(part) {
            return Err(format!("`parts` has `{}` twice", part.fill("{signature}")));
        }
        rest = others;
    }
    Ok(())
}

/// Whether a value falls into its parts again at `separator`, whatever timestamp and signature they
/// hold: those are digits, letters and the other characters of base64.
fn separates(layout: &ValueLayout, separator: &str) -> bool {
    let may_be_held = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    if separator.is_empty() || !is_visible(separator) || separator.contains(may_be_held) {
        return false;
    }
    let value = layout.fill(Some("0"), "0");
    let parts = layout.parts.iter().map(|part| part.fill("0"));
    value.split(separator).eq(parts)
}

impl TryFrom<String> for HeaderNameForm {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        check_token("name of a header", &name).map(|()| Self(name))
    }
}

/// Fails, saying that it is no `what`, where a text is no token of RFC 9110: those are the names of
/// headers and the methods.
pub fn check_token(what: &str, text: &str) -> Result<(), String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_token) {
        Ok(())
    } else {
        Err(format!("`{}` is no {what}", text.escape_debug()))
    }
}
