//! Reading a body within its limits; hyper has none of its own.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::budget::{self, ByteBudget};
use super::{Limits, Problem};

/// The most that a declared length makes us reserve before the bytes are there.
const MAX_RESERVE: usize = 1024 * 1024;

/// The first share of a body that does not declare its length, in bytes.
const FIRST_SHARE: usize = 64 * 1024;

/// Reads `body` to its end, or as far as the limits and the budget let it. A body that says it is
/// too large is left untouched, so that `Expect: 100-continue` gets the final status and no 100; so
/// is one for which there is no room.
pub(super) async fn receive<B>(
    mut body: B,
    limits: &Limits,
    budget: &ByteBudget,
) -> (Bytes, Option<Problem>)
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.is_end_stream() {
        return (Bytes::new(), None);
    }
    let start = Instant::now();
    let pause = |received| next_deadline(start, received, limits);
    let buffer = BodyBuffer::new(body.size_hint().exact(), limits.max_body, budget);
    let mut buffer = match timeout_at(pause(0), buffer).await {
        Err(_) => return (Bytes::new(), Some(Problem::NoRoom)),
        Ok(Err(problem)) => return (Bytes::new(), Some(problem)),
        Ok(Ok(buffer)) => buffer,
    };
    while !body.is_end_stream() {
        let frame = match timeout_at(pause(buffer.len()), body.frame()).await {
            Err(_) => return (buffer.into_bytes(), Some(Problem::Stalled)),
            Ok(Some(Err(_))) => return (buffer.into_bytes(), Some(Problem::Aborted)),
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
        };
        // What is no data is a trailer, and trailers are no part of a request here.
        if let Err(problem) = buffer.push(frame.into_data().unwrap_or_default()) {
            return (Bytes::new(), Some(problem));
        }
    }
    (buffer.into_bytes(), None)
}

/// When the next piece has to be there: before the pause is too long, and before the body is too slow
/// or late in all.
fn next_deadline(start: Instant, received: usize, limits: &Limits) -> Instant {
    let paid_for = received / limits.body_rate.max(1);
    let slow = Duration::from_secs(paid_for as u64).max(limits.body_slow);
    let pause = Instant::now() + limits.body_idle;
    pause.min(start + slow.min(limits.body_total))
}

/// The pieces of a body within their share of the budget. One piece, the usual case, is kept as it
/// is and never copied.
///
/// Half-read bodies can't wait for each other: one that declares its length has the whole share
/// before its first byte is read, and any other waits only while it holds nothing, and is refused
/// where it can't grow at once.
pub(super) struct BodyBuffer<'a> {
    first: Bytes,
    joined: Vec<u8>,
    limit: usize,
    /// How many bytes the share is for.
    allowed: usize,
    share: Option<OwnedSemaphorePermit>,
    budget: &'a ByteBudget,
}

impl<'a> BodyBuffer<'a> {
    /// A buffer for at most `limit` bytes, once there is room for the declared length.
    pub(super) async fn new(
        declared: Option<u64>,
        limit: usize,
        budget: &'a ByteBudget,
    ) -> Result<Self, Problem> {
        let allowed = match declared {
            Some(length) => usize::try_from(length).unwrap_or(usize::MAX),
            None => FIRST_SHARE.min(limit),
        };
        if allowed > limit {
            return Err(Problem::TooLarge { limit });
        }
        Ok(Self {
            first: Bytes::new(),
            joined: Vec::new(),
            limit,
            allowed,
            share: budget.take(allowed).await,
            budget,
        })
    }

    /// Adds a piece, where limit and budget have room for it.
    pub(super) fn push(&mut self, piece: Bytes) -> Result<(), Problem> {
        let len = self.len();
        if piece.len() > self.limit - len {
            return Err(Problem::TooLarge { limit: self.limit });
        }
        let needed = len + piece.len();
        if needed > self.allowed {
            self.grow(needed)?;
        }
        if len == 0 {
            self.first = piece;
            return Ok(());
        }
        if needed > self.joined.capacity() {
            let capacity = if needed > MAX_RESERVE {
                self.allowed
            } else {
                self.allowed.min(MAX_RESERVE)
            };
            self.joined.reserve_exact(capacity - self.joined.len());
        }
        self.joined
            .extend_from_slice(&std::mem::take(&mut self.first));
        self.joined.extend_from_slice(&piece);
        Ok(())
    }

    const fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    /// Doubles the share, or more where that is not enough.
    fn grow(&mut self, needed: usize) -> Result<(), Problem> {
        let allowed = needed.max(self.allowed.saturating_mul(2)).min(self.limit);
        if !self.budget.cover(&mut self.share, allowed) {
            return Err(Problem::NoRoom);
        }
        self.allowed = allowed;
        Ok(())
    }

    /// The body; what is left of its share is given back now, the rest when the body is dropped.
    pub(super) fn into_bytes(mut self) -> Bytes {
        let bytes = if self.joined.is_empty() {
            self.first
        } else {
            self.joined.shrink_to_fit();
            Bytes::from(self.joined)
        };
        match self.share {
            Some(share) if !bytes.is_empty() => budget::attach(share, bytes.len(), bytes),
            _ => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::body::Frame;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::sync::mpsc;

    use super::*;

    /// A body whose pieces are sent by the test.
    struct Fed(mpsc::UnboundedReceiver<Bytes>);

    impl Body for Fed {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let piece = std::task::ready!(self.0.poll_recv(cx));
            Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))))
        }
    }

    fn fed(pieces: &[&'static [u8]]) -> (mpsc::UnboundedSender<Bytes>, Fed) {
        let (sender, receiver) = mpsc::unbounded_channel();
        for piece in pieces {
            sender.send(Bytes::from_static(piece)).unwrap();
        }
        (sender, Fed(receiver))
    }

    fn limits(max_body: usize) -> Limits {
        Limits {
            max_body,
            ..Limits::default()
        }
    }

    fn budget() -> ByteBudget {
        ByteBudget::new(1024 * 1024)
    }

    #[tokio::test]
    async fn pieces_are_joined_up_to_the_limit_and_not_beyond() {
        let (sender, body) = fed(&[b"ab", b"c", b"de"]);
        drop(sender);
        let (bytes, problem) = receive(body, &limits(5), &budget()).await;
        assert_eq!((&bytes[..], problem), (&b"abcde"[..], None));

        let (_sender, body) = fed(&[b"ab", b"c", b"def"]);
        let (bytes, problem) = receive(body, &limits(5), &budget()).await;
        assert_eq!(bytes, Bytes::new());
        assert_eq!(problem, Some(Problem::TooLarge { limit: 5 }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_longer_than_allowed_is_a_stall() {
        let (_sender, body) = fed(&[b"half"]);
        let start = Instant::now();
        let (bytes, problem) = receive(body, &limits(100), &budget()).await;
        assert_eq!(
            (&bytes[..], problem),
            (&b"half"[..], Some(Problem::Stalled))
        );
        assert!(start.elapsed() < limits(100).body_idle + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_ends_early_and_a_steady_stream_at_the_total_deadline() {
        let limits = limits(10_000_000);
        for (bytes, least, most) in [
            (1, limits.body_slow, limits.body_slow),
            (3_000, limits.body_slow, limits.body_slow),
            (6_000, limits.body_total, limits.body_total),
        ] {
            let (sender, body) = fed(&[]);
            let piece = Bytes::from(vec![b'x'; bytes]);
            let trickle = tokio::spawn(async move {
                while sender.send(piece.clone()).is_ok() {
                    tokio::time::sleep(limits.body_idle / 2).await;
                }
            });
            let start = Instant::now();
            let (_, problem) = receive(body, &limits, &ByteBudget::new(1 << 30)).await;
            assert_eq!(problem, Some(Problem::Stalled));
            let took = start.elapsed();
            assert!(took >= least && took <= most + limits.body_idle, "{took:?}");
            trickle.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_share_goes_with_the_bytes_and_is_no_more_than_they_take() {
        for pieces in [&[&b"ab"[..]][..], &[b"ab", b"cd"]] {
            let budget = budget();
            let (sender, body) = fed(pieces);
            drop(sender);
            let (bytes, problem) = receive(body, &limits(100_000), &budget).await;
            assert_eq!(problem, None);
            let part = bytes.slice(1..);
            drop(bytes);
            assert_eq!(budget.free(), 1024 * 1023);
            drop(part);
            assert_eq!(budget.free(), 1024 * 1024);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_of_unknown_length_that_fill_the_budget_do_not_wait_for_each_other() {
        let piece = Bytes::from(vec![b'x'; FIRST_SHARE]);
        let budget = ByteBudget::new(FIRST_SHARE * 4);
        let start = Instant::now();
        let mut feeders = Vec::new();
        let mut reading = Vec::new();
        for _ in 0..4 {
            let (feeder, body) = fed(&[]);
            feeder.send(piece.clone()).unwrap();
            let budget = budget.clone();
            feeders.push(feeder);
            reading.push(tokio::spawn(async move {
                receive(body, &limits(FIRST_SHARE * 2), &budget).await
            }));
        }
        while budget.free() > 0 {
            tokio::task::yield_now().await;
        }
        for feeder in feeders {
            feeder.send(piece.clone()).unwrap();
        }
        let mut ends = Vec::new();
        for read in reading {
            // Each body is kept, as one that is being handled is.
            ends.push(read.await.unwrap());
        }
        let count = |problem| ends.iter().filter(|(_, end)| *end == problem).count();
        assert_eq!((count(None), count(Some(Problem::NoRoom))), (2, 2));
        assert_eq!((budget.free(), start.elapsed()), (0, Duration::ZERO));
        drop(ends);
        assert_eq!(budget.free(), FIRST_SHARE * 4);
    }
}
