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
mod judge;
mod keyring;
mod observe;
mod placeholder;
mod retry;
mod stream;

pub use catalogue::{Catalogue, Event, Origin, Provider, Source};
pub use definition::{Definition, Envelope, Habit, Handler, Note, Place};
pub use error::CatalogueError;
pub use fault::{Fault, FaultError, spoil};
pub use forge::{Forge, Letter, document, seal};
pub use judge::{Judged, Policy, judge};
pub use keyring::{Keyring, SecretEntry};
pub use observe::{nearest, observe};
pub use retry::{CountedFrom, DeliveryRules, Judgement, Retry, StatusPattern};
pub use stream::judge_stream;

#[cfg(test)]
mod tests;
