//! How many bytes of what strangers send are held at once, by whomever.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Limits;

/// What is counted: shares are whole KiB, which also covers what a small body costs beside its bytes.
const UNIT: usize = 1024;

/// The bytes that all bodies, or all large heads, held at once may take together.
///
/// A share is taken while one is read. It belongs to the [`Bytes`] that are kept from then on and is
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

    /// Lets `share` grow to so many bytes; false where there is no room now, or others wait for it.
    pub(super) fn cover(&self, share: &mut Option<OwnedSemaphorePermit>, bytes: usize) -> bool {
        let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let held = u32::try_from(held).unwrap_or(u32::MAX);
        let missing = units(bytes).saturating_sub(held);
        if missing == 0 {
            return true;
        }
        let Ok(more) = Arc::clone(&self.0).try_acquire_many_owned(missing) else {
            return false;
        };
        match share {
            Some(share) => share.merge(more),
            None => *share = Some(more),
        }
        true
    }
}

/// Lets `share`, down to `size` bytes, be given back with the last clone of `bytes`.
pub(super) fn attach(mut share: OwnedSemaphorePermit, size: usize, bytes: Bytes) -> Bytes {
    let needed = units(size) as usize;
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
