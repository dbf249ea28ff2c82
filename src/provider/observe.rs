//! What is to be seen of a payload besides its signature: unknown events, missing members.

use serde_json::Value;

use super::payload::PayloadFields;
use super::placeholder::Placeholder;
use super::{FieldSource, Provider};
use crate::delivery::Request;
use crate::delivery::nearest;
use crate::json::{JsonFields, is_json};

/// What is noticed of a request's payload, one line each.
pub(super) fn observe(
    provider: &Provider,
    request: &Request,
    (body, fields): &PayloadFields<'_>,
) -> Vec<String> {
    let template = provider.definition.envelope.template.as_object();
    let fields = fields.as_ref();
    let mut handshakes = provider.definition.handshakes.iter();
    if handshakes.any(|handshake| handshake.is(request, fields)) {
        return Vec::new();
    }
    let Some(fields) = fields.filter(|fields| fields.is_object() || template.is_none()) else {
        let what = match (is_json(body), body.trim_ascii_start().first()) {
            (false, _) => "not JSON",
            (true, Some(b'{')) => "a JSON object of too many members to look into",
            (true, _) => "no JSON object",
        };
        return vec![format!("the body is {what}")];
    };
    let mut notes = Vec::new();
    observe_event(provider, request, fields, &mut notes);
    let Some(template) = template else {
        return notes;
    };
    let mut lacking = Vec::new();
    for (key, value) in template {
        match fields.raw(key) {
            None => lacking.push(key.as_str()),
            Some(text) if kind(text) != expected(value) => notes.push(format!(
                "`{key}` is {}, documented is {}",
                kind(text),
                expected(value)
            )),
            Some(_) => {}
        }
    }
    if !lacking.is_empty() {
        observe_lack(provider, &lacking, &mut notes);
    }
    notes
}

/// Tells of keys that the envelope lacks, and where the document says of them two things.
fn observe_lack(provider: &Provider, lacking: &[&str], notes: &mut Vec<String>) {
    let names = lacking.join("`, `");
    notes.push(format!("the envelope lacks the documented `{names}`"));
    let of_envelope = provider.definition.notes_on("envelope");
    let is_told_of = |text: &str| {
        let mut names = lacking.iter();
        names.any(|name| text.contains(&format!("`{name}`")))
    };
    let told = of_envelope.filter(|note| note.is_contradictory() && is_told_of(&note.text));
    notes.extend(told.map(|note| format!("the document contradicts itself: {}", note.text)));
}

fn observe_event(
    provider: &Provider,
    request: &Request,
    fields: &JsonFields<'_>,
    notes: &mut Vec<String>,
) {
    let place = &provider.definition.envelope.event;
    let Some(event) = place.find(&request.headers, Some(fields)) else {
        return;
    };
    // A number where a name belongs is told by its type.
    let is_number = matches!(place, FieldSource::Path(path)
        if fields.at(path).is_some_and(|text| !text.starts_with('"')));
    if is_number || provider.has_event_like(&event) {
        return;
    }
    let near = nearest(&event, provider.event_names());
    let suggestion = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
    notes.push(format!(
        "`{event}` is no documented event of {}{suggestion}",
        provider.definition.title
    ));
}

fn kind(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn expected(template: &Value) -> &'static str {
    match template {
        Value::String(text) if text == "{{data}}" => "an object",
        Value::String(text) if Placeholder::whole(text).is_some_and(Placeholder::is_number) => {
            "a number"
        }
        Value::String(_) => "a string",
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
        Value::Number(_) => "a number",
    }
}
