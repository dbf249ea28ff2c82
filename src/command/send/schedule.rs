//! `--retry`: the provider's schedule, by its own rules.

use std::time::{Duration, Instant};

use super::deliver::{attempt, outcome_of, print};
use super::{Order, Run};
use crate::delivery::{Trigger, id};
use crate::dispatch::Dispatch;
use crate::exit::{CliError, Outcome};
use crate::provider::{CountedFrom, Judgement, Payload, Retry};
use crate::report::{self, Tally};

/// The longest wait: ten years, which no schedule reaches and every clock can add.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Sends until the provider would stop. Every attempt carries the same bytes and is signed at its
/// own time, as a signature of the first attempt would be stale by the second; a time that the user
/// fixed stays.
pub async fn follow(
    run: &Run<'_>,
    order: Order<'_>,
    mut payload: Payload,
    dispatch: &Dispatch,
    tally: &mut Tally,
) -> Result<Outcome, CliError> {
    let definition = &order.provider.definition;
    let rules = &definition.delivery;
    let delivery_id = id::delivery();
    let start = Instant::now();
    let speed = run.args.speed.map_or(1.0, |speed| speed.0);
    for number in 1.. {
        let trigger = if number == 1 {
            Trigger::Send
        } else {
            Trigger::Retry
        };
        let request = payload.sign(definition, order.key);
        let attempt = attempt(run, order, &delivery_id, &request, trigger, dispatch).await;
        print(run, order, &payload, &attempt)?;
        tally.add(&attempt);
        let wait = match rules.judge(attempt.status()) {
            Judgement::Retried => wait_after(&rules.retry, number, start.elapsed(), speed),
            Judgement::Delivered | Judgement::Final => None,
        };
        let Some(wait) = wait else {
            say_end(run, order, rules.judge(attempt.status()));
            return Ok(outcome_of(&attempt));
        };
        say_next(run, number + 1, rules.retry.attempts(), wait);
        tokio::time::sleep(wait).await;
        payload.signed_at = run.moment();
    }
    Ok(Outcome::No)
}

/// How long to wait after attempt `number`; none after the last. Delays that count from the first
/// attempt do not grow by the time that the attempts took.
fn wait_after(retry: &Retry, number: usize, since_first: Duration, speed: f64) -> Option<Duration> {
    let wait = retry.wait_after(number)?;
    Some(match retry.counted_from {
        CountedFrom::Previous => compressed(wait, speed),
        CountedFrom::First => {
            let due = (1..=number).filter_map(|earlier| retry.wait_after(earlier));
            compressed(due.sum(), speed).saturating_sub(since_first)
        }
    })
}

/// A wait at a speed; a speed of next to nothing makes it long, never a failure.
fn compressed(wait: Duration, speed: f64) -> Duration {
    Duration::try_from_secs_f64(wait.as_secs_f64() / speed).map_or(LONGEST, |d| d.min(LONGEST))
}

fn say_next(run: &Run<'_>, next: usize, of: usize, wait: Duration) {
    let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
    let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
    let at = run.world.now().plus_seconds(seconds);
    // Whole units are cut off, and the milliseconds of an attempt would make 4 min 59 s of 5 min.
    let shown = match wait.as_secs() {
        0..10 => wait,
        _ => wait + Duration::from_millis(500),
    };
    let line = report::retry_line(number(next), number(of), shown, at);
    run.world.console.talk(&line);
}

fn say_end(run: &Run<'_>, order: Order<'_>, judgement: Judgement) {
    let title = &order.provider.definition.title;
    let text = match judgement {
        Judgement::Delivered => return,
        Judgement::Final => format!("{title} does not retry this answer: the delivery has failed"),
        Judgement::Retried => {
            format!("that was the last attempt: {title} marks the delivery as failed")
        }
    };
    run.world.console.note(&text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Catalogue;

    fn wait(provider: &str, number: usize, since_first: u64, speed: f64) -> Option<Duration> {
        let catalogue = Catalogue::builtin();
        let retry = &catalogue.get(provider).unwrap().definition.delivery.retry;
        wait_after(retry, number, Duration::from_secs(since_first), speed)
    }

    #[test]
    fn delays_from_the_first_attempt_do_not_drift() {
        let minutes = |count: u64| Some(Duration::from_secs(count * 60));
        // ibakepro: 5 and 30 minutes after the first, whose answer and the second's took a minute.
        assert_eq!(wait("ibakepro", 1, 60, 1.0), minutes(4));
        assert_eq!(wait("ibakepro", 2, 6 * 60, 1.0), minutes(24));
        assert_eq!(wait("ibakepro", 2, 31 * 60, 1.0), minutes(0));
        assert_eq!(wait("ibakepro", 2, 30, 30.0), Some(Duration::from_secs(30)));
        assert_eq!(wait("ibakepro", 5, 0, 1.0), None);
        // olympus: each after the attempt before.
        assert_eq!(wait("olympus", 2, 6 * 60, 1.0), minutes(5));
        assert_eq!(wait("olympus", 6, 1_000_000, 24.0), minutes(60));
    }

    #[test]
    fn no_speed_makes_a_wait_fail() {
        assert_eq!(wait("olympus", 1, 0, 1e-300), Some(LONGEST));
        assert_eq!(wait("olympus", 1, 0, 1e300), Some(Duration::ZERO));
    }
}
