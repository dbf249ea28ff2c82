//! Readers of values as people type them: spans, sizes, moments, rates, factors, headers.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::delivery::{Timestamp, duration};
use crate::provider::StatusPattern;
use crate::signature::{Freshness, meant_unit};

/// A value of an enum as it is typed.
pub fn name_of<T: ValueEnum + Copy>(value: T) -> Option<String> {
    let name = value.to_possible_value()?.get_name().to_owned();
    Some(name)
}

/// A span of time: `300ms`, `30s`, `5m`, `2h`, `1d`.
pub fn span(text: &str) -> Result<Duration, String> {
    duration::parse(text).ok_or_else(|| {
        format!("`{text}` is not a span such as `300ms`, `30s`, `5m`, `1h30m` or `1d`")
    })
}

/// The greatest age of a signature: a span, or `none`.
pub fn tolerance(text: &str) -> Result<Freshness, String> {
    if text == "none" {
        return Ok(Freshness::Ignored);
    }
    Ok(Freshness::Within {
        seconds: span(text)?.as_secs(),
        strict: false,
    })
}

/// A size in bytes: `4096`, `512KiB`, `25MiB`, `1GB`.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: Option<u64> = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "kb" => Some(1_000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        _ => None,
    };
    let number: Option<u64> = number.parse().ok();
    number
        .zip(factor)
        .and_then(|(number, factor)| number.checked_mul(factor))
        .ok_or_else(|| format!("`{text}` is not a size such as `4096`, `512KiB` or `25MiB`"))
}

/// A size as it is typed, in the largest binary unit that leaves no rest.
pub fn size_text(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.iter().find(|(_, unit)| bytes.is_multiple_of(*unit)) {
        Some((name, unit)) if bytes > 0 => format!("{}{name}", bytes / unit),
        _ => bytes.to_string(),
    }
}

/// A moment: RFC 3339, a day, unix seconds, or `-10m` or `10m` for ten minutes ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Microseconds since the unix epoch.
    At(i64),
    /// So long before now.
    Ago(Duration),
}

impl Moment {
    /// The moment as seen from `now`.
    pub fn seen_from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(micros) => Timestamp::from_micros(micros),
            Self::Ago(length) => {
                let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
                Timestamp::from_micros(now.micros().saturating_sub(micros))
            }
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse::<i64>().unwrap_or_default();
        let unit = meant_unit(number.into());
        if unit != "seconds" {
            let mut seconds = number;
            while meant_unit(seconds.into()) != "seconds" {
                seconds /= 1_000;
            }
            return Err(format!(
                "`{text}` is in {unit}: give seconds, such as `{seconds}`"
            ));
        }
        let seconds = || {
            text.parse()
                .ok()
                .map(|seconds: i64| seconds.checked_mul(1_000_000))
        };
        let written = || Some(text.parse::<jiff::Timestamp>().ok()?.as_microsecond());
        // A day begins when it does where the user is.
        let day = || {
            let day: jiff::civil::Date = text.parse().ok()?;
            let begin = day.to_zoned(jiff::tz::TimeZone::system()).ok()?;
            Some(begin.timestamp().as_microsecond())
        };
        let ago = |length| duration::parse(length).map(Self::Ago);
        let moment = match text.strip_prefix('-') {
            Some(length) => ago(length),
            None => seconds()
                .unwrap_or_else(|| written().or_else(day))
                .map(Self::At)
                .or_else(|| ago(text)),
        };
        moment.ok_or_else(|| {
            format!("`{text}` is not a time such as `2026-01-18T10:30:00Z`, `2026-01-18`, `1768732200` or `-10m`")
        })
    }
}

/// How many a second: `200/s`, `30/m`, or `200` for so many a second.
pub fn rate(text: &str) -> Result<f64, String> {
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let seconds = match unit {
        "s" => Some(1.0),
        "m" => Some(60.0),
        "h" => Some(3_600.0),
        _ => None,
    };
    let number: Option<f64> = number.parse().ok();
    number
        .zip(seconds)
        .map(|(number, seconds)| number / seconds)
        .filter(|rate| rate.is_finite() && *rate > 0.0)
        .ok_or_else(|| format!("`{text}` is not a rate such as `200/s` or `30/m`"))
}

/// A factor: `10x`, `0.5x`, `10`.
pub fn speed(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.strip_suffix('x').unwrap_or(text).parse().ok();
    number
        .filter(|factor| factor.is_finite() && *factor > 0.0)
        .ok_or_else(|| format!("`{text}` is not a speed such as `10x`"))
}

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenHost {
    /// Both loopback addresses: clients differ in which one they take for `localhost`.
    Localhost,
    /// One address of this machine, or any.
    Address(IpAddr),
}

impl FromStr for ListenHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("localhost") {
            return Ok(Self::Localhost);
        }
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        let address = bare.unwrap_or(text).parse().map(Self::Address);
        address.map_err(|_| {
            let shown = text.escape_debug();
            format!("`{shown}` is not an address of this machine such as `127.0.0.1`, `::1` or `localhost`")
        })
    }
}

impl fmt::Display for ListenHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Localhost => f.write_str("localhost"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// A URL with a host, such as `https://hooks.example`.
pub fn public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(Url::has_host);
    url.ok_or_else(|| {
        let shown = text.escape_debug();
        format!("`{shown}` is not a URL such as `https://hooks.example`")
    })
}

/// The name, a token of RFC 9110, and the value of a header line: `Name: value`.
pub fn header(text: &str) -> Result<(String, String), String> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let pair = text
        .split_once(':')
        .map(|(name, value)| (name, value.trim_matches([' ', '\t'])));
    pair.filter(|(name, _)| !name.is_empty() && name.chars().all(token))
        // A line end here would let a value add headers of its own.
        .filter(|(_, value)| !value.contains(['\r', '\n', '\0']))
        .map(|(name, value)| (name.into(), value.into()))
        .ok_or_else(|| {
            let shown = text.escape_debug();
            format!("`{shown}` is not a header such as `X-Name: value`")
        })
}

/// Header fields that follow from the body or the connection.
const MADE_ANEW: [&str; 8] = [
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Upgrade",
    "Expect",
];

/// A header line that is sent: one that HTTP can carry and that is not made for each request.
pub fn sent_header(text: &str) -> Result<(String, String), String> {
    let (name, value) = header(text)?;
    if MADE_ANEW.iter().any(|made| name.eq_ignore_ascii_case(made)) {
        return Err(format!(
            "`{name}` is made for each connection and request: leave it out"
        ));
    }
    if value
        .bytes()
        .any(|byte| byte != b'\t' && byte.is_ascii_control())
    {
        let shown = text.escape_debug();
        return Err(format!(
            "`{shown}` has control characters, which no header can carry"
        ));
    }
    Ok((name, value))
}

/// A status, or a hundred of them, as `--expect-status` takes it.
pub fn status_pattern(text: &str) -> Result<StatusPattern, String> {
    let pattern = match text.strip_suffix("xx") {
        Some(class) => class.parse().ok().map(StatusPattern::Class),
        None => text.parse().ok().map(StatusPattern::Code),
    };
    let is_final = |pattern: &StatusPattern| match pattern {
        StatusPattern::Class(class) => (2..=5).contains(class),
        StatusPattern::Code(code) => (200..=599).contains(code),
        StatusPattern::NoAnswer => false,
    };
    pattern.filter(is_final).ok_or_else(|| {
        let shown = text.escape_debug();
        format!("`{shown}` is not a status such as `401` or `4xx`")
    })
}

/// The path and the value of `PATH=JSON`, as `--set` takes it.
pub fn assignment(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(path, value)| (path.into(), value.into()))
        .ok_or_else(|| format!("`{text}` is not of the form `data.total=12.5`"))
}

/// A share: `5%`, or `0.05`.
pub fn share(text: &str) -> Result<f64, String> {
    let (number, whole) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let share: Option<f64> = number.parse().ok().map(|number: f64| number / whole);
    let share = share.filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("`{}` is not a share such as `5%`", text.escape_debug()))
}

/// The event pattern and the target of `PATTERN=URL`, as `--route` takes it.
pub fn route(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(pattern, url)| !pattern.is_empty() && !url.is_empty())
        .map(|(pattern, url)| (pattern.into(), url.into()))
        .ok_or_else(|| format!("`{text}` is not of the form `payment.*=http://localhost:3000`"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes: u64, steps in 0..4_u32) {
            let bytes = bytes >> (10 * steps) << (10 * steps);
            prop_assert_eq!(size(&size_text(bytes)), Ok(bytes));
        }
    }

    #[test]
    fn sizes_are_written_as_people_type_them() {
        let sizes = [0, 1_000, 1_024, 25 << 20].map(size_text);
        assert_eq!(sizes, ["0", "1000", "1KiB", "25MiB"]);
    }

    #[test]
    fn spans_sizes_rates_and_moments_are_read() {
        assert_eq!(span("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(size("25MiB"), Ok(25 << 20));
        for text in ["-10m", "10m"] {
            assert_eq!(text.parse(), Ok(Moment::Ago(Duration::from_secs(600))));
        }
        assert_eq!(span("1h30m"), Ok(Duration::from_secs(5_400)));
        let day = "2026-01-18".parse::<Moment>();
        assert!(matches!(day, Ok(Moment::At(micros)) if micros % 900_000_000 == 0));
        assert_eq!("1768732200".parse(), Ok(Moment::At(1_768_732_200_000_000)));
        assert_eq!(
            "2026-01-18T10:30:00Z".parse(),
            Ok(Moment::At(1_768_732_200_000_000))
        );
        assert_eq!(rate("30/m"), Ok(0.5));
        assert_eq!(speed("10x"), Ok(10.0));
    }

    #[test]
    fn a_tolerance_is_a_span_or_none() {
        let seconds = 300;
        let strict = false;
        assert_eq!(tolerance("5m"), Ok(Freshness::Within { seconds, strict }));
        assert_eq!(tolerance("none"), Ok(Freshness::Ignored));
        assert!(tolerance("never").is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in ["", "MiB", "-1", "1TiB", "99999999999999999999"] {
            assert!(size(text).is_err(), "{text}");
        }
        for text in ["0/s", "-1/s", "x", "1/y", "inf"] {
            assert!(rate(text).is_err(), "{text}");
        }
        for text in ["", "soon", "-", "-soon", "9223372036854775807"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }

    #[test]
    fn statuses_are_expected_one_by_one_or_by_the_hundred() {
        assert_eq!(status_pattern("401"), Ok(StatusPattern::Code(401)));
        assert_eq!(status_pattern("4xx"), Ok(StatusPattern::Class(4)));
        for text in ["", "xx", "1xx", "6xx", "44xx", "99", "no-answer", "ok"] {
            assert!(status_pattern(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_header_cannot_smuggle_another() {
        assert_eq!(header("X-A:  b"), Ok(("X-A".into(), "b".into())));
        for text in [
            "X-A",
            ": b",
            "X A: b",
            "X-A: b\r\nX-C: d",
            "X-A: b\nc",
            "é: b",
        ] {
            assert!(header(text).is_err(), "{text:?}");
        }
    }
}
