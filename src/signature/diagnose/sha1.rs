//! HMAC with SHA-1, which no documented scheme has and many an old example shows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::Diagnosis;
use super::cause;
use super::form::{Form, split_labels};
use super::trial::Trial;
use crate::signature::key::key_bytes;
use crate::signature::{PartVariable, Secret, read};

/// The bytes of a SHA-1 digest.
const SIZE: usize = 20;

/// Whether the signature is the documented one but for SHA-1.
pub(super) fn find(trial: &Trial<'_>, form: &Form<'_>) -> Option<Diagnosis> {
    let scheme = form.scheme;
    let mut mac = None;
    let value = form.rewrite(PartVariable::Signature, |documented, part| {
        let (_, text) = split_labels(part);
        mac = hex::decode(text).or_else(|_| BASE64.decode(text)).ok();
        Some(documented.fill(&form.blank()))
    })?;
    let mac = mac.filter(|mac| mac.len() == SIZE)?;
    let headers = form.with_value(value);
    let presented = read(scheme, &headers).ok()?;
    let proves = |secret: &Secret| {
        let key = key_bytes(scheme.secret(), secret.expose()).ok()?;
        let mut hmac = Hmac::<Sha1>::new_from_slice(&key).ok()?;
        let values = presented.values(trial.body());
        scheme.signed.for_each(values, |piece| hmac.update(piece));
        hmac.verify_slice(&mac).ok()
    };
    let mut secrets = trial.context.secrets.iter();
    secrets
        .any(|secret| trial.spend(trial.body().len()) && proves(secret).is_some())
        .then(|| cause::ANOTHER_DIGEST.found_in("SHA-1"))
}
