//! The language in which a provider's definition describes its signature.
//!
//! It has to be able to say, with no new code, what Standard Webhooks, Stripe, GitHub, Shopify and
//! Slack do; the definitions in `tests/definitions` hold it to that. A scheme that is read from a
//! definition is one that can sign, and that verifies what it signed.

mod form;

use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD as BASE64};
use base64::{Engine as _, alphabet};
use serde::Deserialize;
use strum::{Display, VariantArray};

use super::template::{PartVariable, Template, TemplatePiece, ValuePart};
use crate::delivery::Timestamp;
use form::SchemeForm;

pub use form::check_token;

/// How a provider signs.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "SchemeForm")]
pub struct Scheme {
    /// What is peculiar to the kind of signature.
    pub kind: SchemeKind,
    /// The header that holds the signature.
    pub header: String,
    /// The layout of that header's value, as it is sent.
    pub value: ValueLayout,
    /// Other layouts that are accepted, each with the note that it earns.
    pub also_accepted: Vec<Variant>,
    /// The header of its own in which the timestamp travels, where it does.
    pub timestamp_header: Option<String>,
    /// How the timestamp is written.
    pub time_unit: TimeUnit,
    /// The header in which the signed id travels, where the scheme signs one.
    pub id_header: Option<String>,
    /// The bytes under the signature.
    pub signed: Template,
    /// How the signature is written.
    pub encoding: MacEncoding,
    /// How old a signature may be; `None` where the scheme has no time.
    pub tolerance: Option<Tolerance>,
}

/// The kind of a scheme, with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemeKind {
    /// A keyed hash over a shared secret, RFC 2104.
    Hmac {
        /// The hash function.
        digest: Digest,
        /// How the secret's text becomes the key.
        secret: SecretForm,
    },
    /// The secret itself: it proves who sent a request, and nothing of what is in it.
    Token,
}

impl SchemeKind {
    /// The name that definitions use.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hmac { .. } => "hmac",
            Self::Token => "token",
        }
    }
}

/// The layout of a header's value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct ValueLayout {
    /// The parts, at least one with `{signature}`.
    pub parts: Vec<ValuePart>,
    /// What joins the parts; without it the value is one part.
    pub separator: Option<String>,
    /// How the parts are found in a value.
    #[serde(default)]
    pub reading: PartOrder,
}

/// How the parts of a value are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PartOrder {
    /// The n-th part at the n-th place; parts after the last are skipped.
    #[default]
    Positional,
    /// In any order, repeated, among parts of other forms: several signatures serve rotation.
    AnyOrder,
}

/// A layout that is accepted though the provider does not send it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The layout.
    pub value: ValueLayout,
    /// What is to be said when it is met.
    pub note: String,
}

/// The hash function under the HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Display, VariantArray)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Digest {
    /// SHA-1: 20 bytes. Of old schemes; under HMAC it is not broken.
    Sha1,
    /// SHA-256: 32 bytes.
    Sha256,
    /// SHA-512: 64 bytes.
    Sha512,
}

impl Digest {
    /// The length of a MAC in bytes.
    pub const fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }
}

/// How a MAC is written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum MacEncoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Upper-case hexadecimal.
    HexUpper,
    /// Base64 of RFC 4648 with padding.
    Base64,
    /// Base64 of RFC 4648 for URLs; written without padding, read with or without.
    #[serde(rename = "base64url")]
    #[strum(serialize = "base64url")]
    Base64Url,
    /// As it is: a token, which is no MAC and may be any text.
    #[serde(skip)]
    Text,
}

/// Base64 for URLs, with or without padding.
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl MacEncoding {
    /// The text of a MAC.
    pub fn encode(self, mac: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(mac),
            Self::HexUpper => hex::encode_upper(mac),
            Self::Base64 => BASE64.encode(mac),
            Self::Base64Url => BASE64_URL.encode(mac),
            Self::Text => String::from_utf8_lossy(mac).into_owned(),
        }
    }

    /// The MAC that a text writes, where it writes one.
    pub fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex | Self::HexUpper => {
                let mut mac = vec![0; text.len() / 2];
                hex::decode_to_slice(text, &mut mac).ok()?;
                Some(mac)
            }
            Self::Base64 => BASE64.decode(text).ok(),
            Self::Base64Url => BASE64_URL.decode(text).ok(),
            Self::Text => Some(text.into()),
        }
    }

    /// Whether it is hexadecimal, in either case.
    pub const fn is_hex(self) -> bool {
        matches!(self, Self::Hex | Self::HexUpper)
    }

    /// Whether a text that decodes has a letter in the case that it is not written in.
    pub fn is_other_case(self, text: &str) -> bool {
        match self {
            Self::Hex => text.bytes().any(|byte| byte.is_ascii_uppercase()),
            Self::HexUpper => text.bytes().any(|byte| byte.is_ascii_lowercase()),
            Self::Base64 | Self::Base64Url | Self::Text => false,
        }
    }
}

/// How a signing time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum TimeUnit {
    /// Whole seconds since the unix epoch.
    #[default]
    Seconds,
    /// Whole milliseconds since the unix epoch.
    Milliseconds,
    /// A date and a time of day, RFC 3339.
    Rfc3339,
}

/// Of a number of seconds, the milliseconds; a time in milliseconds is from here on no time in seconds,
/// as it would lie beyond the year 5000.
const MILLIS: i64 = 1000;
const LEAST_MILLIS: i128 = 100_000_000_000;
/// The longest number that is read: the digits of the greatest 64-bit number.
const TIME_DIGITS: usize = 19;

impl TimeUnit {
    /// A moment as it is written.
    pub fn text(self, at: Timestamp) -> String {
        match self {
            Self::Seconds => at.seconds().to_string(),
            Self::Milliseconds => (at.micros().div_euclid(MILLIS)).to_string(),
            Self::Rfc3339 => at.to_seconds_text(),
        }
    }

    /// The text where it is one of this form; else what it should be.
    pub(super) fn check(self, text: &str) -> Result<&str, String> {
        let is_number = (1..=TIME_DIGITS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Rfc3339 if Timestamp::parse(text).is_some() => Ok(text),
            Self::Seconds | Self::Milliseconds if is_number => Ok(text),
            Self::Rfc3339 => Err("the timestamp is no time of RFC 3339".into()),
            Self::Seconds | Self::Milliseconds => Err(format!(
                "the timestamp is not 1 to {TIME_DIGITS} digits of unix {self}"
            )),
        }
    }

    /// The seconds since the unix epoch that a text of this form tells.
    pub(super) fn seconds(self, text: &str) -> i128 {
        // At most 19 digits, so an i128 holds every number.
        let number = || text.parse::<i128>().unwrap_or_default();
        match self {
            Self::Seconds => number(),
            Self::Milliseconds => number() / i128::from(MILLIS),
            Self::Rfc3339 => Timestamp::parse(text).map_or(0, |at| at.seconds().into()),
        }
    }

    /// The text of a moment that is so many seconds later than that of a text.
    pub fn moved(self, text: &str, seconds: i64) -> String {
        let number: i64 = text.parse().unwrap_or_default();
        match self {
            Self::Seconds => number.saturating_add(seconds).to_string(),
            Self::Milliseconds => {
                let millis = seconds.saturating_mul(MILLIS);
                number.saturating_add(millis).to_string()
            }
            Self::Rfc3339 => {
                let at = Timestamp::parse(text).unwrap_or_default();
                self.text(at.plus_seconds(seconds))
            }
        }
    }

    /// The unit in which a number can only be meant, where it is another one.
    pub(super) fn mistaken_for(self, text: &str) -> Option<Self> {
        let number = text.parse::<i128>().ok()?;
        match self {
            Self::Seconds if number >= LEAST_MILLIS => Some(Self::Milliseconds),
            Self::Milliseconds if (1..LEAST_MILLIS).contains(&number) => Some(Self::Seconds),
            _ => None,
        }
    }

    /// What stands in its place where a form is described.
    const fn blank(self) -> &'static str {
        match self {
            Self::Seconds => "<unix seconds>",
            Self::Milliseconds => "<unix milliseconds>",
            Self::Rfc3339 => "<RFC 3339>",
        }
    }
}

/// How a secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum SecretEncoding {
    /// The text itself is the key.
    #[default]
    Text,
    /// Hexadecimal.
    Hex,
    /// Base64 of RFC 4648 with padding.
    Base64,
}

/// How the secret's text becomes the key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretForm {
    /// A prefix that is no part of the key.
    pub prefix: Option<String>,
    /// How the rest is decoded.
    pub encoding: SecretEncoding,
}

impl SecretForm {
    /// The text itself.
    const TEXT: Self = Self {
        prefix: None,
        encoding: SecretEncoding::Text,
    };

    /// What a secret is, for people: its encoding, and its prefix where it has one.
    pub fn describe(&self) -> String {
        match &self.prefix {
            Some(prefix) => format!("{} behind `{prefix}`", self.encoding),
            None => self.encoding.to_string(),
        }
    }
}

/// How old, or how far ahead, a signature may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// The greatest age in seconds that is accepted.
    pub past_seconds: u64,
    /// The greatest lead in seconds; `None` where documented receivers reject only the past.
    pub future_seconds: Option<u64>,
}

impl Scheme {
    /// Whether a time is signed.
    pub fn signs_time(&self) -> bool {
        self.signed.has(&TemplatePiece::Timestamp)
    }

    /// Whether a signature is right for one body alone.
    pub fn covers_body(&self) -> bool {
        self.signed.covers_body()
    }

    /// The hash function; `None` of a token.
    pub const fn digest(&self) -> Option<Digest> {
        match &self.kind {
            SchemeKind::Hmac { digest, .. } => Some(*digest),
            SchemeKind::Token => None,
        }
    }

    /// The same scheme with another hash function; a token stays one.
    pub(super) fn with_digest(&self, digest: Digest) -> Self {
        let mut scheme = self.clone();
        if let SchemeKind::Hmac { digest: own, .. } = &mut scheme.kind {
            *own = digest;
        }
        scheme
    }

    /// How the secret's text becomes the key.
    pub const fn secret(&self) -> &SecretForm {
        match &self.kind {
            SchemeKind::Hmac { secret, .. } => secret,
            SchemeKind::Token => &SecretForm::TEXT,
        }
    }

    /// What a person would call the form of a layout: `t=<unix seconds>,v1=<64 hex digits>`.
    pub fn describe(&self, layout: &ValueLayout) -> String {
        let size = self.digest().map_or(0, Digest::size);
        let mac = match self.encoding {
            MacEncoding::Hex => format!("<{} hex digits>", size * 2),
            MacEncoding::HexUpper => format!("<{} upper-case hex digits>", size * 2),
            MacEncoding::Base64 => format!("<base64 of {size} bytes>"),
            MacEncoding::Base64Url => format!("<base64url of {size} bytes>"),
            MacEncoding::Text => "<the secret>".into(),
        };
        layout.fill(Some(self.time_unit.blank()), &mac)
    }
}

impl ValueLayout {
    /// The parts of a value, as this layout splits it.
    pub fn split<'v>(&'v self, value: &'v str) -> impl Iterator<Item = &'v str> {
        // NUL cannot stand in a header's value, so it splits nothing.
        value.split(self.separator.as_deref().unwrap_or("\0"))
    }

    /// The value of these texts. Without a timestamp, the parts that would hold it are left out, as
    /// only a fault does.
    pub fn fill(&self, timestamp: Option<&str>, signature: &str) -> String {
        let parts = self.parts.iter().filter_map(|part| {
            let text = match part.variable {
                PartVariable::Timestamp => timestamp?,
                PartVariable::Signature | PartVariable::Secret => signature,
            };
            Some(part.fill(text))
        });
        let parts: Vec<_> = parts.collect();
        parts.join(self.separator.as_deref().unwrap_or_default())
    }

    /// Whether the value holds the timestamp.
    pub fn has_timestamp(&self) -> bool {
        let mut variables = self.parts.iter().map(|part| part.variable);
        variables.any(|variable| variable == PartVariable::Timestamp)
    }

    /// A short name: the parts' own names, or the encoding where they have none.
    pub fn name(&self, encoding: MacEncoding) -> String {
        let names: Vec<_> = self
            .parts
            .iter()
            .map(|part| part.prefix.trim_end_matches(['=', ',', ':']))
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() {
            encoding.to_string()
        } else {
            names.join(",")
        }
    }
}
