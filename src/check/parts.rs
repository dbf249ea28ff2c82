//! A signature in its parts, each open to change.

use crate::signature::{Key, Template};

/// What goes under the MAC.
pub struct SigningInput {
    /// The time of signing, as text.
    pub time: String,
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
    /// The MAC's text.
    pub mac: String,
}

impl SigningInput {
    /// Moves the time of signing by so many seconds.
    pub fn move_time(&mut self, seconds: i64) {
        self.time = moved(&self.time, seconds);
    }
}

impl SignatureFields {
    /// Shows another second than the one that was signed.
    pub fn move_time(&mut self) {
        self.time = self.time.as_deref().map(|time| moved(time, -1));
    }
}

fn moved(time: &str, seconds: i64) -> String {
    let time: i64 = time.parse().unwrap_or_default();
    time.saturating_add(seconds).to_string()
}
