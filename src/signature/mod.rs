//! Signature schemes: how a secret and a request make a header, and whether a header is right.
//!
//! Pure: bytes, a clock reading and keys come in, a header or a verdict goes out. What is peculiar
//! to a provider stands in its definition as a [`Scheme`].

mod component;
mod der;
mod diagnose;
mod encoding;
mod jwt;
mod key;
mod key_set;
mod layout;
mod message;
mod message_proof;
mod message_sent;
mod pair;
mod read;
mod running;
mod scheme;
mod secret;
mod secret_form;
mod sign;
mod source;
mod stream;
mod template;
mod time;
mod verify;

pub use diagnose::{Allowance, Context, Diagnosis, diagnose};
pub use encoding::{Digest, KeyAlgorithm, MacEncoding, PairKind};
pub use jwt::JwtRules;
pub use key::Key;
#[cfg(test)]
pub(crate) use key::secret_of_any;
pub use layout::{PartOrder, PartVariable, ValueLayout, ValuePart, Variant};
pub use message::{MessageParameter, MessageRules};
pub use pair::new_pair;
use read::read;
pub use read::{ParsedMac, ParsedSignature};
pub use scheme::{Scheme, SchemeKind, Tolerance, check_token};
pub use secret::{Secret, USUAL_PREFIX};
pub use secret_form::{KeyError, SecretEncoding, SecretForm};
pub use sign::{announce, mac_of, mac_text, show, sign, signed_bytes};
pub use source::ValueSource;
pub use stream::StreamVerifier;
pub use template::{MOST_FIELDS, Template, TemplateFilter, TemplatePiece, TemplateValues};
pub use time::{TimeUnit, meant_unit};
pub use verify::{Freshness, verify, verify_by};
