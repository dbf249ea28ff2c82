//! Many deliveries: an open-loop schedule, workers, a bar, and the latencies at the end.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::deliver::{attempt, outcome_of, print, requests, summary_value};
use super::letter::Draft;
use super::timetable::Timetable;
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

/// What the workers of a run share.
struct Work<'a> {
    run: &'a Run<'a>,
    drafts: Vec<(Order<'a>, Draft)>,
    dispatch: Dispatch,
    timetable: Timetable,
    bar: ProgressBar,
    /// From which the ids of each delivery follow, whoever sends it.
    seed: u64,
    /// One for all: a histogram takes 200 KiB, and there may be 65,535 workers.
    seen: Mutex<Seen>,
}

/// What came of the deliveries.
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
    let signals = signal::first()?;
    let timetable = Timetable::new(&run.args.load, orders.len());
    let work = Work {
        run,
        drafts: drafts(run, orders, &mut random)?,
        dispatch,
        bar: bar(run, timetable.count()),
        timetable,
        seed: random.random(),
        seen: Mutex::new(Seen::new()?),
    };
    let workers = run.args.load.concurrency.unwrap_or(CONCURRENCY);
    let working = try_join_all((0..workers).map(|_| work.deliver()));
    tokio::pin!(working);
    let signal = tokio::select! {
        done = &mut working => done.map(|_| None)?,
        Ok(signal) = signals => {
            work.timetable.stop();
            say_waiting(&work);
            // What is under way is awaited, so that the figures tell of everything that was sent.
            working.await?;
            Some(signal)
        }
    };
    work.bar.finish_and_clear();
    let elapsed = work.timetable.elapsed();
    if signal.is_none() {
        say_unsent(run, &work.timetable);
    }
    let seen = work.seen.lock().unwrap_or_else(PoisonError::into_inner);
    report(run, &seen, elapsed)?;
    Ok(signal.map_or(seen.worst, Outcome::Interrupted))
}

/// The drafts of a run. A letter of each is made once, so that what is wrong with one is told before
/// anything is sent.
fn drafts<'a>(
    run: &Run<'_>,
    orders: &[Order<'a>],
    random: &mut StdRng,
) -> Result<Vec<(Order<'a>, Draft)>, Trouble> {
    let draft = |order: &Order<'a>| {
        let draft = Draft::read(run, *order)?;
        requests(run, *order, &draft.letter(run, *order, random)?)?;
        Ok((*order, draft))
    };
    orders.iter().map(draft).collect()
}

impl Work<'_> {
    /// What one worker does.
    async fn deliver(&self) -> Result<(), Trouble> {
        while let Some((number, intended)) = self.timetable.next().await {
            let place = usize::try_from(number).unwrap_or_default() % self.drafts.len();
            let Some((order, draft)) = self.drafts.get(place) else {
                break;
            };
            let mut random = StdRng::seed_from_u64(self.seed.wrapping_add(number));
            let letter = draft.letter(self.run, *order, &mut random)?;
            let delivery_id = id::delivery();
            let mut start = intended;
            for request in requests(self.run, *order, &letter)? {
                let sending = attempt(
                    self.run,
                    *order,
                    &delivery_id,
                    &request,
                    Cause::Send,
                    &self.dispatch,
                );
                let attempt = sending.await;
                self.count(&attempt, start.elapsed());
                if self.run.args.json {
                    print(self.run, *order, &letter, &attempt)?;
                }
                start = Instant::now();
            }
            self.bar.inc(1);
        }
        Ok(())
    }

    fn count(&self, attempt: &Attempt, latency: Duration) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.add(attempt, latency);
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
}

fn say_waiting(work: &Work<'_>) {
    let console = work.run.world.console;
    work.bar.suspend(|| {
        console.note("waiting for the answers under way; a second signal ends at once");
    });
}

/// Deliveries that were due and that no worker was free for are no part of the latencies.
fn say_unsent(run: &Run<'_>, timetable: &Timetable) {
    let unsent = timetable.unsent();
    if unsent > 0 {
        run.world.console.warn(
            &format!("{unsent} more were due in this time: the answers are slower than the rate"),
            Some("raise `--concurrency`, or lower `--rate`"),
        );
    }
}

/// A bar on a terminal, a spinner where nobody knows how many there will be.
fn bar(run: &Run<'_>, count: Option<u64>) -> ProgressBar {
    if !run.world.console.talks_to_terminal() {
        return ProgressBar::hidden();
    }
    let Some(count) = count else {
        let style = ProgressStyle::with_template("{spinner} {pos} sent  {per_sec}  {elapsed}");
        return ProgressBar::new_spinner()
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}  {per_sec}  {eta} left");
    ProgressBar::new(count).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn report(run: &Run<'_>, seen: &Seen, elapsed: Duration) -> Result<(), Trouble> {
    if run.args.json {
        let mut line = summary_value(&seen.tally);
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
