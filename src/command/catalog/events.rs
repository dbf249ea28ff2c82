//! `webhook events`.

use colored::Colorize as _;
use serde_json::json;

use strum::VariantArray as _;

use super::{print, print_lines};
use crate::cli::{EventsArgs, EventsCommand, GlobalArgs};
use crate::command::World;
use crate::command::setup;
use crate::config::Setup;
use crate::exit::{CliError, Outcome};
use crate::json::javascript;
use crate::provider::{Composer, Event, Fault, Provenance, Provider, Story};
use crate::report::{self, sanitize::escape, sheet};

/// Lists the events, of one provider or of all, or the faults.
pub fn events(args: &EventsArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    if args.faults {
        return faults(args.json, world);
    }
    let setup = setup::load(global, None, world)?;
    if let Some(EventsCommand::Show {
        event,
        provider,
        json,
    }) = &args.command
    {
        return show(event, provider.as_deref(), *json, &setup, world);
    }
    let providers = match args.provider.as_ref().or(args.of.as_ref()) {
        Some(name) => vec![setup.provider(name)?],
        None => setup.catalogue.iter().collect(),
    };
    let mut events = Vec::new();
    for provider in providers {
        let of_provider = provider.events()?.into_iter();
        events.extend(of_provider.map(|(name, event)| (provider, name, event)));
    }
    if args.json {
        let line = |(provider, name, event): (&Provider, &str, Event)| {
            json!({
                "provider": provider.name(),
                "event": name,
                "description": event.description,
                "trigger": event.trigger,
                "source": event.source,
                "documented": event.documented(),
            })
        };
        print_lines(world, "event", events.into_iter().map(line))?;
    } else {
        let parts = documented_parts(&events);
        print(world, &table(events, world.console.width()))?;
        print(world, &report::wrap(&parts, world.console.width()))?;
    }
    Ok(Outcome::Yes)
}

/// Shows a payload, with ids and times as they would be now.
fn show(
    event: &str,
    provider: Option<&str>,
    json: bool,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    setup.known_event(event)?;
    let configured = setup.chosen_provider(provider)?;
    let configured = configured.filter(|of| provider.is_some() || of.has_event(event));
    let provider = configured.or_else(|| setup.catalogue.with_event(event).next());
    let Some((provider, found)) = provider.and_then(|of| Some((of, of.event(event)?))) else {
        return Err(match provider {
            Some(provider) => setup.unknown_event_of(provider, event).into(),
            None => setup.unknown_event(event).into(),
        });
    };
    let story = Story {
        seed: rand::random(),
        number: 0,
    };
    let composer = Composer::new(&provider.definition, event, world.now(), story);
    let payload = composer.fixture(&found?.data).value;
    if json {
        let fields = json!({"provider": provider.name(), "event": event, "payload": payload});
        print_lines(world, "payload", [fields].into_iter())?;
    } else {
        let body = javascript::stringify(&payload);
        print(world, &report::whole_payload(body.as_bytes()))?;
    }
    Ok(Outcome::Yes)
}

/// The provider stands in every row, so that a line that `grep` picks says whose event it is; all
/// but the first of a group are dim.
fn table(events: Vec<(&Provider, &str, Event)>, width: Option<usize>) -> String {
    let mut before = None;
    let row = |(provider, name, event): (&Provider, &str, Event)| {
        let provider = &*escape(provider.name());
        let is_first = before.replace(provider.to_owned()).as_deref() != Some(provider);
        let provider = if is_first {
            provider.bold()
        } else {
            provider.dimmed()
        };
        let source = match event.source {
            Provenance::Inferred => event.source.to_string().dimmed(),
            _ => event.source.to_string().normal(),
        };
        let name = escape(name).into_owned();
        vec![
            provider.to_string(),
            name,
            source.to_string(),
            escape(&event.description).into_owned(),
        ]
    };
    let headers = ["PROVIDER", "EVENT", "PAYLOAD", "DESCRIPTION"];
    report::table(&headers, events.into_iter().map(row).collect(), width)
}

/// Which fields of the payloads that are documented in part are.
fn documented_parts(events: &[(&Provider, &str, Event)]) -> String {
    let in_part = events
        .iter()
        .filter(|(_, _, event)| event.source == Provenance::DocumentedInPart);
    let lines = in_part.map(|(provider, name, event)| {
        let part = event.documented_part();
        (provider.name(), format!("{name}: {part}"))
    });
    match sheet::section("Documented in part, the other fields are inferred", lines) {
        none if none.is_empty() => none,
        section => format!("\n{section}"),
    }
}

fn faults(json: bool, world: &World) -> Result<Outcome, CliError> {
    if json {
        let line = |fault: Fault| json!({"fault": fault.to_string(), "effect": fault.effect(), "expected": fault.expected()});
        print_lines(world, "fault", Fault::VARIANTS.iter().copied().map(line))?;
    } else {
        let row = |fault: Fault| {
            let name = fault.to_string().bold().to_string();
            vec![name, fault.effect().to_owned(), fault.expected().to_owned()]
        };
        let headers = ["FAULT", "WHAT IS SENT", "A CORRECT RECEIVER ANSWERS"];
        let rows = Fault::VARIANTS.iter().copied().map(row).collect();
        print(
            world,
            &report::table_or_stack(&headers, rows, world.console.width()),
        )?;
    }
    Ok(Outcome::Yes)
}
