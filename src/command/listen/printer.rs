//! Prints what happens, for people or as NDJSON, apart from the answering.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::console::Console;
use crate::delivery::{About, Attempt, Difference};
use crate::exit::CliError;
use crate::receive::{Activity, Progress, Subscription};
use crate::report::{self, AttemptView, Attempts, BodyDetail, DeliveryView, RareWarnings, Ready};

/// About how many bytes are printed with one write.
const BATCH_BYTES: usize = 64 * 1024;

/// How long the thread rests after all that waited is printed. Without it each delivery of a burst
/// would wake the thread, which costs the answers more than the printing does.
const PAUSE: Duration = Duration::from_millis(2);

/// Prints activities until there are no more.
pub struct Printer {
    /// The streams.
    pub console: Console,
    /// As NDJSON.
    pub json: bool,
    view: DeliveryView,
    /// Whether there is one target, which the first lines have told.
    one_target: bool,
    attempts: Arc<Mutex<Attempts>>,
    /// What was warned of.
    warnings: RefCell<RareWarnings>,
}

impl Printer {
    /// Prints as much of a body as `body` says, of a listener that is `ready`.
    pub fn new(
        console: Console,
        json: bool,
        body: BodyDetail,
        ready: &Ready,
        attempts: Arc<Mutex<Attempts>>,
    ) -> Self {
        let view = DeliveryView {
            body: console.detail().of(body),
            repeat: None,
            kept: ready.log.is_some(),
            one_provider: ready.one_provider,
            detail: console.detail(),
            width: None,
        };
        let one_target = ready.forward_to.len() < 2;
        Self {
            console,
            json,
            view,
            one_target,
            warnings: RefCell::default(),
            attempts,
        }
    }

    /// Says that requests are received from now on.
    pub fn ready(&self, ready: &Ready) -> Result<(), CliError> {
        if self.json {
            self.console.line("ready", ready)?;
        }
        self.console
            .message(&report::ready(ready, self.console.detail()));
        Ok(())
    }

    /// Prints until there is no more, then the summary of `progress`; on a thread of its own: a terminal
    /// that takes nothing stops the thread, and would stop an executor's with all that waits there.
    /// Where the output takes nothing any more, that is told to `ended`.
    pub fn run(
        &self,
        mut activities: Subscription,
        ended: oneshot::Sender<CliError>,
        progress: oneshot::Receiver<Progress>,
    ) -> Result<(), CliError> {
        while let Some(activity) = activities.blocking_next() {
            if let Err(error) = self.print(&activity, &mut activities) {
                // Nobody asks any more when receiving has just ended by itself.
                let _ = ended.send(error.into());
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        let progress = progress.blocking_recv();
        progress.map_or(Ok(()), |progress| self.summary(&progress))
    }

    /// Prints an activity and those that wait behind it, with as few writes as they fit into.
    fn print(&self, first: &Activity, activities: &mut Subscription) -> io::Result<()> {
        let mut batch = self.text(first).unwrap_or_default();
        while let Some(activity) = activities.try_next() {
            if batch.len() >= BATCH_BYTES {
                self.write(&batch)?;
                batch.clear();
            }
            if let Some(text) = self.text(&activity) {
                if !batch.is_empty() {
                    batch.push('\n');
                }
                batch.push_str(&text);
            }
        }
        self.write(&batch)
    }

    fn write(&self, batch: &str) -> io::Result<()> {
        match batch {
            "" => Ok(()),
            batch if self.json => self.console.json(batch),
            batch => self.console.data(batch),
        }
    }

    /// The last lines.
    fn summary(&self, progress: &Progress) -> Result<(), CliError> {
        if self.json {
            let missing: Vec<_> = progress.missing.iter().map(ToString::to_string).collect();
            let fields = serde_json::json!({
                "deliveries": progress.deliveries,
                "valid": progress.valid, "refused": progress.refused,
                "met": progress.is_met(), "missing": missing,
            });
            self.console.line("summary", fields)?;
        }
        let (count, valid) = (progress.deliveries, progress.valid);
        self.console
            .remark(&format!("{count} received, {valid} valid"));
        match progress.of_count() {
            Some((awaited, [came, _])) if came < awaited => {
                let awaited = report::counted(awaited, "delivery", "deliveries");
                let line = format!("{came} of {awaited} came");
                self.console.warn(&line, None);
            }
            Some((_, [came, valid])) if valid < came => {
                let line = format!("{} of {came} not valid", came - valid);
                self.console.warn(&line, None);
            }
            _ => {}
        }
        for missing in &progress.missing {
            let found = missing.found.as_deref();
            let found = found.map(|found| format!(": in the last one, {found}"));
            let found = found.unwrap_or_default();
            let line = format!("`{missing}` was not received{found}");
            self.console.warn(&line, None);
        }
        Ok(())
    }

    /// What goes to stdout for an activity; messages go to stderr on the way.
    fn text(&self, activity: &Activity) -> Option<String> {
        match activity {
            Activity::Delivery { delivery, .. } if self.json => Some(delivery.to_json()),
            Activity::Delivery {
                delivery,
                occurrence,
            } => {
                let view = DeliveryView {
                    repeat: (*occurrence > 1).then_some(*occurrence),
                    width: self.console.width(),
                    ..self.view
                };
                Some(report::delivery(delivery, &view))
            }
            Activity::Attempt {
                attempt,
                provider,
                event,
                event_id,
                handshake,
            } => {
                let about = About {
                    provider: provider.as_deref(),
                    event: event.as_deref(),
                    event_id: event_id.as_deref(),
                    expected: handshake.as_ref().map(Result::is_ok),
                    difference: handshake.as_ref().and_then(Difference::of),
                    change: None,
                };
                Some(self.attempt(attempt, about, handshake.as_ref()))
            }
            Activity::Error(error) => {
                let error = CliError::from(error.clone());
                self.warn("", &error.message, error.hint.as_deref())
            }
            Activity::Stray(stray, from) => {
                self.warn(&format!("`{from}` "), &stray.to_string(), stray.hint())
            }
            Activity::Skipped(count) => self.skipped(*count),
        }
    }

    /// Warns of what happened to somebody, once in a while.
    fn warn(&self, whom: &str, what: &str, hint: Option<&str>) -> Option<String> {
        let now = Instant::now();
        let message = self.warnings.borrow_mut().due(whom, what, now)?;
        self.console.warn(&message, hint);
        None
    }

    fn attempt(
        &self,
        attempt: &Attempt,
        about: About<'_>,
        judged: Option<&Result<(), [String; 2]>>,
    ) -> String {
        if self.json {
            return attempt.to_json_about(about);
        }
        let judged = about.provider.zip(about.event).zip(judged);
        let remark = judged
            .map(|((provider, name), judged)| report::handshake_remark(provider, name, judged));
        let view = AttemptView {
            label: Some(about.event_id.unwrap_or(&attempt.delivery_id)),
            one_endpoint: self.one_target,
            detail: self.view.detail,
            width: self.console.width(),
            remark: remark.as_deref(),
            change: None,
        };
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.text(attempt, &view)
    }

    /// Says that the output could not keep up.
    fn skipped(&self, count: u64) -> Option<String> {
        let slow = if self.json {
            "the output is read too slowly"
        } else {
            "the terminal is too slow"
        };
        let kept = if self.view.kept {
            "; they are in the log"
        } else {
            ""
        };
        let message = format!("{slow}: {count} not shown{kept}");
        self.console.warn(&message, None);
        None
    }
}
