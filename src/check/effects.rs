//! What a receiver does inside, as far as it tells.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

/// Counts the effects that deliveries have had so far, such as the rows of a table.
pub trait Counter {
    /// The count now, or one line of why there is none.
    fn count(&self) -> LocalBoxFuture<'_, Result<f64, String>>;
}

/// How long an effect may take to show: a receiver answers first and works then.
const SHOWN_WITHIN: Duration = Duration::from_secs(3);
/// How long a second effect may take to show after the first.
const SETTLED_AFTER: Duration = Duration::from_millis(300);
/// A count is a whole number; this leaves room for what a float does to it.
const HALF: f64 = 0.5;
/// The pause between two counts.
const PAUSE: Duration = Duration::from_millis(50);

/// The effects of one probe.
pub(super) struct Count<'a> {
    counter: &'a dyn Counter,
    before: Result<f64, String>,
}

impl<'a> Count<'a> {
    /// Counts what there was before.
    pub async fn start(counter: &'a dyn Counter) -> Self {
        Self {
            counter,
            before: counter.count().await,
        }
    }

    /// What is wrong, where the probe had another number of effects than one.
    pub async fn end(self) -> Option<String> {
        match self.settled().await {
            Ok(effects) => judge_effects(effects),
            Err(error) => Some(format!("its effects cannot be counted: {error}")),
        }
    }

    /// The effects since the start, once they have settled.
    async fn settled(self) -> Result<f64, String> {
        let before = self.before?;
        let start = tokio::time::Instant::now();
        loop {
            let now = self.counter.count().await?;
            if now - before > HALF {
                tokio::time::sleep(SETTLED_AFTER).await;
                return Ok(self.counter.count().await? - before);
            }
            if start.elapsed() >= SHOWN_WITHIN {
                return Ok(now - before);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What is wrong with the effects of deliveries that should have had one.
fn judge_effects(effects: f64) -> Option<String> {
    match effects {
        _ if (effects - 1.0).abs() < HALF => None,
        _ if effects.abs() < HALF => Some("acknowledged it, and counted nothing".into()),
        _ => Some(format!("counted one delivery {effects} times")),
    }
}
