//! The end of a load run: rates, statuses, latencies.

use std::ops::Deref;
use std::time::Duration;

use colored::Colorize as _;
use hdrhistogram::Histogram;
use serde::{Serialize, Serializer};

use super::payload::Detail;
use super::style::join_lines;
use super::tally::{Tally, summary, summary_interrupted};
use super::units::rate;

/// The percentiles shown.
const PERCENTILES: [(&str, f64); 5] = [
    ("p50", 50.0),
    ("p75", 75.0),
    ("p90", 90.0),
    ("p99", 99.0),
    ("p99.9", 99.9),
];

/// Steps of equal width from the fastest to the 99th percentile; one row more takes the tail, which
/// would otherwise squeeze all others into the first.
const STEPS: u64 = 10;

/// The least number of requests that have a shape worth drawing.
const LEAST_SAMPLES: u64 = 20;

/// The columns of the longest bar.
const BAR_COLUMNS: u64 = 40;

/// What a load run measured. Serialised, it is the `summary` of a load, whose fields are a contract.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Load<'a> {
    /// What came of the requests.
    #[serde(flatten)]
    pub tally: &'a Tally,
    /// From the first request to the last answer.
    #[serde(rename = "elapsed_ms", serialize_with = "as_millis")]
    pub elapsed: Duration,
    /// Latencies in microseconds, from the intended start.
    #[serde(rename = "latency_us", serialize_with = "as_percentiles")]
    pub latency: &'a Histogram<u64>,
    /// Whether a signal cut it short.
    #[serde(skip)]
    pub is_interrupted: bool,
    /// How many requests there should have been, where that is known.
    #[serde(skip)]
    pub planned: Option<u64>,
    /// One of the answers as a text, where they are all alike bad.
    #[serde(skip)]
    pub sample: Option<&'a str>,
    /// How much is said.
    #[serde(skip)]
    pub detail: Detail,
}

fn as_millis<S: Serializer>(length: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(length.as_secs_f64() * 1_000.0)
}

fn as_percentiles<S: Serializer>(
    latency: &impl Deref<Target = Histogram<u64>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let all = PERCENTILES.map(|(name, p)| (name, latency.value_at_percentile(p)));
    to.collect_map(all.into_iter().chain([("max", latency.max())]))
}

/// The summary of a run, its rate, latency percentiles and, of more than a few, a histogram.
pub fn load(load: &Load<'_>) -> String {
    let summary = if load.is_interrupted {
        summary_interrupted(load.tally, load.planned, load.elapsed)
    } else {
        summary(load.tally, Some(load.elapsed))
    };
    let rate = rate(load.tally.sent, load.elapsed).map(|rate| field("rate", &rate));
    let headline = join_lines([summary, rate.unwrap_or_default()]);
    if load.detail == Detail::Little {
        return headline;
    }
    let mut parts = vec![headline];
    if !load.latency.is_empty() {
        parts.push(percentiles(load.latency));
    }
    if load.latency.len() >= LEAST_SAMPLES {
        parts.push(histogram(load.latency));
    }
    if let Some(sample) = load.sample {
        parts.push(format!("{}\n{sample}", "one of them:".bold()));
    }
    parts.join("\n\n")
}

fn percentiles(latency: &Histogram<u64>) -> String {
    let shown = PERCENTILES.map(|(name, p)| field(name, &micros(latency.value_at_percentile(p))));
    join_lines(
        shown
            .into_iter()
            .chain([field("max", &micros(latency.max()))]),
    )
}

fn histogram(latency: &Histogram<u64>) -> String {
    let buckets = buckets(latency);
    let most = buckets.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let columns = most.to_string().len();
    let line = |(bound, count): &(u64, u64)| {
        let numbers = format!("  ≤ {:>8}  {count:>columns$}", micros(*bound));
        match count {
            0 => numbers,
            _ => format!("{numbers}  {}", bar(*count, most).cyan()),
        }
    };
    join_lines(buckets.iter().map(line))
}

/// Upper bounds in microseconds with the number of requests up to each.
fn buckets(latency: &Histogram<u64>) -> Vec<(u64, u64)> {
    let (low, high) = (latency.min(), latency.value_at_percentile(99.0));
    let bound = |step| low.saturating_add(high.saturating_sub(low).saturating_mul(step) / STEPS);
    let mut bounds: Vec<u64> = (1..=STEPS).map(bound).chain([latency.max()]).collect();
    bounds.dedup();
    let mut buckets: Vec<(u64, u64)> = bounds.into_iter().map(|bound| (bound, 0)).collect();
    for step in latency.iter_recorded() {
        let value = step.value_iterated_to();
        // A recorded value stands for a small range and may lie just above the last bound.
        let place = buckets.partition_point(|(bound, _)| *bound < value);
        let place = place.min(buckets.len().saturating_sub(1));
        if let Some((_, count)) = buckets.get_mut(place) {
            *count += step.count_at_value();
        }
    }
    buckets
}

/// A bar in eighths of a column; whatever is not nothing shows.
fn bar(count: u64, most: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = u128::from(count) * u128::from(BAR_COLUMNS * 8) / u128::from(most.max(1));
    let eighths = usize::try_from(eighths)
        .unwrap_or(0)
        .max(usize::from(count > 0));
    let part = EIGHTHS.get(eighths % 8).copied().unwrap_or_default();
    format!("{}{part}", "█".repeat(eighths / 8))
}

/// A latency to three digits, so that neighbouring steps can be told apart.
fn micros(micros: u64) -> String {
    let ms = Duration::from_micros(micros).as_secs_f64() * 1000.0;
    match micros {
        0..10_000 => format!("{ms:.2} ms"),
        10_000..100_000 => format!("{ms:.1} ms"),
        100_000..1_000_000 => format!("{ms:.0} ms"),
        1_000_000.. => format!("{:.2} s", ms / 1000.0),
    }
}

fn field(name: &str, text: &str) -> String {
    format!("  {name:<6}  {text:>8}")
}

#[cfg(test)]
mod tests {
    use super::super::testing::plain;
    use super::*;

    #[test]
    fn a_run_is_told_in_rate_percentiles_and_bars() {
        let mut latency = Histogram::new(3).unwrap();
        let mut tally = Tally::default();
        for i in 0..1000_u64 {
            latency.record(1000 + (i % 4) * 100).unwrap();
            tally.add_status(200);
        }
        latency.record(50_000).unwrap();
        tally.add_status(500);
        let run = Load {
            latency: &latency,
            tally: &tally,
            elapsed: Duration::from_secs(2),
            is_interrupted: false,
            planned: None,
            sample: None,
            detail: Detail::Usual,
        };
        let full = "█".repeat(40);
        let expected = format!(
            "\
sent 1001 requests in 2 s: 1000 answered 2xx, 1 answered otherwise
  200 ×1000, 500 ×1
  rate       500/s

  p50      1.20 ms
  p75      1.30 ms
  p90      1.30 ms
  p99      1.30 ms
  p99.9    1.30 ms
  max      50.0 ms

  ≤  1.03 ms  250  {full}
  ≤  1.06 ms    0
  ≤  1.09 ms    0
  ≤  1.12 ms  250  {full}
  ≤  1.15 ms    0
  ≤  1.18 ms    0
  ≤  1.21 ms  250  {full}
  ≤  1.24 ms    0
  ≤  1.27 ms    0
  ≤  1.30 ms  250  {full}
  ≤  50.0 ms    1  ▏"
        );
        assert_eq!(plain(&load(&run)), expected);
    }

    #[test]
    fn few_requests_have_percentiles_and_no_histogram() {
        let mut latency = Histogram::new(3).unwrap();
        let mut tally = Tally::default();
        for count in 1..=LEAST_SAMPLES {
            latency.record(1000).unwrap();
            tally.add_status(404);
            let run = Load {
                latency: &latency,
                tally: &tally,
                elapsed: Duration::from_secs(4),
                is_interrupted: true,
                planned: Some(10_000),
                sample: Some("404 not here"),
                detail: Detail::Usual,
            };
            let text = plain(&load(&run));
            let first = format!("sent {count} of 10000 requests in 4 s, then interrupted: 0 ");
            assert!(text.starts_with(&first), "{text}");
            assert!(text.contains("p99.9"), "{text}");
            assert_eq!(text.contains('█'), count == LEAST_SAMPLES, "{text}");
            assert!(text.ends_with("\n\none of them:\n404 not here"), "{text}");
        }
    }

    #[test]
    fn a_run_without_answers_has_no_latencies() {
        let latency = Histogram::new(3).unwrap();
        let run = Load {
            latency: &latency,
            tally: &Tally::default(),
            elapsed: Duration::ZERO,
            is_interrupted: false,
            planned: None,
            sample: None,
            detail: Detail::Usual,
        };
        assert_eq!(
            plain(&load(&run)),
            "sent 0 requests in 0 ms: 0 answered 2xx"
        );
    }

    #[test]
    fn every_request_is_in_one_bucket() {
        let mut latency = Histogram::new(2).unwrap();
        for value in [0, 1, 7, 300, 301, 99_999, 1_000_000, 1_000_000] {
            latency.record(value).unwrap();
        }
        let total: u64 = buckets(&latency).iter().map(|(_, count)| count).sum();
        assert_eq!(total, latency.len());
    }
}
