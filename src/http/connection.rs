//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::timeout;

use super::finish::{Finish, Seat};
use super::wire::{Head, SharedRecorder, Tap};
use super::{Arrival, Handler, Limits, Reply, body};
use crate::delivery::Request;

/// How long a closed connection is still read from. Without it, a sender that is not done sending
/// gets a reset in place of the reply (RFC 9112, section 9.6).
const LINGER: Duration = Duration::from_secs(2);

/// Sent where a head came too slowly; hyper would close without a word.
const HEAD_STALLED: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// How far the server is on its way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Requests are taken.
    Open,
    /// No new request; those under way finish.
    Draining,
    /// Over.
    Ended,
}

type Connection<S, H> = http1::Connection<TokioIo<Tap<S>>, Exchange<H>>;

/// Serves one connection until it ends by itself or the stage is [`Stage::Ended`].
pub(super) async fn run<S, H>(
    stream: S,
    remote: SocketAddr,
    handler: Arc<H>,
    limits: Limits,
    seat: Seat,
    mut stage: watch::Receiver<Stage>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler,
{
    let recorder = SharedRecorder::new(limits.max_head);
    let tap = Tap::new(stream, recorder.clone(), &limits);
    let exchange = Exchange {
        handler,
        recorder,
        remote,
        limits,
        seat,
    };
    let mut connection = builder(&limits).serve_connection(TokioIo::new(tap), exchange);
    drive(&mut connection, &mut stage).await;
    if *stage.borrow() == Stage::Ended {
        return;
    }
    let (stream, head_stalled) = connection.into_parts().io.into_inner().into_parts();
    tokio::select! {
        () = close(stream, head_stalled) => {}
        _ = stage.wait_for(|stage| *stage == Stage::Ended) => {}
    }
}

fn builder(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.keep_alive)
        .max_header_size(limits.max_head)
        // A sender may close its half once the request is out; it still waits for the reply.
        .half_close(true)
        .title_case_headers(true);
    builder
}

async fn drive<S, H>(connection: &mut Connection<S, H>, stage: &mut watch::Receiver<Stage>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler,
{
    loop {
        let changed = tokio::select! {
            biased;
            // What ended it is no news: the reply went out or nobody is there to take it.
            _ = poll_fn(|cx| connection.poll_without_shutdown(cx)) => return,
            changed = stage.changed() => changed,
        };
        match (changed, *stage.borrow_and_update()) {
            (Ok(()), Stage::Open) => {}
            (Ok(()), Stage::Draining) => Pin::new(&mut *connection).graceful_shutdown(),
            (Ok(()), Stage::Ended) | (Err(_), _) => return,
        }
    }
}

/// Ends the sending half, and lets the other end take what was sent.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, head_stalled: bool) {
    let farewell = async {
        if head_stalled {
            stream.write_all(HEAD_STALLED).await?;
        }
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    // However it ends, the connection is gone.
    let _ = timeout(LINGER, farewell).await;
}

/// hyper's view of the handler: one call per request.
struct Exchange<H> {
    handler: Arc<H>,
    recorder: SharedRecorder,
    remote: SocketAddr,
    limits: Limits,
    seat: Seat,
}

type Response = hyper::Response<Full<Bytes>>;

impl<H: Handler> Service<hyper::Request<Incoming>> for Exchange<H> {
    type Response = Response;
    type Error = Infallible;
    type Future = Finish<Result<Response, Infallible>>;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let head = self.recorder.lock().take(&parts);
        let (handler, limits, remote) = (Arc::clone(&self.handler), self.limits, self.remote);
        let work = async move {
            if let Some(refusal) = refusal(&head) {
                return Ok(refusal.into_response(true));
            }
            let (body, problem) = body::receive(body, &limits).await;
            let arrival = Arrival {
                request: request_of(head, body, problem.is_none()),
                remote,
                problem,
            };
            Ok(handler
                .handle(arrival)
                .await
                .into_response(problem.is_some()))
        };
        Finish::new(work, Arc::clone(&self.seat))
    }
}

/// What is turned away before a handler sees it: a request whose end is in doubt, and `CONNECT`,
/// to which any success would promise a tunnel.
fn refusal(head: &Head) -> Option<Reply> {
    if head.has_two_framings() {
        Some(Reply::empty(400))
    } else if head.method == "CONNECT" {
        Some(Reply::empty(405))
    } else {
        None
    }
}

fn request_of(head: Head, body: Bytes, body_complete: bool) -> Request {
    Request {
        method: head.method,
        target: head.target,
        version: head.version.to_owned(),
        headers: head.fields,
        body,
        body_complete,
    }
}
