//! Calls of an API in JSON: bodies and ids that can be read, and answers that are JSON whatever is wrong.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::json::{Path, PathError, TypedJson};

/// What is wrong with a call, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiRefusal {
    /// The status that answers it.
    pub status: u16,
    /// What is wrong, in a word: `unknown_event`.
    pub code: &'static str,
    /// What is wrong, in a line.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
    /// The bytes of a text in the call that are meant: where they begin, and where they end.
    pub at: Option<[usize; 2]>,
}

impl ApiRefusal {
    /// What is wrong, as this status.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            hint: None,
            at: None,
        }
    }

    /// Of a body or a parameter that is understood and cannot be used: 422.
    pub fn unusable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(422, code, message)
    }

    /// Of an id that nothing has: 404.
    pub fn unknown(what: &str, id: &str) -> Self {
        let id = id.escape_debug();
        Self::new(404, "not_found", format!("there is no {what} `{id}`"))
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

/// Why a call is refused.
#[derive(Serialize, JsonSchema)]
pub struct RefusalJson {
    error: RefusalDetailJson,
}

/// What is wrong.
#[derive(Serialize, JsonSchema)]
pub struct RefusalDetailJson {
    /// For programs: `unknown_event`.
    code: &'static str,
    /// For people.
    message: String,
    /// What to do about it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The bytes of a text in the call that are meant: where they begin, and where they end.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<[usize; 2]>,
}

impl From<&ApiRefusal> for RefusalJson {
    fn from(refusal: &ApiRefusal) -> Self {
        Self {
            error: RefusalDetailJson {
                code: refusal.code,
                message: refusal.message.clone(),
                hint: refusal.hint.clone(),
                at: refusal.at,
            },
        }
    }
}

/// What a call comes to.
pub type Called = Result<Response, ApiRefusal>;

/// A JSON answer of this status.
pub fn json(status: u16, body: &impl Serialize) -> Response {
    // Fails only for maps with keys that are no strings, and there are none.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let media_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

impl IntoResponse for ApiRefusal {
    fn into_response(self) -> Response {
        let mut response = json(self.status, &RefusalJson::from(&self));
        if self.status == 401 {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A body that is read as JSON, whatever its media type: the documented calls give none in places.
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiRefusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiRefusal> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|refused| {
                let status = refused.status().as_u16();
                ApiRefusal::new(status, "unreadable_body", refused.body_text())
            })?;
        read(&bytes).map(Self)
    }
}

/// What a body says; an error names the member.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiRefusal> {
    let no_json = |error: &serde_json::Error| {
        ApiRefusal::new(
            400,
            "invalid_json",
            format!("the body is not JSON: {error}"),
        )
    };
    let whole: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| no_json(&error))?;
    if !whole.is_object() {
        let message = "the body is not a JSON object";
        return Err(ApiRefusal::unusable("invalid_body", message));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner().to_string());
        let reason = inner.split(" at line ").next().unwrap_or(&inner);
        if let Some(member) = reason.strip_prefix("missing field ") {
            let message = format!("the body has no member {member}");
            return ApiRefusal::unusable("missing_member", message);
        }
        let place = if path == "." {
            "the body".into()
        } else {
            format!("`{path}`")
        };
        ApiRefusal::unusable("invalid_body", format!("{place}: {reason}"))
    })
}

/// The id in the path.
pub struct PathId(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ApiRefusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiRefusal> {
        let unreadable = || ApiRefusal::new(404, "not_found", "the id cannot be read");
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| unreadable())?;
        let mut values = params.iter().filter(|(name, _)| *name == "id");
        let (_, id) = values.next().ok_or_else(unreadable)?;
        Ok(Self(id.to_owned()))
    }
}

/// The value of a member, with its numbers as they are written.
pub fn typed(value: &RawValue) -> Result<TypedJson, ApiRefusal> {
    let typed: Result<TypedJson, _> = value.get().parse();
    typed.map_err(|error| ApiRefusal::unusable("invalid_data", error.to_string()))
}

/// The values that a member sets, by their paths: `{"data.total": 12.5}`.
pub fn assignments(
    set: &BTreeMap<String, Box<RawValue>>,
) -> Result<Vec<(Path, TypedJson)>, ApiRefusal> {
    let unreadable = |error: PathError| ApiRefusal::unusable("invalid_path", error.to_string());
    set.iter()
        .map(|(path, value)| Ok((path.parse().map_err(unreadable)?, typed(value)?)))
        .collect()
}
