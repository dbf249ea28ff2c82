//! The service of a receiver, to which each request comes whole.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};

use super::detach::{ConnectionPermit, DetachOnDrop};
use super::{Arrival, ByteBudget, Handler, Head, Limits, body};

/// A service that reads each body within `limits` and `budget`, and lets `handler` answer what
/// arrived, to its end even where the sender leaves.
pub fn buffered<H: Handler>(
    handler: Arc<H>,
    limits: Limits,
    budget: ByteBudget,
) -> impl Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync {
    service_fn(move |request: Request<Incoming>| {
        let (handler, budget) = (Arc::clone(&handler), budget.clone());
        let permit = request.extensions().get::<ConnectionPermit>().cloned();
        let answer = async move { Ok(answer(request, &*handler, &limits, &budget).await) };
        DetachOnDrop::new(answer, permit)
    })
}

async fn answer<H: Handler>(
    request: Request<Incoming>,
    handler: &H,
    limits: &Limits,
    budget: &ByteBudget,
) -> Response<Full<Bytes>> {
    let (mut parts, body) = request.into_parts();
    // Both are there for whatever `serve` passes on.
    let head = parts.extensions.remove::<Head>();
    let remote = parts.extensions.remove::<SocketAddr>();
    let (body, problem) = body::receive(body, limits, budget).await;
    let arrival = Arrival {
        request: head
            .unwrap_or_else(|| Head::from_parts(&parts))
            .into_request(body, problem.is_none()),
        remote: remote.unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into()),
        problem,
    };
    let reply = handler.handle(arrival).await;
    reply.into_response(problem.is_some())
}
