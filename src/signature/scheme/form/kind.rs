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

/// The kinds that sign a message.
const SIGNING: &[KindForm] = &[
    KindForm::Hmac,
    KindForm::Hash,
    KindForm::Ed25519,
    KindForm::Ecdsa,
    KindForm::Rsa,
];
/// The kinds whose members are those of JSON Web Tokens.
const JWT: &[KindForm] = &[KindForm::Jwt];
/// Whether a field is given.
type IsGiven = fn(&SchemeForm) -> bool;
/// The fields that say nothing of schemes of other kinds than these.
const OF_KINDS: [(&str, &[KindForm], IsGiven); 10] = [
    ("signed", SIGNING, |form| form.signed.is_some()),
    ("digest", SIGNING, |form| form.digest.is_some()),
    ("encoding", SIGNING, |form| form.encoding.is_some()),
    (
        "secret",
        &[
            KindForm::Hmac,
            KindForm::Hash,
            KindForm::Ed25519,
            KindForm::Ecdsa,
            KindForm::Rsa,
            KindForm::Jwt,
        ],
        |form| form.secret.is_some(),
    ),
    ("dsa_encoding", &[KindForm::Ecdsa], |form| {
        form.dsa_encoding.is_some()
    }),
    ("algorithms", JWT, |form| form.algorithms.is_some()),
    ("claims", JWT, |form| form.claims.is_some()),
    ("also_sent", JWT, |form| form.also_sent.is_some()),
    ("lifetime_seconds", JWT, |form| {
        form.lifetime_seconds.is_some()
    }),
    ("timestamp.claim", JWT, |form| {
        form.timestamp.claim.is_some()
    }),
];

/// That no field is given that says nothing of a scheme of this kind.
pub(super) fn check_given(form: &SchemeForm) -> Result<(), String> {
    let mut given = OF_KINDS.iter().filter(|(.., is_given)| is_given(form));
    match given.find(|(_, kinds, _)| !kinds.contains(&form.kind)) {
        Some((field, ..)) if form.kind == KindForm::Token => {
            Err(format!("`{field}` is given, but a token signs nothing"))
        }
        Some((field, ..)) => Err(format!(
            "`{field}` is given, which this kind has no use for"
        )),
        None => Ok(()),
    }
}

/// Says in the JSON Schema of a scheme which fields go with which kind, and that a proof stands at one place.
#[cfg(test)]
pub(super) fn conditions(schema: &mut schemars::Schema) {
    use serde_json::{Value, json};

    let is_of = |kinds: &[KindForm]| {
        // Where no kind is named, it is the default.
        let named: &[&str] = if kinds.contains(&KindForm::default()) {
            &[]
        } else {
            &["kind"]
        };
        json!({"properties": {"kind": {"enum": kinds}}, "required": named})
    };
    let given = |field: &str| json!({"properties": {field: {"not": {"type": "null"}}}, "required": [field]});
    let idle = OF_KINDS.map(|(field, kinds, _)| {
        let mut never = json!({"type": "null"});
        for name in field.rsplit('.') {
            never = json!({"properties": {name: never}});
        }
        json!({"if": {"not": is_of(kinds)}, "then": never})
    });
    let needed: [(&str, &[KindForm]); 4] = [
        ("signed", SIGNING),
        ("encoding", SIGNING),
        ("digest", &[KindForm::Hmac, KindForm::Hash]),
        ("algorithms", JWT),
    ];
    let needed = needed.map(|(field, kinds)| json!({"if": is_of(kinds), "then": given(field)}));
    let places = ["header", "path", "query", "form"].map(given);
    let all: Vec<Value> = idle.into_iter().chain(needed).collect();
    schema.insert("allOf".into(), all.into());
    schema.insert("oneOf".into(), places.to_vec().into());
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
