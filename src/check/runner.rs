//! Running checks: greet the handler, then send, wait and classify.

use std::ops::ControlFlow;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::case::{TestCase, TestDelivery};
use super::classify::{Expect, Flaw};
use super::context::CheckContext;
use super::effects::SideEffects;
use super::error::CheckError;
use super::plan::Planned;
use super::presence::{Presence, Skipped};
use super::report::{Evidence, Exchange, finding};
use crate::delivery::{
    Delivery, DeliverySource, Failure, FailureKind, Finding, Status, Verdict, id,
};
use crate::dispatch::{EndpointClient, SendMode};

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
        let greeted = tokio::select! {
            biased;
            () = &mut stop => Some(CheckEnd::Stopped),
            greeted = self.greet(&planned, observe) => greeted?,
        };
        if let Some(end) = greeted {
            self.endpoint.settle().await?;
            return Ok(end);
        }
        if let Some(effects) = self.effects {
            effects.count().await.map_err(CheckError::Uncountable)?;
        }
        let mut presence = Presence::default();
        for planned in planned {
            let found = tokio::select! {
                biased;
                () = &mut stop => return Ok(CheckEnd::Stopped),
                found = self.check(&planned, &mut presence) => found?,
            };
            self.endpoint.settle().await?;
            if observe(CheckEvent::Finding(&found)).is_break() {
                return Ok(CheckEnd::Stopped);
            }
        }
        let is_gone = presence.gone.is_some();
        Ok(CheckEnd::Done { is_gone })
    }

    /// How the run ends with its first genuine delivery, where it does.
    async fn greet(
        &mut self,
        planned: &[Planned],
        observe: &mut dyn FnMut(CheckEvent<'_>) -> ControlFlow<()>,
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
            Ok(answer) if answer.is_success() => None,
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

    async fn send(&self, case: &TestCase, id: &str) -> Result<Vec<Exchange>, Skipped> {
        let mut deliveries = Vec::new();
        for delivery in &case.deliveries {
            let logged = self.logged(delivery, id);
            deliveries.push((logged.id.clone(), delivery));
            self.endpoint.keep(logged).await;
        }
        let half = deliveries.first().filter(|_| case.after_half);
        if let Some((delivery_id, delivery)) = half {
            let half = self
                .endpoint
                .send(delivery_id, &delivery.request, SendMode::Half);
            if half.await.is_none() {
                return Err(Skipped("half a request is not sent over TLS".into()));
            }
        }
        let repeated = deliveries
            .iter()
            .flat_map(|one| std::iter::repeat_n(one, case.times));
        let exchanges = repeated.map(|(id, delivery)| self.exchange(id, delivery, case.mode));
        if case.at_once {
            return Ok(join_all(exchanges).await.into_iter().flatten().collect());
        }
        let mut done = Vec::new();
        for exchange in exchanges {
            done.extend(exchange.await);
        }
        Ok(done)
    }

    async fn exchange(
        &self,
        delivery_id: &str,
        delivery: &TestDelivery,
        mode: SendMode,
    ) -> Option<Exchange> {
        let attempt = self.endpoint.send(delivery_id, &delivery.request, mode);
        Some(Exchange {
            delivery_id: delivery_id.to_owned(),
            delivery: delivery.clone(),
            attempt: attempt.await?,
        })
    }

    /// What the log keeps of a delivery that a check sends.
    fn logged(&self, delivery: &TestDelivery, check: &str) -> Delivery {
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Delivery {
            id: id::delivery(),
            received_at: self.context.now(),
            source: DeliverySource::Test,
            remote: None,
            provider: known(self.context.provider().name()),
            event: known(&delivery.event),
            event_id: known(&delivery.event_id),
            duplicate_of: None,
            verdict: Verdict::new(Status::Unverified)
                .because(format!("sent by `webhook test` for `{check}`")),
            request: delivery.request.clone(),
            response_status: None,
        }
    }
}

const fn is_there(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Reset | FailureKind::Protocol | FailureKind::TooLarge
    )
}
