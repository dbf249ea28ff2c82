//! The inspector: a page on this machine that shows the log as it grows, and sends again what is in it.
//!
//! ```text
//! browser -> guard (host, token, origin) -> page | body | replay | live (what is new)
//! script  -> guard (the same)            -> /api/v1: the same as JSON
//! ```
//!
//! It reads the log and nothing else, so that it shows what another process receives just as well, and no
//! page that is open can slow an answer. What it sends goes through [`Replay`](crate::replay::Replay): it has
//! no rule of its own about signatures, selection or sending.

mod act;
mod api;
mod asset;
mod export;
mod failure;
mod guard;
mod live;
mod page;
mod readers;
mod resend;
mod routes;
mod row;
mod view;

use std::sync::Arc;

use axum::Router;
use rand::rngs::StdRng;

use crate::delivery::Timestamp;
use crate::dispatch::Dispatch;
use crate::filter::{DeliveryFilter, FilterSyntaxError};
use crate::http::Target;
use crate::provider::{Catalogue, Keyring};
use crate::store::Log;
use readers::LogReaders;

pub use guard::AccessToken;

/// What an inspector needs.
pub struct InspectOptions {
    /// The log that is shown.
    pub log: Log,
    /// The providers.
    pub catalogue: Catalogue,
    /// Their secrets, to sign afresh with.
    pub keyring: Keyring,
    /// The way out.
    pub dispatch: Dispatch,
    /// Where a replay goes where a delivery was never sent on.
    pub endpoint: Option<Target>,
    /// Who has it may look and send.
    pub token: AccessToken,
    /// Whether it is served to other machines as well.
    pub is_public: bool,
    /// The clock.
    pub clock: fn() -> Timestamp,
    /// Chance, for new ids.
    pub random: fn() -> StdRng,
    /// Reads a line of the filter language, whose times are as seen from a moment.
    pub filter: fn(&str, Timestamp) -> Result<DeliveryFilter, FilterSyntaxError>,
}

/// An inspector of a log.
pub struct Inspector {
    options: InspectOptions,
    readers: Arc<LogReaders>,
}

impl Inspector {
    /// One of what the options say.
    pub fn new(options: InspectOptions) -> Arc<Self> {
        let readers = LogReaders::of(options.log.clone());
        Arc::new(Self { options, readers })
    }

    fn now(&self) -> Timestamp {
        (self.options.clock)()
    }
}

/// What answers its requests.
pub fn router(inspector: &Arc<Inspector>) -> Router {
    guard::guarded(routes::routes().merge(api::routes()), inspector)
}
