//! The stream between the socket and hyper: it feeds the recorder and knows when to lose patience.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::Recorder;
use crate::http::Limits;

/// A recorder that the stream feeds and the service takes heads from.
#[derive(Clone)]
pub(in crate::http) struct SharedRecorder(Arc<Mutex<Recorder>>);

impl SharedRecorder {
    pub(in crate::http) fn new(max_head: usize) -> Self {
        Self(Arc::new(Mutex::new(Recorder::new(max_head))))
    }

    pub(in crate::http) fn lock(&self) -> MutexGuard<'_, Recorder> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that records the heads read from it.
///
/// It also ends, with [`io::ErrorKind::TimedOut`], a head that takes too long and a reply that the
/// other end does not take. hyper's own head deadline counts the wait for a next request too, so
/// it serves as the keep-alive limit.
pub(in crate::http) struct Tap<S> {
    stream: S,
    recorder: SharedRecorder,
    head: Patience,
    /// The number of the head that `head` was started for.
    timed_head: u64,
    write: Patience,
}

impl<S> Tap<S> {
    pub(in crate::http) fn new(stream: S, recorder: SharedRecorder, limits: &Limits) -> Self {
        Self {
            stream,
            recorder,
            head: Patience::of(limits.head_time),
            timed_head: 0,
            write: Patience::of(limits.write_idle),
        }
    }

    /// The stream, and whether it ended with a head that came too slowly.
    pub(in crate::http) fn into_parts(self) -> (S, bool) {
        let stalled = self.head.is_lost && self.recorder.lock().is_mid_head();
        (self.stream, stalled)
    }

    /// Whether the head that is being waited for is late. The first one's time starts with the
    /// connection, that of a later one with its first byte.
    fn poll_head_deadline(&mut self, cx: &mut Context<'_>) -> bool {
        let recorder = self.recorder.lock();
        let number = recorder
            .heads_before_this()
            .filter(|number| *number == 0 || recorder.is_mid_head());
        drop(recorder);
        if number != Some(self.timed_head) {
            self.head.restore();
        }
        let Some(number) = number else { return false };
        self.timed_head = number;
        self.head.poll_lost(cx)
    }

    fn check_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write.restore();
        } else if self.write.poll_lost(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            let fresh = buffer.filled().get(before..).unwrap_or_default();
            self.recorder.lock().feed(fresh);
        } else if self.poll_head_deadline(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.check_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.check_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.check_write(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A deadline that costs nothing until something is waited for.
struct Patience {
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    is_lost: bool,
}

impl Patience {
    const fn of(limit: Duration) -> Self {
        Self {
            limit,
            sleep: None,
            is_lost: false,
        }
    }

    /// Starts the time where it does not run yet; whether it is over.
    fn poll_lost(&mut self, cx: &mut Context<'_>) -> bool {
        let limit = self.limit;
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        self.is_lost = sleep.as_mut().poll(cx).is_ready();
        self.is_lost
    }

    fn restore(&mut self) {
        self.sleep = None;
    }
}
