//! A provider's folder out of the `OpenAPI` description of an API that sends webhooks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::draft::{drafted, files};
use super::read::{parse, read};
use super::specimen::{FREE, LARGEST, plain, resolve, specimen, weight};
use super::{CatalogueError, Definition, FieldSource, Provider};
use crate::delivery::{Headers, Timestamp};
use crate::json::JsonFields;

/// More events than any description has.
const MOST_EVENTS: usize = 1_000;
/// The methods by which webhooks are sent.
const METHODS: [&str; 4] = ["post", "put", "patch", "get"];
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

/// A webhook of a description, with what it sends.
struct DescribedWebhook {
    key: String,
    description: String,
    headers: Headers,
    /// Its body, and whether the description shows it.
    payload: Option<(Value, bool)>,
}

/// Makes a folder out of the `webhooks`, `x-webhooks` and `callbacks` of an `OpenAPI` description in JSON. It
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
    if !text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('{')
    {
        return Err(invalid(
            "it is no JSON; a description in YAML has to be converted first",
        ));
    }
    let document: Value = parse(path, text.trim_start_matches('\u{feff}'))?;
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
    for webhook in webhooks {
        let key = webhook.key.clone();
        match event(webhook, &read, &events) {
            Some((event, fixture)) if !events.contains_key(&event) => {
                events.insert(event, fixture);
            }
            _ => left_out.push(key),
        }
    }
    let events: Vec<_> = events.into_iter().collect();
    Ok(ImportedFolder {
        files: files(definition, &events, now),
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

/// The webhooks of a description, in its order.
fn described(document: &Value) -> Vec<DescribedWebhook> {
    let named = ["webhooks", "x-webhooks"].into_iter();
    let named = named
        .filter_map(|member| document[member].as_object())
        .flatten();
    let named = named.map(|(key, item)| (key, resolve(document, item)));
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.filter_map(|(_, item)| resolve(document, item).as_object());
    let callbacks = operations
        .flat_map(|item| item.values())
        .filter_map(|operation| operation.get("callbacks")?.as_object())
        .flatten();
    let called = callbacks.flat_map(|(key, callback)| {
        let urls = resolve(document, callback)
            .as_object()
            .into_iter()
            .flatten();
        urls.map(move |(_, item)| (key, resolve(document, item)))
    });
    let all = named.chain(called);
    // A stranger's document may name one payload a million times.
    all.take(MOST_EVENTS + 1)
        .filter_map(|(key, item)| {
            let operation = METHODS.iter().find_map(|method| item.get(*method))?;
            Some(webhook(document, key, item, operation))
        })
        .collect()
}

fn webhook(document: &Value, key: &str, item: &Value, operation: &Value) -> DescribedWebhook {
    let said = ["summary", "description"].into_iter();
    let said = said.filter_map(|member| operation[member].as_str()?.trim().lines().next());
    let said = said.map(|line| line.chars().filter(|c| !c.is_control()).take(200).collect());
    let parameters = [item, operation].into_iter();
    let parameters = parameters
        .filter_map(|it| it["parameters"].as_array())
        .flatten()
        .map(|parameter| resolve(document, parameter))
        .filter(|parameter| parameter["in"] == "header");
    let headers = parameters.filter_map(|parameter| {
        let value = match parameter.get("example") {
            Some(example) => plain(example),
            None => specimen(document, &parameter["schema"]),
        };
        let value = value.as_str().filter(|text| is_name(text))?;
        Some((
            parameter["name"].as_str()?.to_owned(),
            value.as_bytes().to_vec(),
        ))
    });
    DescribedWebhook {
        key: key.to_owned(),
        description: said.into_iter().next().unwrap_or_else(|| key.to_owned()),
        headers: headers.collect(),
        payload: payload(document, operation),
    }
}

/// The JSON body of an operation, and whether the description shows it.
fn payload(document: &Value, operation: &Value) -> Option<(Value, bool)> {
    let body = resolve(document, operation.get("requestBody")?);
    let content = body["content"].as_object()?;
    let is_json = |kind: &str| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.ends_with("json"))
    };
    let (_, media) = content.iter().find(|(kind, _)| is_json(kind))?;
    let examples = media["examples"].as_object();
    let first = examples.and_then(|all| resolve(document, all.values().next()?).get("value"));
    if let Some(example) = media.get("example").or(first) {
        return (weight(example, LARGEST) < LARGEST).then(|| (plain(example), true));
    }
    let made = specimen(document, media.get("schema")?);
    (!made.is_null()).then_some((made, false))
}

/// An event of a webhook: its name and its file's content.
/// One whose payload shows the name of one of `others`, as where it lists all names, has its webhook's.
fn event(
    webhook: DescribedWebhook,
    definition: &Definition,
    others: &BTreeMap<String, Value>,
) -> Option<(String, Value)> {
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
        if let FieldSource::Path(path) = &envelope.event {
            // A body that has no such member gets none: the envelope around it will.
            drop(path.set(&mut body, name.clone().into(), false));
        }
        name
    });
    let data = envelope.data.find(&mut body).cloned().unwrap_or(body);
    let source = if is_shown { "documented" } else { "inferred" };
    let fixture = json!({"description": webhook.description, "source": source, "data": data});
    (!name.is_empty()).then_some((name, fixture))
}

/// Whether a text of a payload can be an event's name: it is one that the description gives.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && !text.starts_with(FREE) && !text.contains("{{")
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
