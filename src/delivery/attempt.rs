//! One request that this program sent, and what came of it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr};

use super::{Headers, Timestamp};

/// Why a request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Trigger {
    /// `listen` passed a delivery on.
    Forward,
    /// `replay` sent a logged delivery again.
    Replay,
    /// `send` composed an event.
    Send,
    /// `send --retry` followed the provider's schedule.
    Retry,
    /// `test` played the provider, friendly or hostile.
    Test,
}

impl Trigger {
    /// The name in JSON, in the log and in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Whether the signature sent was the one received or a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Signing {
    /// The original bytes and signature.
    Kept,
    /// Signed again at the time of sending.
    Fresh,
}

impl Signing {
    /// The name in JSON, in the log and in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The header fields in order.
    pub headers: Headers,
    /// The content, byte for byte.
    pub body: Bytes,
}

impl Answer {
    /// Whether the status is 2xx.
    pub const fn is_success(&self) -> bool {
        is_success(self.status)
    }

    /// How long the answer asks to wait before the next request, seen from `now` (RFC 9110, section
    /// 10.2.3): seconds, or until a date. `None` where it does not ask.
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let text = self.headers.text("retry-after")?.trim();
        let seconds = text.parse().ok().or_else(|| {
            let until = Timestamp::parse_http_date(text)?;
            Some(until.seconds().saturating_sub(now.seconds()).max(0))
        })?;
        u64::try_from(seconds).ok().map(Duration::from_secs)
    }
}

/// Whether a status is 2xx, with which a receiver takes a delivery.
pub const fn is_success(status: u16) -> bool {
    matches!(status, 200..=299)
}

/// Whether a status refuses a delivery for what it is: the other 4xx tell of the route, of a limit or
/// of the form of the request, whatever its signature.
pub const fn is_refusal(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 404 | 405 | 408 | 410 | 411 | 413..=415 | 429)
}

/// The kind of a failed exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FailureKind {
    /// Nothing listens at the address.
    Refused,
    /// No answer in time.
    Timeout,
    /// The host name has no address.
    Dns,
    /// The TLS handshake or certificate was not accepted.
    Tls,
    /// The connection ended before the answer did.
    Reset,
    /// The answer is larger than the program takes.
    TooLarge,
    /// What came back is not HTTP.
    Protocol,
    /// Anything else, such as an unreachable network.
    Other,
}

impl FailureKind {
    /// The name in JSON, in the log and in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The kind, for scripts.
    pub kind: FailureKind,
    /// One line for people.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// One request that was sent: a row of its own under its delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// `att_` and a ULID.
    pub id: String,
    /// The delivery that was sent; for `send`, the id given to the composed one.
    pub delivery_id: String,
    /// Why it was sent.
    pub trigger: Trigger,
    /// Where to, with a mark in the place of user information.
    pub url: String,
    /// When it started.
    pub started_at: Timestamp,
    /// From the start to the last byte of the answer, or to the failure.
    pub duration_ms: f64,
    /// Whether the signature was the original one; `None` where the request carries none of ours.
    pub signing: Option<Signing>,
    /// The answer, or why there is none.
    pub outcome: Result<Answer, Failure>,
}

impl Attempt {
    /// The status answered.
    pub fn status(&self) -> Option<u16> {
        self.outcome.as_ref().ok().map(|answer| answer.status)
    }

    /// Whether the endpoint answered 2xx.
    pub fn is_success(&self) -> bool {
        self.outcome.as_ref().is_ok_and(Answer::is_success)
    }

    /// What this attempt is against the one before at the same delivery, of which `was_success` tells
    /// whether it was answered 2xx. The words are a contract.
    pub fn change_since(&self, was_success: bool) -> &'static str {
        match (was_success, self.is_success()) {
            (false, true) => "fixed",
            (false, false) => "still failing",
            (true, false) => "regressed",
            (true, true) => "still passing",
        }
    }
}
