//! What a repeat did is counted, and is open where nobody counts.

use std::sync::Mutex;

use super::handler::{Fault, SECRET, start};
use super::{check, ids};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::{Run, Sandbox, has, in_time};

#[test]
fn what_counts_twice_is_found_by_its_effects_alone() {
    for (fault, code) in [
        (Fault::None, 0),
        (Fault::CountsTwice, 1),
        (Fault::CountsNothing, 1),
    ] {
        let handler = start("cimplify", fault);
        let only = ["--json", "--only", "idempotent"];
        check(&handler, "cimplify", &only).expect(0);
        let by_url = [&only[..], &["--effects-url", &handler.url]].concat();
        let lines = check(&handler, "cimplify", &by_url)
            .expect(code)
            .json_lines();
        let failed = ids(&lines, "fail");
        assert_eq!(
            failed.len(),
            if code == 0 { 0 } else { 2 },
            "{fault:?} {lines:?}"
        );
        if !has("curl") {
            continue;
        }
        let command = format!("curl -s {}", handler.url);
        let by_command = [&only[..], &["--effects", &command]].concat();
        check(&handler, "cimplify", &by_command).expect(code);
    }
}

/// That both were answered 200 is no proof that one counted.
#[test]
fn a_repeat_that_nobody_counts_is_open() {
    let handler = start("cimplify", Fault::CountsTwice);
    let only = ["--only", "idempotent", "--json"];
    let lines = check(&handler, "cimplify", &only).expect(0).json_lines();
    assert_eq!(
        ids(&lines, "open"),
        ["idempotent/twice", "idempotent/concurrent"]
    );
    let reason = lines[0]["reason"].as_str().unwrap();
    assert!(reason.contains("`--effects COMMAND`"), "{reason}");
    let summary = lines.last().unwrap();
    assert_eq!(
        (&summary["open"], &summary["passed"]),
        (&2.into(), &0.into())
    );
    let strict = [&only[..], &["--strict"]].concat();
    check(&handler, "cimplify", &strict).expect(1);
    let text = check(&handler, "cimplify", &only[..2]).expect(0).stdout;
    let told = "? not decided\n  idempotent/twice, idempotent/concurrent\n  accepted each time;";
    assert!(text.contains(told), "{text}");
    assert!(text.ends_with("2 checks: 0 passed, 2 open\n"), "{text}");
}

/// Runs the checks of repeats against a handler that answers at once, writes what came into a file,
/// and books nothing itself: `--until` is the worker that books, `times` for each id.
fn worked_later(worker: &str, more: &[&str]) -> Run {
    let sandbox = Sandbox::new();
    let (queue, seen) = (sandbox.file("queue", ""), Mutex::new(()));
    let handler = Endpoint::start(move |_, message| {
        let _turn = seen.lock().unwrap();
        let id = message.json()["id"].as_str().unwrap().to_owned();
        let lines = std::fs::read_to_string(&queue).unwrap();
        std::fs::write(&queue, format!("{lines}{id}\n")).unwrap();
        Reply::status(200)
    });
    sandbox.file("booked", "");
    let url = handler.url("/");
    let base = ["test", "--provider", "cimplify", "--secret", SECRET];
    let only = [
        "--url",
        &url,
        "--no-log",
        "--json",
        "--only",
        "idempotent/twice",
    ];
    let count = ["--effects", "wc -l < booked", "--until", worker];
    sandbox.run(&[&base[..], &only, &count, more].concat())
}

/// One that answers 200 twice and books twice, some time later.
#[test]
fn what_a_handler_does_later_is_waited_for() {
    let lines = worked_later("cat queue > booked", &[])
        .expect(1)
        .json_lines();
    assert_eq!(ids(&lines, "fail"), ["idempotent/twice"]);
    assert_eq!(lines[0]["reason"], "counted one delivery 2 times");
    let once = "sort -u queue > once && cat once > booked";
    let lines = worked_later(once, &[]).expect(0).json_lines();
    assert_eq!(ids(&lines, "pass"), ["idempotent/twice"]);
}

#[test]
fn work_that_does_not_end_leaves_the_check_open() {
    let twice = "n=$(wc -l < queue); test -e ran$n && exec sleep 60; touch ran$n; exit 7";
    for (worker, told) in [
        ("exit 7", "ended with exit status: 7"),
        // What the end of the time cuts short is not what is told of it.
        (twice, "ended with exit status: 7"),
        ("exec sleep 60", "does not end"),
    ] {
        in_time(|limit| {
            let run = worked_later(worker, &["--within", limit]).expect(0);
            let lines = run.json_lines();
            assert_eq!(ids(&lines, "open"), ["idempotent/twice"]);
            let reason = lines[0]["reason"].as_str().unwrap();
            let told = format!("its effects cannot be counted: `{worker}` {told}, and did for ");
            let is_told = reason.starts_with(&told) && reason.ends_with(" s");
            // On a busy machine not one run may have ended.
            let is_late = reason.contains("does not end");
            assert!(is_told || is_late, "{reason}");
            is_told.then_some(())
        });
    }
}

/// A command may wait for something that only the repeats bring about.
#[test]
fn a_command_may_wait_for_what_comes_with_the_repeats() {
    let worker = "test $(wc -l < queue) -ge 3 && cat queue > booked";
    let lines = in_time(|limit| {
        let lines = worked_later(worker, &["--within", limit]).json_lines();
        // Open where the command took longer than that.
        ids(&lines, "open").is_empty().then_some(lines)
    });
    assert_eq!(ids(&lines, "fail"), ["idempotent/twice"]);
}

/// When a handler books a delivery that it has acknowledged.
#[derive(Debug, Clone, Copy)]
enum Booking {
    /// Once the count was asked for so often since.
    AfterCounts(usize),
    /// Once a delivery of another id has come.
    WithTheNext,
}

/// A handler that books each id once, later.
fn late(booking: Booking) -> Endpoint {
    // The ids in the order in which they came, each with how often the count was asked for since.
    let ids: Mutex<Vec<(String, usize)>> = Mutex::default();
    Endpoint::start(move |_, message| {
        let mut ids = ids.lock().unwrap();
        if message.method() != "GET" {
            let id = message.json()["id"].as_str().unwrap().to_owned();
            if ids.iter().all(|(known, _)| *known != id) {
                ids.push((id, 0));
            }
            return Reply::status(200);
        }
        let booked = match booking {
            Booking::WithTheNext => ids.len().saturating_sub(1),
            Booking::AfterCounts(most) => {
                ids.iter_mut().for_each(|(_, counts)| *counts += 1);
                ids.iter().filter(|(_, counts)| *counts > most).count()
            }
        };
        Reply::Page(200, booked.to_string().into_bytes())
    })
}

/// What earlier deliveries do late is not what this one did.
#[test]
fn a_right_handler_that_works_later_is_not_accused() {
    for (booking, outcome) in [
        (Booking::AfterCounts(5), "pass"),
        (Booking::WithTheNext, "open"),
    ] {
        let handler = late(booking);
        let url = handler.url("/");
        let more = [
            "--json",
            "--only",
            "idempotent/twice",
            "--effects-url",
            &url,
        ];
        let lines = super::run_against(&url, "cimplify", &more)
            .expect(0)
            .json_lines();
        assert_eq!(ids(&lines, outcome).len(), 1, "{booking:?} {lines:?}");
    }
}

/// The program's secrets are not those of the commands that it runs.
#[test]
fn commands_do_not_see_the_secret() {
    let handler = start("cimplify", Fault::None);
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET_CIMPLIFY", SECRET);
    let base = ["test", "--provider", "cimplify", "--url", &handler.url];
    let only = ["--no-log", "--only", "accepts/unicode"];
    let count = ["--effects", "echo ${WEBHOOK_SECRET_CIMPLIFY:-0}"];
    let until = [
        "--until",
        "test -z \"$WEBHOOK_SECRET_CIMPLIFY\"",
        "--within",
        "30s",
    ];
    sandbox
        .run(&[&base[..], &only, &count, &until].concat())
        .expect(0);
}

#[test]
fn to_wait_for_work_without_counting_it_is_a_mistake() {
    let args = [
        "test",
        "--provider",
        "cimplify",
        "--url",
        "1",
        "--secret",
        "x",
    ];
    for more in [
        &["--until", "true"][..],
        &["--within", "3s", "--effects", "echo 1"],
    ] {
        let run = Sandbox::new().run(&[&args[..], more].concat()).expect(2);
        assert!(
            run.stderr.contains("--effects") || run.stderr.contains("--until"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn the_commands_see_no_secret() {
    let sandbox = Sandbox::new()
        .with("WEBHOOK_SECRET", "s-1-hidden")
        .with("WEBHOOK_SECRET_CIMPLIFY", SECRET)
        .with("SHOP", "s-2-hidden");
    sandbox.file("webhook.toml", "[secrets]\nolympus = { env = 'SHOP' }\n");
    let handler = Endpoint::ok();
    let url = handler.url("");
    let args = [
        "test",
        "-p",
        "cimplify",
        "--url",
        &url,
        "--only",
        "idempotent/twice",
        "--no-log",
        "--effects",
        "env >> seen; echo 1",
        "--until",
        "env >> seen",
    ];
    sandbox.run(&args).expect(1);
    let seen = std::fs::read_to_string(sandbox.folder().join("seen")).unwrap();
    assert!(seen.contains("PATH="), "{seen}");
    for secret in ["hidden", SECRET] {
        assert!(!seen.contains(secret), "{seen}");
    }
}
