//! The doctor: why a signature is wrong, where that can be proved.
//!
//! Every known mistake is undone, one at a time, then two that one command makes together; a cause is
//! named only when the MAC that was sent is reproduced without it. Two come last, as they multiply the
//! work: what is left of the allowance bounds them.

mod allowance;
mod body;
mod cause;
mod content;
mod diagnosis;
mod form;
mod header;
mod json;
mod message;
mod pairs;
mod printed;
mod rewrite;
mod secrets;
mod styles;
#[cfg(test)]
mod tests;
mod tokens;
mod trial;

use std::cell::Cell;

pub use allowance::Allowance;
pub use diagnosis::Diagnosis;

use super::{Scheme, Secret};
use crate::delivery::{Request, Status};
use trial::{Trial, read_presented};

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
    /// How far to look.
    pub allowance: Allowance,
    /// Counts the bytes of work that were asked for.
    pub work: &'a Cell<usize>,
}

/// The cause of a wrong or unreadable signature, where one of the known mistakes reproduces it.
///
/// Bounded by the allowance, which counts every byte that is read, written or hashed; and only
/// bodies up to 1 MiB are rewritten as JSON.
pub fn diagnose(context: &Context<'_>) -> Option<Diagnosis> {
    (context.request.body.len() <= context.allowance.largest_body)
        .then(|| find(&Trial::new(context)))
        .flatten()
}

fn find(trial: &Trial<'_>) -> Option<Diagnosis> {
    let context = trial.context;
    let presented = match read_presented(context.scheme, context.request) {
        Ok(presented) => presented,
        Err((Status::Missing, _)) => return None,
        Err(_) => {
            return header::find(trial).or_else(|| content::find_other_scheme(trial));
        }
    };
    if trial.body_proves(&presented, trial.body()) {
        // It is right, so `verify` has said what else is wrong with it.
        return None;
    }
    // Looked for first, as it is cheap, and told last, as others say more.
    let told = message::find(trial, &presented);
    body::find(trial, &presented)
        .or_else(|| secrets::find(trial, &presented, trial.body()))
        .or_else(|| content::find(trial, &presented))
        .or_else(|| json::find(trial, &presented, trial.body()))
        .or_else(|| printed::find(trial, &presented))
        .or_else(|| content::find_claim(trial, &presented))
        .or_else(|| pairs::find(trial, &presented))
        .or(told)
}
