//! What every call passes: the key, and parameters that can be read.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

use crate::emulate::state::StatePage;
use crate::emulate::{ApiRefusal, DeliveryStatus, Emulator};

/// How many rows a page has where nobody says.
const USUAL_PAGE: u32 = 50;
/// How many rows a page has at most.
const LARGEST_PAGE: u32 = 100;

/// Where the description of the API is.
pub const DESCRIPTION_PATH: &str = "/openapi.json";

/// The router behind the guards.
pub fn guarded(router: Router<Arc<Emulator>>, emulator: &Arc<Emulator>) -> Router {
    let unknown = |request: Request| async move {
        let path = request.uri().path().escape_debug().to_string();
        let hint = format!("`GET {DESCRIPTION_PATH}` describes what there is");
        ApiRefusal::new(404, "not_found", format!("there is nothing at `{path}`")).hint(Some(hint))
    };
    let other_method = |request: Request| async move {
        let (method, path) = (
            request.method().clone(),
            request.uri().path().escape_debug(),
        );
        ApiRefusal::new(
            405,
            "method_not_allowed",
            format!("`{path}` takes no {method}"),
        )
    };
    router
        .fallback(unknown)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(Arc::clone(emulator), with_key))
        .with_state(Arc::clone(emulator))
}

/// Lets pass who gives the key; the description is for all.
async fn with_key(State(emulator): State<Arc<Emulator>>, request: Request, next: Next) -> Response {
    if request.uri().path() == DESCRIPTION_PATH {
        return next.run(request).await;
    }
    let given = request
        .headers()
        .get(AUTHORIZATION)
        .map(HeaderValue::as_bytes);
    let key = given.and_then(|given| {
        let (scheme, key) = given.split_at_checked("Bearer ".len())?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then_some(key)
    });
    // Of digests, so that not even the length can be timed.
    let own = Sha256::digest(&emulator.options.api_key);
    let is_own = key.is_some_and(|key| Sha256::digest(key).ct_eq(&own).into());
    if is_own {
        return next.run(request).await;
    }
    let message = match given {
        Some(_) => "the API key is not the right one",
        None => "no API key is given",
    };
    let hint = "`Authorization: Bearer KEY`, with the key that the emulator prints";
    ApiRefusal::new(401, "unauthorized", message)
        .hint(Some(hint.into()))
        .into_response()
}

/// What the query says.
pub struct ListQuery {
    /// The part of the list.
    pub page: StatePage,
    /// Deliveries of this status only.
    pub status: Option<DeliveryStatus>,
    /// How long to wait, such as `30s`.
    pub timeout: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = ApiRefusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiRefusal> {
        let mut query = Self {
            page: StatePage {
                before: None,
                limit: USUAL_PAGE,
            },
            status: None,
            timeout: None,
        };
        let text = parts.uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let wrong = |expected: &str| {
                let (shown, message) = (value.escape_debug(), "is not");
                let message = format!("`{name}` {message} {expected}: `{shown}`");
                ApiRefusal::new(400, "invalid_parameter", message)
            };
            match &*name {
                "limit" => {
                    let limit = value
                        .parse()
                        .ok()
                        .filter(|it| (1..=LARGEST_PAGE).contains(it));
                    query.page.limit = limit.ok_or_else(|| wrong("a number from 1 to 100"))?;
                }
                "cursor" => {
                    let before = value.parse().map_err(|_| wrong("a `next_cursor`"))?;
                    query.page.before = Some(before);
                }
                "status" => {
                    let status = value.parse().map_err(|_| wrong("a status of deliveries"))?;
                    query.status = Some(status);
                }
                "timeout" => query.timeout = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(query)
    }
}
