//! A way out to one endpoint, in all the manners in which a check sends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Dispatch, Shipment};
use crate::delivery::{Attempt, Cause, Delivery, Request, Signing};
use crate::http::Target;
use crate::store::{Receipt, StoreError};

/// How a request goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As every other one.
    Plain,
    /// With the names of its header fields in lower case.
    LowerCase,
    /// Up to half of its body, after which the connection is closed.
    Half,
}

/// Sends to one endpoint for one cause, and keeps everything that it sends.
pub struct Outlet {
    /// By the spelling of header names.
    dispatch: Dispatch,
    lower_case: Dispatch,
    target: Target,
    cause: Cause,
    timeout: Option<Duration>,
    /// Of rows that nobody has waited for yet.
    receipts: Mutex<Vec<Receipt>>,
}

impl Outlet {
    /// To `target`, through one dispatch for each spelling of header names; `timeout` is the
    /// longest that an answer may take.
    pub const fn new(
        dispatch: Dispatch,
        lower_case: Dispatch,
        target: Target,
        cause: Cause,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            dispatch,
            lower_case,
            target,
            cause,
            timeout,
            receipts: Mutex::new(Vec::new()),
        }
    }

    /// Path and query, as they stand in the request line.
    pub fn request_target(&self) -> &str {
        self.target.request_target()
    }

    /// Where it sends to, without user information.
    pub fn url(&self) -> String {
        self.target.to_string()
    }

    /// The longest that an answer may take.
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Keeps a forged delivery; before its attempts, so that the log has them in this order.
    pub async fn keep(&self, delivery: Delivery) {
        let receipt = self.dispatch.keep(Arc::new(delivery)).await;
        self.remember(receipt);
    }

    /// One attempt of a delivery; `None` where the manner cannot be had, as half a request over TLS.
    pub async fn send(
        &self,
        delivery_id: &str,
        request: &Request,
        manner: Manner,
    ) -> Option<Attempt> {
        let shipment = Shipment {
            delivery_id,
            cause: self.cause,
            target: &self.target,
            request,
            signing: Some(Signing::Fresh),
            timeout: self.timeout,
            run: None,
        };
        let sent = match manner {
            Manner::Plain => self.dispatch.send(shipment).await,
            Manner::LowerCase => self.lower_case.send(shipment).await,
            Manner::Half => self.dispatch.leave(shipment).await?,
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
