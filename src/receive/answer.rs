//! What the sender is answered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::is_json;
use super::seen::REMEMBERED;
use crate::delivery::{Request, Status};
use crate::http::{Problem, Reply};
use crate::provider::RequestVerdict;

/// When a sender for whose body there was no room may try again, in seconds.
const RETRY_AFTER: &str = "5";

/// What is done with deliveries that are not genuine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InvalidPolicy {
    /// Answered 401, not forwarded.
    #[default]
    Reject,
    /// Let through.
    Forward,
}

/// How answers are chosen.
#[derive(Default)]
pub struct Answers {
    on_invalid: InvalidPolicy,
    script: Vec<u16>,
    /// How far the script was walked, by event id.
    walked: Mutex<HashMap<String, usize>>,
}

impl Answers {
    /// Answers by rule, or, where `script` has any, by its statuses in turn for each event id; its
    /// last one stays.
    pub fn new(on_invalid: InvalidPolicy, script: Vec<u16>) -> Self {
        Self {
            on_invalid,
            script,
            walked: Mutex::default(),
        }
    }

    /// Whether the answers are scripted.
    pub fn is_scripted(&self) -> bool {
        !self.script.is_empty()
    }

    /// Whether a delivery with this verdict is let through.
    pub fn accepts(&self, status: Status) -> bool {
        matches!(status, Status::Valid | Status::Unverified)
            || self.on_invalid == InvalidPolicy::Forward
    }

    /// The answer to a request.
    pub fn reply(
        &self,
        judged: &RequestVerdict<'_>,
        request: &Request,
        problem: Option<Problem>,
    ) -> Reply {
        if let Some(problem) = problem {
            let status = match problem {
                Problem::TooLarge { .. } => 413,
                Problem::Stalled => 408,
                Problem::Aborted => 400,
                Problem::NoRoom => 503,
            };
            let reply = error(status, &describe(problem));
            return match problem {
                Problem::NoRoom => reply.with("Retry-After", RETRY_AFTER),
                _ => reply,
            };
        }
        if let Some(status) = self.scripted(judged.event_id.as_deref()) {
            return Reply::json(
                status,
                &json!({"received": true, "scripted": status}).to_string(),
            );
        }
        let verdict = &judged.verdict;
        if !self.accepts(verdict.status) {
            let reason = verdict
                .reason
                .as_deref()
                .unwrap_or("the signature is not valid");
            let mut body = json!({"error": reason, "verdict": verdict.status});
            if let Some(hint) = &verdict.hint {
                body["hint"] = hint.as_str().into();
            }
            return Reply::json(401, &body.to_string());
        }
        if self.on_invalid == InvalidPolicy::Reject && verdict.is_valid() && !is_json(request) {
            return error(400, "the signature is valid but the body is not JSON");
        }
        Reply::json(200, r#"{"received":true}"#)
    }

    fn scripted(&self, event_id: Option<&str>) -> Option<u16> {
        let last = self.script.last()?;
        let mut walked = self.walked.lock().unwrap_or_else(PoisonError::into_inner);
        if walked.len() >= REMEMBERED {
            walked.clear();
        }
        let place = walked
            .entry(event_id.unwrap_or_default().to_owned())
            .or_default();
        let status = self.script.get(*place).unwrap_or(last);
        *place += 1;
        Some(*status)
    }
}

/// What went wrong while a body was received.
pub(super) fn describe(problem: Problem) -> String {
    match problem {
        Problem::TooLarge { limit } => format!("the body is larger than {limit} bytes"),
        Problem::NoRoom => "too many bytes of other bodies are being handled".into(),
        Problem::Stalled => "the body did not come in time".into(),
        Problem::Aborted => "the sender left before the body was complete".into(),
    }
}

/// The answer where the log could not take the delivery: the sender shall try again.
pub(super) fn not_kept() -> Reply {
    error(503, "the delivery could not be kept")
}

/// An answer that says what is wrong.
pub(super) fn error(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "error": message }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Headers, Verdict};

    #[test]
    fn a_sender_for_whom_there_is_no_room_is_told_when_to_come_back() {
        let answers = Answers::new(InvalidPolicy::Reject, Vec::new());
        let judged = RequestVerdict {
            provider: None,
            event: None,
            event_id: None,
            verdict: Verdict::new(Status::Unverified),
        };
        let request = Request::post("/", Headers::new(), "");
        let reply = answers.reply(&judged, &request, Some(Problem::NoRoom));
        assert_eq!(reply.status, 503);
        assert_eq!(reply.headers.text("retry-after"), Some("5"));
        let reply = answers.reply(&judged, &request, Some(Problem::Stalled));
        assert_eq!(reply.headers.text("retry-after"), None);
    }
}
