//! Composing, recognising, keys and observations, over every event of every built-in provider.

mod compose;
mod definitions;
mod handshakes;
mod keyring;
mod observe;
mod reference;
mod schema;
mod schemes;
mod verify_request;

use super::observe::observe;
use super::{Catalogue, Composer, Document, Keyring, Payload, Provider, Story};
use crate::delivery::{Request, Timestamp};
use crate::json::JsonFields;

/// When every composed delivery happened and was signed: 2026-01-18T10:30:00Z.
const AT: Timestamp = Timestamp::from_seconds(1_768_732_200);

/// The secret of a provider, unlike that of any other.
fn secret_of(provider: &Provider) -> String {
    format!("whsec_of_{}", provider.name())
}

/// A secret for every provider, of its own.
fn secrets(catalogue: &Catalogue) -> Vec<(&Provider, String)> {
    let providers = catalogue.iter();
    providers.map(|p| (p, secret_of(p))).collect()
}

/// The same secret for every provider.
fn for_all<'c>(catalogue: &'c Catalogue, secret: &str) -> Vec<(&'c Provider, String)> {
    let providers = catalogue.iter();
    providers.map(|p| (p, secret.to_owned())).collect()
}

/// A ring of these, each of which has to fit.
fn ring(secrets: &[(&Provider, String)]) -> Keyring {
    let mut keyring = Keyring::default();
    for (provider, secret) in secrets {
        let added = keyring.add(provider, secret.as_bytes(), "a test".into());
        added.expect("a secret of the provider's form");
    }
    keyring
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
    let catalogue = Catalogue::builtin().without_vendors();
    assert_eq!(catalogue.iter().count(), 4);
    assert_eq!(events(&catalogue).count(), 57);
}

/// What is noticed of a request's payload.
fn noticed(provider: &Provider, request: &Request) -> Vec<String> {
    let body = super::payload(&request.headers, &request.body);
    observe(provider, request, &(&*body, JsonFields::new(&body)))
}
