//! What may have happened to the body's bytes between signing and here.

use std::borrow::Cow;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::{GzDecoder, ZlibDecoder};
use url::form_urlencoded;

use super::Diagnosis;
use super::cause::{self, Cause};
use super::trial::Trial;
use crate::delivery::text::BOM;
use crate::json::JsonFields;
use crate::signature::ParsedSignature;

/// The most bytes that a compressed body is unpacked to.
const MAX_UNPACKED: u64 = 25 * 1024 * 1024;

/// The largest body of which a text several times its size is made.
const MAX_INFLATED_BY_TEXT: usize = 4 * 1024 * 1024;

/// The share of what is left that unpacking may take: the text is written, looked up and hashed with
/// each secret.
const PASSES_UNPACKED: usize = 8;

/// What programs write for a body that they do not have, or an object that is no text.
const NOT_A_BODY: &[&str] = &[
    "[object Object]",
    "undefined",
    "null",
    "None",
    "{}",
    "\"\"",
    "Array",
];

/// The members that hold an event's resource in an envelope.
const RESOURCE_MEMBERS: &[&str] = &["data", "payload", "object", "event"];

/// The body that was signed, made of the body that was received; `None` where it cannot be.
pub(super) type Undo = fn(&[u8]) -> Option<Cow<'_, [u8]>>;

/// The mistakes with a body's bytes, each with what undoes it.
pub(super) const MISTAKES: &[(Cause, Undo)] = &[
    (cause::NEWLINE_ADDED, |body| {
        Some(body.strip_suffix(b"\r\n")?.into())
    }),
    (cause::NEWLINE_ADDED, |body| {
        Some(body.strip_suffix(b"\n")?.into())
    }),
    (cause::NEWLINE_LOST, |body| {
        Some([body, b"\n"].concat().into())
    }),
    (cause::NEWLINE_LOST, |body| {
        Some([body, b"\r\n"].concat().into())
    }),
    (cause::SPACE_ADDED, |body| {
        Some(body.trim_ascii_end().into())
    }),
    (cause::SPACE_ADDED, |body| Some(body.trim_ascii().into())),
    (cause::CRLF_TO_LF, |body| Some(with_crlf(body).into())),
    (cause::LF_TO_CRLF, |body| Some(without_crlf(body).into())),
    (cause::BOM_ADDED, |body| {
        Some(body.strip_prefix(BOM)?.into())
    }),
    (cause::BOM_LOST, |body| Some([BOM, body].concat().into())),
    (cause::LINE_BREAKS_ADDED, |body| {
        Some(without_line_breaks(body).into())
    }),
    (cause::FORM_ENCODED, form_text),
    (cause::LATIN1_TO_UTF8, to_latin1),
    (cause::UTF8_AS_LATIN1, from_latin1),
    (cause::INVALID_UTF8_REPLACED, |body| {
        Some(lossy(body).into())
    }),
    (cause::BODY_EMPTY, |_| Some(Cow::default())),
    (cause::STRINGIFIED_TWICE, json_string),
    (cause::STRING_SENT, |body| {
        Some(
            serde_json::from_slice::<String>(body)
                .ok()?
                .into_bytes()
                .into(),
        )
    }),
    (cause::BUFFER_STRINGIFIED, buffer_text),
    (cause::BYTES_REPR, bytes_repr),
    (cause::BASE64_SIGNED, |body| {
        Some(BASE64.encode(body).into_bytes().into())
    }),
    (cause::BASE64_ADDED, |body| {
        Some(BASE64.decode(body.trim_ascii()).ok()?.into())
    }),
];

/// What happened to the body's bytes, where undoing it makes the signature right.
pub(super) fn find(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    let body = trial.body();
    MISTAKES
        .iter()
        .find(|(_, undo)| {
            trial.spend(body.len())
                && undo(body).is_some_and(|signed| {
                    trial.spend(signed.len()) && trial.body_proves(presented, &signed)
                })
        })
        .map(|(cause, _)| cause.found())
        .or_else(|| find_compressed(trial, presented))
        .or_else(|| find_object(trial, presented))
        .or_else(|| find_member(trial, presented))
}

/// The body that the received one unpacks to. A few KiB unpack to many MiB, so the allowance bounds
/// that, too.
fn find_compressed(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    let body = trial.body();
    let packings: [Box<dyn Read + '_>; 2] = [
        Box::new(GzDecoder::new(body)),
        Box::new(ZlibDecoder::new(body)),
    ];
    packings
        .into_iter()
        .filter_map(|packed| unpack(packed, trial.left() / PASSES_UNPACKED))
        .any(|signed| trial.spend(signed.len()) && trial.body_proves(presented, &signed))
        .then(|| cause::COMPRESSED.found())
}

fn find_object(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    let mut texts = NOT_A_BODY.iter();
    let text = texts.find(|text| trial.body_proves(presented, text.as_bytes()))?;
    Some(cause::OBJECT_SIGNED.found_in(text))
}

/// A member of the envelope that was signed in place of the whole.
fn find_member(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    if !trial.spend(trial.body().len()) {
        return None;
    }
    let envelope = JsonFields::new(trial.body())?;
    RESOURCE_MEMBERS.iter().find_map(|member| {
        let text = envelope.raw(member)?;
        let written = super::json::restringify(trial, text).unwrap_or_default();
        let signed = [text, &written]
            .into_iter()
            .any(|text| trial.body_proves(presented, text.as_bytes()));
        signed.then(|| cause::MEMBER_SIGNED.found_in(member))
    })
}

fn without_line_breaks(body: &[u8]) -> Vec<u8> {
    let kept = body.iter().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    kept.copied().collect()
}

fn without_crlf(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len());
    let mut bytes = body.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\r' || bytes.peek() != Some(&b'\n') {
            text.push(byte);
        }
    }
    text
}

fn with_crlf(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len());
    for byte in without_crlf(body) {
        if byte == b'\n' {
            text.push(b'\r');
        }
        text.push(byte);
    }
    text
}

fn unpack(packed: impl Read, largest: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let largest = MAX_UNPACKED.min(u64::try_from(largest).unwrap_or(u64::MAX));
    let size = packed.take(largest).read_to_end(&mut body).ok()?;
    (size > 0).then_some(body)
}

/// The name or the value that is all of a form. Without an escape a text is no form: that of JSON
/// has braces and quotes, which every form escapes.
fn form_text(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    let in_forms = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~!'()*+%=:,/?@$".contains(byte);
    if !body.contains(&b'%') || !body.iter().all(in_forms) {
        return None;
    }
    let (name, value) = form_urlencoded::parse(body).next()?;
    let text = if value.is_empty() { name } else { value };
    Some(text.into_owned().into_bytes().into())
}

fn to_latin1(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    let chars = std::str::from_utf8(body).ok()?.chars();
    let bytes: Result<Vec<u8>, _> = chars.map(|char| u8::try_from(u32::from(char))).collect();
    bytes.ok().map(Cow::from)
}

/// Only UTF-8 is read so by mistake: of other bytes, one that is lost would look the same.
fn from_latin1(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    std::str::from_utf8(body).ok()?;
    let text: String = body.iter().copied().map(char::from).collect();
    Some(text.into_bytes().into())
}

fn lossy(body: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(body).into_owned().into_bytes()
}

fn json_string(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    let text = std::str::from_utf8(body).ok()?;
    Some(serde_json::to_vec(text).ok()?.into())
}

/// What `JSON.stringify` makes of a Node.js Buffer.
fn buffer_text(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    let numbers = (body.len() <= MAX_INFLATED_BY_TEXT).then(|| serde_json::to_string(body))?;
    let text = format!(r#"{{"type":"Buffer","data":{}}}"#, numbers.ok()?);
    Some(text.into_bytes().into())
}

/// Python's `repr` of bytes: single quotes, unless only those stand inside.
fn bytes_repr(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    if body.len() > MAX_INFLATED_BY_TEXT {
        return None;
    }
    let quote = if body.contains(&b'\'') && !body.contains(&b'"') {
        b'"'
    } else {
        b'\''
    };
    let mut text = vec![b'b', quote];
    for byte in body {
        match byte {
            b'\t' => text.extend(b"\\t"),
            b'\n' => text.extend(b"\\n"),
            b'\r' => text.extend(b"\\r"),
            b'\\' => text.extend(b"\\\\"),
            byte if *byte == quote => text.extend([b'\\', quote]),
            b' '..=b'~' => text.push(*byte),
            _ => text.extend(format!("\\x{byte:02x}").into_bytes()),
        }
    }
    text.push(quote);
    Some(text.into())
}
