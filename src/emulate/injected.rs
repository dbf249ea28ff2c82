//! What is done wrong on purpose, as real providers do it: by chance, but always the same for a seed.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// How far reordered deliveries are moved, by the real clock.
const SPREAD: Duration = Duration::from_secs(1);

/// What is done wrong on purpose.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InjectedFaults {
    /// The share of confirmed deliveries that are sent once more, 0 to 1.
    pub duplicate: f64,
    /// The share of deliveries that are lost, 0 to 1.
    pub drop: f64,
    /// How much later than usual each delivery is first sent.
    pub delay: Duration,
    /// Whether deliveries overtake each other.
    pub reorder: bool,
    /// After how long the secrets are replaced, each time.
    pub rotate_secret: Option<Duration>,
    /// What the chances follow from.
    pub seed: u64,
}

impl InjectedFaults {
    /// Whether a confirmed delivery is sent once more.
    pub fn duplicates(&self, delivery: u64) -> bool {
        self.chance("duplicate", delivery) < self.duplicate
    }

    /// Whether a delivery is lost.
    pub fn drops(&self, delivery: u64) -> bool {
        self.chance("drop", delivery) < self.drop
    }

    /// How much later than usual a delivery is first sent, by a clock of this speed.
    pub fn lateness(&self, delivery: u64, factor: f64) -> Duration {
        let share = if self.reorder {
            self.chance("reorder", delivery)
        } else {
            0.0
        };
        let spread = Duration::try_from_secs_f64(SPREAD.as_secs_f64() * share * factor);
        self.delay.saturating_add(spread.unwrap_or_default())
    }

    /// A number from 0 to below 1.
    fn chance(&self, what: &str, number: u64) -> f64 {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(what);
        hash.update(number.to_be_bytes());
        let bits = hash.finalize().into_iter().take(4);
        let bits = bits.fold(0_u32, |bits, byte| bits << 8 | u32::from(byte));
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(seed: u64) -> InjectedFaults {
        InjectedFaults {
            duplicate: 0.05,
            drop: 1.0,
            reorder: true,
            delay: Duration::from_secs(2),
            seed,
            ..InjectedFaults::default()
        }
    }

    #[test]
    fn chances_are_as_large_as_they_should_be_and_follow_from_the_seed() {
        let doubled = |seed| {
            let faults = faults(seed);
            let all = (0..10_000).filter(|number| faults.duplicates(*number));
            all.collect::<Vec<_>>()
        };
        let first = doubled(7);
        assert!((400..600).contains(&first.len()), "{}", first.len());
        assert_eq!(first, doubled(7));
        assert_ne!(first, doubled(8));
        assert!((0..1_000).all(|number| faults(7).drops(number)));
        let none = InjectedFaults::default();
        assert!((0..1_000).all(|number| !none.drops(number) && !none.duplicates(number)));
    }

    #[test]
    fn reordered_deliveries_overtake_each_other_by_less_than_the_spread() {
        let late: Vec<_> = (0..20).map(|it| faults(7).lateness(it, 60.0)).collect();
        assert!(late.windows(2).any(|pair| pair[0] > pair[1]));
        let range = Duration::from_secs(2)..Duration::from_secs(62);
        assert!(late.iter().all(|late| range.contains(late)), "{late:?}");
    }
}
