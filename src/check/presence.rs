//! Whether anybody still listens.

use super::classify::Flaw;
use super::effects::EffectLag;
use super::report::Exchange;
use crate::delivery::{FailureKind, Severity};

/// What earlier checks tell of whether anybody listens.
#[derive(Default)]
pub(super) struct Presence<'a> {
    /// The check that ran last, and whether it got an answer.
    pub last: Option<(String, bool)>,
    /// Why nothing is sent any more.
    pub gone: Option<String>,
    /// The event of the first genuine delivery, and of those between refusals.
    pub event: &'a str,
    /// The status with which the handler refuses that one, where it does.
    pub refusal: Option<u16>,
    /// Whether that one got an answer.
    pub is_greeted: bool,
    /// How the effects of that one showed, where effects are counted.
    pub first: EffectLag,
    /// Why refusals began to prove nothing, where they did.
    pub limited: Option<String>,
}

impl Presence<'_> {
    /// Notes what the check of this id met. Where the endpoint does not listen any more, the check before is to
    /// blame; where that got no answer, it was found out already, and the reason not to run this one is
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
