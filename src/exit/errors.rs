//! What each error of the rooms means for whoever typed the command: its code, and what to do.

use super::{CliError, ExitKind};
use crate::check::CheckError;
use crate::config::ConfigError;
use crate::delivery::FilterError;
use crate::formats::FormatError;
use crate::http::tls::TlsError;
use crate::http::{ClientError, TargetError};
use crate::provider::CatalogueError;
use crate::store::{LookupError, StoreError};

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        let error = match error {
            ConfigError::Catalogue(error) => return Self::from(&*error),
            ConfigError::Filter(error) => return error.into(),
            error => error,
        };
        let kind = if error.is_unreadable() {
            ExitKind::Unreadable
        } else {
            ExitKind::Usage
        };
        Self::new(kind, error.to_string()).maybe_hint(error.hint().map(str::to_owned))
    }
}

impl From<CheckError> for CliError {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Store(error) => error.into(),
            CheckError::Uncountable(_) => Self::usage(error.to_string()).hint("`--effects` has to print a number, `--effects-url` to answer with one, and nothing else"),
            error => Self::usage(error.to_string()),
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let hint = match &error {
            StoreError::Missing { .. } => "`webhook listen` makes one on the first delivery",
            StoreError::DiskFull { .. } => {
                "free some space on that disk, or give a place on another one: `--log PATH`"
            }
            StoreError::Locked { .. } => {
                "end the other program; where there is none, the file system has no locks: give another place, `--log PATH`"
            }
            StoreError::ReadOnly { .. }
            | StoreError::NotADatabase { .. }
            | StoreError::Foreign { .. } => "give another place: `--log PATH`",
            StoreError::Corrupt { .. } | StoreError::BadRow { .. } => {
                "keep a copy of the file and give another place: `--log PATH`"
            }
            StoreError::Newer { .. } => "update this program, or give another place: `--log PATH`",
            StoreError::WrittenOver(_) => {
                "move the file away, and a new log is made; `webhook log prune` empties one in use"
            }
            StoreError::Replaced { .. } => "start again, and leave the file alone meanwhile",
            _ => return Self::unreadable(error.to_string()),
        };
        Self::unreadable(error.to_string()).hint(hint)
    }
}

impl From<LookupError> for CliError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Store(error) => error.into(),
            LookupError::Ambiguous { ref candidates, .. } => {
                Self::usage(error.to_string()).hint(format!(
                    "type more of it; the newest are `{}`",
                    candidates.join("`, `")
                ))
            }
            LookupError::NotFound { .. } => {
                Self::usage(error.to_string()).hint("`webhook log` lists what there is")
            }
        }
    }
}

impl From<FormatError> for CliError {
    fn from(error: FormatError) -> Self {
        let hint = error.hint();
        Self::unreadable(error.to_string()).maybe_hint(hint)
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        Self::unreadable(error.to_string()).hint("`--cacert` takes a PEM file of certificates")
    }
}

impl From<TlsError> for CliError {
    fn from(error: TlsError) -> Self {
        Self::unreadable(error.to_string())
    }
}

impl From<&CatalogueError> for CliError {
    fn from(error: &CatalogueError) -> Self {
        let hint = match error {
            CatalogueError::Placeholder { near, .. } => {
                near.map(|near| format!("did you mean `{{{{{near}}}}}`?"))
            }
            CatalogueError::Name { name, .. } => Some(format!("name the folder `{name}`")),
            CatalogueError::Form { .. } => Some("mend it, or move the folder away".into()),
            CatalogueError::Read { .. } => Some("check the path and its rights".into()),
        };
        Self::usage(error.to_string()).maybe_hint(hint)
    }
}

impl From<CatalogueError> for CliError {
    fn from(error: CatalogueError) -> Self {
        Self::from(&error)
    }
}

impl From<FilterError> for CliError {
    fn from(error: FilterError) -> Self {
        Self::usage(error.to_string()).hint("patterns look like `order.*` or `!order.updated`")
    }
}

impl From<TargetError> for CliError {
    fn from(error: TargetError) -> Self {
        let hint = error.hint();
        Self::usage(error.to_string()).hint(hint)
    }
}
