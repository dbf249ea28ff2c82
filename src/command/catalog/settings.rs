//! `webhook config`.

use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use colored::Colorize as _;
use serde::Serialize;
use serde_json::Value;

use super::{print, print_lines};
use crate::cli::value::size_text;
use crate::cli::{GlobalArgs, SecretArgs};
use crate::command::{Setup, World};
use crate::config::{Config, ConfigError, GivenSecret, MissingSecret, Origin, Setting};
use crate::delivery::duration;
use crate::exit::{CliError, Outcome};
use crate::provider::Provider;
use crate::report;
use crate::signature::{Key, Secret};

/// What stands in place of a secret.
const REDACTED: &str = "redacted";
/// What stands in place of a secret that is not where a configuration file says.
const MISSING: &str = "missing";

/// A line of `config --json`.
#[derive(Serialize)]
struct SettingLine {
    name: String,
    value: Value,
    origin: String,
}

impl SettingLine {
    fn new(name: impl Into<String>, value: impl Into<Value>, origin: &Origin) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            origin: origin.to_string(),
        }
    }
}

impl<T: Into<Value>> Setting<T> {
    fn line(self, name: &str) -> SettingLine {
        SettingLine::new(name, self.value, &self.origin)
    }
}

/// Shows each setting and where it comes from. A secret that cannot be read is an error, as it is
/// for the commands that need one, but only after everything else was shown.
pub fn config(json: bool, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let mut setup = Setup::load(global, None, world)?;
    let missing = setup.config.leave_out_missing_secrets();
    let mut lines = general(&setup.config, global)?;
    lines.extend(listen(&setup.config)?);
    lines.extend(places(&setup.config, global));
    let (secrets, trouble) = match secrets(&setup) {
        Ok(secrets) => (secrets, None),
        Err(trouble) => (Vec::new(), Some(trouble)),
    };
    lines.extend(secrets);
    lines.extend(missing.iter().map(missing_line));
    let trouble = missing
        .into_iter()
        .next()
        .map(|first| first.error.into())
        .or(trouble);
    if json {
        print_lines(world, "setting", &lines)?;
    } else {
        print(world, &as_table(&lines))?;
    }
    trouble.map_or(Ok(Outcome::Yes), Err)
}

fn general(config: &Config, global: &GlobalArgs) -> Result<Vec<SettingLine>, ConfigError> {
    let log = config.log()?.map(|path| path.display().to_string());
    Ok(vec![
        config.provider(None)?.line("provider"),
        config.url(None)?.line("url"),
        log.line("log"),
        config.color(global.color)?.map(name_of).line("color"),
    ])
}

fn listen(config: &Config) -> Result<Vec<SettingLine>, ConfigError> {
    let settings = config.listen_settings_without_flags()?;
    let timeout = |span: Option<Duration>| duration::typed(span.unwrap_or_default());
    Ok(vec![
        settings
            .host
            .map(|host| host.to_string())
            .line("listen.host"),
        settings.port.line("listen.port"),
        settings.forward_to.line("listen.forward-to"),
        settings.timeout.map(timeout).line("listen.timeout"),
        settings.max_body.map(size_text).line("listen.max-body"),
        settings.on_invalid.map(name_of).line("listen.on-invalid"),
        settings.events.line("listen.events"),
        settings.body.map(name_of).line("listen.body"),
    ])
}

/// The files and folders that are read.
fn places(config: &Config, global: &GlobalArgs) -> Vec<SettingLine> {
    let named = match global.config {
        Some(_) => Origin::Flag("--config"),
        None => Origin::Default,
    };
    let text = |path: &Path| path.display().to_string();
    let files: Vec<_> = config.files().map(|(path, _)| text(path)).collect();
    let folders = config.provider_folders();
    let folders: Vec<_> = folders.iter().rev().map(|path| text(path)).collect();
    let local = config.paths.local_secret_file();
    vec![
        SettingLine::new("files", files, &named),
        SettingLine::new("providers", folders, &Origin::Default),
        SettingLine::new(
            "local-secret",
            local.map(|path| text(&path)),
            &Origin::Default,
        ),
    ]
}

/// A line for each secret that a provider's deliveries are checked with, under the label that a
/// verdict names it by.
fn secrets(setup: &Setup) -> Result<Vec<SettingLine>, CliError> {
    let args = SecretArgs::default();
    // What the commands refuse is refused here in the same words.
    setup.keyring(&args)?;
    let given = setup.secrets(&args)?;
    let lines = |provider| secrets_of(provider, &given);
    Ok(setup.catalogue.iter().flat_map(lines).collect())
}

fn secrets_of(provider: &Provider, given: &[GivenSecret]) -> Vec<SettingLine> {
    let name = provider.name();
    let scheme = &provider.definition.signature;
    let fits =
        |secret: &&GivenSecret| Key::new(scheme, &Secret::new(name, secret.bytes.clone())).is_ok();
    let meant = GivenSecret::in_force(given, name).into_iter().filter(fits);
    let line = |(index, secret): (usize, &GivenSecret)| {
        let label = format!("secret.{name}#{}", index + 1);
        SettingLine::new(label, REDACTED, &secret.origin)
    };
    meant.enumerate().map(line).collect()
}

fn missing_line(missing: &MissingSecret) -> SettingLine {
    let origin = Origin::File(missing.file.clone());
    SettingLine::new(format!("secret.{}", missing.key), MISSING, &origin)
}

fn as_table(lines: &[SettingLine]) -> String {
    let row = |line: &SettingLine| {
        let value = match &line.value {
            Value::Null => "-".dimmed().to_string(),
            Value::String(text) => text.clone(),
            Value::Array(items) if items.is_empty() => "-".dimmed().to_string(),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                items.join(", ")
            }
            other => other.to_string(),
        };
        vec![line.name.bold().to_string(), value, line.origin.clone()]
    };
    let rows = lines.iter().map(row).collect();
    report::table(&["SETTING", "VALUE", "FROM"], rows, None)
}

/// A value of an enum as it is typed.
fn name_of<T: ValueEnum + Copy>(value: T) -> Option<String> {
    let name = value.to_possible_value()?.get_name().to_owned();
    Some(name)
}
