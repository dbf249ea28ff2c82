//! The key that a scheme makes of a secret, ready to sign and to check.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use super::encoding::Hasher;
use super::jwt_keys::JwtKeys;
use super::pair::Pair;
use super::secret_form::key_bytes;
use super::{Digest, KeyError, ParsedMac, Scheme, SchemeKind, Secret, Template, TemplateValues};

/// The most signatures of one request that are verified with a public key, which costs a hundred
/// times an HMAC: a rotation sends two or three.
const MOST_VERIFIED: usize = 16;

/// A keyed MAC: cloning it for every message spares the two blocks of the key schedule.
#[derive(Clone)]
pub struct Key {
    label: String,
    mac: Running,
    /// What the same secret is under each scheme beside, in their order; `None` where it is no key there.
    also: Vec<Option<Self>>,
}

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
    Jwt(JwtKeys),
    /// A token, whatever the message.
    Token(Vec<u8>),
}

impl Key {
    /// The key that `scheme` makes of `secret`.
    pub fn new(scheme: &Scheme, secret: &Secret) -> Result<Self, KeyError> {
        let beside = scheme.also_signed.iter();
        let also = beside
            .map(|other| Self::of_one(other, secret).ok())
            .collect();
        let key = Self::of_one(scheme, secret)?;
        Ok(Self { also, ..key })
    }

    /// The key of one scheme alone.
    fn of_one(scheme: &Scheme, secret: &Secret) -> Result<Self, KeyError> {
        let text = secret.expose();
        let mac = match &scheme.kind {
            SchemeKind::Pair { kind, .. } if secret.derives() => {
                Running::of_pair(Pair::derived(*kind, text)?)
            }
            SchemeKind::Pair {
                kind,
                digest,
                secret: form,
            } => Running::of_pair(Pair::read(*kind, *digest, form, text)?),
            SchemeKind::Jwt {
                rules,
                secret: form,
            } => Running::Jwt(if secret.derives() {
                JwtKeys::derived(rules, form, text)?
            } else {
                JwtKeys::read(rules, form, text)?
            }),
            SchemeKind::Hash {
                digest,
                secret: form,
            } => Running::Hash {
                secret: Some(key_bytes(form, text)?)
                    .filter(|bytes| !bytes.is_empty())
                    .ok_or(KeyError::Empty)?,
                hasher: digest.hasher(),
            },
            SchemeKind::Hmac { .. } | SchemeKind::Token => {
                let bytes = key_bytes(scheme.secret(), text)?;
                return Self::from_bytes(scheme, secret.label(), &bytes);
            }
        };
        Ok(Self {
            label: secret.label().into(),
            mac,
            also: Vec::new(),
        })
    }

    /// The key under the scheme at this place of [`Scheme::all`].
    pub(super) fn at(&self, place: usize) -> Option<&Self> {
        match place.checked_sub(1) {
            None => Some(self),
            Some(place) => self.also.get(place)?.as_ref(),
        }
    }

    /// Whether it makes signatures, and not only verifies them, as a public key does.
    pub fn can_sign(&self) -> bool {
        match &self.mac {
            Running::Pair { pair, .. } => pair.can_sign(),
            Running::Jwt(keys) => keys.can_sign(),
            _ => true,
        }
    }

    /// The public half of a key pair: of Ed25519 its 32 bytes, else a `SubjectPublicKeyInfo` in DER.
    pub fn public(&self) -> Option<&[u8]> {
        match &self.mac {
            Running::Pair { pair, .. } => Some(pair.public()),
            Running::Jwt(keys) => keys.pair().map(Pair::public),
            _ => None,
        }
    }

    /// A key of these very bytes, for candidates that the doctor tries.
    pub(super) fn from_bytes(scheme: &Scheme, label: &str, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.is_empty() {
            return Err(KeyError::Empty);
        }
        // HMAC takes keys of any length, so a length error cannot come.
        let mac = match scheme.digest() {
            Some(Digest::Sha1) => Hmac::new_from_slice(bytes).map(Running::Sha1),
            Some(Digest::Sha256) => Hmac::new_from_slice(bytes).map(Running::Sha256),
            Some(Digest::Sha512) => Hmac::new_from_slice(bytes).map(Running::Sha512),
            None => match &scheme.kind {
                SchemeKind::Jwt { rules, .. } => Ok(Running::Jwt(JwtKeys::of_bytes(rules, bytes)?)),
                _ => Ok(Running::Token(bytes.to_vec())),
            },
        };
        Ok(Self {
            label: label.into(),
            mac: mac.map_err(|_| KeyError::Empty)?,
            also: Vec::new(),
        })
    }

    /// The key of a secret of no bytes: HMAC fills a short key up with zeros (RFC 2104, section 2), so
    /// one zero is the key that no byte at all is.
    pub fn of_no_bytes(scheme: &Scheme) -> Result<Self, KeyError> {
        Self::from_bytes(scheme, "an empty secret", &[0])
    }

    /// What people may see of the secret behind it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The MAC over a signed template.
    pub fn mac(&self, signed: &Template, values: TemplateValues<'_>) -> Vec<u8> {
        match &self.mac {
            Running::Jwt(keys) => keys.token(values).into_bytes(),
            _ => self.over(signed, values).finish(),
        }
    }

    /// The first of `macs` that is the MAC over a signed template, compared in constant time.
    pub fn find<'m>(
        &self,
        signed: &Template,
        values: TemplateValues<'_>,
        macs: &'m [ParsedMac<'m>],
    ) -> Option<&'m ParsedMac<'m>> {
        match &self.mac {
            Running::Jwt(keys) => macs.iter().find(|mac| keys.proves(values, &mac.bytes)),
            _ => self.over(signed, values).find(macs),
        }
    }

    /// The claim by which a genuine token is one of another request.
    pub(super) fn other_claim(&self, values: TemplateValues<'_>, token: &[u8]) -> Option<&str> {
        match &self.mac {
            Running::Jwt(keys) => keys.other_claim(values, token),
            _ => None,
        }
    }

    /// The public half of a key pair as a scheme's vendor shows it: in hex, base64 or PEM.
    pub fn public_text(&self, scheme: &Scheme) -> Option<String> {
        match &self.mac {
            Running::Pair { pair, .. } => pair.public_text(scheme.secret()),
            Running::Jwt(keys) => keys.pair()?.public_text(scheme.secret()),
            _ => None,
        }
    }

    /// A MAC whose message comes in pieces.
    pub(super) fn start(&self) -> Running {
        self.mac.clone()
    }

    /// The values with this key's secret, where a message holds it.
    pub(super) fn known_to<'a>(&'a self, values: TemplateValues<'a>) -> TemplateValues<'a> {
        match &self.mac {
            Running::Hash { secret, .. } => TemplateValues { secret, ..values },
            _ => values,
        }
    }

    fn over(&self, signed: &Template, values: TemplateValues<'_>) -> Running {
        let mut running = self.start();
        signed.for_each(self.known_to(values), |piece| running.update(piece));
        running
    }
}

impl Running {
    /// A signature of a key pair, over nothing yet.
    fn of_pair(pair: Pair) -> Self {
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
            Self::Jwt(_) | Self::Token(_) => {}
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
            Self::Jwt(_) => Vec::new(),
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
            Self::Jwt(_) => false,
            Self::Token(token) => token.ct_eq(bytes).into(),
        };
        let most = match &self {
            Self::Pair { .. } => MOST_VERIFIED,
            _ => usize::MAX,
        };
        macs.iter().take(most).find(|mac| is_right(&mac.bytes))
    }
}

/// A secret that any scheme takes: the text itself, which is to be text, hexadecimal and base64 alike, or
/// a private key, the same for the same text; of RSA one for all, as none are made here.
#[cfg(test)]
pub(crate) fn secret_of_any(scheme: &Scheme, text: &str) -> Vec<u8> {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::PairKind;
    use super::pair::new_pair;

    static PAIRS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    match scheme.pair_kind() {
        None => text.into(),
        Some(PairKind::Ed25519) => {
            let pair = Pair::derived(PairKind::Ed25519, text.as_bytes()).unwrap();
            pair.private_pem().unwrap().into_bytes()
        }
        Some(PairKind::Rsa) => include_bytes!("../../tests/data/keys/rsa.pem").into(),
        Some(_) => {
            let mut pairs = PAIRS.lock().unwrap();
            let pair = pairs
                .entry(text.to_owned())
                .or_insert_with(|| new_pair().unwrap());
            pair.clone().into_bytes()
        }
    }
}
