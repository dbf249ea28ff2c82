//! Mistakes in the form of the signature header: each repaired value is read and checked as any.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use strum::VariantArray as _;

use super::cause::{self, Cause};
use super::form::{Form, split_labels};
use super::trial::{Trial, read_presented};
use super::{Diagnosis, body, content, secrets};
use crate::json::JsonFields;
use crate::signature::{Digest, PartVariable, Scheme};

/// The fewest characters of a cut signature that prove anything: 64 bits of hex.
const MIN_TRUNCATED: usize = 16;

/// Base64 as people send it, padded or not; the URL alphabet is mapped to this one before.
const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A cause, the detail for its reason, and the value that the header should have had.
type Repair = (Cause, String, String);

/// One mistake in the header's form, undone.
type Rule = fn(&Form<'_>) -> Option<Repair>;

const RULES: &[Rule] = &[
    quoted,
    spaced,
    relabelled,
    swapped,
    separated_otherwise,
    reencoded,
    timestamp_elsewhere,
    tool_line,
];

/// The mistake in the header's form with which the signature is right.
pub(super) fn find(trial: &Trial<'_>) -> Option<Diagnosis> {
    let scheme = trial.context.scheme;
    let request = trial.request();
    if let Some(diagnosis) = repeated(trial) {
        return Some(diagnosis);
    }
    let fields = scheme.is_in_body().then(|| JsonFields::new(&request.body));
    let value = scheme.proof.text(request, fields.flatten().as_ref())?;
    let form = Form {
        scheme,
        request,
        value: value.trim(),
    };
    RULES
        .iter()
        .filter_map(|rule| rule(&form))
        .find(|(.., value)| proves(trial, value))
        .map(|(cause, detail, _)| cause.found_in(&detail))
        .or_else(|| another_digest(trial, &form))
        .or_else(|| timestamp_form(trial, &form))
        .or_else(|| truncated(trial, &form))
        .or_else(|| find_two(trial, &form))
}

fn proves(trial: &Trial<'_>, value: &str) -> bool {
    let context = trial.context;
    trial
        .value_proves(context.scheme, context.secrets, value)
        .is_some()
}

fn repeated(trial: &Trial<'_>) -> Option<Diagnosis> {
    let headers = &trial.context.request.headers;
    let values: Vec<_> = headers.get_all(trial.context.scheme.header()?).collect();
    let texts = values
        .iter()
        .filter_map(|value| std::str::from_utf8(value).ok());
    if values.len() > 1 && texts.clone().any(|text| proves(trial, text)) {
        return Some(cause::HEADER_REPEATED.found());
    }
    let separator = trial.context.scheme.value.separator.as_deref()?;
    let joined = texts.map(str::trim).collect::<Vec<_>>().join(separator);
    (values.len() > 1 && proves(trial, &joined)).then(|| cause::HEADER_SPLIT.found())
}

/// The digits within a line such as `SHA2-256(stdin)= …` or `…  -`.
fn tool_line(form: &Form<'_>) -> Option<Repair> {
    let length = form.blank().len();
    let value = form.rewrite(PartVariable::Signature, |documented, part| {
        let mut words = part.split(|char: char| char.is_whitespace() || "=\\()".contains(char));
        let mac = words.find(|word| {
            word.len() == length && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        })?;
        Some(documented.fill(mac))
    })?;
    changed(cause::TOOL_LINE, form, value)
}

/// A mistake in the header's form and another one, in the form, the body or the secret.
fn find_two(trial: &Trial<'_>, form: &Form<'_>) -> Option<Diagnosis> {
    let mut repairs = RULES.iter().filter_map(|rule| rule(form));
    repairs.find_map(|(cause, detail, value)| {
        let request = form.with_value(&value);
        let once = Form {
            request: &request,
            value: &value,
            ..*form
        };
        let again = || {
            let mut repairs = RULES.iter().filter_map(|rule| rule(&once));
            let (cause, detail, _) = repairs.find(|(.., value)| proves(trial, value))?;
            Some(cause.found_in(&detail))
        };
        let behind = || {
            let presented = read_presented(form.scheme, &request).ok()?;
            body::find(trial, &presented).or_else(|| secrets::find(trial, &presented, trial.body()))
        };
        Some(cause.found_in(&detail).and(&again().or_else(behind)?))
    })
}

fn quoted(form: &Form<'_>) -> Option<Repair> {
    changed(
        cause::HEADER_QUOTED,
        form,
        form.value.replace(['"', '\''], ""),
    )
}

fn spaced(form: &Form<'_>) -> Option<Repair> {
    // Where the parts are joined by white space, it is no mistake.
    let separator = form.scheme.value.separator.as_deref().unwrap_or_default();
    if separator.contains(char::is_whitespace) {
        return None;
    }
    changed(
        cause::HEADER_SPACED,
        form,
        form.value.replace(char::is_whitespace, ""),
    )
}

fn changed(cause: Cause, form: &Form<'_>, value: String) -> Option<Repair> {
    (value != form.value).then(|| (cause, String::new(), value))
}

/// Every part with its documented prefix, whatever stood before it.
fn relabelled(form: &Form<'_>) -> Option<Repair> {
    let mut named = None;
    let value = form.rewrite_parts(|documented, part| {
        let (labels, text) = split_labels(part);
        let documented = documented.prefix.as_str();
        if named.is_none() && labels != documented {
            let cause = match (labels, documented) {
                ("", _) => cause::PREFIX_MISSING,
                (_, "") => cause::PREFIX_EXTRA,
                _ if labels.contains(documented) => cause::PREFIX_EXTRA,
                _ => cause::PREFIX_OTHER,
            };
            named = Some((cause, format!("`{documented}`")));
        }
        Some(format!("{documented}{text}"))
    })?;
    let (cause, detail) = named?;
    Some((cause, detail, value))
}

fn swapped(form: &Form<'_>) -> Option<Repair> {
    let mut parts: Vec<_> = form.scheme.value.split(form.value).collect();
    parts.reverse();
    let separator = form.scheme.value.separator.as_deref()?;
    changed(cause::PARTS_SWAPPED, form, parts.join(separator))
}

fn separated_otherwise(form: &Form<'_>) -> Option<Repair> {
    let separator = form.scheme.value.separator.as_deref()?;
    changed(
        cause::SEPARATOR_OTHER,
        form,
        form.value.replace([',', ';', '&', '|', ' '], separator),
    )
}

fn reencoded(form: &Form<'_>) -> Option<Repair> {
    let mut named = None;
    let value = form.rewrite(PartVariable::Signature, |documented, part| {
        let text = documented.read(part)?;
        let (cause, mac) = decode_otherwise(form.scheme, text)?;
        named = Some(cause);
        Some(documented.fill(&form.scheme.encoding.encode(&mac)))
    })?;
    Some((named?, String::new(), value))
}

/// A MAC in another encoding than the documented one.
fn decode_otherwise(scheme: &Scheme, text: &str) -> Option<(Cause, Vec<u8>)> {
    let size = scheme.signature_size()?;
    let standard = text.replace('-', "+").replace('_', "/");
    let from_base64 = LENIENT_BASE64.decode(standard).unwrap_or_default();
    let from_hex = hex::decode(text).unwrap_or_default();
    if scheme.encoding.is_hex() {
        if from_base64.len() == size {
            return Some((cause::BASE64_FOR_HEX, from_base64));
        }
        let digits = hex::decode(from_base64).ok()?;
        return Some((cause::BASE64_OF_HEX, digits));
    }
    if from_hex.len() == size {
        return Some((cause::HEX_FOR_BASE64, from_hex));
    }
    Some((cause::BASE64URL_FOR_BASE64, from_base64))
}

fn timestamp_elsewhere(form: &Form<'_>) -> Option<Repair> {
    let layout = &form.scheme.value;
    if !layout.has_timestamp() {
        return None;
    }
    let (name, timestamp) = content::timestamp_header(&form.request.headers)?;
    let last = layout.split(form.value).last()?;
    let (_, signature) = split_labels(last);
    let value = layout.fill(Some(timestamp), signature);
    Some((cause::TIMESTAMP_ELSEWHERE, name.to_owned(), value))
}

/// Another hash function, under its own name where the documented one stands before the MAC.
fn another_digest(trial: &Trial<'_>, form: &Form<'_>) -> Option<Diagnosis> {
    let documented = form.scheme.digest()?;
    let others = Digest::VARIANTS
        .iter()
        .filter(|digest| **digest != documented);
    let secrets = trial.context.secrets;
    let named = relabelled(form).map(|(.., value)| value);
    others.copied().find_map(|digest| {
        let scheme = &form.scheme.with_digest(digest);
        let encoded = reencoded(&Form { scheme, ..*form }).map(|(.., value)| value);
        let mut values = [Some(form.value), named.as_deref(), encoded.as_deref()]
            .into_iter()
            .flatten();
        values
            .any(|value| trial.value_proves(scheme, secrets, value).is_some())
            .then(|| cause::ANOTHER_DIGEST.found_in(digest.name()))
    })
}

/// A timestamp that is no digits: what was signed is its text.
fn timestamp_form(trial: &Trial<'_>, form: &Form<'_>) -> Option<Diagnosis> {
    let mut timestamp = None;
    let value = form.rewrite(PartVariable::Timestamp, |documented, part| {
        timestamp = Some(documented.read(part)?.to_owned());
        Some(documented.fill("0"))
    })?;
    let timestamp = timestamp?;
    let request = form.with_value(&value);
    let mut presented = read_presented(form.scheme, &request).ok()?;
    presented.timestamp = Some(timestamp.into());
    let signed = &form.scheme.signed;
    let proven = trial.any_proves(signed, &presented, trial.body());
    proven.then(|| cause::TIMESTAMP_FORM.found())
}

fn truncated(trial: &Trial<'_>, form: &Form<'_>) -> Option<Diagnosis> {
    let scheme = form.scheme;
    let whole = form.blank();
    let mut cut = None;
    let value = form.rewrite(PartVariable::Signature, |documented, part| {
        cut = Some(documented.read(part)?.to_owned());
        Some(documented.fill(&whole))
    })?;
    let cut = cut.filter(|text| (MIN_TRUNCATED..whole.len()).contains(&text.len()))?;
    let request = form.with_value(&value);
    let presented = read_presented(scheme, &request).ok()?;
    let values = presented.values(trial.request(), trial.body());
    let right = trial.keys.iter().any(|key| {
        trial.spend(trial.body().len()) && {
            let mac = key.mac(&scheme.signed, values);
            is_start_of(&cut, &scheme.encoding.encode(&mac))
        }
    });
    right.then(|| cause::TRUNCATED.found_in(&(whole.len() - cut.len()).to_string()))
}

/// Whether `text` starts with `start`. Looks at all of it, so that the time tells a forger nothing.
fn is_start_of(start: &str, text: &str) -> bool {
    let pairs = start.bytes().zip(text.bytes());
    start.len() <= text.len() && pairs.fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}
