//! A moment, to the microsecond.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment in UTC: whole microseconds since the unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Microseconds in a second.
const MICROS: i64 = 1_000_000;

impl Timestamp {
    /// The system clock's time.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From seconds since the epoch; saturates where microseconds leave the range.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the unix epoch, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whole seconds since the epoch, rounded down, as signature schemes count.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// This moment moved by `seconds`; saturates at the ends of the range.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MICROS)))
    }

    /// This moment moved by `length`; saturates at the end of the range.
    #[must_use]
    pub fn plus(self, length: Duration) -> Self {
        let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// How long it is from this moment to a later one; zero where that is past.
    pub fn until(self, later: Self) -> Duration {
        let micros = later.0.saturating_sub(self.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// RFC 3339 in UTC with whole seconds, the form in which the providers write times.
    pub fn to_seconds_text(self) -> String {
        self.to_jiff(jiff::Unit::Second)
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string()
    }

    /// The date in UTC, `2026-01-18`.
    pub fn to_date_text(self) -> String {
        self.to_jiff(jiff::Unit::Second)
            .strftime("%Y-%m-%d")
            .to_string()
    }

    /// The time of day on this machine's clock, `14:03:59`.
    pub fn to_local_clock_text(self) -> String {
        self.to_local("%H:%M:%S")
    }

    /// The same, with the date where that is not the one of `now`: `2026-01-18 14:03:59`.
    pub fn to_local_text(self, now: Self) -> String {
        let date = |at: Self| at.to_local("%Y-%m-%d");
        match date(self) {
            today if today == date(now) => self.to_local_clock_text(),
            date => format!("{date} {}", self.to_local_clock_text()),
        }
    }

    /// The moment on this machine's clock, whole: `2026-01-18 14:03:59.123456 +01:00`.
    pub fn to_local_moment_text(self) -> String {
        self.to_local("%Y-%m-%d %H:%M:%S%.6f %:z")
    }

    fn to_local(self, form: &str) -> String {
        let zoned = self.to_jiff(jiff::Unit::Microsecond);
        let zoned = zoned.to_zoned(jiff::tz::TimeZone::system());
        zoned.strftime(form).to_string()
    }

    /// Reads RFC 3339 text.
    pub fn parse(text: &str) -> Option<Self> {
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(Self(time.as_microsecond()))
    }

    /// Reads the date of an HTTP field, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let time = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
        time.ok().map(|time| Self::from_seconds(time.as_second()))
    }

    fn to_jiff(self, unit: jiff::Unit) -> jiff::Timestamp {
        let end = if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        let time = jiff::Timestamp::from_microsecond(self.0).unwrap_or(end);
        let floor = jiff::TimestampRound::new()
            .smallest(unit)
            .mode(jiff::RoundMode::Floor);
        time.round(floor).unwrap_or(time)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let micros = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |m| -m),
        };
        Self(micros)
    }
}

/// RFC 3339 in UTC with six decimals, so that texts sort as the moments do.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.to_jiff(jiff::Unit::Microsecond);
        write!(f, "{time:.6}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_no_calendar_has_is_shown_as_the_nearest_that_it_has() {
        for micros in [i64::MAX, 1 << 58, i64::MIN] {
            let moment = Timestamp::from_micros(micros);
            for shown in [
                moment.to_string(),
                moment.to_seconds_text(),
                moment.to_date_text(),
            ] {
                let is_before = shown.starts_with('-');
                assert!(
                    shown.contains("9999-") && is_before == (micros < 0),
                    "{micros}: {shown}"
                );
            }
        }
    }
}
