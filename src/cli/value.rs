//! Values as people type them: spans, sizes, moments, rates, factors, headers.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A span of time: `300ms`, `30s`, `5m`, `2h`, `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a span such as `300ms`, `30s`, `5m`, `2h` or `1d`");
        let digits = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: f64 = number.parse().map_err(|_| wrong())?;
        // The unit is applied to whole nanoseconds, as a product of fractions would not be exact.
        let seconds = Duration::try_from_secs_f64(number).map_err(|_| wrong())?;
        let span = match unit {
            "ms" => Some(seconds / 1_000),
            "s" => Some(seconds),
            "m" => seconds.checked_mul(60),
            "h" => seconds.checked_mul(3_600),
            "d" => seconds.checked_mul(86_400),
            // `--timeout 0` means none, and needs no unit.
            "" if number == 0.0 => Some(seconds),
            _ => None,
        };
        span.map(Self).ok_or_else(wrong)
    }
}

/// As it is typed, in the largest unit that leaves no rest; below a millisecond it is cut.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let units = [
            ("d", 86_400_000),
            ("h", 3_600_000),
            ("m", 60_000),
            ("s", 1_000),
        ];
        match units.iter().find(|(_, unit)| millis.is_multiple_of(*unit)) {
            _ if millis == 0 => f.write_str("0"),
            Some((name, unit)) => write!(f, "{}{name}", millis / unit),
            None => write!(f, "{millis}ms"),
        }
    }
}

/// A tolerance: a span, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tolerance {
    /// No more than this.
    Span(Duration),
    /// The time is not judged.
    None,
}

impl FromStr for Tolerance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        text.parse().map(|Span(span)| Self::Span(span))
    }
}

/// A size in bytes: `4096`, `512KiB`, `25MiB`, `1GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a size such as `4096`, `512KiB` or `25MiB`");
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            _ => return Err(wrong()),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number.checked_mul(factor).map(Self).ok_or_else(wrong)
    }
}

/// As it is typed, in the largest binary unit that leaves no rest.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match units.iter().find(|(_, unit)| self.0.is_multiple_of(*unit)) {
            Some((name, unit)) if self.0 > 0 => write!(f, "{}{name}", self.0 / unit),
            _ => write!(f, "{}", self.0),
        }
    }
}

/// A moment: RFC 3339, unix seconds, or `-10m` for ten minutes ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Microseconds since the unix epoch.
    At(i64),
    /// So long before now.
    Ago(Duration),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not a time such as `2026-01-18T10:30:00Z`, `1768732200` or `-10m`")
        };
        if let Some(span) = text.strip_prefix('-') {
            return span
                .parse()
                .map(|Span(span)| Self::Ago(span))
                .map_err(|_| wrong());
        }
        if let Ok(seconds) = text.parse::<i64>() {
            return seconds
                .checked_mul(1_000_000)
                .map(Self::At)
                .ok_or_else(wrong);
        }
        let moment: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
        Ok(Self::At(moment.as_microsecond()))
    }
}

/// A rate: `200/s`, `30/m`, or `200` for so many a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Requests a second.
    pub per_second: f64,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a rate such as `200/s` or `30/m`");
        let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let seconds = match unit {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return Err(wrong()),
        };
        let per_second = number / seconds;
        (per_second.is_finite() && per_second > 0.0)
            .then_some(Self { per_second })
            .ok_or_else(wrong)
    }
}

/// A factor: `10x`, `0.5x`, `10`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(pub f64);

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number: Option<f64> = text.strip_suffix('x').unwrap_or(text).parse().ok();
        number
            .filter(|factor| factor.is_finite() && *factor > 0.0)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a speed such as `10x`"))
    }
}

/// A header line: `Name: value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The field's name, a token of RFC 9110.
    pub name: String,
    /// Its value, without the space around it.
    pub value: String,
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not a header such as `X-Name: value`",
                text.escape_debug()
            )
        };
        let (name, value) = text.split_once(':').ok_or_else(wrong)?;
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let value = value.trim_matches([' ', '\t']);
        // A line end here would let a value add headers of its own.
        if name.is_empty() || !name.chars().all(token) || value.contains(['\r', '\n', '\0']) {
            return Err(wrong());
        }
        Ok(Self {
            name: name.into(),
            value: value.into(),
        })
    }
}

/// The status of a final answer, as `--respond` takes it.
pub fn status(text: &str) -> Result<u16, String> {
    let status = text.parse().ok();
    status
        .filter(|status| (200..=599).contains(status))
        .ok_or_else(|| format!("`{}` is no status such as 500", text.escape_debug()))
}

/// `PATH=JSON`, as `--set` takes it; what is not JSON is a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The path before the first `=`.
    pub path: String,
    /// The text after it.
    pub value: String,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, value) = text
            .split_once('=')
            .ok_or_else(|| format!("`{text}` is not of the form `data.total=12.5`"))?;
        Ok(Self {
            path: path.into(),
            value: value.into(),
        })
    }
}

/// `PATTERN=URL`, as `--route` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteArg {
    /// The event pattern.
    pub pattern: String,
    /// The target.
    pub url: String,
}

impl FromStr for RouteArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (pattern, url) = text
            .split_once('=')
            .filter(|(pattern, url)| !pattern.is_empty() && !url.is_empty())
            .ok_or_else(|| {
                format!("`{text}` is not of the form `payment.*=http://localhost:3000`")
            })?;
        Ok(Self {
            pattern: pattern.into(),
            url: url.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(millis in 0..1_000_000_000_u64, steps in 0..4_u32, size: u64) {
            for unit in [1, 1_000, 60_000, 3_600_000, 86_400_000] {
                let span = Span(Duration::from_millis(millis / unit * unit));
                prop_assert_eq!(span.to_string().parse(), Ok(span));
            }
            let size = Size(size >> (10 * steps) << (10 * steps));
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }
    }

    #[test]
    fn spans_and_sizes_are_written_as_people_type_them() {
        let spans = [0, 300, 1_500, 30_000, 90_000, 7_200_000, 86_400_000];
        let spans = spans.map(|millis| Span(Duration::from_millis(millis)).to_string());
        assert_eq!(spans, ["0", "300ms", "1500ms", "30s", "90s", "2h", "1d"]);
        let sizes = [0, 1_000, 1_024, 25 << 20].map(|bytes| Size(bytes).to_string());
        assert_eq!(sizes, ["0", "1000", "1KiB", "25MiB"]);
    }

    #[test]
    fn spans_sizes_rates_and_moments_are_read() {
        assert_eq!("300ms".parse(), Ok(Span(Duration::from_millis(300))));
        assert_eq!("1.5h".parse(), Ok(Span(Duration::from_secs(5_400))));
        assert_eq!("0".parse(), Ok(Span(Duration::ZERO)));
        assert_eq!("25MiB".parse(), Ok(Size(25 << 20)));
        assert_eq!("-10m".parse(), Ok(Moment::Ago(Duration::from_secs(600))));
        assert_eq!("1768732200".parse(), Ok(Moment::At(1_768_732_200_000_000)));
        assert_eq!("30/m".parse(), Ok(Rate { per_second: 0.5 }));
        assert_eq!("10x".parse(), Ok(Speed(10.0)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in ["", "5", "m", "-5m", "5 m", "1e400s", "5mm"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        for text in ["", "MiB", "-1", "1TiB", "99999999999999999999"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        for text in ["0/s", "-1/s", "x", "1/y", "inf"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_status_is_that_of_a_final_answer() {
        assert_eq!(["200", "599"].map(status), [Ok(200), Ok(599)]);
        for text in ["", "foo", "99", "199", "600", "70000", "-200", "2e2"] {
            let wrong = format!("`{text}` is no status such as 500");
            assert_eq!(status(text), Err(wrong));
        }
    }

    #[test]
    fn a_header_cannot_smuggle_another() {
        assert!("X-A: b".parse::<Header>().is_ok());
        for text in [
            "X-A",
            ": b",
            "X A: b",
            "X-A: b\r\nX-C: d",
            "X-A: b\nc",
            "é: b",
        ] {
            assert!(text.parse::<Header>().is_err(), "{text:?}");
        }
    }
}
