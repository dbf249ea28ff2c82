//! JSON Web Tokens (RFC 7519) in the compact form of RFC 7515, as what proves a request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use strum::Display;

use super::{PairKind, Template, TemplateValues};

/// The algorithm of a token's signature, by its name in RFC 7518 and RFC 8037.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Display)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256.
    #[serde(rename = "HS256")]
    #[strum(serialize = "HS256")]
    Hs256,
    /// RSA with the padding of PKCS #1 v1.5 and SHA-256.
    #[serde(rename = "RS256")]
    #[strum(serialize = "RS256")]
    Rs256,
    /// ECDSA over P-256 with SHA-256.
    #[serde(rename = "ES256")]
    #[strum(serialize = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    #[strum(serialize = "EdDSA")]
    EdDsa,
}

impl JwtAlgorithm {
    /// The key pairs that it takes; `None` of a shared secret.
    pub(super) const fn pair(self) -> Option<PairKind> {
        match self {
            Self::Hs256 => None,
            Self::Rs256 => Some(PairKind::Rsa),
            Self::Es256 => Some(PairKind::EcdsaRaw),
            Self::EdDsa => Some(PairKind::Ed25519),
        }
    }
}

/// What a scheme's tokens are like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtRules {
    /// The algorithms that are accepted, whatever a token says of itself; it is signed with the first.
    pub algorithms: Vec<JwtAlgorithm>,
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
    pub(super) algorithm: JwtAlgorithm,
    pub(super) key_id: Option<String>,
    claims: Map<String, Value>,
    /// The bytes under the signature.
    pub(super) signed: &'t str,
    pub(super) signature: Vec<u8>,
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

    /// Since when and until when it is good, in seconds since the unix epoch.
    pub(super) fn validity(&self) -> (Option<f64>, Option<f64>) {
        let time = |name: &str| self.claims.get(name).and_then(Value::as_f64);
        (time("nbf"), time("exp"))
    }
}

impl JwtRules {
    /// The claims of a token over these values; a time that is no number stands as a string.
    pub(super) fn claims(&self, values: TemplateValues<'_>) -> Map<String, Value> {
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
    pub(super) fn wrong_claim(
        &self,
        token: &WebToken<'_>,
        values: TemplateValues<'_>,
    ) -> Option<&str> {
        let mut claims = self.claims.iter();
        let wrong = claims.find(|(name, is)| token.claim(name) != Some(is.text(values)));
        wrong.map(|(name, _)| name.as_str())
    }
}
