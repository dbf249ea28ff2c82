//! What the query of a call says.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;

use crate::delivery::duration;
use crate::http::ApiRefusal;

/// How many deliveries are answered where nobody says.
const USUAL: usize = 50;
/// How many are answered at most.
pub const MOST: usize = 500;
/// How long a call waits where nobody says.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it waits at most.
const LONGEST: Duration = Duration::from_secs(60);

/// What the query of a call says.
pub struct ApiQuery {
    /// The line of the filter.
    pub filter: String,
    /// The place before which it ends.
    pub before: Option<i64>,
    /// The place behind which it begins.
    pub after: Option<i64>,
    /// How many deliveries at most.
    pub limit: usize,
    /// How long to wait.
    pub timeout: Duration,
}

impl<S: Send + Sync> FromRequestParts<S> for ApiQuery {
    type Rejection = ApiRefusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiRefusal> {
        let mut query = Self {
            filter: String::new(),
            before: None,
            after: None,
            limit: USUAL,
            timeout: PATIENCE,
        };
        let text = parts.uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let wrong = |expected: &str| {
                let shown = value.escape_debug();
                let message = format!("`{name}` is not {expected}: `{shown}`");
                ApiRefusal::new(400, "invalid_parameter", message)
            };
            let cursor = || {
                let place = value.parse().ok().filter(|place| *place >= 0);
                place.map(Some).ok_or_else(|| wrong("a cursor"))
            };
            match &*name {
                "filter" => query.filter = value.into_owned(),
                "before" => query.before = cursor()?,
                "after" => query.after = cursor()?,
                "limit" => {
                    let limit = value.parse().ok().filter(|it| (1..=MOST).contains(it));
                    query.limit = limit.ok_or_else(|| wrong("a number from 1 to 500"))?;
                }
                "timeout" => {
                    let timeout = duration::parse(&value).filter(|it| *it <= LONGEST);
                    query.timeout = timeout.ok_or_else(|| wrong("a time up to 60s"))?;
                }
                _ => {}
            }
        }
        Ok(query)
    }
}
