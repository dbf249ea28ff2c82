//! One connection, from its first byte to its last.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::seat::Seat;
use super::stage::Stage;
use super::wire::{HeadRecorder, RecordingStream, SharedRecorder};
use super::{ByteBudget, Limits, Notice, Stray, wire};

/// How long a closed connection is still read from. Without it, a sender that is not done sending
/// gets a reset in place of the reply (RFC 9112, section 9.6).
const LINGER: Duration = Duration::from_secs(2);

/// The smallest buffer that hyper takes, for what is read and for what is written.
const LEAST_BUFFER: usize = 8192;

/// An answer's body; an error, which holds the service's own, resets the connection.
type AnswerBody = UnsyncBoxBody<Bytes, io::Error>;

/// What answers the requests of all connections.
pub(super) type SharedService = Arc<
    dyn Fn(Request<Incoming>) -> BoxFuture<'static, Result<Response<AnswerBody>, io::Error>>
        + Send
        + Sync,
>;

/// A connection that was accepted, and what it is held to.
pub(super) struct Connection {
    pub(super) remote: SocketAddr,
    pub(super) limits: Limits,
    /// The room for large heads, of all connections.
    pub(super) heads: ByteBudget,
    pub(super) seat: Arc<Seat>,
    pub(super) stage: watch::Receiver<Stage>,
    pub(super) notice: Notice,
}

impl Connection {
    /// Serves it until it ends by itself, is upgraded, its seat is needed, or the stage is
    /// [`Stage::Ended`]. `socket` tells on which socket the stream goes.
    pub(super) async fn run<S>(
        self,
        stream: S,
        socket: fn(&S) -> &TcpStream,
        service: SharedService,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let seat = Arc::clone(&self.seat);
        tokio::select! {
            () = self.serve(stream, socket, service) => {}
            () = seat.is_needed() => {}
        }
    }

    async fn serve<S>(mut self, stream: S, socket: fn(&S) -> &TcpStream, service: SharedService)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let recorder = HeadRecorder::new(self.limits.max_head, self.heads.clone());
        let recorder = Arc::new(Mutex::new(recorder));
        let held = (Arc::clone(&self.seat), self.stage.clone());
        let (give_back, mut returned) = oneshot::channel();
        let stream = RecordingStream::new(stream, &recorder, &self.limits, held, give_back);
        let service = self.recorded(service, Arc::clone(&recorder));
        let mut connection = builder(&self.limits)
            .serve_connection(TokioIo::new(stream), service_fn(|request| service(request)))
            .with_upgrades();
        let has_failed = drive(Pin::new(&mut connection), &mut self.stage).await;
        drop(connection);
        if let Some(stray) = wire::lock(&recorder).take_stray() {
            (self.notice)(stray, self.remote);
        }
        // Nothing of its heads is left, however long the farewell takes.
        drop(recorder);
        if *self.stage.borrow() == Stage::Ended {
            return;
        }
        // Where it was upgraded, the stream is not given back.
        let Ok((stream, last_words)) = returned.try_recv() else {
            return;
        };
        if has_failed {
            // Closed in order, it would tell the other end that this was the whole answer. Where it
            // can't be set, that is all that happens.
            let _ = socket(&stream).set_zero_linger();
            return;
        }
        tokio::select! {
            () = close(stream, last_words) => {}
            _ = self.stage.wait_for(|stage| *stage == Stage::Ended) => {}
        }
    }

    /// The layer that puts the head as it came, the peer's address and the connection's seat into
    /// the extensions of each request.
    fn recorded(&self, service: SharedService, recorder: SharedRecorder) -> SharedService {
        let (remote, seat) = (self.remote, Arc::clone(&self.seat));
        let notice = Arc::clone(&self.notice);
        Arc::new(move |request| {
            let (mut parts, body) = request.into_parts();
            let head = wire::lock(&recorder).take(&parts);
            if let Some(rule) = head.broken_rule() {
                notice(Stray::Refused(rule), remote);
                return std::future::ready(Ok(refused(StatusCode::BAD_REQUEST))).boxed();
            }
            // To CONNECT, any success would promise a tunnel.
            if head.method == "CONNECT" {
                return std::future::ready(Ok(refused(StatusCode::METHOD_NOT_ALLOWED))).boxed();
            }
            parts.extensions.insert(head);
            parts.extensions.insert(remote);
            parts.extensions.insert(Arc::clone(&seat));
            let answer = service(Request::from_parts(parts, body));
            let recorder = Arc::clone(&recorder);
            let answer = async move {
                let response = answer.await?;
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    // What follows on this connection is not HTTP.
                    wire::lock(&recorder).upgrade();
                }
                Ok(response)
            };
            answer.boxed()
        })
    }
}

fn builder(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.keep_alive)
        .max_header_size(limits.max_head)
        .max_buf_size(limits.max_head.max(LEAST_BUFFER))
        // A sender may close its half once the request is out; it still waits for the reply.
        .half_close(true)
        .title_case_headers(true);
    builder
}

/// Drives it to its end; whether the service ended it by an error.
async fn drive<I, S>(
    mut connection: Pin<&mut http1::UpgradeableConnection<I, S>>,
    stage: &mut watch::Receiver<Stage>,
) -> bool
where
    I: Read + Write + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<AnswerBody>, Error = io::Error>,
{
    loop {
        let changed = tokio::select! {
            biased;
            // What else ended it is no news: the reply went out or nobody is there to take it.
            ended = &mut connection => return ended.is_err_and(|error| error.is_user()),
            changed = stage.changed() => changed,
        };
        match (changed, *stage.borrow_and_update()) {
            (Ok(()), Stage::Open) => {}
            (Ok(()), Stage::Draining) => connection.as_mut().graceful_shutdown(),
            (Ok(()), Stage::Ended) | (Err(_), _) => return false,
        }
    }
}

/// Says the last words, ends the sending half, and lets the other end take what was sent.
pub(super) async fn close<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, last_words: &[u8]) {
    let farewell = async {
        stream.write_all(last_words).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    // However it ends, the connection is gone.
    let _ = timeout(LINGER, farewell).await;
}

/// An empty answer that ends the connection.
fn refused(status: StatusCode) -> Response<AnswerBody> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}
