//! What is told of sending: each attempt, the provider's schedule, and the figures at the end.

use std::ops::ControlFlow;
use std::time::Duration;

use indicatif::ProgressBar;

use crate::cli::SendArgs;
use crate::command::{World, go_on, request};
use crate::delivery::{About, Attempt, Difference};
use crate::exit::{CliError, Outcome, Signal};
use crate::provider::{Definition, Fault, NextAttempt, Payload};
use crate::report::{self, AttemptView, Attempts, Load, Tally};
use crate::send::{self, LoadReport, Message, SendError, SendEvent};

/// Whether an answer is as documented; else what was expected, and what came.
type Judged = Result<(), [String; 2]>;

/// Prints what happens, and counts it.
pub struct SendOutput<'a> {
    args: &'a SendArgs,
    world: &'a World,
    /// Of a load, whose attempts are counted and not printed one by one.
    bar: Option<ProgressBar>,
    attempts: Attempts,
    tally: Tally,
    worst: Outcome,
    /// What came of the delivery that is under way.
    current: Outcome,
    /// The first attempt that was not answered as asked for, and what was sent.
    first_failure: Option<(Attempt, String)>,
    /// Why nothing can be printed any more, where that is so.
    unprinted: Option<CliError>,
}

impl<'a> SendOutput<'a> {
    /// For one run; `bar` is that of a load.
    pub fn new(args: &'a SendArgs, world: &'a World, bar: Option<ProgressBar>) -> Self {
        Self {
            args,
            world,
            bar,
            attempts: Attempts::default(),
            tally: Tally {
                expected: Some(0),
                ..Tally::default()
            },
            worst: Outcome::Yes,
            current: Outcome::Yes,
            first_failure: None,
            unprinted: None,
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
        go_on(&mut self.unprinted, told)
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
                let answer = attempt.outcome.as_ref().ok();
                // A fault is judged by the status, as nothing else is documented of it.
                let answer = answer.filter(|_| self.args.fault.is_none());
                let judged = answer.and_then(|answer| message.judge(request, answer));
                self.count(message, attempt, judged.as_ref());
                if self.args.json || self.bar.is_none() {
                    self.print(message, payload, attempt, judged.as_ref())?;
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

    fn count(&mut self, message: &Message<'_>, attempt: &Attempt, judged: Option<&Judged>) {
        self.tally.add(attempt);
        let outcome = self.outcome_of(message, attempt, judged);
        *self.tally.expected.get_or_insert(0) += u64::from(outcome == Outcome::Yes);
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

    /// What an attempt means. Of a handshake all of the answer counts, of an event the status.
    fn outcome_of(
        &self,
        message: &Message<'_>,
        attempt: &Attempt,
        judged: Option<&Judged>,
    ) -> Outcome {
        let (statuses, fault) = (&self.args.expect_status, self.args.fault);
        if let Some(judged) = judged.filter(|_| message.handshake().is_some()) {
            return Outcome::of(judged.is_ok());
        }
        match attempt.status() {
            Some(status) => Outcome::of(send::is_expected(statuses, fault, status)),
            None => Outcome::from(attempt),
        }
    }

    /// Prints an attempt, and what the provider's documentation says of its answer.
    fn print(
        &mut self,
        message: &Message<'_>,
        payload: &Payload,
        attempt: &Attempt,
        judged: Option<&Judged>,
    ) -> Result<(), CliError> {
        let console = self.world.console;
        let provider = message.provider.name();
        if self.args.json {
            let about = About {
                provider: Some(provider),
                event: Some(message.event).filter(|event| !event.is_empty()),
                event_id: Some(payload.event_id.as_str()).filter(|id| !id.is_empty()),
                expected: Some(self.outcome_of(message, attempt, judged) == Outcome::Yes),
                difference: judged.and_then(Difference::of),
                change: None,
            };
            console.json(&attempt.to_json_about(about))?;
        } else {
            let label = format!("{provider}  {}  {}", message.event, payload.event_id);
            let remark = judged.filter(|_| message.handshake().is_some());
            let remark = remark.map(|it| report::handshake_remark(provider, message.event, it));
            console.data(&self.attempt(attempt, &label, remark))?;
        }
        self.warn_of_answer(message, attempt, judged);
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

    /// Warns of an answer whose status alone is right, where the provider looks at more.
    fn warn_of_answer(&self, message: &Message<'_>, attempt: &Attempt, judged: Option<&Judged>) {
        if let Some(Err(difference)) = judged
            && message.handshake().is_none()
            && (attempt.is_success() && self.bar.is_none())
        {
            let title = &message.provider.definition.title;
            let text = report::answer_remark(title, difference);
            self.world.console.warn(&text, None);
        }
    }

    fn attempt(&mut self, attempt: &Attempt, label: &str, remark: Option<String>) -> String {
        let of_status = || {
            let status = attempt.status()?;
            send::remark(&self.args.expect_status, self.args.fault, status)
        };
        let remark = remark.or_else(of_status);
        let view = AttemptView {
            label: Some(label.trim()),
            remark: remark.as_deref(),
            one_endpoint: true,
            detail: self.world.console.detail(),
            width: self.world.console.width(),
            change: None,
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
            let printing = self.unprinted.take();
            printing.unwrap_or_else(|| CliError::of_send(error, self.args.add))
        })
    }

    /// Prints how many attempts there were, and what came of them.
    pub fn summarize(&self) -> Result<(), CliError> {
        let console = self.world.console;
        if self.args.json {
            console.line("summary", &self.tally)?;
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
        // One of the answers, where not one was good.
        let is_good = self.tally.expected != Some(0);
        let failure = self.first_failure.take().filter(|_| !is_good);
        let sample = failure.map(|(attempt, label)| self.attempt(&attempt, &label, None));
        let measured = Load {
            tally: &self.tally,
            elapsed: load.elapsed,
            latency: &load.latency,
            is_interrupted: load.stopped_by.is_some(),
            // A fault may make several requests of a delivery.
            planned: planned.filter(|_| self.args.fault != Some(Fault::Duplicate)),
            sample: sample.as_deref(),
            detail: console.detail(),
        };
        if self.args.json {
            console.line("summary", measured)?;
        } else {
            console.data(&report::load(&measured))?;
        }
        Ok(())
    }
}
