//! What a connection may cost: sizes, times and counts.

use std::time::Duration;

/// The largest body taken by default: 25 MiB, the most that GitHub, the largest sender among the
/// known ones, puts into a webhook.
pub const MAX_BODY: usize = 25 * 1024 * 1024;
/// How many bytes of received bodies are held at once, however they are held: while they are read,
/// queue for the log or wait to be forwarded. Further bodies wait to be read.
pub const MAX_HELD: usize = 256 * 1024 * 1024;
/// The largest request head in bytes, request line included; more is answered 431.
pub const MAX_HEAD: usize = 128 * 1024;
/// How many bytes of large heads are held at once, by their connections and by who handles them.
/// Further ones are answered 503; heads of a usual size need no room here.
pub const MAX_HEADS: usize = 64 * 1024 * 1024;
/// How long a request head may take from its first byte to its last.
pub const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a body may pause between two pieces.
pub const BODY_IDLE: Duration = Duration::from_secs(10);
/// How long a body may take in all.
pub const BODY_TOTAL: Duration = Duration::from_secs(5 * 60);
/// How many bytes a body has to bring in a second, once [`BODY_SLOW`] is over.
pub const BODY_RATE: usize = 1024;
/// For how long a body may be slower than [`BODY_RATE`].
pub const BODY_SLOW: Duration = Duration::from_secs(30);
/// How long a connection may wait for its next request. Longer than the pools of common senders
/// keep theirs, so that it is not this end which closes a connection just as it is used again.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the other end may refuse to take the next bytes of a reply.
pub const WRITE_IDLE: Duration = Duration::from_secs(30);
/// How long a TLS handshake may take.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// How many connections are served at once; further ones wait in the system's queue.
pub const MAX_CONNECTIONS: u16 = 1024;
/// How many connections may wait for an answer besides, such as for an application's; of several
/// applications, so many for each.
pub const MAX_WAITING: u16 = 1024;

/// The limits of a server. [`Limits::default`] takes the constants of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body in bytes; see [`MAX_BODY`].
    pub max_body: usize,
    /// How many bytes of bodies are held at once; see [`MAX_HELD`].
    pub max_held: usize,
    /// The largest request head in bytes; see [`MAX_HEAD`].
    pub max_head: usize,
    /// How many bytes of large heads are held at once; see [`MAX_HEADS`].
    pub max_heads: usize,
    /// The deadline for a request head; see [`HEAD_TIME`].
    pub head_time: Duration,
    /// The longest pause within a body; see [`BODY_IDLE`].
    pub body_idle: Duration,
    /// The deadline for a body; see [`BODY_TOTAL`].
    pub body_total: Duration,
    /// The least bytes of a body in a second; see [`BODY_RATE`].
    pub body_rate: usize,
    /// For how long a body may be slower; see [`BODY_SLOW`].
    pub body_slow: Duration,
    /// The longest wait for a next request; see [`KEEP_ALIVE`].
    pub keep_alive: Duration,
    /// The longest pause while a reply is written; see [`WRITE_IDLE`].
    pub write_idle: Duration,
    /// The deadline for a TLS handshake; see [`HANDSHAKE_TIME`].
    pub handshake_time: Duration,
    /// How many connections at once; see [`MAX_CONNECTIONS`].
    pub max_connections: u16,
    /// How many wait for an answer besides; see [`MAX_WAITING`].
    pub max_waiting: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body: MAX_BODY,
            max_held: MAX_HELD,
            max_head: MAX_HEAD,
            max_heads: MAX_HEADS,
            head_time: HEAD_TIME,
            body_idle: BODY_IDLE,
            body_total: BODY_TOTAL,
            body_rate: BODY_RATE,
            body_slow: BODY_SLOW,
            keep_alive: KEEP_ALIVE,
            write_idle: WRITE_IDLE,
            handshake_time: HANDSHAKE_TIME,
            max_connections: MAX_CONNECTIONS,
            max_waiting: MAX_WAITING,
        }
    }
}
