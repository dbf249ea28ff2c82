//! The filter language: one line that says which deliveries match, typed after `--filter` and in the
//! inspector.
//!
//! ```text
//! event:order.* verdict:mismatch,stale -source:import status:5xx since:-1h body.data.total>100 "free text"
//! ```
//!
//! Terms stand one beside the other and all must hold; a `-` before one turns it round, a comma between
//! values means any of them. What is no `field:value` is a text to look for.

mod compare;
mod read;
mod term;
mod text;
mod words;

use std::ops::Range;

use crate::delivery::{Delivery, FailureKind, Timestamp};

pub use compare::{Comparison, ValueTest};
pub use term::{AnswerPattern, FilterTerm, FilterTest};
pub use text::contains_text;
pub use words::{FIELDS, FilterField, complete};

/// What became of the last attempt at a delivery: the answer's status, or why there was none.
pub type LastOutcome = Result<u16, FailureKind>;

/// Reads a moment as it is typed: a time, a day, or `-1h`.
pub type ReadMoment<'a> = &'a dyn Fn(&str) -> Result<Timestamp, String>;

/// What a line of the filter language asks for; an empty one lets everything through.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeliveryFilter {
    terms: Vec<FilterTerm>,
}

/// Why a line is no filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct FilterSyntaxError {
    /// The bytes of the line that are meant.
    pub at: Range<usize>,
    /// What is wrong with them.
    pub problem: String,
    /// What to write instead.
    pub hint: String,
}

impl DeliveryFilter {
    /// Reads a line.
    pub fn read(line: &str, moment: ReadMoment<'_>) -> Result<Self, FilterSyntaxError> {
        let terms = read::terms(line, moment)?;
        Ok(Self { terms })
    }

    /// Of these terms, all of which must hold.
    pub const fn of(terms: Vec<FilterTerm>) -> Self {
        Self { terms }
    }

    /// Its terms, in order.
    pub fn into_terms(self) -> Vec<FilterTerm> {
        self.terms
    }

    /// Whether it lets everything through.
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it asks what became of attempts.
    pub fn looks_at_attempts(&self) -> bool {
        self.terms.iter().any(FilterTerm::looks_at_attempts)
    }

    /// Whether a delivery matches; `last` is what became of the last attempt at it, where there was one.
    pub fn matches(&self, delivery: &Delivery, last: Option<&LastOutcome>) -> bool {
        self.terms.iter().all(|term| term.holds(delivery, last))
    }
}

#[cfg(test)]
mod tests;
