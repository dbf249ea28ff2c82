use std::path::Path;

use super::*;
use crate::provider::Keyring;
use crate::signature::{Key, KeyError, Secret};

/// The built-in providers and one whose secrets are base64.
fn with_encoded() -> Catalogue {
    let mut catalogue = Catalogue::builtin();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions");
    catalogue.add_folder(&folder).unwrap();
    catalogue
}

fn entry(provider: Option<&str>, secret: &str) -> SecretEntry {
    SecretEntry {
        provider: provider.map(str::to_owned),
        bytes: secret.into(),
        is_named: provider.is_some(),
    }
}

fn labels(keyring: &Keyring, provider: &str) -> Vec<String> {
    let keys = keyring.keys(provider).iter();
    keys.map(|key| key.label().to_owned()).collect()
}

/// The secret that each key of a provider signs with, told by the signature.
fn signs(catalogue: &Catalogue, name: &str, keyring: &Keyring) -> Vec<&'static str> {
    let provider = catalogue.get(name).unwrap();
    let event = provider.event_names().next().unwrap();
    let payload = payload(provider, event);
    let signed = |key: &Key| payload.sign(&provider.definition, key);
    let signs_as = |key: &Key, secret: &str| {
        let secret = Secret::new("", secret.into());
        let other = Key::new(&provider.definition.signature, &secret).unwrap();
        signed(key) == signed(&other)
    };
    let secret = |key| {
        let known = ["one", "two", "three", "four"];
        known.into_iter().find(|secret| signs_as(key, secret))
    };
    keyring.keys(name).iter().filter_map(secret).collect()
}

#[test]
fn secrets_keep_their_order_and_are_counted_by_provider() {
    let catalogue = Catalogue::builtin();
    let entries = [
        entry(Some("olympus"), "one"),
        entry(None, "two"),
        entry(Some("cimplify"), "three"),
        entry(Some("olympus"), "four"),
    ];
    let keyring = Keyring::new(&catalogue, &entries).unwrap();
    assert_eq!(
        labels(&keyring, "olympus"),
        ["olympus#1", "olympus#2", "olympus#3"]
    );
    assert_eq!(labels(&keyring, "cimplify"), ["cimplify#1", "cimplify#2"]);
    assert_eq!(labels(&keyring, "ibakepro"), ["ibakepro#1"]);
    assert_eq!(
        signs(&catalogue, "olympus", &keyring),
        ["one", "two", "four"]
    );
    assert_eq!(signs(&catalogue, "cimplify", &keyring), ["two", "three"]);
    assert!(!keyring.is_empty() && !keyring.is_local());
    assert_eq!(labels(&keyring, "nobody"), [""; 0]);
}

#[test]
fn the_others_are_all_but_the_own() {
    let catalogue = Catalogue::builtin();
    let keyring = Keyring::new(&catalogue, &secrets(&catalogue)).unwrap();
    let others = keyring.others("ibakepro");
    let others: Vec<_> = others.iter().map(Secret::label).collect();
    assert_eq!(others, ["barecommerce#1", "cimplify#1", "olympus#1"]);
}

#[test]
fn without_an_entry_the_ring_is_empty() {
    let catalogue = Catalogue::builtin();
    assert!(Keyring::new(&catalogue, &[]).unwrap().is_empty());
    assert!(Keyring::default().is_empty());
}

#[test]
fn a_secret_of_another_form_is_refused_where_it_is_named_and_else_passed_over() {
    let catalogue = with_encoded();
    let encoded = "standard-webhooks";
    let wrong = |provider| Keyring::new(&catalogue, &[entry(provider, "not base64!")]);
    let Err((name, error)) = wrong(Some(encoded)) else {
        panic!("it was taken");
    };
    assert_eq!(name, encoded);
    assert!(matches!(error, KeyError::Encoding(_)), "{error}");
    assert!(!error.to_string().contains("not base64!"), "{error}");
    let keyring = wrong(None).unwrap_or_default();
    assert_eq!(labels(&keyring, encoded), [""; 0]);
    assert_eq!(labels(&keyring, "olympus"), ["olympus#1"]);

    let both = [entry(None, "not base64!"), entry(None, "whsec_AAAA")];
    let keyring = Keyring::new(&catalogue, &both).unwrap_or_default();
    assert_eq!(labels(&keyring, encoded), ["standard-webhooks#1"]);
    assert_eq!(labels(&keyring, "olympus"), ["olympus#1", "olympus#2"]);
}

#[test]
fn the_local_secret_serves_every_provider_that_can_use_it() {
    let catalogue = with_encoded();
    let secret = Secret::new("local", "whsec_abcd".into());
    let keyring = Keyring::local(&catalogue, &secret);
    assert!(keyring.is_local());
    for provider in catalogue.iter() {
        let fits = Key::new(&provider.definition.signature, &secret).is_ok();
        let count = usize::from(fits);
        assert_eq!(labels(&keyring, provider.name()).len(), count);
        assert_eq!(keyring.secrets(provider.name()).len(), count);
    }
    assert!(!keyring.keys("olympus").is_empty());
}

#[test]
fn debug_text_never_holds_a_secret() {
    let entry = entry(Some("olympus"), "whsec_hunter2");
    let bytes = format!("{:?}", entry.bytes);
    let text = format!("{entry:?} {entry:#?}");
    assert!(
        text.contains("olympus") && text.contains("(redacted)"),
        "{text}"
    );
    assert!(
        !text.contains("hunter2") && !text.contains(&bytes),
        "{text}"
    );
}
