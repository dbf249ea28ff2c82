//! Plain HTTP/1.1 to this machine: a connection is connected, used and kept here, which costs half of
//! what a client for everything does. A load, a replay and each forwarded delivery go this way.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{ACCEPT, CONTENT_LENGTH, HOST, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};

use super::{POOL_IDLE, copy_fields, has_usual_body, read_answer};
use crate::delivery::{self, Answer, Failure};
use crate::http::{ByteBudget, Target, failure};

/// The sending half of a connection.
type Sender = SendRequest<Full<Bytes>>;

/// Connections that wait for their next request, and since when: by authority, and by whether names go
/// out in lower case.
type Idle = HashMap<(String, bool), Vec<(Sender, Instant)>>;

/// Connections to servers on this machine.
pub(super) struct LocalConnections {
    idle: Mutex<Idle>,
    /// Whether any is kept for a next request.
    keeps: bool,
}

impl LocalConnections {
    /// None so far.
    pub(super) fn new(keeps: bool) -> Self {
        let idle = Mutex::default();
        Self { idle, keeps }
    }

    /// Sends a request and reads its answer within a `budget`; names go out in lower case where `lower_case` says so.
    pub(super) async fn exchange(
        &self,
        target: &Target,
        method: Method,
        request: &delivery::Request,
        lower_case: bool,
        budget: &ByteBudget,
    ) -> Result<Answer, Failure> {
        let outgoing = outgoing(target, method, request)?;
        let key = (target.authority(), lower_case);
        let (response, sender) = self.send(target, &key, outgoing).await?;
        let answer = read_answer(response, target, budget).await?;
        if self.keeps && !sender.is_closed() {
            let waiting = (sender, Instant::now());
            self.idle().entry(key).or_default().push(waiting);
        }
        Ok(answer)
    }

    /// The answer's beginning, over a connection that waits or a new one.
    async fn send(
        &self,
        target: &Target,
        key: &(String, bool),
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Sender), Failure> {
        let failed = |error: hyper::Error| failure::classify(&error, target);
        loop {
            let waiting = self.take(key);
            let is_new = waiting.is_none();
            let mut sender = match waiting {
                Some(waiting) => waiting,
                None => connect(target, key).await?,
            };
            // One that the other end has closed is no longer ready.
            let ready = sender.ready().await;
            if ready.is_err() && !is_new {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => return Ok((response, sender)),
                Err(mut error) => match error.take_message() {
                    // Closed at this moment: nothing of it was sent.
                    Some(unsent) if !is_new => request = unsent,
                    _ => return Err(failed(error.into_error())),
                },
            }
        }
    }

    /// The connection that was used last; those that have waited for too long are closed.
    fn take(&self, key: &(String, bool)) -> Option<Sender> {
        let mut idle = self.idle();
        let waiting = idle.get_mut(key)?;
        let (sender, since) = waiting.pop()?;
        if since.elapsed() < POOL_IDLE {
            return Some(sender);
        }
        // The others have waited for longer.
        waiting.clear();
        None
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(
    target: &Target,
    (authority, lower_case): &(String, bool),
) -> Result<Sender, Failure> {
    let addresses = lookup_host(authority).await;
    let addresses = addresses.map_err(|error| failure::no_address(&error, target))?;
    let addresses: Vec<_> = addresses.collect();
    // Tries one after the other: servers listen on 127.0.0.1, on `::1`, or on both.
    let stream = TcpStream::connect(&addresses[..]).await;
    let stream = stream.map_err(|error| failure::classify(&error, target))?;
    // Without it the last part of a large body may wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new();
    builder.title_case_headers(!lower_case);
    let (sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failure::classify(&error, target))?;
    // Its errors are those of the request on it; it ends with its sender.
    tokio::spawn(connection.with_upgrades());
    Ok(sender)
}

/// The request as it goes out: with what reqwest adds to those that it sends, so that a receiver sees
/// no difference.
fn outgoing(
    target: &Target,
    method: Method,
    request: &delivery::Request,
) -> Result<Request<Full<Bytes>>, Failure> {
    let unsendable = |reason: &dyn Display| failure::unsendable(reason, target);
    let has_length = !request.body.is_empty() || !has_usual_body(&method);
    let built = Request::builder().method(method);
    let built = built.uri(target.request_target());
    let mut outgoing = built
        .body(Full::new(request.body.clone()))
        .map_err(|error| unsendable(&error))?;
    let headers = outgoing.headers_mut();
    copy_fields(request, headers).map_err(|error| unsendable(&error))?;
    if !has_length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let any = HeaderValue::from_static("*/*");
    headers.entry(ACCEPT).or_insert(any);
    if !headers.contains_key(HOST) {
        let host = HeaderValue::from_str(target.host()).map_err(|error| unsendable(&error))?;
        headers.insert(HOST, host);
    }
    Ok(outgoing)
}
