//! `webhook config`.

use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use colored::Colorize as _;
use serde_json::{Value, json};

use super::{print, print_lines};
use crate::cli::value::size_text;
use crate::cli::{GlobalArgs, ListenArgs, SecretArgs};
use crate::command::World;
use crate::command::setup::Terminal;
use crate::config::{Config, ConfigError, GivenSecret, MissingSecret, Origin, Setting, Setup};
use crate::delivery::duration;
use crate::exit::{CliError, Outcome};
use crate::provider::Provider;
use crate::report;
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

/// Shows each setting and where it comes from. A secret that cannot be read is an error, as it is
/// for the commands that need one, but only after everything else was shown.
pub fn config(json: bool, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let mut setup = Setup::load(global, None, &world.folder)?;
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
        let line = |(name, setting): Named| {
            let origin = setting.origin.to_string();
            json!({"name": name, "value": setting.value, "origin": origin})
        };
        print_lines(world, "setting", lines.into_iter().map(line))?;
    } else {
        print(world, &as_table(&lines, world.console.width()))?;
    }
    trouble.map_or(Ok(Outcome::Yes), Err)
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
        config.provider(None)?.named("provider"),
        config.url(None)?.named("url"),
        log.named("log"),
        config.color(global.color)?.map(name_of).named("color"),
    ])
}

fn listen(config: &Config) -> Result<Vec<Named>, ConfigError> {
    let settings = config.listen_settings(&ListenArgs::default())?;
    let timeout = |span: Option<Duration>| duration::typed(span.unwrap_or_default());
    Ok(vec![
        settings
            .host
            .map(|host| host.to_string())
            .named("listen.host"),
        settings.port.named("listen.port"),
        settings.forward_to.named("listen.forward-to"),
        settings.timeout.map(timeout).named("listen.timeout"),
        settings.max_body.map(size_text).named("listen.max-body"),
        settings.on_invalid.map(name_of).named("listen.on-invalid"),
        settings
            .on_unsigned
            .map(name_of)
            .named("listen.on-unsigned"),
        settings.provider.named("listen.provider"),
        settings.allow_host.named("listen.allow-host"),
        settings
            .public_url
            .map(|url| url.map(String::from))
            .named("listen.public-url"),
        settings.events.named("listen.events"),
        settings.body.map(name_of).named("listen.body"),
    ])
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

fn missing_line(missing: &MissingSecret) -> Named {
    let origin = Origin::File(missing.file.clone());
    named(format!("secret.{}", missing.key), MISSING, origin)
}

fn as_table(lines: &[Named], width: Option<usize>) -> String {
    let row = |(name, setting): &Named| {
        let value = match &setting.value {
            Value::Null => "-".dimmed().to_string(),
            Value::String(text) => text.clone(),
            Value::Array(items) if items.is_empty() => "-".dimmed().to_string(),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                items.join(", ")
            }
            other => other.to_string(),
        };
        vec![name.bold().to_string(), value, setting.origin.to_string()]
    };
    let rows = lines.iter().map(row).collect();
    report::table_or_stack(&["SETTING", "VALUE", "FROM"], rows, width)
}

/// A value of an enum as it is typed.
pub fn name_of<T: ValueEnum + Copy>(value: T) -> Option<String> {
    let name = value.to_possible_value()?.get_name().to_owned();
    Some(name)
}
