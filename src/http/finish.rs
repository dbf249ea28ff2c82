//! Work that outlives whoever waited for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// A connection's place among the allowed number; freed when its last holder is gone.
pub(super) type Seat = Arc<OwnedSemaphorePermit>;

/// A future that is polled in place, and goes on as a task of its own when it is dropped unfinished.
///
/// A request costs no task this way, and a sender that leaves still can't cut its handler short.
/// The task keeps the connection's seat, so there are never more of them than seats allow.
pub(super) struct Finish<T: 'static> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    seat: Seat,
}

impl<T: 'static> Finish<T> {
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static, seat: Seat) -> Self {
        let work: Pin<Box<dyn Future<Output = T> + Send>> = Box::pin(work);
        Self {
            work: Some(work),
            seat,
        }
    }
}

impl<T: 'static> Future for Finish<T> {
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

impl<T: 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        // Work that panicked can't be resumed, and without a runtime there is nobody to run it.
        if std::thread::panicking() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let seat = Arc::clone(&self.seat);
            runtime.spawn(async move {
                work.await;
                drop(seat);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Semaphore, oneshot};

    use super::*;

    #[tokio::test]
    async fn dropped_work_goes_on_and_keeps_its_seat() {
        let seats = Arc::new(Semaphore::new(1));
        let seat = Arc::new(Arc::clone(&seats).acquire_owned().await.unwrap());
        let (go, wait) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let work = async move {
            wait.await.unwrap();
            done.send(()).unwrap();
        };
        drop(Finish::new(work, seat));
        assert_eq!(seats.available_permits(), 0);
        go.send(()).unwrap();
        finished.await.unwrap();
        drop(seats.acquire().await.unwrap());
    }
}
