//! What can go wrong in the rooms, each with what to do about it.

use std::io;

use super::{CliError, ExitKind};
use crate::check::CheckError;
use crate::config::ConfigError;
use crate::delivery::FilterError;
use crate::emulate::{ApiRefusal, OpenError, ScenarioError, StateError};
use crate::formats::FormatError;
use crate::http::tls::TlsError;
use crate::http::{ClientError, TargetError};
use crate::provider::{CatalogueError, DEFINITION_FILE, FaultError};
use crate::store::{LookupError, StoreError};

/// What to do about a file that cannot be read.
pub(super) const fn for_reading(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound => "check the path: it starts from the folder you are in",
        io::ErrorKind::PermissionDenied => "let this user read it, such as with `chmod`",
        io::ErrorKind::IsADirectory => "it is a folder: name a file in it",
        _ => "check the path and its rights",
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
        let hint = match &error {
            ConfigError::Read { source, .. } => Some(for_reading(source.kind())),
            error => error.hint(),
        };
        Self::new(kind, error.to_string()).maybe_hint(hint.map(str::to_owned))
    }
}

impl From<CheckError> for CliError {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Store(error) => error.into(),
            CheckError::Fixture(error) => error.into(),
            CheckError::Fault(error) => error.into(),
            CheckError::Key(_) => Self::usage(error.to_string()).hint(FOR_KEY),
            CheckError::NoEvent(_) => {
                Self::usage(error.to_string()).hint("`webhook events` lists them")
            }
            CheckError::Inapplicable(_) => {
                Self::usage(error.to_string()).hint("`--skip` leaves it out")
            }
            CheckError::Uncountable(_) => Self::usage(error.to_string()).hint("`--effects` has to print a number, `--effects-url` to answer with one, and nothing else"),
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
                "move the file away, and a new log is made; its newest rows may be in `-wal-kept-1` beside it"
            }
            StoreError::Replaced { .. } => "start again, and leave the file alone meanwhile",
            StoreError::BeganAnew(_) => {
                "what came before is where that file was moved to, or gone with it"
            }
            StoreError::Conflict(_) => "it is kept already: give another id",
            StoreError::TooLarge(_) => "`listen --max-body` refuses what is larger than you want",
            StoreError::Io { .. } | StoreError::Sqlite { .. } => {
                "check the path and its rights, or give another place: `--log PATH`"
            }
            StoreError::Stopped => "start again: what the log had is kept",
        };
        Self::unreadable(error.to_string()).hint(hint)
    }
}

impl From<OpenError> for CliError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::State(error) => error.into(),
            OpenError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<StateError> for CliError {
    fn from(error: StateError) -> Self {
        let hint = match error {
            StateError::Store(error) => return Self::from(error).of_state(),
            StateError::InUse(_) => "end it, or give another place: `--state PATH`, `--no-state`",
            StateError::OtherProvider { .. } => "give another place: `--state PATH`",
            StateError::NoSnapshot(_) => "`POST /_control/snapshot` makes one",
        };
        Self::unreadable(error.to_string()).hint(hint)
    }
}

impl From<ApiRefusal> for CliError {
    fn from(refusal: ApiRefusal) -> Self {
        Self::usage(refusal.message).maybe_hint(refusal.hint)
    }
}

impl CliError {
    /// What is said of the log, said of the state of an emulator, which is a file of the same kind.
    #[must_use]
    pub fn of_state(mut self) -> Self {
        for text in [&mut self.message].into_iter().chain(&mut self.hint) {
            *text = text.replace("log `", "state `").replace("--log", "--state");
        }
        self
    }
}

impl From<LookupError> for CliError {
    fn from(error: LookupError) -> Self {
        let hint = match &error {
            LookupError::Store(error) => return error.clone().into(),
            LookupError::Ambiguous { candidates, .. } => {
                let newest = candidates.join("`, `");
                format!("type more of it; the newest are `{newest}`")
            }
            LookupError::NotFound { .. } | LookupError::Before(_) => {
                "`webhook log` lists what there is".into()
            }
            LookupError::NoRow(_) => "`webhook log` numbers what it lists".into(),
            LookupError::NotLast(_) => "`@last~2` is two before the last".into(),
            LookupError::Empty => "`webhook listen` receives deliveries".into(),
        };
        Self::usage(error.to_string()).hint(hint)
    }
}

impl From<FormatError> for CliError {
    fn from(error: FormatError) -> Self {
        let hint = error.hint();
        Self::unreadable(error.to_string()).hint(hint)
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        Self::unreadable(error.to_string()).hint("`--cacert` takes a PEM file of certificates")
    }
}

impl From<TlsError> for CliError {
    fn from(error: TlsError) -> Self {
        let hint = match &error {
            TlsError::Read { source, .. } => for_reading(source.kind()),
            TlsError::File { .. } => "give PEM files, which begin with `-----BEGIN `",
            TlsError::OtherKey => "give the key that the certificate was made with",
            TlsError::Refused(_) => "`--tls` alone generates a certificate",
            TlsError::Made { .. } => "give one: `--cert PATH --key PATH`",
        };
        Self::unreadable(error.to_string()).hint(hint)
    }
}

impl From<FaultError> for CliError {
    fn from(error: FaultError) -> Self {
        let hint = match &error {
            FaultError::NoTime(_) | FaultError::NoTolerance(_) | FaultError::NoBody(_) => {
                "`webhook events --faults` lists the others"
            }
            FaultError::NotJson => "leave `--body` out, or give it JSON",
        };
        Self::usage(error.to_string()).hint(hint)
    }
}

/// What to do about a secret that is no key.
const FOR_KEY: &str = "copy the secret as the provider shows it, whole and without quotes";

impl From<&CatalogueError> for CliError {
    fn from(error: &CatalogueError) -> Self {
        let hint = match error {
            CatalogueError::Placeholder { name, .. } if name == "data" => Some(
                "in `envelope.template`, `{{data}}` is all of a text; elsewhere it is nothing"
                    .into(),
            ),
            CatalogueError::Placeholder { near, .. } => {
                let near = near.map(|near| format!("did you mean `{{{{{near}}}}}`?"));
                Some(near.unwrap_or_else(|| "fix it, or move the folder away".into()))
            }
            CatalogueError::Name { name, .. } => Some(format!("name the folder `{name}`")),
            CatalogueError::Form { .. } => {
                Some("`webhook providers check` tells all that is wrong".into())
            }
            CatalogueError::Read { source, .. } => Some(for_reading(source.kind()).into()),
            CatalogueError::Write { .. } => {
                Some("name a folder that can be written: `--in FOLDER`".into())
            }
            CatalogueError::NoDefinition { folder, similar } => Some(match similar {
                Some(file) => format!(
                    "name it so: `mv '{}' '{}'`",
                    file.display(),
                    folder.join(DEFINITION_FILE).display()
                ),
                None => "a provider is described there, as `webhook providers show NAME` shows one"
                    .into(),
            }),
        };
        Self::usage(error.to_string()).maybe_hint(hint)
    }
}

impl From<CatalogueError> for CliError {
    fn from(error: CatalogueError) -> Self {
        Self::from(&error)
    }
}

impl From<ScenarioError> for CliError {
    fn from(error: ScenarioError) -> Self {
        let hint = error.hint.clone();
        Self::usage(error.to_string()).maybe_hint(hint)
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
