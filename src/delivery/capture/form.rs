//! The pieces that are written and read alike.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// `{"status":200}`.
#[derive(Serialize, Deserialize)]
pub struct StatusForm {
    /// The status code.
    pub status: u16,
}

/// A header's value: text, or `{"base64":"…"}` where the bytes are not UTF-8.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum ValueForm<'a> {
    /// The text.
    Text(#[serde(borrow)] Cow<'a, str>),
    /// The bytes, encoded.
    Bytes { base64: String },
}
