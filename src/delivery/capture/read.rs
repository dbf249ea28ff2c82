//! Reading captures, whoever wrote them.

use std::borrow::Cow;
use std::{iter, slice};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::form::{FactsForm, ValueForm, text_of_any};
use super::{Capture, CaptureError, VERSION};
use crate::delivery::{DeliverySource, Headers, Request, Verdict};

/// Reads one capture from the text of one JSON object.
pub fn read(text: &str) -> Result<Capture, CaptureError> {
    match serde_json::from_str::<ReadForm<'_, Unescaped>>(text) {
        Ok(form) => form.into_capture(),
        // Tells what is wrong, and where.
        Err(_) => serde_json::from_str::<ReadForm<'_, Cow<'_, str>>>(text)?.into_capture(),
    }
}

impl<B: Into<String>> ReadForm<'_, B> {
    fn into_capture(self) -> Result<Capture, CaptureError> {
        let form = self;
        if let Some(version) = form.v.filter(|v| *v > VERSION) {
            return Err(CaptureError::Version(version));
        }
        if let Some(kind) = form.kind.filter(|kind| kind != "delivery") {
            return Err(CaptureError::Kind(kind.into_owned()));
        }
        let status = form
            .response
            .as_ref()
            .and_then(|response| response.get("status")?.as_u64());
        Ok(Capture {
            facts: FactsForm {
                id: form.id,
                received_at: form.received_at,
                source: form.source,
                remote: form.remote,
                provider: form.provider,
                event: form.event,
                event_id: form.event_id,
                duplicate_of: form.duplicate_of,
                verdict: form.verdict,
            },
            body_bytes: form.request.body_bytes.as_ref().and_then(Value::as_u64),
            request: form.request.into_request()?,
            response_status: status.and_then(|status| u16::try_from(status).ok()),
        })
    }
}

/// The text of a body, of which a JSON body has a quarter in escapes: `serde_json` takes each on its own,
/// which is most of what reading a capture takes.
struct Unescaped(String);

impl<'de> Deserialize<'de> for Unescaped {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(reader)?.get();
        let text = unescape(raw.as_bytes()).and_then(|text| String::from_utf8(text).ok());
        text.map(Self)
            .ok_or_else(|| D::Error::custom("not a string"))
    }
}

impl From<Unescaped> for String {
    fn from(text: Unescaped) -> Self {
        text.0
    }
}

/// What a string of JSON says, which a parser has found to be whole (RFC 8259, section 7); `None` of another
/// value, and of half of a character.
fn unescape(raw: &[u8]) -> Option<Vec<u8>> {
    let raw = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    // An escape is never shorter than what it stands for.
    let mut text = vec![0; raw.len()];
    let mut slots = text.iter_mut();
    let mut rest = raw.iter();
    while let Some(&byte) = rest.next() {
        let byte = match byte {
            b'\\' => match *rest.next()? {
                escape @ (b'"' | b'\\' | b'/') => escape,
                b'b' => 0x08,
                b'f' => 0x0c,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'u' => {
                    let c = escaped_char(&mut rest)?;
                    let utf8 = &mut [0; 4];
                    let utf8 = c.encode_utf8(utf8).bytes();
                    utf8.zip(&mut slots).for_each(|(byte, slot)| *slot = byte);
                    continue;
                }
                _ => return None,
            },
            byte => byte,
        };
        *slots.next()? = byte;
    }
    let unused = slots.len();
    text.truncate(text.len() - unused);
    Some(text)
}

/// The character behind `\u`, of one unit of UTF-16 or of two.
fn escaped_char(rest: &mut slice::Iter<'_, u8>) -> Option<char> {
    let first = unit(rest)?;
    let mut second = None;
    if (0xd800..0xdc00).contains(&first) {
        let is_next = rest.next() == Some(&b'\\') && rest.next() == Some(&b'u');
        second = Some(unit(rest).filter(|_| is_next)?);
    }
    let units = iter::once(first).chain(second);
    char::decode_utf16(units).next()?.ok()
}

/// Four digits.
fn unit(rest: &mut slice::Iter<'_, u8>) -> Option<u16> {
    let (digits, behind) = rest.as_slice().split_at_checked(4)?;
    *rest = behind.iter();
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// Reads what [`super::headers_to_json`] wrote.
pub fn headers_from_json(text: &str) -> Result<Headers, CaptureError> {
    decode_headers(serde_json::from_str(text)?)
}

/// With the members of [`FactsForm`] one by one: a flattened struct takes copies of all of them first.
#[derive(Deserialize)]
#[serde(bound(deserialize = "B: Deserialize<'de>"))]
struct ReadForm<'a, B> {
    v: Option<u32>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    id: Option<String>,
    #[serde(default, deserialize_with = "text_of_any")]
    received_at: Option<String>,
    source: Option<DeliverySource>,
    remote: Option<String>,
    provider: Option<String>,
    event: Option<String>,
    event_id: Option<String>,
    duplicate_of: Option<String>,
    verdict: Option<Verdict>,
    #[serde(borrow)]
    request: ReadRequestForm<'a, B>,
    response: Option<Value>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "B: Deserialize<'de>"))]
struct ReadRequestForm<'a, B> {
    method: Option<String>,
    target: Option<String>,
    version: Option<String>,
    #[serde(borrow)]
    headers: Vec<(Cow<'a, str>, ValueForm<'a>)>,
    body: B,
    #[serde(borrow)]
    body_encoding: Option<Cow<'a, str>>,
    body_bytes: Option<Value>,
    body_complete: Option<bool>,
}

impl<B: Into<String>> ReadRequestForm<'_, B> {
    fn into_request(self) -> Result<Request, CaptureError> {
        let body = self.body.into().into_bytes();
        let body = match self.body_encoding.as_deref() {
            Some("base64") => BASE64
                .decode(body)
                .map_err(|_| CaptureError::Base64("request.body"))?,
            Some("utf8") | None => body,
            Some(other) => return Err(CaptureError::Encoding(other.to_owned())),
        };
        Ok(Request {
            method: self.method.unwrap_or_else(|| "POST".into()),
            origin: None,
            target: self.target.unwrap_or_else(|| "/".into()),
            version: self.version.unwrap_or_else(|| "HTTP/1.1".into()),
            headers: decode_headers(self.headers)?,
            body: body.into(),
            body_complete: self.body_complete.unwrap_or(true),
        })
    }
}

fn decode_headers(fields: Vec<(Cow<'_, str>, ValueForm<'_>)>) -> Result<Headers, CaptureError> {
    let decode = |(name, value): (Cow<'_, str>, ValueForm<'_>)| {
        let value = match value {
            ValueForm::Text(text) => Bytes::from(text.into_owned()),
            ValueForm::Bytes { base64 } => BASE64
                .decode(base64)
                .map_err(|_| CaptureError::Base64("request.headers"))?
                .into(),
        };
        Ok((name.into_owned(), value))
    };
    fields.into_iter().map(decode).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_string_says_what_a_parser_reads_in_it(text: String, escapes_all: bool) {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            let json = if escapes_all {
                format!("\"{}\"", units.collect::<String>())
            } else {
                serde_json::to_string(&text).unwrap()
            };
            let read: String = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&read, &text);
            prop_assert_eq!(unescape(json.as_bytes()), Some(text.into_bytes()));
        }
    }

    #[test]
    fn a_body_that_is_no_text_is_told_of_where_it_stands() {
        for body in [
            "1",
            "null",
            r#""\ud83d""#,
            r#""\udd9f""#,
            r#""\ud83d\u0041""#,
            r#""\x""#,
        ] {
            let text = format!(r#"{{"request":{{"headers":[],"body":{body}}}}}"#);
            let told = read(&text).unwrap_err().to_string();
            let expected = serde_json::from_str::<ReadForm<'_, Cow<'_, str>>>(&text);
            let expected = CaptureError::from(expected.err().unwrap()).to_string();
            assert_eq!(told, expected);
        }
        let solidus = r#"{"request":{"headers":[],"body":"\/\b\f\n\r\t\"\\"}}"#;
        let body = read(solidus).unwrap().request.body;
        assert_eq!(&body[..], b"/\x08\x0c\n\r\t\"\\");
    }
}
