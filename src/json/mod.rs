//! JSON as text and as JavaScript sees it: reading a field without reading the rest, paths into a
//! document, and the text that `JSON.stringify` would write.

pub mod javascript;
mod path;
mod peek;

pub use path::{Path, PathError};
pub use peek::{Peek, is_json};
