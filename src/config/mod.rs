//! What is in force: flag, environment, `./webhook.toml`, the user's `config.toml`, default, each
//! value with the place it came from.

mod defaults;
mod env_file;
mod environment;
mod error;
mod file;
mod local;
mod missing;
mod paths;
mod secrets;
mod section;
mod settings;
mod setup;
mod shown;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::cli::{ColorWhen, GlobalArgs};

pub use defaults::{ParseError, parse};
pub use environment::Environment;
pub use error::ConfigError;
pub use file::{ConfigForm, SecretForm, SecretsForm};
pub use missing::MissingSecret;
pub use paths::Paths;
pub use secrets::{Ask, GivenSecret};
pub use setup::Setup;
pub use shown::Named;

/// The project's configuration file, in the folder where the program runs.
pub const PROJECT_FILE: &str = "webhook.toml";

/// All places of configuration but the flags, read.
#[derive(Debug)]
pub struct Config {
    /// The environment, with `--env-file` behind it.
    pub environment: Environment,
    /// Where the user's files lie.
    pub paths: Paths,
    files: Vec<(PathBuf, ConfigForm)>,
    log: Option<PathBuf>,
    providers: Option<PathBuf>,
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

impl Origin {
    /// The environment file that the value stands in, where it is one.
    pub(crate) fn env_file(&self) -> Option<&Path> {
        match self {
            Self::EnvFile(path, _) => Some(path),
            _ => None,
        }
    }
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
            vec![(path.clone(), ConfigForm::read(path, &paths)?)]
        } else {
            let user = paths.config_file();
            let candidates = [project_file(folder), user];
            let present = candidates
                .into_iter()
                .flatten()
                .filter(|path| path.is_file());
            present
                .map(|path| ConfigForm::read(&path, &paths).map(|file| (path, file)))
                .collect::<Result<_, _>>()?
        };
        Ok(Self {
            environment,
            paths,
            files,
            log: global.log.clone(),
            providers: global.providers.clone(),
            folder: global.config.is_none().then(|| folder.to_path_buf()),
        })
    }

    /// The value of a setting: the flag's, the variable's, the first file's that has it, or the
    /// default.
    pub fn setting<T: Clone>(
        &self,
        flag: Option<(&'static str, T)>,
        variable: Option<Setting<T>>,
        field: impl Fn(&ConfigForm) -> Option<T>,
        default: T,
    ) -> Setting<T> {
        let set = |value, origin| Setting { value, origin };
        let from_flag = flag.map(|(name, value)| set(value, Origin::Flag(name)));
        let from_file = || {
            let mut files = self.files.iter();
            files.find_map(|(path, file)| Some(set(field(file)?, Origin::File(path.clone()))))
        };
        from_flag
            .or(variable)
            .or_else(from_file)
            .unwrap_or_else(|| set(default, Origin::Default))
    }

    /// The log file.
    pub fn log(&self) -> Result<Setting<PathBuf>, ConfigError> {
        let found = self.setting(
            self.log.clone().map(|path| ("--log", Some(path))),
            self.variable("WEBHOOK_LOG"),
            |file| file.log.clone().map(Some),
            self.paths.log_file(),
        );
        let value = found.value.ok_or(ConfigError::NoHome("the log"))?;
        Ok(Setting {
            value,
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
    pub fn url(&self, flag: Option<String>) -> Setting<Option<String>> {
        self.text("--url", flag, "WEBHOOK_URL", |file| file.url.clone())
    }

    /// The provider, where one is configured.
    pub fn provider(&self, flag: Option<String>) -> Setting<Option<String>> {
        let field = |file: &ConfigForm| file.provider.clone();
        self.text("--provider", flag, "WEBHOOK_PROVIDER", field)
    }

    fn text(
        &self,
        name: &'static str,
        flag: Option<String>,
        variable: &str,
        field: fn(&ConfigForm) -> Option<String>,
    ) -> Setting<Option<String>> {
        self.setting(
            flag.map(|text| (name, Some(text))),
            self.variable(variable),
            |file| field(file).map(Some),
            None,
        )
    }

    /// A variable's text.
    fn variable<T: for<'a> From<&'a str>>(&self, name: &str) -> Option<Setting<Option<T>>> {
        let (text, origin) = self.environment.get(name)?;
        let value = Some(text.into());
        Some(Setting { value, origin })
    }

    /// When to colour: the flag, `NO_COLOR` or `CLICOLOR_FORCE`, a file, else by the stream.
    ///
    /// What the variables mean: <https://no-color.org>, <https://bixense.com/clicolors>.
    pub fn color(&self, flag: Option<ColorWhen>) -> Setting<ColorWhen> {
        let variable = |name: &str, off: &[&str], value| {
            let (text, origin) = self.environment.get(name)?;
            (!off.contains(&text)).then_some(Setting { value, origin })
        };
        let chosen = variable("NO_COLOR", &[""], ColorWhen::Never)
            .or_else(|| variable("CLICOLOR_FORCE", &["", "0"], ColorWhen::Always));
        let flag = flag.map(|when| ("--color", when));
        self.setting(flag, chosen, |file| file.color, ColorWhen::Auto)
    }

    /// The configuration files that were read, the nearest first.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &ConfigForm)> {
        self.files.iter().map(|(path, file)| (path.as_path(), file))
    }

    /// The folder of providers that a flag or a variable names.
    pub fn named_providers(&self) -> Setting<Option<PathBuf>> {
        self.setting(
            (self.providers.clone()).map(|path| ("--providers", Some(path))),
            self.variable("WEBHOOK_PROVIDERS"),
            |_| None,
            None,
        )
    }

    /// The folders in which a user's own providers lie: the named one, where the program runs, beside each
    /// configuration file, and in the user's configuration directory.
    pub fn provider_folders(&self) -> Vec<PathBuf> {
        let beside = self.files.iter().filter_map(|(path, _)| path.parent());
        let named = self.named_providers().value;
        let here = self.folder.as_deref().into_iter();
        let user = self.paths.config_folder();
        let mut folders: Vec<_> = here
            .chain(beside)
            .chain(user.as_deref())
            .map(|folder| folder.join("providers"))
            .collect();
        folders.splice(0..0, named);
        // The nearest is read last, so that it wins.
        folders.reverse();
        folders.dedup();
        folders
    }
}

#[cfg(test)]
mod tests;
