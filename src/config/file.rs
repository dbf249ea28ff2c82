//! The form of `webhook.toml` and `config.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::section::{self, Section};
use super::{ConfigError, Paths};
use crate::cli::ColorWhen;
use crate::delivery::did_you_mean;
use crate::provider::read_text;

/// What a configuration file may say. Names are those of the flags.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigForm {
    /// The provider to send as where an event's name does not tell.
    pub provider: Option<String>,
    /// The endpoint of `send` and `replay`.
    pub url: Option<String>,
    /// The log file, relative to the configuration file.
    pub log: Option<PathBuf>,
    /// When to colour.
    pub color: Option<ColorWhen>,
    /// Where secrets are found, by provider; `default` for all.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretsForm>,
    /// What is said of single providers, by name.
    #[serde(default)]
    pub providers: BTreeMap<String, ProviderSectionForm>,
    /// The variables that stand behind the environment, relative to the configuration file.
    pub env_file: Option<PathBuf>,
    #[serde(default)]
    listen: toml::Table,
    #[serde(default)]
    send: toml::Table,
    #[serde(default)]
    sign: toml::Table,
    #[serde(default)]
    verify: toml::Table,
    #[serde(default)]
    replay: toml::Table,
    #[serde(default)]
    test: toml::Table,
    #[serde(default)]
    emulate: toml::Table,
    /// What is said of the flags of single commands, by command.
    #[serde(skip)]
    pub sections: BTreeMap<&'static str, Section>,
}

/// What is said of a provider.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSectionForm {
    /// The values of its settings, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// One place of a secret, or several for rotation.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "`[secrets]` takes where a secret stands, `{ env = \"NAME\" }`, `{ file = \"PATH\" }` or a list of these, never the secret itself"
)]
pub enum SecretsForm {
    /// One.
    One(SecretForm),
    /// Several; the first signs.
    Many(Vec<SecretForm>),
}

impl SecretsForm {
    /// The places in order.
    pub fn as_slice(&self) -> &[SecretForm] {
        match self {
            Self::One(source) => std::slice::from_ref(source),
            Self::Many(sources) => sources,
        }
    }
}

/// Where a secret is found. A configuration file never holds one itself, as it is committed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum SecretForm {
    /// In an environment variable.
    Env(String),
    /// In a file, relative to the configuration file.
    File(PathBuf),
}

impl ConfigForm {
    /// Reads a configuration file. Its paths are relative to its folder, or begin with the home's `~`.
    pub fn read(path: &Path, paths: &Paths) -> Result<Self, ConfigError> {
        let text = read_text(path).map_err(ConfigError::read(path))?;
        let form = |trouble| ConfigError::form(path, trouble);
        let mut file: Self = toml::from_str(&text).map_err(|error| form(explain(&error, &text)))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let place = |path: &Path| folder.join(paths.expand(path.to_path_buf()));
        for own in [&mut file.log, &mut file.env_file].into_iter().flatten() {
            *own = place(own);
        }
        for (name, table) in [
            ("listen", &file.listen),
            ("send", &file.send),
            ("sign", &file.sign),
            ("verify", &file.verify),
            ("replay", &file.replay),
            ("test", &file.test),
            ("emulate", &file.emulate),
            ("config", &toml::Table::new()),
        ] {
            let mut section = section::read(name, table, place).map_err(form)?;
            if let Some(path) = &file.env_file {
                let path = || vec![path.to_string_lossy().into_owned()];
                section.entry("env-file".into()).or_insert_with(path);
            }
            file.sections.insert(name, section);
        }
        Ok(file)
    }
}

/// The error in one line, with the line of the file where it is, and a near name for an unknown one.
fn explain(error: &toml::de::Error, text: &str) -> (String, Option<String>) {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    let message = error.message().lines().collect::<Vec<_>>().join(" ");
    // Of an unknown key, serde quotes the key and then the known ones.
    let mut quoted = message.split('`').skip(1).step_by(2);
    let near = quoted
        .next()
        .filter(|_| message.starts_with("unknown field"))
        .and_then(|key| did_you_mean(key, quoted));
    let message = match (message.split_once(", expected"), &near) {
        (Some((unknown, _)), Some(_)) => unknown,
        _ => &message,
    };
    // In a configuration file they are keys.
    let message = message.replacen("unknown field", "unknown key", 1);
    (format!("line {line}: {message}"), near)
}
