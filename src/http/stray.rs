//! What comes to a port and is no request that can be answered.

use std::net::SocketAddr;
use std::sync::Arc;

/// Why what came was turned away before any service saw it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stray {
    /// A TLS client, at a port without TLS.
    #[error("spoke TLS at this plain port")]
    Tls,
    /// Plain HTTP, at a port with TLS.
    #[error("spoke plain HTTP at this TLS port")]
    Plain,
    /// A TLS client that does not take the certificate, or with which there is nothing in common, in
    /// the words of the library.
    #[error("ended the TLS handshake: {0}")]
    NoHandshake(String),
    /// HTTP/2 from the start, or no valid HTTP at all.
    #[error("sent something that is no HTTP/1.1 request")]
    NotHttp,
    /// HTTP that breaks a rule on which its meaning depends.
    #[error("sent a request that was refused with 400: {0}")]
    Refused(&'static str),
    /// A long head, while others hold all the room there is for such.
    #[error("sent a long head while too many others are held; it was refused with 503")]
    NoRoom,
}

/// Is told what comes astray, and from whom.
pub type Notice = Arc<dyn Fn(Stray, SocketAddr) + Send + Sync>;

impl Stray {
    /// What its sender can do.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Tls => Some("give the sender an `http://` URL, or listen with `--tls`"),
            Self::Plain => Some("give the sender an `https://` URL, or listen without `--tls`"),
            Self::NoHandshake(_) => {
                Some("let it trust the certificate: `curl -k`, `send --insecure`")
            }
            Self::NotHttp | Self::Refused(_) | Self::NoRoom => None,
        }
    }

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
