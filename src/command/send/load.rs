//! Many deliveries: an open-loop schedule, workers, a bar, and the latencies at the end.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::deliver::{attempt, outcome_of, print, requests, summary_line};
use super::letter::Draft;
use super::{Order, Run};
use crate::command::signal;
use crate::delivery::{Attempt, Cause, id};
use crate::dispatch::Dispatch;
use crate::exit::{Outcome, Trouble};
use crate::report::{self, Load, Tally};

/// How many deliveries are under way at once where the user does not say.
const CONCURRENCY: u16 = 50;
/// Latencies are told to three digits, up to an hour.
const DIGITS: u8 = 3;
const LONGEST_MICROS: u64 = 3_600_000_000;

/// When each delivery is to start, and when there are no more.
struct Timetable {
    start: Instant,
    /// The time between two starts; zero for as fast as the answers allow.
    interval: Duration,
    count: u64,
    duration: Duration,
    taken: AtomicU64,
    stopped: AtomicBool,
}

/// What one worker, or all together, saw.
struct Seen {
    tally: Tally,
    latency: Histogram<u64>,
    worst: Outcome,
}

/// Sends until the count or the duration is reached, or a signal comes.
pub async fn send(
    run: &Run<'_>,
    orders: &[Order<'_>],
    dispatch: Dispatch,
    mut random: StdRng,
) -> Result<Outcome, Trouble> {
    let drafts = orders
        .iter()
        .map(|order| Ok((*order, Draft::read(run, *order)?)));
    let drafts = drafts.collect::<Result<Vec<_>, Trouble>>()?;
    let signals = signal::first()?;
    let timetable = Timetable::new(run);
    let bar = bar(run, &timetable);
    let workers = usize::from(run.args.load.concurrency.unwrap_or(CONCURRENCY));
    let working = join_all((0..workers).map(|_| {
        let seed = random.random();
        work(run, &drafts, &dispatch, &timetable, &bar, seed)
    }));
    tokio::pin!(working);
    let (parts, signal) = tokio::select! {
        parts = &mut working => (parts, None),
        Ok(signal) = signals => {
            timetable.stopped.store(true, Ordering::Relaxed);
            // What is under way is awaited, so that the figures tell of everything that was sent.
            ((&mut working).await, Some(signal))
        }
    };
    bar.finish_and_clear();
    let seen = parts.into_iter().try_fold(Seen::new()?, |all, part| {
        Ok::<_, Trouble>(all.merge(&part?))
    })?;
    report(run, &seen, timetable.start.elapsed())?;
    Ok(signal.map_or(seen.worst, Outcome::Interrupted))
}

async fn work(
    run: &Run<'_>,
    drafts: &[(Order<'_>, Draft)],
    dispatch: &Dispatch,
    timetable: &Timetable,
    bar: &ProgressBar,
    seed: u64,
) -> Result<Seen, Trouble> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut seen = Seen::new()?;
    while let Some((number, intended)) = timetable.next().await {
        let place = usize::try_from(number).unwrap_or_default() % drafts.len();
        let Some((order, draft)) = drafts.get(place) else {
            break;
        };
        let letter = draft.letter(run, *order, &mut random)?;
        let delivery_id = id::delivery();
        for request in requests(run, *order, &letter)? {
            let attempt = attempt(run, *order, &delivery_id, &request, Cause::Send, dispatch).await;
            if run.args.json {
                print(run, *order, &letter, &attempt)?;
            }
            seen.add(&attempt, intended.elapsed());
        }
        bar.inc(1);
    }
    Ok(seen)
}

impl Timetable {
    fn new(run: &Run<'_>) -> Self {
        let load = &run.args.load;
        let interval = load.rate.map_or(Duration::ZERO, |rate| {
            Duration::from_secs_f64(1.0 / rate.per_second)
        });
        Self {
            start: Instant::now(),
            interval,
            count: load.count.unwrap_or(u64::MAX),
            duration: load.duration.map_or(Duration::MAX, |span| span.0),
            taken: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// The number of the next delivery and its intended start, once that has come. With a rate,
    /// latency counts from there, so that a stalled endpoint is not flattered by the requests that
    /// it kept from being sent.
    async fn next(&self) -> Option<(u64, Instant)> {
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        if number >= self.count {
            return None;
        }
        if self.interval.is_zero() {
            return (self.start.elapsed() < self.duration).then(|| (number, Instant::now()));
        }
        let offset = self
            .interval
            .mul_f64(f64::from(u32::try_from(number).unwrap_or(u32::MAX)));
        if offset >= self.duration {
            return None;
        }
        let intended = self.start + offset;
        tokio::time::sleep_until(intended.into()).await;
        (!self.stopped.load(Ordering::Relaxed)).then_some((number, intended))
    }
}

impl Seen {
    fn new() -> Result<Self, Trouble> {
        let latency = Histogram::new_with_bounds(1, LONGEST_MICROS, DIGITS);
        Ok(Self {
            tally: Tally::default(),
            latency: latency.map_err(|error| Trouble::usage(error.to_string()))?,
            worst: Outcome::Yes,
        })
    }

    fn add(&mut self, attempt: &Attempt, latency: Duration) {
        self.tally.add(attempt);
        self.worst = self.worst.worse(outcome_of(attempt));
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latency.saturating_record(micros);
    }

    fn merge(mut self, other: &Self) -> Self {
        self.tally.merge(&other.tally);
        self.worst = self.worst.worse(other.worst);
        // Fails only where the other's range is wider, and they are made alike.
        let _ = self.latency.add(&other.latency);
        self
    }
}

fn bar(run: &Run<'_>, timetable: &Timetable) -> ProgressBar {
    if !run.world.console.talks_to_terminal() {
        return ProgressBar::hidden();
    }
    if timetable.count == u64::MAX {
        let style = ProgressStyle::with_template("{spinner} {pos} sent  {per_sec}  {elapsed}");
        return ProgressBar::new_spinner()
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}  {per_sec}  {eta} left");
    ProgressBar::new(timetable.count)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn report(run: &Run<'_>, seen: &Seen, elapsed: Duration) -> Result<(), Trouble> {
    if run.args.json {
        let mut line: serde_json::Value =
            serde_json::from_str(&summary_line(&seen.tally)).unwrap_or_default();
        line["elapsed_ms"] = (elapsed.as_secs_f64() * 1_000.0).into();
        line["latency_us"] = serde_json::json!({
            "p50": seen.latency.value_at_percentile(50.0), "p75": seen.latency.value_at_percentile(75.0),
            "p90": seen.latency.value_at_percentile(90.0), "p99": seen.latency.value_at_percentile(99.0),
            "p99.9": seen.latency.value_at_percentile(99.9), "max": seen.latency.max(),
        });
        return Ok(run.world.console.json(&line.to_string())?);
    }
    let load = Load {
        latency: &seen.latency,
        tally: &seen.tally,
        elapsed,
    };
    Ok(run.world.console.data(&report::load(&load))?)
}
