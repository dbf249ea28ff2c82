//! `webhook events`.

use colored::Colorize as _;
use serde::Serialize;

use super::{print, print_lines};
use crate::cli::{EventsArgs, GlobalArgs};
use crate::command::{Setup, World};
use crate::exit::{CliError, Outcome};
use crate::provider::{Fault, Provenance, Provider};
use crate::report;

/// A line of `events --json`.
#[derive(Serialize)]
struct EventLine<'a> {
    provider: &'a str,
    event: &'a str,
    description: String,
    trigger: Option<String>,
    source: Provenance,
}

/// A line of `events --faults --json`.
#[derive(Serialize)]
struct FaultLine {
    fault: &'static str,
    effect: &'static str,
    expected: &'static str,
}

/// Lists the events, of one provider or of all, or the faults.
pub fn events(args: &EventsArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    if args.faults {
        return faults(args.json, world);
    }
    let setup = Setup::load(global, None, world)?;
    let providers = match args.provider.as_ref().or(args.of.as_ref()) {
        Some(name) => vec![setup.provider(name)?],
        None => setup.catalogue.iter().collect(),
    };
    let mut lines = Vec::new();
    for provider in providers {
        for event in provider.event_names() {
            lines.extend(line(provider, event)?);
        }
    }
    if args.json {
        print_lines(world, "event", &lines)?;
    } else {
        print(world, &as_table(lines, world.console.width()))?;
    }
    Ok(Outcome::Yes)
}

fn line<'a>(provider: &'a Provider, event: &'a str) -> Result<Option<EventLine<'a>>, CliError> {
    let Some(fixture) = provider.event(event).transpose()? else {
        return Ok(None);
    };
    Ok(Some(EventLine {
        provider: provider.name(),
        event,
        description: fixture.description,
        trigger: fixture.trigger,
        source: fixture.source,
    }))
}

/// The provider stands in every row, so that a line that `grep` picks says whose event it is; all
/// but the first of a group are dim.
fn as_table<'a>(lines: Vec<EventLine<'a>>, width: Option<usize>) -> String {
    let mut before = None;
    let row = |line: EventLine<'a>| {
        let is_first = before.replace(line.provider) != Some(line.provider);
        let provider = if is_first {
            line.provider.bold()
        } else {
            line.provider.dimmed()
        };
        let source = match line.source {
            Provenance::Documented => "documented".normal(),
            Provenance::Inferred => "inferred".dimmed(),
        };
        vec![
            provider.to_string(),
            line.event.to_owned(),
            source.to_string(),
            line.description,
        ]
    };
    let rows = lines.into_iter().map(row).collect();
    report::table(
        &["PROVIDER", "EVENT", "PAYLOAD", "DESCRIPTION"],
        rows,
        width,
    )
}

fn faults(json: bool, world: &World) -> Result<Outcome, CliError> {
    let lines = Fault::ALL.map(fault_line);
    if json {
        print_lines(world, "fault", &lines)?;
    } else {
        let row = |line: FaultLine| {
            vec![
                line.fault.bold().to_string(),
                line.effect.to_owned(),
                line.expected.to_owned(),
            ]
        };
        let rows = lines.into_iter().map(row).collect();
        let headers = ["FAULT", "WHAT IS SENT", "A CORRECT RECEIVER ANSWERS"];
        let width = world.console.width();
        print(world, &report::table_or_stack(&headers, rows, width))?;
    }
    Ok(Outcome::Yes)
}

fn fault_line(fault: Fault) -> FaultLine {
    FaultLine {
        fault: fault.name(),
        effect: fault.effect(),
        expected: fault.expected(),
    }
}
