//! All that is wrong in a provider's folder, at once: who writes one mends it in a few runs.

mod repair;

use std::path::Path;

use serde_json::Value;

use super::read::{
    check_definition, event_file, event_name, list, payload_schema_file, read, read_event,
    read_payload_schema,
};
use super::vector::{VECTORS_FILE, read_vectors};
use super::{
    CatalogueError, Composer, DEFINITION_FILE, Definition, Document, EVENTS_FOLDER, FieldSource,
    Provider, Story, payload,
};
use crate::delivery::{Misfit, Request, Timestamp};
use crate::json::JsonFields;
use crate::signature::{Freshness, Key, Secret, verify};
use repair::read_all;

/// A definition in which every member is right: what takes the place of a wrong one, so that the others
/// can be looked at, and what a new folder begins with.
pub(super) const SAMPLE: &str = include_str!("sample.json");

/// A secret of every scheme that shares one, whatever its encoding, from which key pairs follow.
pub(super) const SAMPLE_SECRET: &[u8] = b"bad0bad1bad2bad3bad4bad5bad6bad7";

/// What was found in a provider's folder.
#[derive(Debug, Default)]
pub struct FolderCheck {
    /// The provider's name: that of its folder.
    pub name: String,
    /// What is wrong, in the order of the files.
    pub faults: Vec<CatalogueError>,
    /// How many of its events were signed and read back.
    pub events: u64,
    /// How many of its vectors agree.
    pub vectors: u64,
    /// The places where an event is not as the schema beside it says; it can be sent all the same.
    pub misfits: Vec<(String, Misfit)>,
}

/// Looks for all that is wrong in a provider's folder. Where its definition can be used, every event is
/// composed, signed, read back and verified, and every vector is checked.
pub fn check_folder(folder: &Path, now: Timestamp) -> FolderCheck {
    let mut check = FolderCheck {
        name: folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        ..FolderCheck::default()
    };
    check.faults = faults_of_definition(folder, &check.name);
    if !check.faults.is_empty() {
        check.faults.extend(faults_of_events(folder));
        return check;
    }
    match Provider::read(folder) {
        Ok(provider) => {
            check_events(&provider, folder, now, &mut check);
            check_vectors(&provider, folder, &mut check);
        }
        Err(error) => check.faults.push(error),
    }
    check
}

fn faults_of_definition(folder: &Path, name: &str) -> Vec<CatalogueError> {
    let path = folder.join(DEFINITION_FILE);
    let text = match read(&path) {
        Ok(text) => super::setting::with_defaults(&text).into_owned(),
        Err(error) => return vec![error],
    };
    let mut sample: Value = serde_json::from_str(SAMPLE).unwrap_or_default();
    sample["name"] = name.into();
    let (definition, mut faults) = read_all::<Definition>(&path, &text, &sample);
    let Some(definition) = definition else {
        return faults;
    };
    // Of a section in which something was replaced, the rest may fit no more.
    let is_section_right = |fault: &CatalogueError| {
        let section = fault.section();
        faults.iter().all(|other| other.section() != section)
    };
    let more = check_definition(&path, &definition).into_iter();
    let more: Vec<_> = more.filter(is_section_right).collect();
    faults.extend(more);
    if definition.name != name {
        faults.push(CatalogueError::Name {
            path,
            name: definition.name,
        });
    }
    faults
}

/// What is wrong in the files of events, where the definition cannot be used.
fn faults_of_events(folder: &Path) -> Vec<CatalogueError> {
    let root = folder.join(EVENTS_FOLDER);
    let files = list(&root).unwrap_or_default();
    let files = files
        .into_iter()
        .filter(|path| event_name(&root, path).is_some());
    let read = files.map(|path| read(&path).and_then(|text| read_event(path, &text)));
    read.filter_map(Result::err).collect()
}

fn check_events(provider: &Provider, folder: &Path, now: Timestamp, check: &mut FolderCheck) {
    let names: Vec<_> = provider.event_names().map(str::to_owned).collect();
    for name in names {
        let path = event_file(&folder.join(EVENTS_FOLDER), &name);
        let schema = payload_schema_file(&path);
        if schema.is_file() {
            check.faults.extend(read_payload_schema(&schema).err());
        }
        let problem = match provider.event(&name) {
            Some(Ok(event)) => {
                let document = composed(&provider.definition, &name, &event.data, now);
                let written = document.clone().write(&provider.definition, "/", now);
                let misfits = provider.misfits(&name, &written.headers, &written.body);
                let misfits = misfits.into_iter().map(|misfit| (name.clone(), misfit));
                check.misfits.extend(misfits);
                try_out(&provider.definition, &name, document, now)
            }
            Some(Err(error)) => {
                check.faults.push(error);
                continue;
            }
            None => continue,
        };
        match problem {
            Ok(()) => check.events += 1,
            Err(problem) => check.faults.push(CatalogueError::Form { path, problem }),
        }
    }
}

/// An event as it would be sent.
fn composed(definition: &Definition, name: &str, data: &Value, now: Timestamp) -> Document {
    let story = Story { seed: 1, number: 0 };
    Composer::new(definition, name, now, story).fixture(data)
}

/// Signs an event, reads it back and verifies it. Fails with what is lost on the way.
fn try_out(
    definition: &Definition,
    name: &str,
    document: Document,
    now: Timestamp,
) -> Result<(), String> {
    let written = document.write(definition, "/", now);
    let scheme = &definition.signature;
    let secret = Secret::new("a sample", SAMPLE_SECRET.to_vec()).deriving();
    // A pair of these kinds is nothing that could be made of a text.
    let key = Key::new(scheme, &secret).ok();
    let request = match &key {
        Some(key) => written.sign(definition, key),
        None => written.unsigned(),
    };
    find_again(definition, name, &request)?;
    let Some(key) = key else { return Ok(()) };
    let verdict = verify(scheme, &[key], &request, now, Freshness::Documented);
    if verdict.is_valid() {
        return Ok(());
    }
    let reason = verdict.reason.unwrap_or_default();
    Err(format!("what is signed is {}: {reason}", verdict.status))
}

/// Looks for an event's name and id in what is sent. Fails where they are not found again.
fn find_again(definition: &Definition, name: &str, request: &Request) -> Result<(), String> {
    let body = payload(&request.headers, &request.body);
    let fields = JsonFields::new(&body);
    let find = |source: &FieldSource| source.find(&request.headers, fields.as_ref());
    let envelope = &definition.envelope;
    match find(&envelope.event) {
        Some(found) if found != name => {
            return Err(format!(
                "sent as `{name}`, it is read as `{found}`: see `envelope.event`"
            ));
        }
        None if envelope.event != FieldSource::Absent => {
            return Err("what is sent has no name where `envelope.event` says".into());
        }
        _ => {}
    }
    // In a body, some events may have one and others none.
    if let Some(header) = envelope.id.header()
        && find(&envelope.id).is_none()
    {
        return Err(format!(
            "`envelope.id` is `{header}`, which `delivery.headers` lacks"
        ));
    }
    Ok(())
}

fn check_vectors(provider: &Provider, folder: &Path, check: &mut FolderCheck) {
    let vectors = match read_vectors(folder) {
        Ok(vectors) => vectors,
        Err(error) => return check.faults.push(error),
    };
    for vector in vectors {
        match vector.check(&provider.scheme) {
            Ok(()) => check.vectors += 1,
            Err(problem) => check.faults.push(CatalogueError::Form {
                path: folder.join(VECTORS_FILE),
                problem: format!("`{}`: {problem}", vector.name),
            }),
        }
    }
}
