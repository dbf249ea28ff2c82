//! A provider on this machine: endpoints are registered, events happen, deliveries are signed and sent as
//! the real one would, failures are retried on its schedule, and everything can be looked at afterwards.
//!
//! It has no signing, no sending and no rule of a provider of its own: what is composed, signed, retried
//! and when comes from [`crate::provider`], and each attempt leaves through [`crate::dispatch`].
//!
//! ```text
//! API, command -> emit: event + deliveries -> state (durable) -> schedule
//! schedule: due by the emulated clock, a queue for each endpoint -> attempt
//! attempt: row "started" (durable) -> sign -> dispatch -> row "ended", next due (durable) -> observer
//! ```
//!
//! The clock is emulated ([`EmulatedClock`]): it may run faster than the real one, jump, or go on to what is
//! due next. Signatures carry the real time, as receivers look at their own clocks.

pub mod api;
mod attempt;
mod clock;
mod control;
mod emit;
mod endpoints;
mod injected;
mod model;
mod observer;
mod refusal;
mod scenario;
mod schedule;
mod start;
mod state;
mod told;
mod usable;

use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::delivery::Timestamp;
use crate::dispatch::Dispatch;
use crate::http::GRACE;
use crate::provider::Provider;
use crate::signature::Key;
use crate::store::StoreError;

pub use crate::http::ApiRefusal;
pub use clock::{EmulatedClock, Speed};
pub use emit::EventRequest;
pub use endpoints::{EndpointChange, NewEndpoint};
pub use injected::InjectedFaults;
pub use model::{
    AttemptCause, AttemptOutcome, DeliveryStatus, EmittedEvent, EmulatedAttempt, EmulatedDelivery,
    EndpointStatus, WebhookEndpoint,
};
pub use observer::{EmulatedTotals, Observations, Observer};
pub use scenario::{Scenario, ScenarioError};
pub use start::OpenError;
pub use state::{EmulatorState, StateError, StatePage};
pub use told::{AfterAttempt, AttemptTold, DeliveryTold, EmulateEvent};

use endpoints::Endpoints;
use schedule::{Schedule, Scheduled};

/// How many attempts are under way at once, whatever the number of endpoints: each holds a socket.
const CONCURRENCY: usize = 512;

/// What an emulated provider is.
pub struct EmulateOptions {
    /// Whom it plays.
    pub provider: Provider,
    /// What is signed with for endpoints without a secret of their own.
    pub key: Key,
    /// What callers of its API have to give.
    pub api_key: String,
    /// How long to wait for an answer; `None` for the provider's deadline.
    pub timeout: Option<Duration>,
    /// How fast its time runs.
    pub speed: Speed,
    /// What is done wrong on purpose.
    pub faults: InjectedFaults,
    /// What ids of things and chances follow from.
    pub seed: u64,
    /// The real time.
    pub clock: fn() -> Timestamp,
    /// The endpoints that are there from the start, and after a reset.
    pub endpoints: Vec<NewEndpoint>,
}

/// The emulated provider.
pub struct Emulator {
    options: EmulateOptions,
    state: EmulatorState,
    endpoints: Endpoints,
    faults: Mutex<InjectedFaults>,
    timing: Mutex<Timing>,
    dispatch: Dispatch,
    observer: Observer,
    /// Wakes who starts attempts.
    wake: Notify,
    /// Wakes who waits for quiet.
    settled: Notify,
    /// Why it cannot go on.
    failure: Mutex<Option<StoreError>>,
    /// Counts the events since the start, for their ids.
    stories: AtomicU64,
    /// Changes of what the API has made, one at a time.
    changing: tokio::sync::Mutex<()>,
}

/// What is due, and the time.
struct Timing {
    schedule: Schedule,
    clock: EmulatedClock,
    /// Counts the resets: what was under way before belongs to another schedule.
    era: u64,
}

impl Emulator {
    /// Makes attempts as they fall due until `stop` resolves; then finishes those under way, for at most
    /// [`GRACE`]. What is under way after that was interrupted, and is made again after the next start.
    pub async fn run(self: &Arc<Self>, stop: impl Future<Output = ()>) -> Result<(), StoreError> {
        let mut stop = pin!(stop);
        loop {
            if let Some(failure) = lock(&self.failure).take() {
                return Err(failure);
            }
            let wait = self.start_due();
            let due = async {
                match wait {
                    Some(wait) => sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = self.wake.notified() => {}
                () = due => {}
            }
        }
        let ended = self.until(|timing| timing.schedule.running() == 0);
        let _ = timeout(GRACE, ended).await;
        lock(&self.failure).take().map_or(Ok(()), Err)
    }

    /// Starts what is due, and says how long it is until the next is; `None` where nothing is to come, or
    /// what comes waits for what is under way.
    fn start_due(self: &Arc<Self>) -> Option<Duration> {
        let mut timing = lock(&self.timing);
        let now = (self.options.clock)();
        loop {
            let shown = timing.clock.at(now);
            timing.schedule.release(shown);
            while let Some(scheduled) = timing.schedule.start() {
                let era = timing.era;
                tokio::spawn(Arc::clone(self).attempt(scheduled, era));
            }
            let Some(next) = timing.schedule.next_due() else {
                self.settled.notify_waiters();
                return None;
            };
            if timing.clock.speed != Speed::Instant {
                self.settled.notify_waiters();
                return Some(timing.clock.wait(now, next));
            }
            if !timing.schedule.is_quiet() {
                return None;
            }
            timing.clock.jump_to(now, next);
        }
    }

    /// Takes an attempt off what is under way, and schedules what follows.
    fn end(&self, scheduled: Scheduled, next: Option<Timestamp>, era: u64) {
        let mut timing = lock(&self.timing);
        if timing.era == era {
            timing.schedule.end(scheduled.endpoint);
            if let Some(due) = next {
                timing.schedule.add(scheduled, due);
            }
        }
        drop(timing);
        self.wake.notify_one();
        self.settled.notify_waiters();
    }

    /// Ends the run, as nothing can be kept any more.
    fn fail(&self, failure: StoreError) {
        lock(&self.failure).get_or_insert(failure);
        self.wake.notify_one();
    }

    /// Waits until `is_met`.
    async fn until(&self, is_met: impl Fn(&Timing) -> bool) {
        loop {
            let mut settled = pin!(self.settled.notified());
            settled.as_mut().enable();
            if is_met(&lock(&self.timing)) {
                return;
            }
            settled.await;
        }
    }

    /// Waits until nothing is under way or due now; where time goes on by itself, until nothing is to come.
    pub async fn until_idle(&self) {
        self.until(|timing| {
            let next = timing.schedule.next_due();
            let shown = timing.clock.at((self.options.clock)());
            let is_due = |due| timing.clock.speed == Speed::Instant || due <= shown;
            timing.schedule.is_quiet() && !next.is_some_and(is_due)
        })
        .await;
    }

    /// Waits until nothing is under way or to come.
    pub async fn until_done(&self) {
        self.until(|timing| timing.schedule.is_empty()).await;
    }

    /// Waits until an attempt is to come, and says how long it is until then by the real clock; for ever where
    /// time does not pass by itself.
    pub async fn next_attempt(&self) -> Duration {
        let next = |timing: &Timing| {
            let due = timing.schedule.next_due()?;
            let passes = timing.clock.speed != Speed::Instant;
            passes.then(|| timing.clock.wait((self.options.clock)(), due))
        };
        self.until(|timing| next(timing).is_some()).await;
        next(&lock(&self.timing)).unwrap_or_default()
    }

    /// The emulated time.
    pub fn now(&self) -> Timestamp {
        lock(&self.timing).clock.at((self.options.clock)())
    }

    /// How many deliveries are under way and how many are to come.
    pub fn backlog(&self) -> (usize, usize) {
        let timing = lock(&self.timing);
        (timing.schedule.running(), timing.schedule.pending())
    }

    /// Whom it tells what happens.
    pub const fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Whom it plays.
    pub const fn provider(&self) -> &Provider {
        &self.options.provider
    }

    /// Where its state is.
    pub fn state_path(&self) -> &Path {
        self.state.path()
    }

    /// The registered endpoints, in order.
    pub fn endpoints(&self) -> Vec<Arc<WebhookEndpoint>> {
        self.endpoints.all()
    }

    /// Schedules what the state has due.
    fn fill_schedule(&self) -> Result<(), StoreError> {
        let due = self.state.due()?;
        let mut timing = lock(&self.timing);
        timing.schedule = Schedule::new(per_endpoint(&self.options), CONCURRENCY);
        for (scheduled, due) in due {
            timing.schedule.add(scheduled, due);
        }
        Ok(())
    }

    /// The number of the next event's story.
    fn next_story(&self) -> u64 {
        self.stories.fetch_add(1, Ordering::Relaxed)
    }
}

/// How many deliveries to an endpoint are under way at once.
fn per_endpoint(options: &EmulateOptions) -> usize {
    let concurrency = options.provider.definition.delivery.concurrency;
    usize::from(concurrency.get())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
