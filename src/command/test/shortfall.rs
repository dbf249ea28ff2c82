//! Why a run of checks proves less than its checks say.

use crate::check::CheckEnd;
use crate::exit::{Outcome, Signal};
use crate::report;

/// Why the checks of a run prove less than they say, or were not run.
pub struct Shortfall {
    /// Its name in JSON: `unreachable`, `refused`, `limited` or `interrupted`.
    pub kind: &'static str,
    /// One line.
    pub message: String,
    /// What to do.
    pub hint: Option<&'static str>,
    /// How the run ends, at best.
    pub outcome: Outcome,
}

impl Shortfall {
    /// The kinds, in the order in which the summary has them.
    pub const KINDS: [&'static str; 4] = ["unreachable", "refused", "limited", "interrupted"];

    /// That the run was cut short.
    pub const fn interrupted(message: String, outcome: Outcome) -> Self {
        Self {
            kind: "interrupted",
            message,
            hint: None,
            outcome,
        }
    }

    /// That nobody answers.
    pub const fn unreachable(message: String, hint: Option<&'static str>) -> Self {
        Self {
            kind: "unreachable",
            message,
            hint,
            outcome: Outcome::Unreachable,
        }
    }

    /// Why a run that ended so proves less than its checks say, where it does.
    pub fn of(end: CheckEnd, signal: Option<Signal>) -> Option<Self> {
        let (kind, message, hint, outcome) = match end {
            CheckEnd::Unreachable(failure) => {
                let hint = report::unreachable_hint(failure.kind);
                return Some(Self::unreachable(failure.message, Some(hint)));
            }
            CheckEnd::Refused(status) => {
                let message = format!(
                    "the handler answers {status} to a genuine delivery, so that no refusal proves anything"
                );
                let hint = report::refusal_hint(status);
                ("refused", message, hint, Outcome::No)
            }
            CheckEnd::Done {
                limited: Some(reason),
                ..
            } => {
                let hint = "lift the limit or the lock for this check, or choose fewer: `--only`";
                ("limited", reason, Some(hint), Outcome::No)
            }
            CheckEnd::Done { is_gone: true, .. } => {
                let message = "nothing listens any more".to_owned();
                return Some(Self::unreachable(message, None));
            }
            CheckEnd::Stopped => {
                let outcome = Outcome::Interrupted(signal?);
                let message = "interrupted before all checks were run".to_owned();
                return Some(Self::interrupted(message, outcome));
            }
            CheckEnd::Done { .. } => return None,
        };
        Some(Self {
            kind,
            message,
            hint,
            outcome,
        })
    }
}
