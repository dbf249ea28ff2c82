//! Providers with several signatures.

use super::*;
use crate::delivery::Status;
use crate::provider::{Policy, verify_request};
use crate::signature::{Freshness, Key, Secret, sign};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn key(provider: &Provider, secret: &str) -> Key {
    Key::new(&provider.scheme, &Secret::new("s#1", secret.into())).unwrap()
}

fn genuine(provider: &Provider, secret: &str) -> Request {
    let event = provider.event_names().next().unwrap();
    payload(provider, event).sign(&provider.definition, &key(provider, secret))
}

#[test]
fn what_svix_sends_under_the_names_of_standard_webhooks_is_known_and_signed_anew() {
    let catalogue = Catalogue::builtin();
    let svix = catalogue.get("svix").unwrap();
    let mut request = genuine(svix, SECRET);
    assert!(!request.headers.contains("webhook-signature"));
    for name in ["id", "timestamp", "signature"] {
        let value = request.headers.text(&format!("svix-{name}")).unwrap();
        let value = value.to_owned();
        request.headers.remove(&format!("svix-{name}"));
        request.headers.set(&format!("webhook-{name}"), value);
    }
    let keyring = ring(&for_all(&catalogue.clone().without_vendors(), SECRET));
    let with_svix = |ring: &mut Keyring| ring.add(svix, SECRET.as_bytes(), "a test".into());
    let mut keyring = keyring;
    with_svix(&mut keyring).unwrap();
    let verify = |request: &Request, at| {
        let found = verify_request(&catalogue, &keyring, &Policy::default(), request, at);
        assert_eq!(found.provider.map(Provider::name), Some("svix"));
        found.verdict
    };
    assert_eq!(verify(&request, AT).status, Status::Valid);
    let later = AT.plus_seconds(3_600);
    assert_eq!(verify(&request, later).status, Status::Stale);
    sign(
        &svix.scheme,
        &key(svix, SECRET),
        later,
        "msg_1",
        &mut request,
    );
    let verdict = verify(&request, later);
    assert_eq!((verdict.status, verdict.notes), (Status::Valid, Vec::new()));
    assert_eq!(verdict.signatures.len(), 2);
}

#[test]
fn a_provider_may_have_a_secret_for_each_signature() {
    let catalogue = Catalogue::builtin();
    let gitlab = catalogue.get("gitlab").unwrap();
    let token = "a plain token";
    let mut request = genuine(gitlab, token);
    let mut signed = request.clone();
    signed.headers.set("webhook-signature", "v1,");
    sign(
        &gitlab.scheme,
        &key(gitlab, SECRET),
        AT,
        "msg_1",
        &mut signed,
    );
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = signed.headers.text(name).unwrap().to_owned();
        request.headers.set(name, value);
    }
    let both = ring(&[(gitlab, token.into()), (gitlab, SECRET.into())]);
    let one = ring(&[(gitlab, token.into())]);
    for (ring, asked, status, statuses) in [
        (&both, None, Status::Valid, [Status::Valid, Status::Valid]),
        (
            &one,
            None,
            Status::Valid,
            [Status::Valid, Status::Unverified],
        ),
        (
            &both,
            Some("webhook-signature"),
            Status::Valid,
            [Status::Valid, Status::Valid],
        ),
        (
            &one,
            Some("webhook-signature"),
            Status::Unverified,
            [Status::Valid, Status::Unverified],
        ),
    ] {
        let policy = Policy {
            provider: Some("gitlab".into()),
            signature: asked.map(str::to_owned),
            ..Policy::default()
        };
        let verdict = verify_request(&catalogue, ring, &policy, &request, AT).verdict;
        assert_eq!(verdict.status, status, "{asked:?}");
        let found = verdict.signatures.iter().map(|one| one.status);
        assert_eq!(found.collect::<Vec<_>>(), statuses, "{asked:?}");
    }
}

#[test]
fn no_fault_leaves_a_signature_that_is_right() {
    use crate::provider::Fault;

    let catalogue = Catalogue::builtin();
    let several = catalogue.iter();
    let several = several.filter(|one| !one.scheme.also_signed.is_empty());
    let mut spoiled = 0;
    for provider in several {
        let (definition, keyring) = (&provider.definition, ring(&[(provider, SECRET.into())]));
        let payload = payload(provider, provider.event_names().next().unwrap());
        for fault in <Fault as strum::VariantArray>::VARIANTS {
            if *fault == Fault::Duplicate || fault.check(definition, &payload.body).is_err() {
                continue;
            }
            let requests = fault.inject(definition, &key(provider, SECRET), &payload);
            let policy = Policy {
                freshness: Freshness::Strict,
                ..Policy::default()
            };
            let request = &requests.unwrap()[0];
            let verdict = verify_request(&catalogue, &keyring, &policy, request, AT).verdict;
            let mut statuses = verdict.signatures.iter().map(|one| one.status);
            let is_right = statuses.any(|status| status == Status::Valid);
            assert!(
                !verdict.is_valid() && !is_right,
                "{} {fault}",
                provider.name()
            );
            spoiled += 1;
        }
    }
    assert!(spoiled > 20, "{spoiled}");
}
