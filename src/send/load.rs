//! Many deliveries: starts at a rate or as fast as the answers allow, workers, and the latencies.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use hdrhistogram::Histogram;

use super::timetable::{LoadOptions, Timetable};
use super::{Message, Observer, SendError, SendEvent, SendOptions, tell};
use crate::delivery::{Trigger, id};
use crate::dispatch::Dispatch;

/// Latencies are told to three digits, up to an hour.
const DIGITS: u8 = 3;
const LONGEST_MICROS: u64 = 3_600_000_000;

/// What a load measured.
#[derive(Debug, Clone)]
pub struct LoadReport<S> {
    /// Latencies in microseconds, from the intended start.
    pub latency: Histogram<u64>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How many deliveries were due in the duration and had no worker free; they are no part of the
    /// latencies.
    pub unsent: u64,
    /// What stopped the load before its end.
    pub stopped_by: Option<S>,
}

/// What the workers of a load share.
struct Workers<'a, 'o> {
    options: &'a SendOptions<'a>,
    messages: &'a [Message<'a>],
    dispatch: &'a Dispatch,
    timetable: Timetable,
    /// From which the ids of each delivery follow, whoever sends it.
    seed: u64,
    /// One for all: a histogram takes 200 KiB, and there may be 65,535 workers.
    latency: Mutex<Histogram<u64>>,
    observer: Mutex<&'a mut Observer<'o>>,
}

/// Sends until the count or the duration is reached, or `stop` resolves: then what is under way is
/// awaited, so that the figures tell of everything that was sent. What is wrong with a message is
/// told before anything is sent.
pub async fn load<S>(
    options: &SendOptions<'_>,
    load: LoadOptions,
    messages: &[Message<'_>],
    dispatch: &Dispatch,
    seed: u64,
    observer: &mut Observer<'_>,
    stop: impl Future<Output = S>,
) -> Result<LoadReport<S>, SendError> {
    for (number, message) in messages.iter().enumerate() {
        options.compose(message, Message::story(messages, seed, number))?;
    }
    let workers = Workers {
        options,
        messages,
        dispatch,
        timetable: Timetable::new(load, messages.len()),
        seed,
        latency: Mutex::new(histogram()),
        observer: Mutex::new(observer),
    };
    let stopped_by = workers.run(load.concurrency, stop).await?;
    let unsent = match stopped_by {
        None => workers.timetable.unsent(),
        Some(_) => 0,
    };
    Ok(LoadReport {
        elapsed: workers.timetable.elapsed(),
        unsent,
        stopped_by,
        latency: workers
            .latency
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner),
    })
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_MICROS, DIGITS).expect("bounds that a histogram can have")
}

impl Workers<'_, '_> {
    /// Works until all is sent, or `stop` resolves and what is under way is answered.
    async fn run<S>(
        &self,
        concurrency: u16,
        stop: impl Future<Output = S>,
    ) -> Result<Option<S>, SendError> {
        let mut working = pin!(try_join_all((0..concurrency).map(|_| self.work())));
        tokio::select! {
            biased;
            cause = stop => {
                self.timetable.stop();
                self.tell(SendEvent::Stopping)?;
                working.await?;
                Ok(Some(cause))
            }
            done = &mut working => done.map(|_| None),
        }
    }

    /// What one worker does.
    async fn work(&self) -> Result<(), SendError> {
        while let Some((number, intended)) = self.timetable.next().await {
            let number = usize::try_from(number).unwrap_or_default();
            let Some(message) = self.messages.get(number % self.messages.len().max(1)) else {
                break;
            };
            self.deliver(message, number, intended).await?;
        }
        Ok(())
    }

    async fn deliver(
        &self,
        message: &Message<'_>,
        number: usize,
        intended: Instant,
    ) -> Result<(), SendError> {
        let story = Message::story(self.messages, self.seed, number);
        let payload = self.options.compose(message, story)?;
        let delivery_id = id::delivery();
        let mut start = intended;
        for request in self.options.sign(message, &payload)? {
            let (trigger, dispatch) = (Trigger::Send, self.dispatch);
            let attempt = self
                .options
                .attempt(message, &request, &delivery_id, trigger, dispatch);
            let attempt = attempt.await;
            self.record(start.elapsed());
            self.tell(SendEvent::Attempted {
                message,
                payload: &payload,
                request: &request,
                attempt: &attempt,
            })?;
            start = Instant::now();
        }
        let next = None;
        self.tell(SendEvent::Ended { message, next })
    }

    fn record(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let mut latencies = self.latency.lock().unwrap_or_else(PoisonError::into_inner);
        latencies.saturating_record(micros);
    }

    fn tell(&self, event: SendEvent<'_>) -> Result<(), SendError> {
        let mut observer = self.observer.lock().unwrap_or_else(PoisonError::into_inner);
        tell(&mut **observer, event)
    }
}
