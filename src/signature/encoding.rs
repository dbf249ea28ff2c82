//! Hash functions and algorithms of key pairs, and how their results are written.

use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD as BASE64};
use base64::{Engine as _, alphabet};
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};
use strum::{Display, VariantArray};

/// The hash function under the HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Display, VariantArray)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Digest {
    /// SHA-1: 20 bytes. Of old schemes; under HMAC it is not broken.
    Sha1,
    /// SHA-256: 32 bytes.
    Sha256,
    /// SHA-512: 64 bytes.
    Sha512,
}

impl Digest {
    /// The length of a MAC in bytes.
    pub const fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The hash of a message in pieces.
    pub fn hash(self, pieces: &[&[u8]]) -> Vec<u8> {
        let mut hasher = self.hasher();
        for piece in pieces {
            hasher.update(piece);
        }
        hasher.finish()
    }

    /// A hash of nothing yet.
    pub(super) fn hasher(self) -> Hasher {
        match self {
            Self::Sha1 => Hasher::Sha1(Sha1::new()),
            Self::Sha256 => Hasher::Sha256(Sha256::new()),
            Self::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }
}

/// The algorithm of a key pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Display)]
#[serde(rename_all = "lowercase")]
pub enum PairKind {
    /// Ed25519, RFC 8032.
    Ed25519,
    /// ECDSA over P-256 with SHA-256, its signatures in DER.
    #[strum(serialize = "ECDSA P-256")]
    Ecdsa,
    /// The same, its signatures as two numbers of 32 bytes (IEEE P1363), as JOSE has them.
    #[serde(skip)]
    #[strum(serialize = "ECDSA P-256")]
    EcdsaRaw,
    /// RSA with the padding of PKCS #1 v1.5.
    #[strum(serialize = "RSA")]
    Rsa,
    /// RSA with the padding PSS and SHA-512.
    #[serde(skip)]
    #[strum(serialize = "RSA")]
    RsaPss,
}

impl PairKind {
    /// The length of a signature in bytes, where they all have one.
    pub(super) const fn signature_size(self) -> Option<usize> {
        match self {
            Self::Ed25519 | Self::EcdsaRaw => Some(64),
            Self::Ecdsa | Self::Rsa | Self::RsaPss => None,
        }
    }

    /// Whether it works with this hash function.
    pub(super) const fn takes(self, digest: Digest) -> bool {
        matches!(
            (self, digest),
            (_, Digest::Sha256) | (Self::Rsa, Digest::Sha512)
        )
    }
}

/// The algorithm of a signature that names its own: by its name in RFC 7518 and RFC 8037, and by that in
/// the registry of RFC 9421, section 6.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, VariantArray)]
pub enum KeyAlgorithm {
    /// HMAC with SHA-256.
    #[strum(serialize = "HS256")]
    Hs256,
    /// RSA with the padding of PKCS #1 v1.5 and SHA-256.
    #[strum(serialize = "RS256")]
    Rs256,
    /// RSA with the padding PSS and SHA-512.
    #[strum(serialize = "PS512")]
    Ps512,
    /// ECDSA over P-256 with SHA-256, its signatures as two numbers.
    #[strum(serialize = "ES256")]
    Es256,
    /// Ed25519.
    #[strum(serialize = "EdDSA")]
    EdDsa,
}

impl KeyAlgorithm {
    /// The key pairs that it takes, with the hash function under it; `None` of a shared secret.
    pub(super) const fn pair(self) -> Option<(PairKind, Digest)> {
        match self {
            Self::Hs256 => None,
            Self::Rs256 => Some((PairKind::Rsa, Digest::Sha256)),
            Self::Ps512 => Some((PairKind::RsaPss, Digest::Sha512)),
            Self::Es256 => Some((PairKind::EcdsaRaw, Digest::Sha256)),
            Self::EdDsa => Some((PairKind::Ed25519, Digest::Sha256)),
        }
    }

    /// Its name in HTTP message signatures.
    pub const fn http_name(self) -> &'static str {
        match self {
            Self::Hs256 => "hmac-sha256",
            Self::Rs256 => "rsa-v1_5-sha256",
            Self::Ps512 => "rsa-pss-sha512",
            Self::Es256 => "ecdsa-p256-sha256",
            Self::EdDsa => "ed25519",
        }
    }
}

/// A hash under way.
#[derive(Clone)]
pub(super) enum Hasher {
    /// With SHA-1.
    Sha1(Sha1),
    /// With SHA-256.
    Sha256(Sha256),
    /// With SHA-512.
    Sha512(Sha512),
}

impl Hasher {
    /// Takes the next piece of the message.
    pub(super) fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(piece),
            Self::Sha256(hasher) => hasher.update(piece),
            Self::Sha512(hasher) => hasher.update(piece),
        }
    }

    /// The hash.
    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(hasher) => hasher.finalize().to_vec(),
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
            Self::Sha512(hasher) => hasher.finalize().to_vec(),
        }
    }
}

/// How a MAC is written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Display)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum MacEncoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Upper-case hexadecimal.
    HexUpper,
    /// Base64 of RFC 4648 with padding.
    Base64,
    /// Base64 of RFC 4648 for URLs; written without padding, read with or without.
    #[serde(rename = "base64url")]
    #[strum(serialize = "base64url")]
    Base64Url,
    /// As it is: a token, which is no MAC and may be any text.
    #[serde(skip)]
    Text,
    /// As it is: a JSON Web Token, which has its own form.
    #[serde(skip)]
    Jwt,
}

/// Base64 for URLs, with or without padding.
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl MacEncoding {
    /// The text of a MAC.
    pub fn encode(self, mac: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(mac),
            Self::HexUpper => hex::encode_upper(mac),
            Self::Base64 => BASE64.encode(mac),
            Self::Base64Url => BASE64_URL.encode(mac),
            Self::Text | Self::Jwt => String::from_utf8_lossy(mac).into_owned(),
        }
    }

    /// The MAC that a text writes, where it writes one.
    pub fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex | Self::HexUpper => {
                let mut mac = vec![0; text.len() / 2];
                hex::decode_to_slice(text, &mut mac).ok()?;
                Some(mac)
            }
            Self::Base64 => BASE64.decode(text).ok(),
            Self::Base64Url => BASE64_URL.decode(text).ok(),
            Self::Text | Self::Jwt => Some(text.into()),
        }
    }

    /// Whether it is hexadecimal, in either case.
    pub const fn is_hex(self) -> bool {
        matches!(self, Self::Hex | Self::HexUpper)
    }

    /// Whether a text that decodes has a letter in the case that it is not written in.
    pub fn is_other_case(self, text: &str) -> bool {
        match self {
            Self::Hex => text.bytes().any(|byte| byte.is_ascii_uppercase()),
            Self::HexUpper => text.bytes().any(|byte| byte.is_ascii_lowercase()),
            Self::Base64 | Self::Base64Url | Self::Text | Self::Jwt => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts are those of coreutils' `basenc`.
    #[test]
    fn bytes_are_written_as_each_encoding_has_them() {
        let bytes = [0xfb, 0xef, 0xff, 0x01];
        for (encoding, text, others) in [
            (MacEncoding::Hex, "fbefff01", &["FBefff01"][..]),
            (MacEncoding::HexUpper, "FBEFFF01", &["fbefff01"]),
            (MacEncoding::Base64, "++//AQ==", &[]),
            (MacEncoding::Base64Url, "--__AQ", &["--__AQ=="]),
        ] {
            assert_eq!(encoding.encode(&bytes), text);
            assert!(!encoding.is_other_case(text), "{encoding}");
            for text in others.iter().chain(&[text]) {
                assert_eq!(encoding.decode(text).as_deref(), Some(&bytes[..]), "{text}");
            }
            assert_eq!(encoding.decode("not any of them!"), None, "{encoding}");
        }
        assert!(
            MacEncoding::Hex.is_other_case("fbEf") && MacEncoding::HexUpper.is_other_case("FbEF")
        );
    }
}
