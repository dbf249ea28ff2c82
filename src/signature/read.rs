//! Reading a signature header: what it claims, or why it cannot be read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::template::Piece;
use super::{Encoding, Fields, Reading, Scheme, ValueLayout};
use crate::delivery::Headers;

/// The longest timestamp text that is read: the digits of the greatest 64-bit number.
const TIMESTAMP_DIGITS: usize = 19;

/// What a request's headers present as proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented<'h> {
    /// The timestamp's text as received; the MAC is over this text, never over a number.
    pub timestamp: Option<&'h str>,
    /// The signed id.
    pub id: Option<&'h str>,
    /// The MACs, decoded.
    pub macs: Vec<Vec<u8>>,
    /// The name of the layout that was read.
    pub layout: String,
    /// Whether hexadecimal was in upper case, which the documented receivers refuse.
    pub upper_case: bool,
    /// What an accepted variant earns.
    pub note: Option<&'h str>,
}

impl Presented<'_> {
    /// What the signed template is filled with to check these MACs over `body`.
    pub fn fields<'a>(&'a self, body: &'a [u8]) -> Fields<'a> {
        Fields {
            timestamp: self.timestamp.unwrap_or_default(),
            id: self.id.unwrap_or_default(),
            body,
            signature: "",
        }
    }
}

/// Why there is nothing to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// The header is not there.
    Missing(String),
    /// A header cannot be read; the text says how.
    Malformed(String),
}

/// Reads what `headers` present under `scheme`.
pub fn read<'h>(scheme: &'h Scheme, headers: &'h Headers) -> Result<Presented<'h>, Unreadable> {
    let value = single(headers, &scheme.header)?;
    if value.is_empty() {
        return Err(malformed(format!(
            "the header `{}` is empty",
            scheme.header
        )));
    }
    let mut presented = match read_value(scheme, &scheme.value, value) {
        Ok(presented) => presented,
        Err(reason) => read_variant(scheme, value).ok_or_else(|| malformed(reason))?,
    };
    if let Some(name) = &scheme.timestamp_header {
        presented.timestamp = Some(timestamp(single(headers, name)?).map_err(malformed)?);
    }
    if let Some(name) = &scheme.id_header {
        presented.id = Some(single(headers, name)?);
    }
    Ok(presented)
}

fn malformed(reason: impl Into<String>) -> Unreadable {
    Unreadable::Malformed(reason.into())
}

/// The value of a header that must stand once, as visible ASCII.
fn single<'h>(headers: &'h Headers, name: &str) -> Result<&'h str, Unreadable> {
    let value = headers
        .get(name)
        .ok_or_else(|| Unreadable::Missing(name.into()))?;
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

fn read_variant<'h>(scheme: &'h Scheme, value: &'h str) -> Option<Presented<'h>> {
    scheme.also_accepted.iter().find_map(|variant| {
        let mut presented = read_value(scheme, &variant.value, value).ok()?;
        presented.note = Some(&variant.note);
        Some(presented)
    })
}

fn read_value<'h>(
    scheme: &Scheme,
    layout: &'h ValueLayout,
    value: &'h str,
) -> Result<Presented<'h>, String> {
    let mut presented = Presented {
        timestamp: None,
        id: None,
        macs: Vec::new(),
        layout: layout.name(scheme.encoding),
        upper_case: false,
        note: None,
    };
    match layout.reading {
        Reading::Positional => read_positional(scheme, layout, value, &mut presented)?,
        Reading::AnyOrder => read_any_order(scheme, layout, value, &mut presented)?,
    }
    Ok(presented)
}

fn read_positional<'h>(
    scheme: &Scheme,
    layout: &'h ValueLayout,
    value: &'h str,
    presented: &mut Presented<'h>,
) -> Result<(), String> {
    let mut parts = layout.split(value);
    for template in &layout.parts {
        let found = parts.next().and_then(|part| template.match_one(part));
        let (place, text) = found.ok_or_else(|| expected(scheme, layout))?;
        take(scheme, place, text, presented)?;
    }
    Ok(())
}

fn read_any_order<'h>(
    scheme: &Scheme,
    layout: &'h ValueLayout,
    value: &'h str,
    presented: &mut Presented<'h>,
) -> Result<(), String> {
    let mut first_error = None;
    for part in layout.split(value) {
        let found = layout
            .parts
            .iter()
            .find_map(|template| template.match_one(part));
        let Some((place, text)) = found else { continue };
        if let Err(error) = take(scheme, place, text, presented) {
            first_error.get_or_insert(error);
        }
    }
    let wants_time = layout.parts.iter().any(|part| part.has(&Piece::Timestamp));
    if presented.macs.is_empty() || (wants_time && presented.timestamp.is_none()) {
        return Err(first_error.unwrap_or_else(|| expected(scheme, layout)));
    }
    Ok(())
}

fn take<'h>(
    scheme: &Scheme,
    place: &Piece,
    text: &'h str,
    presented: &mut Presented<'h>,
) -> Result<(), String> {
    if *place == Piece::Timestamp {
        presented.timestamp = Some(timestamp(text)?);
        return Ok(());
    }
    presented.upper_case |=
        scheme.encoding == Encoding::Hex && text.bytes().any(|byte| byte.is_ascii_uppercase());
    presented.macs.push(decode_mac(scheme, text)?);
    Ok(())
}

fn decode_mac(scheme: &Scheme, text: &str) -> Result<Vec<u8>, String> {
    let size = scheme.digest.size();
    match scheme.encoding {
        Encoding::Hex => {
            if text.len() != size * 2 {
                return Err(format!(
                    "the signature has {} characters, expected {} hex digits",
                    text.len(),
                    size * 2
                ));
            }
            hex::decode(text).map_err(|_| "the signature is not hexadecimal".into())
        }
        Encoding::Base64 | Encoding::Text => match BASE64.decode(text) {
            Ok(mac) if mac.len() == size => Ok(mac),
            Ok(mac) => Err(format!(
                "the signature has {} bytes, expected {size}",
                mac.len()
            )),
            Err(_) => Err("the signature is not base64".into()),
        },
    }
}

fn timestamp(text: &str) -> Result<&str, String> {
    let digits = (1..=TIMESTAMP_DIGITS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits {
        Ok(text)
    } else {
        Err(format!(
            "the timestamp is not 1 to {TIMESTAMP_DIGITS} digits of unix seconds"
        ))
    }
}

fn expected(scheme: &Scheme, layout: &ValueLayout) -> String {
    format!(
        "the header `{}` is not of the form `{}`",
        scheme.header,
        layout.describe(scheme.digest, scheme.encoding)
    )
}
