//! What is told of sending: each attempt, the provider's schedule, and the figures at the end.

use std::ops::ControlFlow;
use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::{Value, json};

use super::expect;
use crate::cli::SendArgs;
use crate::command::World;
use crate::command::printed::Printed;
use crate::command::{request, shape};
use crate::delivery::{About, Attempt};
use crate::exit::{CliError, Outcome, Signal};
use crate::provider::{Definition, Fault, NextAttempt, Payload};
use crate::report::{self, AttemptView, Attempts, Load, LoadEnd, Tally};
use crate::send::{LoadReport, Message, SendError, SendEvent};

/// Prints what happens, and counts it.
pub struct SendOutput<'a> {
    args: &'a SendArgs,
    world: &'a World,
    /// Of a load, whose attempts are counted and not printed one by one.
    bar: Option<ProgressBar>,
    attempts: Attempts,
    tally: Tally,
    /// How many answers were those that were asked for.
    expected: u64,
    worst: Outcome,
    /// What came of the delivery that is under way.
    current: Outcome,
    /// The first attempt that was not answered as asked for, and what was sent.
    first_failure: Option<(Attempt, String)>,
    printed: Printed,
}

impl<'a> SendOutput<'a> {
    /// For one run; `bar` is that of a load.
    pub fn new(args: &'a SendArgs, world: &'a World, bar: Option<ProgressBar>) -> Self {
        Self {
            args,
            world,
            bar,
            attempts: Attempts::default(),
            tally: Tally::default(),
            expected: 0,
            worst: Outcome::Yes,
            current: Outcome::Yes,
            first_failure: None,
            printed: Printed::default(),
        }
    }

    /// How the run ended: the worst that came of a delivery, unless a signal stopped it.
    pub fn outcome(&self, stopped_by: Option<Signal>) -> Outcome {
        let known = self.worst.worse(self.current);
        stopped_by.map_or(known, Outcome::Interrupted)
    }

    /// Tells of an event; ends the run where nothing can be printed any more.
    pub fn observe(&mut self, event: SendEvent<'_>) -> ControlFlow<()> {
        let told = self.tell(event);
        self.printed.go_on(told)
    }

    fn tell(&mut self, event: SendEvent<'_>) -> Result<(), CliError> {
        match event {
            SendEvent::Attempted {
                message,
                payload,
                request,
                attempt,
            } => {
                if !self.args.json && self.bar.is_none() {
                    request::again(self.world, request, &attempt.url)?;
                }
                self.count(message, attempt);
                if self.args.json || self.bar.is_none() {
                    self.print(message, payload, attempt)?;
                }
            }
            SendEvent::Waiting { number, of, wait } => self.say_next(number, of, wait),
            SendEvent::Ended { message, next } => {
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
                let ended = std::mem::replace(&mut self.current, Outcome::Yes);
                self.worst = self.worst.worse(ended);
                self.say_end(&message.provider.definition, next);
            }
            SendEvent::Stopping => {
                let text = "waiting for the answers under way; a second signal ends at once";
                let say = || self.world.console.note(text);
                match &self.bar {
                    Some(bar) => bar.suspend(say),
                    None => say(),
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, message: &Message<'_>, attempt: &Attempt) {
        self.tally.add(attempt);
        let outcome = expect::outcome(self.args, attempt);
        self.expected += u64::from(outcome == Outcome::Yes);
        if self.bar.is_some() && self.first_failure.is_none() && outcome != Outcome::Yes {
            let label = format!("{}  {}", message.provider.name(), message.event);
            self.first_failure = Some((attempt.clone(), label));
        }
        // Of a schedule the last attempt decides.
        self.current = if self.args.retry {
            outcome
        } else {
            self.current.worse(outcome)
        };
    }

    /// Prints an attempt, and what the provider's documentation says of its answer.
    fn print(
        &mut self,
        message: &Message<'_>,
        payload: &Payload,
        attempt: &Attempt,
    ) -> Result<(), CliError> {
        let console = self.world.console;
        let provider = message.provider.name();
        if self.args.json {
            let about = About {
                provider: Some(provider),
                event: Some(message.event).filter(|event| !event.is_empty()),
                event_id: Some(payload.event_id.as_str()).filter(|id| !id.is_empty()),
                expected: Some(expect::outcome(self.args, attempt) == Outcome::Yes),
            };
            console.json(&attempt.to_json_about(about))?;
        } else {
            let label = format!("{provider}  {}  {}", message.event, payload.event_id);
            console.data(&self.attempt(attempt, &label))?;
        }
        let definition = &message.provider.definition;
        if let (Some(status), Some(documented)) =
            (attempt.status(), definition.delivery.documented_success)
            && attempt.is_success()
            && status != documented
        {
            console.note(&format!(
                "{} documents {documented}; any 2xx is taken as success here",
                definition.title
            ));
        }
        Ok(())
    }

    fn attempt(&mut self, attempt: &Attempt, label: &str) -> String {
        let remark = attempt.status();
        let remark = remark.and_then(|status| expect::remark(self.args, status));
        let view = AttemptView {
            label: Some(label.trim()),
            remark: remark.as_deref(),
            one_endpoint: true,
            detail: self.world.console.detail(),
            width: self.world.console.width(),
        };
        self.attempts.text(attempt, &view)
    }

    fn say_next(&self, next: usize, of: usize, wait: Duration) {
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
        let at = self.world.now().plus_seconds(seconds);
        // Whole units are cut off, and the milliseconds of an attempt would make 4 min 59 s of 5 min.
        let shown = match wait.as_secs() {
            0..10 => wait,
            _ => wait + Duration::from_millis(500),
        };
        let line = report::retry_line(number(next), number(of), shown, at);
        self.world.console.remark(&line);
    }

    fn say_end(&self, definition: &Definition, next: Option<NextAttempt>) {
        let title = &definition.title;
        let text = match next {
            None | Some(NextAttempt::Delivered | NextAttempt::At(_)) => return,
            Some(NextAttempt::NotRetried) => {
                format!("{title} does not retry this answer: no more attempts are made")
            }
            Some(NextAttempt::Exhausted) => {
                let note = definition.notes_on("last attempt").next();
                let text = note.map_or("no more are made", |note| &note.text);
                format!("that was the last attempt of {title}: {text}")
            }
        };
        self.world.console.note(&text);
    }

    /// What came of the run, or why it ended early.
    pub fn end<T>(&mut self, sent: Result<T, SendError>) -> Result<T, CliError> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        sent.map_err(|error| {
            let printing = self.printed.error();
            printing.unwrap_or_else(|| shape::refused(error, self.args.add))
        })
    }

    const fn counts(&self) -> Counts<'_> {
        Counts {
            tally: &self.tally,
            expected: self.expected,
        }
    }

    /// Prints how many attempts there were, and what came of them.
    pub fn summarize(&self) -> Result<(), CliError> {
        let console = self.world.console;
        if self.args.json {
            console.line("summary", self.counts())?;
        } else if self.tally.sent > 1 {
            console.remark(&report::summary(&self.tally, None));
        }
        Ok(())
    }

    /// Prints what a load measured; `planned` is how many deliveries a whole run has.
    pub fn report_load(
        &mut self,
        load: &LoadReport<Signal>,
        planned: Option<u64>,
    ) -> Result<(), CliError> {
        let console = self.world.console;
        if load.unsent > 0 {
            let unsent = load.unsent;
            console.warn(
                &format!(
                    "{unsent} more were due in this time: the answers are slower than the rate"
                ),
                Some("raise `--concurrency`, or lower `--rate`"),
            );
        }
        if self.args.json {
            let summary = LoadJson::of(self.counts(), load);
            return Ok(console.line("summary", summary)?);
        }
        let end = match load.stopped_by {
            None => LoadEnd::Whole,
            // A fault may make several requests of a delivery.
            Some(_) => LoadEnd::Interrupted {
                of: planned.filter(|_| self.args.fault != Some(Fault::Duplicate)),
            },
        };
        // One of the answers, where not one was good.
        let failure = self.first_failure.take().filter(|_| self.expected == 0);
        let sample = failure.map(|(attempt, label)| self.attempt(&attempt, &label));
        let shown = report::load(&Load {
            latency: &load.latency,
            tally: &self.tally,
            elapsed: load.elapsed,
            end,
            sample: sample.as_deref(),
            detail: console.detail(),
        });
        Ok(console.data(&shown)?)
    }
}

/// The `summary` of a run.
#[derive(Serialize)]
struct Counts<'a> {
    #[serde(flatten)]
    tally: &'a Tally,
    expected: u64,
}

/// The `summary` of a load.
#[derive(Serialize)]
struct LoadJson<'a> {
    #[serde(flatten)]
    counts: Counts<'a>,
    elapsed_ms: f64,
    /// Percentiles and the longest, in microseconds.
    latency_us: Value,
}

impl<'a> LoadJson<'a> {
    fn of(counts: Counts<'a>, load: &LoadReport<Signal>) -> Self {
        let latency = &load.latency;
        let at = |percentile| latency.value_at_percentile(percentile);
        Self {
            counts,
            elapsed_ms: load.elapsed.as_secs_f64() * 1_000.0,
            latency_us: json!({
                "p50": at(50.0), "p75": at(75.0), "p90": at(90.0), "p99": at(99.0),
                "p99.9": at(99.9), "max": latency.max(),
            }),
        }
    }
}
