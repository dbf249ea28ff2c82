//! Sending once, or by a provider's schedule.

use super::{Message, Observer, SendError, SendEvent, SendOptions, tell};
use crate::delivery::{Attempt, Trigger, id};
use crate::dispatch::Dispatch;
use crate::provider::{FastClock, NextAttempt, Payload};

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
