//! Sending the plans: in order and at their pace, until done or interrupted.

use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt as _};
use rand::seq::SliceRandom as _;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Replay;
use super::course::Course;
use super::endpoints::Endpoints;
use super::pace::{Clock, Pacing};
use super::plan::{self, Plan};
use super::source::{Item, Source};
use crate::command::signal;
use crate::delivery::{Attempt, Delivery, Trigger, id};
use crate::dispatch::{Dispatch, Outgoing, Sent};
use crate::exit::{CliError, Outcome};

/// How long an endpoint may take where the user does not say.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How many attempts may wait for the log while the next are sent: enough for the log to keep many
/// at once, and few to be unkept should the machine fail.
const UNKEPT: usize = 64;

/// What the sendings of a run share.
struct Sending<'a> {
    replay: &'a Replay<'a>,
    source: &'a Source,
    endpoints: &'a Endpoints,
    dispatch: &'a Dispatch,
    /// The run's id, where it can be gone on with.
    run: Option<&'a str>,
    /// Turns true when nothing more is to be sent.
    stop: &'a watch::Sender<bool>,
}

/// Sends every delivery of the source. A signal or an error stops it before the next request; what
/// is under way is awaited, so that the log holds whatever was sent.
pub async fn send(
    replay: &Replay<'_>,
    source: &Source,
    endpoints: &Endpoints,
    dispatch: &Dispatch,
) -> Result<Outcome, CliError> {
    let mut signals = signal::first()?;
    let total = source.sendings(replay.args);
    let run = run_id(replay, source);
    let stop = watch::Sender::new(false);
    let sending = Sending {
        replay,
        source,
        endpoints,
        dispatch,
        run: run.as_deref(),
        stop: &stop,
    };
    let mut course = Course::new(replay, total, run.is_some());
    let mut sent = std::pin::pin!(sending.all());
    loop {
        let next = tokio::select! {
            next = sent.next() => next,
            Ok(signal) = &mut signals, if !course.is_cut() => {
                stop.send_replace(true);
                course.cut(signal);
                continue;
            }
        };
        let Some(result) = next else { break };
        if let Err(trouble) = result.and_then(|(plan, attempt)| course.tell(&plan, &attempt)) {
            stop.send_replace(true);
            course.fail(trouble);
        }
    }
    course.end()
}

/// The id under which `--resume` finds what a run has sent. One request cannot be interrupted
/// between two, and under repeats an id does not tell how often it was sent.
fn run_id(replay: &Replay<'_>, source: &Source) -> Option<String> {
    let args = replay.args;
    let bulk = source.items().len() > 1 && args.from.is_none() && args.repeat.is_none();
    source.resumed.clone().or_else(|| bulk.then(id::run))
}

impl Sending<'_> {
    /// What was sent, in the order of the answers, each once the log has it.
    fn all(&self) -> impl Stream<Item = Result<(Plan, Attempt), CliError>> {
        let concurrency = usize::from(self.replay.args.concurrency.unwrap_or(1));
        let mut clock = Clock::new(Pacing::of(self.replay.args));
        stream::iter(order(self.replay, self.source))
            .take_while(|_| std::future::ready(!*self.stop.borrow()))
            .map(move |item| {
                let delivery = self.source.read(item);
                let received_at = delivery.as_ref().ok().map(|known| known.received_at);
                let now = Instant::now();
                let start = received_at.map_or(now, |at| clock.next(at, now));
                async move { self.one(delivery?, start).await }
            })
            .buffer_unordered(concurrency)
            .inspect(|sent| {
                if sent.is_err() {
                    self.stop.send_replace(true);
                }
            })
            .map(kept)
            .buffered(UNKEPT)
            .filter_map(|sent| std::future::ready(sent.transpose()))
    }

    /// Sends one delivery at its start; nothing where the run was stopped before.
    async fn one(
        &self,
        delivery: Delivery,
        start: Instant,
    ) -> Result<Option<(Plan, Sent)>, CliError> {
        let mut stopped = self.stop.subscribe();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(None),
            () = sleep_until(start) => {}
        }
        let plan = plan::make(self.replay, self.endpoints, delivery)?;
        let sent = self.ship(&plan).await;
        Ok(Some((plan, sent)))
    }

    async fn ship(&self, plan: &Plan) -> Sent {
        let timeout = self.replay.args.timeout.map_or(TIMEOUT, |span| span.0);
        let outgoing = Outgoing {
            delivery_id: &plan.delivery.id,
            trigger: Trigger::Replay,
            target: &plan.target,
            request: &plan.delivery.request,
            signing: Some(plan.signing),
            timeout: (!timeout.is_zero()).then_some(timeout),
            run: self.run,
        };
        self.dispatch.send(outgoing).await
    }
}

/// Waits until the log has the attempt.
async fn kept(
    sent: Result<Option<(Plan, Sent)>, CliError>,
) -> Result<Option<(Plan, Attempt)>, CliError> {
    let Some((plan, Sent { attempt, receipt })) = sent? else {
        return Ok(None);
    };
    if let Some(receipt) = receipt {
        receipt.await?;
    }
    Ok(Some((plan, attempt)))
}

/// The deliveries in the order in which they are sent, repeats included.
fn order<'a>(replay: &Replay<'_>, source: &'a Source) -> Box<dyn Iterator<Item = &'a Item> + 'a> {
    let times = replay.args.repeat.unwrap_or(1);
    let repeated = source
        .items()
        .iter()
        .flat_map(move |item| (0..times).map(move |_| item));
    if !replay.args.shuffle {
        return Box::new(repeated);
    }
    let mut items: Vec<_> = repeated.collect();
    items.shuffle(&mut rand::rng());
    Box::new(items.into_iter())
}
