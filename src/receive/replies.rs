//! The listener's own answers.

use memchr::memmem;
use serde_json::json;

use crate::delivery::{Status, Verdict};
use crate::http::Reply;
use crate::json::JsonFields;
use crate::provider::{ExpectedAnswer, RequestVerdict};

/// When a sender may try again for which there was no room, in seconds.
const RETRY_AFTER: &str = "5";

/// The answer to what was taken in.
pub(super) fn received() -> Reply {
    Reply::json(200, r#"{"received":true}"#)
}

/// What a provider wants to be answered. No browser takes it for a page, whatever stands in it.
pub(super) fn expected(expected: &ExpectedAnswer) -> Reply {
    let ExpectedAnswer { answer, .. } = expected;
    let kind = if expected.is_json {
        "application/json"
    } else {
        "text/plain; charset=utf-8"
    };
    let usual = [
        ("Content-Type", kind),
        ("X-Content-Type-Options", "nosniff"),
    ];
    Reply {
        status: answer.status,
        headers: usual.into_iter().collect(),
        body: answer.body.clone(),
    }
    .with_all(&answer.headers)
}

/// The answer to a genuine challenge of a provider whose definition says nothing of handshakes, by which
/// it learns that the endpoint is its user's: the challenge itself, as many have it
/// (<https://docs.slack.dev/reference/events/url_verification>).
pub(super) fn echo(verified: &RequestVerdict<'_>, body: &[u8]) -> Option<Reply> {
    let definition = &verified.provider?.definition;
    if !verified.verdict.is_valid() || !definition.handshakes.is_empty() {
        return None;
    }
    // Few bodies hold the word, and it is found in much less time than the members are.
    memmem::find(body, b"challenge")?;
    let challenge = JsonFields::new(body)?.string("challenge")?;
    let answer = json!({ "challenge": challenge });
    Some(Reply::json(200, answer.to_string()))
}

/// The answer to what is not genuine. A stranger learns that, and not why: the reason names secrets,
/// other providers, and how near a guess came.
pub(super) fn refusal(verdict: &Verdict, is_from_owner: bool) -> Reply {
    let mut body = json!({
        "error": match verdict.status {
            Status::Missing => "there is no signature",
            Status::Stale => "the signature is too old",
            Status::Unverified => "the signature cannot be checked",
            Status::Valid | Status::Mismatch | Status::Malformed => "the signature is not valid",
        },
        "verdict": verdict.status,
    });
    if is_from_owner {
        if let Some(reason) = &verdict.reason {
            body["error"] = reason.as_str().into();
        }
        if let Some(hint) = &verdict.hint {
            body["hint"] = hint.as_str().into();
        }
    }
    Reply::json(401, body.to_string())
}

/// An answer to a sender that shall try again.
pub(super) fn later(message: &str) -> Reply {
    error(503, message).with("Retry-After", RETRY_AFTER)
}

/// An answer that says what is wrong.
pub(super) fn error(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({ "error": message }).to_string())
}
