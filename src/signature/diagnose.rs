//! The doctor: why a signature is wrong, where that can be proved.

use super::{Scheme, Secret};
use crate::delivery::Request;

/// What the doctor may look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// The provider's scheme.
    pub scheme: &'a Scheme,
    /// The secrets that hold for the provider.
    pub secrets: &'a [Secret],
    /// Secrets configured for other providers.
    pub other_secrets: &'a [Secret],
    /// The schemes of the other providers, by name.
    pub other_schemes: &'a [(&'a str, &'a Scheme)],
    /// The request as received.
    pub request: &'a Request,
}

/// A proven cause: with this mistake undone, the signature is reproduced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// A stable name, such as `trailing-newline-added`.
    pub cause: &'static str,
    /// What happened, in a line.
    pub reason: String,
    /// What to do, in a line.
    pub hint: String,
}

/// The cause of a wrong signature, where one of the known mistakes reproduces it.
pub fn diagnose(_context: &Context<'_>) -> Option<Diagnosis> {
    None
}
