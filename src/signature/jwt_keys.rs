//! The keys of JSON Web Tokens: a shared secret, key pairs, and sets of them (RFC 7517).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::jwt::WebToken;
use super::pair::Pair;
use super::secret_form::key_bytes;
use super::{Digest, JwtAlgorithm, JwtRules, KeyError, SecretEncoding, SecretForm, TemplateValues};

/// The keys for a scheme's tokens.
#[derive(Clone)]
pub(super) struct JwtKeys {
    rules: Arc<JwtRules>,
    keys: Arc<Vec<JwtKey>>,
}

/// A key, bound to one algorithm: a public key is never taken for a shared secret.
struct JwtKey {
    id: Option<String>,
    algorithm: JwtAlgorithm,
    material: JwtMaterial,
}

enum JwtMaterial {
    Shared(Hmac<Sha256>),
    Pair(Pair),
}

/// The most keys of a set, and of those that a token may mean: a rotation has two or three.
const MOST_KEYS: usize = 64;
const MOST_MEANT: usize = 4;

impl JwtKeys {
    /// Reads a JWK, a set of them, a key in PEM, or else a shared secret or a public key as `form` has it.
    pub(super) fn read(
        rules: &Arc<JwtRules>,
        form: &SecretForm,
        text: &[u8],
    ) -> Result<Self, KeyError> {
        let algorithms = &rules.algorithms;
        let keys = if text.trim_ascii_start().starts_with(b"{") {
            let set = serde_json::from_slice(text).map_err(|_| unusable(rules))?;
            of_set(&set, algorithms)
        } else {
            let is_pem = text.trim_ascii_start().starts_with(b"-----BEGIN");
            let mut error = None;
            let key = algorithms.iter().find_map(|algorithm| {
                let key = match algorithm.pair() {
                    None if is_pem || form.encoding == SecretEncoding::Pem => return None,
                    None => key_bytes(form, text).and_then(|key| shared(&key)),
                    Some(kind) => {
                        Pair::read(kind, Digest::Sha256, form, text).map(JwtMaterial::Pair)
                    }
                };
                let key = key
                    .map_err(|other| error.get_or_insert(other).clone())
                    .ok()?;
                Some(JwtKey::of(*algorithm, key))
            });
            if let (None, Some(error)) = (&key, error) {
                return Err(error);
            }
            key.into_iter().collect()
        };
        Self::of(rules, keys)
    }

    /// The keys that follow from a secret that two share.
    pub(super) fn derived(
        rules: &Arc<JwtRules>,
        form: &SecretForm,
        secret: &[u8],
    ) -> Result<Self, KeyError> {
        let key = |algorithm: &JwtAlgorithm| {
            let key = match algorithm.pair() {
                None => key_bytes(form, secret).and_then(|key| shared(&key)),
                Some(kind) => Pair::derived(kind, secret).map(JwtMaterial::Pair),
            };
            Some(JwtKey::of(*algorithm, key.ok()?))
        };
        Self::of(rules, rules.algorithms.iter().filter_map(key).collect())
    }

    fn of(rules: &Arc<JwtRules>, keys: Vec<JwtKey>) -> Result<Self, KeyError> {
        if keys.is_empty() {
            return Err(unusable(rules));
        }
        Ok(Self {
            rules: rules.clone(),
            keys: Arc::new(keys),
        })
    }

    /// A key of a shared secret of these very bytes, where such tokens are accepted.
    pub(super) fn of_bytes(rules: &Arc<JwtRules>, bytes: &[u8]) -> Result<Self, KeyError> {
        let accepted = rules.algorithms.contains(&JwtAlgorithm::Hs256);
        let key = accepted.then(|| shared(bytes)).transpose()?;
        let key = key.map(|key| JwtKey::of(JwtAlgorithm::Hs256, key));
        Self::of(rules, key.into_iter().collect())
    }

    /// The first key that makes tokens.
    fn signing(&self) -> Option<&JwtKey> {
        self.keys.iter().find(|key| match &key.material {
            JwtMaterial::Shared(_) => true,
            JwtMaterial::Pair(pair) => pair.can_sign(),
        })
    }

    /// Whether it makes tokens, and not only verifies them.
    pub(super) fn can_sign(&self) -> bool {
        self.signing().is_some()
    }

    /// The public half of the first key pair.
    pub(super) fn pair(&self) -> Option<&Pair> {
        self.keys.iter().find_map(|key| match &key.material {
            JwtMaterial::Shared(_) => None,
            JwtMaterial::Pair(pair) => Some(pair),
        })
    }

    /// A token over these values; empty where no key makes any.
    pub(super) fn token(&self, values: TemplateValues<'_>) -> String {
        let Some(key) = self.signing() else {
            return String::new();
        };
        let mut header = Map::new();
        header.insert("alg".into(), key.algorithm.to_string().into());
        if let Some(id) = &key.id {
            header.insert("kid".into(), id.clone().into());
        }
        header.insert("typ".into(), "JWT".into());
        let encode = |part: Map<String, Value>| BASE64_URL.encode(Value::Object(part).to_string());
        let signed = format!("{}.{}", encode(header), encode(self.rules.claims(values)));
        let signature = match &key.material {
            JwtMaterial::Shared(mac) => {
                let mac = mac.clone().chain_update(&signed);
                mac.finalize().into_bytes().to_vec()
            }
            JwtMaterial::Pair(pair) => pair.sign(signed.as_bytes()),
        };
        format!("{signed}.{}", BASE64_URL.encode(signature))
    }

    /// Whether a token is genuine and says what these values do.
    pub(super) fn proves(&self, values: TemplateValues<'_>, token: &[u8]) -> bool {
        self.read_token(token).is_some_and(|token| {
            self.rules.wrong_claim(&token, values).is_none() && self.is_genuine(&token)
        })
    }

    /// The claim by which a genuine token is one of another request.
    pub(super) fn other_claim(&self, values: TemplateValues<'_>, token: &[u8]) -> Option<&str> {
        let token = self.read_token(token)?;
        let claim = self.rules.wrong_claim(&token, values)?;
        self.is_genuine(&token).then_some(claim)
    }

    fn read_token<'t>(&self, token: &'t [u8]) -> Option<WebToken<'t>> {
        WebToken::read(&self.rules, std::str::from_utf8(token).ok()?).ok()
    }

    /// Whether one of the keys that a token may mean has made it.
    fn is_genuine(&self, token: &WebToken<'_>) -> bool {
        let is_meant = |key: &&JwtKey| {
            let has_its_id = match (&key.id, &token.key_id) {
                (Some(id), Some(meant)) => id == meant,
                _ => true,
            };
            key.algorithm == token.algorithm && has_its_id
        };
        let mut meant = self.keys.iter().filter(is_meant).take(MOST_MEANT);
        meant.any(|key| match &key.material {
            JwtMaterial::Shared(mac) => {
                let mac = mac.clone().chain_update(token.signed);
                mac.verify_slice(&token.signature).is_ok()
            }
            JwtMaterial::Pair(pair) => pair.verifies(token.signed.as_bytes(), &token.signature),
        })
    }
}

impl JwtKey {
    const fn of(algorithm: JwtAlgorithm, material: JwtMaterial) -> Self {
        Self {
            id: None,
            algorithm,
            material,
        }
    }
}

fn unusable(rules: &JwtRules) -> KeyError {
    let algorithms: Vec<_> = rules.algorithms.iter().map(ToString::to_string).collect();
    KeyError::NoJwtKey(algorithms.join(", "))
}

fn shared(key: &[u8]) -> Result<JwtMaterial, KeyError> {
    if key.is_empty() {
        return Err(KeyError::Empty);
    }
    let mac = Hmac::new_from_slice(key).map_err(|_| KeyError::Empty)?;
    Ok(JwtMaterial::Shared(mac))
}

/// The keys of a JWK (RFC 7517), of a set, or of an answer that holds one as `key`, which are for one of
/// the algorithms; others are for something else.
fn of_set(set: &Value, algorithms: &[JwtAlgorithm]) -> Vec<JwtKey> {
    let keys = match (&set["keys"], &set["key"]) {
        (Value::Array(keys), _) => keys.as_slice(),
        (_, key @ Value::Object(_)) => std::slice::from_ref(key),
        _ => std::slice::from_ref(set),
    };
    let keys = keys.iter().take(MOST_KEYS);
    keys.filter_map(|key| of_jwk(key, algorithms)).collect()
}

fn of_jwk(key: &Value, algorithms: &[JwtAlgorithm]) -> Option<JwtKey> {
    let text = |name: &str| key[name].as_str();
    let bytes = |name: &str| BASE64_URL.decode(text(name)?).ok();
    let private = bytes("d");
    let (algorithm, material) = match (text("kty")?, text("crv")) {
        ("oct", _) => (JwtAlgorithm::Hs256, shared(&bytes("k")?).ok()?),
        ("OKP", Some("Ed25519")) => {
            let pair = Pair::of_ed25519(&bytes("x")?, private.as_deref());
            (JwtAlgorithm::EdDsa, JwtMaterial::Pair(pair.ok()?))
        }
        ("EC", Some("P-256")) => {
            let point = [bytes("x")?, bytes("y")?].concat();
            let pair = Pair::of_p256(&point, private.as_deref());
            (JwtAlgorithm::Es256, JwtMaterial::Pair(pair.ok()?))
        }
        ("RSA", _) => {
            let pair = Pair::of_rsa(&bytes("n")?, &bytes("e")?);
            (JwtAlgorithm::Rs256, JwtMaterial::Pair(pair.ok()?))
        }
        _ => return None,
    };
    let is_for_it = text("alg").is_none_or(|named| named == algorithm.to_string());
    (algorithms.contains(&algorithm) && is_for_it).then(|| JwtKey {
        id: text("kid").map(str::to_owned),
        algorithm,
        material,
    })
}
