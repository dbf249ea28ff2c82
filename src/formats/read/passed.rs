//! What a file holds besides deliveries.

use super::super::line::OtherLine;

/// What was no delivery.
#[derive(Debug, Clone, Copy, Default)]
pub struct PassedOver {
    /// Lines of ours of other kinds, and requests of other protocols.
    pub others: u64,
    /// Lines of other programs.
    talk: u64,
    /// On which line the first of those stands.
    first_talk: u64,
}

impl PassedOver {
    /// Counts what was no delivery on this line.
    pub const fn add(&mut self, skipped: OtherLine, line: u64) {
        match skipped {
            OtherLine::Ours => self.others += 1,
            OtherLine::Talk => {
                if self.talk == 0 {
                    self.first_talk = line;
                }
                self.talk += 1;
            }
        }
    }

    /// How much it is.
    pub const fn count(&self) -> u64 {
        self.others + self.talk
    }

    /// What is to be said of lines that other programs have written.
    pub fn talk(&self) -> Option<String> {
        let Self {
            talk, first_talk, ..
        } = *self;
        match talk {
            0 => None,
            1 => Some(format!(
                "skipped line {first_talk}, which holds no delivery"
            )),
            _ => Some(format!(
                "skipped {talk} lines that hold no delivery, the first is line {first_talk}"
            )),
        }
    }
}
