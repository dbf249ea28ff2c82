//! Request heads as they stood on the wire.
//!
//! hyper lower-cases field names and groups repeats, and a webhook's capture must not. So the bytes
//! that hyper reads pass through a [`HeadRecorder`], which notes every head as it was sent and skips the
//! bodies by count. hyper stays the only authority on framing and limits: a recorded head is used
//! only where it says the same as hyper's own, and a recorder that is at odds falls silent for the
//! rest of the connection.

mod chunks;
mod head;
mod stream;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use hyper::http::request::Parts;
use tokio::sync::OwnedSemaphorePermit;

use super::{ByteBudget, Stray};
use chunks::Chunks;
pub use head::Head;
pub(super) use stream::RecordingStream;

/// How many bytes of heads are read at once. hyper answers all requests that it has read, whether or
/// not anybody takes the answers.
const HEAD_READ: u64 = 4096;

/// The largest head that needs no room of the budget, in bytes: as much as senders usually send at
/// most, so that theirs pass whatever others do.
const USUAL_HEAD: usize = 16 * 1024;

/// How many bytes of bodies are read at once, at least: hyper keeps a buffer of up to twice that for
/// each connection once it was filled. Of what is large, a sixteenth is no more than the body itself.
const BODY_READ: u64 = 16 * 1024;

/// Notes the heads in a stream of requests.
pub(super) struct HeadRecorder {
    state: State,
    /// The bytes of a head that has not ended yet, or whatever came after the body of `head`.
    partial: BytesMut,
    /// The head that waits for the service. It is one alone, as it takes several times
    /// its bytes.
    head: Option<Head>,
    /// How many heads have ended so far.
    ended: u64,
    max_head: usize,
    /// The room for large heads, of all connections.
    room: ByteBudget,
    /// What hyper's buffer takes of it, which lasts as long as the connection.
    buffer_share: Option<OwnedSemaphorePermit>,
    /// What `partial` takes of it, which goes with the head.
    head_share: Option<OwnedSemaphorePermit>,
    /// What came in place of a head.
    stray: Option<Stray>,
}

enum State {
    Head,
    Body(u64),
    Chunked(Chunks),
    Off,
    /// What follows is not HTTP.
    Upgraded,
}

/// A recorder that the stream feeds and the service takes heads from.
pub(super) type SharedRecorder = Arc<Mutex<HeadRecorder>>;

pub(super) fn lock(recorder: &SharedRecorder) -> MutexGuard<'_, HeadRecorder> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HeadRecorder {
    /// A recorder for heads of up to `max_head` bytes, for which there has to be `room`.
    pub(super) fn new(max_head: usize, room: ByteBudget) -> Self {
        Self {
            state: State::Head,
            partial: BytesMut::new(),
            head: None,
            ended: 0,
            max_head,
            room,
            buffer_share: None,
            head_share: None,
            stray: None,
        }
    }

    /// Takes note of the next bytes of the stream, however they are cut.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match &mut self.state {
                State::Off | State::Upgraded => return,
                State::Head if self.head.is_some() => {
                    self.partial.extend_from_slice(bytes);
                    self.check_length();
                    return;
                }
                State::Head => self.feed_head(bytes),
                State::Body(left) => {
                    let rest = skip(left, bytes);
                    if *left == 0 {
                        self.state = State::Head;
                    }
                    rest
                }
                State::Chunked(chunks) => {
                    let rest = chunks.feed(bytes);
                    match chunks.is_done() {
                        Some(true) => self.state = State::Head,
                        Some(false) => {}
                        None => self.turn_off(),
                    }
                    rest
                }
            };
        }
    }

    /// The next head in order, as it was sent where that agrees with what hyper made of it.
    pub(super) fn take(&mut self, parts: &Parts) -> Head {
        match self.next_head() {
            Some(head) if head.agrees_with(parts) => head,
            Some(_) => {
                self.turn_off();
                self.head = None;
                Head::from_parts(parts)
            }
            None => Head::from_parts(parts),
        }
    }

    /// The head that waits; what came after it is looked into from now on.
    fn next_head(&mut self) -> Option<Head> {
        let head = self.head.take()?;
        let rest = std::mem::take(&mut self.partial);
        self.feed(&rest);
        Some(head)
    }

    /// How many bytes are read at once now.
    pub(super) fn read_limit(&self) -> u64 {
        match self.state {
            State::Head => HEAD_READ,
            State::Body(left) => {
                let most = BODY_READ.max(left / 16);
                left.saturating_add(HEAD_READ).min(most)
            }
            State::Chunked(_) | State::Off => BODY_READ,
            State::Upgraded => u64::MAX,
        }
    }

    /// What came in place of a head, once.
    pub(super) const fn take_stray(&mut self) -> Option<Stray> {
        self.stray.take()
    }

    /// Whether a head was given up for want of room.
    pub(super) const fn lacks_room(&self) -> bool {
        matches!(self.stray, Some(Stray::NoRoom))
    }

    /// Records nothing more: the connection goes on in another protocol.
    pub(super) fn upgrade(&mut self) {
        self.turn_off();
        self.head = None;
        self.state = State::Upgraded;
    }

    /// Whether the connection goes on in another protocol.
    pub(super) const fn is_upgraded(&self) -> bool {
        matches!(self.state, State::Upgraded)
    }

    /// How many heads have ended, where one is awaited or under way now.
    pub(super) fn heads_before_this(&self) -> Option<u64> {
        matches!(self.state, State::Head).then_some(self.ended)
    }

    /// Whether some, but not all, of a head is there.
    pub(super) fn is_mid_head(&self) -> bool {
        matches!(self.state, State::Head) && !self.partial.is_empty()
    }

    /// Takes bytes that belong to a head, or start one; gives back those after it.
    fn feed_head<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.partial.is_empty() {
            // Empty lines before a request are allowed (RFC 9112, section 2.2).
            let start = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n'));
            let bytes = start.and_then(|n| bytes.get(n..)).unwrap_or_default();
            return self.try_head(bytes, 0, bytes);
        }
        let before = self.partial.len();
        let mut head = std::mem::take(&mut self.partial);
        head.extend_from_slice(bytes);
        let searched = head.get(before.saturating_sub(3)..).unwrap_or_default();
        if has_empty_line(searched) {
            return self.try_head(&head, before, bytes);
        }
        self.partial = head;
        self.check_length();
        &[]
    }

    /// Reads a head from `all`, of which the last piece is `bytes` and starts at `before`.
    fn try_head<'a>(&mut self, all: &[u8], before: usize, bytes: &'a [u8]) -> &'a [u8] {
        match Head::parse(all, &mut self.head_share) {
            Ok(Some((head, body, length))) => {
                self.note(head, body);
                bytes.get(length - before..).unwrap_or_default()
            }
            Ok(None) => {
                self.partial = BytesMut::from(all);
                self.check_length();
                &[]
            }
            // hyper says so to whoever sent it.
            Err(httparse::Error::TooManyHeaders) => {
                self.turn_off();
                &[]
            }
            Err(_) => {
                self.stray = Some(Stray::of(all));
                self.turn_off();
                &[]
            }
        }
    }

    fn note(&mut self, head: Head, body: Option<u64>) {
        self.ended += 1;
        self.head = Some(head);
        self.state = match body {
            Some(0) => State::Head,
            Some(length) => State::Body(length),
            None => State::Chunked(Chunks::new()),
        };
    }

    fn check_length(&mut self) {
        let length = self.partial.len();
        if length > self.max_head {
            self.turn_off();
        } else if length > USUAL_HEAD && !self.make_room(length) {
            self.stray = Some(Stray::NoRoom);
            self.turn_off();
        }
    }

    fn make_room(&mut self, length: usize) -> bool {
        self.room.cover(&mut self.buffer_share, length)
            && self.room.cover(&mut self.head_share, length)
    }

    /// Notes nothing more. A head that waits was read before, and stays what it is.
    fn turn_off(&mut self) {
        self.state = State::Off;
        self.partial = BytesMut::new();
        self.head_share = None;
    }
}

/// Takes up to `left` bytes off the front; gives back the rest.
fn skip<'a>(left: &mut u64, bytes: &'a [u8]) -> &'a [u8] {
    let taken = usize::try_from(*left).map_or(bytes.len(), |n| n.min(bytes.len()));
    *left -= taken as u64;
    bytes.get(taken..).unwrap_or_default()
}

fn has_empty_line(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|w| w == b"\n\n") || bytes.windows(3).any(|w| w == b"\n\r\n")
}

#[cfg(test)]
mod tests;
