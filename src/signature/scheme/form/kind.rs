//! What is peculiar to the kind of a scheme, and which fields of a definition go with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::super::template::Template;
use super::super::super::{JwtRules, PairKind};
use super::super::{Digest, SchemeKind, TimeUnit};
use super::{DsaForm, KindForm, SchemeForm};

/// The kind, with the fields that are its own.
pub(super) fn kind_of(form: &mut SchemeForm) -> Result<SchemeKind, String> {
    let pair = match form.kind {
        KindForm::Token => return Ok(SchemeKind::Token),
        KindForm::Jwt => {
            return Ok(SchemeKind::Jwt {
                rules: Arc::new(jwt_rules(form)?),
                secret: form.secret.take().unwrap_or_default(),
            });
        }
        KindForm::Hmac | KindForm::Hash => None,
        KindForm::Ed25519 => Some(PairKind::Ed25519),
        KindForm::Ecdsa if form.dsa_encoding == Some(DsaForm::P1363) => Some(PairKind::EcdsaRaw),
        KindForm::Ecdsa => Some(PairKind::Ecdsa),
        KindForm::Rsa => Some(PairKind::Rsa),
    };
    let secret = form.secret.take().unwrap_or_default();
    let Some(kind) = pair else {
        let digest = form.digest.ok_or("missing field `digest`")?;
        return Ok(match form.kind {
            KindForm::Hash => SchemeKind::Hash { digest, secret },
            _ => SchemeKind::Hmac { digest, secret },
        });
    };
    let digest = form.digest.unwrap_or(Digest::Sha256);
    if !kind.takes(digest) {
        return Err(format!(
            "`digest` is {digest}, with which {kind} is not used here"
        ));
    }
    Ok(SchemeKind::Pair {
        kind,
        digest,
        secret,
    })
}

/// That no field is given that says nothing of a scheme of this kind.
pub(super) fn check_given(form: &SchemeForm) -> Result<(), String> {
    let is_jwt = form.kind == KindForm::Jwt;
    let is_token = form.kind == KindForm::Token;
    let given = [
        ("signed", form.signed.is_some(), is_token || is_jwt),
        ("digest", form.digest.is_some(), is_token || is_jwt),
        ("encoding", form.encoding.is_some(), is_token || is_jwt),
        ("secret", form.secret.is_some(), is_token),
        (
            "dsa_encoding",
            form.dsa_encoding.is_some(),
            form.kind != KindForm::Ecdsa,
        ),
        ("algorithms", form.algorithms.is_some(), !is_jwt),
        ("claims", form.claims.is_some(), !is_jwt),
        ("also_sent", form.also_sent.is_some(), !is_jwt),
        ("lifetime_seconds", form.lifetime_seconds.is_some(), !is_jwt),
        ("timestamp.claim", form.timestamp.claim.is_some(), !is_jwt),
    ];
    let mut wrong = given
        .iter()
        .filter(|(_, is_given, is_idle)| *is_given && *is_idle);
    match wrong.next() {
        Some((field, ..)) if is_token => {
            Err(format!("`{field}` is given, but a token signs nothing"))
        }
        Some((field, ..)) => Err(format!(
            "`{field}` is given, which this kind has no use for"
        )),
        None => Ok(()),
    }
}

/// What the tokens of a scheme are like.
fn jwt_rules(form: &mut SchemeForm) -> Result<JwtRules, String> {
    let algorithms = form.algorithms.take().unwrap_or_default();
    if algorithms.is_empty() {
        return Err("`algorithms` names none, so that no token would be accepted".into());
    }
    if form.timestamp.unit != TimeUnit::Seconds {
        return Err("`timestamp.unit` is given, but the times of tokens are seconds".into());
    }
    let time_claim = form.timestamp.claim.take();
    let templates = |field: &str, claims: Option<BTreeMap<String, String>>| {
        let claims = claims.unwrap_or_default().into_iter();
        let template = |(name, text): (String, String)| {
            let is_own = Some(&name) == time_claim.as_ref() || name == "exp";
            let template = Template::of_any(&text).map_err(|e| format!("`{field}.{name}`: {e}"))?;
            if is_own {
                return Err(format!(
                    "`{field}` has `{name}`, which is a time of its own"
                ));
            }
            Ok((name, template))
        };
        claims.map(template).collect::<Result<Vec<_>, String>>()
    };
    Ok(JwtRules {
        algorithms,
        claims: templates("claims", form.claims.take())?,
        also_sent: templates("also_sent", form.also_sent.take())?,
        time_claim,
        lifetime_seconds: form.lifetime_seconds,
    })
}
