//! Prints what happens, for people or as NDJSON, apart from the answering.

use tokio::sync::{mpsc, oneshot};

use super::ready::Ready;
use crate::command::line::Line;
use crate::console::Console;
use crate::delivery::{Attempt, Delivery};
use crate::exit::CliError;
use crate::receive::{Happening, Progress, Told};
use crate::report::{self, AttemptView, BodyDetail, DeliveryView};

/// How many happenings are printed with one write.
const BATCH: usize = 256;

/// How happenings are printed.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// As NDJSON.
    pub json: bool,
    /// How much of a body people see.
    pub body: BodyDetail,
    /// Whether deliveries are kept, so that `webhook log show` finds them.
    pub kept: bool,
}

/// Prints happenings until there are no more.
pub struct Printer {
    console: Console,
    style: Style,
    /// Who is told when the output takes nothing any more; `None` once that was so.
    ended: Option<oneshot::Sender<CliError>>,
}

impl Printer {
    /// A printer, and what resolves when its output takes nothing any more.
    pub fn new(console: Console, style: Style) -> (Self, oneshot::Receiver<CliError>) {
        let (ended, end) = oneshot::channel();
        let printer = Self {
            console,
            style,
            ended: Some(ended),
        };
        (printer, end)
    }

    /// Says that requests are received from now on.
    pub fn ready(&self, ready: &Ready) -> Result<(), CliError> {
        if self.style.json {
            self.console.json(&ready.to_json()?)?;
        }
        self.console.talk(&ready.to_text());
        Ok(())
    }

    /// Prints until the queue ends, on a thread of its own: a terminal that takes nothing stops the
    /// thread, and would stop an executor's with all that waits there. When nobody reads, the queue
    /// is still emptied, so that nobody waits for a place in it.
    pub fn run(mut self, mut happenings: mpsc::Receiver<Told>) -> Self {
        let mut batch = Vec::with_capacity(BATCH);
        while happenings.blocking_recv_many(&mut batch, BATCH) > 0 {
            if self.ended.is_some()
                && let Err(error) = self.print(&batch)
            {
                self.end(error.into());
            }
            batch.clear();
        }
        self
    }

    fn end(&mut self, trouble: CliError) {
        if let Some(ended) = self.ended.take() {
            // Nobody asks any more when receiving has just ended by itself.
            let _ = ended.send(trouble);
        }
    }

    /// The last lines; `untold` happenings were left out and not yet said to be.
    pub fn summary(&self, progress: &Progress, untold: u64) -> Result<(), CliError> {
        if self.ended.is_none() {
            return Ok(());
        }
        if untold > 0 {
            self.skipped(untold);
        }
        if self.style.json {
            let fields = serde_json::json!({
                "deliveries": progress.deliveries,
                "valid": progress.valid, "refused": progress.refused,
                "met": progress.is_met(), "missing": progress.missing,
            });
            self.console
                .json(&Line::new("summary", fields).to_json()?)?;
        }
        let count = progress.deliveries;
        let valid = progress.valid;
        self.console
            .talk(&format!("{count} received, {valid} valid"));
        for event in &progress.missing {
            self.console.warn(&format!("`{event}` has not come"), None);
        }
        Ok(())
    }

    fn print(&self, batch: &[Told]) -> std::io::Result<()> {
        let texts: Vec<_> = batch
            .iter()
            .filter_map(|told| self.text(&told.happening))
            .collect();
        match texts.as_slice() {
            [] => Ok(()),
            texts if self.style.json => self.console.json(&texts.join("\n")),
            texts => self.console.data(&texts.join("\n")),
        }
    }

    /// What goes to stdout for a happening; talk goes to stderr on the way.
    fn text(&self, happening: &Happening) -> Option<String> {
        match happening {
            Happening::Delivery(delivery, repeat) => Some(self.delivery(delivery, *repeat)),
            Happening::Attempt(attempt, delivery) => Some(self.attempt(attempt, delivery)),
            Happening::CliError(error) => {
                let trouble = CliError::from(error.clone());
                self.console.warn(&trouble.message, trouble.hint.as_deref());
                None
            }
            Happening::Skipped(count) => {
                self.skipped(*count);
                None
            }
        }
    }

    /// Says that the output could not keep up.
    fn skipped(&self, count: u64) {
        let kept = if self.style.kept {
            "; they are in the log"
        } else {
            ""
        };
        self.console.warn(
            &format!("the terminal is too slow: {count} not shown{kept}"),
            None,
        );
    }

    fn delivery(&self, delivery: &Delivery, repeat: u32) -> String {
        if self.style.json {
            return delivery.to_json();
        }
        let view = DeliveryView {
            body: self.style.body,
            repeat: (repeat > 1).then_some(repeat),
            kept: self.style.kept,
            width: self.console.width(),
        };
        report::delivery(delivery, &view)
    }

    fn attempt(&self, attempt: &Attempt, delivery: &Delivery) -> String {
        if self.style.json {
            return attempt.to_json_about(delivery.about());
        }
        let label = delivery.event_id.as_deref().unwrap_or(&delivery.id);
        let view = AttemptView {
            label: Some(label),
            width: self.console.width(),
            ..AttemptView::default()
        };
        report::attempt(attempt, &view)
    }
}
