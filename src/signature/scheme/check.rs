//! What has to hold before the fields of a definition's `signature` are a scheme.

use super::super::layout::PartVariable;
use super::super::template::TemplatePiece;
use super::super::{MacEncoding, SecretEncoding, TimeUnit, ValueSource};
use super::{Scheme, SchemeKind};

/// That a scheme can sign, and verifies what it signed.
pub(super) fn check(scheme: &Scheme) -> Result<(), String> {
    check_places(scheme)?;
    check_separators(scheme)?;
    check_proof(scheme)?;
    check_timestamp(scheme)?;
    check_beside(scheme)?;
    match (&scheme.kind, scheme.signed.has(&TemplatePiece::Secret)) {
        (SchemeKind::Hash { .. }, false) => {
            return Err("`{secret}` is not signed, so anybody could make the hash".into());
        }
        (
            SchemeKind::Hmac { .. }
            | SchemeKind::Pair { .. }
            | SchemeKind::Jwt { .. }
            | SchemeKind::Message { .. },
            true,
        ) => {
            return Err("`{secret}` is signed, which is for the kind `hash` alone".into());
        }
        _ => {}
    }
    if scheme.secret().encoding == SecretEncoding::Pem && scheme.shares_secret() {
        return Err("`secret` is PEM, which is for key pairs alone".into());
    }
    if scheme.signed.has(&TemplatePiece::Id) && scheme.id_header.is_none() {
        return Err("`{id}` is signed, but no `id_header` holds it".into());
    }
    Ok(())
}

/// The signatures on one request stand at places of their own and are made with one secret.
fn check_beside(scheme: &Scheme) -> Result<(), String> {
    for other in &scheme.also_signed {
        if !other.also_signed.is_empty() {
            return Err("`also_signed` stands within `also_signed`".into());
        }
        if other.shares_secret() != scheme.shares_secret() {
            return Err(
                "`also_signed` has a key pair beside a shared secret, which are no one secret"
                    .into(),
            );
        }
    }
    let mut names: Vec<_> = scheme
        .all()
        .flat_map(Scheme::proofs)
        .map(ValueSource::name)
        .collect();
    names.sort_by_key(|name| name.to_ascii_lowercase());
    let mut pairs = names.windows(2);
    match pairs.find(|pair| pair[0].eq_ignore_ascii_case(&pair[1])) {
        Some(pair) => Err(format!(
            "two signatures stand in `{}`",
            pair[0].escape_debug()
        )),
        None => Ok(()),
    }
}

/// A token stands for itself, and a signature never does.
fn check_proof(scheme: &Scheme) -> Result<(), String> {
    let variants = scheme.also_accepted.iter().map(|variant| &variant.value);
    let mut parts = std::iter::once(&scheme.value)
        .chain(variants)
        .flat_map(|layout| &layout.parts);
    let (proof, other) = match scheme.kind {
        SchemeKind::Hmac { .. }
        | SchemeKind::Hash { .. }
        | SchemeKind::Pair { .. }
        | SchemeKind::Jwt { .. }
        | SchemeKind::Message { .. } => ("{signature}", PartVariable::Secret),
        SchemeKind::Token => ("{secret}", PartVariable::Signature),
    };
    match parts.find(|part| part.variable == other) {
        Some(_) => Err(format!(
            "of the kind `{}`, a part of `value` has `{proof}`",
            scheme.kind.name()
        )),
        None => Ok(()),
    }
}

/// What is written where stands at a place of its own, and signs nothing that it is made of.
fn check_places(scheme: &Scheme) -> Result<(), String> {
    let id = scheme.id_header.clone().map(ValueSource::Header);
    let all = scheme.proofs().chain(&scheme.time_source).chain(&id);
    let mut places: Vec<&ValueSource> = Vec::new();
    for place in all {
        let is_it = |other: &&ValueSource| match (place.header(), other.header()) {
            (Some(name), Some(other)) => name.eq_ignore_ascii_case(other),
            _ => place == *other,
        };
        if places.iter().any(is_it) {
            return Err(format!("{place} stands for two things"));
        }
        places.push(place);
    }
    if let Some(name) = places
        .iter()
        .filter_map(|place| place.header())
        .find(|name| scheme.signed.has_header(name))
    {
        return Err(format!(
            "`signed` has the header `{name}`, which is made of what is signed: `{{timestamp}}` and `{{id}}` stand for theirs"
        ));
    }
    match scheme.proofs().find(|place| scheme.signed.covers(place)) {
        Some(place) => Err(format!(
            "{place} holds the signature, and is signed with it"
        )),
        None => Ok(()),
    }
}

/// What is written in a value holds no separator of it.
fn check_separators(scheme: &Scheme) -> Result<(), String> {
    let variants = scheme.also_accepted.iter().map(|variant| &variant.value);
    let layouts = std::iter::once(&scheme.value).chain(variants);
    for layout in layouts.filter(|layout| layout.separator.is_some()) {
        let held = match (scheme.encoding, scheme.time_unit) {
            (_, TimeUnit::Rfc3339) if layout.has_timestamp() => "-:.",
            (MacEncoding::Base64Url, _) => "-_",
            (MacEncoding::Jwt, _) => "-_.",
            _ => continue,
        };
        if layout
            .separator
            .iter()
            .any(|separator| separator.contains(|c| held.contains(c)))
        {
            return Err(
                "`separator` may stand within a part, so that parts could not be told apart".into(),
            );
        }
    }
    Ok(())
}

/// In each layout, a signed timestamp has one source.
fn check_timestamp(scheme: &Scheme) -> Result<(), String> {
    let is_signed = scheme.signs_time();
    let is_claim = scheme.jwt().is_some_and(|rules| rules.time_claim.is_some());
    let is_own = is_claim || scheme.message().is_some();
    if scheme.tolerance.is_some() && !is_signed {
        return Err("`tolerance` is given, but no `{timestamp}` is signed".into());
    }
    let variants = scheme.also_accepted.iter().enumerate();
    let variants =
        variants.map(|(n, variant)| (format!("also_accepted[{n}].value"), &variant.value));
    for (field, layout) in std::iter::once(("value".into(), &scheme.value)).chain(variants) {
        match (
            layout.has_timestamp(),
            scheme.time_source.is_some() || is_own,
        ) {
            (true, true) => {
                return Err(format!(
                    "both `{field}` and `timestamp_header` hold the timestamp"
                ));
            }
            (false, false) if is_signed => {
                return Err(format!(
                    "`{{timestamp}}` is signed, but neither `{field}` nor `timestamp_header` holds it"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}
