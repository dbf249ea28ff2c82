//! `webhook log prune`: what is no longer wanted.

use std::time::Duration;

use super::super::World;
use super::super::setup::existing_log;
use super::output;
use crate::cli::value::Moment;
use crate::config::Setup;
use crate::exit::{CliError, Outcome};
use crate::report;
use crate::store::Pruned;

/// Deletes what is older than a span or beyond a number.
pub fn run(
    older_than: Option<Duration>,
    keep: Option<u64>,
    json: bool,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    let log = existing_log(setup)?;
    let now = world.now();
    let older_than = older_than.map(|length| Moment::Ago(length).seen_from(now));
    let pruned = log.prune(older_than, keep)?;
    if json {
        world.console.line("summary", pruned)?;
    } else {
        world.console.remark(&said(pruned));
    }
    Ok(Outcome::Yes)
}

fn said(pruned: Pruned) -> String {
    let removed = format!(
        "removed {} and {}",
        output::deliveries(pruned.deliveries),
        output::attempts(pruned.attempts)
    );
    match pruned.bytes {
        0 => removed,
        bytes => format!("{removed}, the log is {} smaller", report::bytes(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_no_smaller_is_not_said_to_be() {
        let pruned = |bytes| Pruned {
            deliveries: 1,
            attempts: 2,
            bytes,
        };
        assert_eq!(said(pruned(0)), "removed 1 delivery and 2 attempts");
        let said = said(pruned(2048));
        assert!(
            said.ends_with(" attempts, the log is 2.0 KiB smaller"),
            "{said}"
        );
    }
}
