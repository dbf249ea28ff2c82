//! What comes to a port and is no request that can be answered.

use std::net::SocketAddr;
use std::sync::Arc;

/// Why what came was turned away before any service saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stray {
    /// A TLS client, at a port without TLS.
    Tls,
    /// Plain HTTP, at a port with TLS.
    Plain,
    /// A TLS client that does not take the certificate, or with which there is nothing in common, in
    /// the words of the library.
    NoHandshake(String),
    /// HTTP/2 from the start, or no valid HTTP at all.
    NotHttp,
    /// HTTP that breaks a rule on which its meaning depends.
    Refused(&'static str),
}

/// Is told what comes astray, and from whom.
pub type Notice = Arc<dyn Fn(Stray, SocketAddr) + Send + Sync>;

impl Stray {
    /// What the beginning of a connection without TLS is that cannot be read as a request.
    pub(super) fn of(bytes: &[u8]) -> Self {
        // A handshake record of some version of TLS (RFC 8446, section 5.1).
        if bytes.starts_with(&[22, 3]) {
            Self::Tls
        } else {
            Self::NotHttp
        }
    }
}
