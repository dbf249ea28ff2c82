//! The keys of signatures that name theirs: a shared secret, key pairs, and sets of them (RFC 7517).

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::pair::Pair;
use super::secret_form::key_bytes;
use super::{Digest, KeyAlgorithm, KeyError, SecretEncoding, SecretForm};

/// The keys for a scheme's signatures.
#[derive(Clone)]
pub(super) struct KeySet(Arc<Vec<SetKey>>);

/// A key, bound to one algorithm: a public key is never taken for a shared secret.
pub(super) struct SetKey {
    id: Option<String>,
    /// The algorithm for which it is.
    pub(super) algorithm: KeyAlgorithm,
    material: KeyMaterial,
}

enum KeyMaterial {
    Shared(Hmac<Sha256>),
    Pair(Pair),
}

/// The most keys of a set, and of those that a signature may mean: a rotation has two or three.
const MOST_KEYS: usize = 64;
const MOST_MEANT: usize = 4;

impl KeySet {
    /// Reads a JWK, a set of them, a key in PEM, or else a shared secret or a public key as `form` has it,
    /// for these algorithms. A JWK has to have one of the texts of each of the `members`.
    pub(super) fn read(
        algorithms: &[KeyAlgorithm],
        members: &BTreeMap<String, Vec<String>>,
        form: &SecretForm,
        text: &[u8],
    ) -> Result<Self, KeyError> {
        if text.trim_ascii_start().starts_with(b"{") {
            let set = serde_json::from_slice(text).map_err(|_| unusable(algorithms))?;
            return Self::of(algorithms, of_set(&set, algorithms, members));
        }
        let is_pem = text.trim_ascii_start().starts_with(b"-----BEGIN");
        let mut error = None;
        let mut keys = algorithms.iter().filter_map(|algorithm| {
            let key = match algorithm.pair() {
                None if is_pem || form.encoding == SecretEncoding::Pem => return None,
                None => key_bytes(form, text).and_then(|key| shared(&key)),
                Some((kind, digest)) => Pair::read(kind, digest, form, text).map(KeyMaterial::Pair),
            };
            let key = key
                .map_err(|other| error.get_or_insert(other).clone())
                .ok()?;
            Some(SetKey::of(*algorithm, key))
        });
        // PEM says of what algorithm it is: of RSA, a key is good for several. What is bare says nothing.
        let most = if is_pem { algorithms.len() } else { 1 };
        let keys: Vec<_> = keys.by_ref().take(most).collect();
        match error {
            Some(error) if keys.is_empty() => Err(error),
            _ => Self::of(algorithms, keys),
        }
    }

    /// The keys that follow from a secret that two share.
    pub(super) fn derived(
        algorithms: &[KeyAlgorithm],
        form: &SecretForm,
        secret: &[u8],
    ) -> Result<Self, KeyError> {
        let key = |algorithm: &KeyAlgorithm| {
            let key = match algorithm.pair() {
                None => key_bytes(form, secret).and_then(|key| shared(&key)),
                Some((kind, _)) => Pair::derived(kind, secret).map(KeyMaterial::Pair),
            };
            Some(SetKey::of(*algorithm, key.ok()?))
        };
        Self::of(algorithms, algorithms.iter().filter_map(key).collect())
    }

    fn of(algorithms: &[KeyAlgorithm], keys: Vec<SetKey>) -> Result<Self, KeyError> {
        if keys.is_empty() {
            return Err(unusable(algorithms));
        }
        Ok(Self(Arc::new(keys)))
    }

    /// A key of a shared secret of these very bytes, where such signatures are accepted.
    pub(super) fn of_bytes(algorithms: &[KeyAlgorithm], bytes: &[u8]) -> Result<Self, KeyError> {
        let accepted = algorithms.contains(&KeyAlgorithm::Hs256);
        let key = accepted.then(|| shared(bytes)).transpose()?;
        let key = key.map(|key| SetKey::of(KeyAlgorithm::Hs256, key));
        Self::of(algorithms, key.into_iter().collect())
    }

    /// The first key that makes signatures.
    pub(super) fn signing(&self) -> Option<&SetKey> {
        self.0.iter().find(|key| match &key.material {
            KeyMaterial::Shared(_) => true,
            KeyMaterial::Pair(pair) => pair.can_sign(),
        })
    }

    /// The public half of the first key pair.
    pub(super) fn pair(&self) -> Option<&Pair> {
        self.0.iter().find_map(|key| match &key.material {
            KeyMaterial::Shared(_) => None,
            KeyMaterial::Pair(pair) => Some(pair),
        })
    }

    /// The keys that a signature may mean that names a key by `id`, an algorithm or both.
    fn meant<'k>(
        &'k self,
        algorithm: Option<KeyAlgorithm>,
        id: Option<&'k str>,
    ) -> impl Iterator<Item = &'k SetKey> {
        let is_meant = move |key: &&SetKey| {
            let has_its_id = match (key.id.as_deref(), id) {
                (Some(own), Some(meant)) => own == meant,
                _ => true,
            };
            has_its_id && algorithm.is_none_or(|named| key.algorithm == named)
        };
        self.0.iter().filter(is_meant).take(MOST_MEANT)
    }

    /// Whether there is a key that a signature may mean.
    pub(super) fn has(&self, algorithm: Option<KeyAlgorithm>, id: Option<&str>) -> bool {
        self.meant(algorithm, id).next().is_some()
    }

    /// Whether one of the keys that a signature may mean has made it.
    pub(super) fn verifies(
        &self,
        (algorithm, id): (Option<KeyAlgorithm>, Option<&str>),
        signed: &[u8],
        signature: &[u8],
    ) -> bool {
        let mut meant = self.meant(algorithm, id);
        meant.any(|key| match &key.material {
            KeyMaterial::Shared(mac) => {
                let mac = mac.clone().chain_update(signed);
                mac.verify_slice(signature).is_ok()
            }
            KeyMaterial::Pair(pair) => pair.verifies(signed, signature),
        })
    }
}

impl SetKey {
    const fn of(algorithm: KeyAlgorithm, material: KeyMaterial) -> Self {
        Self {
            id: None,
            algorithm,
            material,
        }
    }

    /// The id by which signatures name it, where it has one.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The id by which signatures name it, else what follows from its public half.
    pub(super) fn name(&self) -> String {
        let of_public = || match &self.material {
            KeyMaterial::Shared(_) => "shared".into(),
            KeyMaterial::Pair(pair) => BASE64_URL.encode(Digest::Sha256.hash(&[pair.public()])),
        };
        self.id.clone().unwrap_or_else(of_public)
    }

    /// The signature of a message.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.material {
            KeyMaterial::Shared(mac) => {
                let mac = mac.clone().chain_update(message);
                mac.finalize().into_bytes().to_vec()
            }
            KeyMaterial::Pair(pair) => pair.sign(message),
        }
    }
}

fn unusable(algorithms: &[KeyAlgorithm]) -> KeyError {
    let algorithms: Vec<_> = algorithms.iter().map(ToString::to_string).collect();
    KeyError::NoJwtKey(algorithms.join(", "))
}

fn shared(key: &[u8]) -> Result<KeyMaterial, KeyError> {
    if key.is_empty() {
        return Err(KeyError::Empty);
    }
    let mac = Hmac::new_from_slice(key).map_err(|_| KeyError::Empty)?;
    Ok(KeyMaterial::Shared(mac))
}

/// The keys of a JWK (RFC 7517), of a set, or of an answer that holds one as `key`, which are for the
/// algorithms; others are for something else.
fn of_set(
    set: &Value,
    algorithms: &[KeyAlgorithm],
    members: &BTreeMap<String, Vec<String>>,
) -> Vec<SetKey> {
    let keys = match (&set["keys"], &set["key"]) {
        (Value::Array(keys), _) => keys.as_slice(),
        (_, key @ Value::Object(_)) => std::slice::from_ref(key),
        _ => std::slice::from_ref(set),
    };
    let keys = keys.iter().take(MOST_KEYS).filter(|key| {
        let has = |(name, texts): (&String, &Vec<String>)| {
            let text = key[name.as_str()].as_str();
            text.is_some_and(|text| texts.iter().any(|one| one == text))
        };
        is_for_signatures(key) && members.iter().all(has)
    });
    let each = keys.flat_map(|key| algorithms.iter().map(move |algorithm| (key, *algorithm)));
    let keys = each.filter_map(|(key, algorithm)| {
        let material = of_jwk(key, algorithm)?;
        let id = key["kid"].as_str().map(str::to_owned);
        Some(SetKey {
            id,
            ..SetKey::of(algorithm, material)
        })
    });
    keys.collect()
}

/// Whether a JWK, by its `use` and `key_ops` (RFC 7517, sections 4.2 and 4.3), verifies signatures, or,
/// with its private half, makes them.
fn is_for_signatures(key: &Value) -> bool {
    let operations = key["key_ops"].as_array();
    let may = |operation: &str| operations.is_none_or(|all| all.iter().any(|one| one == operation));
    let has_secret = key["d"].is_string() || key["k"].is_string();
    key["use"].as_str().is_none_or(|used| used == "sig")
        && (may("verify") || has_secret && may("sign"))
}

/// The key of a JWK for an algorithm, where it is one.
fn of_jwk(key: &Value, algorithm: KeyAlgorithm) -> Option<KeyMaterial> {
    let text = |name: &str| key[name].as_str();
    let bytes = |name: &str| BASE64_URL.decode(text(name)?).ok();
    if text("alg").is_some_and(|named| named != algorithm.to_string()) {
        return None;
    }
    let private = bytes("d");
    let pair = match (text("kty")?, text("crv"), algorithm) {
        ("oct", _, KeyAlgorithm::Hs256) => return shared(&bytes("k")?).ok(),
        ("OKP", Some("Ed25519"), KeyAlgorithm::EdDsa) => {
            Pair::of_ed25519(&bytes("x")?, private.as_deref())
        }
        ("EC", Some("P-256"), KeyAlgorithm::Es256) => {
            let point = [bytes("x")?, bytes("y")?].concat();
            Pair::of_p256(&point, private.as_deref())
        }
        ("RSA", _, KeyAlgorithm::Rs256 | KeyAlgorithm::Ps512) => {
            let (kind, digest) = algorithm.pair()?;
            Pair::of_rsa(kind, digest, &bytes("n")?, &bytes("e")?)
        }
        _ => return None,
    };
    Some(KeyMaterial::Pair(pair.ok()?))
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
