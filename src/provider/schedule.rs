//! When a provider makes the next attempt: a pure function of its rules, what came of the attempts
//! so far and the clock. Whoever waits, at whatever speed, asks here.

use super::retry::{AnswerClass, CountedFrom, DeliveryRules};
use crate::delivery::Timestamp;

/// What a provider does after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextAttempt {
    /// It tries again then, or at once where that is past.
    At(Timestamp),
    /// Nothing more: the delivery is confirmed.
    Delivered,
    /// It gives up, as it does not retry such an answer.
    NotRetried,
    /// It gives up, as that was its last attempt.
    Exhausted,
}

impl DeliveryRules {
    /// What follows the attempt that ends `now` with `status`, or with no answer. It was number
    /// `attempts`, counted from 1, and the first was made at `first_at`.
    pub fn next(
        &self,
        attempts: usize,
        status: Option<u16>,
        first_at: Timestamp,
        now: Timestamp,
    ) -> NextAttempt {
        match self.classify(status) {
            AnswerClass::Delivered => NextAttempt::Delivered,
            AnswerClass::Final => NextAttempt::NotRetried,
            AnswerClass::Retried => {
                let from = match self.retry.counted_from {
                    CountedFrom::First => first_at,
                    CountedFrom::Previous => now,
                };
                let delay = attempts.checked_sub(1).and_then(|n| self.retry.delay(n));
                delay.map_or(NextAttempt::Exhausted, |delay| {
                    let seconds = i64::try_from(delay.as_secs()).unwrap_or(i64::MAX);
                    NextAttempt::At(from.plus_seconds(seconds))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use NextAttempt::{At, Delivered, Exhausted, NotRetried};

    use super::*;
    use crate::provider::Catalogue;

    const MINUTE: i64 = 60;
    const HOUR: i64 = 3_600;

    /// How long every attempt takes, in seconds.
    const EXCHANGE: i64 = 2;

    /// Sends at second 0 and whenever the provider tries again, and gets the same answer each time.
    /// Gives when the attempts were made, and how it ended.
    fn walk(provider: &str, status: Option<u16>) -> (Vec<i64>, NextAttempt) {
        let catalogue = Catalogue::builtin();
        let rules = &catalogue.get(provider).unwrap().definition.delivery;
        let first_at = Timestamp::from_seconds(0);
        let mut made = vec![0];
        loop {
            let ended = Timestamp::from_seconds(made[made.len() - 1] + EXCHANGE);
            match rules.next(made.len(), status, first_at, ended) {
                At(at) => made.push(at.seconds()),
                end => return (made, end),
            }
        }
    }

    #[test]
    fn every_schedule_is_the_documented_one() {
        // Counted from the first attempt, whatever the others took.
        let ibakepro = vec![0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 24 * HOUR];
        // Counted from the end of the attempt before.
        let after = |waits: &[i64]| {
            let mut at = vec![0];
            for wait in waits {
                at.push(at[at.len() - 1] + EXCHANGE + wait);
            }
            at
        };
        let olympus = after(&[MINUTE, 300, 1_800, 2 * HOUR, 8 * HOUR, 24 * HOUR]);
        assert_eq!(olympus, [0, 62, 364, 2_166, 9_368, 38_170, 124_572]);
        let barecommerce = after(&[5, 25, 120, 600]);
        assert_eq!(barecommerce, [0, 7, 34, 156, 758]);
        let cimplify = after(&[60, 300, 1_800]);
        assert_eq!(cimplify, [0, 62, 364, 2_166]);
        let all = [
            ("ibakepro", ibakepro),
            ("olympus", olympus),
            ("barecommerce", barecommerce),
            ("cimplify", cimplify),
        ];
        for (provider, times) in all {
            let once = vec![0];
            for status in [Some(500), Some(503), Some(429), Some(302), None] {
                let walked = walk(provider, status);
                assert_eq!(walked, (times.clone(), Exhausted), "{provider} {status:?}");
            }
            for status in [400, 404, 410] {
                let expected = match provider {
                    "olympus" => (once.clone(), NotRetried),
                    _ => (times.clone(), Exhausted),
                };
                assert_eq!(
                    walk(provider, Some(status)),
                    expected,
                    "{provider} {status}"
                );
            }
            for status in [200, 201, 204] {
                let expected = (once.clone(), Delivered);
                assert_eq!(
                    walk(provider, Some(status)),
                    expected,
                    "{provider} {status}"
                );
            }
        }
    }

    #[test]
    fn no_number_of_attempts_and_no_clock_makes_it_fail() {
        let catalogue = Catalogue::builtin();
        let rules = &catalogue.get("olympus").unwrap().definition.delivery;
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!(rules.next(1, None, end, end), At(end));
        assert_eq!(rules.next(0, None, end, end), Exhausted);
        assert_eq!(rules.next(usize::MAX, None, end, end), Exhausted);
    }
}
