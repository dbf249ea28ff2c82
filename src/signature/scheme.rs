//! The language in which a provider's definition describes its signature.
//!
//! It has to be able to say, with no new code, what Standard Webhooks, Stripe, GitHub, Shopify and
//! Slack do; the definitions in `tests/definitions` hold it to that.

use std::fmt;

use serde::Deserialize;

use super::template::{Template, TemplatePiece};

/// How a provider signs. A scheme of another kind than HMAC is one more `kind`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// The kind of signature; there is one.
    pub kind: SchemeKind,
    /// The header that holds the signature.
    pub header: String,
    /// The layout of that header's value, as it is sent.
    pub value: ValueLayout,
    /// Other layouts that are accepted, each with the note that it earns.
    #[serde(default)]
    pub also_accepted: Vec<Variant>,
    /// The header of its own in which the timestamp travels, where it does.
    #[serde(default)]
    pub timestamp_header: Option<String>,
    /// The header in which the signed id travels, where the scheme signs one.
    #[serde(default)]
    pub id_header: Option<String>,
    /// The bytes under the MAC.
    pub signed: Template,
    /// The hash function under the HMAC.
    pub digest: Digest,
    /// How the MAC is written.
    pub encoding: Encoding,
    /// How the secret's text becomes the key.
    #[serde(default)]
    pub secret: SecretForm,
    /// How old a signature may be; `None` where the scheme has no time.
    #[serde(default)]
    pub tolerance: Option<Tolerance>,
}

/// The kind of a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SchemeKind {
    /// A keyed hash over a shared secret, RFC 2104.
    Hmac,
}

/// The layout of a header's value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueLayout {
    /// A template for each part, with `{signature}` or `{timestamp}`.
    pub parts: Vec<Template>,
    /// What joins the parts; without it the value is one part.
    #[serde(default)]
    pub separator: Option<String>,
    /// How the parts are found in a value.
    #[serde(default)]
    pub reading: PartOrder,
}

/// How the parts of a value are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartOrder {
    /// The n-th part at the n-th place; parts after the last are passed over.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// How bytes are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// The text itself.
    #[default]
    Text,
    /// Lower-case hexadecimal.
    Hex,
    /// Base64 of RFC 4648 with padding.
    Base64,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Hex => "hex",
            Self::Base64 => "base64",
        })
    }
}

/// How the secret's text becomes the key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretForm {
    /// A prefix that is no part of the key.
    #[serde(default)]
    pub prefix: Option<String>,
    /// How the rest is decoded.
    #[serde(default)]
    pub encoding: Encoding,
}

/// How old, or how far ahead, a signature may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// The greatest age in seconds that is accepted.
    pub past_seconds: u64,
    /// The greatest lead in seconds; `None` where documented receivers reject only the past.
    #[serde(default)]
    pub future_seconds: Option<u64>,
}

impl Scheme {
    /// Whether a time is signed.
    pub fn signs_time(&self) -> bool {
        self.signed.has(&TemplatePiece::Timestamp)
    }
}

impl ValueLayout {
    /// The parts of a value, as this layout splits it.
    pub fn split<'v>(&'v self, value: &'v str) -> impl Iterator<Item = &'v str> {
        // NUL cannot stand in a header's value, so it splits nothing.
        value.split(self.separator.as_deref().unwrap_or("\0"))
    }

    /// A short name: the parts' own names, or the encoding where they have none.
    pub fn name(&self, encoding: Encoding) -> String {
        let names: Vec<_> = self
            .parts
            .iter()
            .map(|part| part.prefix().trim_end_matches(['=', ',', ':']))
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() {
            encoding.to_string()
        } else {
            names.join(",")
        }
    }

    /// What a person would call the form: `t=<timestamp>,v1=<64 hex digits>`.
    pub fn describe(&self, digest: Digest, encoding: Encoding) -> String {
        let mac = match encoding {
            Encoding::Hex => format!("<{} hex digits>", digest.size() * 2),
            Encoding::Base64 | Encoding::Text => format!("<base64 of {} bytes>", digest.size()),
        };
        let fields = super::TemplateValues {
            timestamp: "<unix seconds>",
            signature: &mac,
            ..Default::default()
        };
        let parts: Vec<_> = self.parts.iter().map(|part| part.fill(fields)).collect();
        parts.join(self.separator.as_deref().unwrap_or_default())
    }
}
