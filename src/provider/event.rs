//! An event's fixture: its data, and how much of it the documentation shows.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::Display;

use super::lazy::Lazy;
use super::payload_schema::PayloadSchema;

/// The file of an event.
#[derive(Debug, Clone)]
pub(super) struct EventFile {
    pub(super) name: Cow<'static, str>,
    pub(super) text: Cow<'static, str>,
    /// What is said of it, where that is known without reading the text.
    pub(super) summary: Option<EventSummary>,
    /// What its payloads are held against, where a file beside it says that; read at its first use.
    pub(super) schema: Option<Arc<Lazy<Option<PayloadSchema>>>>,
}

/// What is said of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSummary {
    /// What happened, in a line.
    pub description: Cow<'static, str>,
    /// What the documentation says sets it off.
    pub trigger: Option<Cow<'static, str>>,
    /// How much of its payload the documentation shows.
    pub source: Provenance,
    /// The fields of the data that the documentation shows.
    pub documented: Cow<'static, [Cow<'static, str>]>,
    /// How many fields the data has.
    pub fields: usize,
}

impl EventSummary {
    /// Of which fields it is told that they are documented: `id, status (2 of 20 fields)`.
    pub fn documented_part(&self) -> String {
        let (shown, all) = (self.documented.join(", "), self.fields);
        format!("{shown} ({} of {all} fields)", self.documented.len())
    }
}

/// An event's fixture.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Where the JSON Schema of this file is, for editors.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// What happened, in a line.
    description: String,
    /// What the documentation says sets it off.
    trigger: Option<String>,
    /// How much of the payload the documentation shows.
    source: Provenance,
    /// The fields of the data that the documentation shows, where it shows a part.
    #[serde(default)]
    documented: Vec<String>,
    /// The envelope's data, with the placeholders `{{id:NAME}}`, `{{int:NAME}}`, `{{uuid:NAME}}`, `{{time}}`, `{{date}}`, `{{unix}}`
    /// and `{{unix_ms}}`; times with an offset, as `{{time-35m}}`.
    pub data: Value,
}

/// Where a payload's form comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, Display)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "lowercase")]
pub enum Provenance {
    /// The provider's documentation shows all of it.
    Documented,
    /// The documentation shows some of its fields; the others are inferred.
    #[strum(serialize = "documented in part")]
    DocumentedInPart,
    /// Written in the provider's style, as the documentation shows none.
    Inferred,
}

impl Event {
    /// What is said of it.
    pub(super) fn summary(self) -> EventSummary {
        let fields = self.data.as_object();
        let documented = match self.source {
            Provenance::Documented => {
                let fields = fields.into_iter().flat_map(|data| data.keys());
                fields.map(|field| field.clone().into()).collect()
            }
            Provenance::DocumentedInPart => self.documented.into_iter().map(Into::into).collect(),
            Provenance::Inferred => Vec::new(),
        };
        EventSummary {
            description: self.description.into(),
            trigger: self.trigger.map(Into::into),
            source: self.source,
            documented: documented.into(),
            fields: fields.map_or(0, serde_json::Map::len),
        }
    }
}
