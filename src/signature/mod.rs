//! Signature schemes: how a secret and a request make a header, and whether a header is right.
//!
//! Pure: bytes, a clock reading and keys come in, a header or a verdict goes out. What is peculiar
//! to a provider stands in its definition as a [`Scheme`].

mod check;
mod diagnose;
mod key;
mod read;
mod scheme;
mod secret;
mod sign;
mod template;
mod verify;

pub use check::Check;
pub use diagnose::{Context, Diagnosis, diagnose};
pub use key::{Key, KeyError, Running};
pub use read::{Presented, Unreadable, read};
pub use scheme::{Digest, Encoding, Reading, Scheme, SecretForm, Tolerance, ValueLayout};
pub use secret::Secret;
pub use sign::{Signed, mac_text, present, sign, sign_with_text};
pub use template::{Fields, Piece, Template, TemplateError};
pub use verify::{Freshness, verify};
