//! How a signing time is written and read.

use serde::Deserialize;
use strum::Display;

use crate::delivery::Timestamp;

/// How a signing time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Display)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum TimeUnit {
    /// Whole seconds since the unix epoch.
    #[default]
    Seconds,
    /// Whole milliseconds since the unix epoch.
    Milliseconds,
    /// A date and a time of day, RFC 3339.
    Rfc3339,
}

/// Of a number of seconds, the milliseconds; a time in milliseconds is from here on no time in seconds,
/// as it would lie beyond the year 5000.
const MILLIS: i64 = 1000;
const LEAST_MILLIS: i128 = 100_000_000_000;
/// The longest number that is read: the digits of the greatest 64-bit number.
const TIME_DIGITS: usize = 19;

impl TimeUnit {
    /// A moment as it is written.
    pub fn text(self, at: Timestamp) -> String {
        match self {
            Self::Seconds => at.seconds().to_string(),
            Self::Milliseconds => at.millis().to_string(),
            Self::Rfc3339 => at.to_seconds_text(),
        }
    }

    /// The text where it is one of this form; else what it should be.
    pub(super) fn check(self, text: &str) -> Result<&str, String> {
        let is_number = (1..=TIME_DIGITS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Rfc3339 if Timestamp::parse(text).is_some() => Ok(text),
            Self::Seconds | Self::Milliseconds if is_number => Ok(text),
            Self::Rfc3339 => Err("the timestamp is no time of RFC 3339".into()),
            Self::Seconds | Self::Milliseconds => Err(format!(
                "the timestamp is not 1 to {TIME_DIGITS} digits of unix {self}"
            )),
        }
    }

    /// The seconds since the unix epoch that a text of this form tells.
    pub(super) fn seconds(self, text: &str) -> i128 {
        // At most 19 digits, so an i128 holds every number.
        let number = || text.parse::<i128>().unwrap_or_default();
        match self {
            Self::Seconds => number(),
            Self::Milliseconds => number() / i128::from(MILLIS),
            Self::Rfc3339 => Timestamp::parse(text).map_or(0, |at| at.seconds().into()),
        }
    }

    /// The text of a moment that is so many seconds later than that of a text.
    pub fn moved(self, text: &str, seconds: i64) -> String {
        let number: i64 = text.parse().unwrap_or_default();
        match self {
            Self::Seconds => number.saturating_add(seconds).to_string(),
            Self::Milliseconds => {
                let millis = seconds.saturating_mul(MILLIS);
                number.saturating_add(millis).to_string()
            }
            Self::Rfc3339 => {
                let at = Timestamp::parse(text).unwrap_or_default();
                self.text(at.plus_seconds(seconds))
            }
        }
    }

    /// The unit in which a number can only be meant, where it is another one.
    pub(super) fn mistaken_for(self, text: &str) -> Option<&'static str> {
        let number = text.parse::<i128>().ok()?;
        let meant = meant_unit(number);
        let own = match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Rfc3339 => return None,
        };
        (meant != own && number > 0).then_some(meant)
    }

    /// What stands in its place where a form is described.
    pub(super) const fn blank(self) -> &'static str {
        match self {
            Self::Seconds => "<unix seconds>",
            Self::Milliseconds => "<unix milliseconds>",
            Self::Rfc3339 => "<RFC 3339>",
        }
    }
}

/// The unit in which a number can only be a time of these centuries.
pub const fn meant_unit(number: i128) -> &'static str {
    let thousand = MILLIS as i128;
    match number {
        ..LEAST_MILLIS => "seconds",
        n if n / thousand < LEAST_MILLIS => "milliseconds",
        n if n / thousand / thousand < LEAST_MILLIS => "microseconds",
        _ => "nanoseconds",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_and_read_in_each_unit() {
        let at = Timestamp::from_micros(1_767_225_600_123_456);
        for (unit, text, later) in [
            (TimeUnit::Seconds, "1767225600", "1767225660"),
            (TimeUnit::Milliseconds, "1767225600123", "1767225660123"),
            (
                TimeUnit::Rfc3339,
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:01:00Z",
            ),
        ] {
            assert_eq!(unit.text(at), text);
            assert_eq!(unit.check(text), Ok(text));
            assert_eq!(unit.seconds(text), 1_767_225_600, "{unit}");
            assert_eq!(unit.moved(text, 60), later);
            assert_eq!(unit.mistaken_for(text), None, "{unit}");
            for wrong in ["", "yesterday", "-1", "12345678901234567890"] {
                assert!(unit.check(wrong).is_err(), "{unit}: {wrong}");
            }
        }
    }

    #[test]
    fn a_number_of_another_unit_is_known_by_its_size() {
        let (seconds, millis) = (TimeUnit::Seconds, TimeUnit::Milliseconds);
        for (unit, number, meant) in [
            (seconds, "1767225600000", "milliseconds"),
            (seconds, "1767225600000000", "microseconds"),
            (seconds, "1767225600000000000", "nanoseconds"),
            (millis, "1767225600", "seconds"),
            (millis, "1767225600000000", "microseconds"),
        ] {
            assert_eq!(unit.mistaken_for(number), Some(meant), "{unit}");
        }
    }
}
