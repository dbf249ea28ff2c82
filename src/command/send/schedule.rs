//! `--retry`: the provider's schedule, by its own rules.

use std::time::Duration;

use super::deliver::{attempt, outcome_of, print};
use super::{Order, Run};
use crate::delivery::{Cause, id};
use crate::dispatch::Dispatch;
use crate::exit::{Outcome, Trouble};
use crate::provider::{Judgement, Letter, seal};
use crate::report::{self, Tally};

/// The longest wait: ten years, which no schedule reaches and every clock can add.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Sends until the provider would stop. Every attempt carries the same bytes and is signed at its
/// own time, as a signature of the first attempt would be stale by the second; a time that the user
/// fixed stays.
pub async fn follow(
    run: &Run<'_>,
    order: Order<'_>,
    mut letter: Letter,
    dispatch: &Dispatch,
    tally: &mut Tally,
) -> Result<Outcome, Trouble> {
    let definition = &order.provider.definition;
    let rules = &definition.delivery;
    let delivery_id = id::delivery();
    for number in 1.. {
        let cause = if number == 1 {
            Cause::Send
        } else {
            Cause::Retry
        };
        let request = seal(definition, order.key, &letter);
        let attempt = attempt(run, order, &delivery_id, &request, cause, dispatch).await;
        print(run, order, &letter, &attempt)?;
        tally.add(&attempt);
        let wait = match rules.judge(attempt.status()) {
            Judgement::Retried => rules.retry.wait_after(number),
            Judgement::Delivered | Judgement::Final => None,
        };
        let Some(wait) = wait else {
            say_end(run, order, rules.judge(attempt.status()));
            return Ok(outcome_of(&attempt));
        };
        let wait = compressed(wait, run.args.speed.map_or(1.0, |speed| speed.0));
        let next = u32::try_from(number + 1).unwrap_or(u32::MAX);
        let of = u32::try_from(rules.retry.attempts()).unwrap_or(u32::MAX);
        let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
        let at = run.world.now().plus_seconds(seconds);
        run.world
            .console
            .talk(&report::retry_line(next, of, wait, at));
        tokio::time::sleep(wait).await;
        letter.signed_at = run.moment();
    }
    Ok(Outcome::No)
}

/// A wait at a speed; a speed of next to nothing makes it long, never a failure.
fn compressed(wait: Duration, speed: f64) -> Duration {
    Duration::try_from_secs_f64(wait.as_secs_f64() / speed).map_or(LONGEST, |d| d.min(LONGEST))
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
