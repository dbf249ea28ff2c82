//! A delivery that is built by hand: signed by plain HMAC calls, not by the code under test.

use std::cell::Cell;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64_URL};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};

use super::super::trial::Trial;
use super::super::{Allowance, Context, Diagnosis, find};
use crate::delivery::{Headers, Request};
use crate::signature::{Scheme, Secret};

pub const SECRET: &str = "whsec_abc123";
pub const TIME: &str = "1705574400";
pub const ID: &str = "msg_1";
pub const BODY: &str = r#"{"id":"evt_1","data":{"total":49.90}}"#;

/// A provider of the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// `sha256=` and hex over the body.
    Labelled,
    /// `t=…,v1=…` and hex over the timestamp, a dot, the body.
    Timed,
    /// Hex over the body.
    Bare,
    /// Standard Webhooks: `v1,` and base64 over id, timestamp and body, the secret in base64.
    Standard,
    /// Base64 over the URL and the body.
    Addressed,
    /// Ed25519 in hex over the timestamp and the body.
    Paired,
    /// A JSON Web Token with a hash of the body.
    Claimed,
    /// An HTTP message signature over the method and a digest of the body.
    Messaged,
}

/// The URL of an [`Provider::Addressed`] delivery, as its receiver sees it.
pub const URL: &str = "http://shop.example:8080/hooks/?shop=1";

pub const HEX: [Provider; 3] = [Provider::Labelled, Provider::Timed, Provider::Bare];

impl Provider {
    pub fn name(self) -> &'static str {
        match self {
            Self::Labelled => "labelled",
            Self::Timed => "timed",
            Self::Bare => "bare",
            Self::Standard => "standard",
            Self::Addressed => "addressed",
            Self::Paired => "paired",
            Self::Claimed => "claimed",
            Self::Messaged => "messaged",
        }
    }

    pub fn scheme(self) -> Scheme {
        let text = match self {
            Self::Labelled => {
                r#"{"kind":"hmac","header":"X-Labelled","value":{"parts":["sha256={signature}"]},
                "signed":"{body}","digest":"sha256","encoding":"hex"}"#
            }
            Self::Timed => {
                r#"{"kind":"hmac","header":"X-Timed",
                "value":{"parts":["t={timestamp}","v1={signature}"],"separator":","},
                "signed":"{timestamp}.{body}","digest":"sha256","encoding":"hex",
                "tolerance":{"past_seconds":300}}"#
            }
            Self::Bare => {
                r#"{"kind":"hmac","header":"X-Bare","value":{"parts":["{signature}"]},
                "signed":"{body}","digest":"sha256","encoding":"hex"}"#
            }
            Self::Standard => {
                r#"{"kind":"hmac","header":"webhook-signature",
                "value":{"parts":["v1,{signature}"],"separator":" ","reading":"any-order"},
                "timestamp_header":"webhook-timestamp","id_header":"webhook-id",
                "signed":"{id}.{timestamp}.{body}","digest":"sha256","encoding":"base64",
                "secret":{"prefix":"whsec_","encoding":"base64"}}"#
            }
            Self::Addressed => {
                r#"{"kind":"hmac","header":"X-Addressed","value":{"parts":["{signature}"]},
                "signed":"{url}{body}","digest":"sha256","encoding":"base64"}"#
            }
            Self::Paired => {
                r#"{"kind":"ed25519","header":"X-Paired","value":{"parts":["{signature}"]},
                "timestamp_header":"X-Paired-Time","signed":"{timestamp}{body}","encoding":"hex",
                "secret":{"encoding":"hex"}}"#
            }
            Self::Claimed => {
                r#"{"kind":"jwt","algorithms":["HS256"],"header":"X-Claimed",
                "value":{"parts":["{signature}"]},"claims":{"hash":"{body|sha256|hex}"}}"#
            }
            Self::Messaged => {
                r#"{"kind":"http-signatures","algorithms":["hmac-sha256","ed25519"],
                "components":["@method","content-digest"]}"#
            }
        };
        serde_json::from_str(text).unwrap()
    }

    /// The key behind [`SECRET`].
    pub fn key(self) -> Vec<u8> {
        match self {
            Self::Standard => BASE64.decode("abc1").unwrap(),
            _ => SECRET.into(),
        }
    }

    /// What is signed for a body.
    pub fn message(self, body: &[u8]) -> Vec<u8> {
        let before = match self {
            Self::Labelled | Self::Bare => String::new(),
            Self::Timed => format!("{TIME}."),
            Self::Paired => TIME.into(),
            Self::Claimed => {
                let hash = hex::encode(Sha256::digest(body));
                let claims = format!(r#"{{"hash":"{hash}"}}"#);
                let part = |text: &str| BASE64_URL.encode(text);
                return format!("{}.{}", part(r#"{"alg":"HS256"}"#), part(&claims)).into();
            }
            Self::Standard => format!("{ID}.{TIME}."),
            Self::Addressed => URL.into(),
            Self::Messaged => {
                let (digest, input) = (digest(body), INPUT);
                let lines = [
                    "\"@method\": POST",
                    &format!("\"content-digest\": {digest}"),
                ];
                let lines = lines.join("\n");
                return format!("{lines}\n\"@signature-params\": {input}").into();
            }
        };
        [before.as_bytes(), body].concat()
    }

    /// The header's value for a MAC.
    pub fn value(self, mac: &[u8]) -> String {
        match self {
            Self::Labelled => format!("sha256={}", hex::encode(mac)),
            Self::Timed => format!("t={TIME},v1={}", hex::encode(mac)),
            Self::Bare | Self::Paired | Self::Claimed => hex::encode(mac),
            Self::Standard => format!("v1,{}", BASE64.encode(mac)),
            Self::Addressed => BASE64.encode(mac),
            Self::Messaged => format!("sig1=:{}:", BASE64.encode(mac)),
        }
    }
}

/// What a [`Provider::Messaged`] delivery covers, and its parameters.
pub const INPUT: &str = r#"("@method" "content-digest");created=1705574400;keyid="its key""#;

/// The digest of a body as RFC 9530 writes it.
pub fn digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64.encode(Sha256::digest(body)))
}

/// The private keys of [`Provider::Paired`] and of somebody else.
pub const KEY: &[u8; 32] = b"the private key of this provider";
pub const OTHER_KEY: &[u8; 32] = b"the private key of somebody else";

pub fn public_key(key: &[u8; 32]) -> String {
    let pair = Ed25519KeyPair::from_seed_unchecked(key).unwrap();
    hex::encode(pair.public_key())
}

/// The hex of a signature with Ed25519.
pub fn sign(key: &[u8; 32], message: &[u8]) -> String {
    let pair = Ed25519KeyPair::from_seed_unchecked(key).unwrap();
    hex::encode(pair.sign(message))
}

pub fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// What the doctor is shown.
#[derive(Debug, Clone)]
pub struct Sample {
    pub provider: Provider,
    pub secret: Vec<u8>,
    pub other_secrets: Vec<Secret>,
    pub others: Vec<Provider>,
    pub request: Request,
}

impl Sample {
    /// A request with this signature header and body, to a receiver that has [`SECRET`].
    pub fn new(provider: Provider, value: impl Into<String>, body: &[u8]) -> Self {
        let mut headers = Headers::new();
        headers.push(provider.scheme().header().unwrap().to_owned(), value.into());
        if provider == Provider::Standard {
            headers.push("webhook-id", ID);
            headers.push("webhook-timestamp", TIME);
        }
        if provider == Provider::Paired {
            headers.push("X-Paired-Time", TIME);
        }
        if provider == Provider::Addressed {
            headers.push("Host", "shop.example:8080");
        }
        let secret = match provider {
            Provider::Standard => "whsec_abc1".into(),
            Provider::Paired => public_key(KEY),
            _ => SECRET.to_owned(),
        };
        Self {
            provider,
            secret: secret.into(),
            other_secrets: Vec::new(),
            others: Vec::new(),
            request: Request::post("/hooks/?shop=1", headers, body.to_vec()),
        }
    }

    /// Signed over `message` with `key`, sent with [`BODY`].
    pub fn signed(provider: Provider, key: &[u8], message: &[u8]) -> Self {
        Self::new(
            provider,
            provider.value(&hmac(key, message)),
            BODY.as_bytes(),
        )
    }

    /// Signed over one body, sent with another.
    pub fn changed(provider: Provider, signed: &[u8], received: &[u8]) -> Self {
        let message = provider.message(signed);
        match provider {
            Provider::Paired => return Self::new(provider, sign(KEY, &message), received),
            Provider::Claimed => {
                let mac = BASE64_URL.encode(hmac(SECRET.as_bytes(), &message));
                let token = format!("{}.{mac}", String::from_utf8(message).unwrap());
                return Self::new(provider, token, received);
            }
            _ => {}
        }
        let mac = hmac(&provider.key(), &provider.message(signed));
        Self::new(provider, provider.value(&mac), received)
    }

    pub fn with_secret(mut self, secret: &[u8]) -> Self {
        self.secret = secret.into();
        self
    }

    pub fn with_other(mut self, provider: Provider) -> Self {
        self.others.push(provider);
        self
    }

    pub fn with_other_secret(mut self, label: &str, secret: &str) -> Self {
        self.other_secrets.push(Secret::new(label, secret.into()));
        self
    }

    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.request.headers.push(name, value.to_owned());
        self
    }

    pub fn diagnose(&self) -> Option<Diagnosis> {
        self.diagnose_within(Allowance::THOROUGH).0
    }

    /// The diagnosis, and the bytes of work that it was.
    pub fn diagnose_within(&self, allowance: Allowance) -> (Option<Diagnosis>, usize) {
        let scheme = self.provider.scheme();
        let others: Vec<_> = self.others.iter().map(|p| (p.name(), p.scheme())).collect();
        let others: Vec<_> = others
            .iter()
            .map(|(name, scheme)| (*name, scheme))
            .collect();
        let secrets = [Secret::new("own#1", self.secret.clone())];
        let work = Cell::new(0);
        let context = Context {
            provider: self.provider.name(),
            scheme: &scheme,
            secrets: &secrets,
            other_secrets: &self.other_secrets,
            other_schemes: &others,
            request: &self.request,
            allowance,
            work: &work,
        };
        let found = find(&Trial::new(&context));
        (found, work.get())
    }
}
