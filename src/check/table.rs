//! The tables of checks: each row is data and a recipe.

mod accepts;
mod applies;
mod behaviour;
mod handshake;
mod raw_bytes;
mod signature;

pub(super) use super::classify::Expect;
use super::context::{CheckContext, Made};
use crate::delivery::Severity;
use crate::provider::Provider;

/// The check that each documented event has an instance of: `accepts/event:order.created`.
pub(super) const EACH_EVENT: &str = "accepts/event";
/// The check that each handshake has an instance of: `handshake/url_verification`.
pub(super) const HANDSHAKE: &str = "handshake/answer";
/// The same of each that is signed: `handshake/url_verification:forged`.
pub(super) const HANDSHAKE_FORGED: &str = "handshake/forged";
/// Why a receiver may not fall over a bad signature, whichever it is.
pub(super) const CRASH_WHY: &str = "anyone can send this without knowing the secret; a 5xx or a dropped \
    connection is an error in your logs each time, tells a stranger that the code breaks there, and \
    may take the process down";

/// What keeps a receiver from it.
pub(super) const CRASH_FIX: &str = "answer 401 to a wrong signature and throw nothing; where a library's \
    verification throws, catch it. A header that is missing, of another form or of another length is \
    to be refused before it is compared: `crypto.timingSafeEqual` throws a RangeError where the \
    lengths differ, and decoding hex can throw as well";

/// One thing that a receiver has to do.
#[derive(Debug)]
pub struct Check {
    /// The group and the name: `signature/tampered-body`. Never changed once released.
    pub id: &'static str,
    /// How grave it is where what is expected does not come.
    pub severity: Severity,
    /// What is sent, in a few words.
    pub title: &'static str,
    /// Whether it makes sense for a provider, by its definition.
    pub applies: fn(&Provider) -> bool,
    /// What is sent.
    pub case: fn(&mut CheckContext<'_>) -> Made,
    /// What has to come back.
    pub expect: Expect,
    /// Why it matters.
    pub why: &'static str,
    /// How it is fixed in general.
    pub fix: &'static str,
}

impl Check {
    /// The group: what stands before the slash.
    pub fn group(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(group, _)| group)
    }
}

/// All checks, in the order in which they run.
pub fn all() -> impl Iterator<Item = &'static Check> {
    let tables = [
        accepts::CHECKS,
        raw_bytes::CHECKS,
        signature::CHECKS,
        behaviour::CHECKS,
        handshake::CHECKS,
    ];
    tables.into_iter().flatten()
}

/// Applies to every provider.
const fn always(_: &Provider) -> bool {
    true
}
