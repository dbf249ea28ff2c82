//! What is peculiar to the kind of a scheme, and which fields of a definition go with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::super::template::Template;
use super::super::super::{JwtRules, PairKind};
use super::super::{Digest, SchemeKind, TimeUnit};
use super::message::{algorithms, message_rules};
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
        KindForm::Message => {
            return Ok(SchemeKind::Message {
                rules: Arc::new(message_rules(form)?),
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
/// The kinds whose members are those of HTTP message signatures, which stand where RFC 9421 has them.
const MESSAGE: &[KindForm] = &[KindForm::Message];
/// The kinds whose signature says itself what it is over.
const TELLING: &[KindForm] = &[KindForm::Jwt, KindForm::Message];
/// The kinds that say with which hash function and how they write bytes.
const ENCODING: &[KindForm] = &[
    KindForm::Hmac,
    KindForm::Hash,
    KindForm::Ed25519,
    KindForm::Ecdsa,
    KindForm::Rsa,
    KindForm::Message,
];
/// The kinds whose signature stands where a definition says, and as it does.
const PLACED: &[KindForm] = &[
    KindForm::Hmac,
    KindForm::Hash,
    KindForm::Ed25519,
    KindForm::Ecdsa,
    KindForm::Rsa,
    KindForm::Jwt,
    KindForm::Token,
];
/// Whether a field is given.
type IsGiven = fn(&SchemeForm) -> bool;
/// The fields that say nothing of schemes of other kinds than these.
const OF_KINDS: [(&str, &[KindForm], IsGiven); 28] = [
    ("header", PLACED, |form| !form.header.0.is_empty()),
    ("path", PLACED, |form| form.path.is_some()),
    ("query", PLACED, |form| form.query.is_some()),
    ("form", PLACED, |form| form.form.is_some()),
    ("value", PLACED, |form| form.value.is_some()),
    ("also_accepted", PLACED, |form| {
        !form.also_accepted.is_empty()
    }),
    ("timestamp_header", PLACED, |form| {
        form.timestamp_header.is_some()
    }),
    ("timestamp.header", PLACED, |form| {
        form.timestamp.header.is_some()
    }),
    ("timestamp.path", PLACED, |form| {
        form.timestamp.path.is_some()
    }),
    ("timestamp.query", PLACED, |form| {
        form.timestamp.query.is_some()
    }),
    ("timestamp.form", PLACED, |form| {
        form.timestamp.form.is_some()
    }),
    ("id_header", PLACED, |form| form.id_header.is_some()),
    ("signed", SIGNING, |form| form.signed.is_some()),
    ("digest", ENCODING, |form| form.digest.is_some()),
    ("encoding", ENCODING, |form| form.encoding.is_some()),
    (
        "secret",
        &[
            KindForm::Hmac,
            KindForm::Hash,
            KindForm::Ed25519,
            KindForm::Ecdsa,
            KindForm::Rsa,
            KindForm::Jwt,
            KindForm::Message,
        ],
        |form| form.secret.is_some(),
    ),
    ("dsa_encoding", &[KindForm::Ecdsa], |form| {
        form.dsa_encoding.is_some()
    }),
    ("algorithms", TELLING, |form| form.algorithms.is_some()),
    ("claims", JWT, |form| form.claims.is_some()),
    ("also_sent", JWT, |form| form.also_sent.is_some()),
    ("lifetime_seconds", TELLING, |form| {
        form.lifetime_seconds.is_some()
    }),
    ("components", MESSAGE, |form| form.components.is_some()),
    ("parameters", MESSAGE, |form| form.parameters.is_some()),
    ("label", MESSAGE, |form| form.label.is_some()),
    ("tag", MESSAGE, |form| form.tag.is_some()),
    ("key_members", MESSAGE, |form| form.key_members.is_some()),
    ("normalize_url", MESSAGE, |form| {
        form.normalize_url.is_some()
    }),
    // The claim of a token alone.
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
    let needed: [(&str, &[KindForm]); 6] = [
        ("value", PLACED),
        ("components", MESSAGE),
        ("signed", SIGNING),
        ("encoding", SIGNING),
        ("digest", &[KindForm::Hmac, KindForm::Hash]),
        ("algorithms", TELLING),
    ];
    let needed = needed.map(|(field, kinds)| json!({"if": is_of(kinds), "then": given(field)}));
    let places = ["header", "path", "query", "form"].map(given);
    let place = json!({"if": is_of(PLACED), "then": {"oneOf": places}});
    let all: Vec<Value> = idle.into_iter().chain(needed).chain([place]).collect();
    schema.insert("allOf".into(), all.into());
}

/// What the tokens of a scheme are like.
fn jwt_rules(form: &mut SchemeForm) -> Result<JwtRules, String> {
    let algorithms = algorithms(form)?;
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
