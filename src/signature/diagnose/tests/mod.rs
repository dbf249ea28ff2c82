//! The doctor names what was done, and nothing that was not.

mod cost;
mod rows;
mod sample;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;
use serde_json::Value;
use url::form_urlencoded;

use super::{Diagnosis, cause};
use rows::rows;
use sample::{BODY, HEX, Provider, SECRET, Sample, TIME, hmac};

fn cause_of(sample: &Sample) -> Option<&'static str> {
    sample.diagnose().map(|diagnosis| diagnosis.cause)
}

#[test]
fn every_mistake_is_named_exactly() {
    for (cause, sample) in rows() {
        assert_eq!(cause_of(&sample), Some(cause), "{sample:#?}");
    }
}

#[test]
fn two_mistakes_of_one_command_are_both_named() {
    for (signed, received, first, second) in [
        (
            "{}\n\n".to_owned(),
            BASE64.encode("{}\n"),
            "encoded in base64",
            "ended with a newline",
        ),
        (
            "a\r\nb\r\n".into(),
            "a\nb".into(),
            "ended with a newline",
            "CRLF line ends",
        ),
        (
            BODY.replace(':', ": "),
            form_urlencoded::byte_serialize(BODY.as_bytes()).collect(),
            "percent-encoded",
            "a space after `:`",
        ),
        (
            "a".into(),
            "\u{feff}a\r\n".into(),
            "a newline was added",
            "byte order mark",
        ),
        (
            "a: 1\n".into(),
            "\u{feff}a: 1\r\n".into(),
            "byte order mark",
            "line ends",
        ),
        (
            "\u{feff}a\r\nb\r\n".into(),
            "a\nb\n".into(),
            "byte order mark",
            "CRLF line ends",
        ),
        (
            "\u{feff}a: 1\r\n".into(),
            "a: 1".into(),
            "byte order mark",
            "ended with a newline",
        ),
    ] {
        let sample = Sample::changed(Provider::Labelled, signed.as_bytes(), received.as_bytes());
        let reason = sample.diagnose().expect(first).reason;
        assert!(reason.starts_with("two mistakes at once: "), "{reason}");
        assert!(reason.contains(first), "{reason}");
        assert!(reason.contains(second), "{reason}");
    }
}

#[test]
fn a_byte_that_is_lost_is_no_other_encoding() {
    for (signed, received) in [
        (&b"caf\xc3\x83"[..], &b"caf\xc3"[..]),
        (b"\xc2\xa9 x", b"\xa9 x"),
    ] {
        let sample = Sample::changed(Provider::Labelled, signed, received);
        assert_eq!(sample.diagnose(), None);
    }
}

#[test]
fn a_mistake_in_the_header_and_one_behind_it_are_both_named() {
    let newline = hex::encode(hmac(SECRET.as_bytes(), format!("{BODY}\n").as_bytes()));
    let right = hex::encode(hmac(SECRET.as_bytes(), BODY.as_bytes()));
    for (value, first, second) in [
        (
            format!("HMAC-SHA256(stdin)= {newline}"),
            "a tool printed",
            "ended with a newline",
        ),
        (
            format!("sha256={newline}"),
            "a prefix",
            "ended with a newline",
        ),
        (format!("\"v1= {right}\""), "quotes", "prefix"),
    ] {
        let sample = Sample::new(Provider::Bare, value.as_str(), BODY.as_bytes());
        let reason = sample.diagnose().expect(&value).reason;
        assert!(
            reason.contains(first) && reason.contains(second),
            "{reason}"
        );
    }
}

#[test]
fn every_cause_has_a_row() {
    let tested: BTreeSet<_> = rows().into_iter().map(|(cause, _)| cause).collect();
    let known: BTreeSet<_> = cause::ALL.iter().map(|cause| cause.name).collect();
    assert_eq!(known.len(), cause::ALL.len(), "a name stands twice");
    assert_eq!(tested, known);
}

#[test]
fn names_are_kebab_case_and_lines_are_lines() {
    for cause in cause::ALL {
        let kebab = |char: char| char == '-' || char.is_ascii_lowercase() || char.is_ascii_digit();
        assert!(cause.name.chars().all(kebab), "{}", cause.name);
        let Diagnosis { reason, hint, .. } = cause.found_in("x");
        for line in [reason, hint] {
            assert!(!line.is_empty() && !line.contains('\n'), "{line}");
            assert!(!line.ends_with('.') && !line.contains("{}"), "{line}");
        }
    }
}

#[test]
fn no_text_holds_the_secret_or_the_expected_mac() {
    for (cause, sample) in rows() {
        let Diagnosis { reason, hint, .. } = sample.diagnose().unwrap();
        let text = format!("{reason} {hint}");
        let provider = sample.provider;
        let mac = hmac(&provider.key(), &provider.message(&sample.request.body));
        let bare = SECRET.trim_start_matches("whsec_");
        let forbidden = [hex::encode(&mac), BASE64.encode(&mac), bare.into()];
        for forbidden in forbidden {
            assert!(!text.contains(&forbidden), "{cause}: {text}");
        }
        let start = &hex::encode(&mac)[..16];
        assert!(!text.contains(start), "{cause}: {text}");
    }
}

#[test]
fn a_right_signature_and_a_missing_one_have_no_cause() {
    for provider in [HEX.as_slice(), &[Provider::Standard]].concat() {
        let mut sample = Sample::changed(provider, BODY.as_bytes(), BODY.as_bytes());
        assert_eq!(sample.diagnose(), None);
        sample
            .request
            .headers
            .remove(provider.scheme().header().unwrap());
        assert_eq!(sample.diagnose(), None);
    }
}

/// Signatures made by `openssl dgst -sha256 -hmac KEY` (OpenSSL 3), with the body and the key as
/// the cause says.
#[test]
fn signatures_of_openssl_are_explained() {
    let over_newline = "2418836c14df611b73db7fe422710bc0325a403b1b9b3e7b981b2c9e07e8f230";
    let over_short_number = "62752785418066d1471113494ab8f3c6bd82769ccbaea3b5187ff3ee017fcd85";
    let without_whsec = "e913e5f6f6ac5dd394684d25156d0c7967e76ee694f7fc652404dab99f5987bc";
    let in_base64 = "PpCRpyUJj3L1UYJ3h9fQ3/IbYm7O4YqfXc0XJfU8pHM=";
    let timed_newline = "d06957641f65e74dc27ce9eba9b4ea4004a7cd486209775c033b0bf7e563a988";
    let timed_number = "87b24aa43c41809a624bcb7176fcea5aab746ca65360feb492a3f73f64c4f3b6";
    for (cause, provider, value) in [
        (
            "trailing-newline-lost",
            Provider::Bare,
            over_newline.to_owned(),
        ),
        (
            "reserialized-numbers",
            Provider::Bare,
            over_short_number.into(),
        ),
        (
            "secret-prefix-stripped",
            Provider::Labelled,
            format!("sha256={without_whsec}"),
        ),
        ("base64-for-hex", Provider::Bare, in_base64.into()),
        (
            "trailing-newline-lost",
            Provider::Timed,
            format!("t={TIME},v1={timed_newline}"),
        ),
        (
            "reserialized-numbers",
            Provider::Timed,
            format!("t={TIME},v1={timed_number}"),
        ),
        ("timestamp-not-signed", Provider::Timed, {
            let over_body = "3e9091a725098f72f551827787d7d0dff21b626ecee18a9f5dcd1725f53ca473";
            format!("t={TIME},v1={over_body}")
        }),
    ] {
        let sample = Sample::new(provider, value, BODY.as_bytes());
        assert_eq!(cause_of(&sample), Some(cause), "{sample:?}");
    }
}

#[test]
fn reasons_tell_what_changed() {
    let sample = Sample::changed(Provider::Bare, br#"{"a":49.9}"#, br#"{"a":49.90}"#);
    let reason = sample.diagnose().unwrap().reason;
    assert!(reason.ends_with("`49.90` became `49.9`"), "{reason}");
    let mac = hex::encode(hmac(SECRET.as_bytes(), BODY.as_bytes()));
    let cut = Sample::new(Provider::Bare, &mac[..40], BODY.as_bytes());
    let reason = cut.diagnose().unwrap().reason;
    assert!(reason.contains("24 characters are missing"), "{reason}");
}

#[test]
fn fifteen_digits_of_a_signature_prove_nothing() {
    let mac = hex::encode(hmac(SECRET.as_bytes(), BODY.as_bytes()));
    for (length, cause) in [(15, None), (16, Some("truncated"))] {
        let sample = Sample::new(Provider::Bare, &mac[..length], BODY.as_bytes());
        assert_eq!(cause_of(&sample), cause);
    }
}

#[test]
fn only_a_text_in_form_encoding_is_called_so() {
    for (received, cause) in [
        (format!("={BODY}"), None),
        (format!("{BODY}="), None),
        (format!("payload={BODY}"), None),
        (format!("a=%20&b={BODY}"), None),
        (BODY.replace('"', "%22"), None),
        (
            form_urlencoded::byte_serialize(BODY.as_bytes()).collect(),
            Some("form-encoded"),
        ),
    ] {
        let sample = Sample::changed(Provider::Labelled, BODY.as_bytes(), received.as_bytes());
        assert_eq!(cause_of(&sample), cause, "{received}");
    }
}

#[test]
fn hostile_bodies_are_looked_at_and_passed_over() {
    let deep = ["[".repeat(200_000), "]".repeat(200_000)].concat();
    let numbers = format!("[{}1]", "1,".repeat(100_000));
    let digits = format!("[{}]", "9".repeat(100_000));
    let escapes = format!("\"{}\"", r"\\\/\u00e9".repeat(1_000));
    for body in [deep, numbers, digits, escapes] {
        for provider in HEX {
            let sample = Sample::changed(provider, b"something else", body.as_bytes());
            assert_eq!(sample.diagnose(), None);
        }
    }
}

/// Whether two bodies hold the same, so that one may be named as the other written otherwise.
fn same_content(one: &[u8], other: &[u8]) -> bool {
    let bare = |body: &[u8]| {
        body.iter()
            .filter(|b| !b.is_ascii_whitespace())
            .copied()
            .collect()
    };
    let (one_bare, other_bare): (Vec<u8>, Vec<u8>) = (bare(one), bare(other));
    let value = |body: &[u8]| serde_json::from_slice::<Value>(body).ok();
    one_bare == other_bare || value(one).is_some_and(|one| Some(one) == value(other))
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(BODY.as_bytes().to_vec()),
        Just(
            "{\"a\":\"café /\\n\",\"b\":[1,2.50,{}],\"10\":-0.0}\n"
                .as_bytes()
                .to_vec()
        ),
        prop::collection::vec(any::<u8>(), 1..80),
    ]
}

proptest! {
    #[test]
    fn a_corrupt_body_gets_no_wrong_name(
        provider in prop::sample::select(HEX.to_vec()),
        body in bodies(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        kind in 0..3,
    ) {
        let mut received = body.clone();
        let place = place.index(received.len());
        match kind {
            0 => received[place] ^= byte.max(1),
            1 => received.insert(place, byte),
            _ => { received.remove(place); }
        }
        let sample = Sample::changed(provider, &body, &received);
        if let Some(cause) = cause_of(&sample) {
            prop_assert!(same_content(&body, &received), "{} for {:?}", cause, received);
        }
    }

    #[test]
    fn a_corrupt_signature_gets_no_name(
        provider in prop::sample::select(HEX.to_vec()),
        place in 0..63_usize,
        step in 1..16_u8,
        kind in 0..3,
    ) {
        let mac = hmac(&provider.key(), &provider.message(BODY.as_bytes()));
        let mut digits = hex::encode(&mac);
        let digit = u8::from_str_radix(&digits[place..=place], 16).unwrap();
        let other = format!("{:x}", (digit + step) % 16);
        match kind {
            0 => digits.replace_range(place..=place, &other),
            1 => digits.insert_str(place, &other),
            _ => digits.replace_range(place..=place, ""),
        }
        // The last digits may all be alike, and then only the end is gone.
        prop_assume!(!hex::encode(&mac).starts_with(&digits));
        let value = provider.value(&mac).replace(&hex::encode(&mac), &digits);
        let sample = Sample::new(provider, value, BODY.as_bytes());
        prop_assert_eq!(cause_of(&sample), None);
    }

    #[test]
    fn another_secret_gets_no_name(
        provider in prop::sample::select(HEX.to_vec()),
        key in "[a-z0-9]{8,40}",
        body in bodies(),
    ) {
        let value = provider.value(&hmac(key.as_bytes(), &provider.message(&body)));
        let sample = Sample::new(provider, value, &body);
        prop_assert_eq!(sample.diagnose(), None);
    }

    #[test]
    fn no_header_value_is_too_odd(
        provider in prop::sample::select(HEX.to_vec()),
        value in r#"[ -~]{0,40}|[tv1=,;:"' 0-9a-f]{0,80}"#,
    ) {
        let sample = Sample::new(provider, value, BODY.as_bytes()).with_other(Provider::Timed);
        prop_assert_eq!(sample.diagnose(), None);
    }
}
