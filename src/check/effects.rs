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
/// The pause between two counts.
const PAUSE: Duration = Duration::from_millis(50);

/// The effects since `before`, once they have settled.
pub(super) async fn since(counter: &dyn Counter, before: f64) -> Result<f64, String> {
    let start = tokio::time::Instant::now();
    loop {
        let now = counter.count().await?;
        if is_more(now, before) {
            tokio::time::sleep(SETTLED_AFTER).await;
            return Ok(counter.count().await? - before);
        }
        if start.elapsed() >= SHOWN_WITHIN {
            return Ok(now - before);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_more(now: f64, before: f64) -> bool {
    now - before > 0.5
}
