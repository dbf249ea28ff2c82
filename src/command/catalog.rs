//! `webhook events`, `config`, `completions` and `man`: what there is, and what is in force.

use std::path::Path;

use serde_json::json;
use strum::VariantArray as _;

use super::World;
use super::setup::{self, Terminal};
use crate::cli::{EventsArgs, EventsCommand, GlobalArgs, Shell, completion, man};
use crate::config::{Named, Setup};
use crate::delivery::did_you_mean;
use crate::exit::{CliError, Outcome};
use crate::json::javascript;
use crate::provider::{Composer, DefinitionOrigin, Fault, Provider, Story};
use crate::report::{self, sanitize::escape};

/// Prints a text; nothing where it is empty.
fn print(world: &World, text: &str) -> Result<Outcome, CliError> {
    if !text.is_empty() {
        world.console.data(text)?;
    }
    Ok(Outcome::Yes)
}

/// Lists the events, of one provider or of all, or the faults; or shows the payload of one.
pub fn events(args: &EventsArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    if args.faults {
        return faults(args.json, world);
    }
    let of = match &args.command {
        Some(EventsCommand::Show { provider, .. }) => provider,
        None => args.provider.as_ref().map_or(&args.of, |_| &args.provider),
    };
    let setup = setup::load_for(global, None, world, |_| of.clone())?;
    if let Some(EventsCommand::Show {
        event,
        provider,
        json,
    }) = &args.command
    {
        return show(event, provider.as_deref(), *json, &setup, world);
    }
    let providers = match args.provider.as_ref().or(args.of.as_ref()) {
        Some(name) => vec![known_provider(name, &setup)?],
        None => setup.catalogue.iter().collect(),
    };
    let mut events = Vec::new();
    for provider in providers {
        note_no_events(provider, world);
        events.extend(readable_events(provider, world));
    }
    if !args.json {
        return print(world, &report::events(&events, world.console.width()));
    }
    for (provider, name, event) in events {
        let fields = json!({
            "provider": provider.name(),
            "event": name,
            "description": event.description,
            "trigger": event.trigger,
            "source": event.source,
            "documented": event.documented,
        });
        world.console.line("event", fields)?;
    }
    Ok(Outcome::Yes)
}

/// The events of a provider that can be read, with a warning for each that cannot.
pub fn readable_events<'p>(provider: &'p Provider, world: &World) -> Vec<report::ListedEvent<'p>> {
    let (mut events, mut broken) = (Vec::new(), Vec::new());
    for (name, event) in provider.events() {
        match event {
            Ok(event) => events.push((provider, name, event)),
            Err(error) => broken.push((name, CliError::from(&error))),
        }
    }
    for (name, error) in broken {
        let message = format!("event `{name}` is skipped: {}", error.message);
        world.console.warn(&message, error.hint.as_deref());
    }
    events
}

/// Says where a provider has no event, as there is nothing to list or to send.
pub fn note_no_events(provider: &Provider, world: &World) {
    if provider.event_names().next().is_none() {
        let name = provider.name();
        let folder = match &provider.origin {
            DefinitionOrigin::Folder(folder) => folder.as_path(),
            _ => Path::new(name),
        };
        let folder = folder.join("events");
        let message = format!(
            "`{name}` has no events: each is a file in `{}`",
            folder.display()
        );
        world.console.note(&message);
    }
}

/// The provider of this name; who names an event in its place is told how to see that.
fn known_provider<'a>(name: &str, setup: &'a Setup) -> Result<&'a Provider, CliError> {
    setup.provider(name).map_err(|unknown| {
        let unknown = CliError::from(unknown);
        match setup.known_event(name) {
            Ok(()) => unknown.hint(format!("it is an event: `webhook events show {name}`")),
            Err(_) => unknown,
        }
    })
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
        world.console.line("payload", fields)?;
        return Ok(Outcome::Yes);
    }
    let body = javascript::stringify(&payload);
    print(world, &report::whole_payload(body.as_bytes()))
}

fn faults(json: bool, world: &World) -> Result<Outcome, CliError> {
    if !json {
        return print(world, &report::faults(world.console.width()));
    }
    for &fault in Fault::VARIANTS {
        let (name, effect, expected) = (fault.to_string(), fault.effect(), fault.expected());
        let fields = json!({"fault": name, "effect": effect, "expected": expected});
        world.console.line("fault", fields)?;
    }
    Ok(Outcome::Yes)
}

/// Shows each setting and where it comes from. A secret that is not where a configuration file says
/// is a row, too: who looks wants to see what there is. What else cannot be used is an error, as it
/// is for the commands that need it, but only after everything else was shown.
pub fn config(
    key: Option<&str>,
    json: bool,
    env_file: Option<&Path>,
    global: &GlobalArgs,
    world: &World,
) -> Result<Outcome, CliError> {
    let mut setup = setup::load(global, env_file, world)?;
    let missing = setup.config.leave_out_missing_secrets();
    let mut settings = setup.config.shown(global)?;
    settings.extend(setup.shown_settings(global)?);
    let secrets = setup.shown_secrets(&mut Terminal);
    settings.extend(secrets.iter().flatten().cloned());
    settings.extend(missing.iter().map(|one| one.shown(!json)));
    if let Some(key) = key {
        settings = settings_of(key, settings)?;
    }
    if json {
        for (name, setting) in settings {
            let origin = setting.origin.to_string();
            let fields = json!({"name": name, "value": setting.value, "origin": origin});
            world.console.line("setting", fields)?;
        }
    } else {
        let row = |(name, setting): Named| (name, setting.value, setting.origin.to_string());
        let rows: Vec<_> = settings.into_iter().map(row).collect();
        print(world, &report::settings(&rows, world.console.width()))?;
    }
    for secret in missing {
        let error = CliError::from(secret.error);
        world.console.warn(&error.message, error.hint.as_deref());
    }
    secrets?;
    setup.config.check_sections()?;
    Ok(Outcome::Yes)
}

/// The setting of this name, or those of a section.
fn settings_of(key: &str, all: Vec<Named>) -> Result<Vec<Named>, CliError> {
    let names: Vec<_> = all.iter().map(|(name, _)| name.clone()).collect();
    let is_meant = |name: &str| {
        let rest = name.strip_prefix(key);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let meant: Vec<_> = all.into_iter().filter(|(name, _)| is_meant(name)).collect();
    if meant.is_empty() {
        let near = did_you_mean(key, names.iter().map(String::as_str));
        let hint = near.unwrap_or_else(|| "`webhook config` lists them".into());
        return Err(CliError::usage(format!("unknown setting `{}`", escape(key))).hint(hint));
    }
    Ok(meant)
}

/// Prints the script that makes a shell ask this program.
pub fn completions(shell: Shell, world: &World) -> Result<Outcome, CliError> {
    world.console.raw(&completion::script(shell)?)?;
    Ok(Outcome::Yes)
}

/// Prints the page of the program, or writes the pages of all commands.
pub fn man(command: &[String], folder: Option<&Path>, world: &World) -> Result<Outcome, CliError> {
    let Some(folder) = folder else {
        let words = command.join(" ");
        let Some(page) = man::page_of(command) else {
            let unknown = CliError::usage(format!("there is no command `{}`", escape(&words)));
            return Err(unknown.hint("`webhook help` lists them"));
        };
        if world.console.prints_to_terminal() {
            let message = "a manual page is troff, which a terminal cannot show";
            let typed = format!("webhook man {words}");
            let hint = format!(
                "`{} | man -l -` reads it, `--output FOLDER` writes all pages",
                typed.trim_end()
            );
            return Err(CliError::usage(message).hint(hint));
        }
        world.console.raw(&page?)?;
        return Ok(Outcome::Yes);
    };
    let shown = folder.display();
    let count = man::write_pages(folder)
        .map_err(|error| CliError::unreadable(format!("cannot write into `{shown}`: {error}")))?;
    world
        .console
        .note(&format!("{count} pages written to `{shown}`"));
    Ok(Outcome::Yes)
}
