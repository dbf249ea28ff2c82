//! What is made of an arrival: one decision, so that what is answered and what is forwarded can't
//! disagree.

use serde_json::json;

use crate::delivery::{EventFilter, Request, Status, Timestamp, Verdict};
use crate::http::{Arrival, Problem, Reply, Target};
use crate::provider::{Catalogue, Keyring, Policy, RequestVerdict, verify_request};
use crate::signature::Allowance;

/// When a sender for whose body there was no room may try again, in seconds.
const RETRY_AFTER: &str = "5";

/// Fields that a proxy or a tunnel adds: its address is not that of whoever sent.
const PROXY_FIELDS: [&str; 2] = ["Forwarded", "X-Forwarded-For"];

/// Said where so many signatures are wrong that the cause of this one is not looked for.
const UNDIAGNOSED: &str =
    "no cause was looked for among so many wrong signatures; `webhook verify` looks for it";

/// What is done with deliveries that are not genuine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InvalidPolicy {
    /// Answered 401, not forwarded.
    #[default]
    Reject,
    /// Let through.
    Forward,
}

/// Where deliveries of some events go.
#[derive(Debug, Clone)]
pub struct Route {
    /// The events.
    pub filter: EventFilter,
    /// The application.
    pub target: Target,
}

/// Whose answer the sender gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnswerMode {
    /// The application's.
    #[default]
    App,
    /// This program's, at once.
    Now,
}

/// What decisions rest on.
pub struct Rules {
    /// The providers.
    pub catalogue: Catalogue,
    /// Their secrets.
    pub keyring: Keyring,
    /// How requests are verified.
    pub policy: Policy,
    /// What is done with deliveries that are not genuine.
    pub on_invalid: InvalidPolicy,
    /// The statuses to answer, whatever came, in turn for each event id; the last one stays. None
    /// where the answer depends on what came.
    pub respond: Vec<u16>,
    /// Whose answer the sender gets of what is forwarded.
    pub answer: AnswerMode,
    /// Where deliveries go on to.
    pub routes: Vec<Route>,
    /// The events that go on at all.
    pub events: EventFilter,
}

/// What is made of an arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Whose it is.
    pub provider: Option<String>,
    /// The event's name.
    pub event: Option<String>,
    /// The provider's id of the event.
    pub event_id: Option<String>,
    /// Whether it is genuine.
    pub verdict: Verdict,
    /// Who answers.
    pub responder: Responder,
    /// The places of the routes along which it is forwarded.
    pub routes: Vec<usize>,
    /// Whether the sender may learn what only the owner of this machine should.
    pub is_from_owner: bool,
}

/// Who answers a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Responder {
    /// This program.
    Listener(Reply),
    /// The script, whatever came.
    Script,
    /// The application that it is forwarded to.
    Application,
}

impl Rules {
    /// What is made of an arrival at the moment `now`. The cause of a wrong signature, which takes
    /// longer to find than all else, is looked for only where `diagnoses` says so.
    pub fn decide(&self, arrival: &Arrival, now: Timestamp, diagnoses: bool) -> Decision {
        let is_from_owner = is_from_owner(arrival);
        if let Some(problem) = arrival.problem {
            return incomplete(problem, is_from_owner);
        }
        let request = &arrival.request;
        let policy = self.policy(request, diagnoses);
        let mut verified = verify_request(&self.catalogue, &self.keyring, &policy, request, now);
        if !diagnoses && self.may_have_cause(&verified.verdict, arrival) && !self.keyring.is_local()
        {
            verified.verdict.hint = Some(UNDIAGNOSED.into());
        }
        note_odd_body(&mut verified, request);
        let routes = self.routes(verified.verdict.status, verified.event.as_deref());
        Decision {
            provider: verified.provider.map(|provider| provider.name().to_owned()),
            responder: self.responder(&verified.verdict, &routes, is_from_owner),
            event: verified.event,
            event_id: verified.event_id,
            verdict: verified.verdict,
            routes,
            is_from_owner,
        }
    }

    /// Whether a verdict that was reached without looking for a cause may come out with one.
    pub(super) fn may_have_cause(&self, verdict: &Verdict, arrival: &Arrival) -> bool {
        let is_wrong = match verdict.status {
            Status::Mismatch | Status::Malformed => true,
            // With the local secret alone, a wrong signature is no mismatch.
            Status::Unverified => self.keyring.is_local(),
            Status::Valid | Status::Stale | Status::Missing => false,
        };
        let is_small = arrival.request.body.len() <= self.policy.allowance.largest_body;
        is_wrong && is_small && verdict.cause.is_none() && arrival.problem.is_none()
    }

    fn policy(&self, request: &Request, diagnoses: bool) -> Policy {
        let mut policy = self.policy.clone();
        if !diagnoses && request.body.len() <= policy.allowance.largest_body {
            policy.allowance = Allowance::NONE;
        }
        policy
    }

    /// The routes of an event, where the delivery is let through.
    fn routes(&self, status: Status, event: Option<&str>) -> Vec<usize> {
        if !self.accepts(status) || !self.events.matches_known(event) {
            return Vec::new();
        }
        let routes = self.routes.iter().enumerate();
        routes
            .filter(|(_, route)| route.filter.matches_known(event))
            .map(|(place, _)| place)
            .collect()
    }

    fn responder(&self, verdict: &Verdict, routes: &[usize], is_from_owner: bool) -> Responder {
        if !self.respond.is_empty() {
            return Responder::Script;
        }
        if !self.accepts(verdict.status) {
            return Responder::Listener(refusal(verdict, is_from_owner));
        }
        if !routes.is_empty() && self.answer == AnswerMode::App {
            return Responder::Application;
        }
        Responder::Listener(Reply::json(200, r#"{"received":true}"#))
    }

    fn accepts(&self, status: Status) -> bool {
        matches!(status, Status::Valid | Status::Unverified)
            || self.on_invalid == InvalidPolicy::Forward
    }
}

/// Whether an arrival comes from this machine itself. What a proxy or a tunnel here passes on comes
/// from somewhere else.
fn is_from_owner(arrival: &Arrival) -> bool {
    let headers = &arrival.request.headers;
    arrival.remote.ip().to_canonical().is_loopback()
        && !PROXY_FIELDS.iter().any(|name| headers.contains(name))
}

/// Notes a genuine body that is not what its provider sends. It is still what was signed, so it is
/// no reason to refuse it: a sender that is refused sends it again, for ever.
fn note_odd_body(verified: &mut RequestVerdict<'_>, request: &Request) {
    if let Some(provider) = verified.provider
        && verified.verdict.is_valid()
        && !crate::json::is_json(&request.body)
    {
        let note = format!("the body is not JSON, which {} sends", provider.name());
        verified.verdict.notes.push(note);
    }
}

/// The decision on a request whose body did not come to its end.
fn incomplete(problem: Problem, is_from_owner: bool) -> Decision {
    let (status, message) = match problem {
        Problem::TooLarge { limit } => (413, format!("the body is larger than {limit} bytes")),
        Problem::NoRoom => (503, "too many other bodies are being handled".into()),
        Problem::Stalled => (408, "the body did not come in time".into()),
        Problem::Aborted => (400, "the sender left before the body was complete".into()),
    };
    let mut reply = error(status, &message);
    if problem == Problem::NoRoom {
        reply = reply.with("Retry-After", RETRY_AFTER);
    }
    Decision {
        provider: None,
        event: None,
        event_id: None,
        responder: Responder::Listener(reply),
        verdict: Verdict::new(Status::Unverified).because(message),
        routes: Vec::new(),
        is_from_owner,
    }
}

/// The answer to what is not genuine. A stranger learns that, and not why: the reason names secrets,
/// other providers, and how near a guess came.
fn refusal(verdict: &Verdict, is_from_owner: bool) -> Reply {
    let mut body = json!({
        "error": "the signature is not valid", "verdict": verdict.status,
    });
    if is_from_owner {
        if let Some(reason) = &verdict.reason {
            body["error"] = reason.as_str().into();
        }
        if let Some(hint) = &verdict.hint {
            body["hint"] = hint.as_str().into();
        }
    }
    Reply::json(401, &body.to_string())
}

/// An answer that says what is wrong.
pub(super) fn error(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "error": message }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_for_whom_there_is_no_room_is_told_when_to_come_back() {
        for (problem, status, retry_after) in [
            (Problem::NoRoom, 503, Some("5")),
            (Problem::Stalled, 408, None),
        ] {
            let Responder::Listener(reply) = incomplete(problem, false).responder else {
                panic!("an answer of the listener's own");
            };
            assert_eq!(reply.status, status);
            assert_eq!(reply.headers.text("retry-after"), retry_after);
        }
    }
}
