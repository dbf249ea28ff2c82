//! Work that outlives whoever waited for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// Leave to be one of the allowed number of connections; given back by its last holder.
pub(super) type ConnectionPermit = Arc<OwnedSemaphorePermit>;

/// A future that is polled in place, and goes on as a task of its own when it is dropped unfinished.
///
/// A request costs no task this way, and a sender that leaves still can't cut its handler short.
/// The task keeps the connection's permit, so there are never more of them than connections are allowed.
pub(super) struct DetachOnDrop<T: 'static> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    permit: Option<ConnectionPermit>,
}

impl<T: 'static> DetachOnDrop<T> {
    pub(super) fn new(
        work: impl Future<Output = T> + Send + 'static,
        permit: Option<ConnectionPermit>,
    ) -> Self {
        let work: Pin<Box<dyn Future<Output = T> + Send>> = Box::pin(work);
        Self {
            work: Some(work),
            permit,
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
            let permit = self.permit.take();
            runtime.spawn(async move {
                work.await;
                drop(permit);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Semaphore, oneshot};

    use super::*;

    #[tokio::test]
    async fn dropped_work_goes_on_and_keeps_its_permit() {
        let permits = Arc::new(Semaphore::new(1));
        let permit = Arc::new(Arc::clone(&permits).acquire_owned().await.unwrap());
        let (go, wait) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let work = async move {
            wait.await.unwrap();
            done.send(()).unwrap();
        };
        drop(DetachOnDrop::new(work, Some(permit)));
        assert_eq!(permits.available_permits(), 0);
        go.send(()).unwrap();
        finished.await.unwrap();
        drop(permits.acquire().await.unwrap());
    }
}
