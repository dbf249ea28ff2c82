//! The API: what the pages show and do, as JSON for scripts and editors.
//!
//! Each operation stands once, in `operations.rs`: what answers it, and what its description says. What is
//! read, filtered and sent is what the pages read, filter and send.

mod answer;
mod follow;
mod form;
mod operations;
mod part;
mod query;
mod routes;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::Inspector;
use crate::http::json;
use operations::{OPERATIONS, description};

/// The routes of the API.
pub fn routes() -> Router<Arc<Inspector>> {
    let describe = || async { json(200, &description()) };
    let router = Router::new().route("/api/v1/openapi.json", get(describe));
    OPERATIONS.iter().fold(router, |router, operation| {
        router.route(operation.path, (operation.handler)())
    })
}
