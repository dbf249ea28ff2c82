//! Values that are read at their first use: there are many definitions, and a command needs few.

use std::sync::{Arc, LazyLock};

/// A value that is read at its first use.
pub type Lazy<T> = LazyLock<T, Box<dyn FnOnce() -> T + Send>>;

/// A value that is still to be read.
pub(super) fn later<T>(read: impl FnOnce() -> T + Send + 'static) -> Arc<Lazy<T>> {
    Arc::new(LazyLock::new(Box::new(read)))
}

/// A value that was read.
pub(super) fn known<T: Send + 'static>(value: T) -> Arc<Lazy<T>> {
    let known = later(|| value);
    // Its function holds the value, which is not to be kept twice.
    LazyLock::force(&known);
    known
}
