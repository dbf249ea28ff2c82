//! JSON Web Tokens (RFC 7519) in the compact form of RFC 7515, as what proves a request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use serde_json::{Map, Value, json};

use super::key_set::KeySet;
use super::{KeyAlgorithm, Template, TemplateValues};

/// What a scheme's tokens are like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtRules {
    /// The algorithms that are accepted, whatever a token says of itself; it is signed with the first.
    pub algorithms: Vec<KeyAlgorithm>,
    /// The claims that have to be there, each with what it is.
    pub claims: Vec<(String, Template)>,
    /// Others that are sent, and not looked at.
    pub also_sent: Vec<(String, Template)>,
    /// The claim that tells the time of signing.
    pub time_claim: Option<String>,
    /// For how many seconds a token is good, of which it has to say the end; without it, it need not.
    pub lifetime_seconds: Option<u64>,
}

/// A token, taken apart and not yet verified.
pub(super) struct WebToken<'t> {
    algorithm: KeyAlgorithm,
    key_id: Option<String>,
    claims: Map<String, Value>,
    /// The bytes under the signature.
    signed: &'t str,
    signature: Vec<u8>,
}

impl<'t> WebToken<'t> {
    /// Reads a token; fails where it is none, and where its algorithm is none of the scheme's.
    pub(super) fn read(rules: &JwtRules, text: &'t str) -> Result<Self, String> {
        let none = "the token is no JSON Web Token of three parts";
        let (signed, signature) = text.rsplit_once('.').ok_or(none)?;
        let (header, claims) = signed.split_once('.').ok_or(none)?;
        let decode = |part: &str| BASE64_URL.decode(part).map_err(|_| none);
        let object = |part: &str| {
            let object = serde_json::from_slice::<Map<String, Value>>(&decode(part)?);
            object.map_err(|_| none)
        };
        let header = object(header)?;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let named = text("alg").unwrap_or_default();
        let mut algorithms = rules.algorithms.iter();
        let algorithm = algorithms.find(|algorithm| algorithm.to_string() == named);
        let algorithm = *algorithm.ok_or_else(|| {
            let accepted: Vec<_> = rules.algorithms.iter().map(ToString::to_string).collect();
            let named = named.escape_debug();
            format!(
                "the token is signed by `{named}`, accepted is {}",
                accepted.join(", ")
            )
        })?;
        // RFC 7515, section 4.1.11: what is critical and not known makes a token invalid.
        if header.contains_key("crit") {
            return Err("the token needs an extension that is not known".into());
        }
        let token = Self {
            algorithm,
            key_id: text("kid").map(str::to_owned),
            claims: object(claims)?,
            signed,
            signature: decode(signature)?,
        };
        if rules.lifetime_seconds.is_some() && token.validity().1.is_none() {
            return Err("the token has no `exp`, so it would be good for ever".into());
        }
        Ok(token)
    }

    /// The text of a claim that is a string or a whole number.
    pub(super) fn claim(&self, name: &str) -> Option<String> {
        match self.claims.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => None,
        }
    }

    /// Whether one of the keys that it may mean has made it.
    fn is_genuine(&self, keys: &KeySet) -> bool {
        let meant = (Some(self.algorithm), self.key_id.as_deref());
        keys.verifies(meant, self.signed.as_bytes(), &self.signature)
    }

    /// Since when and until when it is good, in seconds since the unix epoch.
    pub(super) fn validity(&self) -> (Option<f64>, Option<f64>) {
        let time = |name: &str| self.claims.get(name).and_then(Value::as_f64);
        (time("nbf"), time("exp"))
    }
}

impl JwtRules {
    /// The claims of a token over these values; a time that is no number stands as a string.
    fn claims(&self, values: TemplateValues<'_>) -> Map<String, Value> {
        let mut claims = Map::new();
        let time = values.timestamp.parse::<i64>();
        if let Some(claim) = &self.time_claim {
            let value = time
                .as_ref()
                .map_or(values.timestamp.into(), |time| json!(time));
            claims.insert(claim.clone(), value);
        }
        if let (Ok(time), Some(lifetime)) = (time, self.lifetime_seconds) {
            claims.insert("exp".into(), time.saturating_add_unsigned(lifetime).into());
        }
        let stated = self.also_sent.iter().chain(&self.claims);
        claims.extend(stated.map(|(name, is)| (name.clone(), is.text(values).into())));
        claims
    }

    /// The name of a claim that a token has otherwise than a request says.
    fn wrong_claim(&self, token: &WebToken<'_>, values: TemplateValues<'_>) -> Option<&str> {
        let mut claims = self.claims.iter();
        let wrong = claims.find(|(name, is)| token.claim(name) != Some(is.text(values)));
        wrong.map(|(name, _)| name.as_str())
    }

    /// A token over these values; empty where no key makes any.
    pub(super) fn token(&self, keys: &KeySet, values: TemplateValues<'_>) -> String {
        let Some(key) = keys.signing() else {
            return String::new();
        };
        let mut header = Map::new();
        header.insert("alg".into(), key.algorithm.to_string().into());
        if let Some(id) = key.id() {
            header.insert("kid".into(), id.into());
        }
        header.insert("typ".into(), "JWT".into());
        let encode = |part: Map<String, Value>| BASE64_URL.encode(Value::Object(part).to_string());
        let signed = format!("{}.{}", encode(header), encode(self.claims(values)));
        let signature = key.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64_URL.encode(signature))
    }

    /// Whether a token is genuine and says what these values do.
    pub(super) fn proves(&self, keys: &KeySet, values: TemplateValues<'_>, token: &[u8]) -> bool {
        self.read_token(token).is_some_and(|token| {
            self.wrong_claim(&token, values).is_none() && token.is_genuine(keys)
        })
    }

    /// The claim by which a genuine token is one of another request.
    pub(super) fn other_claim(
        &self,
        keys: &KeySet,
        values: TemplateValues<'_>,
        token: &[u8],
    ) -> Option<&str> {
        let token = self.read_token(token)?;
        let claim = self.wrong_claim(&token, values)?;
        token.is_genuine(keys).then_some(claim)
    }

    fn read_token<'t>(&self, token: &'t [u8]) -> Option<WebToken<'t>> {
        WebToken::read(self, std::str::from_utf8(token).ok()?).ok()
    }
}
