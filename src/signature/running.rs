//! A MAC under way: what a key makes of a message that comes in pieces.

use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use super::encoding::Hasher;
use super::key_set::KeySet;
use super::pair::Pair;
use super::{JwtRules, MessageRules, ParsedMac};

/// The most signatures of one request that are verified with a public key, which costs a hundred
/// times an HMAC: a rotation sends two or three.
const MOST_VERIFIED: usize = 16;

/// A MAC under way.
#[derive(Clone)]
pub(super) enum Running {
    /// With SHA-1.
    Sha1(Hmac<Sha1>),
    /// With SHA-256.
    Sha256(Hmac<Sha256>),
    /// With SHA-512.
    Sha512(Hmac<Sha512>),
    /// A plain hash, of a message that has the secret in it.
    Hash {
        /// The secret.
        secret: Vec<u8>,
        /// The hash.
        hasher: Hasher,
    },
    /// A key pair, which signs the message as a whole.
    Pair {
        /// The keys.
        pair: Arc<Pair>,
        /// The message so far.
        message: Vec<u8>,
    },
    /// JSON Web Tokens, which say themselves what they are over.
    Jwt(Arc<JwtRules>, KeySet),
    /// HTTP message signatures, which say themselves what they are over.
    Message(Arc<MessageRules>, KeySet),
    /// A token, whatever the message.
    Token(Vec<u8>),
}

impl Running {
    /// A signature of a key pair, over nothing yet.
    pub(super) fn of_pair(pair: Pair) -> Self {
        Self::Pair {
            pair: Arc::new(pair),
            message: Vec::new(),
        }
    }

    /// Takes the next piece of the message.
    pub fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Sha1(mac) => mac.update(piece),
            Self::Sha256(mac) => mac.update(piece),
            Self::Sha512(mac) => mac.update(piece),
            Self::Hash { hasher, .. } => hasher.update(piece),
            Self::Pair { message, .. } => message.extend_from_slice(piece),
            Self::Jwt(..) | Self::Message(..) | Self::Token(_) => {}
        }
    }

    /// The MAC.
    pub fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(mac) => mac.finalize().into_bytes().to_vec(),
            Self::Sha256(mac) => mac.finalize().into_bytes().to_vec(),
            Self::Sha512(mac) => mac.finalize().into_bytes().to_vec(),
            Self::Hash { hasher, .. } => hasher.finish(),
            Self::Pair { pair, message } => pair.sign(&message),
            Self::Jwt(..) | Self::Message(..) => Vec::new(),
            Self::Token(token) => token,
        }
    }

    /// The first of `macs` that is this MAC, compared in constant time.
    pub fn find<'m>(self, macs: &'m [ParsedMac<'m>]) -> Option<&'m ParsedMac<'m>> {
        let is_right = |bytes: &[u8]| match &self {
            Self::Sha1(mac) => mac.clone().verify_slice(bytes).is_ok(),
            Self::Sha256(mac) => mac.clone().verify_slice(bytes).is_ok(),
            Self::Sha512(mac) => mac.clone().verify_slice(bytes).is_ok(),
            Self::Hash { hasher, .. } => hasher.clone().finish().ct_eq(bytes).into(),
            Self::Pair { pair, message } => pair.verifies(message, bytes),
            Self::Jwt(..) | Self::Message(..) => false,
            Self::Token(token) => token.ct_eq(bytes).into(),
        };
        let most = match &self {
            Self::Pair { .. } => MOST_VERIFIED,
            _ => usize::MAX,
        };
        macs.iter().take(most).find(|mac| is_right(&mac.bytes))
    }
}
