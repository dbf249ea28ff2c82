//! A provider's folder out of the `OpenAPI` description of an API that sends webhooks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::bundle::enclosed;
use super::described::{DescribedWebhook, MOST_EVENTS, described, is_name};
use super::draft::{drafted, files, pretty};
use super::read::{event_file, parse, payload_schema_file, read};
use super::yaml::read_yaml;
use super::{CatalogueError, Definition, EVENTS_FOLDER, FieldSource, Provider};
use crate::delivery::Timestamp;
use crate::json::JsonFields;

/// Where an event's name usually stands, where no other provider says it.
const EVENT_MEMBERS: [&str; 5] = ["type", "event", "event_type", "eventType", "topic"];

/// The files of a provider's folder that is made out of a description, and its name.
#[derive(Debug)]
pub struct ImportedFolder {
    /// The given name, or one made of the description's title.
    pub name: String,
    /// The files below the folder, each with its text.
    pub files: Vec<(PathBuf, String)>,
    /// How many events there are.
    pub events: usize,
    /// The webhooks of which no event came: without a JSON body, or with the name of one before.
    pub left_out: Vec<String>,
}

/// Makes a folder out of the `webhooks`, `x-webhooks` and `callbacks` of an `OpenAPI` description in JSON or YAML. It
/// signs and delivers like `like`, where that is given; else the body is the event's data. Fails where the
/// description cannot be read or has none of them.
pub fn import(
    path: &Path,
    name: Option<&str>,
    like: Option<&Provider>,
    now: Timestamp,
) -> Result<ImportedFolder, CatalogueError> {
    let invalid = |problem: &str| CatalogueError::Form {
        path: path.to_path_buf(),
        problem: problem.into(),
    };
    let text = read(path)?;
    let text = text.trim_start_matches('\u{feff}');
    // A text in JSON is one in YAML, too, but its reader is faster and says more.
    let document: Value = if text.trim_start().starts_with('{') {
        parse(path, text)?
    } else {
        read_yaml(text).map_err(|problem| invalid(&problem))?
    };
    let mut webhooks = described(&document);
    if webhooks.iter().all(|webhook| webhook.payload.is_none()) {
        return Err(invalid(
            "it has no `webhooks`, `x-webhooks` or `callbacks` with a JSON body",
        ));
    }
    let title = document["info"]["title"].as_str().unwrap_or_default();
    let name = name.map_or_else(|| slug(title), str::to_owned);
    let mut definition = drafted(&name, like)?;
    if like.is_none() {
        take_whole_body(&mut definition, &name, &webhooks);
    }
    let read: Definition =
        serde_json::from_value(definition.clone()).map_err(|error| invalid(&error.to_string()))?;
    let rest = webhooks.split_off(webhooks.len().min(MOST_EVENTS));
    let mut left_out: Vec<_> = rest.into_iter().map(|webhook| webhook.key).collect();
    let mut events: BTreeMap<String, Value> = BTreeMap::new();
    let mut schemas = Vec::new();
    for mut webhook in webhooks {
        let key = webhook.key.clone();
        let schema = webhook.schema.take();
        match event(webhook, &read, &events) {
            Some(made) if !events.contains_key(&made.name) => {
                schemas.extend(schema.and_then(|schema| schema_file(&made, schema, &read)));
                events.insert(made.name, made.fixture);
            }
            _ => left_out.push(key),
        }
    }
    let events: Vec<_> = events.into_iter().collect();
    let mut files = files(&definition, &events, now);
    files.append(&mut schemas);
    Ok(ImportedFolder {
        files,
        name,
        events: events.len(),
        left_out,
    })
}

/// Has the body be an event's data, and the name stand where the payloads have one, else in a header.
fn take_whole_body(definition: &mut Value, name: &str, webhooks: &[DescribedWebhook]) {
    let payloads = || {
        webhooks
            .iter()
            .filter_map(|webhook| webhook.payload.as_ref())
    };
    let member = EVENT_MEMBERS.iter().find(|member| {
        let mut names: Vec<_> = payloads()
            .map(|(body, _)| body[**member].as_str().filter(|text| is_name(text)))
            .collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        names.len() == all && names.iter().all(Option::is_some)
    });
    definition["envelope"] = json!({"template": "{{data}}", "event": null, "id": null, "data": ""});
    if let Some(member) = member {
        definition["envelope"]["event"] = (*member).into();
        return;
    }
    let header = format!("X-{name}-Event");
    definition["envelope"]["event"] = json!({"header": header});
    if let Some(headers) = definition["delivery"]["headers"].as_array_mut() {
        headers.push(json!([header, "{{event}}"]));
    }
    if let Some(notes) = definition["notes"].as_array_mut() {
        let text = "where an event's name stands: the description does not say it";
        notes.push(json!({"topic": "event", "source": "assumed", "text": text}));
    }
}

/// An event that is made of a webhook.
struct MadeEvent {
    name: String,
    /// Its file's content.
    fixture: Value,
    /// Whether the description shows the data alone, and not the envelope around it.
    is_data: bool,
}

/// The file of the schema of an event's body.
fn schema_file(
    made: &MadeEvent,
    schema: Value,
    definition: &Definition,
) -> Option<(PathBuf, String)> {
    let schema = if made.is_data {
        enclosed(schema, &definition.envelope.data)?
    } else {
        schema
    };
    let file = event_file(EVENTS_FOLDER.as_ref(), &made.name);
    Some((payload_schema_file(&file), pretty(&schema)))
}

/// The event of a webhook.
/// One whose payload shows the name of one of `others`, as where it lists all names, has its webhook's.
fn event(
    webhook: DescribedWebhook,
    definition: &Definition,
    others: &BTreeMap<String, Value>,
) -> Option<MadeEvent> {
    let (mut body, is_shown) = webhook.payload?;
    let envelope = &definition.envelope;
    let text = body.to_string();
    let found = envelope
        .event
        .find(&webhook.headers, JsonFields::new(text.as_bytes()).as_ref());
    let is_free = |name: &String| file_name(name) == *name && !others.contains_key(name);
    let name = found.filter(|name| is_name(name) && is_free(name));
    let name = name.unwrap_or_else(|| {
        let name = file_name(&webhook.key);
        let mut put = |place: &FieldSource, text: &str| {
            if let FieldSource::Path(path) = place {
                // A body that has no such member gets none: the envelope around it will.
                drop(path.set(&mut body, text.into(), false));
            }
        };
        match &envelope.event {
            FieldSource::Joined(places) => {
                let parts = name.splitn(places.len(), '.');
                places
                    .iter()
                    .zip(parts)
                    .for_each(|(place, text)| put(place, text));
            }
            place => put(place, &name),
        }
        name
    });
    let found = envelope.data.find(&mut body).cloned();
    let is_data = found.is_none();
    let data = found.unwrap_or(body);
    let source = if is_shown { "documented" } else { "inferred" };
    let fixture = json!({"description": webhook.description, "source": source, "data": data});
    (!name.is_empty()).then_some(MadeEvent {
        name,
        fixture,
        is_data,
    })
}

/// A name that is a file's below the events' folder, whatever the stranger wrote.
fn file_name(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-:".contains(c);
    let parts = text.split('/').map(|part| {
        let part = part.replace(|c| !is_plain(c), "-");
        part.trim_matches(['.', '-'])
            .chars()
            .take(100)
            .collect::<String>()
    });
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).take(4).collect();
    parts.join("/")
}

/// A title as a provider's name.
fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).take(4).collect();
    match words.join("-").to_ascii_lowercase() {
        name if name.is_empty() => "imported".into(),
        name => name,
    }
}
