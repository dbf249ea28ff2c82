//! The JSON form of a delivery and of an attempt: one object a line, `"v":1`.
//!
//! Field names are a contract: fields are only ever added. Writing keeps every byte (text where
//! the bytes are UTF-8, base64 where they are not); reading needs only `request.headers` and
//! `request.body`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Answer, Attempt, Delivery, Headers, Request, Timestamp, Verdict};

/// The version of the form that is written.
pub const VERSION: u32 = 1;

/// A capture as it was read: whatever its writer knew.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// The id its writer gave it.
    pub id: Option<String>,
    /// When it was received; freshness is judged at this moment.
    pub received_at: Option<Timestamp>,
    /// The sender's address.
    pub remote: Option<String>,
    /// The provider, where the writer knew it.
    pub provider: Option<String>,
    /// The event type.
    pub event: Option<String>,
    /// The provider's id of the event.
    pub event_id: Option<String>,
    /// The first delivery of the same event.
    pub duplicate_of: Option<String>,
    /// The verdict at the time of writing.
    pub verdict: Option<Verdict>,
    /// The request.
    pub request: Request,
    /// The status answered.
    pub response_status: Option<u16>,
}

impl Capture {
    /// A capture of which nothing but the request is known.
    pub const fn of(request: Request) -> Self {
        Self {
            id: None,
            received_at: None,
            remote: None,
            provider: None,
            event: None,
            event_id: None,
            duplicate_of: None,
            verdict: None,
            request,
            response_status: None,
        }
    }
}

impl From<Delivery> for Capture {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: Some(delivery.id),
            received_at: Some(delivery.received_at),
            remote: delivery.remote,
            provider: delivery.provider,
            event: delivery.event,
            event_id: delivery.event_id,
            duplicate_of: delivery.duplicate_of,
            verdict: Some(delivery.verdict),
            request: delivery.request,
            response_status: delivery.response_status,
        }
    }
}

/// Why a text is no capture.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// Not JSON, or not an object of this form.
    #[error("not a capture: {0}")]
    Form(#[from] serde_json::Error),
    /// Base64 that does not decode.
    #[error("`{0}` is not base64")]
    Base64(&'static str),
    /// A version of the form that this program does not know.
    #[error("capture version `{0}` is newer than this program reads")]
    Version(u32),
    /// A line of another kind, such as an attempt.
    #[error("a line of kind `{0}`, not a delivery")]
    Kind(String),
}

impl Delivery {
    /// The capture as one line of JSON, without a line end.
    pub fn to_json(&self) -> String {
        let (body, body_encoding) = encode_body(&self.request.body);
        let form = DeliveryForm {
            v: VERSION,
            kind: "delivery",
            id: &self.id,
            received_at: self.received_at.to_string(),
            remote: self.remote.as_deref(),
            provider: self.provider.as_deref(),
            event: self.event.as_deref(),
            event_id: self.event_id.as_deref(),
            duplicate_of: self.duplicate_of.as_deref(),
            verdict: &self.verdict,
            request: RequestForm {
                method: &self.request.method,
                target: &self.request.target,
                version: &self.request.version,
                headers: encode_headers(&self.request.headers),
                body,
                body_encoding,
                body_bytes: self.request.body.len(),
                body_complete: self.request.body_complete,
            },
            response: self.response_status.map(|status| StatusForm { status }),
        };
        line(&form)
    }
}

impl Attempt {
    /// The attempt as one line of JSON, without a line end.
    pub fn to_json(&self) -> String {
        self.to_json_about(About::default())
    }

    /// The same, with what is known of the delivery that was sent.
    pub fn to_json_about(&self, about: About<'_>) -> String {
        let form = AttemptForm {
            v: VERSION,
            kind: "attempt",
            id: &self.id,
            delivery_id: &self.delivery_id,
            about,
            cause: self.cause.as_str(),
            url: &self.url,
            started_at: self.started_at.to_string(),
            duration_ms: (self.duration_ms * 1000.0).round() / 1000.0,
            signing: self.signing.map(super::Signing::as_str),
            response: self.outcome.as_ref().ok().map(AnswerForm::of),
            error: self.outcome.as_ref().err().map(|failure| FailureForm {
                kind: failure.kind.as_str(),
                message: &failure.message,
            }),
        };
        line(&form)
    }
}

/// What a line about an attempt tells of its delivery; members that are not known are left out.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct About<'a> {
    /// The provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'a str>,
    /// The event type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<&'a str>,
    /// The provider's id of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<&'a str>,
}

/// Reads one capture from the text of one JSON object.
pub fn read(text: &str) -> Result<Capture, CaptureError> {
    let form: ReadForm<'_> = serde_json::from_str(text)?;
    if let Some(version) = form.v.filter(|v| *v > VERSION) {
        return Err(CaptureError::Version(version));
    }
    if let Some(kind) = form.kind.filter(|kind| kind != "delivery") {
        return Err(CaptureError::Kind(kind.into_owned()));
    }
    Ok(Capture {
        id: form.id,
        received_at: form.received_at.as_deref().and_then(Timestamp::parse),
        remote: form.remote,
        provider: form.provider,
        event: form.event,
        event_id: form.event_id,
        duplicate_of: form.duplicate_of,
        verdict: form.verdict,
        request: form.request.into_request()?,
        response_status: form.response.map(|r| r.status),
    })
}

/// Headers as JSON text: `[["Name","value"],…]`, the form of captures and of the log.
pub fn headers_to_json(headers: &Headers) -> String {
    line(&encode_headers(headers))
}

/// Reads what [`headers_to_json`] wrote.
pub fn headers_from_json(text: &str) -> Result<Headers, CaptureError> {
    decode_headers(serde_json::from_str(text)?)
}

fn line<T: Serialize>(form: &T) -> String {
    // Fails only for maps with keys that are no strings, and there are none.
    serde_json::to_string(form).unwrap_or_default()
}

#[derive(Serialize)]
struct DeliveryForm<'a> {
    v: u32,
    kind: &'static str,
    id: &'a str,
    received_at: String,
    remote: Option<&'a str>,
    provider: Option<&'a str>,
    event: Option<&'a str>,
    event_id: Option<&'a str>,
    duplicate_of: Option<&'a str>,
    verdict: &'a Verdict,
    request: RequestForm<'a>,
    response: Option<StatusForm>,
}

#[derive(Serialize)]
struct RequestForm<'a> {
    method: &'a str,
    target: &'a str,
    version: &'a str,
    headers: Vec<(Cow<'a, str>, ValueForm<'a>)>,
    body: Cow<'a, str>,
    body_encoding: &'static str,
    body_bytes: usize,
    body_complete: bool,
}

#[derive(Serialize, Deserialize)]
struct StatusForm {
    status: u16,
}

#[derive(Serialize)]
struct AttemptForm<'a> {
    v: u32,
    kind: &'static str,
    id: &'a str,
    delivery_id: &'a str,
    #[serde(flatten)]
    about: About<'a>,
    cause: &'static str,
    url: &'a str,
    started_at: String,
    duration_ms: f64,
    signing: Option<&'static str>,
    response: Option<AnswerForm<'a>>,
    error: Option<FailureForm<'a>>,
}

#[derive(Serialize)]
struct AnswerForm<'a> {
    status: u16,
    headers: Vec<(Cow<'a, str>, ValueForm<'a>)>,
    body: Cow<'a, str>,
    body_encoding: &'static str,
    body_bytes: usize,
}

impl<'a> AnswerForm<'a> {
    fn of(answer: &'a Answer) -> Self {
        let (body, body_encoding) = encode_body(&answer.body);
        Self {
            status: answer.status,
            headers: encode_headers(&answer.headers),
            body,
            body_encoding,
            body_bytes: answer.body.len(),
        }
    }
}

#[derive(Serialize)]
struct FailureForm<'a> {
    kind: &'static str,
    message: &'a str,
}

#[derive(Deserialize)]
struct ReadForm<'a> {
    v: Option<u32>,
    #[serde(borrow, default)]
    kind: Option<Cow<'a, str>>,
    id: Option<String>,
    #[serde(borrow, default)]
    received_at: Option<Cow<'a, str>>,
    remote: Option<String>,
    provider: Option<String>,
    event: Option<String>,
    event_id: Option<String>,
    duplicate_of: Option<String>,
    verdict: Option<Verdict>,
    #[serde(borrow)]
    request: ReadRequest<'a>,
    response: Option<StatusForm>,
}

#[derive(Deserialize)]
struct ReadRequest<'a> {
    method: Option<String>,
    target: Option<String>,
    version: Option<String>,
    #[serde(borrow)]
    headers: Vec<(Cow<'a, str>, ValueForm<'a>)>,
    #[serde(borrow)]
    body: Cow<'a, str>,
    #[serde(borrow, default)]
    body_encoding: Option<Cow<'a, str>>,
    body_complete: Option<bool>,
}

impl ReadRequest<'_> {
    fn into_request(self) -> Result<Request, CaptureError> {
        let body = match self.body_encoding.as_deref() {
            Some("base64") => BASE64
                .decode(self.body.as_bytes())
                .map_err(|_| CaptureError::Base64("request.body"))?,
            _ => self.body.into_owned().into_bytes(),
        };
        Ok(Request {
            method: self.method.unwrap_or_else(|| "POST".into()),
            target: self.target.unwrap_or_else(|| "/".into()),
            version: self.version.unwrap_or_else(|| "HTTP/1.1".into()),
            headers: decode_headers(self.headers)?,
            body: body.into(),
            body_complete: self.body_complete.unwrap_or(true),
        })
    }
}

/// A header's value: text, or `{"base64":"…"}` where the bytes are not UTF-8.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ValueForm<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Bytes { base64: String },
}

fn encode_headers(headers: &Headers) -> Vec<(Cow<'_, str>, ValueForm<'_>)> {
    headers
        .iter()
        .map(|(name, value)| (Cow::Borrowed(name), encode_value(value)))
        .collect()
}

fn encode_value(value: &[u8]) -> ValueForm<'_> {
    match std::str::from_utf8(value) {
        Ok(text) => ValueForm::Text(Cow::Borrowed(text)),
        Err(_) => ValueForm::Bytes {
            base64: BASE64.encode(value),
        },
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

/// A body as text where it is UTF-8, else as base64; with the name of the encoding.
fn encode_body(body: &[u8]) -> (Cow<'_, str>, &'static str) {
    match std::str::from_utf8(body) {
        Ok(text) => (Cow::Borrowed(text), "utf8"),
        Err(_) => (Cow::Owned(BASE64.encode(body)), "base64"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Status;
    use proptest::prelude::*;

    fn delivery(headers: Vec<(String, Vec<u8>)>, body: Vec<u8>) -> Delivery {
        Delivery {
            id: "dlv_1".into(),
            received_at: Timestamp::from_micros(1_768_732_201_123_456),
            remote: Some("127.0.0.1:50812".into()),
            provider: Some("olympus".into()),
            event: None,
            event_id: None,
            duplicate_of: None,
            verdict: Verdict::new(Status::Unverified),
            request: Request::post("/hook?x=1", headers.into_iter().collect(), body),
            response_status: Some(200),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_byte_for_byte(
            headers in prop::collection::vec(("[A-Za-z-]{1,12}", prop::collection::vec(any::<u8>(), 0..20)), 0..6),
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let delivery = delivery(headers, body);
            let line = delivery.to_json();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(read(&line).unwrap(), Capture::from(delivery));
        }
    }

    #[test]
    fn headers_and_body_are_enough() {
        let capture = read(r#"{"request":{"headers":[["A","1"],["a","2"]],"body":"{}"}}"#).unwrap();
        assert_eq!(capture.request.headers.get_all("A").count(), 2);
        assert_eq!(capture.received_at, None);
    }

    #[test]
    fn unknown_fields_are_passed_over_and_newer_versions_are_not() {
        assert!(read(r#"{"v":1,"new":[1],"request":{"headers":[],"body":""}}"#).is_ok());
        let error = read(r#"{"v":2,"request":{"headers":[],"body":""}}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "capture version `2` is newer than this program reads"
        );
    }
}
