//! A section of a configuration file: the flags of a command as keys, `[listen]` those of `listen`.
//!
//! What a file says becomes the default of the flag, so that it is read, checked and completed by
//! the one definition of that flag.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use clap::{Arg, ArgAction, Command, ValueHint};

use crate::cli::{own_flags, program};
use crate::delivery::did_you_mean;

/// Flags that no file may set, of one command or of all, and where else they are said. A file may be
/// somebody else's: it must not run a command, hold a secret, take a guard away, or choose a
/// file that is sent.
const TYPED_ONLY: [(&str, &str); 18] = [
    ("secret", "`[secrets]` names where a secret is found"),
    ("secret-file", "`[secrets]` names where a secret is found"),
    ("effects", "a command is typed, never read from a file"),
    ("until", "a command is typed, never read from a file"),
    ("send.body", "what is sent is typed: `--body`"),
    ("send.data", "what is sent is typed: `--data`"),
    ("sign.body", "what is signed is typed: `--body`"),
    ("sign.data", "what is signed is typed: `--data`"),
    ("api-key", "give the flag, or set WEBHOOK_API_KEY"),
    ("emulate.trigger", "what happens is typed: `--trigger`"),
    ("emulate.scenario", "what is played is typed: `--scenario`"),
    ("emulate.state", "give the flag"),
    ("insecure", "give the flag, or name a certificate: `cacert`"),
    ("yes-this-is-mine", "give the flag"),
    ("help", "give the flag"),
    ("log", "it stands above all sections"),
    ("color", "it stands above all sections"),
    ("config", "give the flag"),
];

/// Flags that name a file which is written over.
const WRITTEN: [&str; 2] = ["junit", "ready-file"];

/// Whether a path leads nowhere but into its folder.
fn is_below(path: &str) -> bool {
    let is_step = |step| matches!(step, Component::Normal(_) | Component::CurDir);
    !path.starts_with('~') && Path::new(path).components().all(is_step)
}

/// Why a file may not set a flag of a command, where it may not.
pub(super) fn typed_only(command: &str, key: &str) -> Option<&'static str> {
    let is_meant = |flag: &str| match flag.split_once('.') {
        Some((of, name)) => of == command && name == key,
        None => flag == key,
    };
    let mut flags = TYPED_ONLY.iter();
    flags.find_map(|(flag, instead)| is_meant(flag).then_some(*instead))
}

/// What one section says: the values of each flag, as they would be typed.
pub type Section = BTreeMap<String, Vec<String>>;

/// Reads the section of a command; what is wrong with it names the key.
pub fn read(
    name: &str,
    table: &toml::Table,
    place: impl Fn(&Path) -> PathBuf,
) -> Result<Section, (String, Option<String>)> {
    if table.is_empty() {
        return Ok(Section::new());
    }
    let program = program();
    let command = program.find_subcommand(name).ok_or((String::new(), None))?;
    let entry = |(key, value): (&String, &toml::Value)| {
        let arg = flag(command, key)?;
        let values = typed(arg, value).map_err(|form| (format!("`{name}.{key}`: {form}"), None))?;
        if WRITTEN.contains(&key.as_str()) && !values.iter().all(|path| is_below(path)) {
            let message = format!("`{name}.{key}`: not below the folder of the configuration file");
            return Err((message, Some(format!("type it: `--{key} PATH`"))));
        }
        if key == "respond" && values.iter().any(|value| value.contains(":@")) {
            let message = format!("`{name}.{key}`: a body from a file cannot stand in `[{name}]`");
            return Err((message, Some("type it: `--respond 201:@FILE`".into())));
        }
        let is_path = matches!(
            arg.get_value_hint(),
            ValueHint::FilePath | ValueHint::DirPath
        );
        let place = |value: String| {
            if is_path && value != "-" {
                return place(Path::new(&value)).to_string_lossy().into_owned();
            }
            value
        };
        Ok((key.clone(), values.into_iter().map(place).collect()))
    };
    table.iter().map(entry).collect()
}

/// The flag of `command` that a key of its section means.
fn flag<'a>(command: &'a Command, key: &str) -> Result<&'a Arg, (String, Option<String>)> {
    let name = command.get_name();
    if let Some(instead) = typed_only(name, key) {
        let message = format!("`{key}` cannot stand in `[{name}]`");
        return Err((message, Some(instead.into())));
    }
    own_flags(command)
        .find(|arg| arg.get_long() == Some(key))
        .ok_or_else(|| {
            let known = own_flags(command).filter_map(Arg::get_long);
            let hint = did_you_mean(key, known)
                .unwrap_or_else(|| format!("the keys are the flags of `webhook {name} --help`"));
            (format!("unknown key `{key}` in `[{name}]`"), Some(hint))
        })
}

/// A value as it would be typed; the error says what is expected.
fn typed(arg: &Arg, value: &toml::Value) -> Result<Vec<String>, &'static str> {
    let text = |value: &toml::Value| match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Array(_) | toml::Value::Table(_) => None,
        other => Some(other.to_string()),
    };
    match (arg.get_action(), value) {
        (ArgAction::SetTrue, toml::Value::Boolean(_)) => text(value).map(|text| vec![text]),
        (ArgAction::SetTrue, _) => return Err("`true` or `false` is expected"),
        (ArgAction::Append, toml::Value::Array(items)) => items.iter().map(text).collect(),
        (_, one) => text(one).map(|text| vec![text]),
    }
    .ok_or(match arg.get_action() {
        ArgAction::Append => "a text or a list of texts is expected",
        _ => "a text or a number is expected",
    })
}
