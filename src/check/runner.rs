//! What runs checks, and what it has learnt of the handler so far.

use std::time::Duration;

use super::case::Exchange;
use super::classify::Flaw;
use super::context::CheckContext;
use super::effects::{EffectLag, SideEffects};
use crate::delivery::{FailureKind, Severity};
use crate::dispatch::EndpointClient;

/// Runs checks against one endpoint.
pub struct Runner<'a> {
    /// The provider that is played.
    pub(super) context: CheckContext<'a>,
    /// The handler.
    pub(super) endpoint: &'a EndpointClient,
    /// Where its side effects are counted.
    pub(super) effects: Option<&'a SideEffects>,
    /// Whether what is sent is kept in the log.
    pub(super) is_kept: bool,
    /// Told before it waits as long as a limiter's `Retry-After` says.
    pub(super) on_wait: &'a dyn Fn(Duration),
    /// The event of the first genuine delivery, and of those between refusals.
    pub(super) usual_event: String,
    /// What is known of the handler.
    pub(super) handler: HandlerState,
}

/// What earlier checks tell of the handler.
#[derive(Default)]
pub(super) struct HandlerState {
    /// The check that ran last, and whether it got an answer.
    pub last: Option<(String, bool)>,
    /// Why nothing is sent any more.
    pub gone: Option<String>,
    /// The status with which it refuses the first genuine delivery, where it does.
    pub refusal: Option<u16>,
    /// Whether that one got an answer.
    pub is_greeted: bool,
    /// How the effects of that one showed, where effects are counted.
    pub first: EffectLag,
    /// Why refusals began to prove nothing, where they did.
    pub limited: Option<String>,
}

impl<'a> Runner<'a> {
    /// Plays `context` against `endpoint`, and counts `effects`, where they are counted. `is_kept` says
    /// whether the endpoint's log keeps what is sent; `on_wait` is told before it waits as long as a
    /// limiter's `Retry-After` says.
    pub fn new(
        context: CheckContext<'a>,
        endpoint: &'a EndpointClient,
        effects: Option<&'a SideEffects>,
        is_kept: bool,
        on_wait: &'a dyn Fn(Duration),
    ) -> Self {
        Self {
            context,
            endpoint,
            effects,
            is_kept,
            on_wait,
            usual_event: String::new(),
            handler: HandlerState::default(),
        }
    }
}

impl HandlerState {
    /// Notes what the check of this id met. Where nothing listens any more, the check before is to blame; where that got no answer, it was found out already, and the reason not to run this one is
    /// the error.
    pub fn notice(&mut self, id: &str, sent: &[Exchange]) -> Result<Option<Flaw>, String> {
        let is_refused = |one: &Exchange| matches!(&one.attempt.outcome, Err(failure) if failure.kind == FailureKind::Refused);
        let is_answered = sent.iter().all(|one| one.attempt.outcome.is_ok());
        let last = self.last.replace((id.to_owned(), is_answered));
        let Some(shown_by) = sent.iter().position(is_refused) else {
            return Ok(None);
        };
        let (reason, was_answered) = match last {
            Some((id, answered)) => (format!("nothing listens since `{id}`"), answered),
            None => ("nothing listens any more".into(), true),
        };
        self.gone = Some(reason.clone());
        if !was_answered {
            return Err(reason);
        }
        Ok(Some(Flaw {
            severity: Severity::Crash,
            reason: format!("{reason}: the receiver has ended"),
            shown_by,
        }))
    }
}
