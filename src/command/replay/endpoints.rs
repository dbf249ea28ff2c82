//! Where the deliveries go: all of it is known before the first is sent, so that no run stops midway
//! for want of an endpoint.

use std::collections::HashMap;

use super::source::{Item, Source};
use crate::delivery::Delivery;
use crate::exit::CliError;
use crate::http::Target;

/// Where each delivery of a replay goes.
pub enum Endpoints {
    /// All to the endpoint that was given.
    Given(Target),
    /// Each to where it was last sent, by its id.
    Last(HashMap<String, Target>),
}

impl Endpoints {
    /// The endpoint that was given, else those to which the deliveries were last sent, which each of
    /// them then has to have.
    pub fn resolve(given: Option<Target>, source: &Source) -> Result<Self, CliError> {
        if let Some(target) = given {
            return Ok(Self::Given(target));
        }
        let mut last = HashMap::new();
        for (id, url) in source.last_urls()? {
            last.insert(id, Target::parse(&url)?);
        }
        let has_none = |item: &&Item| !last.contains_key(item.id());
        let missing: Vec<_> = source.items().iter().filter(has_none).collect();
        match missing.first() {
            Some(first) => Err(nowhere(first.id(), missing.len(), source.items().len())),
            None => Ok(Self::Last(last)),
        }
    }

    /// Where a delivery goes: what was given takes the delivery's own path where it has none.
    pub fn of(&self, delivery: &Delivery) -> Result<Target, CliError> {
        match self {
            Self::Given(target) => Ok(target.join_path(&delivery.request.target)),
            Self::Last(targets) => match targets.get(&delivery.id) {
                Some(target) => Ok(target.clone()),
                None => Err(nowhere(&delivery.id, 1, 1)),
            },
        }
    }
}

/// So many of all have no endpoint.
fn nowhere(first: &str, missing: usize, all: usize) -> CliError {
    let message = match (missing, all) {
        (_, 1) => format!("`{first}` was never sent on, so there is no endpoint for it"),
        (1, _) => {
            format!("1 of {all} deliveries was never sent on, so there is no endpoint for it")
        }
        _ => format!(
            "{missing} of {all} deliveries were never sent on, so there is no endpoint for them"
        ),
    };
    CliError::usage(message).hint("give one: `--url http://localhost:3000/webhooks`")
}
