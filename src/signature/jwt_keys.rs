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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::json;

    use super::super::{Freshness, Key, Scheme, Secret, secret_of_any, sign, verify};
    use super::*;
    use crate::delivery::{Headers, Request, Status, Timestamp, Verdict};

    /// The payload of RFC 7515, appendix A: it ends with 2011-03-22, and covers nothing of a request.
    const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const END: i64 = 1_300_819_380;
    /// Appendix A.1: `HS256`.
    const HS256: [&str; 3] = [
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
    ];
    /// Appendix A.2: `RS256`.
    const RS256: [&str; 3] = [
        "eyJhbGciOiJSUzI1NiJ9",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#,
    ];
    /// Appendix A.3: `ES256`.
    const ES256: [&str; 3] = [
        "eyJhbGciOiJFUzI1NiJ9",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ];

    fn scheme(fields: &Value) -> Scheme {
        let mut scheme = json!({
            "kind": "jwt", "header": "Authorization", "value": {"parts": ["Bearer {signature}"]}
        });
        for (name, value) in fields.as_object().unwrap() {
            scheme[name] = value.clone();
        }
        serde_json::from_value(scheme).unwrap()
    }

    fn judged(scheme: &Scheme, key: &Key, token: &str, at: i64) -> Verdict {
        let headers = [("Authorization", format!("Bearer {token}"))];
        let request = Request::post("/", headers.into_iter().collect(), "");
        let (keys, now) = (std::slice::from_ref(key), Timestamp::from_seconds(at));
        verify(scheme, keys, &request, now, Freshness::Documented)
    }

    fn key(scheme: &Scheme, secret: &[u8]) -> Key {
        Key::new(scheme, &Secret::new("s#1", secret.to_vec())).unwrap()
    }

    #[test]
    fn the_published_tokens_are_genuine_until_they_end() {
        let examples = [("HS256", HS256), ("RS256", RS256), ("ES256", ES256)];
        for (algorithm, [header, signature, jwk]) in examples {
            let scheme = scheme(&json!({"algorithms": [algorithm]}));
            let key = key(&scheme, jwk.as_bytes());
            let token = format!("{header}.{PAYLOAD}.{signature}");
            let status = |token: &str, at| judged(&scheme, &key, token, at).status;
            assert_eq!(status(&token, END), Status::Valid, "{algorithm}");
            assert_eq!(status(&token, END + 11), Status::Stale, "{algorithm}");
            // The first character of the signature holds bits of it alone.
            let first = if signature.starts_with('A') { "B" } else { "A" };
            let forged = format!("{header}.{PAYLOAD}.{first}{}", &signature[1..]);
            assert_eq!(status(&forged, END), Status::Mismatch, "{algorithm}");
            // Signed in one way is signed in no other, whatever the token or the key says.
            for (other, [.., other_jwk]) in examples.iter().filter(|(it, _)| *it != algorithm) {
                let both = super::tests::scheme(&json!({"algorithms": [algorithm, other]}));
                let others = self::key(&both, other_jwk.as_bytes());
                let verdict = judged(&both, &others, &token, END);
                assert_eq!(verdict.status, Status::Mismatch, "{algorithm} {other}");
                let alone = super::tests::scheme(&json!({"algorithms": [other]}));
                let others = self::key(&alone, other_jwk.as_bytes());
                let verdict = judged(&alone, &others, &token, END);
                assert_eq!(verdict.status, Status::Malformed, "{algorithm} {other}");
            }
        }
    }

    #[test]
    fn a_public_key_is_no_shared_secret_even_where_both_are_accepted() {
        let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n-----END PUBLIC KEY-----\n";
        let both = scheme(&json!({"algorithms": ["HS256", "ES256"]}));
        let [header, ..] = HS256;
        let signed = format!("{header}.{PAYLOAD}");
        let mac = Hmac::<Sha256>::new_from_slice(pem.as_bytes()).unwrap();
        let mac = mac.chain_update(&signed).finalize().into_bytes();
        let forged = format!("{signed}.{}", BASE64_URL.encode(mac));
        let verdict = judged(&both, &key(&both, pem.as_bytes()), &forged, END);
        assert_eq!(verdict.status, Status::Mismatch);
        let [header, signature, _] = ES256;
        let genuine = format!("{header}.{PAYLOAD}.{signature}");
        let verdict = judged(&both, &key(&both, pem.as_bytes()), &genuine, END);
        assert_eq!(verdict.status, Status::Valid);
    }

    #[test]
    fn what_is_no_key_says_what_it_takes() {
        for (algorithms, secret) in [
            (json!(["ES256"]), "{}"),
            (json!(["ES256"]), "{"),
            (json!(["ES256"]), r#"{"keys": []}"#),
            (json!(["ES256"]), HS256[2]),
            (json!(["HS256"]), r#"{"kty":"oct","k":""}"#),
            (
                json!(["ES256"]),
                r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            ),
            (
                json!(["EdDSA"]),
                r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#,
            ),
            (json!(["RS256"]), r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#),
        ] {
            let scheme = scheme(&json!({"algorithms": algorithms}));
            let error = Key::new(&scheme, &Secret::new("s#1", secret.into())).err();
            assert!(
                matches!(error, Some(KeyError::NoJwtKey(_))),
                "{secret}: {error:?}"
            );
        }
        let empty = scheme(&json!({"algorithms": ["HS256"]}));
        let error = Key::new(&empty, &Secret::new("s#1", Vec::new())).err();
        assert_eq!(error, Some(KeyError::Empty));
    }

    /// The fields of schemes, and whether a token goes with one body alone.
    fn fields() -> impl Strategy<Value = (Value, bool)> {
        let algorithms = select(vec!["HS256", "ES256", "EdDSA"]);
        let claims = select(vec![
            (
                json!({"hash": "{body|sha256|hex}", "path": "{target}"}),
                true,
            ),
            (json!({"body": "{body|sha256|base64}"}), true),
            (json!({"path": "{method} {target}"}), false),
            (Value::Null, false),
        ]);
        let time = select(vec![
            json!({"claim": "iat"}),
            json!({"claim": "nbf"}),
            Value::Null,
        ]);
        let lifetime = select(vec![json!(300), Value::Null]);
        (algorithms, claims, time, lifetime).prop_map(
            |(algorithm, (claims, covers), time, lifetime)| {
                let mut fields =
                    json!({"algorithms": [algorithm], "also_sent": {"iss": "somebody"}});
                for (name, value) in [
                    ("claims", claims),
                    ("timestamp", time.clone()),
                    ("lifetime_seconds", lifetime),
                ] {
                    if !value.is_null() {
                        fields[name] = value;
                    }
                }
                if !time.is_null() {
                    fields["tolerance"] = json!({"past_seconds": 200});
                }
                (fields, covers)
            },
        )
    }

    proptest! {
        #[test]
        fn a_token_that_is_made_is_valid_and_no_other_is(
            (fields, covers) in fields(),
            body in prop::collection::vec(any::<u8>(), 0..60),
            at in 1_000_000_000..4_000_000_000_i64,
            place in any::<prop::sample::Index>(),
            with in "[A-Za-z0-9_.-]",
        ) {
            let scheme = scheme(&fields);
            let (one, another) = (secret_of_any(&scheme, "bad0bad1bad2bad3"), secret_of_any(&scheme, "feedfeedfeedfeed"));
            let (one, another) = (key(&scheme, &one), key(&scheme, &another));
            let mut request = Request::post("/hooks?a=b", Headers::new(), body.clone());
            sign(&scheme, &one, Timestamp::from_seconds(at), "", &mut request);
            let status = |key: &Key, request: &Request, at| {
                let now = Timestamp::from_seconds(at);
                verify(&scheme, std::slice::from_ref(key), request, now, Freshness::Documented).status
            };
            prop_assert_eq!(status(&one, &request, at), Status::Valid);
            prop_assert_eq!(status(&another, &request, at), Status::Mismatch);
            let is_timed = scheme.tolerance.is_some();
            let late = if is_timed { Status::Stale } else { Status::Valid };
            prop_assert_eq!(status(&one, &request, at + 201), late);
            let changed = Request { body: [&body[..], b"x"].concat().into(), ..request.clone() };
            let other = if covers { Status::Mismatch } else { Status::Valid };
            prop_assert_eq!(status(&one, &changed, at), other);
            // Another character anywhere in the token.
            let text = request.headers.text("Authorization").unwrap().to_owned();
            let place = "Bearer ".len() + place.index(text.len() - "Bearer ".len());
            let mut forged = text.clone();
            forged.replace_range(place..=place, &with);
            if forged != text {
                request.headers.set("Authorization", forged);
                prop_assert_ne!(status(&one, &request, at), Status::Valid);
            }
        }

        #[test]
        fn no_token_is_too_odd_to_be_read(token in "[ -~]{0,80}|([A-Za-z0-9_-]{0,40}\\.){0,4}[A-Za-z0-9_-]{0,20}") {
            let scheme = scheme(&json!({"algorithms": ["HS256"], "timestamp": {"claim": "iat"}}));
            let verdict = judged(&scheme, &key(&scheme, b"secret"), &token, END);
            prop_assert_ne!(verdict.status, Status::Valid);
        }
    }
}
