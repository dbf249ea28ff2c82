//! Forging, recognising, keys and observations, over every event of every built-in provider.

mod definitions;
mod forge;
mod keyring;
mod observe;
mod verify_request;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;

use super::{Catalogue, Forge, Letter, Provider, SecretEntry, document};
use crate::delivery::Timestamp;
use crate::json::javascript;

/// When every forged delivery happened and was signed: 2026-01-18T10:30:00Z.
const AT: Timestamp = Timestamp::from_seconds(1_768_732_200);

/// The secret of a provider, unlike that of any other.
fn secret_of(provider: &Provider) -> String {
    format!("whsec_of_{}", provider.name())
}

/// A secret for every provider.
fn secrets(catalogue: &Catalogue) -> Vec<SecretEntry> {
    let entry = |provider: &Provider| SecretEntry {
        provider: Some(provider.name().into()),
        bytes: secret_of(provider).into_bytes(),
        is_named: true,
    };
    catalogue.iter().map(entry).collect()
}

/// An event's document, forged with the ids that a seed gives.
fn forged(provider: &Provider, event: &str, seed: u64, at: Timestamp) -> Value {
    let mut random = StdRng::seed_from_u64(seed);
    let mut forge = Forge::new(event, at, &mut random);
    let fixture = provider.event(event).expect("an event").expect("valid");
    let data = forge.fill(&fixture.data);
    document(&provider.definition, &data, &mut forge)
}

/// The same as a letter that was not signed yet.
fn letter(provider: &Provider, event: &str) -> Letter {
    let mut random = StdRng::seed_from_u64(7);
    let headers = Forge::new(event, AT, &mut random).headers(&provider.definition);
    Letter {
        body: javascript::stringify(&forged(provider, event, 7, AT)).into(),
        headers,
        event_id: String::new(),
        signed_at: AT,
        target: "/".into(),
    }
}

/// Every event with its provider.
fn events(catalogue: &Catalogue) -> impl Iterator<Item = (&Provider, &str)> {
    catalogue
        .iter()
        .flat_map(|provider| provider.event_names().map(move |event| (provider, event)))
}

#[test]
fn there_are_57_events_of_four_providers() {
    let catalogue = Catalogue::builtin();
    assert_eq!(catalogue.iter().count(), 4);
    assert_eq!(events(&catalogue).count(), 57);
}
