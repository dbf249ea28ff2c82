//! Signature schemes: how a secret and a request make a header, and whether a header is right.
//!
//! Pure: bytes, a clock reading and keys come in, a header or a verdict goes out. What is peculiar
//! to a provider stands in its definition as a [`Scheme`].

mod diagnose;
mod key;
mod read;
mod scheme;
mod secret;
mod sign;
mod stream;
mod template;
mod verify;

pub use diagnose::{Allowance, Context, Diagnosis, diagnose};
pub use key::{Key, KeyError};
use read::read;
pub use read::{ParsedMac, ParsedSignature};
pub use scheme::{
    Digest, MacEncoding, PartOrder, Scheme, SchemeKind, SecretEncoding, SecretForm, Tolerance,
    ValueLayout, Variant, check_token,
};
pub use secret::{Secret, USUAL_PREFIX};
pub use sign::{mac_text, render_headers, sign};
pub use stream::StreamVerifier;
pub use template::{PartVariable, Template, TemplatePiece, TemplateValues, ValuePart};
pub use verify::{Freshness, verify};
