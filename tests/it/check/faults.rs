//! Checks times faults.

use std::collections::BTreeSet;
use std::time::Duration;

use super::handler::{Fault, RULES, SECRET, start};
use super::{check, ids};
use crate::harness::{Run, Sandbox, in_time};

/// A fault; the checks that fail it, with those that cannot but fail with it; those that warn.
type Row = (Fault, &'static [&'static str], &'static [&'static str]);

/// One fault each, in a handler of olympus, whose scheme has everything that a check looks at.
const TABLE: &[Row] = &[
    (Fault::None, &[], &[]),
    (Fault::RefusesVoids, &["accepts/event:payment.voided"], &[]),
    (Fault::UnknownEvent, &["accepts/unknown-event"], &[]),
    (
        Fault::StrictEnvelope,
        &["accepts/extra-envelope-field"],
        &[],
    ),
    // A large body is made with such a field.
    (
        Fault::StrictData,
        &["accepts/extra-data-field"],
        &["accepts/large-body"],
    ),
    (Fault::Latin1, &["accepts/unicode"], &[]),
    (Fault::SmallBody, &[], &["accepts/large-body"]),
    (
        Fault::ExactMediaType,
        &["accepts/content-type-charset"],
        &[],
    ),
    (Fault::HeaderCase, &["accepts/header-case"], &[]),
    (Fault::StripsLines, &["raw-bytes/white-space"], &[]),
    (Fault::Unescapes, &["raw-bytes/escaped-unicode"], &[]),
    (Fault::RewritesNumbers, &["raw-bytes/number-text"], &[]),
    (Fault::OrdersKeys, &["raw-bytes/key-order"], &[]),
    // JSON.stringify keeps the order of keys.
    (
        Fault::Restringifies,
        &[
            "raw-bytes/escaped-unicode",
            "raw-bytes/number-text",
            "raw-bytes/white-space",
        ],
        &[],
    ),
    (
        Fault::AcceptsMissing,
        &["signature/missing"],
        &["signature/other-header"],
    ),
    (Fault::AcceptsEmpty, &["signature/empty"], &[]),
    (Fault::AcceptsGarbage, &["signature/garbage"], &[]),
    // What is compared by its beginning takes every beginning.
    (
        Fault::ComparesBeginning,
        &["signature/odd-length", "signature/truncated"],
        &[],
    ),
    (Fault::ComparesLength, &[], &["signature/too-long"]),
    (Fault::AnyVersion, &[], &["signature/wrong-prefix"]),
    (Fault::IgnoresCase, &[], &["signature/upper-case"]),
    // No comparison at all takes every MAC that looks like one.
    (
        Fault::NoCheck,
        &[
            "signature/empty-body",
            "signature/empty-secret",
            "signature/other-body",
            "signature/tampered-body",
            "signature/timestamp-changed",
            "signature/wrong-secret",
        ],
        &["signature/body-only"],
    ),
    (Fault::EmptySecret, &["signature/empty-secret"], &[]),
    (Fault::EmptyBody, &["signature/empty-body"], &[]),
    (Fault::BodyOnly, &[], &["signature/body-only"]),
    (Fault::TwiceTheTolerance, &["signature/stale-301s"], &[]),
    (Fault::TimeOfDay, &["signature/stale-day"], &[]),
    // Who does not look at the time does not see what is wrong with it.
    (
        Fault::NoFreshness,
        &["signature/stale-301s", "signature/stale-day"],
        &[
            "signature/timestamp-huge",
            "signature/timestamp-negative",
            "signature/timestamp-text",
        ],
    ),
    (Fault::AnySecond, &["signature/timestamp-changed"], &[]),
    (Fault::OptionalTime, &["signature/timestamp-missing"], &[]),
    (Fault::AbsoluteTime, &[], &["signature/timestamp-negative"]),
    (Fault::OverflowingTime, &[], &["signature/timestamp-huge"]),
    (Fault::NotANumber, &[], &["signature/timestamp-text"]),
    (
        Fault::ThrowsOnLength,
        &[
            "signature/odd-length",
            "signature/too-long",
            "signature/truncated",
        ],
        &[],
    ),
    (
        Fault::DropsOnMissing,
        &["signature/missing", "signature/other-header"],
        &[],
    ),
    (Fault::AnyHeader, &[], &["signature/other-header"]),
    (Fault::ParsesFirst, &["signature/broken-json"], &[]),
    (Fault::ThrowsOnTwo, &["signature/second-header"], &[]),
    // A late retry is a repeat.
    (
        Fault::Conflict,
        &[
            "idempotent/concurrent",
            "idempotent/twice",
            "order/late-retry",
        ],
        &[],
    ),
    // What a handler dies of is told once; nothing is sent to the dead.
    (Fault::DiesOfHalf, &["prompt/half-body"], &[]),
    // Each documented event is sent alone, so that an update is an update of nothing.
    (
        Fault::UpdateNeedsCreation,
        &["accepts/event:order.updated", "order/updated-first"],
        &[],
    ),
    (Fault::Trims, &["raw-bytes/white-space"], &[]),
    (Fault::TrustsTheSeen, &["signature/other-body"], &[]),
    (Fault::LooseHex, &[], &["signature/too-long"]),
    (
        Fault::RefusesTheOlder,
        &["order/late-retry", "order/updated-first"],
        &[],
    ),
    (Fault::NoLateRetry, &["order/late-retry"], &[]),
];

fn set(ids: &[String]) -> BTreeSet<&str> {
    ids.iter().map(String::as_str).collect()
}

#[test]
fn each_check_catches_its_own_fault_and_no_other() {
    for (fault, failing, warning) in TABLE {
        let handler = start("olympus", *fault);
        let run = check(&handler, "olympus", &["--json"]);
        let lines = run.json_lines();
        let failed = ids(&lines, "fail");
        assert_eq!(
            set(&failed),
            failing.iter().copied().collect(),
            "{fault:?}: {}",
            run.stdout
        );
        let warned = ids(&lines, "warn");
        assert_eq!(set(&warned), warning.iter().copied().collect(), "{fault:?}");
        let is_right = failing.is_empty();
        assert_eq!(
            run.code,
            Some(i32::from(!is_right)),
            "{fault:?}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_handler_that_ends_is_found_once() {
    let handler = start("olympus", Fault::EndsAfterEmpty);
    let lines = check(&handler, "olympus", &["--json"])
        .expect(1)
        .json_lines();
    assert_eq!(ids(&lines, "fail"), ["signature/garbage"]);
    let skipped = ids(&lines, "skip");
    assert_eq!(
        skipped.first().map(String::as_str),
        Some("signature/truncated")
    );
    assert_eq!(skipped.last().map(String::as_str), Some("prompt/half-body"));
    let reasons = lines.iter().filter(|line| line["outcome"] == "skip");
    for line in reasons {
        assert!(
            line["reason"]
                .as_str()
                .unwrap()
                .starts_with("nothing listens since")
        );
        assert!(line["attempt_id"].is_null(), "{line}");
    }
}

/// Faults that take time, or that need a count, with the checks that look at them.
#[test]
fn time_and_effects_are_looked_at_too() {
    for (fault, more, failing, warning) in [
        (
            Fault::Races,
            &["--only", "idempotent/concurrent"][..],
            &["idempotent/concurrent"][..],
            [""; 0].as_slice(),
        ),
        (
            Fault::Overloaded,
            &["--only", "prompt/load"],
            &["prompt/load"],
            &[],
        ),
        (
            Fault::Redirects,
            &["--only", "accepts/unicode"],
            &["accepts/unicode"],
            &[],
        ),
    ] {
        let handler = start("olympus", fault);
        let mut args = vec!["--json"];
        args.extend(more);
        let lines = check(&handler, "olympus", &args).expect(1).json_lines();
        assert_eq!(ids(&lines, "fail"), failing, "{fault:?}");
        assert_eq!(ids(&lines, "warn"), warning, "{fault:?}");
    }
}

/// Looks at the deadline of a handler that answers nothing but the greeting.
fn silent(provider: &str) -> Run {
    in_time(|limit| {
        let handler = start(provider, Fault::Silent);
        let late = ["--json", "--only", "prompt/deadline", "--timeout", limit];
        let run = check(&handler, provider, &late);
        // 3 where the greeting was not answered in time.
        (run.code != Some(3)).then_some(run)
    })
}

#[test]
fn who_answers_nothing_misses_the_deadline() {
    let lines = silent("olympus").expect(1).json_lines();
    assert_eq!(ids(&lines, "fail"), ["prompt/deadline"]);
    assert_eq!(ids(&lines, "warn"), [""; 0]);
}

#[test]
fn a_finding_tells_what_it_rests_on_besides_the_document() {
    let said = |run: &Run| run.json_lines()[0]["reason"].as_str().map(str::to_owned);
    let only = ["--json", "--only", "accepts/event:payment.voided"];
    let handler = start("olympus", Fault::RefusesVoids);
    let reason = said(&check(&handler, "olympus", &only)).expect("a finding");
    assert!(
        reason.ends_with(" (the document shows no payload of it: inferred)"),
        "{reason}"
    );
    for (provider, is_assumed) in [
        ("olympus", true),
        ("barecommerce", true),
        ("cimplify", false),
        ("ibakepro", false),
    ] {
        let reason = said(&silent(provider)).expect("a finding");
        let is_told = reason.ends_with(" (the deadline is assumed)");
        assert_eq!(is_told, is_assumed, "{provider}: {reason}");
    }
}

#[test]
fn a_tenth_of_the_deadline_earns_a_warning() {
    let run = [1, 10].into_iter().find_map(|deadline| {
        let run = checked_by(deadline, &[]);
        // A busy machine misses a short one.
        let is_in_time = ids(&run.json_lines(), "fail").is_empty();
        is_in_time.then_some(run)
    });
    let run = run.expect("an answer by the deadline").expect(0);
    assert_eq!(ids(&run.json_lines(), "warn"), ["prompt/tenth"]);
    assert_eq!(ids(&run.json_lines(), "pass"), ["prompt/deadline"]);
    checked_by(1, &["--strict"]).expect(1);
}

/// Looks at how prompt a handler is that takes a fifth of its provider's deadline, in seconds.
fn checked_by(deadline: u64, more: &[&str]) -> Run {
    let sandbox = Sandbox::new();
    let folder = sandbox.folder().join("providers/hasty");
    std::fs::create_dir_all(folder.join("events")).unwrap();
    let built_in = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cimplify");
    let definition = std::fs::read_to_string(built_in.join("provider.json")).unwrap();
    let definition = definition
        .replace(r#""name": "cimplify""#, r#""name": "hasty""#)
        .replace(
            r#""timeout_seconds": 30"#,
            &format!(r#""timeout_seconds": {deadline}"#),
        );
    std::fs::write(folder.join("provider.json"), definition).unwrap();
    let event = "events/order.created.json";
    std::fs::copy(built_in.join(event), folder.join(event)).unwrap();
    sandbox.file("webhook.toml", "");
    let time = Duration::from_millis(deadline * 200);
    let handler = start("cimplify", Fault::Slow(time));
    let args = [
        "test",
        "--provider",
        "hasty",
        "--secret",
        SECRET,
        "--url",
        &handler.url,
    ];
    let args = [
        &args[..],
        &[
            "--json",
            "--no-log",
            "--only",
            "prompt/deadline,prompt/tenth",
        ],
    ]
    .concat();
    sandbox.run(&[&args[..], more].concat())
}

#[test]
fn a_right_handler_passes_for_every_provider() {
    for rules in RULES {
        let handler = start(rules.provider, Fault::None);
        let strict = ["--json", "--strict", "--effects-url", &handler.url];
        let run = check(&handler, rules.provider, &strict).expect(0);
        let lines = run.json_lines();
        let summary = lines.last().unwrap();
        assert_eq!(summary["checks"], summary["passed"], "{summary}");
        assert!(lines.len() > 40, "{}: {}", rules.provider, lines.len());
    }
}
