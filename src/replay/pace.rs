//! When the deliveries of a run start.

use std::time::Duration;

use tokio::time::Instant;

use crate::delivery::Timestamp;

/// So far ahead that no run lasts until then: 30 years. What lies farther is not told apart, as a
/// clock cannot be moved without bounds.
const NEVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// How starts follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pacing {
    /// As soon as there is a place.
    Fast,
    /// No sooner than so long after each other.
    Every(Duration),
    /// As they were received, so many times faster.
    Original(f64),
}

impl Pacing {
    /// So many starts a second.
    pub fn per_second(rate: f64) -> Self {
        Self::Every(seconds(1.0 / rate))
    }
}

/// Tells each delivery when to start.
pub(super) struct Pacer {
    pacing: Pacing,
    /// When the first one started, and when it had been received.
    first: Option<(Instant, Timestamp)>,
    last: Option<Instant>,
}

impl Pacer {
    /// A pacer that starts with its first delivery.
    pub(super) const fn new(pacing: Pacing) -> Self {
        Self {
            pacing,
            first: None,
            last: None,
        }
    }

    /// When the next delivery starts, which was received at `received_at` and has its turn `now`.
    ///
    /// Under a rate, time that an endpoint has lost is not made up for by a burst; at the original
    /// pace it is, as the pauses are those from the first delivery.
    pub(super) fn next(&mut self, received_at: Timestamp, now: Instant) -> Instant {
        let (start, first) = *self.first.get_or_insert((now, received_at));
        let next = match (self.pacing, self.last) {
            (Pacing::Fast, _) | (Pacing::Every(_), None) => now,
            (Pacing::Every(interval), Some(last)) => later(last, interval).max(now),
            (Pacing::Original(speed), _) => later(start, pause(first, received_at, speed)),
        };
        self.last = Some(next);
        next
    }
}

/// The time between two receipts at so many times the speed; none where the second came first.
fn pause(first: Timestamp, second: Timestamp, speed: f64) -> Duration {
    let micros = second.micros().saturating_sub(first.micros());
    let pause = Duration::from_micros(u64::try_from(micros).unwrap_or_default());
    seconds(pause.as_secs_f64() / speed)
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(NEVER, |span| span.min(NEVER))
}

fn later(start: Instant, span: Duration) -> Instant {
    start.checked_add(span).unwrap_or(start + NEVER)
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep_until};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The seconds after the start at which deliveries start that were received at these seconds,
    /// each of which takes `work`.
    async fn starts(pacing: Pacing, received: &[i64], work: Duration) -> Vec<f64> {
        let mut pacer = Pacer::new(pacing);
        let start = Instant::now();
        let mut starts = Vec::new();
        for &second in received {
            let received_at = Timestamp::from_seconds(second);
            sleep_until(pacer.next(received_at, Instant::now())).await;
            starts.push(start.elapsed().as_secs_f64());
            advance(work).await;
        }
        starts
    }

    /// Equal but for the millisecond to which the runtime's timer is exact.
    #[track_caller]
    fn assert_about(found: &[f64], wanted: &[f64]) {
        assert_eq!(found.len(), wanted.len());
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 0.01;
        assert!(found.iter().zip(wanted).all(near), "{found:?} {wanted:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_original_pauses_are_kept_and_compressed() {
        let received = [1_000, 1_010, 1_030];
        let found = starts(Pacing::Original(1.0), &received, Duration::ZERO).await;
        assert_about(&found, &[0.0, 10.0, 30.0]);
        let found = starts(Pacing::Original(10.0), &received, Duration::ZERO).await;
        assert_about(&found, &[0.0, 1.0, 3.0]);
        let found = starts(Pacing::Original(0.5), &received, Duration::ZERO).await;
        assert_about(&found, &[0.0, 20.0, 60.0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_endpoint_does_not_stretch_the_original_pauses() {
        let found = starts(Pacing::Original(1.0), &[0, 10, 11, 40], 15 * SECOND).await;
        assert_about(&found, &[0.0, 15.0, 30.0, 45.0]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_received_earlier_than_the_first_starts_at_once() {
        let found = starts(Pacing::Original(1.0), &[100, 50, 103], Duration::ZERO).await;
        assert_about(&found, &[0.0, 0.0, 3.0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_kept_and_never_exceeded_after_a_delay() {
        let every = Pacing::Every(SECOND);
        let found = starts(every, &[0; 4], SECOND / 5).await;
        assert_about(&found, &[0.0, 1.0, 2.0, 3.0]);

        let mut pacer = Pacer::new(every);
        let now = Instant::now();
        let at = Timestamp::from_seconds(0);
        assert_eq!(pacer.next(at, now), now);
        let late = now + 10 * SECOND;
        assert_eq!(pacer.next(at, late), late);
        assert_eq!(pacer.next(at, late), late + SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_pace_everything_starts_when_it_can() {
        let found = starts(Pacing::Fast, &[0, 1_000, 2_000], SECOND).await;
        assert_about(&found, &[0.0, 1.0, 2.0]);
    }

    #[test]
    fn no_factor_and_no_span_is_too_large() {
        let now = Instant::now();
        for pacing in [Pacing::Original(f64::MIN_POSITIVE), Pacing::Every(NEVER)] {
            let mut pacer = Pacer::new(pacing);
            pacer.next(Timestamp::from_micros(i64::MIN), now);
            let next = pacer.next(Timestamp::from_micros(i64::MAX), now);
            assert!(next >= now + NEVER / 2);
        }
        assert_eq!(seconds(f64::INFINITY), NEVER);
        assert_eq!(seconds(f64::NAN), NEVER);
    }
}
