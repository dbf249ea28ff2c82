//! An event's fixture: its data, and how much of it the documentation shows.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::Display;

/// An event's fixture.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What happened, in a line.
    pub description: String,
    /// What the documentation says sets it off.
    pub trigger: Option<String>,
    /// How much of this payload the documentation shows.
    pub source: Provenance,
    /// The fields of the data that the documentation shows, where it shows a part.
    #[serde(default)]
    documented: Vec<String>,
    /// The envelope's data, with placeholders.
    pub data: Value,
}

/// Where a payload's form comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, Display)]
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
    /// The fields of the data that the documentation shows.
    pub fn documented(&self) -> Vec<&str> {
        match self.source {
            Provenance::Documented => self.fields().map(String::as_str).collect(),
            Provenance::DocumentedInPart => self.documented.iter().map(String::as_str).collect(),
            Provenance::Inferred => Vec::new(),
        }
    }

    /// The fields of the data.
    pub fn fields(&self) -> impl Iterator<Item = &String> {
        self.data.as_object().into_iter().flat_map(|map| map.keys())
    }

    /// Of which fields it is told that they are documented: `id, status (2 of 20 fields)`.
    pub fn documented_part(&self) -> String {
        let (shown, all) = (self.documented(), self.fields().count());
        format!("{} ({} of {all} fields)", shown.join(", "), shown.len())
    }
}
