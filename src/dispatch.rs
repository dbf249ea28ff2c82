//! The send path: the one way in which a delivery leaves. Forwarding, sending, replaying, retrying and
//! testing differ in what an [`Outgoing`] says.

mod endpoint_client;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::delivery::{
    Answer, Attempt, Delivery, Failure, FailureKind, Request, Signing, Timestamp, Trigger, id,
};
use crate::http::{Client, Target, abort_mid_body};
use crate::store::{Receipt, Run, Writer};

pub use endpoint_client::{EndpointClient, SendMode};

/// Sends requests and keeps an attempt of each.
pub struct Dispatch {
    client: Arc<Client>,
    log: Option<Writer>,
    clock: fn() -> Timestamp,
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
    /// Sends through `client`; attempts are kept in `log`, with when they started by `clock`.
    pub fn new(client: Client, log: Option<Writer>, clock: fn() -> Timestamp) -> Self {
        let client = Arc::new(client);
        Self { client, log, clock }
    }

    /// The same that keeps nothing.
    #[must_use]
    pub fn without_log(&self) -> Self {
        Self {
            client: Arc::clone(&self.client),
            log: None,
            clock: self.clock,
        }
    }

    /// One attempt: one request, no redirect followed, no retry.
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Sent {
        let exchange = self
            .client
            .send(outgoing.target, outgoing.request, outgoing.timeout);
        self.keep_attempt(outgoing, exchange).await
    }

    /// As [`Dispatch::send`], until `stop` says why nobody waits for the answer any more.
    pub async fn send_until(
        &self,
        outgoing: Outgoing<'_>,
        stop: impl Future<Output = String>,
    ) -> Sent {
        let Outgoing {
            target,
            request,
            timeout,
            ..
        } = outgoing;
        let exchange = async {
            tokio::select! {
                answer = self.client.send(target, request, timeout) => answer,
                message = stop => Err(Failure { kind: FailureKind::Other, message }),
            }
        };
        self.keep_attempt(outgoing, exchange).await
    }

    /// As [`Dispatch::send`], with the names of the header fields in lower case.
    pub async fn send_lower_case(&self, outgoing: Outgoing<'_>) -> Sent {
        let exchange =
            self.client
                .send_lower_case(outgoing.target, outgoing.request, outgoing.timeout);
        self.keep_attempt(outgoing, exchange).await
    }

    /// Half a request, after which the connection is closed: an attempt without an answer. `None`
    /// where that cannot be done, over TLS.
    pub async fn abort_mid_body(&self, outgoing: Outgoing<'_>) -> Option<Sent> {
        if outgoing.target.is_https() {
            return None;
        }
        let aborted = async {
            let half = abort_mid_body(outgoing.target, outgoing.request, outgoing.timeout).await?;
            let whole = outgoing.request.body.len();
            Err(Failure {
                kind: FailureKind::Other,
                message: format!("aborted on purpose after {half} of {whole} bytes"),
            })
        };
        Some(self.keep_attempt(outgoing, aborted).await)
    }

    /// Keeps a delivery that was made here, so that its attempts have what they are of.
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
        let started_at = (self.clock)();
        let start = Instant::now();
        let outcome = exchange.await;
        let attempt = Attempt {
            id: id::attempt(),
            delivery_id: outgoing.delivery_id.into(),
            trigger: outgoing.trigger,
            url: outgoing.target.without_secrets(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Headers;
    use crate::http::ClientOptions;

    #[tokio::test(start_paused = true)]
    async fn whole_and_half_requests_end_at_the_timeout_and_start_by_the_clock() {
        // Connections are taken by the system, and nobody reads from them.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::parse(&listener.local_addr().unwrap().to_string()).unwrap();
        let request = Request::post("/", Headers::new(), vec![b'x'; 64 * 1024 * 1024]);
        let outgoing = Outgoing {
            delivery_id: "d",
            trigger: Trigger::Send,
            target: &target,
            request: &request,
            signing: None,
            timeout: Some(Duration::from_secs(20)),
            run: None,
        };
        let client = Client::new(&ClientOptions::default()).unwrap();
        let clock = || Timestamp::from_micros(7);
        let dispatch = Dispatch::new(client, None, clock);
        let whole = dispatch.send(outgoing).await;
        let half = dispatch.abort_mid_body(outgoing);
        // Far beyond the limit, so that a fault is a failure and no hang.
        let half = tokio::time::timeout(Duration::from_secs(200), half).await;
        let half = half.expect("an end in time").unwrap();
        for attempt in [whole.attempt, half.attempt] {
            let failure = attempt.outcome.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Timeout, "{failure}");
            assert_eq!(attempt.started_at, clock());
            assert!((20_000.0..21_000.0).contains(&attempt.duration_ms));
        }
    }
}
