//! Key pairs: the public half verifies, the private half signs.

use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, PKCS_RSA_SHA512,
    PublicKeyData as _, SignatureAlgorithm, SigningKey as _,
};
use rustls::pki_types::pem::{PemObject as _, SectionKind};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer,
};
use webpki::{EndEntityCert, RawPublicKeyEntity};

use super::secret_form::key_bytes;
use super::{Digest, KeyError, PairKind, SecretForm};

/// What stands before the 32 bytes of an Ed25519 key in a `SubjectPublicKeyInfo`, RFC 8410.
const ED25519_PUBLIC: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// What stands before the 32 bytes of its seed in PKCS #8, RFC 8410.
const ED25519_PRIVATE: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// The bytes of an Ed25519 key.
const ED25519_SIZE: usize = 32;
/// The object identifiers by which the algorithms of keys are told apart.
const OBJECT_IDS: [(&[u8], PairKind); 3] = [
    (&[0x06, 0x03, 0x2b, 0x65, 0x70], PairKind::Ed25519),
    (
        &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
        PairKind::Ecdsa,
    ),
    (
        &[
            0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
        ],
        PairKind::Rsa,
    ),
];

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
            (Self::Ecdsa, _) => webpki::ring::ECDSA_P256_SHA256,
            (Self::Rsa, Digest::Sha512) => webpki::ring::RSA_PKCS1_2048_8192_SHA512,
            (Self::Rsa, _) => webpki::ring::RSA_PKCS1_2048_8192_SHA256,
        }
    }

    fn signing(self, digest: Digest) -> &'static SignatureAlgorithm {
        match (self, digest) {
            (Self::Ed25519, _) => &PKCS_ED25519,
            (Self::Ecdsa, _) => &PKCS_ECDSA_P256_SHA256,
            (Self::Rsa, Digest::Sha512) => &PKCS_RSA_SHA512,
            (Self::Rsa, _) => &PKCS_RSA_SHA256,
        }
    }

    /// The algorithm that a key in DER names.
    fn of_key(der: &[u8]) -> Option<Self> {
        let names = |id: &[u8]| der.windows(id.len()).any(|part| part == id);
        let mut ids = OBJECT_IDS.into_iter();
        ids.find_map(|(id, kind)| names(id).then_some(kind))
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
        Ok(Self {
            kind,
            digest,
            public,
            private: None,
        })
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
        let signed = self.private.as_ref().and_then(|key| key.sign(message).ok());
        signed.unwrap_or_default()
    }

    /// Whether a signature is one of a message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm = self.kind.verification(self.digest);
        let info = SubjectPublicKeyInfoDer::from(self.public.as_slice());
        RawPublicKeyEntity::try_from(&info)
            .is_ok_and(|key| key.verify_signature(algorithm, message, signature).is_ok())
    }

    /// The public half: of Ed25519 its 32 bytes, else a `SubjectPublicKeyInfo` in DER.
    pub(super) fn public(&self) -> &[u8] {
        match self.kind {
            PairKind::Ed25519 => self
                .public
                .strip_prefix(ED25519_PUBLIC)
                .unwrap_or(&self.public),
            PairKind::Ecdsa | PairKind::Rsa => &self.public,
        }
    }
}

fn check_kind(wanted: PairKind, key: &[u8]) -> Result<(), KeyError> {
    match PairKind::of_key(key) {
        Some(found) if found != wanted => Err(KeyError::OtherKind { wanted, found }),
        _ => Ok(()),
    }
}
