//! What can be wrong with a configuration.

use std::path::PathBuf;

use super::Origin;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that was named cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
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
        source: std::io::Error,
    },
    /// A configuration file does not say what it may.
    #[error("`{path}` is not valid: {message}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        message: String,
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
    /// The local development secret cannot be kept.
    #[error("cannot keep the local development secret in `{path}`: {source}")]
    LocalSecret {
        /// Its file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ConfigError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::EmptySecret(_) => "give the endpoint's signing secret",
            Self::NoTerminal => "give it a value, or `--secret-file`, or set WEBHOOK_SECRET",
            Self::NoVariable { .. } => "set it, or name it in an `--env-file`",
            Self::NoHome("the log") => "give `--log PATH`, or `--no-log` to `listen`",
            Self::NoHome(_) => "give `--secret`, or set HOME",
            Self::LocalSecret { .. } => "give `--secret`, or make the folder writable",
            Self::Form { .. } => "the names are those of the flags: `webhook listen --help`",
            Self::SecretFile { .. } => "`webhook config` shows each secret and where it comes from",
            Self::Read { .. } => "check the path and its rights",
            Self::Value { .. } => "fix it there, or give the flag, which takes precedence",
        })
    }

    /// Whether an input could not be read, rather than being wrong.
    pub const fn is_unreadable(&self) -> bool {
        matches!(
            self,
            Self::Read { .. } | Self::SecretFile { .. } | Self::LocalSecret { .. }
        )
    }
}
