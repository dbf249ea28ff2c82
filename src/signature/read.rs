//! Reading a signature: what it claims, or why it cannot be read.

use std::borrow::Cow;

use super::jwt::WebToken;
use super::layout::{PartVariable, ValuePart};
use super::{
    MacEncoding, MessageRules, PartOrder, Scheme, TemplateValues, ValueLayout, ValueSource,
};
use crate::delivery::{Request, Status};
use crate::json::JsonFields;

/// What a request presents as proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedSignature<'h> {
    /// The timestamp's text as received; the MAC is over this text, never over a number.
    pub timestamp: Option<Cow<'h, str>>,
    /// The signed id.
    pub id: Option<Cow<'h, str>>,
    /// Until when it is good, in unix seconds, where an HTTP message signature says so.
    pub expires: Option<i64>,
    /// The MACs, at least one, those in the documented case and layout before others:
    /// where one stands twice, it counts as the best of them.
    pub macs: Vec<ParsedMac<'h>>,
}

/// A MAC that was presented. How it is written is its own and says nothing of the others beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedMac<'h> {
    /// The MAC, decoded.
    pub bytes: Vec<u8>,
    /// Whether it is hexadecimal in the other case than the documented one, which documented receivers
    /// refuse.
    pub other_case: bool,
    /// The layout in which it was read.
    pub layout: &'h ValueLayout,
    /// What an accepted variant of the layout earns.
    pub note: Option<&'h str>,
}

impl ParsedSignature<'_> {
    /// The first JSON Web Token, of whose times the request is as old.
    pub(super) fn token(&self, scheme: &Scheme) -> Option<WebToken<'_>> {
        let text = std::str::from_utf8(&self.macs.first()?.bytes).ok()?;
        WebToken::read(scheme.jwt()?, text).ok()
    }

    /// What the signed template is filled with to check these MACs over `body` in place of the
    /// request's own.
    pub fn values<'a>(&'a self, request: &'a Request, body: &'a [u8]) -> TemplateValues<'a> {
        TemplateValues {
            timestamp: self.timestamp.as_deref().unwrap_or_default(),
            id: self.id.as_deref().unwrap_or_default(),
            body,
            secret: b"",
            request,
        }
    }
}

/// Reads what a request presents under `scheme`. Fails with the status, missing or malformed, and the
/// reason where there is nothing to check.
pub fn read<'h>(
    scheme: &'h Scheme,
    request: &'h Request,
) -> Result<ParsedSignature<'h>, (Status, String)> {
    if let Some(rules) = scheme.message() {
        return read_message(scheme, rules, request);
    }
    let fields = scheme.is_in_body().then(|| JsonFields::new(&request.body));
    let fields = fields.flatten();
    let mut parsed = read_proofs(scheme, request, fields.as_ref())?;
    if let Some(source) = &scheme.time_source {
        let text = source.single(request, fields.as_ref())?;
        scheme.time_unit.check(&text).map_err(malformed)?;
        parsed.timestamp = Some(text);
    }
    if let Some(claim) = scheme.jwt().and_then(|rules| rules.time_claim.as_ref()) {
        let text = parsed.token(scheme).and_then(|token| token.claim(claim));
        let text = text.ok_or_else(|| malformed(format!("the token has no time as `{claim}`")))?;
        scheme.time_unit.check(&text).map_err(malformed)?;
        parsed.timestamp = Some(text.into());
    }
    if let Some(name) = &scheme.id_header {
        let source = ValueSource::Header(name.clone());
        parsed.id = Some(source.single(request, None)?);
    }
    Ok(parsed)
}

/// Reads every proof that is there; of several, one that can be read is enough.
fn read_proofs<'h>(
    scheme: &'h Scheme,
    request: &'h Request,
    fields: Option<&JsonFields<'_>>,
) -> Result<ParsedSignature<'h>, (Status, String)> {
    let read = |source| read_proof(scheme, source, request, fields);
    let mut found = read(&scheme.proof);
    for other in scheme.more_proofs.iter().map(read) {
        match (&mut found, other) {
            // A MAC is over one time; that of the first goes first.
            (Ok(found), Ok(other)) if found.timestamp == other.timestamp => {
                found.macs.extend(other.macs);
            }
            (Err(_), Ok(other)) => found = Ok(other),
            (Err((Status::Missing, _)), Err(error)) if error.0 != Status::Missing => {
                found = Err(error);
            }
            _ => {}
        }
    }
    let mut found = found?;
    found.macs.sort_by_key(|mac| mac.other_case);
    if scheme.jwt().is_some() {
        // The times of a token are its own.
        found.macs.truncate(1);
    }
    Ok(found)
}

/// Reads what stands at one place.
fn read_proof<'h>(
    scheme: &'h Scheme,
    source: &ValueSource,
    request: &'h Request,
    fields: Option<&JsonFields<'_>>,
) -> Result<ParsedSignature<'h>, (Status, String)> {
    let value = source.single(request, fields)?;
    if value.is_empty() {
        return Err(malformed(format!("{source} is empty")));
    }
    let (timestamp, macs) = match value {
        Cow::Borrowed(value) => {
            let (time, macs) = read_value(scheme, source, value).map_err(malformed)?;
            (time.map(Cow::Borrowed), macs)
        }
        Cow::Owned(value) => {
            let (time, macs) = read_value(scheme, source, &value).map_err(malformed)?;
            (time.map(|time| Cow::Owned(time.to_owned())), macs)
        }
    };
    Ok(ParsedSignature {
        timestamp,
        id: None,
        expires: None,
        macs,
    })
}

/// Reads an HTTP message signature, which has its own form.
fn read_message<'h>(
    scheme: &'h Scheme,
    rules: &MessageRules,
    request: &Request,
) -> Result<ParsedSignature<'h>, (Status, String)> {
    let read = rules.read(request)?;
    Ok(ParsedSignature {
        timestamp: Some(read.created.to_string().into()),
        id: None,
        expires: read.expires,
        macs: vec![ParsedMac {
            bytes: read.bytes,
            other_case: false,
            layout: &scheme.value,
            note: None,
        }],
    })
}

fn malformed(reason: String) -> (Status, String) {
    (Status::Malformed, reason)
}

/// What a value presents: the time, where it holds one, and the MACs.
type Presented<'h, 'v> = (Option<&'v str>, Vec<ParsedMac<'h>>);

/// Reads a value in the documented layout and in the accepted ones: of several signatures, each may
/// have its own. Fails with the documented one's reason where none of them fits.
fn read_value<'h, 'v>(
    scheme: &'h Scheme,
    source: &ValueSource,
    value: &'v str,
) -> Result<Presented<'h, 'v>, String> {
    let variants = scheme.also_accepted.iter();
    let variants = variants.map(|variant| (&variant.value, Some(variant.note.as_str())));
    let mut found: Option<Presented<'h, 'v>> = None;
    let mut first_error = None;
    for (layout, note) in std::iter::once((&scheme.value, None)).chain(variants) {
        match read_layout(scheme, source, layout, note, value) {
            Err(error) => _ = first_error.get_or_insert(error),
            Ok((other_time, others)) => match &mut found {
                None => found = Some((other_time, others)),
                // A MAC is over one time; that of the documented layout goes first.
                Some((time, macs)) if *time == other_time => macs.extend(others),
                Some(_) => {}
            },
        }
    }
    found.ok_or_else(|| first_error.unwrap_or_default())
}

fn read_layout<'h, 'v>(
    scheme: &Scheme,
    source: &ValueSource,
    layout: &'h ValueLayout,
    note: Option<&'h str>,
    value: &'v str,
) -> Result<Presented<'h, 'v>, String> {
    let expected = || {
        let form = scheme.describe(layout);
        format!("{source} is not of the form `{form}`")
    };
    let (mut time, mut macs) = (None, Vec::new());
    let mut first_error = None;
    for (variable, text) in read_parts(layout, value).ok_or_else(expected)? {
        let taken = match variable {
            PartVariable::Timestamp => {
                let text = scheme.time_unit.check(text);
                text.map(|text| time = Some(text))
            }
            PartVariable::Signature | PartVariable::Secret => {
                let bytes = decode_mac(scheme, text);
                bytes.map(|bytes| {
                    macs.push(ParsedMac {
                        bytes,
                        // Receivers compare the text of a MAC, and decode what a key verifies.
                        other_case: scheme.digest().is_some()
                            && scheme.encoding.is_other_case(text),
                        layout,
                        note,
                    });
                })
            }
        };
        if let Err(error) = taken {
            first_error.get_or_insert(error);
        }
    }
    let lacks_time = time.is_none() && layout.has_timestamp();
    // In any order, what stands beside the right parts spoils nothing.
    let is_strict = layout.reading == PartOrder::Positional;
    match first_error {
        Some(error) if is_strict || lacks_time || macs.is_empty() => Err(error),
        None if lacks_time || macs.is_empty() => Err(expected()),
        _ => Ok((time, macs)),
    }
}

/// What stands at the variables of a layout's parts. In any order, that is every part of the value
/// that one of them fits; by position, every one of them has to: `None` where one does not.
fn read_parts<'v>(layout: &ValueLayout, value: &'v str) -> Option<Vec<(PartVariable, &'v str)>> {
    let read = |part: &ValuePart, text: &'v str| Some((part.variable, part.read(text)?));
    let mut texts = value.split(layout.splitter());
    match layout.reading {
        PartOrder::Positional => {
            let parts = layout.parts.iter();
            parts.map(|part| read(part, texts.next()?)).collect()
        }
        PartOrder::AnyOrder => Some(
            texts
                .map(str::trim)
                .flat_map(|text| layout.parts.iter().filter_map(move |part| read(part, text)))
                .collect(),
        ),
    }
}

fn decode_mac(scheme: &Scheme, text: &str) -> Result<Vec<u8>, String> {
    if let Some(rules) = scheme.jwt() {
        WebToken::read(rules, text)?;
    }
    let mac = scheme.encoding.decode(text);
    let Some(size) = scheme.signature_size() else {
        return match mac {
            Some(mac) if !mac.is_empty() => Ok(mac),
            _ if scheme.encoding == MacEncoding::Text => Err("the token is empty".into()),
            _ => Err(format!("the signature is not {}", scheme.encoding)),
        };
    };
    if scheme.encoding.is_hex() {
        if text.len() != size * 2 {
            return Err(format!(
                "the signature has {} characters, expected {} hex digits",
                text.len(),
                size * 2
            ));
        }
        return mac.ok_or_else(|| "the signature is not hexadecimal".into());
    }
    match mac {
        Some(mac) if mac.len() == size => Ok(mac),
        Some(mac) => Err(format!(
            "the signature has {} bytes, expected {size}",
            mac.len()
        )),
        None => Err(format!("the signature is not {}", scheme.encoding)),
    }
}
