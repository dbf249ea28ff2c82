//! One attempt, from the row that says that it is under way to the row that says what came of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::model::{DueDelivery, EmulatedAttempt};
use super::state::{StateChange, StateTable};
use super::{
    AfterAttempt, AttemptCause, AttemptOutcome, AttemptTold, DeliveryStatus, DeliveryTold,
    EmulateEvent, Emulator, EndpointStatus, Scheduled, Speed, WebhookEndpoint, lock,
};
use crate::delivery::{Attempt, Request, Signing, Timestamp, Trigger, id};
use crate::dispatch::Outgoing;
use crate::provider::{NextAttempt, Payload};
use crate::signature::Key;
use crate::store::StoreError;

/// How much of an answer's body is kept, in bytes.
const KEPT_ANSWER: usize = 4096;

impl Emulator {
    /// Makes the attempt that is scheduled, and schedules what follows.
    pub(super) async fn attempt(self: Arc<Self>, scheduled: Scheduled, era: u64) {
        match self.try_attempt(scheduled).await {
            Ok(next) => self.end(scheduled, next, era),
            Err(failure) => self.fail(failure),
        }
    }

    /// The same; says when the next one is due.
    async fn try_attempt(&self, scheduled: Scheduled) -> Result<Option<Timestamp>, StoreError> {
        let Some(mut due) = self.state.due_delivery(scheduled.delivery)? else {
            return Ok(None);
        };
        let endpoint = self.endpoints.get(scheduled.endpoint);
        let active = endpoint.filter(|endpoint| endpoint.status == EndpointStatus::Active);
        let Some(endpoint) = active else {
            due.delivery.due_at = None;
            due.delivery.status = DeliveryStatus::Cancelled;
            let change = StateChange::Delivery(due.delivery);
            return self.state.write(change).await.map(|()| None);
        };
        let endpoint = self.rotated(endpoint).await?;
        let mut record = self.record(&due);
        let request = self.request(&due, &endpoint);
        if record.number == 1 && record.cause == AttemptCause::Schedule {
            let told = told(&due, &endpoint, record.started_at);
            let request = Box::new(request.clone());
            self.observer
                .tell(EmulateEvent::Delivery(told, request))
                .await;
        }
        self.state
            .write(StateChange::Started(record.clone()))
            .await?;
        due.delivery.first_at.get_or_insert(record.started_at);
        let sent = self.send(&request, &due, &endpoint, &record).await;
        record.outcome = outcome(&sent);
        let ended_at = self.now();
        let next = self.decide(&mut due, &record, &sent, ended_at);
        let next = self
            .after_failure(&endpoint, &mut due, &sent, ended_at, next)
            .await?;
        let due_at = due.delivery.due_at;
        let told = AttemptTold {
            delivery: told(&due, &endpoint, ended_at),
            number: record.number,
            of: self.options.provider.definition.delivery.retry.attempts(),
            cause: record.cause,
            next,
            attempt: sent,
        };
        let change = StateChange::Ended(record, ended_at, due.delivery);
        self.state.write(change).await?;
        self.observer
            .tell(EmulateEvent::Attempt(Box::new(told)))
            .await;
        Ok(due_at)
    }

    /// The row of an attempt that is made now. One that repeats another has its number.
    fn record(&self, due: &DueDelivery) -> EmulatedAttempt {
        let delivery = &due.delivery;
        let step = u32::from(delivery.cause != AttemptCause::Duplicate);
        EmulatedAttempt {
            seq: self.state.place(StateTable::Attempt),
            id: id::attempt(),
            delivery: delivery.seq,
            number: delivery.attempts + step,
            cause: delivery.cause,
            started_at: self.now(),
            sent_at: (self.options.clock)(),
            outcome: AttemptOutcome::Started,
        }
    }

    /// Sends a request, and says what came of it.
    async fn send(
        &self,
        request: &Request,
        due: &DueDelivery,
        endpoint: &WebhookEndpoint,
        record: &EmulatedAttempt,
    ) -> Attempt {
        let definition = &self.options.provider.definition;
        let documented = definition.delivery.timeout();
        let timeout = self.options.timeout.unwrap_or(documented);
        let trigger = match record.cause {
            AttemptCause::Redeliver => Trigger::Replay,
            AttemptCause::Schedule if record.number == 1 => Trigger::Send,
            _ => Trigger::Retry,
        };
        let outgoing = Outgoing {
            delivery_id: &due.delivery.id,
            trigger,
            // Signing may have written into the query.
            target: &endpoint.target.at(&request.target),
            request,
            signing: Some(Signing::Fresh),
            timeout: (!timeout.is_zero()).then_some(timeout),
            run: None,
        };
        let mut attempt = self.dispatch.send(outgoing).await.attempt;
        attempt.id.clone_from(&record.id);
        attempt
    }

    /// The event as it goes to an endpoint, signed with the real time.
    fn request(&self, due: &DueDelivery, endpoint: &WebhookEndpoint) -> Request {
        let definition = &self.options.provider.definition;
        let event = &due.event;
        let mut payload = Payload {
            event: event.event.clone(),
            event_id: String::new(),
            body: event.body.clone(),
            headers: event.headers.clone(),
            method: event.method.clone(),
            origin: Some(endpoint.target.origin()),
            target: endpoint.target.request_target().to_owned(),
            signed_at: (self.options.clock)(),
        };
        payload.set_body(event.body.clone(), definition);
        let own = endpoint
            .secrets
            .first()
            .and_then(|secret| self.key(secret).ok());
        let key: &Key = own.as_ref().unwrap_or(&self.options.key);
        payload.sign(definition, key)
    }

    /// What follows by the provider's rules, which the delivery is then told.
    fn decide(
        &self,
        due: &mut DueDelivery,
        record: &EmulatedAttempt,
        sent: &Attempt,
        ended_at: Timestamp,
    ) -> AfterAttempt {
        let rules = &self.options.provider.definition.delivery;
        let delivery = &mut due.delivery;
        delivery.attempts = record.number;
        delivery.due_at = None;
        let number = usize::try_from(record.number).unwrap_or(usize::MAX);
        let first_at = delivery.first_at.unwrap_or(ended_at);
        let next = rules.next(number, sent.status(), first_at, ended_at);
        if record.cause == AttemptCause::Duplicate {
            // It was confirmed before, whatever is answered now.
            return AfterAttempt::Delivered;
        }
        delivery.response_code = sent.status();
        delivery.response_time_ms = Some(sent.duration_ms);
        delivery.status = DeliveryStatus::Failed;
        match next {
            NextAttempt::Delivered => {
                delivery.status = DeliveryStatus::Success;
                delivery.delivered_at = Some(ended_at);
                if lock(&self.faults).duplicates(delivery.seq) {
                    delivery.due_at = Some(ended_at);
                    delivery.cause = AttemptCause::Duplicate;
                }
                AfterAttempt::Delivered
            }
            NextAttempt::At(at) if record.cause != AttemptCause::Redeliver => {
                let at = at.max(ended_at.plus(self.asked_wait(sent)));
                delivery.due_at = Some(at);
                delivery.cause = AttemptCause::Schedule;
                let wait = self.real_wait(at);
                AfterAttempt::Retried { at, wait }
            }
            NextAttempt::At(_) | NextAttempt::NotRetried => AfterAttempt::NotRetried,
            NextAttempt::Exhausted => AfterAttempt::Exhausted,
        }
    }

    /// How long the answer asks to wait.
    fn asked_wait(&self, sent: &Attempt) -> Duration {
        let answer = sent.outcome.as_ref().ok();
        let asked = answer.and_then(|answer| answer.retry_after((self.options.clock)()));
        asked.unwrap_or_default()
    }

    /// How long it is by the real clock; `None` where time goes on by itself.
    fn real_wait(&self, at: Timestamp) -> Option<Duration> {
        let clock = lock(&self.timing).clock;
        let wait = || clock.wait((self.options.clock)(), at);
        (clock.speed != Speed::Instant).then(wait)
    }

    /// Disables an endpoint that has failed for too long, or has answered what disables it. Nothing more is
    /// sent to one that was removed or disabled meanwhile.
    async fn after_failure(
        &self,
        endpoint: &WebhookEndpoint,
        due: &mut DueDelivery,
        sent: &Attempt,
        ended_at: Timestamp,
        next: AfterAttempt,
    ) -> Result<AfterAttempt, StoreError> {
        let is_delivered = next == AfterAttempt::Delivered;
        let is_active = self
            .note_outcome(endpoint.seq, sent.status(), is_delivered, ended_at)
            .await?;
        if is_active || due.delivery.due_at.is_none() {
            return Ok(next);
        }
        due.delivery.due_at = None;
        if is_delivered {
            return Ok(next);
        }
        due.delivery.status = DeliveryStatus::Cancelled;
        Ok(AfterAttempt::Cancelled)
    }
}

/// A delivery as it is told of.
pub(super) fn told(due: &DueDelivery, endpoint: &WebhookEndpoint, at: Timestamp) -> DeliveryTold {
    DeliveryTold {
        id: due.delivery.id.clone(),
        event: due.event.event.clone(),
        event_id: due.event.id.clone(),
        endpoint: endpoint.id.clone(),
        url: endpoint.target.to_string(),
        at,
    }
}

fn outcome(sent: &Attempt) -> AttemptOutcome {
    let (answer, body) = match &sent.outcome {
        Ok(answer) => {
            let kept = answer.body.len().min(KEPT_ANSWER);
            (Ok(answer.status), answer.body.slice(..kept))
        }
        Err(failure) => {
            let kind = failure.kind.as_str().to_owned();
            (Err((kind, failure.message.clone())), Bytes::new())
        }
    };
    AttemptOutcome::Ended {
        duration_ms: sent.duration_ms,
        answer,
        body,
    }
}
