//! The key that a scheme makes of a secret, ready to sign and to check.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit};

use super::key_set::KeySet;
use super::message_proof::MessageFault;
use super::pair::Pair;
use super::running::Running;
use super::secret_form::key_bytes;
use super::{
    Digest, KeyAlgorithm, KeyError, ParsedMac, Scheme, SchemeKind, Secret, SecretForm, Template,
    TemplateValues,
};
use crate::delivery::Request;

/// A keyed MAC: cloning it for every message spares the two blocks of the key schedule.
#[derive(Clone)]
pub struct Key {
    label: String,
    mac: Running,
    /// What the same secret is under each scheme beside, in their order; `None` where it is no key there.
    also: Vec<Option<Self>>,
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
            } => {
                let keys = key_set(&rules.algorithms, &BTreeMap::new(), form, secret)?;
                Running::Jwt(rules.clone(), keys)
            }
            SchemeKind::Message {
                rules,
                secret: form,
            } => {
                let keys = key_set(&rules.algorithms, &rules.key_members, form, secret)?;
                Running::Message(rules.clone(), keys)
            }
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
            Running::Jwt(_, keys) | Running::Message(_, keys) => keys.signing().is_some(),
            _ => true,
        }
    }

    /// The public half of a key pair: of Ed25519 its 32 bytes, else a `SubjectPublicKeyInfo` in DER.
    pub fn public(&self) -> Option<&[u8]> {
        match &self.mac {
            Running::Pair { pair, .. } => Some(pair.public()),
            Running::Jwt(_, keys) | Running::Message(_, keys) => keys.pair().map(Pair::public),
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
                SchemeKind::Jwt { rules, .. } => {
                    let keys = KeySet::of_bytes(&rules.algorithms, bytes)?;
                    Ok(Running::Jwt(rules.clone(), keys))
                }
                SchemeKind::Message { rules, .. } => {
                    let keys = KeySet::of_bytes(&rules.algorithms, bytes)?;
                    Ok(Running::Message(rules.clone(), keys))
                }
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
            Running::Jwt(rules, keys) => rules.token(keys, values).into_bytes(),
            Running::Message(rules, keys) => rules.sign(keys, values),
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
            Running::Jwt(rules, keys) => {
                let mut macs = macs.iter();
                macs.find(|mac| rules.proves(keys, values, &mac.bytes))
            }
            Running::Message(rules, keys) => {
                let mut macs = macs.iter();
                macs.find(|mac| rules.proves(keys, values, &mac.bytes))
            }
            _ => self.over(signed, values).find(macs),
        }
    }

    /// The claim by which a genuine token is one of another request.
    pub(super) fn other_claim(&self, values: TemplateValues<'_>, token: &[u8]) -> Option<&str> {
        match &self.mac {
            Running::Jwt(rules, keys) => rules.other_claim(keys, values, token),
            _ => None,
        }
    }

    /// Why an HTTP message signature that can be read is not one of these values, where that is known.
    pub(super) fn message_fault(
        &self,
        values: TemplateValues<'_>,
        signature: &[u8],
    ) -> Option<MessageFault> {
        match &self.mac {
            Running::Message(rules, keys) => rules.fault(keys, values, signature),
            _ => None,
        }
    }

    /// Whether each check with it reads header fields, as those of HTTP message signatures do.
    pub(super) const fn reads_head(&self) -> bool {
        matches!(self.mac, Running::Message(..))
    }

    /// Writes into a request what an HTTP message signature covers, and that it does.
    pub(super) fn announce(&self, timestamp: Option<&str>, id: &str, request: &mut Request) {
        if let Running::Message(rules, keys) = &self.mac {
            rules.announce(keys, timestamp, id, request);
        }
    }

    /// The public half of a key pair as a scheme's vendor shows it: in hex, base64 or PEM.
    pub fn public_text(&self, scheme: &Scheme) -> Option<String> {
        match &self.mac {
            Running::Pair { pair, .. } => pair.public_text(scheme.secret()),
            Running::Jwt(_, keys) | Running::Message(_, keys) => {
                keys.pair()?.public_text(scheme.secret())
            }
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

/// The keys for these algorithms that a secret is, or that follow from it.
fn key_set(
    algorithms: &[KeyAlgorithm],
    members: &BTreeMap<String, Vec<String>>,
    form: &SecretForm,
    secret: &Secret,
) -> Result<KeySet, KeyError> {
    if secret.derives() {
        KeySet::derived(algorithms, form, secret.expose())
    } else {
        KeySet::read(algorithms, members, form, secret.expose())
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
        Some(PairKind::Rsa | PairKind::RsaPss) => {
            include_bytes!("../../tests/data/keys/rsa.pem").into()
        }
        Some(_) => {
            let mut pairs = PAIRS.lock().unwrap();
            let pair = pairs
                .entry(text.to_owned())
                .or_insert_with(|| new_pair().unwrap());
            pair.clone().into_bytes()
        }
    }
}
