//! A run of checks: greet the handler, then send, wait and classify.

use std::ops::ControlFlow;
use std::time::Instant;

use super::case::{Exchange, TestCase};
use super::classify::{Conclusion, Expect, Flaw};
use super::error::CheckError;
use super::finding::{Evidence, finding};
use super::plan::Planned;
use super::runner::Runner;
use super::table::EACH_EVENT;
use crate::delivery::{Failure, FailureKind, Finding};

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
        /// Why some refusals prove nothing: something in front of the handler, or the handler itself,
        /// began to refuse what is genuine. The checks that met it are open.
        limited: Option<String>,
    },
    /// Nobody answered the first genuine delivery; no check was run.
    Unreachable(Failure),
    /// The handler refuses what is genuine with this status, as if the secret were another, or nothing
    /// that is planned has to be accepted, so that every check would pass; none was run.
    Refused(u16),
    /// It was stopped.
    Stopped,
}

impl Runner<'_> {
    /// Sends one genuine delivery, so that a dead endpoint and a wrong secret are told once and not by
    /// every check; then runs the checks in order. `observe` is told of each end and may stop the run,
    /// as `stop` does when it is ready.
    pub async fn run(
        mut self,
        planned: Vec<Planned>,
        observe: &mut dyn FnMut(CheckEvent<'_>) -> ControlFlow<()>,
        stop: impl Future<Output = ()>,
    ) -> Result<CheckEnd, CheckError> {
        let end = tokio::select! {
            biased;
            () = stop => CheckEnd::Stopped,
            end = self.checks(&planned, observe) => end?,
        };
        self.endpoint.settle().await?;
        Ok(end)
    }

    async fn checks(
        &mut self,
        planned: &[Planned],
        observe: &mut dyn FnMut(CheckEvent<'_>) -> ControlFlow<()>,
    ) -> Result<CheckEnd, CheckError> {
        // The event of the checks that are about none in particular, where there are any.
        let of_events = || planned.iter().filter(|one| !one.is_of_handshake());
        let usual = of_events().find(|one| one.check.id != EACH_EVENT);
        let usual = usual.or_else(|| of_events().next());
        let usual = usual.map(|planned| planned.event.as_str());
        if let Some(event) = usual.or_else(|| self.context.provider().event_names().next()) {
            event.clone_into(&mut self.usual_event);
        }
        let before = match self.effects {
            Some(effects) => Some((effects, effects.count().await)),
            None => None,
        };
        if let Some(end) = self.greet(planned, observe).await? {
            return Ok(end);
        }
        if let Some((effects, before)) = before {
            let first = effects.lag_since(before).await;
            self.handler.first = first.map_err(CheckError::Uncountable)?;
        }
        for planned in planned {
            let found = self.check(planned).await?;
            self.endpoint.settle().await?;
            if observe(CheckEvent::Finding(&found)).is_break() {
                return Ok(CheckEnd::Stopped);
            }
        }
        let is_gone = self.handler.gone.is_some();
        let limited = self.handler.limited.take();
        Ok(CheckEnd::Done { is_gone, limited })
    }

    /// How the run ends with its first genuine delivery, where it does.
    async fn greet(
        &mut self,
        planned: &[Planned],
        observe: &mut dyn FnMut(CheckEvent<'_>) -> ControlFlow<()>,
    ) -> Result<Option<CheckEnd>, CheckError> {
        self.context.play(&self.usual_event);
        let case = self.context.genuine()?;
        let greeting = self.send(&case, "a greeting").await;
        let Some(greeting) = greeting.ok().and_then(|sent| sent.into_iter().next()) else {
            return Ok(None);
        };
        self.handler.is_greeted = greeting.attempt.outcome.is_ok();
        let has_to_accept = |planned: &Planned| {
            let expect = planned.check.expect;
            !matches!(
                expect,
                Expect::Rejected | Expect::NotCrashed | Expect::Withheld
            )
        };
        let status = match greeting.attempt.outcome {
            Ok(answer) if answer.is_success() => return Ok(None),
            Ok(answer) => answer.status,
            // A handler that drops the connection is there.
            Err(failure) if is_there(failure.kind) => return Ok(None),
            Err(failure) => return Ok(Some(CheckEnd::Unreachable(failure))),
        };
        // What a handler answers that takes the signature for a false one, and a limiter to whatever.
        // Fewer than `is_refusal`: any other status says more of the event than of the secret.
        let tells_nothing = matches!(status, 400 | 401 | 403 | 429);
        if tells_nothing || !planned.iter().any(has_to_accept) {
            return Ok(Some(CheckEnd::Refused(status)));
        }
        self.handler.refusal = Some(status);
        let goes_on = observe(CheckEvent::Refused(status));
        Ok(goes_on.is_break().then_some(CheckEnd::Stopped))
    }

    /// Runs one check. Nothing is sent any more once the endpoint is gone.
    async fn check(&mut self, planned: &Planned) -> Result<Finding, CheckError> {
        let start = Instant::now();
        let (conclusion, mut sent) = match self.handler.gone.clone() {
            Some(reason) => (Conclusion::Skipped(reason), Vec::new()),
            None => self.conclude(planned).await?,
        };
        let requests = sent.len();
        let place = match &conclusion {
            Conclusion::Flawed(flaw) => flaw.shown_by,
            _ => requests.saturating_sub(1),
        };
        let shown = (place < requests).then(|| Evidence {
            exchange: sent.swap_remove(place),
            url: self.endpoint.url(),
            is_kept: self.is_kept,
        });
        let (provider, took) = (self.context.provider(), start.elapsed());
        Ok(finding(
            planned,
            provider,
            conclusion,
            requests,
            shown.as_ref(),
            took,
        ))
    }

    /// What a check comes to, and what was sent to find it.
    async fn conclude(
        &mut self,
        planned: &Planned,
    ) -> Result<(Conclusion, Vec<Exchange>), CheckError> {
        let skipped = |reason| Ok((Conclusion::Skipped(reason), Vec::new()));
        let case = match self.case(planned)? {
            Ok(case) => case,
            Err(reason) => return skipped(reason),
        };
        let expect = planned.check.expect;
        let before = match self.effects.filter(|_| expect == Expect::AcceptedOnce) {
            Some(effects) => Some((effects, effects.count_before(self.handler.first).await)),
            None => None,
        };
        let sent = match self.send(&case, &planned.id).await {
            Ok(sent) => sent,
            Err(reason) => return skipped(reason),
        };
        match self.handler.notice(&planned.id, &sent) {
            Err(reason) => return skipped(reason),
            Ok(Some(flaw)) => return Ok((Conclusion::Flawed(flaw), sent)),
            Ok(None) => {}
        }
        // Under a load, a limit is what the check is about, and silence is after half a body; unless
        // it was met before.
        let is_asked_for = (case.is_load() || case.after_half) && self.handler.limited.is_none();
        if !is_asked_for && let Some(reason) = self.proves_nothing(expect, &sent).await {
            return Ok((Conclusion::Open(reason), sent));
        }
        let conclusion = match (self.classify(planned, &sent), expect) {
            (Some(flaw), _) => Conclusion::Flawed(flaw),
            (None, Expect::AcceptedOnce) => self.counted_once(planned.check, &case, before).await,
            (None, _) => Conclusion::Sound,
        };
        Ok((conclusion, sent))
    }

    /// What a check sends, or why there is nothing to send.
    fn case(&mut self, planned: &Planned) -> Result<Result<TestCase, String>, CheckError> {
        self.context.play(&planned.event);
        let is_forgery = planned.check.expect == Expect::Rejected;
        Ok(match (planned.check.case)(&mut self.context) {
            Err(CheckError::Inapplicable(reason)) => Err(reason.to_owned()),
            Ok(case) if is_forgery && self.context.is_genuine(&case) => {
                Err("what it would send is a genuine delivery of this provider".to_owned())
            }
            made => Ok(made?),
        })
    }

    fn classify(&self, planned: &Planned, sent: &[Exchange]) -> Option<Flaw> {
        let (check, provider) = (planned.check, self.context.provider());
        let attempts: Vec<_> = sent.iter().map(|one| one.attempt.clone()).collect();
        let deadline = provider.definition.delivery.timeout();
        let flaw = check.expect.classify(check.severity, deadline, &attempts);
        if flaw.is_some() || !planned.is_of_handshake() {
            return flaw;
        }
        let handshake = provider.definition.handshake(&planned.event)?;
        sent.iter().find_map(|one| {
            let expected = self.context.answers(handshake, &one.delivery.request);
            let gives_mac = handshake.gives_mac();
            let (own, attempt) = (check.severity, &one.attempt);
            check
                .expect
                .of_handshake(own, &expected, gives_mac, attempt)
        })
    }
}

const fn is_there(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Reset | FailureKind::Protocol | FailureKind::TooLarge
    )
}
