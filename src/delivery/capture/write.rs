//! Writing deliveries and attempts as lines of JSON.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Serialize, Serializer};

use super::form::ValueForm;
use super::{About, VERSION};
use crate::delivery::{
    Answer, Attempt, Delivery, DeliverySource, Failure, Headers, Signing, Trigger, Verdict,
};

/// About how long a line is without its body.
const FACTS_BYTES: usize = 1024;

impl Delivery {
    /// The capture as one line of JSON, without a line end.
    pub fn to_json(&self) -> String {
        let (body, body_encoding) = encode_body(&self.request.body);
        let form = DeliveryForm {
            v: VERSION,
            kind: "delivery",
            id: &self.id,
            received_at: self.received_at.to_string(),
            source: &self.source,
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
                headers: HeadersForm(&self.request.headers),
                body,
                body_encoding,
                body_bytes: self.request.body.len(),
                body_complete: self.request.body_complete,
            },
            response: self.response_status.map(|status| StatusForm { status }),
        };
        line(&form, self.request.body.len())
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
            cause: self.trigger,
            url: &self.url,
            started_at: self.started_at.to_string(),
            duration_ms: (self.duration_ms * 1000.0).round() / 1000.0,
            signing: self.signing,
            response: self.outcome.as_ref().ok().map(AnswerForm::of),
            error: self.outcome.as_ref().err(),
        };
        let answer = self.outcome.as_ref();
        line(&form, answer.map_or(0, |answer| answer.body.len()))
    }
}

/// Headers as JSON text: `[["Name","value"],…]`, the form of captures and of the log.
pub fn headers_to_json(headers: &Headers) -> String {
    line(&HeadersForm(headers), 0)
}

/// The JSON of a form with a body of `body_bytes`, for which room is made at once.
fn line<T: Serialize>(form: &T, body_bytes: usize) -> String {
    let mut line = Vec::with_capacity(FACTS_BYTES + body_bytes + body_bytes / 4);
    // Fails only for maps with keys that are no strings, and there are none.
    let written = serde_json::to_writer(&mut line, form);
    let text = written.ok().and_then(|()| String::from_utf8(line).ok());
    text.unwrap_or_default()
}

#[derive(Serialize)]
struct DeliveryForm<'a> {
    v: u32,
    kind: &'static str,
    id: &'a str,
    received_at: String,
    source: &'a DeliverySource,
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
struct StatusForm {
    status: u16,
}

#[derive(Serialize)]
struct RequestForm<'a> {
    method: &'a str,
    target: &'a str,
    version: &'a str,
    headers: HeadersForm<'a>,
    body: Cow<'a, str>,
    body_encoding: &'static str,
    body_bytes: usize,
    body_complete: bool,
}

#[derive(Serialize)]
struct AttemptForm<'a> {
    v: u32,
    kind: &'static str,
    id: &'a str,
    delivery_id: &'a str,
    #[serde(flatten)]
    about: About<'a>,
    cause: Trigger,
    url: &'a str,
    started_at: String,
    duration_ms: f64,
    signing: Option<Signing>,
    response: Option<AnswerForm<'a>>,
    error: Option<&'a Failure>,
}

#[derive(Serialize)]
struct AnswerForm<'a> {
    status: u16,
    headers: HeadersForm<'a>,
    body: Cow<'a, str>,
    body_encoding: &'static str,
    body_bytes: usize,
}

impl<'a> AnswerForm<'a> {
    fn of(answer: &'a Answer) -> Self {
        let (body, body_encoding) = encode_body(&answer.body);
        Self {
            status: answer.status,
            headers: HeadersForm(&answer.headers),
            body,
            body_encoding,
            body_bytes: answer.body.len(),
        }
    }
}

/// A body as text where it is UTF-8, else as base64; with the name of which.
fn encode_body(bytes: &[u8]) -> (Cow<'_, str>, &'static str) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), "utf8"),
        Err(_) => (Cow::Owned(BASE64.encode(bytes)), "base64"),
    }
}

/// Headers as `[["Name","value"],…]`.
struct HeadersForm<'a>(&'a Headers);

impl Serialize for HeadersForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.0.iter();
        serializer.collect_seq(fields.map(|(name, value)| (name, encode_value(value))))
    }
}

fn encode_value(value: &[u8]) -> ValueForm<'_> {
    match std::str::from_utf8(value) {
        Ok(text) => ValueForm::Text(Cow::Borrowed(text)),
        Err(_) => ValueForm::Bytes {
            base64: BASE64.encode(value),
        },
    }
}
