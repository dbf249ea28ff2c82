//! Which checks run.

use std::collections::BTreeSet;

use super::pair::USUAL_EVENT;
use super::table::{self, Check, EACH_EVENT, HANDSHAKE, HANDSHAKE_FORGED};
use crate::delivery::{EventFilter, Severity, nearest};
use crate::provider::{KnownFlaw, Provider};

/// A check that is to run.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The check's id; of a check of an event, with the event's name.
    pub id: String,
    /// The row.
    pub check: &'static Check,
    /// The event that is played; of a check of a handshake, that.
    pub event: String,
}

impl Planned {
    /// Whether it plays a handshake, and no event.
    pub(super) fn is_of_handshake(&self) -> bool {
        [HANDSHAKE, HANDSHAKE_FORGED].contains(&self.check.id)
    }
}

/// Why checks cannot be selected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A pattern that no check has.
    #[error("unknown check `{pattern}`")]
    Unknown {
        /// The pattern.
        pattern: String,
        /// The name that is most like it.
        nearest: Option<String>,
    },
    /// Nothing is left.
    #[error("no check is left to run")]
    Nothing,
}

/// The checks that apply to a provider, in the order in which they run. `event` is played by those
/// that are not about another one; `None` for the usual one.
pub fn plan(provider: &Provider, event: Option<&str>) -> Vec<Planned> {
    let usual = provider.event_names().find(|name| *name == USUAL_EVENT);
    let sample = event.or(usual).or_else(|| provider.event_names().next());
    let Some(sample) = sample else {
        return Vec::new();
    };
    let applying = table::all().filter(|check| (check.applies)(provider));
    applying
        .flat_map(|check| match check.id {
            EACH_EVENT => of_each_event(check, provider),
            HANDSHAKE | HANDSHAKE_FORGED => of_each_handshake(check, provider),
            _ => vec![Planned {
                id: check.id.into(),
                check,
                event: sample.into(),
            }],
        })
        .collect()
}

/// Every check there is, whatever provider it applies to. No event is played by them.
pub fn all_checks() -> Vec<Planned> {
    let planned = |check: &'static Check| Planned {
        id: check.id.into(),
        check,
        event: String::new(),
    };
    table::all().map(planned).collect()
}

fn of_each_event(check: &'static Check, provider: &Provider) -> Vec<Planned> {
    let planned = |name: &str| Planned {
        id: format!("{EACH_EVENT}:{name}"),
        check,
        event: name.into(),
    };
    provider.event_names().map(planned).collect()
}

fn of_each_handshake(check: &'static Check, provider: &Provider) -> Vec<Planned> {
    let is_forged = check.id == HANDSHAKE_FORGED;
    let suffix = if is_forged { ":forged" } else { "" };
    let handshakes = provider.definition.handshakes.iter();
    let meant = handshakes.filter(|handshake| handshake.signed || !is_forged);
    let planned = meant.map(|handshake| Planned {
        id: format!("handshake/{}{suffix}", handshake.name),
        check,
        event: handshake.name.clone(),
    });
    planned.collect()
}

/// Those of `planned` that `only` names, all where it is empty, without those that `skip` names.
///
/// A pattern is an id, a group, the name before a `:`, or any of them with `*` for a run of
/// characters. One that no check of any provider has is an error.
pub fn select(
    planned: Vec<Planned>,
    only: &[String],
    skip: &[String],
) -> Result<Vec<Planned>, SelectionError> {
    for pattern in only.iter().chain(skip) {
        known(pattern, &planned)?;
    }
    let meant = |id: &str, patterns: &[String]| patterns.iter().any(|p| matches(p, id));
    let selected: Vec<_> = planned
        .into_iter()
        .filter(|check| only.is_empty() || meant(&check.id, only))
        .filter(|check| !meant(&check.id, skip))
        .collect();
    if selected.is_empty() {
        return Err(SelectionError::Nothing);
    }
    Ok(selected)
}

/// Whether a pattern means a check of this id.
fn matches(pattern: &str, id: &str) -> bool {
    let Ok(pattern) = pattern.parse::<EventFilter>() else {
        return false;
    };
    names(id).any(|name| pattern.matches(name))
}

/// The line of the provider's documented receiver that fails a check of this id as gravely as this.
pub fn known_flaw_of<'p>(
    provider: &'p Provider,
    id: &str,
    severity: Severity,
) -> Option<&'p KnownFlaw> {
    let flaws = provider.definition.handler.habits.iter();
    let mut flaws = flaws.filter(|flaw| flaw.severity == severity);
    flaws.find(|flaw| flaw.checks.iter().any(|pattern| matches(pattern, id)))
}

/// The names that one check goes by.
fn names(id: &str) -> impl Iterator<Item = &str> {
    let group = id.split_once('/').map(|(group, _)| group);
    let kind = id.split_once(':').map(|(kind, _)| kind);
    [Some(id), group, kind].into_iter().flatten()
}

fn known(pattern: &str, planned: &[Planned]) -> Result<(), SelectionError> {
    let ids = planned.iter().map(|planned| planned.id.as_str());
    let all: BTreeSet<_> = ids.chain(table::all().map(|check| check.id)).collect();
    if all.iter().any(|id| matches(pattern, id)) {
        return Ok(());
    }
    let candidates: BTreeSet<_> = all.iter().flat_map(|id| names(id)).collect();
    Err(SelectionError::Unknown {
        pattern: pattern.into(),
        nearest: nearest(pattern, candidates.into_iter()).map(str::to_owned),
    })
}
