use serde_json::{Value, json};

use super::*;
use crate::delivery::nearest;
use crate::delivery::{Headers, Request};

fn notes(provider: &Provider, body: impl Into<bytes::Bytes>) -> Vec<String> {
    noticed(provider, &Request::post("/", Headers::new(), body))
}

#[test]
fn nothing_is_noticed_of_a_documented_event() {
    let catalogue = Catalogue::builtin().without_vendors();
    for (provider, event) in events(&catalogue) {
        assert_eq!(
            notes(provider, payload(provider, event).body),
            [""; 0],
            "{event}"
        );
    }
}

#[test]
fn every_member_that_is_missing_or_of_another_type_is_named() {
    let catalogue = Catalogue::builtin().without_vendors();
    for (provider, event) in events(&catalogue) {
        let document = document(provider, event, 7, AT).value;
        for key in provider
            .definition
            .envelope
            .template
            .as_object()
            .unwrap()
            .keys()
        {
            let mut without = document.clone();
            without.as_object_mut().unwrap().shift_remove(key);
            let found = notes(provider, without.to_string());
            assert_eq!(
                found[0],
                format!("the envelope lacks the documented `{key}`")
            );
            // One document shows events without two of the members that all are said to have.
            let contradicts = ["timestamp", "storeId"].contains(&key.as_str());
            assert_eq!(found.len(), 1 + usize::from(contradicts), "{found:?}");

            let mut other = document.clone();
            other[key] = json!(7);
            let found = notes(provider, other.to_string());
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(
                found[0].starts_with(&format!("`{key}` is a number, documented is a")),
                "{found:?}"
            );
        }
    }
}

#[test]
fn members_that_are_missing_share_a_line() {
    let catalogue = Catalogue::builtin().without_vendors();
    for provider in catalogue.iter() {
        let template = provider.definition.envelope.template.as_object().unwrap();
        let keys: Vec<_> = template.keys().map(String::as_str).collect();
        let all = format!("the envelope lacks the documented `{}`", keys.join("`, `"));
        assert_eq!(notes(provider, "{}")[0], all);
    }
}

#[test]
fn an_unknown_event_is_noticed_with_a_near_name() {
    let catalogue = Catalogue::builtin().without_vendors();
    for (provider, event) in events(&catalogue) {
        let place = match &provider.definition.envelope.event {
            crate::provider::FieldSource::Path(path) => path.to_string(),
            other => panic!("not in the body: {other:?}"),
        };
        let mut document = document(provider, event, 7, AT).value;
        document[&place] = json!(format!("{event}x"));
        let found = notes(provider, document.to_string());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains(&format!("did you mean `{event}`?")),
            "{found:?}"
        );
        document[&place] = json!("7");
        let found = notes(provider, document.to_string());
        assert!(!found[0].contains("did you mean"), "{found:?}");
    }
}

#[test]
fn what_is_no_object_is_said_so() {
    let catalogue = Catalogue::builtin().without_vendors();
    for provider in catalogue.iter() {
        for (body, note) in [
            (&b"[1]"[..], "the body is no JSON object"),
            (b"null", "the body is no JSON object"),
            (b"", "the body is not JSON"),
            (b"{\"a\":", "the body is not JSON"),
            (b"\xff", "the body is not JSON"),
        ] {
            assert_eq!(notes(provider, body), [note]);
        }
    }
}

#[test]
fn types_are_told_apart() {
    let catalogue = Catalogue::builtin().without_vendors();
    let provider = catalogue.iter().next().unwrap();
    let event = provider.event_names().next().unwrap();
    for (value, kind) in [
        (json!(true), "a boolean"),
        (Value::Null, "null"),
        (json!([]), "an array"),
        (json!("x"), "a string"),
        (json!(-1.5), "a number"),
    ] {
        let mut document = document(provider, event, 7, AT).value;
        document["data"] = value;
        let found = notes(provider, document.to_string());
        assert_eq!(
            found,
            [format!("`data` is {kind}, documented is an object")]
        );
    }
}

#[test]
fn the_nearest_name_is_near_or_none() {
    let known = ["order.created", "order.updated", "payment.failed"];
    let near = |name| nearest(name, known.into_iter());
    assert_eq!(near("order.create"), Some("order.created"));
    assert_eq!(near("ordr.updated"), Some("order.updated"));
    assert_eq!(near("payment.failed"), Some("payment.failed"));
    assert_eq!(near("zebra"), None);
    assert_eq!(near(""), None);
    assert_eq!(nearest("x", std::iter::empty()), None);
}
