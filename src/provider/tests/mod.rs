//! Composing, recognising, keys and observations, over every event of every built-in provider.

mod compose;
mod definitions;
mod keyring;
mod observe;
mod verify_request;

use super::{Catalogue, Composer, Document, Payload, Provider, SecretEntry, Story};
use crate::delivery::Timestamp;

/// When every composed delivery happened and was signed: 2026-01-18T10:30:00Z.
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

/// An event's document, with the ids that a seed gives.
fn document(provider: &Provider, event: &str, seed: u64, at: Timestamp) -> Document {
    let story = Story { seed, number: 0 };
    let fixture = provider.event(event).expect("an event").expect("valid");
    Composer::new(&provider.definition, event, at, story).fixture(&fixture.data)
}

/// The same written, and not signed yet.
fn payload(provider: &Provider, event: &str) -> Payload {
    document(provider, event, 7, AT).write(&provider.definition, "/", AT)
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
