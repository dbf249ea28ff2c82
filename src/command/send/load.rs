//! Many deliveries: an open-loop schedule, workers, a bar, and the latencies at the end.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;
use serde_json::{Value, json};

use super::deliver::{attempt, outcome_of, print, remark, requests};
use super::draft::Draft;
use super::timetable::Timetable;
use super::{Order, Run};
use crate::cli::Fault;
use crate::command::line::Line;
use crate::command::signal;
use crate::delivery::{Attempt, Trigger, id};
use crate::dispatch::Dispatch;
use crate::exit::{CliError, Outcome};
use crate::report::{self, AttemptView, Load, LoadEnd, Tally};

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
    /// The first attempt that was not answered 2xx, and its order's label.
    bad: Option<(Attempt, String)>,
}

/// Sends until the count or the duration is reached, or a signal comes.
pub async fn send(
    run: &Run<'_>,
    orders: &[Order<'_>],
    dispatch: Dispatch,
    mut random: StdRng,
) -> Result<Outcome, CliError> {
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
    let end = match signal {
        None => LoadEnd::Whole,
        Some(_) => LoadEnd::Interrupted {
            of: requests_in_all(run, &work.timetable),
        },
    };
    report(run, &seen, elapsed, end)?;
    Ok(signal.map_or(seen.worst, Outcome::Interrupted))
}

/// The drafts of a run. A payload of each is made once, so that what is wrong with one is told before
/// anything is sent.
fn drafts<'a>(
    run: &Run<'_>,
    orders: &[Order<'a>],
    random: &mut StdRng,
) -> Result<Vec<(Order<'a>, Draft)>, CliError> {
    let draft = |order: &Order<'a>| {
        let draft = Draft::read(run, *order)?;
        requests(run, *order, &draft.payload(run, *order, random)?)?;
        Ok((*order, draft))
    };
    orders.iter().map(draft).collect()
}

impl Work<'_> {
    /// What one worker does.
    async fn deliver(&self) -> Result<(), CliError> {
        while let Some((number, intended)) = self.timetable.next().await {
            let place = usize::try_from(number).unwrap_or_default() % self.drafts.len();
            let Some((order, draft)) = self.drafts.get(place) else {
                break;
            };
            let mut random = StdRng::seed_from_u64(self.seed.wrapping_add(number));
            let payload = draft.payload(self.run, *order, &mut random)?;
            let delivery_id = id::delivery();
            let mut start = intended;
            for request in requests(self.run, *order, &payload)? {
                let sending = attempt(
                    self.run,
                    *order,
                    &delivery_id,
                    &request,
                    Trigger::Send,
                    &self.dispatch,
                );
                let attempt = sending.await;
                self.count(*order, &attempt, start.elapsed());
                if self.run.args.json {
                    print(self.run, *order, &payload, &attempt)?;
                }
                start = Instant::now();
            }
            self.bar.inc(1);
        }
        Ok(())
    }

    fn count(&self, order: Order<'_>, attempt: &Attempt, latency: Duration) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.add(order, attempt, latency);
    }
}

impl Seen {
    fn new() -> Result<Self, CliError> {
        let latency = Histogram::new_with_bounds(1, LONGEST_MICROS, DIGITS);
        Ok(Self {
            tally: Tally::default(),
            latency: latency.map_err(|error| CliError::usage(error.to_string()))?,
            worst: Outcome::Yes,
            bad: None,
        })
    }

    fn add(&mut self, order: Order<'_>, attempt: &Attempt, latency: Duration) {
        self.tally.add(attempt);
        let outcome = outcome_of(attempt);
        if self.bad.is_none() && outcome != Outcome::Yes {
            let label = format!("{}  {}", order.provider.name(), order.event);
            self.bad = Some((attempt.clone(), label));
        }
        self.worst = self.worst.worse(outcome);
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
        let style = ProgressStyle::with_template("{spinner} {pos} sent  {rate}  {time}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        return ProgressBar::new_spinner().with_style(in_our_words(style));
    };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}  {rate}  {left} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count).with_style(in_our_words(style))
}

/// The style with rates and times as the reports write them. That a bar cannot be drawn is no error.
fn in_our_words(style: ProgressStyle) -> ProgressStyle {
    style
        .with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{:.0}/s", state.per_sec());
        })
        .with_key("time", |state: &ProgressState, out: &mut dyn Write| {
            let _ = out.write_str(&whole_seconds(state.elapsed()));
        })
        .with_key("left", |state: &ProgressState, out: &mut dyn Write| {
            let _ = out.write_str(&whole_seconds(state.eta()));
        })
}

/// A length of time that changes once a second.
fn whole_seconds(length: Duration) -> String {
    match length.as_secs() {
        0 => "0 s".into(),
        seconds => report::duration(Duration::from_secs(seconds)),
    }
}

/// How many requests a whole run would have sent; a fault may make several of a delivery.
fn requests_in_all(run: &Run<'_>, timetable: &Timetable) -> Option<u64> {
    let is_one = !matches!(run.args.fault, Some(Fault::Duplicate));
    timetable.count().filter(|_| is_one)
}

/// One of the answers, where not one was good.
fn sample(run: &Run<'_>, seen: &Seen) -> Option<String> {
    let (attempt, label) = seen.bad.as_ref().filter(|_| seen.tally.succeeded == 0)?;
    let remark = remark(run, attempt);
    let view = AttemptView {
        label: Some(label.trim()),
        remark: remark.as_deref(),
        width: run.world.console.width(),
    };
    Some(report::attempt(attempt, &view))
}

/// The `summary` of a load.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    tally: &'a Tally,
    elapsed_ms: f64,
    /// Percentiles and the longest, in microseconds.
    latency_us: Value,
}

impl<'a> Summary<'a> {
    fn of(seen: &'a Seen, elapsed: Duration) -> Self {
        let latency = &seen.latency;
        let at = |percentile| latency.value_at_percentile(percentile);
        Self {
            tally: &seen.tally,
            elapsed_ms: elapsed.as_secs_f64() * 1_000.0,
            latency_us: json!({
                "p50": at(50.0), "p75": at(75.0), "p90": at(90.0), "p99": at(99.0),
                "p99.9": at(99.9), "max": latency.max(),
            }),
        }
    }
}

fn report(run: &Run<'_>, seen: &Seen, elapsed: Duration, end: LoadEnd) -> Result<(), CliError> {
    if run.args.json {
        let summary = Summary::of(seen, elapsed);
        let line = Line::new("summary", summary).to_json()?;
        return Ok(run.world.console.json(&line)?);
    }
    let sample = sample(run, seen);
    let load = Load {
        latency: &seen.latency,
        tally: &seen.tally,
        elapsed,
        end,
        sample: sample.as_deref(),
    };
    Ok(run.world.console.data(&report::load(&load))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_counts_in_whole_seconds() {
        let shown = [0, 999, 1_999, 61_500].map(|ms| whole_seconds(Duration::from_millis(ms)));
        assert_eq!(shown, ["0 s", "0 s", "1 s", "1 min 1 s"]);
    }
}
