//! Running checks: send, wait, judge.

use std::time::Duration;
use std::time::Instant;

use futures_util::future::join_all;

use super::effects::{Count, Counter};
use super::judge::{Fault, Outcome, Severity, Standard};
use super::material::{Material, Unmakeable};
use super::plan::Planned;
use super::probe::{Parcel, Probe};
use super::table::Expect;
use crate::delivery::{
    Attempt, Delivery, DeliverySource, FailureKind, Status, Timestamp, Verdict, id,
};
use crate::dispatch::{EndpointClient, SendMode};

/// Runs checks against one endpoint.
pub struct Runner<'a> {
    material: Material<'a>,
    endpoint: &'a EndpointClient,
    counter: Option<&'a dyn Counter>,
    /// The check that ran before this one, and whether it got an answer.
    last: Option<(String, bool)>,
    /// Why nothing is sent any more.
    gone: Option<String>,
}

/// What came of a check.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Which check.
    pub planned: Planned,
    /// What came of it.
    pub outcome: Outcome,
    /// How grave it is; the check's own where nothing is wrong.
    pub severity: Severity,
    /// What is wrong, or why nothing was checked.
    pub reason: Option<String>,
    /// The delivery and the attempt that show it; the last ones where nothing is wrong.
    pub shown: Option<Sending>,
    /// How many requests were sent.
    pub requests: usize,
    /// How long it took.
    pub duration: Duration,
}

/// One delivery that was sent, and what came of it.
#[derive(Debug, Clone)]
pub struct Sending {
    /// The delivery's id in the log.
    pub delivery_id: String,
    /// What was sent.
    pub parcel: Parcel,
    /// What came of it.
    pub attempt: Attempt,
}

/// That the endpoint does not listen any more.
enum End {
    /// Which another check has told of.
    Known(String),
    /// Which nobody knew.
    New(Fault),
}

/// What a probe met.
enum Met {
    Answers(Vec<Sending>),
    /// What cannot be sent to this endpoint.
    Impossible(&'static str),
}

impl<'a> Runner<'a> {
    /// Of a provider's material against the endpoint of an endpoint; with a counter, repeats have to
    /// count once.
    pub const fn new(
        material: Material<'a>,
        endpoint: &'a EndpointClient,
        counter: Option<&'a dyn Counter>,
    ) -> Self {
        Self {
            material,
            endpoint,
            counter,
            last: None,
            gone: None,
        }
    }

    /// One genuine delivery, to see whether anybody is there.
    pub async fn greet(&mut self, event: &str) -> Result<Option<Sending>, Unmakeable> {
        self.material.play(event);
        let probe = self.material.genuine()?;
        Ok(match self.send(&probe, "a greeting").await {
            Met::Answers(sendings) => sendings.into_iter().next(),
            Met::Impossible(_) => None,
        })
    }

    /// Whether the endpoint went away while checks ran.
    pub const fn is_gone(&self) -> bool {
        self.gone.is_some()
    }

    /// Runs one check. Nothing is sent any more once the endpoint is gone.
    pub async fn run(&mut self, planned: Planned) -> Result<Finished, Unmakeable> {
        let start = Instant::now();
        if let Some(reason) = self.gone.clone() {
            return Ok(skipped(planned, reason));
        }
        self.material.play(&planned.event);
        let probe = (planned.check.probe)(&mut self.material)?;
        let has_effects = planned.check.expect == Expect::AcceptedOnce;
        let count = match self.counter.filter(|_| has_effects) {
            Some(counter) => Some(Count::start(counter).await),
            None => None,
        };
        let sendings = match self.send(&probe, &planned.id).await {
            Met::Answers(sendings) => sendings,
            Met::Impossible(reason) => return Ok(skipped(planned, reason.into())),
        };
        let fault = match self.notice_end(&sendings) {
            Some(End::Known(reason)) => return Ok(skipped(planned, reason)),
            Some(End::New(fault)) => Some(fault),
            None => self.judge(&planned, &sendings, count).await,
        };
        self.last = Some((planned.id.clone(), is_answered(&sendings)));
        Ok(finished(planned, fault, sendings, start.elapsed()))
    }

    async fn judge(
        &self,
        planned: &Planned,
        sendings: &[Sending],
        count: Option<Count<'_>>,
    ) -> Option<Fault> {
        let attempts: Vec<_> = sendings.iter().map(|sent| sent.attempt.clone()).collect();
        let standard = Standard {
            expect: planned.check.expect,
            severity: planned.check.severity,
            deadline: self.material.provider().definition.delivery.timeout(),
        };
        if let Some(fault) = standard.judge(&attempts) {
            return Some(fault);
        }
        let reason = count?.end().await?;
        Some(Fault {
            severity: planned.check.severity,
            reason,
            shown_by: 0,
        })
    }

    /// Whether the endpoint does not listen any more. What is to blame is the check before; where
    /// that got no answer, it is found out already.
    fn notice_end(&mut self, sendings: &[Sending]) -> Option<End> {
        let is_refused = |sent: &Sending| matches!(&sent.attempt.outcome, Err(failure) if failure.kind == FailureKind::Refused);
        let shown_by = sendings.iter().position(is_refused)?;
        let (reason, was_answered) = match &self.last {
            Some((id, answered)) => (format!("nothing listens since `{id}`"), *answered),
            None => ("nothing listens any more".into(), true),
        };
        self.gone = Some(reason.clone());
        if !was_answered {
            return Some(End::Known(reason));
        }
        Some(End::New(Fault {
            severity: Severity::Crash,
            reason: format!("{reason}: the receiver has ended"),
            shown_by,
        }))
    }

    async fn send(&self, probe: &Probe, id: &str) -> Met {
        let mut deliveries = Vec::new();
        for parcel in &probe.parcels {
            let delivery = self.delivery(parcel, id);
            deliveries.push((delivery.id.clone(), parcel));
            self.endpoint.keep(delivery).await;
        }
        let half = deliveries.first().filter(|_| probe.after_half);
        if let Some((delivery_id, parcel)) = half {
            let half = self
                .endpoint
                .send(delivery_id, &parcel.request, SendMode::Half);
            if half.await.is_none() {
                return Met::Impossible("half a request is not sent over TLS");
            }
        }
        let repeated = deliveries
            .iter()
            .flat_map(|delivery| std::iter::repeat_n(delivery, probe.times));
        let sendings = repeated.map(|(delivery_id, parcel)| self.post(delivery_id, parcel, probe));
        if probe.at_once {
            return Met::Answers(join_all(sendings).await.into_iter().flatten().collect());
        }
        let mut done = Vec::new();
        for sending in sendings {
            done.extend(sending.await);
        }
        Met::Answers(done)
    }

    async fn post(&self, delivery_id: &str, parcel: &Parcel, probe: &Probe) -> Option<Sending> {
        let attempt = self.endpoint.send(delivery_id, &parcel.request, probe.mode);
        Some(Sending {
            delivery_id: delivery_id.to_owned(),
            parcel: parcel.clone(),
            attempt: attempt.await?,
        })
    }

    /// What the log keeps of a forged delivery.
    fn delivery(&self, parcel: &Parcel, check: &str) -> Delivery {
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Delivery {
            id: id::delivery(),
            received_at: Timestamp::now(),
            source: DeliverySource::Test,
            remote: None,
            provider: known(self.material.provider().name()),
            event: known(&parcel.event),
            event_id: known(&parcel.event_id),
            duplicate_of: None,
            verdict: Verdict::new(Status::Unverified)
                .because(format!("forged by `webhook test` for `{check}`")),
            request: parcel.request.clone(),
            response_status: None,
        }
    }
}

fn is_answered(sendings: &[Sending]) -> bool {
    sendings.iter().all(|sent| sent.attempt.outcome.is_ok())
}

fn finished(
    planned: Planned,
    fault: Option<Fault>,
    mut sendings: Vec<Sending>,
    duration: Duration,
) -> Finished {
    let requests = sendings.len();
    let place = fault
        .as_ref()
        .map_or(requests.saturating_sub(1), |fault| fault.shown_by);
    let outcome = match &fault {
        None => Outcome::Pass,
        Some(fault) if fault.severity == Severity::Warning => Outcome::Warn,
        Some(_) => Outcome::Fail,
    };
    Finished {
        outcome,
        severity: fault
            .as_ref()
            .map_or(planned.check.severity, |fault| fault.severity),
        reason: fault.map(|fault| fault.reason),
        shown: (place < requests).then(|| sendings.swap_remove(place)),
        requests,
        duration,
        planned,
    }
}

fn skipped(planned: Planned, reason: String) -> Finished {
    Finished {
        outcome: Outcome::Skip,
        severity: planned.check.severity,
        reason: Some(reason),
        shown: None,
        requests: 0,
        duration: Duration::ZERO,
        planned,
    }
}
