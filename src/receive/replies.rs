//! The listener's own answers.

use serde_json::json;

use crate::delivery::{Status, Verdict};
use crate::http::Reply;
use crate::provider::RequestVerdict;

/// When a sender may try again for which there was no room, in seconds.
const RETRY_AFTER: &str = "5";

/// The answer to what was taken in.
pub(super) fn received() -> Reply {
    Reply::json(200, r#"{"received":true}"#)
}

/// The answer to a genuine challenge, by which a provider learns that the endpoint is its user's: the
/// challenge itself, as Slack has it (<https://docs.slack.dev/reference/events/url_verification>).
pub(super) fn challenge(verified: &RequestVerdict<'_>) -> Option<Reply> {
    let challenge = verified.challenge.as_deref();
    let challenge = challenge.filter(|_| verified.verdict.is_valid())?;
    Some(Reply::json(
        200,
        json!({ "challenge": challenge }).to_string(),
    ))
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
