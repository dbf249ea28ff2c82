//! How a check's deliveries go out, and what the log keeps of them.

use futures_util::future::join_all;

use super::case::{TestCase, TestDelivery};
use super::presence::Skipped;
use super::report::Exchange;
use super::runner::Runner;
use crate::delivery::{Delivery, DeliverySource, Status, Verdict, id};
use crate::dispatch::SendMode;

impl Runner<'_> {
    /// Sends what a check sends; what came back, in the order of sending.
    pub(super) async fn send(&self, case: &TestCase, id: &str) -> Result<Vec<Exchange>, Skipped> {
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
                return Err(Skipped("half a request is not sent over TLS".into()));
            }
        }
        let repeated = deliveries
            .iter()
            .flat_map(|one| std::iter::repeat_n(one, case.times));
        let exchanges = repeated.map(|(id, delivery)| self.exchange(id, delivery, case.mode));
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
    ) -> Option<Exchange> {
        let attempt = self.endpoint.send(delivery_id, &delivery.request, mode);
        Some(Exchange {
            delivery_id: delivery_id.to_owned(),
            delivery: delivery.clone(),
            attempt: attempt.await?,
        })
    }

    /// What the log keeps of a delivery that a check sends.
    fn logged(&self, delivery: &TestDelivery, check: &str) -> Delivery {
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Delivery {
            id: id::delivery(),
            received_at: self.context.now(),
            source: DeliverySource::Test,
            remote: None,
            provider: known(self.context.provider().name()),
            event: known(&delivery.event),
            event_id: known(&delivery.event_id),
            duplicate_of: None,
            verdict: Verdict::new(Status::Unverified)
                .because(format!("sent by `webhook test` for `{check}`")),
            request: delivery.request.clone(),
            response_status: None,
        }
    }
}
