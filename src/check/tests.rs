//! What is sent is what a check says that it sends: held against the program's own verification.

use std::collections::BTreeSet;
use std::path::Path;

use super::table;
use super::*;
use crate::delivery::{Answer, Attempt, Headers, Severity, Status, Timestamp, Trigger};
use crate::provider::{Catalogue, DefinitionOrigin, Provider};
use crate::signature::{Freshness, Key, Secret, verify};

const NOW: Timestamp = Timestamp::from_seconds(1_768_732_200);

/// The built-in providers and the five public schemes.
fn providers() -> Vec<Provider> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions");
    let folders = std::fs::read_dir(folder).unwrap();
    let read = folders.map(|entry| Provider::read(&entry.unwrap().path()).unwrap());
    Catalogue::builtin().iter().cloned().chain(read).collect()
}

fn key(provider: &Provider) -> Key {
    // Text, hex and base64 at once.
    let scheme = &provider.definition.signature;
    let secret = crate::signature::secret_of_any(scheme, "bad0bad1bad2bad3");
    Key::new(scheme, &Secret::new("s#1", secret)).unwrap()
}

fn is_vendor(provider: &Provider) -> bool {
    provider.origin == DefinitionOrigin::Vendor
}

fn url() -> (String, String) {
    ("http://localhost:3000".into(), "/hook".into())
}

#[test]
fn every_request_is_as_genuine_as_its_check_says() {
    for provider in providers() {
        let key = key(&provider);
        let mut context = CheckContext::new(&provider, &key, url(), || NOW, 1);
        for planned in plan(&provider, None) {
            context.play(&planned.event);
            let case = match (planned.check.case)(&mut context) {
                // What a vendor's body cannot be changed in is left out of a run, too.
                Err(CheckError::Inapplicable(_)) if is_vendor(&provider) => continue,
                made => made.unwrap(),
            };
            assert!(!case.deliveries.is_empty(), "{}", planned.id);
            for delivery in &case.deliveries {
                let scheme = &provider.definition.signature;
                let keys = std::slice::from_ref(&key);
                let verdict = verify(scheme, keys, &delivery.request, NOW, Freshness::Strict);
                let is_forged = matches!(planned.check.expect, Expect::Rejected | Expect::Withheld);
                let handshake = provider.definition.handshake(&planned.event);
                let is_unsigned =
                    planned.is_of_handshake() && handshake.is_some_and(|it| !it.signed);
                let is_genuine = !is_forged && !is_unsigned;
                let name = format!("{} {}: {verdict:?}", provider.name(), planned.id);
                if planned.id == "signature/second-header" {
                    continue;
                }
                assert_eq!(verdict.status == Status::Valid, is_genuine, "{name}");
            }
        }
    }
}

#[test]
fn ids_are_unique_and_their_groups_are_the_documented_ones() {
    let ids: Vec<_> = table::all().map(|check| check.id).collect();
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len());
    let mut groups: Vec<_> = table::all().map(Check::group).collect();
    groups.dedup();
    let known = [
        "accepts",
        "raw-bytes",
        "signature",
        "idempotent",
        "order",
        "prompt",
        "handshake",
    ];
    assert_eq!(groups, known);
    for check in table::all() {
        let texts = [check.title, check.why, check.fix];
        assert!(
            texts
                .iter()
                .all(|text| !text.is_empty() && !text.ends_with('.'))
        );
        assert!(
            texts.iter().all(|text| !text.contains("  ")),
            "{}",
            check.id
        );
    }
}

#[test]
fn what_does_not_apply_is_not_planned() {
    let ids = |name: &str| -> BTreeSet<String> {
        let providers = providers();
        let provider = providers.iter().find(|provider| provider.name() == name);
        let planned = plan(provider.unwrap(), None);
        planned.into_iter().map(|planned| planned.id).collect()
    };
    let olympus = ids("olympus");
    assert!(olympus.contains("signature/stale-301s") && olympus.contains("signature/body-only"));
    for name in ["cimplify", "github"] {
        let untimed = ids(name);
        assert!(
            !untimed
                .iter()
                .any(|id| id.contains("stale") || id.contains("timestamp"))
        );
        assert!(!untimed.contains("signature/body-only"));
    }
    // Base64 in upper case is another MAC.
    assert!(!ids("shopify").contains("signature/upper-case"));
    // The whole body is the data: there is no envelope.
    assert!(!ids("github").contains("accepts/extra-envelope-field"));
    assert!(!ids("github").contains("order/late-retry"));
    assert!(ids("olympus").contains("order/late-retry"));
}

#[test]
fn a_pair_is_about_one_thing_and_has_two_ids() {
    let catalogue = Catalogue::builtin().without_vendors();
    for provider in catalogue.iter() {
        let key = key(provider);
        let mut context = CheckContext::new(provider, &key, url(), || NOW, 1);
        let case = context.pair(|first, second| vec![first, second]).unwrap();
        let [first, second] = case.deliveries.as_slice() else {
            panic!("{}", provider.name());
        };
        assert_ne!(first.event_id, second.event_id);
        assert_eq!(first.event, "order.created", "{}", provider.name());
        assert_eq!(second.event, "order.updated", "{}", provider.name());
        let times = [first, second].map(|delivery| {
            let body: serde_json::Value = serde_json::from_slice(&delivery.request.body).unwrap();
            ["createdAt", "created_at"].map(|name| body["data"][name].clone())
        });
        assert_eq!(times[0], times[1], "{}", provider.name());
        let thing = |delivery: &TestDelivery| {
            let body: serde_json::Value = serde_json::from_slice(&delivery.request.body).unwrap();
            let data = body["data"].as_object().unwrap().clone();
            data.iter()
                .find(|(key, _)| *key == "id" || key.ends_with("_id"))
                .map(|(_, value)| value.clone())
        };
        assert!(thing(first).is_some());
        assert_eq!(thing(first), thing(second), "{}", provider.name());
    }
}

fn attempt(status: u16, millis: f64) -> Attempt {
    Attempt {
        id: "att_1".into(),
        delivery_id: "dlv_1".into(),
        trigger: Trigger::Test,
        url: "http://h/".into(),
        started_at: NOW,
        duration_ms: millis,
        signing: None,
        outcome: Ok(Answer {
            status,
            headers: Headers::new(),
            body: "".into(),
        }),
    }
}

fn classified(
    expect: Expect,
    severity: Severity,
    attempts: &[Attempt],
) -> Option<(Severity, String)> {
    let deadline = std::time::Duration::from_secs(30);
    let flaw = expect.classify(severity, deadline, attempts)?;
    Some((flaw.severity, flaw.reason))
}

#[test]
fn answers_are_classified_by_what_is_expected() {
    use Expect::{Accepted, NotCrashed, Rejected, Within};
    use Severity::{Crash, Forgery, Loss, Warning};
    for (expect, own, status, found) in [
        (Accepted, Loss, 204, None),
        (Accepted, Loss, 401, Some(Loss)),
        (Accepted, Loss, 302, Some(Loss)),
        (Accepted, Loss, 500, Some(Loss)),
        (Accepted, Warning, 413, Some(Warning)),
        (Rejected, Forgery, 200, Some(Forgery)),
        (Rejected, Forgery, 401, None),
        (Rejected, Forgery, 404, None),
        (Rejected, Forgery, 500, Some(Crash)),
        (Rejected, Forgery, 302, Some(Warning)),
        (Rejected, Warning, 200, Some(Warning)),
        (Rejected, Warning, 500, Some(Crash)),
        (NotCrashed, Crash, 200, None),
        (NotCrashed, Crash, 401, None),
        (NotCrashed, Crash, 502, Some(Crash)),
        (Within(1), Loss, 200, None),
        (Within(1), Loss, 503, Some(Loss)),
    ] {
        let got = classified(expect, own, &[attempt(status, 1.0)]);
        assert_eq!(
            got.map(|(severity, _)| severity),
            found,
            "{expect:?} {own:?} {status}"
        );
    }
    assert!(classified(Within(10), Warning, &[attempt(200, 3_001.0)]).is_some());
    assert!(classified(Within(10), Warning, &[attempt(200, 2_999.0)]).is_none());
}

#[test]
fn of_many_answers_the_gravest_counts() {
    let attempts = [attempt(401, 1.0), attempt(500, 1.0), attempt(200, 1.0)];
    let (severity, reason) = classified(Expect::Rejected, Severity::Forgery, &attempts).unwrap();
    assert_eq!(severity, Severity::Forgery);
    assert_eq!(reason, "2 of 3: accepted it with 200");
}

#[test]
fn a_known_flaw_of_a_definition_names_checks_that_there_are() {
    for provider in Catalogue::builtin().iter() {
        let planned = plan(provider, None);
        for flaw in &provider.definition.handler.habits {
            assert!(
                select(planned.clone(), &flaw.checks, &[]).is_ok(),
                "{flaw:?}"
            );
        }
    }
}
