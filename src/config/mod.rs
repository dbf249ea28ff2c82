//! What is in force: flag, environment, `./webhook.toml`, the user's `config.toml`, default, each
//! value with the place it came from.

mod env_file;
mod environment;
mod error;
mod file;
mod listen;
mod local;
mod missing;
mod paths;
mod secrets;
mod setup;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::cli::{ColorWhen, GlobalArgs};

pub use environment::Environment;
pub use error::ConfigError;
pub use file::{ConfigForm, ListenForm, SecretForm, SecretsForm};
pub use listen::{DEFAULT_PORT, ListenSettings};
pub use missing::MissingSecret;
pub use paths::Paths;
pub use secrets::{Ask, GivenSecret};
pub use setup::{Setup, did_you_mean};

/// The project's configuration file, in the folder where the program runs.
pub const PROJECT_FILE: &str = "webhook.toml";

/// A variable that a setting may come from, and how its text is read.
pub type Variable<'a, T> = (&'a str, fn(&str) -> Result<T, String>);

/// All places of configuration but the flags, read.
#[derive(Debug)]
pub struct Config {
    /// The environment, with `--env-file` behind it.
    pub environment: Environment,
    /// Where the user's files lie.
    pub paths: Paths,
    files: Vec<(PathBuf, ConfigForm)>,
    log: Option<PathBuf>,
    /// Where the program runs; `None` where a file was named, which stands alone.
    folder: Option<PathBuf>,
}

/// A value with the place it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value in force.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// The same setting in another form.
    pub fn map<U>(self, form: impl FnOnce(T) -> U) -> Setting<U> {
        Setting {
            value: form(self.value),
            origin: self.origin,
        }
    }
}

impl<T> Setting<Result<T, String>> {
    /// The value, or the error with the place where it stands.
    fn checked(self) -> Result<Setting<T>, ConfigError> {
        let origin = self.origin;
        match self.value {
            Ok(value) => Ok(Setting { value, origin }),
            Err(message) => Err(ConfigError::Value { origin, message }),
        }
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of this run.
    Flag(&'static str),
    /// An environment variable.
    Variable(String),
    /// A variable of the `--env-file`.
    EnvFile(PathBuf, String),
    /// A configuration file.
    File(PathBuf),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "{name}"),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::EnvFile(path, name) => write!(f, "{name} in {}", path.display()),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The project's configuration file: in the folder, else in one above it within the same repository.
/// Outside of a repository nobody can tell whose a file further up is.
fn project_file(folder: &Path) -> Option<PathBuf> {
    let here = folder.join(PROJECT_FILE);
    if here.is_file() {
        return Some(here);
    }
    let whole = folder.canonicalize().ok()?;
    let root = whole
        .ancestors()
        .find(|above| above.join(".git").exists())?;
    let within = whole
        .ancestors()
        .take_while(|above| above.starts_with(root));
    let mut files = within.map(|above| above.join(PROJECT_FILE));
    files.find(|file| file.is_file())
}

impl Config {
    /// Reads the places of configuration: the file that a flag names, else `webhook.toml` in
    /// `folder` and the user's own.
    pub fn load(
        global: &GlobalArgs,
        environment: Environment,
        folder: &Path,
    ) -> Result<Self, ConfigError> {
        let paths = Paths::of(&environment);
        let files = if let Some(path) = &global.config {
            vec![(path.clone(), ConfigForm::read(path)?)]
        } else {
            let user = paths.config_file();
            let candidates = [project_file(folder), user];
            let present = candidates
                .into_iter()
                .flatten()
                .filter(|path| path.is_file());
            present
                .map(|path| ConfigForm::read(&path).map(|file| (path, file)))
                .collect::<Result<_, _>>()?
        };
        Ok(Self {
            environment,
            paths,
            files,
            log: global.log.clone(),
            folder: global.config.is_none().then(|| folder.to_path_buf()),
        })
    }

    /// The value of a setting: the flag's, the variable's, the first file's that has it, or the
    /// default.
    pub fn setting<T: Clone>(
        &self,
        flag: Option<(&'static str, T)>,
        variable: Option<Variable<'_, T>>,
        field: impl Fn(&ConfigForm) -> Option<T>,
        default: T,
    ) -> Result<Setting<T>, ConfigError> {
        if let Some((name, value)) = flag {
            return Ok(Setting {
                value,
                origin: Origin::Flag(name),
            });
        }
        if let Some((name, parse)) = variable
            && let Some((text, origin)) = self.environment.get(name)
        {
            let value = parse(text);
            return Setting { value, origin }.checked();
        }
        let from_file = self.files.iter().find_map(|(path, file)| {
            let origin = Origin::File(path.clone());
            field(file).map(|value| Setting { value, origin })
        });
        Ok(from_file.unwrap_or(Setting {
            value: default,
            origin: Origin::Default,
        }))
    }

    /// The log file.
    pub fn log(&self) -> Result<Setting<PathBuf>, ConfigError> {
        let found = self.setting(
            self.log.clone().map(|path| ("--log", Some(path))),
            Some(("WEBHOOK_LOG", |text| Ok(Some(text.into())))),
            |file| file.log.clone().map(Some),
            self.paths.log_file(),
        )?;
        let value = found.value.ok_or(ConfigError::NoHome("the log"))?;
        Ok(Setting {
            value: self.paths.expand(value),
            origin: found.origin,
        })
    }

    /// Whether deliveries are kept: unless a flag or `WEBHOOK_NO_LOG` says no, where the flag for a
    /// place says more than the variable.
    pub fn keeps_log(&self, no_log: bool) -> bool {
        let variable = self.environment.get("WEBHOOK_NO_LOG");
        let is_off = variable.is_some_and(|(text, _)| !["0", "false", "no"].contains(&text));
        !no_log && (self.log.is_some() || !is_off)
    }

    /// The endpoint, where one is configured.
    pub fn url(&self, flag: Option<String>) -> Result<Setting<Option<String>>, ConfigError> {
        self.text("--url", flag, "WEBHOOK_URL", |file| file.url.clone())
    }

    /// The provider, where one is configured.
    pub fn provider(&self, flag: Option<String>) -> Result<Setting<Option<String>>, ConfigError> {
        let field = |file: &ConfigForm| file.provider.clone();
        self.text("--provider", flag, "WEBHOOK_PROVIDER", field)
    }

    fn text(
        &self,
        name: &'static str,
        flag: Option<String>,
        variable: &str,
        field: fn(&ConfigForm) -> Option<String>,
    ) -> Result<Setting<Option<String>>, ConfigError> {
        self.setting(
            flag.map(|text| (name, Some(text))),
            Some((variable, |text| Ok(Some(text.into())))),
            |file| field(file).map(Some),
            None,
        )
    }

    /// When to colour: the flag, `NO_COLOR` or `CLICOLOR_FORCE`, a file, else by the stream.
    ///
    /// What the variables mean: <https://no-color.org>, <https://bixense.com/clicolors>.
    pub fn color(&self, flag: Option<ColorWhen>) -> Result<Setting<ColorWhen>, ConfigError> {
        let variable = |name: &str, off: &[&str], value| {
            let (text, origin) = self.environment.get(name)?;
            (!off.contains(&text)).then_some(Setting { value, origin })
        };
        let chosen = variable("NO_COLOR", &[""], ColorWhen::Never)
            .or_else(|| variable("CLICOLOR_FORCE", &["", "0"], ColorWhen::Always));
        match (flag, chosen) {
            (None, Some(chosen)) => Ok(chosen),
            _ => self.parsed(
                ("--color", flag),
                ("color", |file| &file.color),
                listen::choice,
                ColorWhen::Auto,
            ),
        }
    }

    /// A value that a file holds as text, read as the flag's text is.
    fn parsed<T: Clone>(
        &self,
        (name, value): (&'static str, Option<T>),
        (key, field): (&str, fn(&ConfigForm) -> &Option<String>),
        parse: impl Fn(&str) -> Result<T, String>,
        default: T,
    ) -> Result<Setting<T>, ConfigError> {
        let flag = value.map(|value| (name, Ok(value)));
        let from_file = |text: &str| parse(text).map_err(|error| format!("`{key}`: {error}"));
        let found = self.setting(
            flag,
            None,
            |file| field(file).as_deref().map(from_file),
            Ok(default),
        )?;
        found.checked()
    }

    /// The configuration files that were read, the nearest first.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &ConfigForm)> {
        self.files.iter().map(|(path, file)| (path.as_path(), file))
    }

    /// The folders in which a user's own providers lie: where the program runs, beside each
    /// configuration file, and in the user's configuration directory.
    pub fn provider_folders(&self) -> Vec<PathBuf> {
        let beside = self.files.iter().filter_map(|(path, _)| path.parent());
        let here = self.folder.as_deref().into_iter();
        let user = self.paths.config_folder();
        let mut folders: Vec<_> = here
            .chain(beside)
            .chain(user.as_deref())
            .map(|folder| folder.join("providers"))
            .collect();
        // The nearest is read last, so that it wins.
        folders.reverse();
        folders.dedup();
        folders
    }
}

#[cfg(test)]
mod tests;
