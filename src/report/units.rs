//! Sizes, times and counts in the words people use.

use std::time::Duration;

use crate::delivery::Timestamp;
use crate::delivery::duration::in_units;

pub use crate::delivery::duration::shown as duration;

/// The step from one unit of size to the next.
const KIBI: u128 = 1024;

/// A size in bytes: `412 B`, `1.2 MiB`.
pub fn bytes(count: u64) -> String {
    if u128::from(count) < KIBI {
        return format!("{count} B");
    }
    let mut unit = KIBI;
    for name in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        let tenths = (u128::from(count) * 10 + unit / 2) / unit;
        if tenths < KIBI * 10 {
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
        unit *= KIBI;
    }
    format!("{} EiB", u128::from(count) / unit)
}

/// A latency in milliseconds: `0.4 ms`, `12 ms`, `1.2 s`.
pub fn millis(ms: f64) -> String {
    match ms {
        _ if ms < 9.95 => format!("{ms:.1} ms"),
        _ if ms < 999.5 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", ms / 1000.0),
    }
}

/// A wait in hours and less, as the documents write it: `24 h`, not a day.
pub(super) fn in_hours(length: Duration) -> String {
    let minutes = length.as_secs() / 60;
    match (minutes / 60, minutes % 60) {
        (0..24, _) => duration(length),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// How long ago `at` was, seen from `now`, in one unit: `3 min ago`, `just now`, `in 2 h`.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    let micros = now.micros().saturating_sub(at.micros());
    match in_units(micros.unsigned_abs() / 1_000_000, 1) {
        length if length.is_empty() => "just now".into(),
        length if micros > 0 => format!("{length} ago"),
        length => format!("in {length}"),
    }
}

/// Where the signed time lay, seen from the moment of judgement.
pub(super) fn signed_age(seconds: i64) -> String {
    let length = duration(Duration::from_secs(seconds.unsigned_abs()));
    match seconds {
        0 => "0 s".into(),
        1.. => length,
        _ => format!("signed {length} in the future"),
    }
}

/// `1 delivery`, `2 deliveries`: a count with its noun.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `1st`, `2nd`, `3rd`, `11th`.
pub(super) fn ordinal(number: u32) -> String {
    let suffix = match (number % 10, number % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// How many per second, to a tenth; nothing where no time passed.
pub(super) fn rate(count: u64, elapsed: Duration) -> Option<String> {
    let tenths = u128::from(count) * 10_000_000_000
        / match elapsed.as_nanos() {
            0 => return None,
            nanos => nanos,
        };
    Some(match tenths {
        0..1000 => format!("{}.{}/s", tenths / 10, tenths % 10),
        _ => format!("{}/s", tenths / 10),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let shown = [0, 412, 1023, 1024, 1_258_291, 1_048_575, u64::MAX].map(bytes);
        assert_eq!(
            shown,
            [
                "0 B", "412 B", "1023 B", "1.0 KiB", "1.2 MiB", "1.0 MiB", "15 EiB"
            ]
        );
    }

    #[test]
    fn latencies() {
        let shown = [0.04, 0.44, 9.94, 9.96, 12.4, 999.4, 999.6, 12_345.0].map(millis);
        assert_eq!(
            shown,
            [
                "0.0 ms", "0.4 ms", "9.9 ms", "10 ms", "12 ms", "999 ms", "1.0 s", "12.3 s"
            ]
        );
    }

    #[test]
    fn ages() {
        let now = Timestamp::from_seconds(1_000_000);
        let shown = [0, -5, -200, -7_300, -200_000, 200].map(|s| age(now.plus_seconds(s), now));
        assert_eq!(
            shown,
            [
                "just now",
                "5 s ago",
                "3 min ago",
                "2 h ago",
                "2 d ago",
                "in 3 min"
            ]
        );
        assert_eq!(signed_age(310), "5 min 10 s");
        assert_eq!(signed_age(-20), "signed 20 s in the future");
    }

    #[test]
    fn counts_and_rates() {
        assert_eq!(
            [1, 2, 3, 4, 11, 12, 21, 102, 113].map(ordinal).join(" "),
            "1st 2nd 3rd 4th 11th 12th 21st 102nd 113th"
        );
        assert_eq!(counted(1, "delivery", "deliveries"), "1 delivery");
        assert_eq!(rate(5, Duration::from_secs(2)).as_deref(), Some("2.5/s"));
        assert_eq!(rate(u64::MAX, Duration::ZERO), None);
        assert_eq!(
            rate(30_000, Duration::from_secs(2)).as_deref(),
            Some("15000/s")
        );
    }
}
