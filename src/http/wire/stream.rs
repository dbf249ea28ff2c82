//! The stream between the socket and hyper: it feeds the recorder and knows when to wait no longer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};
use tokio::sync::{oneshot, watch};
use tokio::time::Sleep;

use super::{SharedRecorder, lock};
use crate::http::Limits;
use crate::http::seat::Seat;
use crate::http::stage::Stage;

/// Sent where a head came too slowly; hyper would close without a word.
const HEAD_STALLED: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Sent where there is no room for a long head.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// A stream that records the heads read from it.
///
/// It also ends, with [`io::ErrorKind::TimedOut`], a head that takes too long and a reply that the
/// other end does not take, and with [`io::ErrorKind::OutOfMemory`] a head for which there is no room. hyper's own head deadline counts the wait for a next request too, so
/// it serves as the keep-alive limit.
///
/// An upgraded stream is read to its end as soon as the server drains, and can't be written to once
/// that has ended. Any other goes back to the connection when hyper is done with it, to be closed
/// there: hyper neither waits for the other end nor answers a head that came too slowly.
pub(in crate::http) struct RecordingStream<S: AsyncRead> {
    /// Only gone while it is dropped. Its limit is set before each read.
    stream: Option<Take<S>>,
    give_back: Option<oneshot::Sender<(S, &'static [u8])>>,
    recorder: SharedRecorder,
    head: IdleTimer,
    /// The number of the head that `head` was started for.
    timed_head: u64,
    write: IdleTimer,
    /// Who reads again once the other end takes what is written.
    reader: Option<Waker>,
    stage: watch::Receiver<Stage>,
    /// Ready once the server drains; made when an upgraded connection is read.
    draining: Option<BoxFuture<'static, ()>>,
    /// An upgraded stream outlives its connection.
    seat: Arc<Seat>,
}

impl<S: AsyncRead> RecordingStream<S> {
    /// Dropped, it sends the stream into `give_back`, with what its sender is still to be told.
    pub(in crate::http) fn new(
        stream: S,
        recorder: &SharedRecorder,
        limits: &Limits,
        (seat, stage): (Arc<Seat>, watch::Receiver<Stage>),
        give_back: oneshot::Sender<(S, &'static [u8])>,
    ) -> Self {
        Self {
            stream: Some(stream.take(u64::MAX)),
            give_back: Some(give_back),
            recorder: Arc::clone(recorder),
            head: IdleTimer::new(limits.head_time),
            timed_head: 0,
            write: IdleTimer::new(limits.write_idle),
            reader: None,
            stage,
            draining: None,
            seat,
        }
    }

    /// Whether the head that is being waited for is late. The first one's time starts with the
    /// connection, that of a later one with its first byte.
    fn poll_head_deadline(&mut self, cx: &mut Context<'_>) -> bool {
        let recorder = lock(&self.recorder);
        let number = recorder
            .heads_before_this()
            .filter(|number| *number == 0 || recorder.is_mid_head());
        drop(recorder);
        if number != Some(self.timed_head) {
            self.head.stop();
        }
        let Some(number) = number else { return false };
        self.timed_head = number;
        self.head.poll_elapsed(cx)
    }

    fn check_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write.stop();
            if let Some(reader) = self.reader.take() {
                reader.wake();
            }
        } else if self.write.poll_elapsed(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }

    /// What hyper does not tell a sender whose head was given up.
    fn last_words(&self) -> &'static [u8] {
        let recorder = lock(&self.recorder);
        if recorder.lacks_room() {
            NO_ROOM
        } else if self.head.has_elapsed && recorder.is_mid_head() {
            HEAD_STALLED
        } else {
            b""
        }
    }

    fn poll_draining(&mut self, cx: &mut Context<'_>) -> bool {
        let draining = self.draining.get_or_insert_with(|| {
            let mut stage = self.stage.clone();
            async move {
                // Without a server it is over, too.
                let _ = stage.wait_for(|stage| *stage != Stage::Open).await;
            }
            .boxed()
        });
        draining.poll_unpin(cx).is_ready()
    }
}

impl<S: AsyncRead + Unpin> RecordingStream<S> {
    fn stream(&mut self) -> io::Result<Pin<&mut S>> {
        let stream = self.stream.as_mut();
        let stream = stream.map(|stream| Pin::new(stream.get_mut()));
        stream.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// The stream to write to, while it may be written to.
    fn writable(&mut self) -> io::Result<Pin<&mut S>> {
        if *self.stage.borrow() == Stage::Ended {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        self.stream()
    }
}

impl<S: AsyncRead> Drop for RecordingStream<S> {
    fn drop(&mut self) {
        let last_words = self.last_words();
        if let (Some(stream), Some(give_back)) = (self.stream.take(), self.give_back.take()) {
            // Fails where nobody waits for it, such as after an upgrade; it is closed then.
            let _ = give_back.send((stream.into_inner(), last_words));
        }
    }
}

impl<S: AsyncRead + Unpin> RecordingStream<S> {
    /// Reads as much as there is room for and the recorder allows.
    fn poll_read_some(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let limit = lock(&self.recorder).read_limit();
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stream.set_limit(limit);
        Pin::new(stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for RecordingStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let is_upgraded = lock(&self.recorder).is_upgraded();
        if is_upgraded && self.poll_draining(cx) {
            return Poll::Ready(Ok(()));
        }
        if self.write.is_running() && !is_upgraded {
            // Who takes no answers has no more requests read.
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = self.poll_read_some(cx, buffer);
        if read.is_ready() {
            let fresh = buffer.filled().get(before..).unwrap_or_default();
            self.seat.received(fresh.len());
            let mut recorder = lock(&self.recorder);
            recorder.feed(fresh);
            if recorder.lacks_room() {
                return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
            }
        } else if self.poll_head_deadline(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for RecordingStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.writable()?.poll_write(cx, bytes);
        self.check_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.writable()?.poll_write_vectored(cx, pieces);
        self.check_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        (self.stream.as_ref()).is_some_and(|stream| stream.get_ref().is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.writable()?.poll_flush(cx);
        self.check_write(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if lock(&self.recorder).is_upgraded() {
            self.stream()?.poll_shutdown(cx)
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

/// A deadline that costs nothing until something is waited for.
struct IdleTimer {
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    has_elapsed: bool,
}

impl IdleTimer {
    const fn new(limit: Duration) -> Self {
        Self {
            limit,
            sleep: None,
            has_elapsed: false,
        }
    }

    /// Starts the time where it does not run yet; whether it is over.
    fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> bool {
        let limit = self.limit;
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        self.has_elapsed = sleep.as_mut().poll(cx).is_ready();
        self.has_elapsed
    }

    const fn is_running(&self) -> bool {
        self.sleep.is_some()
    }

    fn stop(&mut self) {
        self.sleep = None;
    }
}
