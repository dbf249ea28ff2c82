//! Forms in which other programs write a request: HAR, raw HTTP messages, curl lines.
//!
//! [`CaptureReader`] looks at the first bytes of a file and reads captures from any of these forms,
//! our own JSON among them; [`har::HarWriter`], [`message::write`] and [`curl::command`] go the other
//! way. Bytes that a form cannot prove are never passed off as the sender's: a [`ReadNote`] says what
//! was rebuilt, and `body_complete` is false where something is missing.

mod base64;
mod capture_file;
pub mod curl;
mod error;
mod field;
mod found;
mod gateway;
pub mod har;
mod json;
mod line;
pub mod message;
mod page;
mod parallel;
mod read;
mod url;
mod whole_file;

pub use capture_file::{CaptureFile, refuse_device};
pub use error::FormatError;
pub use field::Unwritable;
pub use found::{FilePosition, FoundCapture, ReadNote};
pub use parallel::map_in_order;
pub use read::{CaptureReader, captures, captures_on_all_cores};
pub use whole_file::write_whole;
