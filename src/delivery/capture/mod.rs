//! The JSON form of a delivery and of an attempt: one object a line, `"v":1`.
//!
//! Field names are a contract: fields are only ever added. Writing keeps every byte (text where
//! the bytes are UTF-8, base64 where they are not); reading needs only `request.headers` and
//! `request.body`.

mod form;
mod read;
mod write;

use serde::Serialize;

use super::{Delivery, DeliverySource, Request, Timestamp, Verdict, id};

pub use form::{FactsForm, text_of_any};
pub use read::{headers_from_json, read, read_around};
pub use write::headers_to_json;

/// The version of the form that is written.
pub const VERSION: u32 = 1;

/// A capture as it was read: whatever its writer knew.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// What is known besides the request.
    pub facts: FactsForm,
    /// The request.
    pub request: Request,
    /// The status answered.
    pub response_status: Option<u16>,
    /// How many bytes the body had when the capture was written, where that is said.
    pub body_bytes: Option<u64>,
}

impl Capture {
    /// A capture of which nothing but the request is known.
    pub fn of(request: Request) -> Self {
        Self {
            facts: FactsForm::default(),
            request,
            response_status: None,
            body_bytes: None,
        }
    }

    /// When it was received; freshness is checked as of this moment.
    pub fn received_at(&self) -> Option<Timestamp> {
        Timestamp::parse(self.facts.received_at.as_deref()?)
    }

    /// What stands for the time of reception and is none that can be read.
    pub fn unreadable_time(&self) -> Option<&str> {
        let text = self.facts.received_at.as_deref()?;
        Timestamp::parse(text).is_none().then_some(text)
    }

    /// A delivery with this verdict: what the capture's writer did not know is made up for.
    pub fn into_delivery(self, verdict: Verdict, now: Timestamp) -> Delivery {
        let received_at = self.received_at().unwrap_or(now);
        let facts = self.facts;
        Delivery {
            id: facts.id.unwrap_or_else(id::delivery),
            received_at,
            source: facts.source.unwrap_or(DeliverySource::Import),
            remote: facts.remote,
            provider: facts.provider,
            event: facts.event,
            event_id: facts.event_id,
            duplicate_of: facts.duplicate_of,
            verdict,
            request: self.request,
            response_status: self.response_status,
        }
    }
}

#[cfg(test)]
impl From<Delivery> for Capture {
    fn from(delivery: Delivery) -> Self {
        Self {
            facts: FactsForm::of(&delivery),
            body_bytes: Some(delivery.request.body.len() as u64),
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
    /// A coding of the body that this program does not know.
    #[error("`request.body_encoding` is `{0}`, expected `utf8` or `base64`")]
    Encoding(String),
    /// A version of the form that this program does not know.
    #[error("capture version `{0}` is newer than this program reads")]
    Version(u32),
    /// A line of another kind, such as an attempt.
    #[error("a line of kind `{0}`, not a delivery")]
    Kind(String),
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
    /// Whether the answer is one that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<bool>,
    /// What of the answer is not as the provider documents it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference<'a>>,
    /// Of a replay, what the attempt is against the one before; null where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Option<&'static str>>,
}

/// What of an answer is not as documented.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Difference<'a> {
    expected: &'a str,
    got: &'a str,
}

impl<'a> Difference<'a> {
    /// Of an answer that was judged: what was expected, and what came.
    pub fn of(judged: &'a Result<(), [String; 2]>) -> Option<Self> {
        let [expected, got] = judged.as_ref().err()?;
        Some(Self { expected, got })
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
            source: DeliverySource::Other("relay".into()),
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
        assert_eq!(capture.facts, FactsForm::default());
    }

    #[test]
    fn unknown_fields_are_skipped_and_newer_versions_are_refused() {
        assert!(read(r#"{"v":1,"new":[1],"request":{"headers":[],"body":""}}"#).is_ok());
        let error = read(r#"{"v":2,"request":{"headers":[],"body":""}}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "capture version `2` is newer than this program reads"
        );
    }
}
