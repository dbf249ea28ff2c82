//! What can be wrong with a configuration.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Origin;
use crate::delivery::FilterError;
use crate::provider::CatalogueError;
use crate::signature::KeyError;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that was named cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that a configuration file names as a secret cannot be read.
    #[error("cannot read `{path}`, which `{config}` names as a secret of {whom}: {source}")]
    SecretFile {
        /// The file of the secret.
        path: PathBuf,
        /// The configuration file.
        config: PathBuf,
        /// The key in it: a provider, or `default`.
        whom: String,
        /// What the system said.
        source: io::Error,
    },
    /// A configuration file does not say what it may.
    #[error("`{path}` is not valid: {message}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line or the key.
        message: String,
        /// What to do, where more is known than that.
        hint: Option<String>,
    },
    /// A value of a variable or a file is not of its kind.
    #[error("{message} (from {origin})")]
    Value {
        /// Where it stands.
        origin: Origin,
        /// What is wrong with it.
        message: String,
    },
    /// A secret without bytes.
    #[error("the secret from {0} is empty")]
    EmptySecret(Origin),
    /// A secret is to be asked for and there is no terminal.
    #[error("`--secret` without a value asks on the terminal, and there is none")]
    NoTerminal,
    /// A configuration file names a variable that is not set.
    #[error("`{path}` takes a secret from the variable `{name}`, which is not set")]
    NoVariable {
        /// The configuration file.
        path: PathBuf,
        /// The variable.
        name: String,
    },
    /// There is no home directory to keep a file in.
    #[error("there is no home directory for {0}")]
    NoHome(&'static str),
    /// A secret is no key of its provider's scheme.
    #[error("secret of `{provider}` from {origin}: {error}")]
    Key {
        /// The provider.
        provider: String,
        /// Where it came from.
        origin: String,
        /// What is wrong with it.
        error: KeyError,
    },
    /// A name that no provider or event has.
    #[error("{message}")]
    Unknown {
        /// What is unknown.
        message: String,
        /// What to do: a near name, or where the known ones are listed.
        hint: String,
    },
    /// A definition of the user's is not valid.
    #[error(transparent)]
    Catalogue(#[from] Arc<CatalogueError>),
    /// A pattern of events is not valid.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The local development secret cannot be kept.
    #[error("cannot keep the local development secret in `{path}`: {source}")]
    LocalSecret {
        /// Its file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ConfigError {
    /// The error for a file that the system does not give.
    pub(super) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Read { path, source }
    }

    /// The error for a name that nothing has.
    pub(super) fn unknown(message: String, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        Self::Unknown { message, hint }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        Some(match self {
            Self::Key { .. } => {
                "copy the secret as the provider shows it, whole and without quotes"
            }
            Self::Catalogue(_) | Self::Filter(_) => return None,
            Self::EmptySecret(_) => "give the endpoint's signing secret",
            Self::NoTerminal => "give it a value, or `--secret-file`, or set WEBHOOK_SECRET",
            Self::NoVariable { .. } => "set it, or name it in an `--env-file`",
            Self::NoHome("the log") => "give `--log PATH`, or `--no-log` to `listen`",
            Self::NoHome(_) => "give `--secret`, or set HOME",
            Self::LocalSecret { .. } => "give `--secret`, or make the folder writable",
            Self::Form {
                hint: Some(hint), ..
            }
            | Self::Unknown { hint, .. } => hint,
            Self::Form { hint: None, .. } => "fix it there, or name another file: `--config PATH`",
            Self::SecretFile { .. } => "make that file, or name another one there",
            Self::Read { .. } => "check the path and its rights",
            Self::Value { .. } => "fix it there, or give the flag, which takes precedence",
        })
    }

    /// The error for what a configuration file must not say, and what to do.
    pub(super) fn form(path: &Path, (message, hint): (String, Option<String>)) -> Self {
        Self::Form {
            path: path.to_path_buf(),
            message,
            hint,
        }
    }

    /// Whether an input could not be read, rather than being wrong.
    pub const fn is_unreadable(&self) -> bool {
        matches!(
            self,
            Self::Read { .. } | Self::SecretFile { .. } | Self::LocalSecret { .. }
        )
    }
}
