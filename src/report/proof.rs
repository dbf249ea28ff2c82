//! How a provider proves its deliveries, for `webhook providers show`.

use crate::provider::ProviderSetting;
use crate::signature::{JwtRules, MessageRules, Scheme, SchemeKind, SecretEncoding};

/// What is signed, how, and with what.
pub(super) fn proof(scheme: &Scheme) -> Vec<(&'static str, String)> {
    let signed = ("signed", scheme.signed.to_string());
    let mac = |kind: &str| format!("{kind}, {}", scheme.encoding);
    let secret = scheme.secret();
    let prefix = secret.prefix.as_ref();
    let prefix = prefix.map(|prefix| format!(", without its `{prefix}`"));
    let prefix = prefix.unwrap_or_default();
    let shared = ("secret", format!("used as {}{prefix}", secret.encoding));
    let public = match secret.encoding {
        SecretEncoding::Text | SecretEncoding::Pem => "PEM".to_owned(),
        encoding => format!("{encoding}{prefix}, or PEM"),
    };
    match &scheme.kind {
        SchemeKind::Hmac { digest, .. } => {
            let digest = digest.to_string().to_uppercase();
            vec![signed, ("MAC", mac(&format!("HMAC-{digest}"))), shared]
        }
        SchemeKind::Hash { digest, .. } => {
            let digest = digest.to_string().to_uppercase();
            vec![signed, ("MAC", mac(&digest)), shared]
        }
        SchemeKind::Pair { kind, .. } => {
            let key = format!("public, {public}; to sign, the private one in PEM");
            vec![signed, ("signature", mac(&kind.to_string())), ("key", key)]
        }
        SchemeKind::Jwt { rules, .. } => {
            token_facts(rules, scheme.shares_secret().then_some(shared))
        }
        SchemeKind::Message { rules, .. } => {
            message_facts(rules, scheme.shares_secret().then_some(shared))
        }
        SchemeKind::Token => {
            let nothing = "nothing: the secret itself is sent".into();
            vec![("signed", nothing), shared]
        }
    }
}

/// What the JSON Web Tokens of a scheme have, and with what they are signed.
fn token_facts(
    rules: &JwtRules,
    shared: Option<(&'static str, String)>,
) -> Vec<(&'static str, String)> {
    let algorithms: Vec<_> = rules.algorithms.iter().map(ToString::to_string).collect();
    let claims = rules.claims.iter();
    let claims = claims.map(|(name, is)| ("claim", format!("{name} = {is}")));
    let times = [
        ("time in", rules.time_claim.clone()),
        ("ends in", rules.lifetime_seconds.map(|_| "exp".into())),
    ];
    let times = times
        .into_iter()
        .filter_map(|(label, claim)| Some((label, format!("claim {}", claim?))));
    let key = "a JWK, a set of them, or PEM; to sign, a private one".into();
    let mut facts = vec![("signature", algorithms.join(", "))];
    facts.extend(claims.chain(times));
    facts.push(shared.unwrap_or(("key", key)));
    facts
}

/// What an HTTP message signature covers and says, and with what it is made.
fn message_facts(
    rules: &MessageRules,
    shared: Option<(&'static str, String)>,
) -> Vec<(&'static str, String)> {
    let algorithms = rules.algorithms.iter();
    let algorithms: Vec<_> = algorithms.map(|it| it.http_name()).collect();
    let covered = rules.components.iter().map(|name| name.replace('"', ""));
    let covered: Vec<_> = covered.collect();
    let parameters = rules.parameters.iter().map(ToString::to_string);
    let parameters: Vec<_> = std::iter::once("created".into())
        .chain(parameters)
        .collect();
    let key = "a JWK, a set of them, or PEM; to sign, a private one".into();
    let mut facts = vec![
        ("signed", covered.join(", ")),
        ("parameters", parameters.join(", ")),
        ("signature", algorithms.join(", ")),
    ];
    facts.extend(rules.tag.iter().map(|tag| ("tag", tag.clone())));
    let ends = rules.lifetime_seconds;
    facts.extend(ends.map(|most| ("ends in", format!("expires, {most} s at most"))));
    facts.push(shared.unwrap_or(("key", key)));
    facts
}

/// The signatures that may stand beside the first.
pub(super) fn beside(scheme: &Scheme) -> Vec<(&'static str, String)> {
    let others = scheme.also_signed.iter();
    let others = others.map(|other| {
        let sent = if other.is_sent {
            ""
        } else {
            ", accepted and not sent"
        };
        let value = other.describe(&other.value);
        (
            "beside it",
            format!("{}: {value}{sent}", other.proof.name()),
        )
    });
    others.collect()
}

/// The settings of a provider, with what they are and how each is given.
pub(super) fn settings(settings: &[ProviderSetting]) -> Vec<(&str, String)> {
    let settings = settings.iter().map(|setting| {
        let variable = setting.env.as_ref();
        let variable = variable.map_or_else(String::new, |name| format!(" or `{name}`"));
        let (name, default) = (&setting.name, &setting.default);
        let given = format!("`--setting {name}=…`{variable}, by default `{default}`");
        (name.as_str(), format!("{}: {given}", setting.about))
    });
    settings.collect()
}
