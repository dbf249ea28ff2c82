//! `webhook config`.

use std::path::Path;

use clap::ValueEnum;
use colored::Colorize as _;
use serde_json::{Value, json};

use super::{print, print_lines};
use crate::cli::{GlobalArgs, SecretArgs};
use crate::command::World;
use crate::command::setup::{self, Terminal};
use crate::config::{Config, ConfigError, GivenSecret, MissingSecret, Origin, Setting, Setup};
use crate::exit::{CliError, Outcome};
use crate::http::without_secrets;
use crate::provider::Provider;
use crate::report::{self, sanitize::escape};
use crate::signature::{Key, Secret};

/// What stands in place of a secret.
const REDACTED: &str = "redacted";
/// What stands in place of a secret that is not where a configuration file says.
const MISSING: &str = "missing";

/// A setting by its name.
type Named = (String, Setting<Value>);

fn named(name: impl Into<String>, value: impl Into<Value>, origin: Origin) -> Named {
    let value = value.into();
    (name.into(), Setting { value, origin })
}

impl<T: Into<Value>> Setting<T> {
    fn named(self, name: &str) -> Named {
        (name.into(), self.map(Into::into))
    }
}

/// Shows each setting and where it comes from. A secret that is not where a configuration file says
/// is a row, too: who looks wants to see what there is. What else cannot be used is an error, as it
/// is for the commands that need it, but only after everything else was shown.
pub fn config(
    json: bool,
    env_file: Option<&Path>,
    global: &GlobalArgs,
    world: &World,
) -> Result<Outcome, CliError> {
    let mut setup = setup::load(global, env_file, world)?;
    let missing = setup.config.leave_out_missing_secrets();
    let mut lines = general(&setup.config, global)?;
    lines.extend(flags(&setup.config));
    lines.extend(places(&setup.config, global));
    let secrets = secrets(&setup);
    if let Ok(secrets) = &secrets {
        lines.extend(secrets.iter().cloned());
    }
    lines.extend(missing.iter().map(|one| missing_line(one, json)));
    if json {
        let line = |(name, setting): Named| {
            let origin = setting.origin.to_string();
            json!({"name": name, "value": setting.value, "origin": origin})
        };
        print_lines(world, "setting", lines.into_iter().map(line))?;
    } else {
        print(world, &as_table(&lines, world.console.width()))?;
    }
    for secret in &missing {
        world
            .console
            .warn(&secret.error.to_string(), secret.error.hint());
    }
    secrets?;
    setup.config.check_sections()?;
    Ok(Outcome::Yes)
}

fn general(config: &Config, global: &GlobalArgs) -> Result<Vec<Named>, ConfigError> {
    // Without a home there is none, which is no reason not to show the rest.
    let log = match config.log() {
        Ok(log) => log.map(|path| Some(path.display().to_string())),
        Err(ConfigError::NoHome(_)) => Setting {
            value: None,
            origin: Origin::Default,
        },
        Err(error) => return Err(error),
    };
    Ok(vec![
        config.provider(None).named("provider"),
        hidden(config.url(None).named("url")),
        log.named("log"),
        config.color(global.color).map(name_of).named("color"),
    ])
}

/// The flags of `listen`, which has the most, and of the other commands what files say.
fn flags(config: &Config) -> Vec<Named> {
    let is_set = |(_, setting): &Named| setting.origin != Origin::Default;
    let others = ["send", "sign", "verify", "replay", "test"].into_iter();
    let others = others.flat_map(|name| config.in_force(name)).filter(is_set);
    config
        .in_force("listen")
        .into_iter()
        .chain(others)
        .map(hidden)
        .collect()
}

/// The same without user name and password, where it holds URLs, and without the values of headers.
fn hidden((name, mut setting): Named) -> Named {
    let key = name.rsplit('.').next().unwrap_or_default();
    if key == "header"
        && let Value::Array(headers) = &mut setting.value
    {
        for header in headers.iter_mut() {
            let name = header.as_str().and_then(|text| text.split_once(':'));
            *header = name.map(|(name, _)| format!("{name}: {REDACTED}")).into();
        }
    }
    if key.ends_with("url") || key == "forward-to" || key == "route" {
        match &mut setting.value {
            Value::String(url) => *url = without_secrets(url),
            Value::Array(urls) => {
                for url in urls.iter_mut() {
                    *url = url.as_str().map(without_secrets).into();
                }
            }
            _ => {}
        }
    }
    (name, setting)
}

/// The files and folders that are read.
fn places(config: &Config, global: &GlobalArgs) -> Vec<Named> {
    let chosen = match global.config {
        Some(_) => Origin::Flag("--config"),
        None => Origin::Default,
    };
    let text = |path: &Path| path.display().to_string();
    let files: Vec<_> = config.files().map(|(path, _)| text(path)).collect();
    let folders = config.provider_folders();
    let folders: Vec<_> = folders.iter().rev().map(|path| text(path)).collect();
    let local = config.paths.local_secret_file();
    vec![
        named("files", files, chosen),
        named("providers", folders, Origin::Default),
        named(
            "local-secret",
            local.map(|path| text(&path)),
            Origin::Default,
        ),
    ]
}

/// A line for each secret that a provider's deliveries are checked with, under the label that a
/// verdict names it by.
fn secrets(setup: &Setup) -> Result<Vec<Named>, CliError> {
    let args = SecretArgs::default();
    let given = setup.secrets(&args, &mut Terminal)?;
    // What the commands refuse is refused here in the same words.
    setup.keyring(&given)?;
    let lines = |provider| secrets_of(provider, &given);
    Ok(setup.catalogue.iter().flat_map(lines).collect())
}

fn secrets_of(provider: &Provider, given: &[GivenSecret]) -> Vec<Named> {
    let name = provider.name();
    let scheme = &provider.definition.signature;
    let fits =
        |secret: &&GivenSecret| Key::new(scheme, &Secret::new(name, secret.bytes.clone())).is_ok();
    let meant = GivenSecret::in_force(given, name).into_iter().filter(fits);
    let line = |(index, secret): (usize, &GivenSecret)| {
        let label = format!("secret.{name}#{}", index + 1);
        named(label, REDACTED, secret.origin.clone())
    };
    meant.enumerate().map(line).collect()
}

/// For people with the place where it is not.
fn missing_line(missing: &MissingSecret, json: bool) -> Named {
    let origin = Origin::File(missing.file.clone());
    let place = match &missing.error {
        ConfigError::SecretFile { path, .. } => format!("{MISSING}: file {}", path.display()),
        ConfigError::NoVariable { name, .. } => format!("{MISSING}: variable {name}"),
        _ => MISSING.to_owned(),
    };
    let place = if json { MISSING.to_owned() } else { place };
    named(format!("secret.{}", missing.key), place, origin)
}

fn as_table(lines: &[Named], width: Option<usize>) -> String {
    let row = |(name, setting): &Named| {
        let value = match &setting.value {
            Value::Null => "-".dimmed().to_string(),
            Value::String(text) => escape(text).into_owned(),
            Value::Array(items) if items.is_empty() => "-".dimmed().to_string(),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                escape(&items.join(", ")).into_owned()
            }
            other => other.to_string(),
        };
        let name = escape(name).bold().to_string();
        let origin = setting.origin.to_string();
        vec![name, value, escape(&origin).into_owned()]
    };
    let rows = lines.iter().map(row).collect();
    report::table_or_stack(&["SETTING", "VALUE", "FROM"], rows, width)
}

/// A value of an enum as it is typed.
pub fn name_of<T: ValueEnum + Copy>(value: T) -> Option<String> {
    let name = value.to_possible_value()?.get_name().to_owned();
    Some(name)
}
