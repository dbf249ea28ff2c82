//! How a run ends: the only place that knows exit codes.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::check::CheckError;
use crate::config::ConfigError;
use crate::delivery::{Attempt, FailureKind, FilterError};
use crate::formats::FormatError;
use crate::http::tls::TlsError;
use crate::http::{ClientError, TargetError};
use crate::provider::CatalogueError;
use crate::store::{LookupError, StoreError};

/// How a command ended that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Yes: verified, delivered, expectation met. 0.
    Yes,
    /// No: not valid, not 2xx, not met. 1.
    No,
    /// The endpoint was not reached or did not answer in time. 3.
    Unreachable,
    /// A signal cut the work short. 130 or 143.
    Interrupted(Signal),
}

/// A signal that ends the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Outcome {
    /// Yes where `condition` holds, else no.
    pub const fn of(condition: bool) -> Self {
        if condition { Self::Yes } else { Self::No }
    }

    /// The worse of two, for commands that do several things: an endpoint that answers no says more
    /// than one that was not reached; an interruption is the worst.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if self.rank() >= other.rank() {
            self
        } else {
            other
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::Unreachable => 1,
            Self::No => 2,
            Self::Interrupted(_) => 3,
        }
    }

    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Unreachable => 3,
            Self::Interrupted(Signal::Interrupt) => 130,
            Self::Interrupted(Signal::Terminate) => 143,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        outcome.code().into()
    }
}

/// Why a command could not do its work: what is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliError {
    kind: ExitKind,
    /// One line: what is wrong.
    pub message: String,
    /// One line: what to do.
    pub hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExitKind {
    Usage,
    Unreadable,
    ClosedPipe,
}

impl CliError {
    /// Wrong usage or configuration: 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitKind::Usage, message)
    }

    /// An input or the log cannot be read or written: 4.
    pub fn unreadable(message: impl Into<String>) -> Self {
        Self::new(ExitKind::Unreadable, message)
    }

    /// A file that the user named cannot be written: 4.
    pub fn unwritable(path: &Path, error: impl fmt::Display) -> Self {
        Self::unreadable(format!("cannot write `{}`: {error}", path.display()))
    }

    fn new(kind: ExitKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with what to do about it, where something is known.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// Whether nobody reads any more, which is a quiet end and no error.
    pub const fn is_closed_pipe(&self) -> bool {
        matches!(self.kind, ExitKind::ClosedPipe)
    }

    /// The exit code.
    pub const fn code(&self) -> u8 {
        match self.kind {
            ExitKind::ClosedPipe => 0,
            ExitKind::Usage => 2,
            ExitKind::Unreadable => 4,
        }
    }
}

/// Writing to stdout failed.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(ExitKind::ClosedPipe, "nobody reads the output");
        }
        Self::unreadable(format!("cannot write the output: {error}"))
    }
}

/// What an attempt means: whether it was answered 2xx.
impl From<&Attempt> for Outcome {
    fn from(attempt: &Attempt) -> Self {
        match &attempt.outcome {
            Ok(answer) => Self::of(answer.is_success()),
            Err(failure) => failure.kind.into(),
        }
    }
}

impl From<FailureKind> for Outcome {
    fn from(_: FailureKind) -> Self {
        Self::Unreachable
    }
}

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
        let hint = "an endpoint is a port, `host:port/path`, or a URL such as `http://localhost:3000/hook`";
        Self::usage(error.to_string()).hint(hint)
    }
}
