//! What can go wrong with a run of checks.

use crate::provider::{CatalogueError, FaultError};
use crate::signature::KeyError;
use crate::store::StoreError;

/// Why checks cannot be run. That a handler fails them is no error.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A provider's deliveries have nothing that a check changes: the check is skipped.
    #[error("{0}")]
    Inapplicable(&'static str),
    /// An event's fixture cannot be read.
    #[error(transparent)]
    Fixture(#[from] CatalogueError),
    /// The provider has no such event.
    #[error("the provider has no event `{0}`")]
    NoEvent(String),
    /// A fault cannot be injected.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// A key that is needed cannot be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What was sent cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Side effects cannot be counted.
    #[error("effects cannot be counted: {0}")]
    Uncountable(String),
}
