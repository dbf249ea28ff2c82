//! What could not be done, as a page or as JSON.

use std::ops::Range;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, html};

use crate::filter::FilterSyntaxError;
use crate::http::ApiRefusal;
use crate::replay::ReplayError;
use crate::store::{LookupError, StoreError};

/// Why a request is not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectFailure {
    /// The status.
    pub status: StatusCode,
    /// What is wrong, in a line.
    pub problem: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The bytes of the filter that are meant.
    pub at: Option<Range<usize>>,
}

impl InspectFailure {
    /// One with this status.
    pub fn new(status: StatusCode, problem: impl Into<String>) -> Self {
        Self {
            status,
            problem: problem.into(),
            hint: None,
            at: None,
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hinting(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// That something went wrong here.
    pub fn broken() -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, "something went wrong in the inspector")
    }
}

impl From<FilterSyntaxError> for InspectFailure {
    fn from(error: FilterSyntaxError) -> Self {
        Self {
            at: Some(error.at),
            ..Self::new(StatusCode::BAD_REQUEST, error.problem).hinting(error.hint)
        }
    }
}

impl From<ReplayError> for InspectFailure {
    fn from(error: ReplayError) -> Self {
        let problem = error.to_string();
        let unfit = |problem| Self::new(StatusCode::UNPROCESSABLE_ENTITY, problem);
        match error {
            ReplayError::NothingSelected => Self::new(StatusCode::NOT_FOUND, problem),
            ReplayError::Lookup(error) => error.into(),
            ReplayError::Store(error) => error.into(),
            ReplayError::NoEndpoint { .. } => unfit(problem).hinting("say where to: `url`"),
            _ => unfit(problem),
        }
    }
}

/// What it is to scripts.
impl From<InspectFailure> for ApiRefusal {
    fn from(failure: InspectFailure) -> Self {
        let code = match (&failure.at, failure.status.as_u16()) {
            (Some(_), _) => "invalid_filter",
            (None, 401) => "unauthorized",
            (None, 403) => "forbidden",
            (None, 404) => "not_found",
            (None, 405) => "method_not_allowed",
            (None, 400..=499) => "unusable",
            _ => "failed",
        };
        let mut refusal = Self::new(failure.status.as_u16(), code, failure.problem);
        refusal.at = failure.at.map(|at| [at.start, at.end]);
        refusal.hint(failure.hint)
    }
}

/// A wrong filter, to scripts.
impl From<FilterSyntaxError> for ApiRefusal {
    fn from(error: FilterSyntaxError) -> Self {
        InspectFailure::from(error).into()
    }
}

impl From<StoreError> for InspectFailure {
    fn from(error: StoreError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<LookupError> for InspectFailure {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Store(error) => error.into(),
            error => Self::new(StatusCode::NOT_FOUND, error.to_string()),
        }
    }
}

/// A page that says it.
impl IntoResponse for InspectFailure {
    fn into_response(self) -> Response {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    title { "webhook" }
                    link rel="stylesheet" href=(super::asset::style_path());
                }
                body {
                    main.alone {
                        h1 { (self.problem) }
                        @if let Some(hint) = &self.hint { p { (hint) } }
                        p { a href="/" { "To the list" } }
                    }
                }
            }
        };
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        let content = [(header::CONTENT_TYPE, html)];
        (self.status, content, page.into_string()).into_response()
    }
}
