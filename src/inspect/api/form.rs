//! The bodies that the API reads, as its description tells them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::delivery::Signing;

/// What is sent again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayForm {
    /// The id of a delivery, or what its id begins with.
    #[serde(default)]
    pub id: Option<String>,
    /// In the place of an id, a filter: what matches, from the oldest to the newest.
    #[serde(default)]
    pub filter: Option<String>,
    /// With a filter, how many at most, the newest; 50 where it is left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<usize>,
    /// Where to; left out, the endpoint of the inspector, else where it was last sent.
    #[serde(default)]
    pub url: Option<String>,
    /// Whether the signature is kept.
    #[serde(default)]
    pub sign: SignForm,
    /// Header fields in the place of those of the same names.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Another body, for one delivery.
    #[serde(default)]
    pub body: Option<String>,
    /// Values to set in the body, by their paths: `{"data.total": 12.5}`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub set: BTreeMap<String, Box<RawValue>>,
}

/// How a replay is signed.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignForm {
    /// Afresh where the signature would no longer verify, or the body is changed.
    #[default]
    Auto,
    /// As it came.
    Keep,
    /// Afresh.
    Fresh,
}

impl From<SignForm> for Option<Signing> {
    fn from(form: SignForm) -> Self {
        match form {
            SignForm::Auto => None,
            SignForm::Keep => Some(Signing::Kept),
            SignForm::Fresh => Some(Signing::Fresh),
        }
    }
}

/// An event that is sent as its provider would.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendForm {
    /// The provider's name.
    pub provider: String,
    /// The event's type.
    pub event: String,
    /// Where to; left out, the endpoint of the inspector.
    #[serde(default)]
    pub url: Option<String>,
    /// Values to set in the body, by their paths: `{"data.total": 12.5}`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub set: BTreeMap<String, Box<RawValue>>,
}
