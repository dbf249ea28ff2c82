//! The accept loop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection::{self, Stage};
use super::finish::Seat;
use super::{Handler, Limits};

/// How long requests under way may still take once the server is asked to end.
pub const GRACE: Duration = Duration::from_secs(10);

/// How long to wait after an accept that failed for want of files or memory, so that the loop does
/// not spin until some are free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves what comes in on `listener` until `shutdown` is ready; then takes nothing new and returns
/// once the requests under way are answered, or after [`GRACE`].
///
/// The limits hold for each connection; see [`Limits`].
pub async fn serve<H: Handler>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    handler: Arc<H>,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let mut shutdown = pin!(shutdown);
    let (stage, watched) = watch::channel(Stage::Open);
    let seats = Arc::new(Semaphore::new(usize::from(limits.max_connections)));
    loop {
        let (stream, remote, seat) = tokio::select! {
            () = &mut shutdown => break,
            Some(seated) = next(&listener, &seats) => seated,
        };
        let visit = Visit {
            remote,
            handler: Arc::clone(&handler),
            limits,
            seat,
            stage: watched.clone(),
        };
        tokio::spawn(visit.receive(stream, tls.clone()));
    }
    drop(listener);
    stage.send_replace(Stage::Draining);
    // Every connection, and every handler that outlived one, holds a seat.
    let all = u32::from(limits.max_connections);
    let _ = timeout(GRACE, seats.acquire_many(all)).await;
    stage.send_replace(Stage::Ended);
}

/// The next connection with its seat, which is taken first: beyond the limit, connections wait in
/// the system's queue.
async fn next(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, Seat)> {
    let seat = Arc::clone(seats).acquire_owned().await.ok()?;
    let (stream, remote) = accept(|| listener.accept()).await;
    Some((stream, remote, Arc::new(seat)))
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

/// A connection that was accepted, and what serving it takes.
struct Visit<H> {
    remote: SocketAddr,
    handler: Arc<H>,
    limits: Limits,
    seat: Seat,
    stage: watch::Receiver<Stage>,
}

impl<H: Handler> Visit<H> {
    async fn receive(mut self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        // Without it the last part of a large reply may wait for an acknowledgement; where it can't
        // be set, that is all that happens.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else {
            return self.serve(stream).await;
        };
        let handshake = timeout(self.limits.handshake_time, tls.accept(stream));
        let stream = tokio::select! {
            result = handshake => result,
            _ = self.stage.wait_for(|stage| *stage != Stage::Open) => return,
        };
        if let Ok(Ok(stream)) = stream {
            self.serve(stream).await;
        }
    }

    async fn serve<S>(self, stream: S)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        let (remote, handler, limits) = (self.remote, self.handler, self.limits);
        connection::run(stream, remote, handler, limits, self.seat, self.stage).await;
    }
}

#[cfg(test)]
mod tests;
