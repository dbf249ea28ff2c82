//! Reading a body within its limits; hyper has none of its own.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::time::{Instant, timeout_at};

use super::{Limits, Problem};

/// The most that a declared length makes us reserve before the bytes are there.
const MAX_RESERVE: usize = 1024 * 1024;

/// Reads `body` to its end, or as far as the limits let it. A body that says it is too large is
/// left untouched, so that `Expect: 100-continue` gets the final status and no 100.
pub(super) async fn receive<B>(mut body: B, limits: &Limits) -> (Bytes, Option<Problem>)
where
    B: Body<Data = Bytes> + Unpin,
{
    let limit = limits.max_body;
    let too_large = Some(Problem::TooLarge { limit });
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limit {
        return (Bytes::new(), too_large);
    }
    let mut received = Received::expecting(declared);
    let end = Instant::now() + limits.body_total;
    while !body.is_end_stream() {
        let next = (Instant::now() + limits.body_idle).min(end);
        let frame = match timeout_at(next, body.frame()).await {
            Err(_) => return (received.into_bytes(), Some(Problem::Stalled)),
            Ok(Some(Err(_))) => return (received.into_bytes(), Some(Problem::Aborted)),
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
        };
        // What is no data is a trailer, and trailers are no part of a request here.
        let data = frame.into_data().unwrap_or_default();
        if data.len() > limit - received.len() {
            return (Bytes::new(), too_large);
        }
        received.push(data);
    }
    (received.into_bytes(), None)
}

/// The pieces of a body. One piece, the usual case, is kept as it is and never copied.
struct Received {
    first: Bytes,
    joined: BytesMut,
    expected: usize,
}

impl Received {
    fn expecting(expected: usize) -> Self {
        Self {
            first: Bytes::new(),
            joined: BytesMut::new(),
            expected,
        }
    }

    fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    fn push(&mut self, piece: Bytes) {
        if self.len() == 0 {
            self.first = piece;
            return;
        }
        if self.joined.is_empty() {
            self.joined.reserve(self.expected.min(MAX_RESERVE));
            self.joined
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.joined.extend_from_slice(&piece);
    }

    fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() {
            self.first
        } else {
            self.joined.freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use hyper::body::Frame;
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

    #[tokio::test]
    async fn pieces_are_joined_up_to_the_limit_and_not_beyond() {
        let (sender, body) = fed(&[b"ab", b"c", b"de"]);
        drop(sender);
        let (bytes, problem) = receive(body, &limits(5)).await;
        assert_eq!((&bytes[..], problem), (&b"abcde"[..], None));

        let (_sender, body) = fed(&[b"ab", b"c", b"def"]);
        let (bytes, problem) = receive(body, &limits(5)).await;
        assert_eq!(bytes, Bytes::new());
        assert_eq!(problem, Some(Problem::TooLarge { limit: 5 }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_longer_than_allowed_is_a_stall() {
        let (_sender, body) = fed(&[b"half"]);
        let start = Instant::now();
        let (bytes, problem) = receive(body, &limits(100)).await;
        assert_eq!(
            (&bytes[..], problem),
            (&b"half"[..], Some(Problem::Stalled))
        );
        assert!(start.elapsed() < limits(100).body_idle + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_ends_at_the_total_deadline() {
        let (sender, body) = fed(&[]);
        let limits = limits(1_000_000);
        let trickle = tokio::spawn(async move {
            while sender.send(Bytes::from_static(b"x")).is_ok() {
                tokio::time::sleep(limits.body_idle / 2).await;
            }
        });
        let start = Instant::now();
        let (bytes, problem) = receive(body, &limits).await;
        assert_eq!(problem, Some(Problem::Stalled));
        assert!(bytes.len() >= 59 && start.elapsed() <= limits.body_total + limits.body_idle);
        trickle.await.unwrap();
    }
}
