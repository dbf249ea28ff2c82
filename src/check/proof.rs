//! What answers prove: whether a refusal counts, and whether a repeat did.

use std::ops::RangeInclusive;

use super::case::{Exchange, TestCase};
use super::classify::{Conclusion, Expect, Flaw};
use super::effects::SideEffects;
use super::runner::{HandlerState, Runner};
use super::table::Check;
use crate::delivery::FailureKind;

/// Why a 429 says nothing of what was sent.
const RATE_LIMIT: &str = "a rate limit answers 429";
/// Why the refusal of a repeat says nothing of the event in it.
const SINGLE_USE: &str = "a receiver may refuse a signature that it took before, so that a refused repeat proves nothing";

impl Runner<'_> {
    /// Why a refusal, or silence, says nothing of what was sent, where it does not: 429 is a
    /// limiter's whatever was sent, and any other one counts only while genuine deliveries are taken.
    pub(super) async fn proves_nothing(
        &mut self,
        expect: Expect,
        sent: &[Exchange],
    ) -> Option<String> {
        let statuses: Vec<_> = sent.iter().filter_map(|one| one.attempt.status()).collect();
        if let Some(status) = self
            .handler
            .refusal
            .filter(|status| statuses.contains(status))
            && expect == Expect::Rejected
        {
            return Some(format!(
                "the handler answers {status} to genuine deliveries as well"
            ));
        }
        // More statuses than `is_refusal`: who sends a forgery away so may send away everything by now.
        let reason = if statuses.contains(&429) {
            Some(RATE_LIMIT.to_owned())
        } else if statuses.iter().any(|one| matches!(one, 300..=499 | 503))
            || sent
                .iter()
                .any(|one| may_be_ban(expect, one, &self.handler))
        {
            if self.is_of_single_use(sent) {
                return Some(SINGLE_USE.to_owned());
            }
            self.ask_again().await
        } else {
            None
        };
        if self.handler.limited.is_none() {
            self.handler.limited.clone_from(&reason);
        }
        reason
    }

    /// Whether signatures are for one use, and all that is refused came with that of what was taken.
    fn is_of_single_use(&self, sent: &[Exchange]) -> bool {
        let scheme = &self.context.provider().definition.signature;
        let answered = |range: RangeInclusive<u16>| {
            let answered =
                move |one: &&Exchange| one.attempt.status().is_some_and(|it| range.contains(&it));
            sent.iter().filter(answered)
        };
        let (taken, refused) = (answered(200..=299), answered(400..=499));
        let is_repeat = |one: &Exchange| {
            let mut taken = taken.clone();
            taken.any(|other| other.delivery.request == one.delivery.request)
        };
        scheme.is_single_use
            && taken.clone().count() + refused.clone().count() == sent.len()
            && refused.clone().all(is_repeat)
    }

    /// Sends one more genuine delivery; says how it is refused, or not answered, where it was taken at
    /// the start.
    async fn ask_again(&mut self) -> Option<String> {
        self.context.play(&self.usual_event);
        let case = self.context.genuine().ok()?;
        let sent = self.send(&case, "a genuine delivery between refusals");
        let asked = sent.await.ok()?.into_iter().next()?;
        match asked.attempt.outcome {
            Ok(answer) if answer.is_success() || Some(answer.status) == self.handler.refusal => {
                None
            }
            Ok(answer) if answer.status == 429 => Some(RATE_LIMIT.to_owned()),
            Ok(answer) => Some(format!(
                "genuine deliveries are answered {} since, so that refusals prove nothing",
                answer.status
            )),
            // The next check finds that nobody listens.
            Err(failure) if failure.kind == FailureKind::Refused => None,
            Err(failure) => Some(format!(
                "genuine deliveries get no answer since: {}",
                failure.message
            )),
        }
    }

    /// Whether what was sent several times and accepted each time counted once.
    pub(super) async fn counted_once(
        &self,
        check: &Check,
        case: &TestCase,
        before: Option<(&SideEffects, Result<f64, String>)>,
    ) -> Conclusion {
        let Some((effects, before)) = before else {
            let reason = "accepted each time; `--effects COMMAND` tells whether it counted once";
            return Conclusion::Open(reason.into());
        };
        match effects.is_one_since(before, self.handler.first).await {
            Ok(None) => Conclusion::Sound,
            Ok(Some(reason)) if case.deliveries.iter().any(|one| one.event_id.is_empty()) => {
                Conclusion::Open(format!(
                    "{reason}, and its deliveries have no id that tells a repeat"
                ))
            }
            Ok(Some(reason)) => Conclusion::Flawed(Flaw {
                severity: check.severity,
                reason,
                shown_by: 0,
            }),
            Err(error) => Conclusion::Open(format!("its effects cannot be counted: {error}")),
        }
    }
}

/// Whether no answer may be that of something in front of the handler, which bans the sender: it cuts
/// the connection, or lets nothing through. A handler that is slow answers nothing in time as well.
fn may_be_ban(expect: Expect, sent: &Exchange, handler: &HandlerState) -> bool {
    let is_of_forgeries = matches!(expect, Expect::Rejected | Expect::NotCrashed);
    let is_silent = match &sent.attempt.outcome {
        Ok(_) => false,
        Err(failure) => match failure.kind {
            FailureKind::Reset | FailureKind::Protocol => true,
            FailureKind::Timeout => is_of_forgeries || handler.limited.is_some(),
            _ => false,
        },
    };
    is_silent && handler.is_greeted
}
