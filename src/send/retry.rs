//! Sending once, or by a provider's schedule.

use std::time::Duration;

use tokio::time::Instant;

use super::{Message, Observer, SendError, SendEvent, SendOptions, tell};
use crate::delivery::{Attempt, Timestamp, Trigger, id};
use crate::dispatch::Dispatch;
use crate::provider::{NextAttempt, Payload};

/// The longest wait: ten years, which no schedule reaches and every clock can add.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Sends once, or until the provider would stop where its schedule is followed, and gives the last
/// attempts. Every attempt carries the same bytes and is signed at its own time, as a signature of the
/// first attempt would be stale by the second.
pub(super) async fn follow(
    options: &SendOptions<'_>,
    message: &Message<'_>,
    payload: &mut Payload,
    dispatch: &Dispatch,
    observer: &mut Observer<'_>,
) -> Result<Vec<Attempt>, SendError> {
    let rules = &message.provider.definition.delivery;
    let delivery_id = id::delivery();
    let clock = FastClock::start((options.clock)(), options.retry_speed.unwrap_or(1.0));
    let (mut number, mut trigger) = (1, Trigger::Send);
    loop {
        payload.signed_at = (options.clock)();
        let attempts = options
            .attempts(message, payload, &delivery_id, trigger, dispatch, observer)
            .await?;
        let status = attempts.last().and_then(Attempt::status);
        let now = clock.now();
        let after = |_| rules.next(number, status, clock.first_at(), now);
        let next = options.retry_speed.map(after);
        let Some(NextAttempt::At(at)) = next else {
            tell(observer, SendEvent::Ended { message, next })?;
            return Ok(attempts);
        };
        (number, trigger) = (number + 1, Trigger::Retry);
        let wait = clock.wait(now, at);
        let of = rules.retry.attempts();
        tell(observer, SendEvent::Waiting { number, of, wait })?;
        tokio::time::sleep(wait).await;
    }
}

/// The time as a provider has it whose clock runs faster than ours.
#[derive(Debug)]
struct FastClock {
    first_at: Timestamp,
    start: Instant,
    speed: f64,
}

impl FastClock {
    /// A clock that starts now, at `first_at`, and runs `speed` times as fast as ours.
    fn start(first_at: Timestamp, speed: f64) -> Self {
        Self {
            first_at,
            start: Instant::now(),
            speed,
        }
    }

    /// When the provider made the first attempt.
    const fn first_at(&self) -> Timestamp {
        self.first_at
    }

    /// The time by this clock.
    fn now(&self) -> Timestamp {
        let elapsed = self.start.elapsed().as_secs_f64() * self.speed;
        let elapsed = Duration::try_from_secs_f64(elapsed).unwrap_or(Duration::MAX);
        let micros = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(self.first_at.micros().saturating_add(micros))
    }

    /// How long it is from `now` to `at` on our clock; a speed of next to nothing makes it long,
    /// never a failure.
    fn wait(&self, now: Timestamp, at: Timestamp) -> Duration {
        let micros = at.micros().saturating_sub(now.micros());
        let ahead = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        let wait = Duration::try_from_secs_f64(ahead.as_secs_f64() / self.speed);
        wait.map_or(LONGEST, |wait| wait.min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Timestamp = Timestamp::from_seconds(1_000);

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_clock_makes_waits_short_and_does_not_drift() {
        let clock = FastClock::start(FIRST, 30.0);
        assert_eq!(
            clock.wait(clock.now(), FIRST.plus_seconds(300)),
            seconds(10)
        );
        tokio::time::advance(seconds(4)).await;
        assert_eq!(clock.now(), FIRST.plus_seconds(120));
        // From the first attempt: what was waited already counts.
        assert_eq!(clock.wait(clock.now(), FIRST.plus_seconds(300)), seconds(6));
        assert_eq!(clock.wait(clock.now(), FIRST), Duration::ZERO, "past");
    }

    #[tokio::test(start_paused = true)]
    async fn no_speed_makes_a_wait_fail() {
        for (speed, wait) in [(1e-300, LONGEST), (1e300, Duration::ZERO)] {
            let clock = FastClock::start(FIRST, speed);
            tokio::time::advance(seconds(1)).await;
            let now = clock.now();
            assert_eq!(clock.wait(now, now.plus_seconds(60)), wait, "{speed}");
        }
    }
}
