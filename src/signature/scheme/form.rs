//! How a scheme stands in a definition, and what has to hold before it is one.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::super::layout::{PartVariable, ValuePart, is_visible};
use super::super::template::{Template, TemplatePiece};
use super::{
    Digest, MacEncoding, Scheme, SchemeKind, SecretForm, TimeUnit, Tolerance, ValueLayout, Variant,
};

/// The fields of a definition's `signature`, each right in itself. Together they are a scheme where it
/// can sign, and verifies what it signed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeForm {
    #[serde(default)]
    kind: KindForm,
    header: HeaderNameForm,
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
    tolerance: Option<Tolerance>,
}

/// The name of a kind; its fields stand beside it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindForm {
    #[default]
    Hmac,
    Token,
}

/// Where the timestamp stands, in the value or in a header of its own, and how it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TimeForm {
    header: Option<HeaderNameForm>,
    unit: TimeUnit,
}

/// The name of a header.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct HeaderNameForm(pub String);

impl TryFrom<SchemeForm> for Scheme {
    type Error = String;

    fn try_from(form: SchemeForm) -> Result<Self, String> {
        let (kind, signed, encoding) = match form.kind {
            KindForm::Hmac => {
                let missing = |field: &str| format!("missing field `{field}`");
                let kind = SchemeKind::Hmac {
                    digest: form.digest.ok_or_else(|| missing("digest"))?,
                    secret: form.secret.unwrap_or_default(),
                };
                let signed = form.signed.ok_or_else(|| missing("signed"))?;
                let encoding = form.encoding.ok_or_else(|| missing("encoding"))?;
                (kind, signed, encoding)
            }
            KindForm::Token => {
                let given = [
                    ("signed", form.signed.is_some()),
                    ("digest", form.digest.is_some()),
                    ("encoding", form.encoding.is_some()),
                    ("secret", form.secret.is_some()),
                ];
                if let Some((field, _)) = given.iter().find(|(_, is_given)| *is_given) {
                    return Err(format!("`{field}` is given, but a token signs nothing"));
                }
                (SchemeKind::Token, Template::default(), MacEncoding::Text)
            }
        };
        let time = form.timestamp;
        if time.header.is_some() && form.timestamp_header.is_some() {
            return Err("both `timestamp` and `timestamp_header` name a header".into());
        }
        let scheme = Self {
            kind,
            header: form.header.0,
            value: form.value,
            also_accepted: form.also_accepted,
            timestamp_header: time.header.or(form.timestamp_header).map(|name| name.0),
            time_unit: time.unit,
            id_header: form.id_header.map(|name| name.0),
            signed,
            encoding,
            tolerance: form.tolerance,
        };
        check_headers(&scheme)?;
        check_separators(&scheme)?;
        check_proof(&scheme)?;
        check_timestamp(&scheme)?;
        if scheme.signed.has(&TemplatePiece::Id) && scheme.id_header.is_none() {
            return Err("`{id}` is signed, but no `id_header` holds it".into());
        }
        Ok(scheme)
    }
}

/// A token stands for itself, and a signature never does.
fn check_proof(scheme: &Scheme) -> Result<(), String> {
    let variants = scheme.also_accepted.iter().map(|variant| &variant.value);
    let mut parts = std::iter::once(&scheme.value)
        .chain(variants)
        .flat_map(|layout| &layout.parts);
    let (proof, other) = match scheme.kind {
        SchemeKind::Hmac { .. } => ("{signature}", PartVariable::Secret),
        SchemeKind::Token => ("{secret}", PartVariable::Signature),
    };
    match parts.find(|part| part.variable == other) {
        Some(_) => Err(format!(
            "of the kind `{}`, a part of `value` has `{proof}`",
            scheme.kind.name()
        )),
        None => Ok(()),
    }
}

fn check_headers(scheme: &Scheme) -> Result<(), String> {
    let others = [&scheme.timestamp_header, &scheme.id_header];
    let mut names = vec![&scheme.header];
    for name in others.into_iter().flatten() {
        if names.iter().any(|other| name.eq_ignore_ascii_case(other)) {
            return Err(format!("the header `{name}` stands for two things"));
        }
        names.push(name);
    }
    match names.iter().find(|name| scheme.signed.has_header(name)) {
        Some(name) => Err(format!(
            "`signed` has the header `{name}`, which is made of what is signed: `{{timestamp}}` and `{{id}}` stand for theirs"
        )),
        None => Ok(()),
    }
}

/// What is written in a value holds no separator of it.
fn check_separators(scheme: &Scheme) -> Result<(), String> {
    let variants = scheme.also_accepted.iter().map(|variant| &variant.value);
    let layouts = std::iter::once(&scheme.value).chain(variants);
    for layout in layouts.filter(|layout| layout.separator.is_some()) {
        let held = match (scheme.encoding, scheme.time_unit) {
            (_, TimeUnit::Rfc3339) if layout.has_timestamp() => "-:.",
            (MacEncoding::Base64Url, _) => "-_",
            _ => continue,
        };
        if layout
            .separator
            .iter()
            .any(|separator| separator.contains(|c| held.contains(c)))
        {
            return Err(
                "`separator` may stand within a part, so that parts could not be told apart".into(),
            );
        }
    }
    Ok(())
}

/// In each layout, a signed timestamp has one source.
fn check_timestamp(scheme: &Scheme) -> Result<(), String> {
    let is_signed = scheme.signs_time();
    if scheme.tolerance.is_some() && !is_signed {
        return Err("`tolerance` is given, but no `{timestamp}` is signed".into());
    }
    let variants = scheme.also_accepted.iter().enumerate();
    let variants =
        variants.map(|(n, variant)| (format!("also_accepted[{n}].value"), &variant.value));
    for (field, layout) in std::iter::once(("value".into(), &scheme.value)).chain(variants) {
        match (layout.has_timestamp(), scheme.timestamp_header.is_some()) {
            (true, true) => {
                return Err(format!(
                    "both `{field}` and `timestamp_header` hold the timestamp"
                ));
            }
            (false, false) if is_signed => {
                return Err(format!(
                    "`{{timestamp}}` is signed, but neither `{field}` nor `timestamp_header` holds it"
                ));
            }
            _ => {}
        }
    }
    Ok(())
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
        _ if value.trim() != value => {
            Err("the value begins or ends with a space, which gets lost on the way".into())
        }
        _ => Ok(()),
    }
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
