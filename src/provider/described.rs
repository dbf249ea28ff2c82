//! The webhooks that the `OpenAPI` description of an API has.

use serde_json::Value;

use super::bundle::bundle;
use super::specimen::{FREE, LARGEST, plain, resolve, specimen, weight};
use crate::delivery::Headers;

/// More events than any description has.
pub const MOST_EVENTS: usize = 1_000;
/// The methods by which webhooks are sent.
const METHODS: [&str; 4] = ["post", "put", "patch", "get"];

/// A webhook of a description, with what it sends.
pub struct DescribedWebhook {
    /// Its name in the description.
    pub key: String,
    /// What it tells, in a line.
    pub description: String,
    /// The headers that are shown with it.
    pub headers: Headers,
    /// Its body, and whether the description shows it.
    pub payload: Option<(Value, bool)>,
    /// What its body has to be, where the description says that.
    pub schema: Option<Value>,
}

/// The webhooks of a description, in its order.
pub fn described(document: &Value) -> Vec<DescribedWebhook> {
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
        schema: json_body(document, operation)
            .and_then(|media| bundle(document, media.get("schema")?)),
    }
}

/// The JSON body of an operation, as the description has it.
fn json_body<'d>(document: &'d Value, operation: &'d Value) -> Option<&'d Value> {
    let body = resolve(document, operation.get("requestBody")?);
    let is_json = |kind: &str| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.ends_with("json"))
    };
    let mut content = body["content"].as_object()?.iter();
    content.find_map(|(kind, media)| is_json(kind).then_some(media))
}

/// The JSON body of an operation, and whether the description shows it.
fn payload(document: &Value, operation: &Value) -> Option<(Value, bool)> {
    let media = json_body(document, operation)?;
    let examples = media["examples"].as_object();
    let first = examples.and_then(|all| resolve(document, all.values().next()?).get("value"));
    if let Some(example) = media.get("example").or(first) {
        return (weight(example, LARGEST) < LARGEST).then(|| (plain(example), true));
    }
    let made = specimen(document, media.get("schema")?);
    (!made.is_null()).then_some((made, false))
}

/// Whether a text of a payload can be an event's name: it is one that the description gives.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && !text.contains(FREE) && !text.contains("{{")
}
