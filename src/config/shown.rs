//! Each setting that is in force, as `webhook config` shows it: without what is secret.

use std::path::Path;

use serde_json::Value;

use super::{Ask, Config, ConfigError, GivenSecret, MissingSecret, Origin, Setting, Setup};
use crate::cli::value::name_of;
use crate::cli::{GlobalArgs, SecretArgs};
use crate::delivery::text::without_secrets;
use crate::provider::{DefinitionOrigin, Provider};
use crate::signature::{Key, Secret};

/// What stands in place of a secret.
const REDACTED: &str = "redacted";
/// What stands in place of a secret that is not where a configuration file says.
const MISSING: &str = "missing";

/// A setting by its name.
pub type Named = (String, Setting<Value>);

fn named(name: impl Into<String>, value: impl Into<Value>, origin: Origin) -> Named {
    let value = value.into();
    (name.into(), Setting { value, origin })
}

impl<T: Into<Value>> Setting<T> {
    fn named(self, name: &str) -> Named {
        (name.into(), self.map(Into::into))
    }
}

impl Config {
    /// The settings, the flags of `listen`, what files say of other commands' flags, and the places
    /// that are read. Fails where the place of the log cannot be known.
    pub fn shown(&self, global: &GlobalArgs) -> Result<Vec<Named>, ConfigError> {
        let mut lines = general(self, global)?;
        lines.extend(flags(self));
        lines.extend(places(self, global));
        Ok(lines)
    }
}

impl Setup {
    /// A line for each setting of a provider that was given, under its place in a configuration file. One
    /// that is called a secret is shown as one.
    pub fn shown_settings(&self, global: &GlobalArgs) -> Result<Vec<Named>, ConfigError> {
        let given = (self.config).given_settings(&global.setting, &self.catalogue)?;
        let lines = given.into_iter().map(|((provider, own), setting)| {
            let is_secret = ["secret", "token", "password"]
                .iter()
                .any(|word| own.name.contains(word));
            let value = if is_secret {
                REDACTED.into()
            } else {
                setting.value
            };
            let name = format!("providers.{provider}.settings.{}", own.name);
            named(name, value, setting.origin)
        });
        Ok(lines.collect())
    }

    /// A line for each secret that a provider's deliveries are checked with, under the label that a
    /// verdict names it by. A secret that is for whoever sends has no line for each vendor.
    pub fn shown_secrets(&self, ask: &mut dyn Ask) -> Result<Vec<Named>, ConfigError> {
        let given = self.secrets(&SecretArgs::default(), None, ask)?;
        // What the commands refuse is refused here in the same words.
        self.keyring(&given)?;
        let lines = |provider| secrets_of(provider, &given);
        Ok(self.catalogue.iter().flat_map(lines).collect())
    }
}

impl MissingSecret {
    /// Its line; for people `with_place`, where it is not.
    pub fn shown(&self, with_place: bool) -> Named {
        let place = match &self.error {
            ConfigError::SecretFile { path, .. } => format!(": file {}", path.display()),
            ConfigError::NoVariable { name, .. } => format!(": variable {name}"),
            _ => String::new(),
        };
        let place = if with_place { place } else { String::new() };
        let origin = Origin::File(self.file.clone());
        named(
            format!("secret.{}", self.key),
            format!("{MISSING}{place}"),
            origin,
        )
    }
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
    let others = ["send", "sign", "verify", "replay", "test", "emulate"].into_iter();
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
        named("providers", folders, config.named_providers().origin),
        named(
            "local-secret",
            local.map(|path| text(&path)),
            Origin::Default,
        ),
    ]
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
    let is_vendor = provider.origin == DefinitionOrigin::Vendor;
    let is_shown = |secret: &&GivenSecret| !is_vendor || secret.provider.is_some();
    let shown = meant.enumerate().filter(|(_, secret)| is_shown(secret));
    shown.map(line).collect()
}
