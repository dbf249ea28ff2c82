//! What counts as success, what is retried, and when: pure functions of the rules, what came of the
//! attempts so far and the clock. Whoever waits, at whatever speed, asks here.

use std::fmt;
use std::num::NonZeroU16;
use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use strum::Display;

use crate::delivery::{Timestamp, duration};

/// How many deliveries to an endpoint are under way at once where a definition does not say.
const CONCURRENCY: NonZeroU16 = NonZeroU16::new(10).unwrap();

/// How a provider delivers. What a definition leaves out is as most providers have it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryRules {
    /// The method of its requests; by default `POST`.
    pub method: String,
    /// The headers it sends besides the signature, with `{{event}}` and `{{id:NAME}}`; by default
    /// `Content-Type: application/json`.
    pub headers: Vec<(String, String)>,
    /// How long it waits for an answer, in seconds; by default 30.
    pub timeout_seconds: u64,
    /// The statuses that confirm a delivery; by default `2xx`.
    #[cfg_attr(test, schemars(extend("default" = ["2xx"])))]
    pub success: Vec<StatusPattern>,
    /// The one status that the documentation names, where it names one.
    pub documented_success: Option<u16>,
    /// What is retried, and when; by default nothing.
    pub retry: Retry,
    /// How many deliveries to one endpoint are under way at once; by default 10. With 1 they keep their
    /// order.
    #[cfg_attr(test, schemars(extend("default" = 10)))]
    pub concurrency: NonZeroU16,
    /// When it stops delivering to an endpoint; by default never.
    pub disable: Disable,
}

/// When a provider disables an endpoint: nothing is delivered there until its user enables it.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Disable {
    /// The outcomes after one of which it does: `410`.
    #[cfg_attr(test, schemars(extend("default" = [])))]
    pub on: Vec<StatusPattern>,
    /// For how long all deliveries have to fail.
    pub after: Option<Delay>,
}

impl Default for DeliveryRules {
    fn default() -> Self {
        Self {
            method: "POST".into(),
            headers: vec![("Content-Type".into(), "application/json".into())],
            timeout_seconds: 30,
            success: vec![StatusPattern::Class(2)],
            documented_success: None,
            retry: Retry::default(),
            concurrency: CONCURRENCY,
            disable: Disable::default(),
        }
    }
}

/// A provider's retries.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// The outcomes that are retried.
    #[cfg_attr(test, schemars(extend("default" = [])))]
    pub on: Vec<StatusPattern>,
    /// The delay of each retry.
    #[cfg_attr(test, schemars(extend("default" = [])))]
    pub schedule: Vec<Delay>,
    /// From when the delays count; by default from the attempt before.
    pub counted_from: CountedFrom,
}

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

/// From when the delays of a schedule count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Display)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum CountedFrom {
    /// From the first attempt.
    First,
    /// From the attempt before.
    #[default]
    Previous,
}

/// A set of outcomes: `2xx`, `429` or `no-answer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = "^([1-9]xx|[1-9][0-9]{2}|no-answer)$")))]
#[serde(try_from = "String")]
pub enum StatusPattern {
    /// A hundred of codes: 2 for `2xx`.
    Class(u16),
    /// One code.
    Code(u16),
    /// No answer, or none in time.
    NoAnswer,
}

/// A span of time in a definition: `5s`, `30m`, `24h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String")]
pub struct Delay(Duration);

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
        let among = |patterns: &[StatusPattern]| patterns.iter().any(|p| p.matches(status));
        if among(&self.success) {
            return NextAttempt::Delivered;
        }
        if !among(&self.retry.on) {
            return NextAttempt::NotRetried;
        }
        let retry = attempts.checked_sub(1);
        let due = retry.and_then(|index| self.retry.due(index, first_at, now));
        due.map_or(NextAttempt::Exhausted, NextAttempt::At)
    }

    /// Whether the endpoint is disabled after an attempt that failed with `status`, or with no answer, where
    /// all since `failing_for` have failed.
    pub fn disables(&self, status: Option<u16>, failing_for: Duration) -> bool {
        let mut on = self.disable.on.iter();
        on.any(|pattern| pattern.matches(status))
            || (self.disable.after).is_some_and(|Delay(after)| failing_for >= after)
    }

    /// The answer's deadline.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }
}

impl Retry {
    /// How many attempts there are in all.
    pub fn attempts(&self) -> usize {
        self.schedule.len() + 1
    }

    /// The wait before each retry, and the time since the first attempt.
    pub fn waits(&self) -> impl Iterator<Item = (Duration, Duration)> {
        let first = Timestamp::from_seconds(0);
        let since = |from: Timestamp, to: Timestamp| {
            Duration::from_secs(to.seconds().abs_diff(from.seconds()))
        };
        (0..).scan(first, move |previous, index| {
            let before = *previous;
            *previous = self.due(index, first, before)?.max(before);
            Some((since(before, *previous), since(first, *previous)))
        })
    }

    /// When the retry at this place of the schedule is due: after a first attempt that was made at
    /// `first`, and one before it that ended at `previous`. `None` behind the last.
    fn due(&self, index: usize, first: Timestamp, previous: Timestamp) -> Option<Timestamp> {
        let from = match self.counted_from {
            CountedFrom::First => first,
            CountedFrom::Previous => previous,
        };
        let delay = self.schedule.get(index)?.0.as_secs();
        Some(from.plus_seconds(i64::try_from(delay).unwrap_or(i64::MAX)))
    }
}

impl Disable {
    /// For how long all deliveries have to fail, in seconds.
    pub fn after_seconds(&self) -> Option<u64> {
        self.after.map(|Delay(after)| after.as_secs())
    }
}

impl StatusPattern {
    /// Whether an outcome is one of these; no status is no answer.
    pub fn matches(self, status: Option<u16>) -> bool {
        match (self, status) {
            (Self::Class(class), Some(status)) => status / 100 == class,
            (Self::Code(code), Some(status)) => status == code,
            (Self::NoAnswer, None) => true,
            _ => false,
        }
    }
}

impl TryFrom<String> for StatusPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let pattern = match (text.as_str(), text.strip_suffix("xx")) {
            ("no-answer", _) => Some(Self::NoAnswer),
            (_, Some(class)) => number(class, 1..10).map(Self::Class),
            _ => number(&text, 100..1000).map(Self::Code),
        };
        pattern
            .ok_or_else(|| format!("`{text}` is not a status such as `2xx`, `429` or `no-answer`"))
    }
}

/// A number without a sign, within these bounds.
fn number(text: &str, bounds: Range<u16>) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain)?;
    bounds.contains(&number).then_some(number)
}

impl fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(class) => write!(f, "{class}xx"),
            Self::Code(code) => write!(f, "{code}"),
            Self::NoAnswer => f.write_str("no answer"),
        }
    }
}

impl TryFrom<String> for Delay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        span(&text)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a span of time such as `5s`, `30m` or `24h`"))
    }
}

/// Reads `5s`, `30m`, `24h`, `2d`: definitions count in whole seconds.
pub(super) fn span(text: &str) -> Option<Duration> {
    duration::parse(text).filter(|length| length.subsec_nanos() == 0)
}

#[cfg(test)]
mod tests {
    use NextAttempt::{At, Delivered, Exhausted, NotRetried};

    use super::*;
    use crate::provider::Catalogue;

    /// The waits in seconds between the attempts of a provider.
    fn waits(name: &str) -> Vec<u64> {
        let catalogue = Catalogue::builtin();
        let retry = &catalogue.get(name).unwrap().definition.delivery.retry;
        retry.waits().map(|(wait, _)| wait.as_secs()).collect()
    }

    #[test]
    fn schedules_are_the_documented_ones() {
        assert_eq!(waits("ibakepro"), [300, 1_500, 5_400, 79_200]);
        assert_eq!(waits("olympus"), [60, 300, 1_800, 7_200, 28_800, 86_400]);
        assert_eq!(waits("barecommerce"), [5, 25, 120, 600]);
        assert_eq!(waits("cimplify"), [60, 300, 1_800]);
    }

    #[test]
    fn an_outcome_is_a_status_that_can_come() {
        let read = |text: &str| StatusPattern::try_from(text.to_owned());
        assert_eq!(read("4xx"), Ok(StatusPattern::Class(4)));
        assert_eq!(read("429"), Ok(StatusPattern::Code(429)));
        assert_eq!(read("no-answer"), Ok(StatusPattern::NoAnswer));
        for text in [
            "0xx", "10xx", "+2xx", "99", "1000", "+200", "200-299", "", "xx",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

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
    fn an_endpoint_is_disabled_by_an_answer_or_by_failing_for_long() {
        let rules: DeliveryRules =
            serde_json::from_str(r#"{"disable": {"on": ["410"], "after": "5d"}}"#).unwrap();
        let days = |days: u64| Duration::from_secs(days * 86_400);
        assert!(rules.disables(Some(410), Duration::ZERO));
        assert!(!rules.disables(Some(500), days(4)));
        assert!(rules.disables(Some(500), days(5)) && rules.disables(None, days(6)));
        let never = DeliveryRules::default();
        assert!(!never.disables(Some(410), days(900)));
        let nothing = serde_json::from_str::<DeliveryRules>(r#"{"concurrency": 0}"#);
        assert!(nothing.is_err(), "nothing would ever be sent");
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
