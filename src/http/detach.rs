//! Work that outlives whoever waited for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use super::seat::Seat;

/// A future that is polled in place, and goes on as a task of its own when it is dropped unfinished.
///
/// A request costs no task this way, and a sender that leaves still can't cut its handler short.
/// The task keeps the connection's seat, so there are never more of them than connections are allowed.
pub(super) struct DetachOnDrop<T: 'static> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    seat: Option<Arc<Seat>>,
}

impl<T: 'static> DetachOnDrop<T> {
    pub(super) fn new(
        work: impl Future<Output = T> + Send + 'static,
        seat: Option<Arc<Seat>>,
    ) -> Self {
        let work: Pin<Box<dyn Future<Output = T> + Send>> = Box::pin(work);
        Self {
            work: Some(work),
            seat,
        }
    }
}

impl<T: 'static> Future for DetachOnDrop<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(work) = self.work.as_mut() else {
            return Poll::Pending;
        };
        let result = std::task::ready!(work.as_mut().poll(cx));
        self.work = None;
        Poll::Ready(result)
    }
}

impl<T: 'static> Drop for DetachOnDrop<T> {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        // Work that panicked can't be resumed, and without a runtime there is nobody to run it.
        if std::thread::panicking() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let seat = self.seat.take();
            if let Some(seat) = &seat {
                seat.set_awaited(false);
            }
            runtime.spawn(async move {
                work.await;
                drop(seat);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::http::Limits;
    use crate::http::seat::Seats;

    #[tokio::test]
    async fn dropped_work_goes_on_and_keeps_its_seat() {
        let seats = Seats::new(Limits::default());
        let seat = seats.take().await;
        let held = Arc::downgrade(&seat);
        let (go, wait) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let work = async move {
            wait.await.unwrap();
            done.send(()).unwrap();
        };
        drop(DetachOnDrop::new(work, Some(seat)));
        assert!(held.upgrade().is_some());
        go.send(()).unwrap();
        finished.await.unwrap();
        seats.all_free().await;
    }
}
