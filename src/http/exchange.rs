//! What the server hands up and gets back.

use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::header::{CONNECTION, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use super::fields;
use crate::delivery::{Headers, Request};

/// A reply that may be waited for, and is dropped when its sender leaves.
pub type Pending = BoxFuture<'static, Reply>;

/// Answers what arrives.
pub trait Handler: Send + Sync + 'static {
    /// Takes in one arrival, which is run to its end even when the sender has left.
    fn handle(&self, arrival: Arrival) -> impl Future<Output = Pending> + Send;
}

/// A request that was received, as far as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The request; with a problem, its body is what came so far and `body_complete` is false.
    pub request: Request,
    /// The other end of the connection.
    pub remote: SocketAddr,
    /// Why the body was not read to its end. The connection is closed after the reply.
    pub problem: Option<Problem>,
}

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It is, or says that it is, larger than `limit` bytes; nothing of it is kept.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The bodies that are held now leave no room for it within the limits; nothing of it is kept.
    NoRoom,
    /// It paused for too long, or took too long in all.
    Stalled,
    /// The sender left or broke the framing.
    Aborted,
}

/// The status of no answer at all: the connection is reset.
pub const NO_ANSWER: u16 = 0;

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code, or [`NO_ANSWER`]; one that can't end an exchange (below 200, over 999) goes out
    /// as 500.
    pub status: u16,
    /// The header fields; hop-by-hop ones and `Content-Length` are the server's and are dropped.
    pub headers: Headers,
    /// The content.
    pub body: Bytes,
}

impl Reply {
    /// A reply without content.
    pub const fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Headers::new(),
            body: Bytes::new(),
        }
    }

    /// A reply whose content is the JSON text given.
    pub fn json(status: u16, text: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: [("Content-Type", "application/json")].into_iter().collect(),
            body: text.into(),
        }
    }

    /// The same with one more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Bytes>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// The same with these fields in place of its own of their names.
    #[must_use]
    pub fn with_all(mut self, headers: &Headers) -> Self {
        for (name, _) in headers.iter() {
            self.headers.remove(name);
        }
        for (name, value) in headers.iter() {
            self.headers.push(name, value.clone());
        }
        self
    }

    /// As hyper wants it; `last` ends the connection after it.
    pub(super) fn into_response(self, last: bool) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = final_status(self.status);
        for (name, value) in fields::end_to_end(&self.headers) {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_maybe_shared(value.clone());
            // A name or value that cannot stand in a head is left out rather than sent broken.
            if let (Ok(name), Ok(value)) = (name, value) {
                response.headers_mut().append(name, value);
            }
        }
        if last {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        response
    }
}

fn final_status(code: u16) -> StatusCode {
    StatusCode::from_u16(code)
        .ok()
        .filter(|status| !status.is_informational())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_ends_no_exchange_is_not_sent() {
        assert_eq!(final_status(100), 500);
        assert_eq!(final_status(1000), 500);
        assert_eq!(final_status(599), 599);
    }

    #[test]
    fn fields_that_would_break_the_head_are_left_out() {
        let reply = Reply::empty(200)
            .with("X-Split", "a\r\nSet-Cookie: b")
            .with("bad name", "c")
            .with("X-Kept", "d");
        let response = reply.into_response(false);
        assert_eq!(response.headers().len(), 1);
        assert_eq!(response.headers()["x-kept"], "d");
    }
}
