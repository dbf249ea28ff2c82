//! JSON as text and as JavaScript sees it: its tokens as written, reading a field without reading the
//! rest, paths into a document, and the text that `JSON.stringify` would write.

mod compact;
mod fields;
pub mod javascript;
mod number;
mod path;
mod scalar;
mod token;

pub use compact::compact;
pub use fields::{JsonFields, is_json};
pub use number::compare_numbers;
pub use path::{Path, PathError, TypedJson, exact_numbers, restore_numbers};
pub use scalar::unescape;
pub use token::{Bracket, Broken, Token, Tokens};
