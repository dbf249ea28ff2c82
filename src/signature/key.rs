//! The key that a scheme makes of a secret, ready to sign and to check.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};

use super::{Digest, Encoding, Fields, Scheme, Secret, SecretForm, Template};

/// Why a secret is no key for a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The scheme's secrets are encoded and this one does not decode.
    #[error("the secret is not {0}, as this provider's secrets are")]
    Encoding(Encoding),
    /// The secret has no bytes.
    #[error("the secret is empty")]
    Empty,
}

/// A keyed MAC: cloning it for every message spares the two blocks of the key schedule.
#[derive(Clone)]
pub struct Key {
    label: String,
    mac: Keyed,
}

#[derive(Clone)]
enum Keyed {
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

impl Key {
    /// The key that `scheme` makes of `secret`.
    pub fn new(scheme: &Scheme, secret: &Secret) -> Result<Self, KeyError> {
        let bytes = key_bytes(&scheme.secret, secret.expose())?;
        Self::from_bytes(scheme.digest, secret.label(), &bytes)
    }

    /// A key of these very bytes, for candidates that the doctor tries.
    pub(super) fn from_bytes(digest: Digest, label: &str, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.is_empty() {
            return Err(KeyError::Empty);
        }
        // HMAC takes keys of any length, so a length error cannot come.
        let mac = match digest {
            Digest::Sha256 => Hmac::new_from_slice(bytes).map(Keyed::Sha256),
            Digest::Sha512 => Hmac::new_from_slice(bytes).map(Keyed::Sha512),
        };
        Ok(Self {
            label: label.into(),
            mac: mac.map_err(|_| KeyError::Empty)?,
        })
    }

    /// What people may see of the secret behind it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The MAC over a signed template.
    pub fn mac(&self, signed: &Template, fields: Fields<'_>) -> Vec<u8> {
        match &self.mac {
            Keyed::Sha256(keyed) => finish(keyed.clone(), signed, fields),
            Keyed::Sha512(keyed) => finish(keyed.clone(), signed, fields),
        }
    }

    /// Whether one of `candidates` is the MAC over a signed template, compared in constant time.
    pub fn matches(&self, signed: &Template, fields: Fields<'_>, candidates: &[Vec<u8>]) -> bool {
        match &self.mac {
            Keyed::Sha256(keyed) => check(keyed.clone(), signed, fields, candidates),
            Keyed::Sha512(keyed) => check(keyed.clone(), signed, fields, candidates),
        }
    }

    /// A MAC whose message comes in pieces.
    pub fn start(&self) -> Running {
        Running(self.mac.clone())
    }
}

/// A MAC under way.
pub struct Running(Keyed);

impl Running {
    /// Takes the next piece of the message.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.0 {
            Keyed::Sha256(mac) => mac.update(piece),
            Keyed::Sha512(mac) => mac.update(piece),
        }
    }

    /// Whether the MAC is one of `candidates`, compared in constant time.
    pub fn is_among(self, candidates: &[Vec<u8>]) -> bool {
        match self.0 {
            Keyed::Sha256(mac) => is_among(&mac, candidates),
            Keyed::Sha512(mac) => is_among(&mac, candidates),
        }
    }
}

fn feed<M: Mac>(mac: &mut M, signed: &Template, fields: Fields<'_>) {
    signed.for_each(fields, |piece| mac.update(piece));
}

fn finish<M: Mac>(mut mac: M, signed: &Template, fields: Fields<'_>) -> Vec<u8> {
    feed(&mut mac, signed, fields);
    mac.finalize().into_bytes().to_vec()
}

fn check<M: Mac + Clone>(
    mut mac: M,
    signed: &Template,
    fields: Fields<'_>,
    candidates: &[Vec<u8>],
) -> bool {
    feed(&mut mac, signed, fields);
    is_among(&mac, candidates)
}

fn is_among<M: Mac + Clone>(mac: &M, candidates: &[Vec<u8>]) -> bool {
    let mut candidates = candidates.iter();
    candidates.any(|candidate| mac.clone().verify_slice(candidate).is_ok())
}

fn key_bytes(form: &SecretForm, secret: &[u8]) -> Result<Vec<u8>, KeyError> {
    let prefix = form.prefix.as_deref().unwrap_or_default().as_bytes();
    let text = secret.strip_prefix(prefix).unwrap_or(secret);
    match form.encoding {
        Encoding::Text => Ok(text.to_vec()),
        Encoding::Base64 => BASE64
            .decode(text)
            .map_err(|_| KeyError::Encoding(form.encoding)),
        Encoding::Hex => hex::decode(text).map_err(|_| KeyError::Encoding(form.encoding)),
    }
}
