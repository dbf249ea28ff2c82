//! What is wrong with an event that is shaped by flags, and what to do about it.

use super::CliError;
use crate::delivery::nearest;
use crate::json::PathError;
use crate::send::SendError;

/// What to do where `--set` finds nothing.
const ADD: &str = "`--add` lets `--set` add what is not there";

impl CliError {
    /// Why an event cannot be sent as flags say, and what to do; `can_add` is `--add`.
    pub fn of_send(error: SendError, can_add: bool) -> Self {
        match error {
            SendError::Id(error) => Self::usage(format!("`--id` has no place: {error}"))
                .hint("`--data` took the place of the whole payload: write the id into it"),
            SendError::Set(error) => Self::of_path(&error, !can_add),
            SendError::Unset(error) => Self::of_path(&error, false),
            SendError::Fault(error) => error.into(),
            SendError::NoId(_) => Self::usage(error.to_string()),
            SendError::Header(_) => Self::usage(error.to_string())
                .hint("an id or an event in a header is one line of text"),
            SendError::Ended => Self::unreadable(error.to_string()),
        }
    }

    /// What is wrong with a path, and what was probably meant.
    pub fn of_path(error: &PathError, can_add: bool) -> Self {
        let trouble = Self::usage(error.to_string());
        let (path, keys) = match error {
            PathError::Unknown { path, keys } => (path, keys),
            PathError::Syntax(_) => {
                return trouble.hint("a key with a dot in it is written `a\\.b`");
            }
            PathError::Type {
                path, found, near, ..
            } => {
                return trouble.hint(match (near, *found) {
                    (Some(near), _) => format!("did you mean `{near}`?"),
                    (None, "an array") => format!("an item is named by its number: `{path}[0]`"),
                    (None, "an object") => format!("a value is named by its key: `{path}.KEY`"),
                    _ => format!("nothing stands within it: name `{path}` itself"),
                });
            }
        };
        match (near_path(path, keys), can_add) {
            (Some(near), true) => trouble.hint(format!("did you mean `{near}`? {ADD}")),
            (Some(near), false) => trouble.hint(format!("did you mean `{near}`?")),
            (None, true) => trouble.hint(ADD),
            (None, false) => trouble.hint("`--dry-run` shows the payload"),
        }
    }
}

/// The one of `keys` that is most like `path`. All lie in one object, whose own path would make any
/// two of them alike, so only what follows it is compared.
fn near_path<'a>(path: &str, keys: &'a [String]) -> Option<&'a str> {
    let parent = path.rfind('.').map_or(0, |dot| dot + 1);
    let last = |text: &'a str| text.get(parent..).unwrap_or_default();
    let near = nearest(&path[parent..], keys.iter().map(|key| last(key)))?;
    keys.iter()
        .map(String::as_str)
        .find(|key| last(key) == near)
}
