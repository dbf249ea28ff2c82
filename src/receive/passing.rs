//! What an application gets of a delivery, and what the sender gets of its answer.

use std::net::SocketAddr;

use super::replies::error;
use crate::delivery::{Attempt, Delivery, FailureKind, Headers, Request};
use crate::http::Reply;

/// The request that the application gets: with the headers that are `added`, and told where it comes
/// from where a scheme is `forwarded`.
pub(super) fn outgoing(
    delivery: &Delivery,
    forwarded: Option<&'static str>,
    added: &Headers,
) -> Request {
    let mut outgoing = delivery.request.clone();
    let headers = &mut outgoing.headers;
    if let Some(scheme) = forwarded {
        let remote = delivery.remote.as_deref().unwrap_or_default();
        let sender = remote.parse::<SocketAddr>();
        let sender = sender.map(|address| address.ip().to_canonical().to_string());
        // Whoever is in front of this program has said where the delivery comes from.
        let chain = headers.text("X-Forwarded-For").into_iter();
        let chain: Vec<_> = chain.map(str::to_owned).chain(sender).collect();
        headers.set("X-Forwarded-For", chain.join(", "));
        if let Some(host) = headers.text("Host").map(str::to_owned) {
            headers.set("X-Forwarded-Host", host);
        }
        headers.set("X-Forwarded-Proto", scheme);
    }
    // The name by which the sender reached this program.
    headers.remove("Host");
    for (name, value) in added.iter() {
        headers.set(name, value.clone());
    }
    outgoing
}

/// The application's answer. Why there is none tells where the application is, which no stranger
/// needs to know.
pub(super) fn reply_of(attempt: &Attempt, is_from_owner: bool) -> Reply {
    let failure = match &attempt.outcome {
        Ok(answer) => {
            return Reply {
                status: answer.status,
                headers: answer.headers.clone(),
                body: answer.body.clone(),
            };
        }
        Err(failure) => failure,
    };
    let (status, message) = match failure.kind {
        FailureKind::Timeout => (504, "the application did not answer in time"),
        _ => (502, "the application could not be reached"),
    };
    error(
        status,
        if is_from_owner {
            &failure.message
        } else {
            message
        },
    )
}
