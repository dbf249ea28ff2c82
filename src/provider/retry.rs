//! What counts as success, what is retried, and when.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::delivery::duration;

/// How a provider delivers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryRules {
    /// The method of its requests.
    pub method: String,
    /// The headers it sends besides the signature, with `{{event}}` and `{{id:NAME}}`.
    pub headers: Vec<(String, String)>,
    /// How long it waits for an answer, in seconds.
    pub timeout_seconds: u64,
    /// The statuses that confirm a delivery.
    pub success: Vec<StatusPattern>,
    /// The one status that the documentation names, where it names one.
    #[serde(default)]
    pub documented_success: Option<u16>,
    /// What is retried, and when.
    pub retry: Retry,
}

/// A provider's retries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The outcomes that are retried.
    pub on: Vec<StatusPattern>,
    /// The delay of each retry.
    pub schedule: Vec<Delay>,
    /// From when the delays count.
    pub counted_from: CountedFrom,
}

/// From when the delays of a schedule count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CountedFrom {
    /// From the first attempt.
    First,
    /// From the attempt before.
    Previous,
}

/// A set of outcomes: `2xx`, `429` or `no-answer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
#[serde(try_from = "String")]
pub struct Delay(Duration);

/// What an answer, or none, means to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerClass {
    /// The delivery is confirmed.
    Delivered,
    /// It will be tried again.
    Retried,
    /// It is given up at once.
    Final,
}

impl DeliveryRules {
    /// What a status, or none, means.
    pub(super) fn classify(&self, status: Option<u16>) -> AnswerClass {
        let among = |patterns: &[StatusPattern]| patterns.iter().any(|p| p.matches(status));
        if among(&self.success) {
            AnswerClass::Delivered
        } else if among(&self.retry.on) {
            AnswerClass::Retried
        } else {
            AnswerClass::Final
        }
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

    /// The delay of retry `index`, from 0, counted as the schedule counts; `None` after the last.
    pub(super) fn delay(&self, index: usize) -> Option<Duration> {
        self.schedule.get(index).map(|delay| delay.0)
    }

    /// The wait between attempt `n` (from 1) and the next; `None` after the last.
    pub fn wait_after(&self, n: usize) -> Option<Duration> {
        let index = n.checked_sub(1)?;
        let earlier = match self.counted_from {
            CountedFrom::First => index.checked_sub(1).and_then(|before| self.delay(before)),
            CountedFrom::Previous => None,
        };
        Some(
            self.delay(index)?
                .saturating_sub(earlier.unwrap_or_default()),
        )
    }
}

impl Retry {
    /// The wait before each retry, and the time since the first attempt.
    pub fn waits(&self) -> impl Iterator<Item = (Duration, Duration)> {
        let waits = (1..).map_while(|attempt| self.wait_after(attempt));
        waits.scan(Duration::ZERO, |total, wait| {
            *total += wait;
            Some((wait, *total))
        })
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
            (_, Some(class)) => class.parse().ok().map(Self::Class),
            _ => text.parse().ok().map(Self::Code),
        };
        pattern
            .ok_or_else(|| format!("`{text}` is not a status such as `2xx`, `429` or `no-answer`"))
    }
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
    use super::*;
    use crate::provider::Catalogue;

    /// The waits in seconds between the attempts of a provider.
    fn waits(name: &str) -> Vec<u64> {
        let catalogue = Catalogue::builtin();
        let retry = &catalogue.get(name).unwrap().definition.delivery.retry;
        (1..)
            .map_while(|n| retry.wait_after(n))
            .map(|wait| wait.as_secs())
            .collect()
    }

    #[test]
    fn schedules_are_the_documented_ones() {
        assert_eq!(waits("ibakepro"), [300, 1_500, 5_400, 79_200]);
        assert_eq!(waits("olympus"), [60, 300, 1_800, 7_200, 28_800, 86_400]);
        assert_eq!(waits("barecommerce"), [5, 25, 120, 600]);
        assert_eq!(waits("cimplify"), [60, 300, 1_800]);
    }

    #[test]
    fn answers_are_classified_as_documented() {
        let catalogue = Catalogue::builtin();
        for (provider, status, class) in [
            ("olympus", Some(204), AnswerClass::Delivered),
            ("olympus", Some(429), AnswerClass::Retried),
            ("olympus", Some(301), AnswerClass::Retried),
            ("olympus", Some(400), AnswerClass::Final),
            ("olympus", None, AnswerClass::Retried),
            ("ibakepro", Some(404), AnswerClass::Retried),
            ("cimplify", Some(500), AnswerClass::Retried),
            ("barecommerce", Some(201), AnswerClass::Delivered),
        ] {
            let rules = &catalogue.get(provider).unwrap().definition.delivery;
            assert_eq!(rules.classify(status), class, "{provider} {status:?}");
        }
    }
}
