//! What decisions rest on.

use crate::delivery::{EventFilter, Status};
use crate::http::Target;
use crate::provider::{Catalogue, Keyring, Policy};

/// What is done with deliveries that are not genuine. Letting them through lets those through, too,
/// that nobody can have verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InvalidPolicy {
    /// Answered 401, not forwarded.
    #[default]
    Reject,
    /// Let through.
    Forward,
}

/// What is done with deliveries that nobody can have verified: no signature, or no secret for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnsignedPolicy {
    /// Answered 401, not forwarded, once a secret is configured.
    #[default]
    Reject,
    /// Let through.
    Accept,
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
    /// What is done with deliveries that nobody can have verified.
    pub on_unsigned: UnsignedPolicy,
    /// The names of this listener besides `localhost` and addresses: who asks for another one does not
    /// reach an application without a signature.
    pub hosts: Vec<String>,
    /// Whose answer the sender gets of what is forwarded.
    pub answer: AnswerMode,
    /// Where deliveries go on to.
    pub routes: Vec<Route>,
    /// The events that go on at all.
    pub events: EventFilter,
}

impl Rules {
    /// The routes of an event, where the delivery is let through.
    pub(super) fn routes(&self, status: Status, event: Option<&str>) -> Vec<usize> {
        if !self.accepts(status) || !self.events.matches_known(event) {
            return Vec::new();
        }
        let routes = self.routes.iter().enumerate();
        routes
            .filter(|(_, route)| route.filter.matches_known(event))
            .map(|(place, _)| place)
            .collect()
    }

    /// Whether what has this verdict is let through. With the local secret alone, nobody has said
    /// yet what is genuine.
    pub(super) fn accepts(&self, status: Status) -> bool {
        let accepts_unsigned = self.on_unsigned == UnsignedPolicy::Accept;
        self.on_invalid == InvalidPolicy::Forward
            || match status {
                Status::Valid => true,
                Status::Unverified => accepts_unsigned || self.keyring.is_local(),
                Status::Missing => accepts_unsigned,
                Status::Stale | Status::Mismatch | Status::Malformed => false,
            }
    }
}
