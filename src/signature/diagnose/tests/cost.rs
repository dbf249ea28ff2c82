//! The doctor's work is bounded, whatever the body and the header are.

use super::super::Allowance;
use super::rows::rows;
use super::sample::{INPUT, Provider, Sample, digest};
use proptest::prelude::*;

/// What a last step may take beyond the allowance: no single one is larger.
const LAST_STEP: usize = 16 * 64 * 1024;

/// 64 hex digits that are nobody's MAC.
const WRONG: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Indented, escaped and sorted in dozens of ways, each a hundred times as long as the body.
fn deep_and_wide(depth: usize, size: usize) -> String {
    let oddities = r#"1.50,"\u00e9/<&='",{"b":1,"a":2},"#;
    let wide = "1,".repeat(size / 2);
    let (open, close) = ("[".repeat(depth), "]".repeat(depth));
    format!("{open}{oddities}{wide}1{close}")
}

fn work(sample: &Sample) -> usize {
    sample.diagnose_within(Allowance::PROMPT).1
}

/// A gzip stream of `size` zeros.
fn bomb(size: usize) -> Vec<u8> {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![b'0'; size]).unwrap();
    packer.finish().unwrap()
}

#[test]
fn crafted_bodies_cost_no_more_than_the_allowance() {
    let escapes = format!("[\"{}\"]", "<".repeat(60_000));
    let keys = format!("{{{}\"z\":1}}", r#""k":1,"#.repeat(9_000));
    for body in [
        deep_and_wide(120, 63_000).into_bytes(),
        deep_and_wide(30, 63_000).into_bytes(),
        escapes.into_bytes(),
        keys.into_bytes(),
        bomb(20 << 20),
    ] {
        let sample = Sample::new(Provider::Bare, WRONG, &body);
        assert!(work(&sample) <= Allowance::PROMPT.work + LAST_STEP);
    }
}

/// Every check of an HTTP message signature reads the fields anew.
#[test]
fn long_fields_are_counted_at_every_check() {
    let work = |padding: usize| {
        let mut sample = Sample::new(Provider::Messaged, "sig1=:AAAA:", b"{}");
        let (padding, headers) = ("a".repeat(padding), &mut sample.request.headers);
        headers.push(
            "Signature-Input",
            format!("sig1={INPUT};nonce=\"{padding}\""),
        );
        headers.push("Content-Digest", digest(b"{}"));
        work(&sample)
    };
    let (short, long) = (work(0), work(8_000));
    assert!(long > short + 100 * 8_000, "{short} {long}");
    assert!(long <= Allowance::PROMPT.work + LAST_STEP);
}

#[test]
fn the_counted_work_is_what_an_allowance_stops() {
    let sample = Sample::new(Provider::Bare, WRONG, deep_and_wide(30, 63_000).as_bytes());
    let unbounded = Allowance {
        work: usize::MAX,
        ..Allowance::THOROUGH
    };
    let (_, work) = sample.diagnose_within(unbounded);
    assert!(work > 2 * (Allowance::PROMPT.work + LAST_STEP), "{work}");
}

#[test]
fn many_presented_signatures_cost_as_few_do() {
    let body = r#"{"a":[1,2.50]}"#;
    let header = |count| vec!["v1,AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="; count].join(" ");
    let cost = |count| {
        work(&Sample::new(
            Provider::Standard,
            header(count),
            body.as_bytes(),
        ))
    };
    let [few, many] = [cost(16), cost(1900)];
    // Only reading the longer header is more.
    assert!(many < few + 64 * header(1900).len(), "{few} {many}");
}

#[test]
fn every_url_that_is_tried_counts_as_long_as_it_is() {
    let cost = |host: usize| {
        let sample = Sample::new(
            Provider::Addressed,
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            b"{}",
        );
        work(&sample.with_header("X-Forwarded-Host", &"h".repeat(host)))
    };
    let (short, long) = (10, 10_000);
    // Both schemes and a port, with and without slash and query, for each of two names.
    assert!(
        cost(long) - cost(short) > 12 * (long - short),
        "{} {}",
        cost(short),
        cost(long)
    );
}

#[test]
fn who_answers_a_sender_names_every_cause_too() {
    for (cause, sample) in rows() {
        let (found, _) = sample.diagnose_within(Allowance::PROMPT);
        assert_eq!(found.map(|found| found.cause), Some(cause));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn no_generated_body_costs_more(
        depth in 0..127_usize,
        size in 0..60_000_usize,
        inner in r#"(1\.50|-0|"[<>&/é\\u]{0,9}"|\{"b":0,"a":1\}|\[\]|true){1}"#,
        repeats in 1..2_000_usize,
    ) {
        let mut list = vec![inner.as_str(); repeats].join(",");
        list.push_str(&",1".repeat(size.saturating_sub(list.len()) / 2));
        let body = format!("{}{list}{}", "[".repeat(depth), "]".repeat(depth));
        prop_assume!(body.len() <= 64 * 1024);
        let sample = Sample::new(Provider::Bare, WRONG, body.as_bytes());
        prop_assert!(work(&sample) <= Allowance::PROMPT.work + LAST_STEP);
    }
}

/// A verification with a public key costs as much as the hash of a long message, and is counted so.
#[test]
fn signatures_of_key_pairs_cost_no_more_than_the_allowance() {
    let body = deep_and_wide(30, 2_000);
    let sample = Sample::changed(Provider::Paired, b"another", body.as_bytes());
    let work = work(&sample);
    assert!(work <= Allowance::PROMPT.work + LAST_STEP, "{work}");
    // What is hashed of so short a body would be far less.
    assert!(work > Allowance::PROMPT.work / 2, "{work}");
}
