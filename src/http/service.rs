//! The service of a receiver, to which each request comes whole.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};

use super::detach::DetachOnDrop;
use super::seat::Seat;
use super::{Arrival, ByteBudget, Handler, Head, Limits, NO_ANSWER, Pending, Reply, body};

/// A service that reads each body within `limits` and `budget`, and lets `handler` take in what
/// arrived, to its end even where the sender leaves. Who waits for the answer then gives its seat to
/// others.
pub fn buffered<H: Handler>(
    handler: Arc<H>,
    limits: Limits,
    budget: ByteBudget,
) -> impl Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = io::Error, Future: Send>
+ Clone
+ Send
+ Sync {
    service_fn(move |request: Request<Incoming>| {
        let (handler, budget) = (Arc::clone(&handler), budget.clone());
        let seat = request.extensions().get::<Arc<Seat>>().cloned();
        let arrival = handle(request, handler, limits, budget, seat.clone());
        let arrival = DetachOnDrop::new(arrival, seat.clone());
        async move {
            let (pending, is_incomplete) = arrival.await;
            let (reply, is_seated) = wait(pending, seat.as_deref()).await;
            if reply.status == NO_ANSWER {
                // An error of the service resets its connection.
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            Ok(reply.into_response(is_incomplete || !is_seated))
        }
    })
}

/// Lets an arrival be handled; what comes of it, and whether it came only in part.
async fn handle<H: Handler>(
    request: Request<Incoming>,
    handler: Arc<H>,
    limits: Limits,
    budget: ByteBudget,
    seat: Option<Arc<Seat>>,
) -> (Pending, bool) {
    let (mut parts, body) = request.into_parts();
    // Both are there for whatever `serve` passes on.
    let head = parts.extensions.remove::<Head>();
    let remote = parts.extensions.remove::<SocketAddr>();
    let (body, problem) = body::receive(body, &limits, &budget).await;
    if let Some(seat) = seat {
        seat.set_awaited(false);
    }
    let arrival = Arrival {
        request: head
            .unwrap_or_else(|| Head::from_parts(&parts))
            .into_request(body, problem.is_none()),
        remote: remote.unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into()),
        problem,
    };
    (handler.handle(arrival).await, problem.is_some())
}

/// The reply, and whether the connection may go on: it gives its seat away while it waits.
async fn wait(mut pending: Pending, seat: Option<&Seat>) -> (Reply, bool) {
    let is_seated = |seat: &Seat| {
        seat.set_awaited(true);
        seat.sit_down()
    };
    let reply = match poll_fn(|context| Poll::Ready(pending.poll_unpin(context))).await {
        Poll::Ready(reply) => reply,
        Poll::Pending => {
            if let Some(seat) = seat {
                seat.stand_aside();
            }
            pending.await
        }
    };
    (reply, seat.is_none_or(is_seated))
}
