//! Reading a signature header: what it claims, or why it cannot be read.

use super::layout::{PartVariable, ValuePart};
use super::{PartOrder, Scheme, TemplateValues, ValueLayout};
use crate::delivery::{Headers, Request, Status};

/// What a request's headers present as proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedSignature<'h> {
    /// The timestamp's text as received; the MAC is over this text, never over a number.
    pub timestamp: Option<&'h str>,
    /// The signed id.
    pub id: Option<&'h str>,
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
    /// What the signed template is filled with to check these MACs over `body` in place of the
    /// request's own.
    pub fn values<'a>(&'a self, request: &'a Request, body: &'a [u8]) -> TemplateValues<'a> {
        TemplateValues {
            timestamp: self.timestamp.unwrap_or_default(),
            id: self.id.unwrap_or_default(),
            body,
            request,
        }
    }
}

/// Reads what `headers` present under `scheme`. Fails with the status, missing or malformed, and the
/// reason where there is nothing to check.
pub fn read<'h>(
    scheme: &'h Scheme,
    headers: &'h Headers,
) -> Result<ParsedSignature<'h>, (Status, String)> {
    let value = single(headers, &scheme.header)?;
    if value.is_empty() {
        return Err(malformed(format!(
            "the header `{}` is empty",
            scheme.header
        )));
    }
    let mut parsed = read_value(scheme, value).map_err(malformed)?;
    if let Some(name) = &scheme.timestamp_header {
        parsed.timestamp = Some(
            scheme
                .time_unit
                .check(single(headers, name)?)
                .map_err(malformed)?,
        );
    }
    if let Some(name) = &scheme.id_header {
        parsed.id = Some(single(headers, name)?);
    }
    Ok(parsed)
}

fn malformed(reason: String) -> (Status, String) {
    (Status::Malformed, reason)
}

/// The value of a header that must stand once, as visible ASCII.
fn single<'h>(headers: &'h Headers, name: &str) -> Result<&'h str, (Status, String)> {
    let value = headers
        .get(name)
        .ok_or_else(|| (Status::Missing, format!("no `{name}` header")))?;
    let count = headers.get_all(name).count();
    if count > 1 {
        return Err(malformed(format!(
            "the header `{name}` stands {count} times"
        )));
    }
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Ok(text.trim_matches([' ', '\t'])),
        _ => Err(malformed(format!("the header `{name}` is not ASCII"))),
    }
}

/// Reads a value in the documented layout and in the accepted ones: of several signatures, each may
/// have its own. Fails with the documented one's reason where none of them fits.
fn read_value<'h>(scheme: &'h Scheme, value: &'h str) -> Result<ParsedSignature<'h>, String> {
    let variants = scheme.also_accepted.iter();
    let variants = variants.map(|variant| (&variant.value, Some(variant.note.as_str())));
    let mut found: Option<ParsedSignature<'h>> = None;
    let mut first_error = None;
    for (layout, note) in std::iter::once((&scheme.value, None)).chain(variants) {
        match read_layout(scheme, layout, note, value) {
            Err(error) => _ = first_error.get_or_insert(error),
            Ok(parsed) => match &mut found {
                None => found = Some(parsed),
                // A MAC is over one time; that of the documented layout goes first.
                Some(found) if found.timestamp == parsed.timestamp => {
                    found.macs.extend(parsed.macs);
                }
                Some(_) => {}
            },
        }
    }
    let mut found = found.ok_or_else(|| first_error.unwrap_or_default())?;
    found.macs.sort_by_key(|mac| mac.other_case);
    Ok(found)
}

fn read_layout<'h>(
    scheme: &Scheme,
    layout: &'h ValueLayout,
    note: Option<&'h str>,
    value: &'h str,
) -> Result<ParsedSignature<'h>, String> {
    let mut parsed = ParsedSignature {
        timestamp: None,
        id: None,
        macs: Vec::new(),
    };
    let mut first_error = None;
    for (variable, text) in read_parts(scheme, layout, value)? {
        let taken = match variable {
            PartVariable::Timestamp => scheme
                .time_unit
                .check(text)
                .map(|text| parsed.timestamp = Some(text)),
            PartVariable::Signature | PartVariable::Secret => {
                decode_mac(scheme, text).map(|bytes| {
                    parsed.macs.push(ParsedMac {
                        bytes,
                        other_case: scheme.encoding.is_other_case(text),
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
    let lacks_time = parsed.timestamp.is_none() && layout.has_timestamp();
    // In any order, what stands beside the right parts spoils nothing.
    let is_strict = layout.reading == PartOrder::Positional;
    match first_error {
        Some(error) if is_strict || lacks_time || parsed.macs.is_empty() => Err(error),
        None if lacks_time || parsed.macs.is_empty() => Err(expected(scheme, layout)),
        _ => Ok(parsed),
    }
}

/// What stands at the variables of a layout's parts. In any order, that is every part of the value
/// that one of them fits; by position, every one of them has to.
fn read_parts<'h>(
    scheme: &Scheme,
    layout: &'h ValueLayout,
    value: &'h str,
) -> Result<Vec<(PartVariable, &'h str)>, String> {
    let read = |part: &ValuePart, text: &'h str| Some((part.variable, part.read(text)?));
    let mut texts = layout.split(value);
    match layout.reading {
        PartOrder::Positional => {
            let parts = layout.parts.iter();
            let found: Option<_> = parts.map(|part| read(part, texts.next()?)).collect();
            found.ok_or_else(|| expected(scheme, layout))
        }
        PartOrder::AnyOrder => Ok(texts
            .map(str::trim)
            .flat_map(|text| layout.parts.iter().filter_map(move |part| read(part, text)))
            .collect()),
    }
}

fn decode_mac(scheme: &Scheme, text: &str) -> Result<Vec<u8>, String> {
    let mac = scheme.encoding.decode(text);
    let Some(digest) = scheme.digest() else {
        return mac
            .filter(|token| !token.is_empty())
            .ok_or_else(|| "the token is empty".into());
    };
    let size = digest.size();
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

fn expected(scheme: &Scheme, layout: &ValueLayout) -> String {
    format!(
        "the header `{}` is not of the form `{}`",
        scheme.header,
        scheme.describe(layout)
    )
}
