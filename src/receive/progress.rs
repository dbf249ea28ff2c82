//! Counting what comes, apart from telling it.

use super::expected::ExpectedDelivery;
use crate::delivery::{Delivery, DeliverySource, EventFilter, Status};

/// What a run waits for.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// So many deliveries.
    pub count: Option<u64>,
    /// A valid delivery that is each of these.
    pub deliveries: Vec<ExpectedDelivery>,
}

/// How far an expectation is met, and what came.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// All deliveries; probes are none.
    pub deliveries: u64,
    /// Those that were not genuine.
    pub refused: u64,
    /// Those that were valid.
    pub valid: u64,
    /// The expected deliveries that have not come.
    pub missing: Vec<ExpectedDelivery>,
    count: Option<u64>,
    /// How many of the deliveries are counted for `count`, and how many of those were valid.
    counted: [u64; 2],
    filter: EventFilter,
    expects: bool,
}

impl Progress {
    /// Counts for the expected number the events of `filter`.
    pub(super) fn new(expectation: Expectation, filter: EventFilter) -> Self {
        Self {
            expects: expectation.count.is_some() || !expectation.deliveries.is_empty(),
            count: expectation.count,
            missing: expectation.deliveries,
            filter,
            ..Self::default()
        }
    }

    /// Whether everything that was awaited has come; also where nothing was. Deliveries that are
    /// counted have to be genuine, all of them.
    pub fn is_met(&self) -> bool {
        let [counted, valid] = self.counted;
        let is_full = |count| counted >= count && valid == counted;
        self.missing.is_empty() && self.count.is_none_or(is_full)
    }

    /// How many deliveries are awaited, and how many of those that count came and were valid; `None`
    /// where no number is awaited.
    pub fn of_count(&self) -> Option<(u64, [u64; 2])> {
        Some((self.count?, self.counted))
    }

    /// Whether there is nothing more to wait for: the number has come, or else the events. Never
    /// where nothing was awaited.
    pub(super) fn is_over(&self) -> bool {
        let is_over = match self.count {
            Some(count) => self.counted[0] >= count,
            None => self.missing.is_empty(),
        };
        self.expects && is_over
    }

    /// Counts a delivery; a probe is none.
    pub(super) fn count(&mut self, delivery: &Delivery) {
        if delivery.source == DeliverySource::Probe {
            return;
        }
        self.deliveries += 1;
        if self.filter.matches_known(delivery.event.as_deref()) {
            self.counted[0] += 1;
            self.counted[1] += u64::from(delivery.verdict.is_valid());
        }
        match delivery.verdict.status {
            Status::Valid => {
                self.valid += 1;
                self.missing
                    .retain_mut(|missing| !missing.is_met_by(delivery));
            }
            Status::Unverified => {}
            _ => self.refused += 1,
        }
    }
}
