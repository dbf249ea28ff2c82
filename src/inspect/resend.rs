//! Sending deliveries of the log again, for a page or a script.

use std::ops::ControlFlow;
use std::sync::Mutex;

use axum::http::StatusCode;

use super::Inspector;
use super::failure::InspectFailure;
use crate::delivery::{Headers, Signing};
use crate::http::Target;
use crate::json::{Path, TypedJson};
use crate::replay::{Replay, ReplayEvent, Selection};

/// What is sent again, where to, and how.
pub struct Resend {
    /// The deliveries.
    pub selection: Selection,
    /// Where to; `None` for where each was last sent.
    pub endpoint: Option<Target>,
    /// How they are signed; `None` where the rules of a replay decide.
    pub signing: Option<Signing>,
    /// Header fields in the place of those of the same names.
    pub headers: Headers,
    /// Another body.
    pub body: Option<Vec<u8>>,
    /// Values to set in the bodies.
    pub set: Vec<(Path, TypedJson)>,
}

impl Resend {
    /// These as they came.
    pub const fn of(selection: Selection) -> Self {
        Self {
            selection,
            endpoint: None,
            signing: None,
            headers: Headers::new(),
            body: None,
            set: Vec::new(),
        }
    }
}

/// What came of it.
#[derive(Default)]
pub struct Resent {
    /// The attempts, as lines of JSON.
    pub attempts: Vec<String>,
    /// Why others were not sent.
    pub skipped: Vec<String>,
}

impl Resent {
    /// The same, where nothing was skipped.
    pub fn whole(self) -> Result<Self, InspectFailure> {
        match self.skipped.first() {
            Some(problem) => Err(unfit(problem)),
            None => Ok(self),
        }
    }
}

/// What is understood and cannot be done.
fn unfit(problem: &str) -> InspectFailure {
    InspectFailure::new(StatusCode::UNPROCESSABLE_ENTITY, problem)
}

/// The endpoint of a URL.
pub fn endpoint(url: &str) -> Result<Target, InspectFailure> {
    Target::parse(url.trim()).map_err(|error| unfit(&error.to_string()))
}

impl Inspector {
    /// Sends deliveries again; the log has the attempts.
    pub(super) async fn resend(&self, asked: Resend) -> Result<Resent, InspectFailure> {
        let options = &self.options;
        let is_changed = asked.body.is_some() || !asked.set.is_empty();
        if is_changed && asked.signing == Some(Signing::Kept) {
            return Err(unfit("a changed body needs a fresh signature"));
        }
        let edit = |_: &[u8]| asked.body.clone();
        let (catalogue, keyring) = (&options.catalogue, &options.keyring);
        let mut replay = Replay::new(catalogue, keyring, options.clock, options.random);
        // Who names one means it; of many, what was cut off is left out.
        replay.force = matches!(asked.selection, Selection::Deliveries(_));
        replay.reader = Some(Mutex::new(options.log.reader()?));
        replay.endpoint = asked.endpoint;
        replay.selection = asked.selection;
        replay.headers = asked.headers;
        replay.signing = asked.signing;
        replay.changes.set = asked.set;
        replay.changes.edit = if asked.body.is_some() {
            Some(&edit)
        } else {
            None
        };
        replay.dispatch = Some(&options.dispatch);
        let mut done = Resent::default();
        let mut observe = |event: ReplayEvent<'_>| {
            match event {
                ReplayEvent::Selected { incomplete, .. } => {
                    let cut = |id| format!("`{id}` was not received to its end");
                    done.skipped.extend(incomplete.iter().map(cut));
                }
                ReplayEvent::Skipped(error) => done.skipped.push(error.to_string()),
                ReplayEvent::Sent(prepared, attempt) => {
                    done.attempts
                        .push(attempt.to_json_about(prepared.about(attempt)));
                }
                ReplayEvent::Prepared(_) | ReplayEvent::Paused => {}
            }
            ControlFlow::Continue(())
        };
        let ended = replay.run(std::future::pending(), &mut observe).await;
        match ended {
            // What was sent is told all the same.
            Err(error) if !done.attempts.is_empty() => done.skipped.push(error.to_string()),
            ended => ended?,
        }
        Ok(done)
    }
}
