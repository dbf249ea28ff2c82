//! THE FRONT DOOR: the one way in which a request is received.
//!
//! A request is judged, kept durably, and only then answered; then it is told to whoever watches,
//! and forwarded. The local socket comes in here, and so does everything else that receives.

mod answer;
mod feed;
mod forward;
mod seen;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::delivery::{Delivery, DeliverySource, Request, Status, Timestamp, Verdict, id};
use crate::http::{Arrival, Handler, Problem, Reply};
use crate::provider::{Catalogue, Keyring, Policy, RequestVerdict, verify_request};
use crate::store::Writer;

pub use answer::{Answers, InvalidPolicy};
pub use feed::{Expectation, Feed, Happening, Progress, Told};
pub use forward::{AnswerMode, Forward, ForwardOptions, Route};
pub use seen::{REMEMBERED, Seen};

/// Everything that receiving needs.
pub struct Receiver {
    /// The providers.
    pub catalogue: Catalogue,
    /// Their secrets.
    pub keyring: Keyring,
    /// How requests are judged.
    pub policy: Policy,
    /// What is answered.
    pub answers: Answers,
    /// How long to wait before each answer.
    pub delay: Option<Duration>,
    /// Where deliveries are kept; `None` keeps nothing.
    pub log: Option<Writer>,
    /// The events that came before.
    pub seen: Mutex<Seen>,
    /// Where deliveries go on to.
    pub forward: Option<Forward>,
    /// Who watches.
    pub feed: Arc<Feed>,
    /// The order of the log is the order of the forwarding: who submits, queues.
    pub order: tokio::sync::Mutex<()>,
}

impl Handler for Receiver {
    fn handle(&self, arrival: Arrival) -> impl Future<Output = Reply> + Send {
        self.receive(arrival)
    }
}

impl Receiver {
    async fn receive(&self, arrival: Arrival) -> Reply {
        let now = Timestamp::now();
        let (judged, problem) = self.judge(&arrival, now);
        let provider = judged.provider.map(|provider| provider.name().to_owned());
        let repeat = self.recall(provider.as_deref(), &judged);
        let mut reply = self.answers.reply(&judged, &arrival.request, problem);
        let forwarded = self.wants_forward(&judged, problem);
        let app_answers = forwarded && self.app_answers();
        let delivery = Arc::new(Delivery {
            id: repeat.id,
            received_at: now,
            source: DeliverySource::Listen,
            remote: Some(arrival.remote.to_string()),
            provider,
            event: judged.event,
            event_id: judged.event_id,
            duplicate_of: repeat.first,
            verdict: judged.verdict,
            request: arrival.request,
            response_status: (!app_answers).then_some(reply.status),
        });
        let line = match self.keep(&delivery, forwarded).await {
            Ok(line) => line,
            Err(error) => {
                self.feed.trouble(&error).await;
                return answer::not_kept();
            }
        };
        self.feed
            .delivery(Arc::clone(&delivery), repeat.count)
            .await;
        if let Some(line) = line
            && let Some(answer) = line.carry(delivery, &self.feed).await
        {
            reply = answer;
        }
        if let Some(delay) = self.delay {
            tokio::time::sleep(delay).await;
        }
        reply
    }

    fn judge(&self, arrival: &Arrival, now: Timestamp) -> (RequestVerdict<'_>, Option<Problem>) {
        let request = &arrival.request;
        let judged = match arrival.problem {
            None => verify_request(&self.catalogue, &self.keyring, &self.policy, request, now),
            Some(problem) => RequestVerdict {
                provider: None,
                event: None,
                event_id: None,
                verdict: Verdict::new(Status::Unverified).because(answer::describe(problem)),
            },
        };
        (judged, arrival.problem)
    }

    /// The delivery's own id, and which one of its event it is.
    fn recall(&self, provider: Option<&str>, judged: &RequestVerdict<'_>) -> seen::Repeat {
        self.seen().recall(
            id::delivery(),
            provider,
            judged.event_id.as_deref(),
            judged.verdict.status,
        )
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wants_forward(&self, judged: &RequestVerdict<'_>, problem: Option<Problem>) -> bool {
        let genuine = self.answers.accepts(judged.verdict.status);
        let forward = self.forward.as_ref();
        problem.is_none() && genuine && forward.is_some_and(|f| f.wants(judged.event.as_deref()))
    }

    fn app_answers(&self) -> bool {
        let by_app = self.forward.as_ref().is_some_and(Forward::app_answers);
        by_app && !self.answers.is_scripted()
    }

    /// Keeps the delivery durably. Its place in the forwarding line is taken in the same breath, so
    /// that both have one order.
    async fn keep(
        &self,
        delivery: &Arc<Delivery>,
        forwarded: bool,
    ) -> Result<Option<forward::Line>, crate::store::StoreError> {
        let order = self.order.lock().await;
        let receipt = match &self.log {
            Some(log) => Some(log.submit(Arc::clone(delivery)).await),
            None => None,
        };
        let forward = self.forward.as_ref().filter(|_| forwarded);
        let line =
            forward.map(|forward| forward.stand(delivery.event.as_deref(), self.app_answers()));
        drop(order);
        let kept = match receipt {
            Some(receipt) => receipt.await,
            None => Ok(()),
        };
        match kept {
            Ok(()) => Ok(line),
            Err(error) => {
                self.seen().forget(delivery);
                if let Some(line) = line {
                    line.leave();
                }
                Err(error)
            }
        }
    }
}

/// Whether a request's body is what the providers send.
fn is_json(request: &Request) -> bool {
    crate::json::is_json(&request.body)
}
