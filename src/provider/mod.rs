//! Providers as data: what a definition says, which events there are, how a delivery is forged,
//! recognised and retried.
//!
//! A definition is a folder: `provider.json`, `events/*.json`. The built-in ones are embedded from
//! `fixtures/`; a user's own lie beside the configuration file, in the same form.

mod catalogue;
mod definition;
mod error;
mod fault;
mod forge;
mod keyring;
mod observe;
mod placeholder;
mod retry;
mod stream;
mod verify_request;

pub use catalogue::{Catalogue, DefinitionOrigin, Event, Provenance, Provider};
pub use definition::{Definition, Envelope, FieldSource, KnownFlaw, ProviderNote, SampleHandler};
pub use error::CatalogueError;
pub use fault::{Fault, FaultError, spoil};
pub use forge::{Forge, Letter, document, seal};
pub use keyring::{Keyring, SecretEntry};
pub use observe::{nearest, observe};
pub use retry::{CountedFrom, DeliveryRules, Judgement, Retry, StatusPattern};
pub use stream::verify_stream;
pub use verify_request::{Policy, RequestVerdict, verify_request};

#[cfg(test)]
mod tests;
