//! The kinds of signatures.

use std::sync::Arc;

use super::{Digest, JwtRules, MessageRules, PairKind, SecretForm};

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
    /// A hash without a key, over a message that holds the shared secret.
    Hash {
        /// The hash function.
        digest: Digest,
        /// How the secret's text becomes what stands in the message.
        secret: SecretForm,
    },
    /// A signature with a private key, which a public one verifies.
    Pair {
        /// The algorithm.
        kind: PairKind,
        /// The hash function under it; that of Ed25519 is its own.
        digest: Digest,
        /// How a public key is written.
        secret: SecretForm,
    },
    /// A JSON Web Token, RFC 7519.
    Jwt {
        /// What the tokens are like.
        rules: Arc<JwtRules>,
        /// How a secret is written that is neither a JWK nor PEM.
        secret: SecretForm,
    },
    /// An HTTP message signature, RFC 9421.
    Message {
        /// What the signatures are like.
        rules: Arc<MessageRules>,
        /// How a secret is written that is neither a JWK nor PEM.
        secret: SecretForm,
    },
    /// The secret itself: it proves who sent a request, and nothing of what is in it.
    Token,
}

impl SchemeKind {
    /// The name that definitions use.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hmac { .. } => "hmac",
            Self::Hash { .. } => "hash",
            Self::Pair { kind, .. } => match kind {
                PairKind::Ed25519 => "ed25519",
                PairKind::Ecdsa | PairKind::EcdsaRaw => "ecdsa",
                PairKind::Rsa | PairKind::RsaPss => "rsa",
            },
            Self::Jwt { .. } => "jwt",
            Self::Message { .. } => "http-signatures",
            Self::Token => "token",
        }
    }
}
