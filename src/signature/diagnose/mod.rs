//! The doctor: why a signature is wrong, where that can be proved.
//!
//! Every known mistake is undone, one at a time, then two that one command makes together; a cause is
//! named only when the MAC that was sent is reproduced without it. Two come last, as they multiply the
//! work: what is left of the allowance bounds them.

mod allowance;
mod body;
mod cause;
mod content;
mod form;
mod header;
mod json;
mod pairs;
mod printed;
mod rewrite;
mod secrets;
mod sha1;
mod styles;
#[cfg(test)]
mod tests;
mod tokens;
mod trial;

use std::cell::Cell;

pub use allowance::Allowance;

use super::{ParsedSignature, Scheme, Secret, read};
use crate::delivery::{Request, Status};
use trial::{MAX_PRESENTED, Trial};

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

/// A cause: its stable name, what happened, and what to do. `{}` in the reason is for a detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cause {
    /// The name in JSON, kebab-case; a contract.
    name: &'static str,
    reason: &'static str,
    hint: &'static str,
}

impl Cause {
    /// The diagnosis, for a cause whose reason has no place for a detail.
    fn found(self) -> Diagnosis {
        self.found_in("")
    }

    /// The diagnosis with its detail, which must hold neither a secret nor a MAC.
    fn found_in(self, detail: &str) -> Diagnosis {
        Diagnosis {
            cause: self.name,
            reason: self.reason.replacen("{}", detail, 1),
            hint: self.hint.into(),
        }
    }
}

impl Diagnosis {
    /// Both of two causes that were proven together, under the name of the first.
    fn and(self, other: &Self) -> Self {
        Self {
            cause: self.cause,
            reason: format!("two mistakes at once: {}; {}", self.reason, other.reason),
            hint: format!("{}; {}", self.hint, other.hint),
        }
    }
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
    let mut presented = match read(context.scheme, &context.request.headers) {
        Ok(presented) => presented,
        Err((Status::Missing, _)) => return None,
        Err(_) => {
            return header::find(trial).or_else(|| content::find_other_scheme(trial));
        }
    };
    presented.macs.truncate(MAX_PRESENTED);
    if trial.body_proves(&presented, trial.body()) {
        // It is right, so `verify` has said what else is wrong with it.
        return None;
    }
    find_one(trial, &presented)
        .or_else(|| content::find(trial, &presented))
        .or_else(|| json::find(trial, &presented, trial.body()))
        .or_else(|| printed::find(trial, &presented))
        .or_else(|| pairs::find(trial, &presented))
}

/// One mistake with the body's bytes or the secret.
fn find_one(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    body::find(trial, presented).or_else(|| secrets::find(trial, presented, trial.body()))
}
