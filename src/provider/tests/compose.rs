use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::json::javascript;
use crate::provider::{Definition, FieldSource};
use crate::signature::{Key, Secret};

/// A value with its placeholders filled for `order.created` at [`AT`].
fn filled(value: &Value) -> Value {
    let catalogue = Catalogue::builtin().without_vendors();
    let mut definition = Definition::clone(&catalogue.iter().next().unwrap().definition);
    definition.envelope.template = json!("{{data}}");
    let story = Story { seed: 1, number: 0 };
    Composer::new(&definition, "order.created", AT, story)
        .fixture(value)
        .value
}

#[test]
fn placeholders_are_filled_wherever_they_stand() {
    let value = json!({"t": "{{time}}", "d": ["{{date}}", {"e": "is {{event}}!"}], "n": 12.50});
    assert_eq!(
        filled(&value),
        json!({"t": "2026-01-18T10:30:00Z", "d": ["2026-01-18", {"e": "is order.created!"}], "n": 12.5})
    );
    for (text, moved) in [
        ("{{time-35m}}", "2026-01-18T09:55:00Z"),
        ("{{time+2d}}", "2026-01-20T10:30:00Z"),
        ("{{date-18d}}", "2025-12-31"),
    ] {
        assert_eq!(filled(&json!(text)), json!(moved), "{text}");
    }
}

#[test]
fn what_is_no_placeholder_stays_as_it_is() {
    for text in [
        "",
        "{{",
        "}}",
        "{{}}",
        "{{nope}}",
        "{{ time }}",
        "{{time*2}}",
        "{{time+2}}",
        "{{time+}}",
        "{{timé}}",
        "{{time+é}}",
        "{{data}}",
        "{ {time} }",
        "{{{{",
        "a {{b",
    ] {
        assert_eq!(filled(&json!(text)), json!(text), "{text}");
    }
    assert_eq!(filled(&json!("{{x {{time}}")), json!("{{x {{time}}"));
}

#[test]
fn equal_names_are_equal_ids_and_others_are_not() {
    let value = json!([
        "{{id:order}}",
        "ord_{{id:order}}",
        "{{id:customer}}",
        "{{id:order}}x"
    ]);
    let filled = filled(&value);
    let ids: Vec<_> = filled
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    assert_eq!(ids[1], format!("ord_{}", ids[0]));
    assert_eq!(ids[3], format!("{}x", ids[0]));
    assert_ne!(ids[2], ids[0]);
    let is_plain = |id: &str| {
        id.bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    assert!(ids[0].len() == 12 && is_plain(ids[0]), "{}", ids[0]);
}

#[test]
fn a_payload_keeps_its_headers_and_gets_its_signature() {
    let catalogue = Catalogue::builtin().without_vendors();
    for (provider, event) in events(&catalogue) {
        let definition = &provider.definition;
        let secret = Secret::new("s#1", secret_of(provider).into());
        let key = Key::new(&definition.signature, &secret).unwrap();
        let mut payload = payload(provider, event);
        payload.headers.push("X-Own", "kept");
        payload
            .headers
            .push(definition.signature.header().unwrap().to_owned(), "old");
        payload.target = "/hook?x=1".into();
        let signed = payload.sign(definition, &key);
        assert_eq!(signed.body, payload.body);
        assert_eq!(
            (signed.method.as_str(), signed.target.as_str()),
            ("POST", "/hook?x=1")
        );
        assert_eq!(signed.headers.text("X-Own"), Some("kept"));
        assert_eq!(
            signed.headers.text("content-type"),
            Some("application/json")
        );
        let signatures: Vec<_> = signed
            .headers
            .get_all(definition.signature.header().unwrap())
            .collect();
        assert!(
            signatures.len() == 1 && signatures[0] != "old",
            "{signatures:?}"
        );
    }
}

/// The keys of an object in order.
fn keys(value: &Value) -> Vec<&String> {
    value.as_object().expect("an object").keys().collect()
}

/// Every string of a document.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(map) => map.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// The event's id, and the id in its data that starts with `prefix`.
fn ids<'v>(provider: &Provider, document: &'v Value, prefix: &str) -> (&'v str, Option<&'v str>) {
    let FieldSource::Path(path) = &provider.definition.envelope.id else {
        panic!("not in the body");
    };
    let own = document[path.to_string()].as_str().expect("an id");
    let data = strings(&document["data"]);
    (own, data.into_iter().find(|text| text.starts_with(prefix)))
}

#[test]
fn an_order_and_its_payment_have_one_id_for_it() {
    let catalogue = Catalogue::builtin().without_vendors();
    for (name, events, prefixes) in [
        (
            "barecommerce",
            [
                "order.created",
                "order.updated",
                "order.paid",
                "order.fulfilled",
            ]
            .as_slice(),
            ["order_", "pi_"].as_slice(),
        ),
        (
            "barecommerce",
            &["customer.created", "customer.updated"],
            &["cust_", "addr_"],
        ),
        (
            "cimplify",
            &["order.created", "order.completed", "payment.completed"],
            &["ord_"],
        ),
        (
            "cimplify",
            &["order.cancelled", "payment.refunded"],
            &["ord_", "pay_"],
        ),
        (
            "ibakepro",
            &["order.created", "order.updated", "pantry.low_stock"],
            &["ord_"],
        ),
        (
            "olympus",
            &["order.created", "order.ready", "payment.processed"],
            &["order_"],
        ),
        (
            "olympus",
            &["order.completed", "payment.processed"],
            &["pay_", "order_"],
        ),
        (
            "olympus",
            &["order.cancelled", "payment.voided"],
            &["pay_", "order_"],
        ),
    ] {
        let provider = catalogue.get(name).expect("built in");
        for prefix in prefixes {
            let mut told: Vec<_> = events
                .iter()
                .map(|event| {
                    let document = document(provider, event, 7, AT).value;
                    ids(provider, &document, prefix).1.map(str::to_owned)
                })
                .collect();
            told.dedup();
            assert!(
                told.len() == 1 && told[0].is_some(),
                "{name} {events:?}: {told:?}"
            );
        }
    }
}

#[test]
fn an_id_follows_from_seed_number_and_name() {
    let catalogue = Catalogue::builtin().without_vendors();
    let provider = catalogue.get("cimplify").expect("built in");
    let id = |seed, number| {
        let composer = Composer::new(
            &provider.definition,
            "order.created",
            AT,
            Story { seed, number },
        );
        let value = composer.fixture(&json!("{{id:order}}")).value;
        (value["id"].clone(), value["data"].clone())
    };
    // What a seed gave it gives for ever.
    assert_eq!(id(7, 0), (json!("evt_dabejp1b2b9b"), json!("syjo0xa52kxf")));
    let all = [id(7, 0), id(8, 0), id(7, 1), id(6, 1)];
    let unique: HashSet<_> = all
        .iter()
        .flat_map(|(event, order)| [event, order])
        .collect();
    assert_eq!(unique.len(), 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_two_events_have_one_id(seed in any::<u64>()) {
        let catalogue = Catalogue::builtin().without_vendors();
        let documents = events(&catalogue).flat_map(|(provider, event)| {
            [seed, seed.wrapping_add(1)]
                .map(|seed| (provider, document(provider, event, seed, AT).value))
        });
        let own: HashSet<_> = documents
            .map(|(provider, document)| ids(provider, &document, "").0.to_owned())
            .collect();
        prop_assert_eq!(own.len(), 2 * 57);
    }

    #[test]
    fn a_composed_document_is_as_its_template_says(seed in any::<u64>(), seconds in 0_i64..4_000_000_000) {
        let catalogue = Catalogue::builtin().without_vendors();
        let at = Timestamp::from_seconds(seconds);
        for (provider, event) in events(&catalogue) {
            let document = document(provider, event, seed, at).value;
            let envelope = &provider.definition.envelope;
            prop_assert_eq!(keys(&document), keys(&envelope.template));
            let body = javascript::stringify(&document);
            prop_assert!(javascript::is_fixed_point(body.as_bytes()), "{}", body);
            let left = strings(&document).into_iter().find(|text| text.contains("{{"));
            prop_assert_eq!(left, None);
            let time = envelope.time.as_ref().map(|path| &document[path.to_string()]);
            prop_assert_eq!(time, Some(&json!(at.to_seconds_text())));
            prop_assert_eq!(&super::document(provider, event, seed, at).value, &document);
            prop_assert_ne!(&super::document(provider, event, seed ^ 1, at).value, &document);
        }
    }

    #[test]
    fn no_text_makes_filling_panic_and_one_without_braces_stays(text in "[{}a-z:+é-]{0,24}") {
        let found = filled(&json!(text));
        prop_assert!(found.is_string());
        if !text.contains("{{") {
            prop_assert_eq!(found, json!(text));
        }
    }
}

#[test]
fn a_number_is_one_where_it_is_all_of_a_string() {
    let catalogue = Catalogue::builtin();
    let mut definition = Definition::clone(&catalogue.get("cimplify").unwrap().definition);
    definition.envelope.template = json!({
        "at": "{{unix}}", "before": "{{unix_ms-1m}}", "text": "at {{unix}}", "own": "{{int:event}}",
        "uuid": "{{uuid:event}}", "data": "{{data}}",
    });
    let at = Timestamp::from_seconds(1_767_225_600);
    let story = |number| Story { seed: 1, number };
    let of = |event, number| {
        let data =
            json!({"user": "{{int:user}}", "again": ["u{{int:user}}"], "event": "{{int:event}}"});
        let composer = Composer::new(&definition, event, at, story(number));
        composer.fixture(&data).value
    };
    let (paid, sent, other) = (
        of("order.paid", 1),
        of("order.sent", 1),
        of("order.paid", 2),
    );
    assert_eq!(paid["at"], 1_767_225_600);
    assert_eq!(paid["before"], 1_767_225_540_000_i64);
    assert_eq!(paid["text"], "at 1767225600");
    let user = paid["data"]["user"].as_u64().unwrap();
    assert_eq!(paid["data"]["again"][0], format!("u{user}"));
    // A thing is the same in each event of a story, an event's own number is not.
    assert_eq!(sent["data"]["user"], user);
    assert_ne!(other["data"]["user"], user);
    assert_ne!(paid["own"], sent["own"]);
    assert_eq!(paid["own"], paid["data"]["event"]);
    assert_ne!(paid["uuid"], sent["uuid"]);
}

proptest! {
    #[test]
    fn ids_have_the_form_that_programs_read(seed in any::<u64>(), number in any::<u64>()) {
        let story = Story { seed, number };
        let int = story.int(["a", "b", "c"]);
        prop_assert!((1_000_000_000..10_000_000_000).contains(&int), "{int}");
        let uuid = story.uuid(["a", "b", "c"]);
        let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
        prop_assert_eq!(lengths, [8, 4, 4, 4, 12]);
        prop_assert!(uuid.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()));
        prop_assert_eq!((&uuid[14..15], &uuid[19..20]), ("4", "a"));
    }
}
