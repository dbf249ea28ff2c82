//! How a scheme stands in a definition, and what has to hold before it is one.

mod kind;
mod layout;
mod message;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::message_proof::SIGNATURE;
use super::super::template::Template;
use super::super::{MessageParameter, SecretForm, ValueSource};
use super::check::check;
use super::{Digest, MacEncoding, Scheme, SchemeKind, TimeUnit, Tolerance, ValueLayout, Variant};
use kind::{check_given, kind_of};
use message::{AlgorithmForm, ComponentForm, LabelForm};

use crate::json::Path;

/// The fields of a definition's `signature`, each right in itself. Together they are a scheme where it
/// can sign, and verifies what it signed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transform = kind::conditions))]
#[serde(deny_unknown_fields)]
pub struct SchemeForm {
    /// What proves a delivery; which other members there are depends on it.
    #[serde(default)]
    kind: KindForm,
    /// The header that holds the signature, or several of which one is enough, as one of each key. Instead of
    /// it, one of `path`, `query` and `form` may say where it stands.
    #[serde(default)]
    header: HeaderNamesForm,
    /// The path in the JSON body at which the signature stands.
    path: Option<Path>,
    /// The field of the query that holds the signature.
    query: Option<String>,
    /// The field of the form that holds the signature.
    form: Option<String>,
    /// What stands there.
    value: Option<ValueLayout>,
    /// Other layouts that are accepted, each with the note that it earns.
    #[serde(default)]
    also_accepted: Vec<Variant>,
    /// The header of its own that holds the timestamp: the short form of `timestamp`.
    timestamp_header: Option<HeaderNameForm>,
    /// Where the timestamp stands, where it has a place of its own, and how it is written.
    #[serde(default)]
    timestamp: TimeForm,
    /// The header that holds the `{id}` that is signed.
    id_header: Option<HeaderNameForm>,
    /// The bytes under the signature, with variables in braces.
    signed: Option<Template>,
    /// The hash function.
    digest: Option<Digest>,
    /// How the signature is written.
    encoding: Option<MacEncoding>,
    /// How the secret's text becomes the key; where it is left out, the text is the key.
    secret: Option<SecretForm>,
    /// How a signature of ECDSA is written; where it is left out, in DER.
    dsa_encoding: Option<DsaForm>,
    /// How old a signature may be, where a time is signed.
    tolerance: Option<Tolerance>,
    /// Whether receivers may refuse a signature that they took before, as each has a text that no other has;
    /// of an HTTP message signature with a `nonce` they always may.
    single_use: Option<bool>,
    /// The algorithms that are accepted, whatever a token or a message says of itself, by their names in tokens or
    /// in HTTP message signatures; it is signed with the first.
    #[cfg_attr(test, schemars(extend("minItems" = 1)))]
    algorithms: Option<Vec<AlgorithmForm>>,
    /// The claims that have to be there, each with what it is, as `{body|sha256|hex}`.
    claims: Option<BTreeMap<String, String>>,
    /// Claims that are sent and not looked at.
    also_sent: Option<BTreeMap<String, String>>,
    /// For how many seconds a token or an HTTP message signature is good, of which it then has to say the end.
    lifetime_seconds: Option<u64>,
    /// The components that an HTTP message signature has to cover, in the order in which they are sent, as
    /// `@method`, `content-type` or `@query-param;name="id"`. Where `content-digest` is one, it has to be that of
    /// the body.
    components: Option<Vec<ComponentForm>>,
    /// The parameters that an HTTP message signature has to have beside `created`.
    parameters: Option<Vec<MessageParameter>>,
    /// The label of the HTTP message signature; where it is left out, it is sent as `sig1`, and read under any.
    label: Option<LabelForm>,
    /// The tag by which the HTTP message signature is told from others.
    tag: Option<String>,
    /// What a JWK has to say of itself: a member, and the texts of which it has one.
    key_members: Option<BTreeMap<String, Vec<String>>>,
    /// Whether an HTTP message signature has the URL in its normal form, RFC 3986, section 6.2.2: where it is left
    /// out, as it is sent.
    normalize_url: Option<bool>,
    /// Other signatures that stand on the same request, or in the place of the first, each with the members of a
    /// `signature` and made with the same secret where that is one of theirs.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<SchemeForm>"))]
    also_signed: Vec<Scheme>,
    /// Of one of `also_signed`: whether every delivery is sent with it, or it is only accepted; where it is left
    /// out, it is sent.
    sent: Option<bool>,
}

/// How a signature of ECDSA is written, by the names that OpenSSL and Node have for it.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
enum DsaForm {
    /// As ASN.1 has it.
    #[serde(rename = "der")]
    Der,
    /// As two numbers of 32 bytes.
    #[serde(rename = "ieee-p1363")]
    P1363,
}

/// What proves a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "lowercase")]
enum KindForm {
    /// A keyed hash over a shared secret, RFC 2104.
    #[default]
    Hmac,
    /// A hash without a key, over a message that holds the shared secret.
    Hash,
    /// A signature with Ed25519, RFC 8032.
    Ed25519,
    /// A signature with ECDSA over P-256 and SHA-256.
    Ecdsa,
    /// A signature with RSA and the padding of PKCS #1 v1.5.
    Rsa,
    /// A JSON Web Token, RFC 7519.
    Jwt,
    /// An HTTP message signature, RFC 9421, with the digest of the content of RFC 9530.
    #[serde(rename = "http-signatures")]
    Message,
    /// The secret itself, which signs nothing.
    Token,
}

/// Where the timestamp stands, where it is not in the value, and how it is written.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
struct TimeForm {
    /// The header that holds it. Instead of it, one of `path`, `query` and `form` may say where it stands.
    header: Option<HeaderNameForm>,
    /// The path in the JSON body at which it stands.
    path: Option<Path>,
    /// The field of the query that holds it.
    query: Option<String>,
    /// The field of the form that holds it.
    form: Option<String>,
    /// The claim of a token that holds it, as `iat`.
    claim: Option<String>,
    /// How it is written.
    unit: TimeUnit,
}

/// The names of the headers that hold the signature, at least one.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "OneOrMore"))]
#[serde(try_from = "OneOrMore")]
struct HeaderNamesForm(Vec<String>);

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "expected the name of a header or a list of them"
)]
enum OneOrMore {
    /// One header.
    #[cfg_attr(test, schemars(with = "HeaderNameForm"))]
    One(String),
    /// Several.
    #[cfg_attr(test, schemars(with = "Vec<HeaderNameForm>", extend("minItems" = 1)))]
    More(Vec<String>),
}

impl TryFrom<OneOrMore> for HeaderNamesForm {
    type Error = String;

    fn try_from(names: OneOrMore) -> Result<Self, String> {
        let names = match names {
            OneOrMore::One(name) => vec![name],
            OneOrMore::More(names) if names.is_empty() => return Err("no header is named".into()),
            OneOrMore::More(names) => names,
        };
        for name in &names {
            check_token("name of a header", name)?;
        }
        Ok(Self(names))
    }
}

/// The places of a value as a definition names them, of which one may be given: headers, of which there
/// may be several, a path, a field of the query, a field of a form.
type Places = (Vec<String>, Option<Path>, Option<String>, Option<String>);

/// The one place, or the several headers, that are given.
fn sources((headers, path, query, form): Places) -> Result<Vec<ValueSource>, String> {
    let is_given = [
        !headers.is_empty(),
        path.is_some(),
        query.is_some(),
        form.is_some(),
    ];
    if is_given.iter().filter(|is_given| **is_given).count() > 1 {
        return Err("two of `header`, `path`, `query` and `form` are given for one value".into());
    }
    let headers = headers.into_iter().map(ValueSource::Header);
    Ok(headers
        .chain(path.map(ValueSource::Path))
        .chain(query.map(ValueSource::Query))
        .chain(form.map(ValueSource::Form))
        .collect())
}

/// The name of a header.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")))]
#[serde(try_from = "String")]
pub struct HeaderNameForm(pub String);

impl TryFrom<SchemeForm> for Scheme {
    type Error = String;

    fn try_from(mut form: SchemeForm) -> Result<Self, String> {
        check_given(&form)?;
        let kind = kind_of(&mut form)?;
        let (signed, encoding) = match &kind {
            SchemeKind::Token => (Template::default(), MacEncoding::Text),
            SchemeKind::Jwt { rules, .. } => {
                let claims = rules.claims.iter().map(|(_, is)| is);
                (Template::join(claims), MacEncoding::Jwt)
            }
            SchemeKind::Message { rules, .. } => (message::signed(rules)?, rules.encoding),
            _ => {
                let signed = form.signed.ok_or("missing field `signed`")?;
                (signed, form.encoding.ok_or("missing field `encoding`")?)
            }
        };
        let (header, value) = match &kind {
            SchemeKind::Message { rules, .. } => {
                (vec![SIGNATURE.into()], Some(message::layout(rules)))
            }
            _ => (form.header.0, form.value),
        };
        let proofs = (header, form.path, form.query, form.form);
        let mut proofs = sources(proofs)?.into_iter();
        let proof = proofs.next().ok_or("missing field `header`")?;
        let time = form.timestamp;
        let time_headers = time.header.into_iter().chain(form.timestamp_header);
        let time_headers = time_headers.map(|name| name.0).collect();
        let time_sources = sources((time_headers, time.path, time.query, time.form))?;
        if time_sources.len() > 1 {
            return Err("both `timestamp` and `timestamp_header` name a header".into());
        }
        let has_nonce = matches!(
            &kind,
            SchemeKind::Message { rules, .. } if rules.parameters.contains(&MessageParameter::Nonce)
        );
        let scheme = Self {
            kind,
            proof,
            more_proofs: proofs.collect(),
            value: value.ok_or("missing field `value`")?,
            also_accepted: form.also_accepted,
            time_source: time_sources.into_iter().next(),
            time_unit: time.unit,
            id_header: form.id_header.map(|name| name.0),
            signed,
            encoding,
            tolerance: form.tolerance,
            also_signed: form.also_signed,
            is_sent: form.sent.unwrap_or(true),
            is_single_use: form.single_use.unwrap_or(has_nonce),
        };
        check(&scheme)?;
        Ok(scheme)
    }
}

impl TryFrom<String> for HeaderNameForm {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        check_token("name of a header", &name).map(|()| Self(name))
    }
}

/// Fails, saying that it is no `what`, where a text is no token of RFC 9110: those are the names of
/// headers and the methods.
pub fn check_token(what: &str, text: &str) -> Result<(), String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_token) {
        Ok(())
    } else {
        Err(format!("`{}` is no {what}", text.escape_debug()))
    }
}
