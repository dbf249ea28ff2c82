//! The data against the documents: what is composed is believable, belongs to nobody, tells one story,
//! and what is called documented stands in the document.

mod payloads;
mod samples;
mod stories;
mod values;

use serde_json::Value;
use webhook_cli::provider::{Catalogue, Provider};

use crate::harness::FIRST;

/// The providers whose documents are at hand.
fn first(catalogue: &Catalogue) -> impl Iterator<Item = &Provider> {
    FIRST.into_iter().filter_map(|name| catalogue.get(name))
}

/// The data of every event, with placeholders: provider, event, data.
fn fixtures() -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    let catalogue = Catalogue::builtin();
    for provider in first(&catalogue) {
        for event in provider.event_names() {
            let data = provider.event(event).expect("its own").expect("valid").data;
            all.push((provider.name().to_owned(), event.to_owned(), data));
        }
    }
    assert_eq!(all.len(), 57);
    all
}

/// Every value below a document that is no object and no array, with the name it stands under.
fn leaves<'v>(name: &'v str, value: &'v Value, found: &mut Vec<(&'v str, &'v Value)>) {
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| leaves(key, value, found)),
        Value::Array(items) => items.iter().for_each(|item| leaves(name, item, found)),
        plain => found.push((name, plain)),
    }
}

/// The same of texts alone.
fn texts(data: &Value) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    leaves("", data, &mut found);
    let texts = found.into_iter();
    texts
        .filter_map(|(name, value)| Some((name, value.as_str()?)))
        .collect()
}

/// Every object of a document.
fn objects<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(map) => {
            found.push(value);
            map.values().for_each(|value| objects(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| objects(item, found)),
        _ => {}
    }
}
