//! A client of one endpoint, with all the modes in which a check sends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Dispatch, Outgoing};
use crate::delivery::{Attempt, Delivery, Request, Signing, Trigger};
use crate::http::Target;
use crate::store::{Receipt, StoreError};

/// How a request goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendMode {
    /// As every other one.
    Plain,
    /// With the names of its header fields in lower case.
    LowerCase,
    /// Up to half of its body, after which the connection is closed.
    Half,
}

/// Sends to one endpoint for one trigger, and keeps everything that it sends.
pub struct EndpointClient {
    dispatch: Dispatch,
    target: Target,
    trigger: Trigger,
    timeout: Option<Duration>,
    /// Of rows that nobody has waited for yet.
    receipts: Mutex<Vec<Receipt>>,
}

impl EndpointClient {
    /// To `target`; `timeout` is the longest that an answer may take.
    pub const fn new(
        dispatch: Dispatch,
        target: Target,
        trigger: Trigger,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            dispatch,
            target,
            trigger,
            timeout,
            receipts: Mutex::new(Vec::new()),
        }
    }

    /// Path and query, as they stand in the request line.
    pub fn request_target(&self) -> &str {
        self.target.request_target()
    }

    /// What stands before the request target in the URL.
    pub fn origin(&self) -> String {
        self.target.origin()
    }

    /// Where it sends to, without user information.
    pub fn url(&self) -> String {
        self.target.to_string()
    }

    /// The longest that an answer may take.
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Keeps a delivery made here; before its attempts, so that the log has them in this order.
    pub async fn keep(&self, delivery: Delivery) {
        let receipt = self.dispatch.keep(Arc::new(delivery)).await;
        self.remember(receipt);
    }

    /// One attempt of a delivery; `None` where the mode cannot be had, as half a request over TLS.
    pub async fn send(
        &self,
        delivery_id: &str,
        request: &Request,
        mode: SendMode,
    ) -> Option<Attempt> {
        let outgoing = Outgoing {
            delivery_id,
            trigger: self.trigger,
            target: &self.target.at(&request.target),
            request,
            signing: Some(Signing::Fresh),
            timeout: self.timeout,
            run: None,
        };
        let sent = match mode {
            SendMode::Plain => self.dispatch.send(outgoing).await,
            SendMode::LowerCase => self.dispatch.send_lower_case(outgoing).await,
            SendMode::Half => self.dispatch.abort_mid_body(outgoing).await?,
        };
        self.remember(sent.receipt);
        Some(sent.attempt)
    }

    /// Waits until everything that was sent so far is in the log.
    pub async fn settle(&self) -> Result<(), StoreError> {
        let receipts = std::mem::take(&mut *self.receipts());
        for receipt in receipts {
            receipt.await?;
        }
        Ok(())
    }

    fn remember(&self, receipt: Option<Receipt>) {
        self.receipts().extend(receipt);
    }

    fn receipts(&self) -> std::sync::MutexGuard<'_, Vec<Receipt>> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
