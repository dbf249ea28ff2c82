//! Ids of our own: a prefix and a ULID, so that they sort by time even within a millisecond.

use std::sync::Mutex;

use sha2::{Digest as _, Sha256};
use ulid::{Generator, Ulid};

use super::Timestamp;

/// The prefix of a delivery's id.
pub const DELIVERY: &str = "dlv_";
/// The prefix of an attempt's id.
pub const ATTEMPT: &str = "att_";
/// The prefix of a bulk replay's id.
pub const RUN: &str = "run_";

static GENERATOR: Mutex<Generator> = Mutex::new(Generator::new());

/// A new id for a delivery.
pub fn delivery() -> String {
    new(DELIVERY)
}

/// A new id for an attempt.
pub fn attempt() -> String {
    new(ATTEMPT)
}

/// A new id for a bulk replay.
pub fn run() -> String {
    new(RUN)
}

/// A new id behind any prefix.
pub fn new(prefix: &str) -> String {
    format!("{prefix}{}", next())
}

/// The id of a delivery that came without one: always the same for these parts, and sorted by the time
/// of receipt where that is known.
pub fn of_parts<'a>(
    received_at: Option<Timestamp>,
    parts: impl IntoIterator<Item = &'a [u8]>,
) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let random = digest
        .iter()
        .take(10)
        .fold(0, |number, byte| number << 8 | u128::from(*byte));
    let millis = received_at.map_or(0, |at| at.micros().max(0).unsigned_abs() / 1_000);
    format!("{DELIVERY}{}", Ulid::from_parts(millis, random))
}

/// When an id of ours was made, to the millisecond; `None` for an id that someone else made.
pub fn made_at(id: &str) -> Option<Timestamp> {
    let (_, text) = id.split_once('_')?;
    let millis = Ulid::from_string(text).ok()?.timestamp_ms();
    Some(Timestamp::from_micros(
        i64::try_from(millis).ok()?.checked_mul(1_000)?,
    ))
}

fn next() -> Ulid {
    let mut generator = GENERATOR
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // The generator fails only when 2^80 ids were made in one millisecond.
    generator.generate().unwrap_or_else(|_| Ulid::generate())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_when_it_was_made() {
        let before = Timestamp::now().micros() / 1_000;
        let made = made_at(&run()).unwrap().micros() / 1_000;
        let after = Timestamp::now().micros() / 1_000;
        assert!((before..=after).contains(&made), "{before} {made} {after}");
        for foreign in ["", "dlv_1700000000", "dlv_", "evt_abc123", "01JD"] {
            assert_eq!(made_at(foreign), None, "{foreign}");
        }
    }
}
