//! Ids of our own: a prefix and a ULID, so that they sort by time even within a millisecond.

use std::sync::Mutex;

use ulid::{Generator, Ulid};

/// The prefix of a delivery's id.
pub const DELIVERY: &str = "dlv_";
/// The prefix of an attempt's id.
pub const ATTEMPT: &str = "att_";
/// The prefix of a bulk replay's id.
pub const RUN: &str = "run_";

static GENERATOR: Mutex<Generator> = Mutex::new(Generator::new());

/// A new id for a delivery.
pub fn delivery() -> String {
    format!("{DELIVERY}{}", next())
}

/// A new id for an attempt.
pub fn attempt() -> String {
    format!("{ATTEMPT}{}", next())
}

/// A new id for a bulk replay.
pub fn run() -> String {
    format!("{RUN}{}", next())
}

fn next() -> Ulid {
    let mut generator = GENERATOR
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // The generator fails only when 2^80 ids were made in one millisecond.
    generator.generate().unwrap_or_else(|_| Ulid::generate())
}
