//! Providers as data: what a definition says, which events there are, how a delivery is composed,
//! recognised and retried.
//!
//! A definition is a folder: `provider.json`, `events/*.json`. The built-in ones are embedded from
//! `fixtures/`; a user's own lie beside the configuration file, in the same form.

mod answer;
mod answer_text;
mod body_format;
mod bundle;
mod catalogue;
mod challenge;
mod compose;
mod composed;
mod definition;
mod described;
mod draft;
mod embedded;
mod error;
mod event;
mod explain;
mod facts;
mod fault;
mod fault_answer;
mod field_source;
mod folder;
mod handshake;
mod import;
mod keyring;
mod lazy;
mod lint;
mod observe;
mod payload;
mod payload_schema;
mod placeholder;
mod read;
mod recognise;
mod schedule;
mod schema;
mod setting;
mod specimen;
mod story;
mod stream;
mod vector;
mod verify_request;
mod yaml;

pub use answer::{AnswerContent, AnswerTemplate, ExpectedAnswer};
pub use answer_text::AnswerText;
pub use body_format::BodyFormat;
pub use catalogue::Catalogue;
pub use compose::{Composer, Document};
pub use composed::Payload;
pub use definition::{Definition, Envelope, KnownFlaw, ProofTier, ProviderNote, SampleHandler};
pub use draft::draft;
pub use error::{CatalogueError, DEFINITION_FILE};
pub use event::{Event, EventSummary, Provenance};
pub use fault::{Fault, FaultError, with_signature};
pub use field_source::FieldSource;
pub use folder::{DefinitionOrigin, Provider};
pub use handshake::{Handshake, HandshakeRequest};
pub use import::{ImportedFolder, import};
pub use keyring::Keyring;
pub use lint::{FolderCheck, check_folder};
pub use payload::payload;
pub use read::{read_definition, read_file, read_text};
pub use schedule::{CountedFrom, DeliveryRules, NextAttempt, Retry, StatusPattern};
pub use schema::{FolderFile, REFERENCE};
pub use setting::{ProviderSetting, SettingValues};
pub use story::Story;
pub use stream::verify_stream;
pub use vector::{SignatureVector, read_vectors};
pub use verify_request::{
    Policy, RequestVerdict, unsigned_handshake, verify_and_observe, verify_request,
};

/// The folder of a provider's events.
const EVENTS_FOLDER: &str = "events";

#[cfg(test)]
mod tests;
