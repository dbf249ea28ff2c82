//! A command line with what configuration files say behind it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{
    Arg, ArgAction, ArgMatches, ColorChoice, Command, CommandFactory as _, FromArgMatches as _,
};
use serde_json::Value;

use super::section::typed_only;
use super::{Config, ConfigError, Environment, Origin, Setting};
use crate::cli::{Cli, own_flags, program, usage};

/// Flags behind which a variable stands before any file, but for `listen`, which has none.
const VARIABLES: [(&str, &str); 2] = [("url", "WEBHOOK_URL"), ("provider", "WEBHOOK_PROVIDER")];

/// The values that files have for the flags of one command, each with its file.
pub type Defaults<'a> = BTreeMap<&'a str, (&'a [String], &'a Path)>;

/// Why a command line cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// For what was typed, which may be a page of help.
    #[error(transparent)]
    Typed(#[from] clap::Error),
    /// For what a configuration file says.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Reads a command line, with what configuration files say in place of what was not typed.
pub fn parse(colour: ColorChoice, words: &[OsString], folder: &Path) -> Result<Cli, ParseError> {
    let matches = Cli::command().color(colour).try_get_matches_from(words)?;
    let cli = Cli::from_arg_matches(&matches)?;
    // A file that cannot be read is told of by the command that needs it.
    let config = Config::load(&cli.global, Environment::of_process(), folder);
    let (Ok(config), Some((name, typed))) = (config, matches.subcommand()) else {
        return Ok(cli);
    };
    let mut defaults = config.defaults(name);
    if defaults.is_empty() {
        return Ok(cli);
    }
    let program = program().color(colour);
    let excluded = excluded(&program, name, typed);
    defaults.retain(|key, _| !excluded.iter().any(|excluded| excluded == key));
    let filled = fill(program, name, &defaults);
    let matches = filled.try_get_matches_from(words);
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    cli.map_err(|error| match misread(&error, name, &defaults) {
        Some(error) => error.into(),
        None => error.into(),
    })
}

/// The flags that cannot stand beside one that was typed.
fn excluded(program: &Command, name: &str, typed: &ArgMatches) -> Vec<String> {
    let Some(command) = program.find_subcommand(name) else {
        return Vec::new();
    };
    let is_typed =
        |arg: &&Arg| typed.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let conflict = |one: &Arg, other: &Arg| {
        let of_one = command.get_arg_conflicts_with(one);
        of_one.iter().any(|arg| arg.get_id() == other.get_id())
    };
    let typed: Vec<_> = command.get_arguments().filter(is_typed).collect();
    let args = command.get_arguments();
    args.filter(|arg| {
        typed
            .iter()
            .any(|typed| conflict(arg, typed) || conflict(typed, arg))
    })
    .filter_map(|arg| arg.get_long().map(str::to_owned))
    .collect()
}

/// The command line with these values as the defaults of a command's flags.
fn fill(cli: Command, name: &str, defaults: &Defaults<'_>) -> Command {
    cli.mut_subcommand(name, |command| {
        command.mut_args(|arg| {
            let found = arg.get_long().and_then(|long| defaults.get(long));
            let values = found.map(|(values, _)| values.to_vec());
            match values {
                Some(values) => arg.default_values(values),
                None => arg,
            }
        })
    })
}

/// The error for a value of a file, where it is one.
fn misread(error: &clap::Error, name: &str, defaults: &Defaults<'_>) -> Option<ConfigError> {
    let (flag, reason) = usage::refused(error)?;
    let key = flag.strip_prefix("--")?.split(' ').next()?;
    let (_, path) = defaults.get(key)?;
    Some(ConfigError::Value {
        origin: Origin::File(path.to_path_buf()),
        message: format!("`{name}.{key}`: {reason}"),
    })
}

impl Config {
    /// What the files say of a command's flags: of each what the nearest file says that has it, and
    /// nothing where a variable stands before them.
    pub fn defaults(&self, name: &str) -> Defaults<'_> {
        let mut defaults = Defaults::new();
        for (path, file) in self.files() {
            for (key, values) in file.sections.get(name).into_iter().flatten() {
                defaults.entry(key).or_insert((values, path));
            }
        }
        let is_set = |variable| self.environment.get(variable).is_some();
        let hidden = VARIABLES.iter().filter(|(_, variable)| is_set(variable));
        for (key, _) in hidden.filter(|_| name != "listen") {
            defaults.remove(key);
        }
        defaults
    }

    /// What is in force of a command's flags where nothing is typed, each under its key: as a file or
    /// the flag's own default says. Flags that a file cannot set are left out.
    pub fn in_force(&self, name: &str) -> Vec<(String, Setting<Value>)> {
        let defaults = self.defaults(name);
        let program = program();
        let command = program.find_subcommand(name).into_iter();
        let args = command.flat_map(own_flags);
        let args = args.filter_map(|arg| Some((arg, arg.get_long()?)));
        args.filter(|(_, key)| typed_only(name, key).is_none())
            .map(|(arg, key)| {
                let of_file = defaults.get(key).map(|(values, path)| {
                    let origin = Origin::File(path.to_path_buf());
                    (values.to_vec(), origin)
                });
                let (values, origin) = of_file.unwrap_or_else(|| {
                    let values = arg.get_default_values().iter();
                    let values = values.map(|value| value.to_string_lossy().into_owned());
                    (values.collect(), Origin::Default)
                });
                let value = as_json(arg, values);
                (format!("{name}.{key}"), Setting { value, origin })
            })
            .collect()
    }

    /// Checks the values that files have for the flags of commands, as they are when one runs.
    pub fn check_sections(&self) -> Result<(), ConfigError> {
        for name in self.files().flat_map(|(_, file)| file.sections.keys()) {
            let defaults = self.defaults(name);
            let filled = fill(program(), name, &defaults);
            let read = filled.try_get_matches_from(["webhook", name]);
            // What else can be wrong is that nothing was typed.
            if let Some(error) = read
                .err()
                .and_then(|error| misread(&error, name, &defaults))
            {
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Values of a flag as JSON: a list where it can be given several times.
fn as_json(arg: &Arg, values: Vec<String>) -> Value {
    let one = |text: String| match text.parse::<u64>() {
        Ok(number) => Value::from(number),
        Err(_) => Value::from(text),
    };
    match arg.get_action() {
        ArgAction::Append => values.into(),
        ArgAction::SetTrue => values.first().is_some_and(|text| text == "true").into(),
        _ => values.into_iter().next().map_or(Value::Null, one),
    }
}
