//! How the text of a secret becomes the bytes of a key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use strum::Display;

use super::{PairKind, USUAL_PREFIX};

/// How a secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Display)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
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
    /// PEM, as all keys of key pairs may be.
    Pem,
}

/// How the secret's text becomes the key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SecretForm {
    /// A prefix that is no part of the key.
    pub prefix: Option<String>,
    /// How the rest is decoded.
    pub encoding: SecretEncoding,
}

impl SecretForm {
    /// The text itself.
    pub(super) const TEXT: Self = Self {
        prefix: None,
        encoding: SecretEncoding::Text,
    };

    /// What a secret is, for people: its encoding, and its prefix where it has one.
    pub fn describe(&self) -> String {
        match &self.prefix {
            Some(prefix) => format!("{} behind `{prefix}`", self.encoding),
            None => self.encoding.to_string(),
        }
    }
}

/// Why a secret is no key for a scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The scheme's secrets are encoded and this one does not decode.
    #[error("the secret is not {}, as this provider's secrets are", .0.describe())]
    Encoding(SecretForm),
    /// The prefix of Standard Webhooks stands before it and does not belong there.
    #[error("the secret begins with one `whsec_` more than this provider's secrets do")]
    Prefix,
    /// The secret has no bytes.
    #[error("the secret is empty")]
    Empty,
    /// It is no key of this algorithm.
    #[error("the secret is no {0} key: it takes PEM, or what the provider shows")]
    Unusable(PairKind),
    /// The key is one of another algorithm.
    #[error("the key is of {found}, this provider's are of {wanted}")]
    OtherKind {
        /// The algorithm of the provider's keys.
        wanted: PairKind,
        /// The algorithm of this one.
        found: PairKind,
    },
    /// It is a key of the right algorithm with which nothing can be verified here.
    #[error("{0}, which is not supported")]
    Unsupported(&'static str),
    /// It has no key for any of these algorithms of tokens.
    #[error("the secret has no key for {0}: it takes a JWK, a set of them, or PEM")]
    NoJwtKey(String),
    /// The private key stands in an older form.
    #[error(
        "the private key is not in PKCS #8: `openssl pkcs8 -topk8 -nocrypt -in KEY` writes it so"
    )]
    NotPkcs8,
}

/// The bytes of the key behind a secret of this form.
pub(super) fn key_bytes(form: &SecretForm, secret: &[u8]) -> Result<Vec<u8>, KeyError> {
    let prefix = form.prefix.as_deref().unwrap_or_default().as_bytes();
    let bare = match form.encoding {
        SecretEncoding::Text | SecretEncoding::Pem => secret,
        // Dashboards show a version before it, which is no part of it: no encoding has a comma.
        SecretEncoding::Base64 | SecretEncoding::Hex => {
            secret.strip_prefix(b"v1,").unwrap_or(secret)
        }
    };
    let text = bare.strip_prefix(prefix).unwrap_or(bare);
    let key = match form.encoding {
        SecretEncoding::Text | SecretEncoding::Pem => Some(text.to_vec()),
        SecretEncoding::Base64 => BASE64.decode(text).ok(),
        SecretEncoding::Hex => hex::decode(text).ok(),
    };
    key.ok_or_else(|| {
        if text.starts_with(USUAL_PREFIX) {
            KeyError::Prefix
        } else {
            KeyError::Encoding(form.clone())
        }
    })
}
