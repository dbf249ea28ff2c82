//! Reads the files of a definition.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::payload_schema::PayloadSchema;
use super::placeholder::{first_unknown, near};
use super::setting::{fill, undeclared};
use super::{
    CatalogueError, Composer, Definition, Event, ProviderSetting, SettingValues, Story, payload,
};
use crate::delivery::Timestamp;
use crate::json::JsonFields;
use crate::signature::Scheme;

/// A colon of an event's name in the name of its file, where not every file system takes one.
const COLON: &str = "%3A";

/// Reads a definition with these values of its settings. One that could not be used is refused here, never
/// later.
pub fn read_definition(
    path: &Path,
    text: &str,
    values: &SettingValues,
) -> Result<Definition, CatalogueError> {
    let text = fill(text, &ProviderSetting::all_in(text), values);
    if let Some(name) = undeclared(&text) {
        let name = name.escape_debug();
        return Err(CatalogueError::Form {
            path: path.to_path_buf(),
            problem: format!("`settings` has no `{name}`, which stands as `{{setting:{name}}}`"),
        });
    }
    let mut definition: Definition = parse(path, &text)?;
    if definition.title.is_empty() {
        definition.title.clone_from(&definition.name);
    }
    match check_definition(path, &definition).into_iter().next() {
        Some(fault) => Err(fault),
        None => Ok(definition),
    }
}

/// What keeps a definition from being used though each of its members is right.
pub(super) fn check_definition(path: &Path, definition: &Definition) -> Vec<CatalogueError> {
    let form = |problem| CatalogueError::Form {
        path: path.to_path_buf(),
        problem,
    };
    let faults = definition.faults().into_iter();
    let mut faults: Vec<_> = faults
        .map(|(field, problem)| form(format!("`{field}`: {problem}")))
        .collect();
    let unknown = definition.unknown_placeholder();
    faults
        .extend(unknown.map(|(field, name)| unknown_placeholder(path.to_path_buf(), field, name)));
    if faults.is_empty() {
        faults.extend(unrecognised_handshake(definition).map(|n| {
            form(format!(
                "`handshakes[{n}].request`: what it sends is not recognised: a placeholder stands for \
                 a text or a member, not for an item of a list"
            ))
        }));
    }
    faults
}

/// The first handshake that would not be known again once it is sent.
fn unrecognised_handshake(definition: &Definition) -> Option<usize> {
    let story = Story { seed: 0, number: 0 };
    let at = Timestamp::from_seconds(0);
    definition.handshakes.iter().position(|handshake| {
        let composer = Composer::new(definition, &handshake.name, at, story);
        let request = composer
            .handshake(handshake, definition, "/", at)
            .unsigned();
        let body = payload(&request.headers, &request.body);
        !handshake.is(&request, JsonFields::new(&body).as_ref())
    })
}

/// Reads how a provider signs, as it stands in its definition.
pub(super) fn read_signature(path: &Path, text: &str) -> Result<Scheme, CatalogueError> {
    parse(path, text)
}

/// Reads an event.
pub(super) fn read_event(path: PathBuf, text: &str) -> Result<Event, CatalogueError> {
    let event: Event = parse(&path, text)?;
    match first_unknown(&event.data, false) {
        Some(name) => Err(unknown_placeholder(path, "data", name)),
        None => Ok(event),
    }
}

fn unknown_placeholder(path: PathBuf, field: &'static str, name: &str) -> CatalogueError {
    CatalogueError::Placeholder {
        path,
        field,
        name: name.escape_debug().to_string(),
        near: near(name),
    }
}

/// The event whose file this is; `None` for a file of another kind.
pub(super) fn event_name(root: &Path, path: &Path) -> Option<String> {
    let name = path.strip_prefix(root).ok()?.to_str()?;
    let name = name.strip_suffix(".json")?.replace('\\', "/");
    // Beside an event lies the schema of its payload.
    (!name.ends_with(".schema")).then(|| name.replace(COLON, ":"))
}

/// The file of an event below its folder.
pub(super) fn event_file(folder: &Path, event: &str) -> PathBuf {
    let file = folder.join(format!("{event}.json"));
    let portable = folder.join(format!("{}.json", event.replace(':', COLON)));
    if file.exists() { file } else { portable }
}

/// The file of the schema of an event's payload, beside the event's own.
pub(super) fn payload_schema_file(event_file: &Path) -> PathBuf {
    event_file.with_extension("schema.json")
}

/// Reads the schema of an event's payload.
pub(super) fn read_payload_schema(path: &Path) -> Result<PayloadSchema, CatalogueError> {
    Ok(PayloadSchema::new(parse(path, &read(path)?)?))
}

/// What is in a folder, in order.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, CatalogueError> {
    let error = |source| CatalogueError::Read {
        path: folder.to_path_buf(),
        source,
    };
    let entries = fs::read_dir(folder).map_err(error)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(error)?;
    paths.sort();
    Ok(paths)
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, CatalogueError> {
    read_text(path).map_err(|source| CatalogueError::Read {
        path: path.to_path_buf(),
        source,
    })
}

/// The bytes of a file that a person keeps, such as settings, a secret or a definition. What is larger
/// than 16 MiB is none, and may be a device without an end.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    const LARGEST: u64 = 16 * 1024 * 1024;
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read <= LARGEST) {
        Ok(bytes)
    } else {
        Err(io::Error::other("it is larger than 16 MiB"))
    }
}

/// The text of such a file.
pub fn read_text(path: &Path) -> io::Result<String> {
    let text = String::from_utf8(read_file(path)?);
    text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

pub(super) fn parse<T: for<'de> Deserialize<'de>>(
    path: &Path,
    text: &str,
) -> Result<T, CatalogueError> {
    // Keeping track of the field takes half as long again, and most files are right.
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let invalid = |problem| CatalogueError::Form {
        path: path.to_path_buf(),
        problem,
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        // The field of what concerns the whole is a dot; where the text ends too early, none is.
        match error.path().to_string().as_str() {
            "." | "?" => invalid(error.into_inner().to_string()),
            field => invalid(format!("`{field}`: {}", error.inner())),
        }
    })?;
    reader.end().map_err(|error| invalid(error.to_string()))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_every_system_takes_has_an_event_with_a_colon() {
        let folder = Path::new("events");
        for (file, event) in [
            ("events/repo%3Apush.json", "repo:push"),
            ("events/zen%3Auser%3Amade.json", "zen:user:made"),
            ("events/orders/create.json", "orders/create"),
        ] {
            assert_eq!(event_name(folder, Path::new(file)).unwrap(), event);
            assert_eq!(event_file(folder, event), Path::new(file));
        }
        assert_eq!(event_name(folder, Path::new("events/repo.txt")), None);
    }
}
