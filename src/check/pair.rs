//! The creation of something and an update of it.

use crate::delivery::Timestamp;
use crate::provider::{Definition, Document, Provider};

/// The event that is played where nobody says which, where the provider has it.
pub(super) const USUAL_EVENT: &str = "order.created";
/// How long before its update something was created that does not tell, in seconds.
const SINCE_CREATION: i64 = 60;
/// The members of an event's data that tell when its thing was created.
const CREATED: [&str; 2] = ["created_at", "createdAt"];

/// The events that tell of the creation and of an update of one kind of thing: of the usual one, else
/// of the first that has both.
pub(super) fn newer_of(provider: &Provider) -> Option<(&str, &str)> {
    let usual = provider.event_names().filter(|name| *name == USUAL_EVENT);
    usual.chain(provider.event_names()).find_map(|created| {
        let kind = created.strip_suffix("created")?;
        let updated = format!("{kind}updated");
        let updated = provider.event_names().find(|name| *name == updated)?;
        Some((created, updated))
    })
}

/// When the thing was created of which an update tells `now`.
pub(super) fn created_at(definition: &Definition, update: &Document, now: Timestamp) -> Timestamp {
    let told = || {
        let mut document = update.value.clone();
        let data = definition.envelope.data.find(&mut document)?;
        let text = CREATED.iter().find_map(|name| data.get(name)?.as_str())?;
        Timestamp::parse(text)
    };
    told().unwrap_or(now.plus_seconds(-SINCE_CREATION))
}
