//! Following a provider's schedule.

use super::{Message, Observer, SendError, SendEvent, SendOptions, tell};
use crate::delivery::{Attempt, Trigger, id};
use crate::dispatch::Dispatch;
use crate::provider::{FastClock, NextAttempt, Payload};

/// Sends until the provider would stop, and gives the last attempts. Every attempt carries the same
/// bytes and is signed at its own time, as a signature of the first attempt would be stale by the
/// second.
pub(super) async fn follow(
    options: &SendOptions<'_>,
    message: &Message<'_>,
    payload: &mut Payload,
    speed: f64,
    dispatch: &Dispatch,
    observer: &mut Observer<'_>,
) -> Result<Vec<Attempt>, SendError> {
    let rules = &message.provider.definition.delivery;
    let delivery_id = id::delivery();
    let clock = FastClock::start((options.clock)(), speed);
    let (mut number, mut trigger) = (1, Trigger::Send);
    loop {
        payload.signed_at = (options.clock)();
        let attempts = options
            .attempts(message, payload, &delivery_id, trigger, dispatch, observer)
            .await?;
        let status = attempts.last().and_then(Attempt::status);
        let now = clock.now();
        let next = rules.next(number, status, clock.first_at(), now);
        let NextAttempt::At(at) = next else {
            let next = Some(next);
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
