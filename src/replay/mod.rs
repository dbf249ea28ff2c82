//! Replaying: deliveries are sent again, so that they pass the receiver's checks.
//!
//! ```text
//! select -> at its time: keep the signature or sign afresh -> dispatch -> an attempt in the log
//! ```
//!
//! [`Replay`] holds what was asked for, resolved; [`Replay::run`] does it and tells an observer of
//! everything that happens. A bulk replay can be resumed: what it has sent is not sent again.

mod error;
mod pace;
mod prepare;
mod run;
mod select;

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use rand::rngs::StdRng;

use crate::delivery::{Attempt, Delivery, Headers, Signing, Timestamp};
use crate::dispatch::Dispatch;
use crate::http::Target;
use crate::json::{Path, TypedJson};
use crate::provider::{Catalogue, Keyring};
use crate::store::{Query, Reader, Run};

pub use error::ReplayError;
pub use pace::Pacing;
pub use prepare::{Prepared, Warning};

/// How long an endpoint may take unless it is said otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// What is replayed, where to, and how.
pub struct Replay<'a> {
    /// The deliveries.
    pub selection: Selection,
    /// Where to; a target without a path takes each delivery's own. `None`: each to where it was last
    /// sent.
    pub endpoint: Option<Target>,
    /// Whether to keep the signatures or to sign afresh. `None`: afresh where the original one would
    /// no longer verify and a secret is known, and where the body is changed.
    pub signing: Option<Signing>,
    /// What is changed in each body.
    pub changes: Changes<'a>,
    /// Header fields to add, in the place of those of the same names.
    pub headers: Headers,
    /// When each request starts.
    pub pacing: Pacing,
    /// How many may be under way at once; at least one, which keeps the order.
    pub concurrency: usize,
    /// How often each is sent.
    pub times: u32,
    /// Whether the order is left to chance.
    pub shuffle: bool,
    /// Whether what was not received to its end is sent.
    pub force: bool,
    /// How long each exchange may take; `None` for no limit.
    pub timeout: Option<Duration>,
    /// The run under which a bulk replay is logged, so that it can be resumed.
    pub run: Option<Run>,
    /// Whether the run is in the log: what it has sent and what was received since is left out.
    pub resume: bool,
    /// The providers that are recognised.
    pub catalogue: &'a Catalogue,
    /// The secrets to sign with.
    pub keyring: &'a Keyring,
    /// The log that the deliveries are in.
    pub reader: Option<Mutex<Reader>>,
    /// The way out. `None` for a dry run: nothing is sent.
    pub dispatch: Option<&'a Dispatch>,
    /// The clock.
    pub clock: fn() -> Timestamp,
    /// Chance, for new ids and a random order.
    pub random: fn() -> StdRng,
}

/// Which deliveries are replayed, in their order.
pub enum Selection {
    /// Those of the log that the query means, from the oldest to the newest. Each is read when its
    /// turn comes, so that a large selection takes no memory.
    Query(Box<Query>),
    /// These.
    Deliveries(Vec<Delivery>),
}

/// What makes another body of one; `None` where it is given up.
pub type Editor<'a> = dyn Fn(&[u8]) -> Option<Vec<u8>> + Sync + 'a;

/// What is changed in a body, in this order. A changed delivery is always signed afresh.
#[derive(Default)]
pub struct Changes<'a> {
    /// Values to set; every other byte stays.
    pub set: Vec<(Path, TypedJson)>,
    /// Whether `set` may add what is not there.
    pub add: bool,
    /// Whether the event gets a fresh id, so that it is no duplicate.
    pub new_id: bool,
    /// Who edits the body of the one delivery that is sent, once.
    pub edit: Option<&'a Editor<'a>>,
}

impl Changes<'_> {
    const fn is_none(&self) -> bool {
        self.set.is_empty() && !self.new_id && self.edit.is_none()
    }
}

/// What happens in a replay.
#[derive(Clone, Copy)]
pub enum ReplayEvent<'a> {
    /// Everything is known that is to be sent.
    Selected {
        /// How many requests.
        requests: usize,
        /// How many deliveries a resumed run has sent before.
        sent_before: usize,
        /// The ids of those that are skipped, as they were not received to their end.
        incomplete: &'a [String],
        /// The id by which the rest can be sent, should it end early.
        run: Option<&'a str>,
    },
    /// A delivery is not sent, as HTTP cannot carry it.
    Skipped(&'a ReplayError),
    /// This would have been sent, in a dry run.
    Prepared(&'a Prepared),
    /// This was sent, and the log has the attempt.
    Sent(&'a Prepared, &'a Attempt),
    /// Nothing else has happened by now: who writes in batches writes.
    Paused,
}

/// Who is told of what happens; `Break` ends the replay once what is under way is finished.
pub type Observer<'a> = dyn FnMut(ReplayEvent<'_>) -> ControlFlow<()> + Send + 'a;

impl<'a> Replay<'a> {
    /// A dry run of nothing: one after the other, each signed as the rules say, each to where it was
    /// last sent.
    pub fn new(
        catalogue: &'a Catalogue,
        keyring: &'a Keyring,
        clock: fn() -> Timestamp,
        random: fn() -> StdRng,
    ) -> Self {
        Self {
            selection: Selection::Deliveries(Vec::new()),
            endpoint: None,
            signing: None,
            changes: Changes::default(),
            headers: Headers::new(),
            pacing: Pacing::Fast,
            concurrency: 1,
            times: 1,
            shuffle: false,
            force: false,
            timeout: Some(TIMEOUT),
            run: None,
            resume: false,
            catalogue,
            keyring,
            reader: None,
            dispatch: None,
            clock,
            random,
        }
    }
}
