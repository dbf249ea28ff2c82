//! How a check's deliveries go out, and what the log keeps of them.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use super::case::{Exchange, TestCase, TestDelivery};
use super::runner::Runner;
use crate::delivery::{Attempt, Delivery, DeliverySource, Timestamp};
use crate::dispatch::SendMode;

/// The longest that one request waits in all as `Retry-After` says: the window of most
/// limiters. Who refuses it after that refuses it for another reason.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often one request is sent again after such waits.
const WAITS: usize = 3;

impl Runner<'_> {
    /// Sends what a check sends; what came back, in the order of sending. What a limiter puts off is
    /// sent again when it says, unless it is a load, or it was in vain before. Fails with the reason why
    /// it cannot be sent.
    pub(super) async fn send(&self, case: &TestCase, id: &str) -> Result<Vec<Exchange>, String> {
        let is_patient = !case.is_load() && self.handler.limited.is_none();
        let waits = if is_patient { WAITS } else { 0 };
        let mut deliveries = Vec::new();
        for delivery in &case.deliveries {
            let logged = self.logged(delivery, id);
            deliveries.push((logged.id.clone(), delivery));
            self.endpoint.keep(logged).await;
        }
        let half = deliveries.first().filter(|_| case.after_half);
        if let Some((delivery_id, delivery)) = half {
            let half = self
                .endpoint
                .send(delivery_id, &delivery.request, SendMode::Half);
            if half.await.is_none() {
                return Err("half a request is not sent over TLS".into());
            }
        }
        let repeated = deliveries
            .iter()
            .flat_map(|one| std::iter::repeat_n(one, case.times));
        let exchanges =
            repeated.map(|(id, delivery)| self.exchange(id, delivery, case.mode, waits));
        if case.at_once {
            return Ok(join_all(exchanges).await.into_iter().flatten().collect());
        }
        let mut done = Vec::new();
        for exchange in exchanges {
            done.extend(exchange.await);
        }
        Ok(done)
    }

    async fn exchange(
        &self,
        delivery_id: &str,
        delivery: &TestDelivery,
        mode: SendMode,
        mut waits: usize,
    ) -> Option<Exchange> {
        let mut left = LONGEST_WAIT;
        loop {
            let sent = self.endpoint.send(delivery_id, &delivery.request, mode);
            let attempt = sent.await?;
            let pause = retry_after(&attempt, self.context.now());
            let Some(pause) = pause.filter(|pause| waits > 0 && *pause <= left) else {
                return Some(Exchange {
                    delivery_id: delivery_id.to_owned(),
                    delivery: delivery.clone(),
                    attempt,
                });
            };
            waits -= 1;
            left -= pause;
            (self.on_wait)(pause);
            sleep(pause).await;
        }
    }

    /// What the log keeps of a delivery that a check sends.
    fn logged(&self, delivery: &TestDelivery, check: &str) -> Delivery {
        Delivery::composed(
            DeliverySource::Test,
            self.context.now(),
            [
                self.context.provider().name(),
                &delivery.event,
                &delivery.event_id,
            ],
            format!("sent by `webhook test` for `{check}`"),
            delivery.request.clone(),
        )
    }
}

/// How long a limiter's answer asks to wait, where it does and that is not too long.
fn retry_after(attempt: &Attempt, now: Timestamp) -> Option<Duration> {
    let answer = attempt.outcome.as_ref().ok()?;
    let wait = answer.retry_after(now)?;
    let is_meant = matches!(answer.status, 429 | 503) && wait <= LONGEST_WAIT;
    is_meant.then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Answer, Headers, Trigger};

    /// What an answer at 2026-01-18T10:30:00Z asks for, in seconds.
    fn asked(status: u16, value: &str) -> Option<u64> {
        let now = Timestamp::parse("2026-01-18T10:30:00Z").unwrap();
        let mut headers = Headers::new();
        headers.push("Retry-After", value.to_owned());
        let attempt = Attempt {
            id: String::new(),
            delivery_id: String::new(),
            trigger: Trigger::Test,
            url: String::new(),
            started_at: now,
            duration_ms: 0.0,
            signing: None,
            outcome: Ok(Answer {
                status,
                headers,
                body: bytes::Bytes::new(),
            }),
        };
        retry_after(&attempt, now).map(|pause| pause.as_secs())
    }

    #[test]
    fn a_limiter_is_asked_again_when_it_says() {
        for (status, value, seconds) in [
            (429, "0", Some(0)),
            (429, " 7 ", Some(7)),
            (503, "60", Some(60)),
            (429, "Sun, 18 Jan 2026 10:30:09 GMT", Some(9)),
            (429, "Sun, 18 Jan 2026 10:29:09 GMT", Some(0)),
            (429, "61", None),
            (429, "-1", None),
            (429, "99999999999999999999", None),
            (429, "Sun, 18 Jan 2026 11:30:09 GMT", None),
            (429, "soon", None),
            (429, "", None),
            (200, "1", None),
            (401, "1", None),
        ] {
            assert_eq!(asked(status, value), seconds, "{status} {value}");
        }
    }
}
