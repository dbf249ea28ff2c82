//! The language in which a provider's definition describes its signature.
//!
//! It has to be able to say, with no new code, what Standard Webhooks, Stripe, GitHub, Shopify and
//! Slack do; the definitions in `tests/definitions` hold it to that. A scheme that is read from a
//! definition is one that can sign, and that verifies what it signed.

mod form;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use strum::Display;

use super::template::{PartVariable, Template, TemplatePiece, ValuePart};
use form::SchemeForm;

pub use form::check_token;

/// How a provider signs.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "SchemeForm")]
pub struct Scheme {
    /// What is peculiar to the kind of signature.
    pub kind: SchemeKind,
    /// The header that holds the signature.
    pub header: String,
    /// The layout of that header's value, as it is sent.
    pub value: ValueLayout,
    /// Other layouts that are accepted, each with the note that it earns.
    pub also_accepted: Vec<Variant>,
    /// The header of its own in which the timestamp travels, where it does.
    pub timestamp_header: Option<String>,
    /// The header in which the signed id travels, where the scheme signs one.
    pub id_header: Option<String>,
    /// The bytes under the signature.
    pub signed: Template,
    /// How the signature is written.
    pub encoding: MacEncoding,
    /// How old a signature may be; `None` where the scheme has no time.
    pub tolerance: Option<Tolerance>,
}

/// The kind of a scheme, with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemeKind {
    /// A keyed hash over a shared secret, RFC 2104.
    Hmac {
        /// The hash function.
        digest: Digest,
        /// How the secret's text becomes the key.
        secret: SecretForm,
    },
}

/// The layout of a header's value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct ValueLayout {
    /// The parts, at least one with `{signature}`.
    pub parts: Vec<ValuePart>,
    /// What joins the parts; without it the value is one part.
    pub separator: Option<String>,
    /// How the parts are found in a value.
    #[serde(default)]
    pub reading: PartOrder,
}

/// How the parts of a value are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PartOrder {
    /// The n-th part at the n-th place; parts after the last are skipped.
    #[default]
    Positional,
    /// In any order, repeated, among parts of other forms: several signatures serve rotation.
    AnyOrder,
}

/// A layout that is accepted though the provider does not send it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The layout.
    pub value: ValueLayout,
    /// What is to be said when it is met.
    pub note: String,
}

/// The hash function under the HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Digest {
    /// SHA-256: 32 bytes.
    Sha256,
    /// SHA-512: 64 bytes.
    Sha512,
}

impl Digest {
    /// The length of a MAC in bytes.
    pub const fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// How a MAC is written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum MacEncoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Base64 of RFC 4648 with padding.
    Base64,
}

impl MacEncoding {
    /// The text of a MAC.
    pub fn encode(self, mac: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(mac),
            Self::Base64 => BASE64.encode(mac),
        }
    }

    /// The MAC that a text writes, where it writes one.
    pub fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => {
                let mut mac = vec![0; text.len() / 2];
                hex::decode_to_slice(text, &mut mac).ok()?;
                Some(mac)
            }
            Self::Base64 => BASE64.decode(text).ok(),
        }
    }
}

/// How a secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum SecretEncoding {
    /// The text itself is the key.
    #[default]
    Text,
    /// Hexadecimal.
    Hex,
    /// Base64 of RFC 4648 with padding.
    Base64,
}

/// How the secret's text becomes the key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretForm {
    /// A prefix that is no part of the key.
    pub prefix: Option<String>,
    /// How the rest is decoded.
    pub encoding: SecretEncoding,
}

impl SecretForm {
    /// What a secret is, for people: its encoding, and its prefix where it has one.
    pub fn describe(&self) -> String {
        match &self.prefix {
            Some(prefix) => format!("{} behind `{prefix}`", self.encoding),
            None => self.encoding.to_string(),
        }
    }
}

/// How old, or how far ahead, a signature may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// The greatest age in seconds that is accepted.
    pub past_seconds: u64,
    /// The greatest lead in seconds; `None` where documented receivers reject only the past.
    pub future_seconds: Option<u64>,
}

impl Scheme {
    /// Whether a time is signed.
    pub fn signs_time(&self) -> bool {
        self.signed.has(&TemplatePiece::Timestamp)
    }

    /// The hash function.
    pub const fn digest(&self) -> Digest {
        let SchemeKind::Hmac { digest, .. } = &self.kind;
        *digest
    }

    /// How the secret's text becomes the key.
    pub const fn secret(&self) -> &SecretForm {
        let SchemeKind::Hmac { secret, .. } = &self.kind;
        secret
    }

    /// What a person would call the form of a layout: `t=<unix seconds>,v1=<64 hex digits>`.
    pub fn describe(&self, layout: &ValueLayout) -> String {
        let size = self.digest().size();
        let mac = match self.encoding {
            MacEncoding::Hex => format!("<{} hex digits>", size * 2),
            MacEncoding::Base64 => format!("<base64 of {size} bytes>"),
        };
        layout.fill(Some("<unix seconds>"), &mac)
    }
}

impl ValueLayout {
    /// The parts of a value, as this layout splits it.
    pub fn split<'v>(&'v self, value: &'v str) -> impl Iterator<Item = &'v str> {
        // NUL cannot stand in a header's value, so it splits nothing.
        value.split(self.separator.as_deref().unwrap_or("\0"))
    }

    /// The value of these texts. Without a timestamp, the parts that would hold it are left out, as
    /// only a fault does.
    pub fn fill(&self, timestamp: Option<&str>, signature: &str) -> String {
        let parts = self.parts.iter().filter_map(|part| {
            let text = match part.variable {
                PartVariable::Timestamp => timestamp?,
                PartVariable::Signature => signature,
            };
            Some(part.fill(text))
        });
        let parts: Vec<_> = parts.collect();
        parts.join(self.separator.as_deref().unwrap_or_default())
    }

    /// Whether the value holds the timestamp.
    pub fn has_timestamp(&self) -> bool {
        let mut variables = self.parts.iter().map(|part| part.variable);
        variables.any(|variable| variable == PartVariable::Timestamp)
    }

    /// A short name: the parts' own names, or the encoding where they have none.
    pub fn name(&self, encoding: MacEncoding) -> String {
        let names: Vec<_> = self
            .parts
            .iter()
            .map(|part| part.prefix.trim_end_matches(['=', ',', ':']))
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() {
            encoding.to_string()
        } else {
            names.join(",")
        }
    }
}
