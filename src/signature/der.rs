//! How keys are written in DER, as far as their forms are always the same.

use super::PairKind;

/// What stands before the 32 bytes of an Ed25519 key in a `SubjectPublicKeyInfo`, RFC 8410.
pub(super) const ED25519_PUBLIC: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// What stands before the 32 bytes of its seed in PKCS #8, RFC 8410.
pub(super) const ED25519_PRIVATE: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// What stands before the 64 bytes of a point of P-256 in a `SubjectPublicKeyInfo`, RFC 5480, with the
/// byte that says that both coordinates follow.
pub(super) const P256_PUBLIC: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
/// What stands before the 32 bytes of a private key of P-256 in PKCS #8, RFC 5915, and between it and
/// its point.
pub(super) const P256_PRIVATE: [&[u8]; 2] = [
    &[
        0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
        0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30,
        0x6b, 0x02, 0x01, 0x01, 0x04, 0x20,
    ],
    &[0xa1, 0x44, 0x03, 0x42, 0x00, 0x04],
];
/// The bytes of a point of P-256 without what says that both coordinates follow.
pub(super) const P256_SIZE: usize = 64;
/// The algorithm identifier of RSA, RFC 3279.
const RSA_ALGORITHM: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// The bytes of the least `SubjectPublicKeyInfo` of RSA with 2048 bits: shorter keys verify nothing.
pub(super) const RSA_LEAST: usize = 288;
/// The bytes of an Ed25519 key.
pub(super) const ED25519_SIZE: usize = 32;
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

/// The algorithm that a key in DER names.
pub(super) fn kind_of_key(der: &[u8]) -> Option<PairKind> {
    let names = |id: &[u8]| der.windows(id.len()).any(|part| part == id);
    let mut ids = OBJECT_IDS.into_iter();
    ids.find_map(|(id, kind)| names(id).then_some(kind))
}

/// The `SubjectPublicKeyInfo` of a key of RSA with these two numbers, RFC 8017.
pub(super) fn rsa_public(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let numbers = [integer(modulus), integer(exponent)].concat();
    let key = [&[0][..], &der(0x30, &numbers)].concat();
    der(0x30, &[RSA_ALGORITHM, &der(0x03, &key)].concat())
}

/// A value of DER with its tag and its length, which has two bytes at most here.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let length: &[u8] = match (high, low) {
        (0, 0..=0x7f) => &[low],
        (0, _) => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, content].concat()
}

/// A number of DER, which would be negative with its first bit set.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = bytes.get(start..).unwrap_or_default();
    let sign: &[u8] = match bytes.first() {
        Some(0..=0x7f) => &[],
        _ => &[0],
    };
    der(0x02, &[sign, bytes].concat())
}
