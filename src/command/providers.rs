//! `webhook providers`: what there is, and what whoever writes one needs.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::catalog::readable_events;
use super::{World, setup};
use crate::cli::{GlobalArgs, ProvidersArgs, ProvidersCommand};
use crate::config::Setup;
use crate::exit::{CliError, Outcome};
use crate::provider::{
    CatalogueError, DEFINITION_FILE, FolderCheck, Provider, REFERENCE, check_folder, draft, import,
};
use crate::report;

/// Runs the command.
pub fn run(args: &ProvidersArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    // What is wrong in folders is what `check` tells.
    let load = || Setup::load(global, None, &world.folder);
    match &args.command {
        Some(ProvidersCommand::New { name, like, folder }) => {
            let setup = load()?;
            let like = provider_like(like.as_deref(), &setup)?;
            let files = draft(name, like, world.now())?;
            write_folder(name, folder, files, world)
        }
        Some(ProvidersCommand::Import {
            file,
            name,
            like,
            folder,
        }) => {
            let setup = load()?;
            let like = provider_like(like.as_deref(), &setup)?;
            let found = import(file, name.as_deref(), like, world.now());
            let found = found.map_err(|error| no_description(&error))?;
            let outcome = write_folder(&found.name, folder, found.files, world)?;
            tell_left_out(found.events, &found.left_out, world);
            Ok(outcome)
        }
        Some(ProvidersCommand::Check { folders, json }) => check(folders, *json, &load()?, world),
        Some(ProvidersCommand::Schema { file }) => print(file.schema(), world),
        Some(ProvidersCommand::Reference) => print(REFERENCE, world),
        Some(ProvidersCommand::Show { name, json }) => show(Some(name), *json, global, world),
        None => show(None, args.json, global, world),
    }
}

/// What is wrong with a description, which is no folder that could be checked.
fn no_description(error: &CatalogueError) -> CliError {
    match error {
        CatalogueError::Form { .. } => CliError::usage(error.to_string()).hint(
            "a description is OpenAPI in JSON or YAML with `webhooks`, `x-webhooks` or `callbacks`",
        ),
        _ => error.into(),
    }
}

/// Prints a file that is built in.
fn print(text: &str, world: &World) -> Result<Outcome, CliError> {
    world.console.data(text.trim_end())?;
    Ok(Outcome::Yes)
}

/// Shows one provider, or lists them.
fn show(
    name: Option<&String>,
    json: bool,
    global: &GlobalArgs,
    world: &World,
) -> Result<Outcome, CliError> {
    let setup = setup::load_for(global, None, world, |_| name.cloned())?;
    let providers: Vec<&Provider> = match name {
        Some(name) => vec![setup.provider(name)?],
        None => setup.catalogue.iter().collect(),
    };
    if json {
        for provider in providers {
            let mut facts = provider.facts();
            facts["signature"]["local_public_key"] = setup.local_public_key(provider).into();
            world.console.line("provider", facts)?;
        }
        return Ok(Outcome::Yes);
    }
    let width = world.console.width();
    world.console.data(&match name {
        Some(_) => report::provider(
            providers[0],
            &readable_events(providers[0], world),
            setup.local_public_key(providers[0]).as_deref(),
            width,
        ),
        None => report::providers(&providers, width),
    })?;
    Ok(Outcome::Yes)
}

/// Writes a folder that loads and sends at once, and says what to type next.
fn write_folder(
    name: &str,
    place: &Path,
    files: Vec<(PathBuf, String)>,
    world: &World,
) -> Result<Outcome, CliError> {
    let shown = place.join(name);
    if shown.exists() {
        return Err(
            CliError::usage(format!("`{}` is there already", shown.display())).hint(format!(
                "`webhook providers check {}` says what is wrong in it",
                shown.display()
            )),
        );
    }
    for (file, text) in files {
        let path = shown.join(&file);
        write(&path, &text).map_err(|source| CatalogueError::Write { path, source })?;
        world
            .console
            .data(&shown.join(file).display().to_string())?;
    }
    let beside = if place == Path::new("providers") {
        String::new()
    } else {
        format!(" --providers {}", place.display())
    };
    let shown = shown.display();
    world.console.note(&format!(
        "change what is otherwise; `webhook providers check {shown}` tells what is wrong"
    ));
    world.console.note(&format!(
        "`webhook send --all --provider {name} --dry-run{beside}` shows what is sent"
    ));
    Ok(Outcome::Yes)
}

/// The provider that another is to be like.
fn provider_like<'s>(
    name: Option<&str>,
    setup: &'s Setup,
) -> Result<Option<&'s Provider>, CliError> {
    Ok(name.map(|name| setup.provider(name)).transpose()?)
}

/// Says of which webhooks no event came.
fn tell_left_out(events: usize, left_out: &[String], world: &World) {
    if left_out.is_empty() {
        return;
    }
    let shown: Vec<_> = left_out
        .iter()
        .take(5)
        .map(|key| format!("`{}`", key.escape_debug()))
        .collect();
    let dots = if left_out.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    world.console.note(&format!(
        "{events} events came of {} webhooks; without a JSON body or with a name that was taken: {}{dots}",
        events + left_out.len(),
        shown.join(", ")
    ));
}

/// Writes a new file; one that is there stays.
fn write(path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// Tells all that is wrong in folders of providers; of those that are given, else of all of the user's.
fn check(given: &[PathBuf], json: bool, setup: &Setup, world: &World) -> Result<Outcome, CliError> {
    let own: Vec<_> = setup.config.provider_folders();
    let own = own.into_iter().filter(|folder| folder.is_dir());
    let folders = match given {
        [] => folders_in(&own.collect::<Vec<_>>())?,
        given => folders_in(given)?,
    };
    if folders.is_empty() {
        world
            .console
            .note("there is no provider of your own: `webhook providers new NAME` begins one");
    }
    let mut is_right = true;
    for folder in folders {
        let found = check_folder(&folder, world.now());
        is_right &= found.faults.is_empty();
        if json {
            tell_json(&folder, &found, world)?;
        } else {
            world.console.data(&report::folder_check(
                &folder,
                &found,
                world.console.width(),
            ))?;
        }
    }
    Ok(if is_right { Outcome::Yes } else { Outcome::No })
}

fn tell_json(folder: &Path, found: &FolderCheck, world: &World) -> Result<(), CliError> {
    for fault in &found.faults {
        let fields = json!({"provider": found.name, "folder": folder.display().to_string(), "message": fault.to_string()});
        world.console.line("fault", fields)?;
    }
    for (event, misfit) in &found.misfits {
        let fields = json!({"provider": found.name, "event": event, "path": misfit.path, "expected": misfit.expected, "found": misfit.found});
        world.console.line("misfit", fields)?;
    }
    let fields = json!({
        "provider": found.name,
        "folder": folder.display().to_string(),
        "ok": found.faults.is_empty(),
        "faults": found.faults.len(),
        "events": found.events,
        "vectors": found.vectors,
        "misfits": found.misfits.len(),
    });
    Ok(world.console.line("checked", fields)?)
}

/// The providers' folders that are given, and those in folders of them.
fn folders_in(given: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut folders = Vec::new();
    for path in given {
        if path.join(DEFINITION_FILE).is_file() {
            folders.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path)
            .map_err(|error| CliError::unread(path.display().to_string(), &error))?;
        let below = entries.filter_map(|entry| Some(path.join(entry.ok()?.file_name())));
        let mut below: Vec<_> = below
            .filter(|path| path.join(DEFINITION_FILE).is_file())
            .collect();
        below.sort();
        folders.append(&mut below);
    }
    Ok(folders)
}
