//! Running checks: greet the handler, then send, wait and classify.

use std::ops::ControlFlow;
use std::pin::pin;
use std::time::{Duration, Instant};

use super::classify::{Expect, Flaw};
use super::context::CheckContext;
use super::effects::SideEffects;
use super::error::CheckError;
use super::plan::Planned;
use super::presence::{Presence, Skipped};
use super::report::{Evidence, Exchange, finding};
use crate::delivery::{CheckOutcome, Failure, FailureKind, Finding, is_success};
use crate::dispatch::EndpointClient;

/// Runs checks against one endpoint.
pub struct Runner<'a> {
    /// The provider that is played.
    pub context: CheckContext<'a>,
    /// The handler.
    pub endpoint: &'a EndpointClient,
    /// Where its side effects are counted.
    pub effects: Option<&'a SideEffects>,
    /// Whether what is sent is kept in the log.
    pub is_kept: bool,
}

/// What happens while checks run.
#[derive(Debug)]
pub enum CheckEvent<'e> {
    /// The handler refuses a genuine delivery with this status; the checks say of what kind that is.
    Refused(u16),
    /// A check has ended.
    Finding(&'e Finding),
}

/// How a run of checks ended.
#[derive(Debug)]
pub enum CheckEnd {
    /// All checks ended. The handler may have gone away meanwhile.
    Done {
        /// Whether nothing listens any more.
        is_gone: bool,
        /// Why refusals prove nothing: something in front of the handler, or the handler itself, has
        /// begun to refuse what is genuine.
        limited: Option<String>,
    },
    /// Nobody answered the first genuine delivery; no check was run.
    Unreachable(Failure),
    /// The handler refuses what is genuine with this status. Nothing that is planned has to be
    /// accepted, so every check would pass, and none was run.
    Refused(u16),
    /// It was stopped.
    Stopped,
}

impl Runner<'_> {
    /// Sends one genuine delivery, so that a dead endpoint is told once and not by every check, and
    /// that one which refuses everything does not pass for one that refuses forgeries; then runs the
    /// checks in order. `observe` is told of each end and may stop the run, as `stop` does when it is
    /// ready.
    pub async fn run(
        mut self,
        planned: Vec<Planned>,
        observe: &mut dyn FnMut(CheckEvent<'_>) -> ControlFlow<()>,
        stop: impl Future<Output = ()>,
    ) -> Result<CheckEnd, CheckError> {
        let mut stop = pin!(stop);
        let mut presence = Presence::default();
        let greeted = tokio::select! {
            biased;
            () = &mut stop => Some(CheckEnd::Stopped),
            greeted = self.greet(&planned, observe, &mut presence) => greeted?,
        };
        if let Some(end) = greeted {
            self.endpoint.settle().await?;
            return Ok(end);
        }
        if let Some(effects) = self.effects {
            effects.count().await.map_err(CheckError::Uncountable)?;
        }
        let mut rests_on_refusals = false;
        for planned in planned {
            let found = tokio::select! {
                biased;
                () = &mut stop => return Ok(CheckEnd::Stopped),
                found = self.check(&planned, &mut presence) => found?,
            };
            self.endpoint.settle().await?;
            rests_on_refusals |=
                planned.check.expect == Expect::Rejected && found.outcome == CheckOutcome::Pass;
            if observe(CheckEvent::Finding(&found)).is_break() {
                return Ok(CheckEnd::Stopped);
            }
        }
        if rests_on_refusals && presence.gone.is_none() && presence.limited.is_none() {
            tokio::select! {
                biased;
                () = &mut stop => return Ok(CheckEnd::Stopped),
                () = self.ask_again(&mut presence) => {}
            }
            self.endpoint.settle().await?;
        }
        let is_gone = presence.gone.is_some();
        let limited = presence.limited;
        Ok(CheckEnd::Done { is_gone, limited })
    }

    /// Sends one more genuine delivery: a refusal proves something only while what is genuine is still
    /// taken.
    async fn ask_again(&mut self, presence: &mut Presence) {
        let Ok(case) = self.context.genuine() else {
            return;
        };
        let Ok(sent) = self
            .send(&case, "a genuine delivery between refusals")
            .await
        else {
            return;
        };
        let answer = sent.first().and_then(|one| one.attempt.status());
        if let Some(status) = answer.filter(|status| presence.is_open && !is_success(*status)) {
            presence.limited = Some(format!(
                "genuine deliveries are answered {status} since, so that refusals prove nothing"
            ));
        }
    }

    /// How the run ends with its first genuine delivery, where it does.
    async fn greet(
        &mut self,
        planned: &[Planned],
        observe: &mut dyn FnMut(CheckEvent<'_>) -> ControlFlow<()>,
        presence: &mut Presence,
    ) -> Result<Option<CheckEnd>, CheckError> {
        self.context
            .play(planned.first().map_or("", |first| &first.event));
        let case = self.context.genuine()?;
        let greeting = self.send(&case, "a greeting").await;
        let Some(greeting) = greeting.ok().and_then(|sent| sent.into_iter().next()) else {
            return Ok(None);
        };
        let has_to_accept = |planned: &Planned| {
            !matches!(planned.check.expect, Expect::Rejected | Expect::NotCrashed)
        };
        Ok(match greeting.attempt.outcome {
            Ok(answer) if answer.is_success() => {
                presence.is_open = true;
                None
            }
            Ok(answer) if !planned.iter().any(has_to_accept) => {
                Some(CheckEnd::Refused(answer.status))
            }
            Ok(answer) => {
                let goes_on = observe(CheckEvent::Refused(answer.status));
                goes_on.is_break().then_some(CheckEnd::Stopped)
            }
            // A handler that drops the connection is there.
            Err(failure) if is_there(failure.kind) => None,
            Err(failure) => Some(CheckEnd::Unreachable(failure)),
        })
    }

    /// Runs one check. Nothing is sent any more once the endpoint is gone.
    async fn check(
        &mut self,
        planned: &Planned,
        presence: &mut Presence,
    ) -> Result<Finding, CheckError> {
        let start = Instant::now();
        let ended = match presence.gone.clone() {
            Some(reason) => Err(Skipped(reason)),
            None => self.flaw(planned, presence).await?,
        };
        let provider = self.context.provider();
        let (flaw, mut sent) = match ended {
            Ok(ended) => ended,
            Err(Skipped(reason)) => {
                let skipped = Err(reason);
                return Ok(finding(planned, provider, skipped, 0, None, Duration::ZERO));
            }
        };
        let requests = sent.len();
        let place = flaw.as_ref().map(|flaw| flaw.shown_by);
        let place = place.unwrap_or(requests.saturating_sub(1));
        let shown = (place < requests).then(|| sent.swap_remove(place));
        let shown = shown.map(|exchange| Evidence {
            exchange,
            url: self.endpoint.url(),
            is_kept: self.is_kept,
        });
        let took = start.elapsed();
        Ok(finding(
            planned,
            provider,
            Ok(flaw),
            requests,
            shown.as_ref(),
            took,
        ))
    }

    /// What is wrong, and what was sent to find it.
    async fn flaw(
        &mut self,
        planned: &Planned,
        presence: &mut Presence,
    ) -> Result<Result<(Option<Flaw>, Vec<Exchange>), Skipped>, CheckError> {
        self.context.play(&planned.event);
        let case = (planned.check.case)(&mut self.context)?;
        let counts = planned.check.expect == Expect::AcceptedOnce;
        let effects = self.effects.filter(|_| counts);
        let before = match effects {
            Some(effects) => Some(effects.count().await),
            None => None,
        };
        let sent = match self.send(&case, &planned.id).await {
            Ok(sent) => sent,
            Err(skipped) => return Ok(Err(skipped)),
        };
        if matches!(planned.check.expect, Expect::Rejected | Expect::NotCrashed)
            && let Some(reason) = self.is_limited(&sent, presence).await
        {
            return Ok(Err(Skipped(reason)));
        }
        let flaw = match presence.notice(&planned.id, &sent) {
            Err(skipped) => return Ok(Err(skipped)),
            Ok(Some(flaw)) => Some(flaw),
            Ok(None) => {
                let attempts: Vec<_> = sent.iter().map(|one| one.attempt.clone()).collect();
                let (check, provider) = (planned.check, self.context.provider());
                let deadline = provider.definition.delivery.timeout();
                let classified = check.expect.classify(check.severity, deadline, &attempts);
                match (classified, effects.zip(before)) {
                    (None, Some((effects, before))) => {
                        let reason = effects.flaw_since(before).await;
                        reason.map(|reason| Flaw {
                            severity: check.severity,
                            reason,
                            shown_by: 0,
                        })
                    }
                    (classified, _) => classified,
                }
            }
        };
        Ok(Ok((flaw, sent)))
    }

    /// Why the refusal of a forgery proves nothing, where it does not. A refusal that says no more than
    /// that is believed until the last delivery of the run; 429 is a limiter's whatever was sent.
    async fn is_limited(&mut self, sent: &[Exchange], presence: &mut Presence) -> Option<String> {
        let statuses = || sent.iter().filter_map(|one| one.attempt.status());
        if statuses().any(|status| status == 429) {
            let reason = "a rate limit answers 429: lift it for the check";
            presence.limited.get_or_insert_with(|| reason.to_owned());
        } else if presence.limited.is_none()
            && statuses().any(|status| matches!(status, 403 | 404 | 405 | 503))
        {
            self.ask_again(presence).await;
        }
        presence.limited.clone()
    }
}

const fn is_there(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Reset | FailureKind::Protocol | FailureKind::TooLarge
    )
}
