//! The form of `webhook.toml` and `config.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ConfigError;

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
    pub color: Option<String>,
    /// Where secrets are found, by provider; `default` for all.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretsForm>,
    /// The settings of `listen`.
    #[serde(default)]
    pub listen: ListenForm,
}

/// The settings of `listen`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ListenForm {
    /// The address to listen on.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The targets to forward to.
    pub forward_to: Option<Vec<String>>,
    /// How long a target may take, such as `30s`.
    pub timeout: Option<String>,
    /// The largest body, such as `25MiB`.
    pub max_body: Option<String>,
    /// `reject` or `forward`.
    pub on_invalid: Option<String>,
    /// The provider of all deliveries, in place of detecting it.
    pub provider: Option<String>,
    /// `reject` or `accept`.
    pub on_unsigned: Option<String>,
    /// Further names of the listener.
    pub allow_host: Option<Vec<String>>,
    /// The URL by which senders reach the listener.
    pub public_url: Option<String>,
    /// The events that are printed and forwarded.
    pub events: Option<Vec<String>>,
    /// `full`, `short` or `none`.
    pub body: Option<String>,
}

/// One place of a secret, or several for rotation.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a secret's place: `{ env = \"NAME\" }`, `{ file = \"PATH\" }`, or a list of these; never the secret itself"
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
    /// Reads a configuration file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(ConfigError::read(path))?;
        let mut file: Self = toml::from_str(&text).map_err(|error| ConfigError::Form {
            path: path.to_path_buf(),
            message: one_line(&error, &text),
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        // The home is known where it is used.
        let is_of_home = |log: &PathBuf| log.starts_with("~");
        if let Some(log) = file.log.as_mut().filter(|log| !is_of_home(log)) {
            *log = folder.join(&*log);
        }
        Ok(file)
    }
}

/// The error in one line, with the line of the file where it is.
fn one_line(error: &toml::de::Error, text: &str) -> String {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    let message = error.message().lines().collect::<Vec<_>>().join(" ");
    format!("line {line}: {message}")
}
