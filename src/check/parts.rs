//! A signature in its parts, each open to change.

use crate::signature::{Key, Template, TimeUnit};

/// What goes under the MAC.
pub struct SigningInput {
    /// The time of signing, as text.
    pub time: String,
    /// How that is written.
    pub unit: TimeUnit,
    /// The bytes.
    pub body: Vec<u8>,
    /// How they are put together.
    pub signed: Template,
    /// The key.
    pub key: Key,
}

/// What stands in the headers.
pub struct SignatureFields {
    /// The time of signing, as text.
    pub time: Option<String>,
    /// How that is written.
    pub unit: TimeUnit,
    /// The MAC's text.
    pub mac: String,
}

impl SigningInput {
    /// Moves the time of signing by so many seconds.
    pub fn move_time(&mut self, seconds: i64) {
        self.time = self.unit.moved(&self.time, seconds);
    }
}

impl SignatureFields {
    /// Shows another second than the one that was signed.
    pub fn move_time(&mut self) {
        self.time = self.time.as_deref().map(|time| self.unit.moved(time, -1));
    }
}
