//! Why a replay could not begin or go on.

use crate::http::TargetError;
use crate::json::PathError;
use crate::store::{LookupError, StoreError};

/// Why a replay could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Nothing is replayed on purpose by nobody.
    #[error("no delivery matches")]
    NothingSelected,
    /// Another replay goes on with the same run.
    #[error("`{0}` is under way in another replay")]
    RunInUse(String),
    /// An edit of several deliveries, or of one that is sent several times.
    #[error("only one delivery can be edited")]
    ManyToEdit,
    /// The edit was given up.
    #[error("the body was not edited")]
    NotEdited,
    /// Deliveries that were never sent, where no endpoint is given.
    #[error("{}", without_endpoint(.first, *.missing, *.all))]
    NoEndpoint {
        /// The id of the first of them.
        first: String,
        /// How many they are.
        missing: usize,
        /// Of how many.
        all: usize,
    },
    /// A delivery is to be signed afresh, and its provider has no secret.
    #[error("no secret to sign `{id}` afresh with")]
    NoSecret {
        /// The delivery's id.
        id: String,
        /// The provider's name.
        provider: String,
    },
    /// A delivery is to be signed afresh, and of its provider's keys only public halves are known.
    #[error("a public key only verifies, so `{id}` cannot be signed afresh")]
    PublicKey {
        /// The delivery's id.
        id: String,
        /// The provider's name.
        provider: String,
    },
    /// A delivery is to be signed afresh, and it is of no known provider.
    #[error("no provider is recognised, so it cannot be signed afresh")]
    Unrecognised,
    /// A delivery is to have a new id, and its provider's deliveries have none.
    #[error("deliveries of `{0}` have no id")]
    NoId(String),
    /// A delivery that HTTP cannot carry, such as one that was imported. The others are sent.
    #[error("`{id}` is not sent: {reason}")]
    Unsendable {
        /// The delivery's id.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value is to be set in a body that is no JSON.
    #[error("only a JSON body can be changed: {0}")]
    NotJson(String),
    /// A value cannot be set in its place.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A value cannot be set, though its place is known.
    #[error("`{0}` cannot be set")]
    NotSet(String),
    /// The log holds a URL to which nothing can be sent.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The log does not have a delivery any more.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The log cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReplayError {
    /// Whether it is of one delivery alone, and the others are sent.
    pub(super) const fn is_skipped(&self) -> bool {
        matches!(self, Self::Unsendable { .. })
    }
}

fn without_endpoint(first: &str, missing: usize, all: usize) -> String {
    match (missing, all) {
        (_, 1) => format!("`{first}` was never sent on, so there is no endpoint for it"),
        (1, _) => {
            format!("1 of {all} deliveries was never sent on, so there is no endpoint for it")
        }
        _ => format!(
            "{missing} of {all} deliveries were never sent on, so there is no endpoint for them"
        ),
    }
}
