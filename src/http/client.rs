//! Sending one request and reading its answer.

mod local;

use std::error::Error;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Body;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, EXPECT, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, redirect, retry};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::body::BodyBuffer;
use super::proxy::{self, Proxies};
use super::{ByteBudget, Problem, Target, failure, fields, install_crypto_provider, tls, trust};
use crate::delivery::{Answer, Failure, Request};
use local::LocalConnections;

/// The largest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// How many bytes of answers are held at once, however they are held, by all that one client sends.
const MAX_ANSWERS_HELD: usize = 256 * 1024 * 1024;

/// How long an answer waits for room among those.
const ROOM_TIME: Duration = Duration::from_secs(10);

/// How long an idle connection is kept for the next request: less than the 5 s after which Node's
/// server, the shortest of the common ones, closes it, so that no request meets a closing one.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// What a client trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// A PEM file of certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether any certificate is taken.
    pub insecure: bool,
    /// Whether each request has a connection of its own, so that no answer depends on what a
    /// receiver did to the connection before.
    pub fresh_connections: bool,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file of extra certificates can't be read.
    #[error("cannot read `{path}`: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        reason: std::io::Error,
    },
    /// The file of extra certificates holds none.
    #[error("no PEM certificate in `{0}`")]
    NoCertificate(String),
}

/// Sends requests as they are: no redirect followed, no retry, nothing decompressed.
///
/// Targets on this machine are reached directly, all others through the system's proxy where there is one.
pub struct Client {
    /// Where more is trusted than the system does.
    trusted: Option<ClientConfig>,
    insecure: bool,
    fresh_connections: bool,
    answers: ByteBudget,
    local: LocalConnections,
    proxies: Proxies,
    /// By whether a target is `https`, whether it is reached directly, and whether names go out in
    /// lower case. Each is made at its first use: loading the system's certificates takes longer than
    /// most exchanges, and plain targets need none.
    made: [OnceLock<reqwest::Client>; 8],
}

impl Client {
    /// A client; reads the file of extra certificates, and installs the cryptography provider where
    /// none is.
    pub fn new(options: &ClientOptions) -> Result<Self, ClientError> {
        install_crypto_provider();
        let trusted = options.ca_file.as_deref().map(trusting).transpose()?;
        Ok(Self {
            trusted,
            insecure: options.insecure,
            fresh_connections: options.fresh_connections,
            answers: ByteBudget::new(MAX_ANSWERS_HELD),
            local: LocalConnections::new(!options.fresh_connections),
            proxies: Proxies::of_process(),
            made: Default::default(),
        })
    }

    /// Sends `request` to `target`, whose path and query are used in place of the request's own.
    ///
    /// The body goes out byte for byte, the fields in order with repeats (those of one name stand
    /// together); hop-by-hop fields, `Content-Length` and `Expect` are made anew, and `Host` is the
    /// target's where the request has none. `timeout`
    /// covers everything up to the last byte of the answer.
    pub async fn send(
        &self,
        target: &Target,
        request: &Request,
        timeout: Option<Duration>,
    ) -> Result<Answer, Failure> {
        failure::within(timeout, target, self.exchange(target, request, false)).await
    }

    /// As [`Client::send`], with the names of the fields in lower case in place of `Title-Case`.
    pub async fn send_lower_case(
        &self,
        target: &Target,
        request: &Request,
        timeout: Option<Duration>,
    ) -> Result<Answer, Failure> {
        failure::within(timeout, target, self.exchange(target, request, true)).await
    }

    async fn exchange(
        &self,
        target: &Target,
        request: &Request,
        lower_case: bool,
    ) -> Result<Answer, Failure> {
        let failed = |error: reqwest::Error| failure::classify(&error, target);
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|error| failure::unsendable(error, target))?;
        if target.is_loopback() && !target.is_https() && !target.has_user_info() {
            let (local, answers) = (&self.local, &self.answers);
            let exchange = local.exchange(target, method, request, lower_case, answers);
            return exchange.await;
        }
        let proxy = self.proxies.on_the_way_to(target).await;
        let client = self.client_for(target, proxy.is_none(), lower_case);
        let client = client.map_err(failed)?;
        let built = client.request(method, target.url().clone());
        let mut outgoing = built.build().map_err(failed)?;
        copy_fields(request, outgoing.headers_mut())
            .map_err(|error| failure::unsendable(error, target))?;
        set_body(&mut outgoing, &request.body);
        let response = client
            .execute(outgoing)
            .await
            .map_err(|error| match &proxy {
                Some(proxy) if error.is_connect() => proxy::failed(failed(error), proxy, target),
                _ => failed(error),
            })?;
        read_answer(response.into(), target, &self.answers).await
    }

    /// The client for a target; two made at once differ in nothing, and the first is kept.
    fn client_for(
        &self,
        target: &Target,
        is_direct: bool,
        lower_case: bool,
    ) -> reqwest::Result<&reqwest::Client> {
        let bits = [target.is_https(), is_direct, lower_case];
        let index = bits
            .iter()
            .fold(0, |index, bit| index * 2 + usize::from(*bit));
        let place = &self.made[index];
        if let Some(made) = place.get() {
            return Ok(made);
        }
        let made = self.make(target, is_direct, lower_case)?;
        Ok(place.get_or_init(|| made))
    }

    fn make(
        &self,
        target: &Target,
        is_direct: bool,
        lower_case: bool,
    ) -> reqwest::Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .pool_idle_timeout(POOL_IDLE);
        if self.fresh_connections {
            builder = builder.pool_max_idle_per_host(0);
        }
        if !lower_case {
            builder = builder.http1_title_case_headers();
        }
        if is_direct {
            builder = builder.no_proxy();
        }
        builder = match (target.is_https(), &self.trusted) {
            (true, Some(config)) if !self.insecure => {
                builder.tls_backend_preconfigured(config.clone())
            }
            (true, _) => builder.tls_danger_accept_invalid_certs(self.insecure),
            // Loading the system's would take longer than most exchanges.
            (false, _) => builder.tls_certs_only([]),
        };
        builder.build()
    }
}

fn trusting(path: &std::path::Path) -> Result<ClientConfig, ClientError> {
    let shown = path.display().to_string();
    let pem = tls::read_pem(path).map_err(|reason| ClientError::File {
        path: shown.clone(),
        reason,
    })?;
    let found = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let found = found.ok().filter(|found| !found.is_empty());
    let certificates = found.ok_or_else(|| ClientError::NoCertificate(shown.clone()))?;
    trust::trusting(certificates).map_err(|_| ClientError::NoCertificate(shown))
}

/// Adds the fields that are passed on. Authorization from the target's user information, already
/// there, goes before the request's.
fn copy_fields(request: &Request, headers: &mut HeaderMap) -> Result<(), String> {
    let has_authorization = headers.contains_key(AUTHORIZATION);
    for (name, value) in fields::end_to_end(&request.headers) {
        let read = HeaderName::from_bytes(name.as_bytes()).ok();
        let read = read.zip(HeaderValue::from_maybe_shared(value.clone()).ok());
        let Some((name, value)) = read else {
            let shown = name.escape_debug();
            return Err(format!(
                "the header `{shown}` has bytes that HTTP cannot carry"
            ));
        };
        let is_ours = name == EXPECT || (has_authorization && name == AUTHORIZATION);
        if !is_ours {
            headers.append(name, value);
        }
    }
    Ok(())
}

/// Whether a request of this method usually has a body: then some servers ask for the length of an empty
/// one, and hyper states none.
fn has_usual_body(method: &Method) -> bool {
    matches!(method.as_str(), "POST" | "PUT" | "PATCH")
}

fn set_body(outgoing: &mut reqwest::Request, body: &Bytes) {
    if !body.is_empty() {
        *outgoing.body_mut() = Some(body.clone().into());
    } else if has_usual_body(outgoing.method()) {
        let zero = HeaderValue::from_static("0");
        outgoing.headers_mut().insert(CONTENT_LENGTH, zero);
    }
}

async fn read_answer<B>(
    response: hyper::Response<B>,
    target: &Target,
    budget: &ByteBudget,
) -> Result<Answer, Failure>
where
    B: Body<Data = Bytes, Error: Error + 'static> + Unpin,
{
    let status = response.status().as_u16();
    let fields = response.headers().iter();
    let headers = fields
        .map(|(name, value)| (name.as_str(), Bytes::copy_from_slice(value.as_bytes())))
        .collect();
    let unread = |problem| match problem {
        Problem::TooLarge { limit } => failure::too_large(limit, target),
        _ => failure::no_room(target),
    };
    let mut body = response.into_body();
    let buffer = BodyBuffer::new(body.size_hint().exact(), MAX_ANSWER, budget);
    let buffer = tokio::time::timeout(ROOM_TIME, buffer).await;
    let mut buffer = buffer.unwrap_or(Err(Problem::NoRoom)).map_err(unread)?;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure::classify(&error, target))?;
        // What is no data is a trailer, and trailers are no part of an answer here.
        buffer
            .push(frame.into_data().unwrap_or_default())
            .map_err(unread)?;
    }
    Ok(Answer {
        status,
        headers,
        body: buffer.into_bytes(),
    })
}

#[cfg(test)]
mod tests;
