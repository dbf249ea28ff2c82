//! When each delivery of a load is to start, and when there are no more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// The latest start: ten years after the first, which no run reaches and every clock can add.
const LATEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How many deliveries, and how fast. With neither a count nor a duration, each message is sent once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadOptions {
    /// So many deliveries.
    pub count: Option<u64>,
    /// For so long.
    pub duration: Option<Duration>,
    /// Starts a second; `None` for as fast as the answers allow.
    pub rate: Option<f64>,
    /// How many deliveries are under way at once.
    pub concurrency: u16,
}

impl LoadOptions {
    /// How many deliveries of so many messages there will be, where that is known.
    pub fn planned(&self, messages: usize) -> Option<u64> {
        match (self.count, self.duration) {
            (_, Some(_)) => None,
            (Some(count), None) => Some(count),
            (None, None) => Some(u64::try_from(messages).unwrap_or(u64::MAX)),
        }
    }
}

/// The starts of a run. Each is taken by the worker that is free first.
pub struct Timetable {
    start: Instant,
    /// Starts a second; none for as fast as the answers allow.
    rate: Option<f64>,
    count: Option<u64>,
    duration: Option<Duration>,
    taken: AtomicU64,
    stopped: watch::Sender<bool>,
}

impl Timetable {
    /// From now, of so many messages.
    pub fn new(load: LoadOptions, messages: usize) -> Self {
        Self {
            start: Instant::now(),
            rate: load.rate,
            count: load.count.or_else(|| load.planned(messages)),
            duration: load.duration,
            taken: AtomicU64::new(0),
            stopped: watch::Sender::new(false),
        }
    }

    /// The time since the start of the run.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Lets no delivery start any more.
    pub fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// The number of the next delivery and its intended start, once that has come. With a rate,
    /// latency counts from there, so that a stalled endpoint is not flattered by the requests that
    /// it kept from being sent.
    pub async fn next(&self) -> Option<(u64, Instant)> {
        if *self.stopped.borrow() || self.duration.is_some_and(|all| self.elapsed() >= all) {
            return None;
        }
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        if self.count.is_some_and(|count| number >= count) {
            return None;
        }
        let Some(rate) = self.rate else {
            return Some((number, Instant::now()));
        };
        let offset = offset(number, rate);
        if self.duration.is_some_and(|all| offset >= all) {
            return None;
        }
        let intended = self.start + offset;
        let mut stopped = self.stopped.subscribe();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => None,
            () = tokio::time::sleep_until(intended.into()) => Some((number, intended)),
        }
    }

    /// After the end of the duration: how many deliveries were due by then and never started.
    pub fn unsent(&self) -> u64 {
        let (Some(rate), Some(duration)) = (self.rate, self.duration) else {
            return 0;
        };
        let due = due(duration, rate).min(self.count.unwrap_or(u64::MAX));
        due.saturating_sub(self.taken.load(Ordering::Relaxed))
    }
}

/// When delivery `number` starts. It is not a sum of intervals, so that no error builds up.
fn offset(number: u64, rate: f64) -> Duration {
    #[allow(clippy::cast_precision_loss)] // Exact up to 2^53 deliveries, which no run reaches.
    let seconds = number as f64 / rate;
    Duration::try_from_secs_f64(seconds).map_or(LATEST, |offset| offset.min(LATEST))
}

/// How many deliveries start within a duration.
fn due(duration: Duration, rate: f64) -> u64 {
    // A cast of a float keeps to the range of the integer, and the product is not negative.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let due = (duration.as_secs_f64() * rate).ceil() as u64;
    // 1.1 s at 100/s is 110.00000000000001.
    let has_late = due > 0 && offset(due - 1, rate) >= duration;
    due - u64::from(has_late)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(rate: f64, duration: Option<Duration>) -> LoadOptions {
        LoadOptions {
            count: None,
            duration,
            rate: Some(rate),
            concurrency: 1,
        }
    }

    #[test]
    fn starts_stay_exact_after_days() {
        // One more than a u32 holds, at a rate whose interval is no whole number of nanoseconds.
        let late = 1_u64 << 33;
        assert_eq!(offset(late, 3_000.0).as_secs(), late / 3_000);
        assert_eq!(offset(late + 3_000, 3_000.0).as_secs(), late / 3_000 + 1);
        assert_eq!(offset(700_000, 700_000.0), Duration::from_secs(1));
    }

    #[test]
    fn a_rate_of_next_to_nothing_is_no_failure() {
        assert_eq!(offset(0, 1e-300), Duration::ZERO);
        assert_eq!(offset(1, 1e-300), LATEST);
        assert_eq!(due(Duration::from_secs(1), 1e-300), 1);
        assert_eq!(due(Duration::MAX, 1e300), u64::MAX);
    }

    #[test]
    fn what_is_due_is_what_starts_before_the_end() {
        let due = |millis, rate| due(Duration::from_millis(millis), rate);
        assert_eq!(
            [due(1_100, 100.0), due(300, 100.0), due(1, 100.0)],
            [110, 30, 1]
        );
        assert_eq!([due(0, 100.0), due(1_001, 1.0)], [0, 2]);
    }

    #[tokio::test]
    async fn a_stop_wakes_those_who_wait_for_their_start() {
        let timetable = Timetable::new(load(1e-6, None), 5);
        assert!(timetable.next().await.is_some());
        let (waited, ()) = tokio::join!(timetable.next(), async { timetable.stop() });
        assert_eq!(waited, None);
        assert_eq!(timetable.next().await, None);
    }

    #[tokio::test]
    async fn what_is_due_after_the_end_does_not_start() {
        let timetable = Timetable::new(load(1e9, Some(Duration::from_nanos(1))), 1);
        assert_eq!(timetable.next().await, None);
        assert_eq!(timetable.unsent(), 1);
    }
}
