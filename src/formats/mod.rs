//! Forms in which other programs write a request: HAR, raw HTTP messages, curl lines.
//!
//! [`CaptureReader`] looks at the first bytes of a file and reads captures from any of these forms,
//! our own JSON among them; [`har::Writer`], [`message::write`] and [`curl::command`] go the other
//! way. Bytes that a form cannot prove are never passed off as the sender's: a [`Note`] says what
//! was rebuilt, and `body_complete` is false where something is missing.

pub mod curl;
mod error;
pub mod har;
mod json;
pub mod message;
mod note;
mod read;
mod url;

pub use error::{FormatError, Place, Unwritable};
pub use note::Note;
pub use read::{CaptureReader, Form, Reading, captures};

/// The byte order mark that some programs write in front of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";
