//! Reading captures, whoever wrote them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::form::{FactsForm, ValueForm, text_of_any};
use super::{Capture, CaptureError, VERSION};
use crate::delivery::{DeliverySource, Headers, Request, Verdict};

/// Reads one capture from the text of one JSON object.
pub fn read(text: &str) -> Result<Capture, CaptureError> {
    serde_json::from_str::<ReadForm<'_>>(text)?.into_capture()
}

/// The same with another text in the place of the one that the body is.
pub fn read_around(text: &str, body: Vec<u8>) -> Result<Capture, CaptureError> {
    let mut form = serde_json::from_str::<ReadForm<'_>>(text)?;
    form.request.body = BodyForm(body);
    form.into_capture()
}

/// The text of a body.
struct BodyForm(Vec<u8>);

impl<'de> Deserialize<'de> for BodyForm {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        String::deserialize(reader).map(|text| Self(text.into()))
    }
}

impl ReadForm<'_> {
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

/// Reads what [`super::headers_to_json`] wrote.
pub fn headers_from_json(text: &str) -> Result<Headers, CaptureError> {
    decode_headers(serde_json::from_str(text)?)
}

/// With the members of [`FactsForm`] one by one: a flattened struct takes copies of all of them first.
#[derive(Deserialize)]
struct ReadForm<'a> {
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
    request: ReadRequestForm<'a>,
    response: Option<Value>,
}

#[derive(Deserialize)]
struct ReadRequestForm<'a> {
    method: Option<String>,
    target: Option<String>,
    version: Option<String>,
    #[serde(borrow)]
    headers: Vec<(Cow<'a, str>, ValueForm<'a>)>,
    body: BodyForm,
    #[serde(borrow)]
    body_encoding: Option<Cow<'a, str>>,
    body_bytes: Option<Value>,
    body_complete: Option<bool>,
}

impl ReadRequestForm<'_> {
    fn into_request(self) -> Result<Request, CaptureError> {
        let BodyForm(body) = self.body;
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
