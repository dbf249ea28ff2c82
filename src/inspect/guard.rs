//! Who may look: only who has the token, from a page of this inspector, under a name of this machine.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::Inspector;
use super::asset::ASSET_FOLDER;
use super::failure::InspectFailure;
use crate::http::ApiRefusal;

/// The name of the cookie; the port stands behind it, as cookies are not told apart by port.
const COOKIE: &str = "webhook_inspect_";
/// The folder that the API is in.
const API_FOLDER: &str = "/api/";
/// The parameter that carries the token in the printed URL.
const PARAMETER: &str = "token";

/// What a page may do: nothing but what comes from here. Scripts, styles and frames of payloads never run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What lets a browser or a script in.
#[derive(Clone)]
pub struct AccessToken(String);

impl AccessToken {
    /// One of random bytes that nobody can guess.
    pub fn of(random: [u8; 16]) -> Self {
        Self(hex::encode(random))
    }

    /// The text that the printed URL carries.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What forms of its pages carry, so that no other page's form is taken for one.
    pub fn form_proof(&self) -> String {
        let digest = Sha256::digest(format!("form {}", self.0));
        hex::encode(digest.get(..16).unwrap_or_default())
    }

    /// Whether a form carries what those of its pages do.
    pub fn is_proved_by(&self, given: &str) -> bool {
        is_same(self.form_proof().as_bytes(), given.as_bytes())
    }

    fn is(&self, given: &[u8]) -> bool {
        is_same(self.0.as_bytes(), given)
    }
}

/// Of digests, so that not even the length can be timed.
fn is_same(own: &[u8], given: &[u8]) -> bool {
    Sha256::digest(own).ct_eq(&Sha256::digest(given)).into()
}

/// How a request has shown that it may.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// By the cookie, as browsers do.
    Cookie,
    /// By `Authorization: Bearer`, which no page of another can send.
    Bearer,
}

/// The router behind the guard.
pub fn guarded(router: Router<Arc<Inspector>>, inspector: &Arc<Inspector>) -> Router {
    let nothing = |uri: Uri| async move {
        let failure = InspectFailure::new(StatusCode::NOT_FOUND, "there is nothing here");
        refuse(uri.path(), failure)
    };
    let other_method = |uri: Uri| async move {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let failure = InspectFailure::new(status, "it takes no such method");
        refuse(uri.path(), failure)
    };
    router
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(Arc::clone(inspector), guard))
        .with_state(Arc::clone(inspector))
}

/// A page for who looks, JSON for who calls the API.
fn refuse(path: &str, failure: InspectFailure) -> Response {
    if path.starts_with(API_FOLDER) {
        return ApiRefusal::from(failure).into_response();
    }
    failure.into_response()
}

async fn guard(State(inspector): State<Arc<Inspector>>, request: Request, next: Next) -> Response {
    let is_asset = request.uri().path().starts_with(ASSET_FOLDER);
    let mut response = match admit(&inspector, &request) {
        Err(refused) => refuse(request.uri().path(), refused),
        Ok(Some(entrance)) => entrance,
        Ok(None) => next.run(request).await,
    };
    let mut set = |name: HeaderName, value: &'static str| {
        let headers = response.headers_mut();
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    if !is_asset {
        set(header::CACHE_CONTROL, "no-store");
    }
    response
}

/// Lets a request in, answers it with the way in where it brings the token in its URL, or says why not.
fn admit(inspector: &Inspector, request: &Request) -> Result<Option<Response>, InspectFailure> {
    let (headers, uri) = (request.headers(), request.uri());
    let host = host(headers, inspector.options.is_public)?;
    let token = &inspector.options.token;
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_read && let Some(entrance) = entrance(token, uri, host) {
        return Ok(Some(entrance));
    }
    let access = access(token, headers, host).ok_or_else(|| {
        InspectFailure::new(StatusCode::UNAUTHORIZED, "this page needs its token")
            .hinting("open the URL that the program printed, which has `?token=` in it")
    })?;
    let is_socket = headers.contains_key(header::UPGRADE);
    if access == Access::Cookie && (!is_read || is_socket) {
        own_origin(headers, host)?;
    }
    Ok(None)
}

/// The host that was asked for. A name of another machine may be one that leads here to get round the
/// browser's rules.
fn host(headers: &HeaderMap, is_public: bool) -> Result<&str, InspectFailure> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        let is_port = port.bytes().all(|b| b.is_ascii_digit());
        if is_port { name } else { host }
    });
    let address = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    let is_own = match address {
        Ok(address) => address.is_loopback() || is_public,
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    };
    if is_own {
        return Ok(host);
    }
    let problem = "the inspector answers under a name of this machine only";
    Err(InspectFailure::new(StatusCode::FORBIDDEN, problem).hinting("`127.0.0.1` or `localhost`"))
}

/// The answer to who brings the token in the URL: it becomes a cookie, and leaves the address bar.
fn entrance(token: &AccessToken, uri: &Uri, host: &str) -> Option<Response> {
    let query = uri.query()?;
    let is_token = |(name, value): &(_, std::borrow::Cow<'_, str>)| {
        name == PARAMETER && token.is(value.as_bytes())
    };
    let pairs = || url::form_urlencoded::parse(query.as_bytes());
    if !pairs().any(|pair| is_token(&pair)) {
        return None;
    }
    let mut rest = url::form_urlencoded::Serializer::new(String::new());
    rest.extend_pairs(pairs().filter(|(name, _)| name != PARAMETER));
    let rest = rest.finish();
    // Two slashes at the beginning would lead to another host.
    let path = format!("/{}", uri.path().trim_start_matches('/'));
    let place = match rest.as_str() {
        "" => path,
        rest => format!("{path}?{rest}"),
    };
    let cookie = format!(
        "{}={}; HttpOnly; SameSite=Strict; Path=/",
        cookie_name(host),
        token.as_str()
    );
    let to = [(header::LOCATION, place), (header::SET_COOKIE, cookie)];
    Some((StatusCode::SEE_OTHER, to).into_response())
}

fn cookie_name(host: &str) -> String {
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
    let port = port.chars().filter(char::is_ascii_alphanumeric);
    format!("{COOKIE}{}", port.collect::<String>())
}

fn access(token: &AccessToken, headers: &HeaderMap, host: &str) -> Option<Access> {
    let bearer = headers.get(header::AUTHORIZATION);
    let bearer = bearer.and_then(|given| given.as_bytes().strip_prefix(b"Bearer "));
    if bearer.is_some_and(|given| token.is(given)) {
        return Some(Access::Bearer);
    }
    let name = cookie_name(host);
    let fields = headers.get_all(header::COOKIE).iter();
    let fields = fields.filter_map(|field| field.to_str().ok());
    let mut cookies = fields
        .flat_map(|field| field.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let is_own = |(own, value): (&str, &str)| own == name && token.is(value.as_bytes());
    cookies.any(is_own).then_some(Access::Cookie)
}

/// What changes something, or stays open, must come from a page of this inspector.
fn own_origin(headers: &HeaderMap, host: &str) -> Result<(), InspectFailure> {
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    if origin == Some(format!("http://{host}").as_bytes()) {
        return Ok(());
    }
    Err(InspectFailure::new(
        StatusCode::FORBIDDEN,
        "this does not come from the inspector's own page",
    ))
}
