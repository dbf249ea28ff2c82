//! A folder for who writes a provider: one that loads and sends at once.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use strum::VariantArray as _;

use super::lint::{SAMPLE, SAMPLE_SECRET};
use super::read::event_file;
use super::setting::with_defaults;
use super::vector::VECTORS_FILE;
use super::{
    CatalogueError, Composer, DEFINITION_FILE, Definition, EVENTS_FOLDER, FolderFile, Provider,
    Story,
};
use crate::delivery::Timestamp;
use crate::signature::{Key, Secret};

/// The event of a folder that is like no other.
const EVENT: &str = "order.paid";
/// What a draft takes of another provider's definition: how it signs, composes and delivers, and none of
/// what is known of it.
const TAKEN: [&str; 4] = ["signature", "settings", "envelope", "delivery"];

/// The files of a new provider's folder, each with its text: a definition with the members that matter,
/// an event, and a vector where one can be made. They are taken from `like`, where it is given. Fails where
/// its files cannot be read.
pub fn draft(
    name: &str,
    like: Option<&Provider>,
    now: Timestamp,
) -> Result<Vec<(PathBuf, String)>, CatalogueError> {
    let mut event = EVENT.to_owned();
    let mut data =
        json!({"id": "ord_{{id:order}}", "status": "paid", "total": 4990, "currency": "EUR"});
    if let Some((like, first)) = like.and_then(|like| Some((like, like.event_names().next()?))) {
        first.clone_into(&mut event);
        data = like
            .event(first)
            .transpose()?
            .map_or(data, |event| event.data);
    }
    let fixture =
        json!({"description": "What happened, in a line", "source": "inferred", "data": data});
    Ok(files(&drafted(name, like)?, &[(event, fixture)], now))
}

/// A definition of this name, which signs, composes and delivers as `like` does.
pub(super) fn drafted(name: &str, like: Option<&Provider>) -> Result<Value, CatalogueError> {
    let mut definition: Value = serde_json::from_str(SAMPLE).unwrap_or_default();
    if let Some(like) = like {
        let text = like.definition_text()?;
        let other: Value = serde_json::from_str(&text).unwrap_or_default();
        for member in TAKEN {
            match other.get(member) {
                Some(value) => definition[member] = value.clone(),
                None => drop(
                    definition
                        .as_object_mut()
                        .and_then(|all| all.shift_remove(member)),
                ),
            }
        }
    }
    definition["name"] = name.into();
    definition["title"] = name.into();
    Ok(definition)
}

/// The files of a definition, its events and, where one can be made, a vector of the first.
pub(super) fn files(
    definition: &Value,
    events: &[(String, Value)],
    now: Timestamp,
) -> Vec<(PathBuf, String)> {
    let named = |path: PathBuf, value: &Value, file: FolderFile| {
        let text = pretty(&with_schema(&path, value, file));
        (path, text)
    };
    let mut files = vec![named(
        DEFINITION_FILE.into(),
        definition,
        FolderFile::Provider,
    )];
    files.extend(events.iter().map(|(event, fixture)| {
        let path = event_file(EVENTS_FOLDER.as_ref(), event);
        named(path, fixture, FolderFile::Event)
    }));
    let text = definition.to_string();
    let read = serde_json::from_str(&with_defaults(&text)).ok();
    let vector = read
        .zip(events.first())
        .and_then(|(definition, (event, fixture))| {
            vector(&definition, event, &fixture["data"], now)
        });
    files.extend(vector.map(|vector| named(VECTORS_FILE.into(), &vector, FolderFile::Vectors)));
    let schemas = FolderFile::VARIANTS.iter();
    files.extend(schemas.map(|file| (file.schema_name().into(), file.schema().into())));
    files
}

/// The content of a file that names its schema, which lies beside the definition.
fn with_schema(path: &Path, value: &Value, file: FolderFile) -> Value {
    let up = match path.components().count() {
        0 | 1 => "./".into(),
        depth => "../".repeat(depth - 1),
    };
    let mut whole = Map::from_iter([(
        "$schema".to_owned(),
        format!("{up}{}", file.schema_name()).into(),
    )]);
    whole.extend(value.as_object().cloned().unwrap_or_default());
    Value::Object(whole)
}

/// A file of vectors with one that this program signed, to show the form.
fn vector(definition: &Definition, event: &str, data: &Value, now: Timestamp) -> Option<Value> {
    let scheme = &definition.signature;
    let secret = Secret::new("a sample", SAMPLE_SECRET.to_vec());
    // Its bytes may be those of a public key, which signs nothing.
    let key = Key::new(scheme, &secret).ok().filter(Key::can_sign)?;
    let story = Story { seed: 1, number: 0 };
    let document = Composer::new(definition, event, now, story).fixture(data);
    let mut written = document.write(definition, "/webhooks", now);
    written.origin = Some("http://localhost:4400".into());
    let request = written.sign(definition, &key);
    // What is signed may be any of them.
    let headers = request.headers.iter();
    let headers: Vec<_> = headers
        .map(|(name, value)| json!([name, String::from_utf8_lossy(value)]))
        .collect();
    Some(json!({
        "made_with": "this program, to show the form: put one in its place that the vendor signed",
        "vectors": [{
            "name": "an event as it is sent",
            "secret": String::from_utf8_lossy(SAMPLE_SECRET),
            "at": now.seconds(),
            "timestamp": scheme.time_unit.text(now),
            "id": written.event_id,
            "url": request.url(),
            "headers": headers,
            "body": String::from_utf8_lossy(&request.body),
            "expect": "valid",
            "sign": false
        }]
    }))
}

/// The text of a file.
pub(super) fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{text}\n")
}
