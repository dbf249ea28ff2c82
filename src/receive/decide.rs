//! What is made of an arrival: one decision, so that what is answered and what is forwarded can't
//! disagree.

use super::replies::{echo, error, expected, later, received, refusal};
use super::rules::{AnswerMode, Rules};
use crate::delivery::{Delivery, DeliverySource, Request, Status, Timestamp, Verdict};
use crate::http::{Arrival, Problem, Reply};
use crate::provider::{ExpectedAnswer, Policy, RequestVerdict, verify_request};
use crate::signature::Allowance;

/// Fields that a proxy or a tunnel adds: its address is not that of whoever sent.
const PROXY_FIELDS: [&str; 2] = ["Forwarded", "X-Forwarded-For"];

/// Said where so many signatures are wrong that the cause of this one is not looked for.
const UNDIAGNOSED: &str =
    "no cause was looked for among so many wrong signatures; `webhook verify` looks for it";

/// Said where an application does not keep up; the delivery is kept, and nothing forwarded.
const BUSY: &str = "too many deliveries wait for the application";

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
    /// Whether it delivers nothing and only asks.
    pub is_probe: bool,
    /// What its provider wants to be answered, of a handshake: each of these will do, and where there
    /// are none, any 2xx. `None` of everything else.
    pub handshake: Option<Vec<ExpectedAnswer>>,
    /// Whether the cause of its wrong signature is still to be looked for.
    pub is_undiagnosed: bool,
    /// Whether the sender may learn what only the owner of this machine should.
    pub is_from_owner: bool,
}

impl Decision {
    /// The delivery of an arrival that was decided on so, which repeats `duplicate_of` and is answered
    /// with `response_status`.
    pub(super) fn into_delivery(
        self,
        id: String,
        now: Timestamp,
        arrival: Arrival,
        duplicate_of: Option<String>,
        response_status: Option<u16>,
    ) -> Delivery {
        Delivery {
            id,
            received_at: now,
            source: match (self.is_probe, self.handshake) {
                (true, _) => DeliverySource::Probe,
                (false, Some(_)) => DeliverySource::Handshake,
                (false, None) => DeliverySource::Listen,
            },
            remote: Some(arrival.remote.to_string()),
            provider: self.provider,
            event: self.event,
            event_id: self.event_id,
            duplicate_of,
            verdict: self.verdict,
            request: arrival.request,
            response_status,
        }
    }
}

/// Who answers a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Responder {
    /// This program.
    Listener(Reply),
    /// The application that it is forwarded to.
    Application,
}

impl Responder {
    /// What is answered for want of room in the queues or as decided; `None` where the application
    /// answers.
    pub(super) fn reply(self, is_full: bool) -> Option<Reply> {
        match self {
            _ if is_full => Some(later(BUSY)),
            Self::Listener(reply) => Some(reply),
            Self::Application => None,
        }
    }
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
        if self.catalogue.is_probe(request) {
            return self.probed(request, is_from_owner);
        }
        let policy = self.policy(request, diagnoses);
        let mut verified = verify_request(&self.catalogue, &self.keyring, &policy, request, now);
        let status = verified.verdict.status;
        if matches!(status, Status::Missing | Status::Unverified)
            && self.unsigned_handshake(request).is_some()
        {
            return self.probed(request, is_from_owner);
        }
        self.annotate(&mut verified, request);
        let handshake = self.shake_hands(&mut verified, request);
        let routes = match &handshake {
            // It is about no event: each application may have to answer it.
            Some(_) => (0..self.routes.len()).collect(),
            None => self.routes(verified.verdict.status, verified.event.as_deref()),
        };
        let asked = (request, handshake.as_deref());
        Decision {
            provider: verified.provider.map(|provider| provider.name().to_owned()),
            responder: self.responder(&verified, asked, &routes, is_from_owner),
            is_probe: false,
            handshake,
            is_undiagnosed: verified.is_undiagnosed,
            event: verified.event,
            event_id: verified.event_id,
            verdict: verified.verdict,
            routes,
            is_from_owner,
        }
    }

    /// The policy for a request. A body that is too large for a diagnosis takes no time, and its
    /// verdict says so at once.
    fn policy(&self, request: &Request, diagnoses: bool) -> Policy {
        let is_at_once = |allowance: &Allowance| request.body.len() > allowance.largest_body;
        Policy {
            allowance: (self.policy.allowance).filter(|one| diagnoses || is_at_once(one)),
            ..self.policy.clone()
        }
    }

    /// The decision on a probe, or on a handshake that nobody signs: the application answers it, where
    /// there is one, else this program as the provider wants it.
    fn probed(&self, request: &Request, is_from_owner: bool) -> Decision {
        let found = self.unsigned_handshake(request);
        let (verdict, routes, handshake) = self.let_in(request, found);
        let answer = handshake.as_ref().and_then(|answers| answers.first());
        let responder = if !routes.is_empty() && self.answer == AnswerMode::App {
            Responder::Application
        } else if let Some(answer) = answer {
            Responder::Listener(expected(answer))
        } else if self.catalogue.is_probe(request) || handshake.is_some() {
            Responder::Listener(received())
        } else {
            Responder::Listener(refusal(&verdict, is_from_owner))
        };
        Decision {
            provider: found.map(|(provider, _)| provider.name().to_owned()),
            event: found.map(|(_, handshake)| handshake.name.clone()),
            event_id: None,
            verdict,
            responder,
            routes,
            is_probe: true,
            handshake,
            is_undiagnosed: false,
            is_from_owner,
        }
    }

    /// Adds to a verdict what the owner of this machine has to know beside it.
    fn annotate(&self, verified: &mut RequestVerdict<'_>, request: &Request) {
        if verified.is_undiagnosed && !self.keyring.is_local() {
            verified.verdict.hint = Some(UNDIAGNOSED.into());
        }
        note_odd_body(verified);
        let misfits = verified.misfits(request);
        let misfits = misfits.iter().map(ToString::to_string);
        verified.verdict.notes.extend(misfits);
        self.hint_at_secret(verified);
    }

    /// Says how what nobody can have verified is let through, where it is not.
    fn hint_at_secret(&self, verified: &mut RequestVerdict<'_>) {
        let status = verified.verdict.status;
        let is_open = matches!(status, Status::Unverified | Status::Missing);
        if is_open && !self.accepts(status) {
            verified.hint_at_secret();
            let hint = || "`--on-unsigned accept` lets through what nobody has signed".into();
            verified.verdict.hint.get_or_insert_with(hint);
        }
    }

    fn responder(
        &self,
        verified: &RequestVerdict<'_>,
        (request, handshake): (&Request, Option<&[ExpectedAnswer]>),
        routes: &[usize],
        is_from_owner: bool,
    ) -> Responder {
        let verdict = &verified.verdict;
        if !self.accepts(verdict.status) {
            return Responder::Listener(refusal(verdict, is_from_owner));
        }
        if !routes.is_empty() && self.answer == AnswerMode::App {
            return Responder::Application;
        }
        let usual = || self.usual_answer(verified.provider?, request);
        let answer = match handshake {
            Some(answers) => answers.first().cloned(),
            None => usual(),
        };
        let challenge = || echo(verified, &request.body).unwrap_or_else(received);
        Responder::Listener(answer.as_ref().map_or_else(challenge, expected))
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
fn note_odd_body(verified: &mut RequestVerdict<'_>) {
    if let Some(provider) = verified.provider
        && verified.verdict.is_valid()
        && verified.is_odd
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
    let reply = match status {
        503 => later(&message),
        _ => error(status, &message),
    };
    Decision {
        provider: None,
        event: None,
        event_id: None,
        responder: Responder::Listener(reply),
        verdict: Verdict::new(Status::Unverified).because(message),
        routes: Vec::new(),
        is_probe: false,
        handshake: None,
        is_undiagnosed: false,
        is_from_owner,
    }
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
