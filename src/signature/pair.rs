//! Key pairs: the public half verifies, the private half signs.

use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, PKCS_RSA_SHA512,
    PublicKeyData as _, SignatureAlgorithm, SigningKey as _,
};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PSS_SHA512,
    RsaKeyPair, UnparsedPublicKey,
};
use rustls::pki_types::pem::{PemObject as _, SectionKind};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer,
};
use webpki::{EndEntityCert, RawPublicKeyEntity};

use super::der::{
    ED25519_PRIVATE, ED25519_PUBLIC, ED25519_SIZE, P256_PRIVATE, P256_PUBLIC, P256_SIZE, RSA_LEAST,
    kind_of_key, rsa_public,
};
use super::secret_form::key_bytes;
use super::{Digest, KeyError, MacEncoding, PairKind, SecretEncoding, SecretForm};

/// A public key, with its private one where that is known.
pub(super) struct Pair {
    kind: PairKind,
    digest: Digest,
    /// The public half as a `SubjectPublicKeyInfo` in DER.
    public: Vec<u8>,
    private: Option<KeyPair>,
}

impl PairKind {
    fn verification(self, digest: Digest) -> &'static dyn SignatureVerificationAlgorithm {
        match (self, digest) {
            (Self::Ed25519, _) => webpki::ring::ED25519,
            (Self::Ecdsa | Self::EcdsaRaw, _) => webpki::ring::ECDSA_P256_SHA256,
            (Self::RsaPss, _) => webpki::ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
            (Self::Rsa, Digest::Sha512) => webpki::ring::RSA_PKCS1_2048_8192_SHA512,
            (Self::Rsa, _) => webpki::ring::RSA_PKCS1_2048_8192_SHA256,
        }
    }

    fn signing(self, digest: Digest) -> &'static SignatureAlgorithm {
        match (self, digest) {
            (Self::Ed25519, _) => &PKCS_ED25519,
            (Self::Ecdsa | Self::EcdsaRaw, _) => &PKCS_ECDSA_P256_SHA256,
            // The key is one of RSA, whatever the padding.
            (Self::RsaPss, _) | (Self::Rsa, Digest::Sha512) => &PKCS_RSA_SHA512,
            (Self::Rsa, _) => &PKCS_RSA_SHA256,
        }
    }
}

impl Pair {
    /// Reads a key: PEM of a public key, a certificate or a private key, whose line ends may be `\n` in
    /// letters; else a public key as `form` has it, bare or in DER.
    pub(super) fn read(
        kind: PairKind,
        digest: Digest,
        form: &SecretForm,
        text: &[u8],
    ) -> Result<Self, KeyError> {
        let of_public = |public: Vec<u8>| Self::of_public(kind, digest, public);
        let letters = String::from_utf8_lossy(text).replace("\\n", "\n");
        let section = <(SectionKind, Vec<u8>)>::from_pem_slice(letters.as_bytes());
        let Ok((section, der)) = section else {
            if letters.contains("-----BEGIN ENCRYPTED") {
                return Err(KeyError::Unsupported("the private key is encrypted"));
            }
            if letters.contains("-----BEGIN") {
                return Err(KeyError::Unusable(kind));
            }
            let bytes = key_bytes(form, text)?;
            return of_public(match (kind, bytes.len()) {
                (PairKind::Ed25519, ED25519_SIZE) => [ED25519_PUBLIC, &bytes].concat(),
                _ => bytes,
            });
        };
        let unusable = || KeyError::Unusable(kind);
        match section {
            SectionKind::PublicKey => of_public(der),
            SectionKind::Certificate => {
                let certificate = CertificateDer::from(der);
                let certificate = EndEntityCert::try_from(&certificate).map_err(|_| unusable())?;
                of_public(certificate.subject_public_key_info().to_vec())
            }
            SectionKind::PrivateKey => {
                Self::of_private(kind, digest, &PrivateKeyDer::Pkcs8(der.into()))
            }
            SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => Err(KeyError::NotPkcs8),
            _ => Err(unusable()),
        }
    }

    /// Its private half in PEM.
    #[cfg(test)]
    pub(super) fn private_pem(&self) -> Option<String> {
        self.private.as_ref().map(KeyPair::serialize_pem)
    }

    /// The pair that follows from a secret. Only of Ed25519 one does: its private keys are any 32 bytes.
    pub(super) fn derived(kind: PairKind, secret: &[u8]) -> Result<Self, KeyError> {
        if kind != PairKind::Ed25519 {
            return Err(KeyError::Unusable(kind));
        }
        let seed = Digest::Sha256.hash(&[b"ed25519 of ", secret]);
        let key = [ED25519_PRIVATE, &seed].concat();
        let key = PrivateKeyDer::Pkcs8(key.into());
        Self::of_private(kind, Digest::Sha256, &key)
    }

    fn of_public(kind: PairKind, digest: Digest, public: Vec<u8>) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoDer::from(public.as_slice());
        if RawPublicKeyEntity::try_from(&info).is_err() {
            return Err(KeyError::Unusable(kind));
        }
        check_kind(kind, &public)?;
        let is_usable = |prefix: &[u8], size| {
            let key = public.strip_prefix(prefix);
            key.is_some_and(|key| key.len() == size)
        };
        match kind {
            PairKind::Ed25519 if is_usable(ED25519_PUBLIC, ED25519_SIZE) => {}
            PairKind::Ecdsa | PairKind::EcdsaRaw if is_usable(P256_PUBLIC, P256_SIZE) => {}
            PairKind::Rsa | PairKind::RsaPss if public.len() >= RSA_LEAST => {}
            PairKind::Rsa | PairKind::RsaPss => {
                return Err(KeyError::Unsupported("the RSA key has less than 2048 bits"));
            }
            PairKind::Ecdsa | PairKind::EcdsaRaw => {
                let problem = "the key is a point of another curve than P-256";
                return Err(KeyError::Unsupported(problem));
            }
            PairKind::Ed25519 => return Err(KeyError::Unusable(kind)),
        }
        Ok(Self {
            kind,
            digest,
            public,
            private: None,
        })
    }

    /// A key of Ed25519 by its bytes, as a JWK has them.
    pub(super) fn of_ed25519(public: &[u8], private: Option<&[u8]>) -> Result<Self, KeyError> {
        let private = private.map(|seed| [ED25519_PRIVATE, seed].concat());
        Self::of_parts(
            PairKind::Ed25519,
            [ED25519_PUBLIC, public].concat(),
            private,
        )
    }

    /// A key of P-256 by its two coordinates and its private number, as a JWK has them; its signatures
    /// are those of JOSE.
    pub(super) fn of_p256(point: &[u8], private: Option<&[u8]>) -> Result<Self, KeyError> {
        let [before, between] = P256_PRIVATE;
        let private = private.map(|number| [before, number, between, point].concat());
        Self::of_parts(PairKind::EcdsaRaw, [P256_PUBLIC, point].concat(), private)
    }

    /// A public key of RSA by its two numbers, as a JWK has them.
    pub(super) fn of_rsa(
        kind: PairKind,
        digest: Digest,
        modulus: &[u8],
        exponent: &[u8],
    ) -> Result<Self, KeyError> {
        Self::of_public(kind, digest, rsa_public(modulus, exponent))
    }

    /// A key by its public half, and its private one where that is known and belongs to it.
    fn of_parts(
        kind: PairKind,
        public: Vec<u8>,
        private: Option<Vec<u8>>,
    ) -> Result<Self, KeyError> {
        let half = Self::of_public(kind, Digest::Sha256, public)?;
        let Some(private) = private else {
            return Ok(half);
        };
        let pair = Self::of_private(kind, Digest::Sha256, &PrivateKeyDer::Pkcs8(private.into()))?;
        if pair.public == half.public {
            Ok(pair)
        } else {
            Err(KeyError::Unusable(kind))
        }
    }

    fn of_private(
        kind: PairKind,
        digest: Digest,
        key: &PrivateKeyDer<'_>,
    ) -> Result<Self, KeyError> {
        check_kind(kind, key.secret_der())?;
        let private = KeyPair::from_der_and_sign_algo(key, kind.signing(digest))
            .map_err(|_| KeyError::Unusable(kind))?;
        Ok(Self {
            kind,
            digest,
            public: private.subject_public_key_info(),
            private: Some(private),
        })
    }

    /// Whether the private half is known.
    pub(super) const fn can_sign(&self) -> bool {
        self.private.is_some()
    }

    /// The signature of a message; empty where the private half is not known.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signed = self.private.as_ref().and_then(|key| match self.kind {
            PairKind::EcdsaRaw => sign_raw(key, message),
            PairKind::RsaPss => sign_pss(key, message),
            _ => key.sign(message).ok(),
        });
        signed.unwrap_or_default()
    }

    /// Whether a signature is one of a message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        if self.kind == PairKind::EcdsaRaw {
            // The point begins with the byte that ends what stands before it.
            let point = self.public.get(P256_PUBLIC.len() - 1..).unwrap_or_default();
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
            return key.verify(message, signature).is_ok();
        }
        let algorithm = self.kind.verification(self.digest);
        let info = SubjectPublicKeyInfoDer::from(self.public.as_slice());
        RawPublicKeyEntity::try_from(&info)
            .is_ok_and(|key| key.verify_signature(algorithm, message, signature).is_ok())
    }

    /// The public half as `form` says, else in PEM, for which the private one has to be known.
    pub(super) fn public_text(&self, form: &SecretForm) -> Option<String> {
        match form.encoding {
            SecretEncoding::Hex => Some(MacEncoding::Hex.encode(self.public())),
            SecretEncoding::Base64 => Some(MacEncoding::Base64.encode(self.public())),
            SecretEncoding::Text | SecretEncoding::Pem => {
                Some(self.private.as_ref()?.public_key_pem())
            }
        }
    }

    /// The public half: of Ed25519 its 32 bytes, else a `SubjectPublicKeyInfo` in DER.
    pub(super) fn public(&self) -> &[u8] {
        match self.kind {
            PairKind::Ed25519 => self
                .public
                .strip_prefix(ED25519_PUBLIC)
                .unwrap_or(&self.public),
            _ => &self.public,
        }
    }
}

/// A new pair of P-256, its private half in PEM; `None` where the system gives no random bytes.
pub fn new_pair() -> Option<String> {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).ok()?;
    Some(pair.serialize_pem())
}

fn check_kind(wanted: PairKind, key: &[u8]) -> Result<(), KeyError> {
    let is_wanted = |found| match wanted {
        PairKind::EcdsaRaw => found == PairKind::Ecdsa,
        PairKind::RsaPss => found == PairKind::Rsa,
        _ => found == wanted,
    };
    match kind_of_key(key) {
        Some(found) if !is_wanted(found) => Err(KeyError::OtherKind { wanted, found }),
        _ => Ok(()),
    }
}

/// A signature as JOSE has it, which certificates never do.
fn sign_raw(key: &KeyPair, message: &[u8]) -> Option<Vec<u8>> {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = EcdsaKeyPair::from_pkcs8(algorithm, key.serialized_der(), &random).ok()?;
    Some(key.sign(&random, message).ok()?.as_ref().to_vec())
}

/// A signature with the padding PSS, which certificates have with SHA-256 alone here.
fn sign_pss(key: &KeyPair, message: &[u8]) -> Option<Vec<u8>> {
    let key = RsaKeyPair::from_pkcs8(key.serialized_der()).ok()?;
    let mut signature = vec![0; key.public().modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PSS_SHA512, &random, message, &mut signature)
        .ok()?;
    Some(signature)
}
