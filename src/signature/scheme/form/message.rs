//! What is peculiar to HTTP message signatures in a definition.

use serde::Deserialize;
use sfv::{FieldType as _, Item, Parser};
use strum::Display;

use super::super::super::component::check_component;
use super::super::super::layout::{PartVariable, ValuePart};
use super::super::super::template::Template;
use super::super::super::{KeyAlgorithm, MacEncoding, MessageRules, PartOrder, ValueLayout};
use super::super::{Digest, TimeUnit};
use super::{KindForm, SchemeForm};

/// An algorithm, by its name in tokens (RFC 7518) or in HTTP message signatures (RFC 9421).
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Display)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum AlgorithmForm {
    /// HMAC with SHA-256.
    HS256,
    /// RSA with the padding of PKCS #1 v1.5 and SHA-256.
    RS256,
    /// RSA with the padding PSS and SHA-512.
    PS512,
    /// ECDSA over P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
    /// HMAC with SHA-256, of an HTTP message signature.
    #[serde(rename = "hmac-sha256")]
    #[strum(serialize = "hmac-sha256")]
    HmacSha256,
    /// RSA with the padding of PKCS #1 v1.5 and SHA-256, of an HTTP message signature.
    #[serde(rename = "rsa-v1_5-sha256")]
    #[strum(serialize = "rsa-v1_5-sha256")]
    RsaSha256,
    /// RSA with the padding PSS and SHA-512, of an HTTP message signature.
    #[serde(rename = "rsa-pss-sha512")]
    #[strum(serialize = "rsa-pss-sha512")]
    RsaPssSha512,
    /// ECDSA over P-256 with SHA-256, of an HTTP message signature.
    #[serde(rename = "ecdsa-p256-sha256")]
    #[strum(serialize = "ecdsa-p256-sha256")]
    EcdsaP256Sha256,
    /// Ed25519, of an HTTP message signature.
    #[serde(rename = "ed25519")]
    #[strum(serialize = "ed25519")]
    Ed25519,
}

impl AlgorithmForm {
    /// The algorithm, and whether it is named as in HTTP message signatures.
    const fn read(self) -> (KeyAlgorithm, bool) {
        match self {
            Self::HS256 => (KeyAlgorithm::Hs256, false),
            Self::RS256 => (KeyAlgorithm::Rs256, false),
            Self::PS512 => (KeyAlgorithm::Ps512, false),
            Self::ES256 => (KeyAlgorithm::Es256, false),
            Self::EdDSA => (KeyAlgorithm::EdDsa, false),
            Self::HmacSha256 => (KeyAlgorithm::Hs256, true),
            Self::RsaSha256 => (KeyAlgorithm::Rs256, true),
            Self::RsaPssSha512 => (KeyAlgorithm::Ps512, true),
            Self::EcdsaP256Sha256 => (KeyAlgorithm::Es256, true),
            Self::Ed25519 => (KeyAlgorithm::EdDsa, true),
        }
    }
}

/// The algorithms of tokens or messages that a definition names, at least one.
pub(super) fn algorithms(form: &mut SchemeForm) -> Result<Vec<KeyAlgorithm>, String> {
    let named = form.algorithms.take().unwrap_or_default();
    if named.is_empty() {
        return Err("`algorithms` names none, so that no signature would be accepted".into());
    }
    let of_messages = form.kind == KindForm::Message;
    let read = |name: AlgorithmForm| match name.read() {
        (algorithm, is_of_messages) if is_of_messages == of_messages => Ok(algorithm),
        _ => Err(format!(
            "`algorithms` has `{name}`, which is the name in another kind"
        )),
    };
    named.into_iter().map(read).collect()
}

/// The label of a signature, a key of RFC 9651.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^[a-z*][a-z0-9_.*-]*$")))]
#[serde(try_from = "String")]
pub(super) struct LabelForm(String);

impl TryFrom<String> for LabelForm {
    type Error = String;

    fn try_from(label: String) -> Result<Self, String> {
        match sfv::Key::from_string(label) {
            Ok(label) => Ok(Self(label.to_string())),
            Err((error, _)) => Err(format!("it is no label of a signature: {error}")),
        }
    }
}

/// A component, by its name with its parameters.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r#"^[^"A-Z]+(;.+)?$"#)))]
#[serde(try_from = "String")]
pub(super) struct ComponentForm(String);

impl TryFrom<String> for ComponentForm {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (name, parameters) = text.split_at(text.find(';').unwrap_or(text.len()));
        let item = Parser::new(&format!("\"{name}\"{parameters}")).parse::<Item>();
        let item = item.map_err(|_| format!("`{}` is no component", text.escape_debug()))?;
        check_component(&item)?;
        Ok(Self(item.serialize()))
    }
}

/// What the signatures of a scheme are like.
pub(super) fn message_rules(form: &mut SchemeForm) -> Result<MessageRules, String> {
    let algorithms = algorithms(form)?;
    if form.timestamp.unit != TimeUnit::Seconds {
        return Err("`timestamp.unit` is given, but the times of signatures are seconds".into());
    }
    let components = form.components.take().ok_or("missing field `components`")?;
    let components: Vec<_> = components
        .into_iter()
        .map(|component| component.0)
        .collect();
    let mut rest = components.as_slice();
    while let Some((first, others)) = rest.split_first() {
        if others.contains(first) {
            return Err(format!("`components` has {first} twice"));
        }
        rest = others;
    }
    let digest = form.digest.unwrap_or(Digest::Sha256);
    let encoding = form.encoding.unwrap_or(MacEncoding::Base64);
    if digest == Digest::Sha1 {
        return Err("`digest` is sha1, which no digest of content is".into());
    }
    if encoding.is_hex() {
        return Err("`encoding` is hexadecimal, in which no bytes of a field are".into());
    }
    Ok(MessageRules {
        label: form.label.take().map(|label| label.0),
        tag: form.tag.take(),
        components,
        parameters: form.parameters.take().unwrap_or_default(),
        algorithms,
        lifetime_seconds: form.lifetime_seconds,
        digest,
        encoding,
        key_members: form.key_members.take().unwrap_or_default(),
        normalize_url: form.normalize_url.unwrap_or_default(),
    })
}

/// What of a request is signed.
pub(super) fn signed(rules: &MessageRules) -> Result<Template, String> {
    let variable = |component: &String| {
        let name = component.trim_start_matches('"');
        let (name, parameters) = name.split_once('"').unwrap_or((name, ""));
        match name {
            "@method" => "{method}".into(),
            "@target-uri" | "@authority" | "@scheme" => "{url}".into(),
            "@request-target" | "@path" | "@query" => "{target}".into(),
            "@query-param" => {
                let name = parameters.trim_start_matches(";name=").trim_matches('"');
                format!("{{query:{name}}}")
            }
            "content-digest" if parameters.is_empty() => "{body}".into(),
            name => format!("{{header:{name}}}"),
        }
    };
    let variables: String = rules.components.iter().map(variable).collect();
    Template::of_any(&variables)
}

/// How the signature stands in its field.
pub(super) fn layout(rules: &MessageRules) -> ValueLayout {
    ValueLayout {
        parts: vec![ValuePart {
            prefix: format!("{}=:", rules.sent_label()),
            variable: PartVariable::Signature,
            suffix: ":".into(),
        }],
        separator: None,
        reading: PartOrder::Positional,
    }
}
