//! Where a delivery came from.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, EnumString};

/// Where a delivery came from.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, AsRefStr, Display, EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum DeliverySource {
    /// `listen` received it.
    Listen,
    /// `listen` received it, and it delivered nothing: somebody asked whether it is there.
    Probe,
    /// `listen` received it, rightly signed, and it was a handshake: a request by which the provider
    /// finds out that the endpoint is its user's.
    Handshake,
    /// `send` composed it.
    Send,
    /// `test` composed it, right or forged, to check a handler.
    Test,
    /// `log import` read it from a file.
    Import,
    /// A version of this program that knows more sources named this one.
    ///
    /// A log or a file may be written by a newer version, and a delivery is no less readable for
    /// its source.
    #[serde(untagged)]
    #[strum(default, transparent)]
    Other(Box<str>),
}

impl DeliverySource {
    /// Every source that this version writes.
    pub const ALL: [Self; 6] = [
        Self::Listen,
        Self::Probe,
        Self::Handshake,
        Self::Send,
        Self::Test,
        Self::Import,
    ];

    /// The source with this name.
    pub fn named(name: &str) -> Self {
        name.parse().unwrap_or_else(|_| Self::Other(name.into()))
    }
}
