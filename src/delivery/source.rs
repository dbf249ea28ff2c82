//! Where a delivery came from.

use std::fmt;

/// Where a delivery came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DeliverySource {
    /// `listen` received it.
    Listen,
    /// `listen` received it, and it delivered nothing: somebody asked whether it is there.
    Probe,
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
    Other(Box<str>),
}

impl DeliverySource {
    /// Every source that this version writes.
    pub const ALL: [Self; 5] = [
        Self::Listen,
        Self::Probe,
        Self::Send,
        Self::Test,
        Self::Import,
    ];

    /// The source with this name.
    pub fn named(name: &str) -> Self {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == name);
        known.unwrap_or_else(|| Self::Other(name.into()))
    }

    /// The name in JSON, in the log and in filters.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Listen => "listen",
            Self::Probe => "probe",
            Self::Send => "send",
            Self::Test => "test",
            Self::Import => "import",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for DeliverySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
