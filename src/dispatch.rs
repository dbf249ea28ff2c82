//! THE BACK DOOR: the one way in which a request leaves. Forwarding, sending, replaying and
//! retrying differ in their cause alone.

mod endpoint_client;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::delivery::{
    Answer, Attempt, Delivery, Failure, FailureKind, Request, Signing, Timestamp, Trigger, id,
};
use crate::http::{Client, Target, abandon};
use crate::store::{Receipt, Run, Writer};

pub use endpoint_client::{EndpointClient, SendMode};

/// Sends requests and keeps an attempt of each.
pub struct Dispatch {
    client: Client,
    log: Option<Writer>,
}

/// A request on its way out.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The delivery that is sent.
    pub delivery_id: &'a str,
    /// Why.
    pub trigger: Trigger,
    /// Where to.
    pub target: &'a Target,
    /// What.
    pub request: &'a Request,
    /// Whether the signature is the original one.
    pub signing: Option<Signing>,
    /// How long the whole exchange may take; `None` for no limit.
    pub timeout: Option<Duration>,
    /// The bulk replay that it belongs to.
    pub run: Option<&'a str>,
}

/// An attempt that was made, and the log's receipt for it.
pub struct Sent {
    /// What came of it.
    pub attempt: Attempt,
    /// Resolves when the attempt is kept; `None` where nothing is kept.
    pub receipt: Option<Receipt>,
}

impl Dispatch {
    /// Sends through `client`; attempts are kept in `log`.
    pub const fn new(client: Client, log: Option<Writer>) -> Self {
        Self { client, log }
    }

    /// One attempt: one request, no redirect followed, no retry.
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Sent {
        let exchange = self
            .client
            .send(outgoing.target, outgoing.request, outgoing.timeout);
        self.keep_attempt(outgoing, exchange).await
    }

    /// Half a request, after which the connection is closed: an attempt without an answer. `None`
    /// where that cannot be done, over TLS.
    pub async fn leave(&self, outgoing: Outgoing<'_>) -> Option<Sent> {
        if outgoing.target.is_https() {
            return None;
        }
        let leaving = async {
            let half = abandon(outgoing.target, outgoing.request).await?;
            let whole = outgoing.request.body.len();
            Err(Failure {
                kind: FailureKind::Other,
                message: format!("left on purpose after {half} of {whole} bytes"),
            })
        };
        Some(self.keep_attempt(outgoing, leaving).await)
    }

    /// Keeps a delivery that was forged here, so that its attempts have what they are of.
    pub async fn keep(&self, delivery: Arc<Delivery>) -> Option<Receipt> {
        match &self.log {
            Some(log) => Some(log.submit(delivery).await),
            None => None,
        }
    }

    /// Keeps a bulk replay, so that it can be resumed from its first attempt on.
    pub async fn begin_run(&self, run: &Run) -> Option<Receipt> {
        match &self.log {
            Some(log) => Some(log.begin_run(run).await),
            None => None,
        }
    }

    async fn keep_attempt(
        &self,
        outgoing: Outgoing<'_>,
        exchange: impl Future<Output = Result<Answer, Failure>>,
    ) -> Sent {
        let started_at = Timestamp::now();
        let start = Instant::now();
        let outcome = exchange.await;
        let attempt = Attempt {
            id: id::attempt(),
            delivery_id: outgoing.delivery_id.into(),
            trigger: outgoing.trigger,
            url: outgoing.target.to_string(),
            started_at,
            duration_ms: start.elapsed().as_secs_f64() * 1_000.0,
            signing: outgoing.signing,
            outcome,
        };
        let receipt = match &self.log {
            Some(log) => Some(log.submit_attempt(attempt.clone(), outgoing.run).await),
            None => None,
        };
        Sent { attempt, receipt }
    }
}
