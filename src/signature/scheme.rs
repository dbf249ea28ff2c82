//! The language in which a provider's definition describes its signature.
//!
//! It has to be able to say, with no new code, what Standard Webhooks, Stripe, GitHub, Shopify and
//! Slack do; the definitions in `tests/definitions` hold it to that. A scheme that is read from a
//! definition is one that can sign, and that verifies what it signed.

mod check;
mod form;
mod kind;

use serde::Deserialize;

use super::template::{Template, TemplatePiece};
use super::{
    Digest, JwtRules, MacEncoding, MessageRules, PairKind, SecretForm, TimeUnit, ValueLayout,
    ValueSource, Variant,
};
use crate::delivery::Request;
use crate::json::JsonFields;
use form::SchemeForm;

pub use form::check_token;
pub use kind::SchemeKind;

/// How a provider signs.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "SchemeForm"))]
#[serde(try_from = "SchemeForm")]
pub struct Scheme {
    /// What is peculiar to the kind of signature.
    pub kind: SchemeKind,
    /// Where the signature stands.
    pub proof: ValueSource,
    /// Where others may stand beside it, as one of each key.
    pub more_proofs: Vec<ValueSource>,
    /// The layout of what stands there, as it is sent.
    pub value: ValueLayout,
    /// Other layouts that are accepted, each with the note that it earns.
    pub also_accepted: Vec<Variant>,
    /// The place of its own in which the timestamp travels, where it has one.
    pub time_source: Option<ValueSource>,
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
    /// Other signatures that stand on the same request, each made with the same secret, such as those of
    /// the scheme before this one.
    pub also_signed: Vec<Self>,
    /// Whether it is sent where it is one of those, or only accepted.
    pub is_sent: bool,
    /// Whether receivers may refuse a signature that they took before.
    pub is_single_use: bool,
}

/// How old, or how far ahead, a signature may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// The greatest age in seconds that is accepted.
    pub past_seconds: u64,
    /// The greatest lead in seconds; `None` where documented receivers reject only the past.
    pub future_seconds: Option<u64>,
}

impl Scheme {
    /// The header that holds the signature, where one does.
    pub fn header(&self) -> Option<&str> {
        self.proof.header()
    }

    /// Every place where a signature may stand, that at which it is sent first.
    pub fn proofs(&self) -> impl Iterator<Item = &ValueSource> {
        std::iter::once(&self.proof).chain(&self.more_proofs)
    }

    /// Every scheme by which a request may be signed: this one, then those beside it.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.also_signed)
    }

    /// Whether a request presents a proof, right or not; `fields` are those of its body.
    pub fn is_presented(&self, request: &Request, fields: Option<&JsonFields<'_>>) -> bool {
        self.all().any(|scheme| scheme.is_there(request, fields))
    }

    /// Whether every signature that is sent is there, and how many are: where two providers share a header,
    /// the others tell them apart.
    pub fn presence(&self, request: &Request, fields: Option<&JsonFields<'_>>) -> (bool, usize) {
        let is_there = |scheme: &&Self| scheme.is_there(request, fields);
        let mut sent = self.all().filter(|scheme| scheme.is_sent);
        (
            sent.all(|scheme| is_there(&scheme)),
            self.all().filter(is_there).count(),
        )
    }

    /// Whether its own signature is there, right or not.
    fn is_there(&self, request: &Request, fields: Option<&JsonFields<'_>>) -> bool {
        self.proofs().any(|source| source.is_in(request, fields))
    }

    /// The place among [`all`](Self::all) of the scheme whose signature decides about a request: the one
    /// that was `asked` for by the header or other place that it stands in, else the first that is there.
    pub fn deciding(&self, request: &Request, asked: Option<&str>) -> usize {
        if self.also_signed.is_empty() {
            return 0;
        }
        let is_asked = |scheme: &Self| asked.is_some_and(|name| scheme.stands_in(name));
        // Most stand in headers, for which no body is read.
        let in_body = self.all().any(Self::is_in_body);
        let fields = in_body.then(|| JsonFields::new(&request.body)).flatten();
        let is_there = |scheme: &Self| scheme.is_there(request, fields.as_ref());
        let place = |is: &dyn Fn(&Self) -> bool| self.all().position(is);
        let found = place(&is_asked).or_else(|| place(&is_there));
        found.unwrap_or_default()
    }

    /// Whether its signature stands in the header, or at the other place, of this name.
    pub fn stands_in(&self, name: &str) -> bool {
        self.proofs()
            .any(|source| source.name().eq_ignore_ascii_case(name))
    }

    /// Whether something of the proof stands in the body.
    pub fn is_in_body(&self) -> bool {
        let mut places = self.proofs().chain(&self.time_source);
        places.any(ValueSource::is_in_body)
    }

    /// Whether a time is signed.
    pub fn signs_time(&self) -> bool {
        let is_covered = |source| self.signed.covers(source);
        self.signed.has(&TemplatePiece::Timestamp)
            || self.jwt().is_some_and(|rules| rules.time_claim.is_some())
            || self.message().is_some()
            || self.time_source.as_ref().is_some_and(is_covered)
    }

    /// Whether a signature is right for one body alone.
    pub fn covers_body(&self) -> bool {
        self.signed.covers_body()
    }

    /// Whether both sides have the same secret, and not each a half of a key pair.
    pub fn shares_secret(&self) -> bool {
        self.pair_kind().is_none()
    }

    /// The key pairs that it takes; `None` where both sides have the same secret.
    pub fn pair_kind(&self) -> Option<PairKind> {
        match &self.kind {
            SchemeKind::Pair { kind, .. } => Some(*kind),
            SchemeKind::Message { rules, .. } => Some(rules.algorithms.first()?.pair()?.0),
            SchemeKind::Jwt { rules, .. } => Some(rules.algorithms.first()?.pair()?.0),
            SchemeKind::Hmac { .. } | SchemeKind::Hash { .. } | SchemeKind::Token => None,
        }
    }

    /// What its JSON Web Tokens are like, where those are what proves.
    pub fn jwt(&self) -> Option<&JwtRules> {
        match &self.kind {
            SchemeKind::Jwt { rules, .. } => Some(rules),
            _ => None,
        }
    }

    /// What its HTTP message signatures are like, where those are what proves.
    pub fn message(&self) -> Option<&MessageRules> {
        match &self.kind {
            SchemeKind::Message { rules, .. } => Some(rules),
            _ => None,
        }
    }

    /// Whether the signature says itself what it is over and when it was made, as a token does.
    pub const fn tells_content(&self) -> bool {
        matches!(
            self.kind,
            SchemeKind::Jwt { .. } | SchemeKind::Message { .. }
        )
    }

    /// The length of a signature in bytes, where all have the same.
    pub(super) const fn signature_size(&self) -> Option<usize> {
        match &self.kind {
            SchemeKind::Pair { kind, .. } => kind.signature_size(),
            SchemeKind::Hmac { digest, .. } | SchemeKind::Hash { digest, .. } => {
                Some(digest.size())
            }
            SchemeKind::Jwt { .. } | SchemeKind::Message { .. } | SchemeKind::Token => None,
        }
    }

    /// The pieces of what is signed before the body and those behind it, where a body can pass by in one
    /// go: it stands there once, holds nothing that is looked into, and goes into a hash.
    pub fn around_body(&self) -> Option<(&[TemplatePiece], &[TemplatePiece])> {
        let is_hashed = self.digest().is_some() || self.kind == SchemeKind::Token;
        let passes = is_hashed && !self.is_in_body();
        self.signed.around_body().filter(|_| passes)
    }

    /// The hash function of a MAC; `None` of tokens and of a key pair.
    pub const fn digest(&self) -> Option<Digest> {
        match &self.kind {
            SchemeKind::Hmac { digest, .. } | SchemeKind::Hash { digest, .. } => Some(*digest),
            SchemeKind::Pair { .. }
            | SchemeKind::Jwt { .. }
            | SchemeKind::Message { .. }
            | SchemeKind::Token => None,
        }
    }

    /// The same scheme with another hash function; a token stays one.
    pub(super) fn with_digest(&self, digest: Digest) -> Self {
        let mut scheme = self.clone();
        if let SchemeKind::Hmac { digest: own, .. } | SchemeKind::Hash { digest: own, .. } =
            &mut scheme.kind
        {
            *own = digest;
        }
        scheme
    }

    /// How the secret's text becomes the key.
    pub const fn secret(&self) -> &SecretForm {
        match &self.kind {
            SchemeKind::Hmac { secret, .. }
            | SchemeKind::Hash { secret, .. }
            | SchemeKind::Pair { secret, .. }
            | SchemeKind::Jwt { secret, .. }
            | SchemeKind::Message { secret, .. } => secret,
            SchemeKind::Token => &SecretForm::TEXT,
        }
    }

    /// What a person would call the form of a layout: `t=<unix seconds>,v1=<64 hex digits>`.
    pub fn describe(&self, layout: &ValueLayout) -> String {
        let size = self.signature_size();
        let of = size.map_or_else(|| "a signature".into(), |size| format!("{size} bytes"));
        let digits = size.map_or_else(String::new, |size| format!("{} ", size * 2));
        let mac = match self.encoding {
            MacEncoding::Hex => format!("<{digits}hex digits>"),
            MacEncoding::HexUpper => format!("<{digits}upper-case hex digits>"),
            MacEncoding::Base64 => format!("<base64 of {of}>"),
            MacEncoding::Base64Url => format!("<base64url of {of}>"),
            MacEncoding::Text => "<the secret>".into(),
            MacEncoding::Jwt => "<JSON Web Token>".into(),
        };
        layout.fill(Some(self.time_unit.blank()), &mac)
    }
}
