use std::path::Path;

use super::*;
use crate::provider::Keyring;
use crate::signature::{Key, KeyError, Secret};

/// The built-in providers and one whose secrets are base64.
fn with_encoded() -> Catalogue {
    let mut catalogue = Catalogue::builtin().without_vendors();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions");
    catalogue.add_folder(&folder).unwrap();
    catalogue
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
    let catalogue = Catalogue::builtin().without_vendors();
    let of = |name, secret: &str| (catalogue.get(name).unwrap(), secret.to_owned());
    let mut given = vec![of("olympus", "one")];
    given.extend(for_all(&catalogue, "two"));
    given.extend([of("cimplify", "three"), of("olympus", "four")]);
    let keyring = ring(&given);
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
    let catalogue = Catalogue::builtin().without_vendors();
    let keyring = ring(&secrets(&catalogue));
    let others = keyring.others("ibakepro");
    let others: Vec<_> = others.iter().map(Secret::label).collect();
    assert_eq!(others, ["barecommerce#1", "cimplify#1", "olympus#1"]);
}

#[test]
fn without_a_secret_the_ring_is_empty() {
    assert!(Keyring::default().is_empty());
}

#[test]
fn a_secret_of_another_form_is_no_key_and_told_until_one_fits() {
    let catalogue = with_encoded();
    let encoded = catalogue.get("standard-webhooks").unwrap();
    let mut keyring = Keyring::default();
    let twice = "whsec_whsec_AAAA";
    for (secret, error) in [
        (
            "hunter!",
            KeyError::Encoding(encoded.definition.signature.secret().clone()),
        ),
        (twice, KeyError::Prefix),
    ] {
        let added = keyring.add(encoded, secret.as_bytes(), "a test".into());
        assert_eq!(added, Err(error.clone()));
        assert!(!error.to_string().contains("hunter!"), "{error}");
        assert_eq!(
            keyring.misfit(encoded.name()),
            Some(&("a test".into(), error))
        );
    }
    assert_eq!(labels(&keyring, encoded.name()), [""; 0]);
    keyring
        .add(encoded, b"whsec_AAAA", "a test".into())
        .unwrap();
    assert_eq!(labels(&keyring, encoded.name()), ["standard-webhooks#1"]);
    assert_eq!(keyring.misfit(encoded.name()), None);
}

#[test]
fn the_local_secret_serves_every_provider_whatever_the_form_of_its_secrets() {
    let mut catalogue = with_encoded();
    let folder = tempfile::tempdir().unwrap();
    let signature = |encoding| {
        serde_json::json!({
            "digest": "sha256", "encoding": "hex", "header": "X-Acme",
            "value": {"parts": ["{signature}"]}, "signed": "{body}", "secret": {"encoding": encoding}
        })
    };
    for encoding in ["text", "hex", "base64"] {
        let envelope =
            serde_json::json!({"template": "{{data}}", "event": "type", "id": "id", "data": ""});
        let definition = serde_json::json!({
            "name": encoding, "signature": signature(encoding), "envelope": envelope
        });
        let folder = folder.path().join(encoding);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("provider.json"), definition.to_string()).unwrap();
    }
    catalogue.add_folder(folder.path()).unwrap();
    assert!(catalogue.broken().is_empty(), "{:?}", catalogue.broken());
    let secret = format!("whsec_{}", hex::encode([7; 24]));
    let keyring = Keyring::local(&catalogue, "local", secret.as_bytes(), None);
    assert!(keyring.is_local());
    for provider in catalogue.iter() {
        assert_eq!(labels(&keyring, provider.name()), ["local"]);
        assert_eq!(keyring.secrets(provider.name()).len(), 1);
    }
}
