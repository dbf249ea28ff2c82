//! The accept loop.

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::select_all;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::{Connection, SharedService, close};
use super::seat::{Seat, Seats};
use super::stage::Stage;
use super::{ByteBudget, Limits, Notice, Stray};

/// How long requests under way may still take once the server is asked to end.
pub const GRACE: Duration = Duration::from_secs(10);

/// How long to wait after an accept that failed for want of files or memory, so that the loop does
/// not spin until some are free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Said to who speaks plain HTTP where TLS is spoken.
const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nthis port takes HTTPS: give an https:// URL\n";

/// Serves what comes in on `listeners` until `shutdown` is ready; then takes nothing new and returns
/// once the requests under way are answered, or after [`GRACE`].
///
/// The service finds the head as it came ([`super::Head`]) and the peer's [`SocketAddr`] in the
/// extensions of each request. It may stream its answers and upgrade connections, an error of it
/// resets the connection, and its work is dropped when the sender leaves. What is turned away before it is told to `notice`. For an upgraded connection, `shutdown` is the end of what is
/// read, and after [`GRACE`] it can't be written to any more.
///
/// The limits hold for each connection, those of bodies where the service reads them; see
/// [`Limits`] and [`super::buffered`].
pub async fn serve<S, B>(
    listeners: Vec<TcpListener>,
    tls: Option<TlsAcceptor>,
    service: S,
    limits: Limits,
    notice: Notice,
    shutdown: impl Future<Output = ()>,
) where
    S: Service<hyper::Request<Incoming>, Response = hyper::Response<B>> + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let service = shared(service);
    let mut shutdown = pin!(shutdown);
    let (stage, watched) = watch::channel(Stage::Open);
    let seats = Seats::new(limits);
    let heads = ByteBudget::new(limits.max_heads);
    loop {
        let (stream, connection) = tokio::select! {
            () = &mut shutdown => break,
            (stream, remote, seat) = next(&listeners, &seats) => (stream, Connection {
                remote,
                limits,
                heads: heads.clone(),
                seat,
                stage: watched.clone(),
                notice: Arc::clone(&notice),
            }),
        };
        let (tls, service) = (tls.clone(), Arc::clone(&service));
        tokio::spawn(receive(connection, stream, tls, service));
    }
    drop(listeners);
    stage.send_replace(Stage::Draining);
    // Every connection, and every handler that outlived one, holds a seat.
    let _ = timeout(GRACE, seats.all_free()).await;
    stage.send_replace(Stage::Ended);
}

/// The service with its types erased, so that what follows is compiled once.
fn shared<S, B>(service: S) -> SharedService
where
    S: Service<hyper::Request<Incoming>, Response = hyper::Response<B>> + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    Arc::new(move |request| {
        let answer = service.call(request);
        let answer = async move {
            let response = answer.await.map_err(io::Error::other)?;
            Ok(response.map(|body| body.map_err(io::Error::other).boxed_unsync()))
        };
        answer.boxed()
    })
}

/// The next connection with its seat. One waits for a seat here, all others in the system's queue.
async fn next(listeners: &[TcpListener], seats: &Arc<Seats>) -> (TcpStream, SocketAddr, Arc<Seat>) {
    let any = || {
        let accepting = listeners.iter().map(|listener| Box::pin(listener.accept()));
        select_all(accepting).map(|(accepted, ..)| accepted)
    };
    let (stream, remote) = accept(any).await;
    (stream, remote, seats.take().await)
}

/// Serves one connection, after its handshake where there is TLS.
async fn receive(
    mut connection: Connection,
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    service: SharedService,
) {
    // Without it the last part of a large reply may wait for an acknowledgement; where it can't be
    // set, that is all that happens.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return connection.run(stream, |stream| stream, service).await;
    };
    let notice = (Arc::clone(&connection.notice), connection.remote);
    let handshake = secure(stream, &tls, &notice);
    let stream = tokio::select! {
        result = timeout(connection.limits.handshake_time, handshake) => result,
        _ = connection.stage.wait_for(|stage| *stage != Stage::Open) => return,
        () = connection.seat.is_needed() => return,
    };
    if let Ok(Some(stream)) = stream {
        connection.run(stream, below_tls, service).await;
    }
}

fn below_tls(stream: &TlsStream<TcpStream>) -> &TcpStream {
    stream.get_ref().0
}

/// The stream within TLS; `None` where there is none.
async fn secure(
    stream: TcpStream,
    tls: &TlsAcceptor,
    (notice, remote): &(Notice, SocketAddr),
) -> Option<TlsStream<TcpStream>> {
    let mut first = [0];
    if stream.peek(&mut first).await.ok()? > 0 && first[0].is_ascii_alphabetic() {
        notice(Stray::Plain, *remote);
        close(stream, PLAIN).await;
        return None;
    }
    match tls.accept(stream).await {
        Ok(stream) => Some(stream),
        // Whoever only looks whether the port is open.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
        Err(error) => {
            notice(Stray::NoHandshake(error.to_string()), *remote);
            None
        }
    }
}

/// Accepts until it succeeds. An error here belongs to one connection, or to a shortage that ends.
async fn accept<T, F>(mut listen: impl FnMut() -> F) -> T
where
    F: Future<Output = io::Result<T>>,
{
    loop {
        match listen().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_connection(&error) => {}
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

#[cfg(test)]
mod tests;
