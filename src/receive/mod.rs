//! The receive path: decide, keep, publish, forward. It is the one way in which a request is
//! received.
//!
//! [`Rules::decide`] makes one [`Decision`] of an arrival. Its places in the queues of the applications
//! are taken in one step with its place in the log. It is kept durably, and only then published to
//! whoever subscribed to the [`Events`], handed over to the applications, and answered. The local
//! socket comes in here, and so does everything else that receives.

mod activity;
mod decide;
mod duplicates;
mod events;
mod expected;
mod forward;
mod handshakes;
mod passing;
mod probe;
mod progress;
mod recent;
mod replies;
mod rules;
mod script;
mod uptake;

use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::delivery::{Delivery, EventFilter, Headers, Timestamp, id};
use crate::http::{Arrival, Handler, NO_ANSWER, Pending, Reply, Stray};
use crate::provider::ExpectedAnswer;
use crate::store::{StoreError, Writer};
use duplicates::Unsettled;
use forward::{Forwarder, Slot, hand_over};
use script::Prompter;

pub use activity::Activity;
pub use decide::{Decision, Responder};
pub use duplicates::Duplicates;
pub use events::{Events, Subscription};
pub use expected::{ExpectedDelivery, ReadError};
pub use forward::ForwardOptions;
pub use progress::{Expectation, Progress};
pub use recent::REMEMBERED;
pub use rules::{AnswerMode, InvalidPolicy, Route, Rules, UnsignedPolicy};
pub use script::{Script, ScriptStep};
pub use uptake::Uptake;

/// How many senders may wait for the cause of their wrong signatures; beyond, none is looked for, so
/// that forgeries don't hold all connections.
const DIAGNOSES: usize = 64;

/// How many causes are looked for at once.
const DIAGNOSES_AT_ONCE: usize = 2;

/// What a receiver is built from.
pub struct ReceiverOptions {
    /// What decisions rest on.
    pub rules: Rules,
    /// Tells when an arrival came.
    pub clock: fn() -> Timestamp,
    /// Where deliveries are kept; `None` keeps nothing.
    pub log: Option<Writer>,
    /// The events that came before.
    pub duplicates: Duplicates,
    /// How deliveries go on along the routes of the rules; `None` where none do.
    pub forward: Option<ForwardOptions>,
    /// How long to wait before each answer.
    pub delay: Option<Duration>,
    /// The answers to deliveries whatever they are, in turn for each event id; the last one stays.
    /// None where the answer depends on what came.
    pub script: Vec<ScriptStep>,
    /// What chance follows from, where answers are given by chance.
    pub seed: u64,
    /// What is added to the head of each answer of this program's own.
    pub headers: Headers,
    /// What is waited for.
    pub expectation: Expectation,
}

/// Receives: everything that comes in goes through [`Receiver::receive`].
pub struct Receiver {
    rules: Arc<Rules>,
    clock: fn() -> Timestamp,
    log: Option<Writer>,
    /// Who submits to the log, queues: its order is that of the forwarding and of the duplicates.
    order: tokio::sync::Mutex<()>,
    duplicates: Arc<Duplicates>,
    prompter: Prompter,
    headers: Headers,
    forwarder: Option<Forwarder>,
    events: Arc<Events>,
    delay: Option<Duration>,
    diagnoses: Semaphore,
    diagnoses_at_once: Semaphore,
}

/// A delivery that is in the log, where there is one, and what is still to be done with it.
struct Kept {
    delivery: Arc<Delivery>,
    occurrence: u32,
    /// The answer; `None` where the application gives it.
    reply: Option<Reply>,
    /// How long to wait before the answer.
    delay: Duration,
    slots: Vec<Slot>,
    /// What its provider wants to be answered, of a handshake.
    handshake: Option<Vec<ExpectedAnswer>>,
}

impl Handler for Receiver {
    async fn handle(&self, arrival: Arrival) -> Pending {
        if self.events.are_held_up() {
            return ready(replies::later("nobody reads the output of the listener")).boxed();
        }
        let now = (self.clock)();
        let decision = self.decide(&arrival, now).await;
        let is_from_owner = decision.is_from_owner;
        let kept = match self.keep(arrival, decision, now).await {
            Ok(kept) => kept,
            Err(error) => {
                self.events.publish(&Activity::Error(error));
                // The sender shall try again.
                return ready(replies::later("the delivery could not be kept")).boxed();
            }
        };
        self.events.publish(&Activity::Delivery {
            delivery: Arc::clone(&kept.delivery),
            occurrence: kept.occurrence,
        });
        let handshake = kept.handshake.as_deref();
        let forwarded = hand_over(kept.slots, &kept.delivery, handshake, is_from_owner);
        let (reply, delay) = (kept.reply, kept.delay);
        async move {
            let reply = match reply {
                Some(reply) => reply,
                None => forwarded.await,
            };
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            reply
        }
        .boxed()
    }
}

impl Receiver {
    /// Builds a receiver; within a runtime, because its workers start here.
    pub fn new(options: ReceiverOptions) -> Self {
        let progress = Progress::new(options.expectation, options.rules.events.clone());
        let events = Arc::new(Events::new(progress));
        let routes = &options.rules.routes;
        let start = |forward| Forwarder::start(routes, forward, Arc::clone(&events));
        Self {
            forwarder: options.forward.map(start),
            rules: Arc::new(options.rules),
            clock: options.clock,
            log: options.log,
            order: tokio::sync::Mutex::default(),
            duplicates: Arc::new(options.duplicates),
            prompter: Prompter::new(options.script, options.seed),
            headers: options.headers,
            events,
            delay: options.delay,
            diagnoses: Semaphore::new(DIAGNOSES),
            diagnoses_at_once: Semaphore::new(DIAGNOSES_AT_ONCE),
        }
    }

    /// What happens here, to subscribe to.
    pub const fn events(&self) -> &Arc<Events> {
        &self.events
    }

    /// Which events are shown and forwarded.
    pub fn events_shown(&self) -> &EventFilter {
        &self.rules.events
    }

    /// Forwards nothing new, and waits until everything that was on its way has arrived.
    pub async fn finish(&self) {
        if let Some(forwarder) = &self.forwarder {
            forwarder.finish().await;
        }
    }

    /// Forwards nothing more and waits for no answer: what is under way becomes an attempt without one.
    pub async fn give_up(&self) {
        if let Some(forwarder) = &self.forwarder {
            forwarder.give_up().await;
        }
    }

    /// Tells of something that came and is no request.
    pub fn notice(&self, stray: Stray, from: SocketAddr) {
        self.events.publish(&Activity::Stray(stray, from));
    }

    /// Receives one arrival; returns what its sender is answered.
    pub async fn receive(&self, arrival: Arrival) -> Reply {
        self.handle(arrival).await.await
    }

    /// Decides here what is quick, and the cause of a wrong signature where it holds up nobody else.
    async fn decide(&self, arrival: &Arrival, now: Timestamp) -> Decision {
        let decision = self.rules.decide(arrival, now, false);
        if !decision.is_undiagnosed {
            return decision;
        }
        let Ok(_place) = self.diagnoses.try_acquire() else {
            return decision;
        };
        let Ok(_turn) = self.diagnoses_at_once.acquire().await else {
            return decision;
        };
        let (rules, arrival) = (Arc::clone(&self.rules), arrival.clone());
        let diagnosed = spawn_blocking(move || rules.decide(&arrival, now, true)).await;
        diagnosed.unwrap_or(decision)
    }

    /// Keeps the delivery durably. What it repeats is looked up and its places in the queues of the
    /// targets are taken in one step with its place in the log, so that all have one order.
    async fn keep(
        &self,
        arrival: Arrival,
        mut decision: Decision,
        now: Timestamp,
    ) -> Result<Kept, StoreError> {
        let id = id::delivery();
        let (order, unsettled) = self.look_up(&id, &decision).await;
        let slots = match &self.forwarder {
            Some(forwarder) => forwarder.enqueue(&decision.routes),
            None => Some(Vec::new()),
        };
        let is_delivery = arrival.problem.is_none() && !decision.is_probe;
        let step = is_delivery.then(|| self.prompter.next(decision.event_id.as_deref()));
        let step = step.unwrap_or_default();
        let responder = std::mem::replace(&mut decision.responder, Responder::Application);
        let own = step.reply(decision.is_from_owner);
        let reply = own.or_else(|| responder.reply(slots.is_none()));
        let reply = reply.map(|reply| reply.with_all(&self.headers));
        let status = reply.as_ref().map(|reply| reply.status);
        let status = status.filter(|status| *status != NO_ANSWER);
        let first = unsettled.occurrence.first.clone();
        let handshake = decision.handshake.clone();
        let delivery = Arc::new(decision.into_delivery(id, now, arrival, first, status));
        let receipt = match &self.log {
            Some(log) => Some(log.submit(Arc::clone(&delivery)).await),
            None => None,
        };
        drop(order);
        let occurrence = unsettled.occurrence.number;
        unsettled.settle(receipt).await?;
        if let Some(error) = self.log.as_ref().and_then(Writer::began_anew) {
            self.events.publish(&Activity::Error(error));
        }
        Ok(Kept {
            delivery,
            occurrence,
            reply,
            delay: self.delay.unwrap_or_default() + step.delay,
            slots: slots.unwrap_or_default(),
            handshake,
        })
    }

    /// Which delivery of its event this is, and the right to submit it next. Waits while the first
    /// one of the event is not kept yet: it may never be.
    async fn look_up(
        &self,
        id: &str,
        decision: &Decision,
    ) -> (tokio::sync::MutexGuard<'_, ()>, Unsettled) {
        let event = decision
            .provider
            .as_deref()
            .zip(decision.event_id.as_deref());
        loop {
            let settled = self.duplicates.settled();
            let order = self.order.lock().await;
            let status = decision.verdict.status;
            if let Some(occurrence) = self.duplicates.look_up(id, event, status) {
                return (order, Unsettled::new(&self.duplicates, occurrence));
            }
            drop(order);
            settled.await;
        }
    }
}
