//! Environment variables, and a file that stands in for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{ConfigError, Origin, env_file};
use crate::provider::read_file;

/// The variables of the process, with those of an `--env-file` behind them.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    file: Option<(PathBuf, BTreeMap<String, String>)>,
    notes: Vec<String>,
}

/// Names only: values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl Environment {
    /// The variables of this process; those that are not UTF-8 are skipped.
    pub fn of_process() -> Self {
        let pairs = std::env::vars_os();
        let text = pairs.filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let mut environment: Self = text.collect();
        // Without the variable, as in a bare container, the system's own list of users has it.
        if let Some(home) =
            std::env::home_dir().and_then(|home| home.into_os_string().into_string().ok())
        {
            environment.variables.entry("HOME".into()).or_insert(home);
        }
        environment
    }

    /// The same with a file of `KEY=VALUE` lines behind it.
    pub fn with_file(mut self, path: &Path) -> Result<Self, ConfigError> {
        let bytes = read_file(path).map_err(ConfigError::read(path))?;
        let file = env_file::read(&bytes);
        let mut note = |lines: Vec<String>, what: &str| {
            if !lines.is_empty() {
                let (path, lines) = (path.display(), lines.join(", "));
                self.notes.push(format!("`{path}`, line {lines}: {what}"));
            }
        };
        let skipped = file.skipped.iter().map(ToString::to_string);
        note(skipped.collect(), "not of the form `KEY=VALUE`, skipped");
        let doubtful = file.doubtful.iter();
        let doubtful = doubtful.map(|(line, name)| format!("{line} (`{name}`)"));
        note(
            doubtful.collect(),
            "taken as it stands; a shell reads it otherwise",
        );
        self.file = Some((path.to_path_buf(), file.variables.into_iter().collect()));
        Ok(self)
    }

    /// What is to be said of the file: which lines are not read, or not as elsewhere.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The names of the process's variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// A variable with its origin; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<(&str, Origin)> {
        self.get_even_empty(name)
            .filter(|(value, _)| !value.is_empty())
    }

    /// The same, empty or not: an empty secret is a mistake that must not go unnoticed.
    pub fn get_even_empty(&self, name: &str) -> Option<(&str, Origin)> {
        if let Some(value) = self.variables.get(name) {
            return Some((value, Origin::Variable(name.into())));
        }
        let (path, variables) = self.file.as_ref()?;
        let value = variables.get(name)?;
        Some((value, Origin::EnvFile(path.clone(), name.into())))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self {
            variables: pairs.into_iter().collect(),
            file: None,
            notes: Vec::new(),
        }
    }
}
