//! The API: what the one provider that documents an API documents, and around it what its users expect.
//!
//! Each operation stands once, in `operations.rs`: what answers it, and what its description says.

mod answer;
mod control;
mod describe;
mod form;
mod guard;
mod operations;
mod routes;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::Emulator;
use crate::http::json;
use guard::DESCRIPTION_PATH;
use operations::OPERATIONS;

pub use describe::description;
pub use form::{AdvanceForm, EventForm, WebhookForm};

/// The router of the API.
pub fn router(emulator: &Arc<Emulator>) -> Router {
    let describe = || async { json(200, &description()) };
    let router = Router::new().route(DESCRIPTION_PATH, get(describe));
    let whole = OPERATIONS.iter().fold(router, |router, operation| {
        router.route(operation.path, (operation.handler)())
    });
    guard::guarded(whole, emulator)
}
