//! What is called documented of a payload is what the document shows of it, and is like it.

use super::first;
use crate::harness::FIRST;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use webhook_cli::provider::{Catalogue, Event, EventSummary, Provenance};

use crate::harness::Sandbox;

/// The data of the payloads that the documents show, by provider and event; null is what a document
/// leaves out. One event is shown twice.
type Shown = BTreeMap<String, BTreeMap<String, Vec<Value>>>;

fn shown() -> Shown {
    let text = include_str!("../../data/published/payloads.json");
    serde_json::from_str(text).expect("payloads")
}

fn event(provider: &str, name: &str) -> Event {
    let catalogue = Catalogue::builtin();
    let provider = catalogue.get(provider).expect("built in");
    provider.event(name).expect("an event").expect("valid")
}

fn summary(provider: &str, name: &str) -> EventSummary {
    let catalogue = Catalogue::builtin();
    let provider = catalogue.get(provider).expect("built in");
    provider.summary(name).expect("an event").expect("valid")
}

#[test]
fn a_payload_is_documented_by_what_the_document_shows() {
    let shown = shown();
    for provider in first(&Catalogue::builtin()) {
        for (name, event) in provider.events() {
            let event = event.expect("valid");
            let examples = shown[provider.name()].get(name);
            let examples = examples.into_iter().flatten();
            let fields = examples.flat_map(|data| data.as_object().expect("an object").keys());
            let fields: BTreeSet<_> = fields.map(String::as_str).collect();
            let claimed: BTreeSet<_> = event.documented.iter().map(|field| &**field).collect();
            assert_eq!(claimed, fields, "{} {name}", provider.name());
            let source = match fields.len() {
                0 => Provenance::Inferred,
                some if some < event.fields => Provenance::DocumentedInPart,
                _ => Provenance::Documented,
            };
            assert_eq!(event.source, source, "{} {name}", provider.name());
        }
    }
}

/// The text with every letter or digit behind a prefix left out, so that texts of one form are equal.
fn form(text: &str) -> String {
    let is_time = text.contains("{{time") || text.contains("T10:30:00Z");
    let plain = text.split("{{").next().unwrap_or_default();
    match plain.split_once('_') {
        _ if is_time => "a time".into(),
        // An id; words for programs have no digits in the documents.
        Some((prefix, _)) => format!("{prefix}_"),
        None if text.bytes().any(|b| b.is_ascii_digit()) => {
            let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
            let digits: String = text.chars().map(digits).collect();
            // However large the amount is.
            digits.trim_start_matches('0').to_owned()
        }
        None => "words".into(),
    }
}

fn is_like(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (_, Value::Null) | (Value::Number(_), Value::Number(_)) => true,
        (Value::Object(ours), Value::Object(theirs)) => theirs.iter().all(|(key, value)| {
            let ours = ours.get(key);
            ours.is_some_and(|ours| is_like(ours, value))
        }),
        (Value::Array(ours), Value::Array(theirs)) => ours
            .iter()
            .zip(theirs)
            .all(|(ours, theirs)| is_like(ours, theirs)),
        (Value::String(ours), Value::String(theirs)) => form(ours) == form(theirs),
        _ => false,
    }
}

#[test]
fn a_documented_field_is_of_the_documented_form() {
    for (provider, events) in shown() {
        for (name, examples) in events {
            let ours = event(&provider, &name).data;
            for theirs in examples {
                assert!(
                    is_like(&ours, &theirs),
                    "{provider} {name}:\n{ours}\n{theirs}"
                );
            }
        }
    }
}

#[test]
fn events_and_providers_tell_how_much_is_documented() {
    let sandbox = Sandbox::new();
    let line = "order.created: order_id, business_id, status, total, currency (5 of 20 fields)";
    let table = sandbox.run(&["events"]).expect(0).stdout;
    assert!(table.contains(line), "{table}");
    let one = sandbox.run(&["events", "cimplify"]).expect(0).stdout;
    assert!(one.contains(line), "{one}");
    let none = sandbox.run(&["events", "olympus"]).expect(0).stdout;
    assert!(!none.contains("in part"), "{none}");
    let mut lines = sandbox.run(&["events", "--json"]).expect(0).json_lines();
    lines.retain(|line| FIRST.contains(&line["provider"].as_str().expect("a name")));
    let sources = |of: &str| lines.iter().filter(|line| line["source"] == of).count();
    let counts = ["documented", "documented-in-part", "inferred"].map(sources);
    assert_eq!(counts, [3, 3, 51]);
    for line in &lines {
        let provider = line["provider"].as_str().expect("a name");
        let event = summary(provider, line["event"].as_str().expect("a name"));
        assert_eq!(line["documented"], json!(event.documented), "{line}");
    }
    let show = ["providers", "show", "ibakepro"];
    let sheet = sandbox.run(&show).expect(0).stdout;
    let part = "  in part        order.created: id, order_number, status (3 of 20 fields)\n";
    assert!(sheet.contains(part), "{sheet}");
    let facts = sandbox.run(&[&show[..], &["--json"]].concat()).expect(0);
    let payload = &facts.json_lines()[0]["payloads"]["order.created"];
    assert_eq!(payload["source"], "documented-in-part");
    assert_eq!(payload["documented"][1], "order_number");
}
