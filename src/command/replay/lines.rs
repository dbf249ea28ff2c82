//! The lines of a replay, which are printed together.

use crate::console::Console;
use crate::delivery::Delivery;
use crate::exit::CliError;

/// Bytes of lines that are printed at once, about: each write takes as long as sending a request.
const BATCH_BYTES: usize = 16 << 10;

/// Lines of data that wait for what comes next, and are printed when nothing does.
pub struct Lines {
    console: Console,
    json: bool,
    text: String,
}

impl Lines {
    /// None so far, of JSON or for people.
    pub const fn new(console: Console, json: bool) -> Self {
        Self {
            console,
            json,
            text: String::new(),
        }
    }

    /// Adds lines, and prints all where they are many.
    pub fn add(&mut self, lines: &str) -> Result<(), CliError> {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(lines);
        if self.text.len() < BATCH_BYTES {
            return Ok(());
        }
        self.print()
    }

    /// Prints what waits.
    pub fn print(&mut self) -> Result<(), CliError> {
        let text = std::mem::take(&mut self.text);
        match text.as_str() {
            "" => Ok(()),
            lines if self.json => Ok(self.console.json(lines)?),
            lines => Ok(self.console.data(lines)?),
        }
    }
}

/// What a person knows the delivery by.
pub fn label(delivery: &Delivery) -> String {
    let known = [delivery.event.as_deref(), delivery.event_id.as_deref()];
    let known: Vec<_> = known.into_iter().flatten().collect();
    if known.is_empty() {
        delivery.id.clone()
    } else {
        known.join("  ")
    }
}
