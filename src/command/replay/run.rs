//! Sending the plans: in order and at their pace, until done or interrupted.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use rand::seq::SliceRandom as _;
use tokio::time::Instant;

use super::Replay;
use super::plan::{self, Plan};
use super::source::{Item, Source};
use crate::cli::{Pace, SignMode};
use crate::command::send::{outcome_of, summary_line};
use crate::command::signal;
use crate::delivery::{Cause, Timestamp, id};
use crate::dispatch::{Dispatch, Sent, Shipment};
use crate::exit::{Outcome, Signal, Trouble};
use crate::report::{self, Tally};

/// How long an endpoint may take where the user does not say.
const TIMEOUT: Duration = Duration::from_secs(30);

/// When the deliveries of a run start.
#[derive(Clone, Copy)]
enum Pacing {
    /// As soon as there is a place.
    Fast,
    /// So long after each other.
    Every(Duration),
    /// As they were received, so many times faster.
    Original(f64),
}

/// Sends every delivery of the source.
pub async fn send(
    replay: &Replay<'_>,
    source: &Source,
    dispatch: &Dispatch,
) -> Result<Outcome, Trouble> {
    let items = order(replay, source);
    let total = items.len();
    let run = source.resumed.clone().unwrap_or_else(id::run);
    let mut signals = signal::first()?;
    let mut tally = Tally::default();
    let mut outcome = Outcome::Yes;
    let mut clock = Clock::new(pacing(replay));
    let concurrency = usize::from(replay.args.concurrency.unwrap_or(1));
    let plans = stream::iter(items).map(|item| plan::make(replay, source, source.read(&item)?));
    let mut sending = std::pin::pin!(
        plans
            .map(|plan| {
                let start = plan
                    .as_ref()
                    .ok()
                    .map(|plan| clock.start(plan.delivery.received_at));
                let run = run.as_str();
                async move {
                    let plan = plan?;
                    if let Some(start) = start {
                        tokio::time::sleep_until(start).await;
                    }
                    let sent = ship(replay, dispatch, &plan, run).await;
                    Ok::<_, Trouble>((plan, sent))
                }
            })
            .buffered(concurrency)
    );
    let mut cut: Option<Signal> = None;
    loop {
        let next = tokio::select! {
            next = sending.next() => next,
            Ok(signal) = &mut signals, if cut.is_none() => {
                cut = Some(signal);
                break;
            }
        };
        let Some(sent) = next else { break };
        let (plan, sent) = sent?;
        tell(replay, &plan, sent, &mut tally, &mut outcome).await?;
    }
    summarize(replay, &tally, total, cut)?;
    Ok(cut.map_or(outcome, Outcome::Interrupted))
}

async fn ship(replay: &Replay<'_>, dispatch: &Dispatch, plan: &Plan, run: &str) -> Sent {
    let timeout = replay.args.timeout.map_or(TIMEOUT, |span| span.0);
    if let Some(warning) = &plan.warning {
        replay.world.console.warn(warning, Some(remedy(replay)));
    }
    dispatch
        .send(Shipment {
            delivery_id: &plan.delivery.id,
            cause: Cause::Replay,
            target: &plan.target,
            request: &plan.delivery.request,
            signing: Some(plan.signing),
            timeout: (!timeout.is_zero()).then_some(timeout),
            run: Some(run),
        })
        .await
}

/// What lets a stale delivery pass.
fn remedy(replay: &Replay<'_>) -> &'static str {
    if replay.args.sign == Some(SignMode::Keep) {
        "leave `--sign keep` out, so that it is signed afresh"
    } else {
        "give the endpoint's secret with `--secret`, so that it is signed afresh"
    }
}

async fn tell(
    replay: &Replay<'_>,
    plan: &Plan,
    sent: Sent,
    tally: &mut Tally,
    outcome: &mut Outcome,
) -> Result<(), Trouble> {
    let attempt = &sent.attempt;
    tally.add(attempt);
    *outcome = outcome.worse(outcome_of(attempt));
    if let Some(receipt) = sent.receipt {
        receipt.await?;
    }
    let console = replay.world.console;
    if replay.args.json {
        console.json(&attempt.to_json_about(plan.delivery.about()))?;
    } else {
        let known = [
            plan.delivery.event.as_deref(),
            plan.delivery.event_id.as_deref(),
        ];
        let label: Vec<_> = known.into_iter().flatten().collect();
        let label = if label.is_empty() {
            plan.delivery.id.clone()
        } else {
            label.join("  ")
        };
        console.data(&report::attempt(attempt, Some(&label)))?;
    }
    Ok(())
}

fn summarize(
    replay: &Replay<'_>,
    tally: &Tally,
    total: usize,
    cut: Option<Signal>,
) -> Result<(), Trouble> {
    let console = replay.world.console;
    if replay.args.json {
        console.json(&summary_line(tally))?;
    } else if total > 1 {
        console.talk(&report::summary(tally, None));
    }
    if cut.is_some() {
        let sent = tally.sent;
        console.note(&format!(
            "interrupted: {sent} of {total} were sent; the same command with `--resume` sends the rest"
        ));
    }
    Ok(())
}

/// The deliveries in the order in which they are sent, repeats included.
fn order(replay: &Replay<'_>, source: &Source) -> Vec<Item> {
    let times = replay.args.repeat.unwrap_or(1);
    let repeated = source
        .items()
        .iter()
        .flat_map(|item| (0..times).map(|_| item.clone()));
    let mut items: Vec<_> = repeated.collect();
    if replay.args.shuffle {
        items.shuffle(&mut rand::rng());
    }
    items
}

fn pacing(replay: &Replay<'_>) -> Pacing {
    let args = replay.args;
    match (args.rate, args.speed, args.pace) {
        (Some(rate), ..) => Pacing::Every(Duration::from_secs_f64(1.0 / rate.per_second)),
        (None, Some(speed), _) => Pacing::Original(speed.0),
        (None, None, Some(Pace::Original)) => Pacing::Original(1.0),
        (None, None, _) => Pacing::Fast,
    }
}

/// Tells each delivery when to start.
struct Clock {
    pacing: Pacing,
    start: Instant,
    first: Option<Timestamp>,
    count: u32,
}

impl Clock {
    fn new(pacing: Pacing) -> Self {
        Self {
            pacing,
            start: Instant::now(),
            first: None,
            count: 0,
        }
    }

    fn start(&mut self, received_at: Timestamp) -> Instant {
        let first = *self.first.get_or_insert(received_at);
        let number = self.count;
        self.count = self.count.saturating_add(1);
        match self.pacing {
            Pacing::Fast => self.start,
            Pacing::Every(interval) => self.start + interval.saturating_mul(number),
            Pacing::Original(speed) => {
                let micros = received_at.micros().saturating_sub(first.micros());
                let pause = Duration::from_micros(u64::try_from(micros).unwrap_or_default());
                self.start + pause.div_f64(speed)
            }
        }
    }
}
