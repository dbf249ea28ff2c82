//! How many bytes of bodies are held at once, by whomever.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Limits;

/// What is counted: shares are whole KiB, which also covers what a small body costs beside its bytes.
const UNIT: usize = 1024;

/// The bytes that all bodies held at once may take together.
///
/// A share is taken while a body is read. It belongs to the body's [`Bytes`] from then on and is
/// given back with the last of its clones, in whichever queue that stood. Clones of a budget are the
/// same budget.
#[derive(Debug, Clone)]
pub struct ByteBudget(Arc<Semaphore>);

impl ByteBudget {
    /// A budget of so many bytes, rounded up to whole KiB.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(units(bytes) as usize)))
    }

    /// The budget of a server: what its limits say, and at least one body of the largest size.
    pub fn of(limits: &Limits) -> Self {
        Self::new(limits.max_held.max(limits.max_body))
    }

    /// How many bytes are free now.
    pub fn free(&self) -> usize {
        self.0.available_permits() * UNIT
    }

    /// A share of so many bytes, as soon as there is one; who came first is served first.
    pub(super) async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        // Fails only where the semaphore is closed, and it never is.
        let free = Arc::clone(&self.0);
        free.acquire_many_owned(units(bytes)).await.ok()
    }

    /// A share, where there is one now and nobody waits.
    pub(super) fn try_take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let free = Arc::clone(&self.0);
        free.try_acquire_many_owned(units(bytes)).ok()
    }
}

/// Lets `share` be given back with the last clone of the bytes, down to what they take.
pub(super) fn attach(mut share: OwnedSemaphorePermit, bytes: Bytes) -> Bytes {
    let needed = units(bytes.len()) as usize;
    drop(share.split(share.num_permits().saturating_sub(needed)));
    Bytes::from_owner(Counted {
        bytes,
        _share: share,
    })
}

/// Bytes and their share of a budget.
struct Counted {
    bytes: Bytes,
    _share: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}
