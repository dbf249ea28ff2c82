use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::delivery::{Headers, Request, Status};
use crate::json::javascript::is_fixed_point;
use crate::provider::{
    BodyFormat, Fault, FieldSource, Keyring, Policy, RequestVerdict, verify_request,
};
use crate::signature::{Freshness, Key, MacEncoding, Secret, sign, verify};

/// A payload's request, signed as `signer` signs with its own secret.
fn signed_as(signer: &Provider, payload: &Payload) -> Request {
    signed_with(signer, &secret_of(signer), payload)
}

fn signed_with(signer: &Provider, secret: &str, payload: &Payload) -> Request {
    let scheme = &signer.definition.signature;
    let key = Key::new(scheme, &Secret::new("s#1", secret.into())).unwrap();
    payload.sign(&signer.definition, &key)
}

/// The judgement a second later.
fn judged<'a>(
    catalogue: &'a Catalogue,
    keyring: &Keyring,
    request: &Request,
) -> RequestVerdict<'a> {
    verify_request(
        catalogue,
        keyring,
        &Policy::default(),
        request,
        AT.plus_seconds(1),
    )
}

fn name<'a>(judged: &RequestVerdict<'a>) -> Option<&'a str> {
    judged.provider.map(Provider::name)
}

/// A keyring with one secret for everyone.
fn shared(catalogue: &Catalogue, secret: &str) -> Keyring {
    ring(&for_all(catalogue, secret))
}

#[test]
fn each_event_is_known_and_valid_with_a_secret_for_each_and_with_one_for_all() {
    let catalogue = Catalogue::builtin().without_vendors();
    let each = ring(&secrets(&catalogue));
    let all = shared(&catalogue, "whsec_shared");
    for (provider, event) in events(&catalogue) {
        let payload = payload(provider, event);
        let own = signed_as(provider, &payload);
        let common = signed_with(provider, "whsec_shared", &payload);
        for (keyring, request) in [(&each, own), (&all, common)] {
            let judged = judged(&catalogue, keyring, &request);
            assert_eq!(name(&judged), Some(provider.name()), "{event}");
            assert_eq!(
                judged.verdict.status,
                Status::Valid,
                "{event}: {:?}",
                judged.verdict
            );
            assert_eq!(judged.verdict.notes, [""; 0]);
            assert_eq!(judged.event.as_deref(), Some(event));
            assert!(
                judged.event_id.is_some_and(|id| id.contains('_')),
                "{event}"
            );
        }
    }
}

/// A secret that every scheme can read, and nobody else has.
fn secret_of_any_form(provider: &Provider) -> String {
    use sha2::Digest as _;
    let digits = hex::encode(sha2::Sha256::digest(provider.name()));
    let secret = crate::signature::secret_of_any(&provider.scheme, &digits[..32]);
    String::from_utf8(secret).unwrap()
}

#[test]
fn at_one_listener_each_event_of_every_vendor_is_its_own() {
    let catalogue = Catalogue::builtin();
    let mut keyring = Keyring::default();
    for provider in catalogue.iter() {
        let secret = secret_of_any_form(provider);
        let added = keyring.add(provider, secret.as_bytes(), "a test".into());
        added.expect("a secret of any scheme");
    }
    let mut ids = BTreeSet::new();
    for (provider, event) in events(&catalogue) {
        let signed = signed_with(
            provider,
            &secret_of_any_form(provider),
            &payload(provider, event),
        );
        let judged = judged(&catalogue, &keyring, &signed);
        let what = format!("{} {event}: {:?}", provider.name(), judged.verdict);
        assert_eq!(name(&judged), Some(provider.name()), "{what}");
        assert_eq!(judged.verdict.status, Status::Valid, "{what}");
        let is_named = provider.definition.envelope.event != FieldSource::Absent;
        let named = Some(event).filter(|_| is_named);
        assert_eq!(judged.event.as_deref(), named, "{what}");
        assert!(!judged.is_odd, "{what}");
        // Events of one thing are no duplicates of each other.
        let id = judged.event_id.map(|id| (provider.name(), id));
        assert!(id.is_none_or(|id| ids.insert(id)), "{what}");
        assert_eq!(noticed(provider, &signed), [""; 0], "{what}");
        let body = String::from_utf8_lossy(&signed.body);
        assert!(!body.contains("{{"), "{what}: {body}");
        let is_json = provider.definition.envelope.format == BodyFormat::Json;
        assert!(!is_json || is_fixed_point(&signed.body), "{what}: {body}");
    }
}

#[test]
fn each_forgery_of_every_vendor_is_seen_for_what_it_is() {
    for provider in Catalogue::builtin().iter() {
        let definition = &provider.definition;
        let secret = Secret::new("s#1", secret_of_any_form(provider).into_bytes());
        let key = Key::new(&definition.signature, &secret).unwrap();
        let event = provider.event_names().next().unwrap();
        let payload = payload(provider, event);
        for (fault, status) in [
            (Fault::WrongSecret, Status::Mismatch),
            (Fault::TamperedBody, Status::Mismatch),
            (Fault::MissingSignature, Status::Missing),
        ] {
            if fault.check(definition, &payload.body).is_err() {
                assert!(!definition.signature.covers_body(), "{}", provider.name());
                continue;
            }
            let forged = fault.inject(definition, &key, &payload).unwrap();
            let keys = [key.clone()];
            let scheme = &definition.signature;
            let verdict = verify(scheme, &keys, &forged[0], AT, Freshness::Strict);
            let what = format!("{} {fault:?}: {:?}", provider.name(), verdict.reason);
            assert_eq!(verdict.status, status, "{what}");
        }
    }
}

#[test]
fn each_event_is_known_without_a_secret_and_without_a_signature() {
    let catalogue = Catalogue::builtin().without_vendors();
    let none = Keyring::default();
    for (provider, event) in events(&catalogue) {
        let payload = payload(provider, event);
        let signed = judged(&catalogue, &none, &signed_as(provider, &payload));
        assert_eq!(name(&signed), Some(provider.name()), "{event}");
        assert_eq!(signed.verdict.status, Status::Unverified);

        let bare = Request::post("/", payload.headers, payload.body);
        let bare = judged(&catalogue, &none, &bare);
        assert_eq!(name(&bare), Some(provider.name()), "{event}");
        assert_eq!(bare.event.as_deref(), Some(event));
        assert_eq!(bare.verdict.status, Status::Missing, "{event}");
    }
}

#[test]
fn the_mac_decides_before_the_envelope_does() {
    let catalogue = Catalogue::builtin().without_vendors();
    let keyring = ring(&secrets(&catalogue));
    for (provider, event) in events(&catalogue) {
        for signer in catalogue.iter() {
            let request = signed_as(signer, &payload(provider, event));
            let judged = judged(&catalogue, &keyring, &request);
            let what = format!("{} signed as {}", provider.name(), signer.name());
            assert_eq!(name(&judged), Some(signer.name()), "{what}");
            assert_eq!(judged.verdict.status, Status::Valid, "{what}");
        }
    }
}

#[test]
fn of_two_signatures_the_right_one_decides_wherever_it_stands() {
    let catalogue = Catalogue::builtin().without_vendors();
    let keyring = ring(&secrets(&catalogue));
    for (provider, event) in events(&catalogue) {
        let payload = payload(provider, event);
        for other in catalogue.iter() {
            let header = other.definition.signature.header().unwrap();
            if Some(header) == provider.definition.signature.header() {
                continue;
            }
            let wrong = signed_with(other, "whsec_nobodys", &payload);
            let mut request = signed_as(provider, &payload);
            request.headers.push(
                header.to_owned(),
                wrong.headers.get(header).unwrap().clone(),
            );
            let judged = judged(&catalogue, &keyring, &request);
            assert_eq!(name(&judged), Some(provider.name()), "{event}");
            assert_eq!(judged.verdict.status, Status::Valid, "{event}");
        }
    }
}

#[test]
fn a_wrong_mac_is_told_by_the_form_and_then_by_the_envelope() {
    let catalogue = Catalogue::builtin().without_vendors();
    let keyring = ring(&secrets(&catalogue));
    for (provider, event) in events(&catalogue) {
        let request = signed_with(provider, "whsec_nobodys", &payload(provider, event));
        let judged = judged(&catalogue, &keyring, &request);
        assert_eq!(name(&judged), Some(provider.name()), "{event}");
        assert_eq!(judged.verdict.status, Status::Mismatch, "{event}");
        assert!(judged.verdict.reason.is_some());
    }
}

#[test]
fn a_body_that_was_changed_is_a_mismatch_of_the_one_who_signed_it() {
    let catalogue = Catalogue::builtin().without_vendors();
    let keyring = ring(&secrets(&catalogue));
    for (provider, event) in events(&catalogue) {
        let mut request = signed_as(provider, &payload(provider, event));
        let text = String::from_utf8(request.body.to_vec()).unwrap();
        request.body = text.replacen('_', "-", 1).into();
        let judged = judged(&catalogue, &keyring, &request);
        assert_eq!(judged.verdict.status, Status::Mismatch, "{event}");
    }
}

#[test]
fn what_is_nobodys_is_unverified_whatever_it_holds() {
    let catalogue = Catalogue::builtin().without_vendors();
    let keyring = ring(&secrets(&catalogue));
    for body in [
        &b""[..],
        b"{}",
        b"[1]",
        b"\xff\xfe",
        b"{\"type\":\"order.created\"}",
        b"null",
    ] {
        let request = Request::post("/", crate::delivery::Headers::new(), body);
        let judged = judged(&catalogue, &keyring, &request);
        assert_eq!(
            (name(&judged), judged.verdict.status),
            (None, Status::Unverified)
        );
        assert_eq!((judged.event, judged.event_id), (None, None));
    }
}

#[test]
fn a_provider_that_is_fixed_is_not_looked_for() {
    let catalogue = Catalogue::builtin().without_vendors();
    let keyring = ring(&secrets(&catalogue));
    for (provider, event) in events(&catalogue) {
        let request = signed_as(provider, &payload(provider, event));
        for fixed in catalogue.iter() {
            let policy = Policy {
                provider: Some(fixed.name().into()),
                ..Policy::default()
            };
            let judged = verify_request(&catalogue, &keyring, &policy, &request, AT);
            assert_eq!(name(&judged), Some(fixed.name()));
            let is_own = fixed.name() == provider.name();
            assert_eq!(
                judged.verdict.is_valid(),
                is_own,
                "{event} as {}",
                fixed.name()
            );
        }
    }
}

#[test]
fn a_year_later_only_a_signed_time_is_stale() {
    let catalogue = Catalogue::builtin().without_vendors();
    let keyring = ring(&secrets(&catalogue));
    let later = AT.plus_seconds(365 * 86_400);
    for (provider, event) in events(&catalogue) {
        let request = signed_as(provider, &payload(provider, event));
        let status = |freshness| {
            let policy = Policy {
                freshness,
                ..Policy::default()
            };
            let judged = verify_request(&catalogue, &keyring, &policy, &request, later);
            assert_eq!(name(&judged), Some(provider.name()), "{event}");
            judged.verdict.status
        };
        let ages = provider.definition.signature.tolerance.is_some();
        let documented = if ages { Status::Stale } else { Status::Valid };
        assert_eq!(status(Freshness::Documented), documented, "{event}");
        assert_eq!(status(Freshness::Ignored), Status::Valid, "{event}");
    }
}

#[test]
fn only_a_cause_that_was_not_looked_for_is_open() {
    let catalogue = Catalogue::builtin().without_vendors();
    let own = shared(&catalogue, "whsec_local");
    let local = Keyring::local(&catalogue, "local", b"whsec_local", None);
    let is_hex = |provider: &Provider| provider.definition.signature.encoding == MacEncoding::Hex;
    let mut events = events(&catalogue);
    let (provider, event) = events.find(|(provider, _)| is_hex(provider)).unwrap();
    let right = signed_with(provider, "whsec_local", &payload(provider, event));
    let header = provider.definition.signature.header().unwrap();
    let value = right.headers.text(header).unwrap();
    let (label, digits) = value.split_at(value.len() - 64);
    let policy = Policy {
        allowance: None,
        ..Policy::default()
    };
    for (sent, is_open, cause) in [
        (value, false, None),
        (
            &format!("{label}{}", digits.to_uppercase()),
            false,
            Some("upper-case-hex"),
        ),
        (&format!("{label}{}", "0".repeat(64)), true, None),
        ("?", true, None),
    ] {
        let mut request = right.clone();
        request.headers.set(header, sent.to_owned());
        for keyring in [&own, &local] {
            let now = AT.plus_seconds(1);
            let found = verify_request(&catalogue, keyring, &policy, &request, now);
            assert_eq!(found.is_undiagnosed, is_open, "{:?}", found.verdict);
            assert_eq!(found.verdict.cause.as_deref(), cause);
            let hint = found.verdict.hint.unwrap_or_default();
            assert!(
                !hint.contains("KiB"),
                "the size of the body is no reason: {hint}"
            );
            assert!(!judged(&catalogue, keyring, &request).is_undiagnosed);
        }
    }
}

#[test]
fn with_the_local_secret_alone_real_traffic_is_not_turned_away() {
    let catalogue = Catalogue::builtin().without_vendors();
    let local = Keyring::local(&catalogue, "local", b"whsec_local", None);
    for (provider, event) in events(&catalogue) {
        let payload = payload(provider, event);
        let own = judged(
            &catalogue,
            &local,
            &signed_with(provider, "whsec_local", &payload),
        );
        assert_eq!(own.verdict.status, Status::Valid, "{event}");
        let real = judged(&catalogue, &local, &signed_as(provider, &payload));
        assert_eq!(real.verdict.status, Status::Unverified, "{event}");
        assert_eq!(name(&real), Some(provider.name()), "{event}");
        let hint = real.verdict.hint.unwrap();
        assert!(
            hint.contains(&format!("--secret {}=", provider.name())),
            "{hint}"
        );
    }
}

#[test]
fn a_verdict_names_the_secret_by_its_place_and_never_by_its_text() {
    let catalogue = Catalogue::builtin().without_vendors();
    let mut entries = secrets(&catalogue);
    entries.extend(secrets(&catalogue));
    for (_, secret) in &mut entries[..4] {
        *secret = "whsec_rotated_away".into();
    }
    let keyring = ring(&entries);
    for (provider, event) in events(&catalogue) {
        let payload = payload(provider, event);
        let judged = judged(&catalogue, &keyring, &signed_as(provider, &payload));
        let second = format!("{}#2", provider.name());
        assert_eq!(judged.verdict.secret.as_deref(), Some(second.as_str()));
        assert!(
            !format!("{:?}", judged.verdict).contains("whsec_"),
            "{event}"
        );
    }
}

/// The request of the curl example in BareCommerceCore's document.
fn documented_example() -> Request {
    let body = r#"{
    "type": "order.created",
    "id": "evt_test",
    "data": {"id": "order_1", "orderNumber": "ORD-001", "total": "99.99"}
  }"#;
    let mut request = Request::post("/api/webhooks/barecommerce", Headers::new(), body);
    for (name, value) in [
        ("Content-Type", "application/json"),
        ("X-Webhook-Signature", "sha256=test_signature"),
    ] {
        request.headers.push(name, value);
    }
    request
}

#[test]
fn the_documents_own_example_is_its_providers_and_is_told_to_be_one() {
    let catalogue = Catalogue::builtin().without_vendors();
    let all = secrets(&catalogue);
    let [own, other] = ["barecommerce", "ibakepro"].map(|name| {
        let of = |(provider, _): &&(&Provider, String)| provider.name() == name;
        all.iter().find(of).cloned().expect("a secret")
    });
    for entries in [all.clone(), vec![own], vec![other], Vec::new()] {
        let keyring = ring(&entries);
        let judged = judged(&catalogue, &keyring, &documented_example());
        assert_eq!(name(&judged), Some("barecommerce"));
        assert_eq!(judged.event.as_deref(), Some("order.created"));
        assert_ne!(judged.verdict.status, Status::Valid);
        if !keyring.keys("barecommerce").is_empty() {
            assert_eq!(judged.verdict.status, Status::Malformed);
            assert_eq!(judged.verdict.cause.as_deref(), Some("documented-example"));
            let hint = judged.verdict.hint.expect("what to do");
            assert!(
                hint.contains("--provider barecommerce --dry-run --as curl"),
                "{hint}"
            );
        }
    }
}

#[test]
fn every_example_of_a_document_is_told_from_a_signature() {
    let catalogue = Catalogue::builtin().without_vendors();
    let keyring = ring(&secrets(&catalogue));
    let examples = |provider: &Provider| provider.definition.example_signatures.clone();
    let all: Vec<_> = catalogue.iter().flat_map(examples).collect();
    assert_eq!(all.len(), 3);
    for provider in catalogue.iter() {
        for example in examples(provider) {
            let payload = payload(provider, "order.created");
            let mut request = signed_as(provider, &payload);
            let header = provider.definition.signature.header().unwrap();
            request.headers.set(header, example);
            let judged = judged(&catalogue, &keyring, &request);
            assert_eq!(name(&judged), Some(provider.name()));
            assert_eq!(judged.verdict.cause.as_deref(), Some("documented-example"));
        }
    }
}

#[test]
fn what_no_form_and_no_envelope_tells_is_his_whose_secret_is_known() {
    let catalogue = Catalogue::builtin().without_vendors();
    for entry in secrets(&catalogue) {
        let owner = entry.0.name().to_owned();
        let keyring = ring(&[entry]);
        let provider = catalogue.get(&owner).expect("built in");
        let header = provider.definition.signature.header().unwrap();
        let mut request = Request::post("/", Headers::new(), "no JSON");
        request.headers.push(header.to_owned(), "garbage");
        assert_eq!(
            name(&judged(&catalogue, &keyring, &request)),
            Some(owner.as_str())
        );
    }
}

#[test]
fn of_a_form_the_first_fields_are_read_and_no_more() {
    let headers: Headers = [("Content-Type", "application/x-www-form-urlencoded")]
        .into_iter()
        .collect();
    let form = |count: usize| {
        let fields: Vec<_> = (0..count).map(|field| format!("f{field}=1")).collect();
        fields.join("&")
    };
    for count in [3, 1_000, 1_001, 100_000] {
        let form = form(count);
        let json = crate::provider::payload(&headers, form.as_bytes());
        let read: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let read = read.as_object().unwrap();
        assert_eq!(read.len(), count.min(1_000), "{count}");
        assert_eq!(read["f0"], "1");
    }
}

#[test]
fn whose_it_could_be_as_well_is_told_where_nothing_decides() {
    let folder = tempfile::tempdir().unwrap();
    let definition = |name: &str, header: &str| {
        json!({"name": name, "signature": {"digest": "sha256", "encoding": "hex", "header": header,
            "value": {"parts": ["{signature}"]}, "signed": "{body}"},
            "envelope": {"template": "{{data}}", "event": null, "id": null, "data": ""}})
    };
    for (name, header) in [("one", "X-Both"), ("two", "X-Both"), ("three", "X-Three")] {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        std::fs::write(
            path.join("provider.json"),
            definition(name, header).to_string(),
        )
        .unwrap();
    }
    let mut catalogue = Catalogue::default();
    catalogue.add_folder(folder.path()).unwrap();
    let provider = |name: &str| catalogue.get(name).unwrap();
    let shared = |names: &[&str]| {
        let mut keyring = Keyring::default();
        for name in names {
            let added = keyring.add(provider(name), b"shared", "a test".into());
            added.unwrap();
        }
        keyring
    };
    let signed = |name: &str| {
        let key = Key::new(
            &provider(name).scheme,
            &Secret::new("s", b"shared".to_vec()),
        )
        .unwrap();
        let mut request = Request::post("/", Headers::new(), "{}");
        sign(
            &provider(name).scheme,
            &key,
            Timestamp::from_seconds(0),
            "",
            &mut request,
        );
        request
    };
    let notes = |keyring: &Keyring, request: &Request| {
        let judged = judged(&catalogue, keyring, request);
        assert!(judged.verdict.is_valid());
        (
            judged.provider.unwrap().name().to_owned(),
            judged.verdict.notes,
        )
    };
    let (chosen, told) = notes(&shared(&["one", "two", "three"]), &signed("one"));
    let other = if chosen == "one" { "two" } else { "one" };
    assert_eq!(
        told,
        [format!(
            "it is right for `{other}`, too: `--provider` decides"
        )]
    );
    assert_eq!(
        notes(&shared(&["two"]), &signed("two")),
        ("two".into(), Vec::new())
    );
    assert_eq!(
        notes(&shared(&["one", "three"]), &signed("three")),
        ("three".into(), Vec::new())
    );
}
