//! Which run is gone on with: the one that is named, else the newest of the same deliveries and
//! endpoint.

use std::io::{BufRead as _, BufReader};

use super::interrupting::{Replay, bodies, logged};
use super::logged::{SECRET, fill, ibakepro, log, olympus, olympus_event};
use crate::harness::endpoint::Endpoint;
use crate::harness::sender::now;
use crate::harness::{Run, Sandbox};

/// Twelve orders and three payments in a log, and a replay of the orders that a signal has ended
/// after the fourth.
struct Interrupted {
    sandbox: Sandbox,
    orders: Vec<String>,
    endpoint: Endpoint,
    url: String,
    /// The id of its run.
    run: String,
}

impl Interrupted {
    fn new(more: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let orders = fill(&sandbox, (0..12).map(|number| olympus(number, now())));
        let payment = |number| olympus_event("payment.failed", number, now());
        fill(&sandbox, (20..23).map(payment));
        let (endpoint, gate) = Endpoint::gated(3);
        let url = endpoint.url("/");
        let args = ["replay", "--event", "order.*", "--url", &url];
        let mut run = Replay::start(&sandbox, &[&args[..], more].concat());
        gate.wait_for(1);
        run.signal("INT");
        run.wait_for("stopping");
        gate.open();
        let (code, _, stderr) = run.end();
        assert_eq!(code, Some(130), "{stderr}");
        assert!(stderr.contains("4 of 12 were sent"), "{stderr}");
        let (_, id) = stderr.split_once("--resume=").expect("the run's id");
        let id = id.split('`').next().expect("its end").to_owned();
        assert!(id.starts_with("run_"), "{stderr}");
        let alone = stderr.contains(&format!("`webhook replay --resume={id}` sends the rest"));
        assert_eq!(alone, more.is_empty(), "{stderr}");
        Self {
            sandbox,
            orders,
            endpoint,
            url,
            run: id,
        }
    }

    fn replay(&self, args: &[&str]) -> Run {
        self.sandbox.run(&[&["replay"], args].concat())
    }

    /// Each of the orders was sent, and none twice.
    #[track_caller]
    fn assert_all_sent_once(&self) {
        assert_eq!(logged(&self.sandbox, &self.orders), [1; 12]);
    }
}

#[test]
fn another_replay_between_is_not_taken_for_the_one_that_was_interrupted() {
    let begun = Interrupted::new(&[]);
    let url = &begun.url;
    begun
        .replay(&["--event", "payment.*", "--url", url])
        .expect(0);
    assert_eq!(begun.endpoint.count(), 4 + 3);
    let run = begun.replay(&["--event", "order.*", "--url", url, "--resume", "--json"]);
    let run = run.expect(0);
    assert!(
        run.stderr.contains("skipping 4 already sent"),
        "{}",
        run.stderr
    );
    assert_eq!(run.json_lines().len(), 8 + 1);
    assert_eq!(begun.endpoint.count(), 12 + 3);
    assert_eq!(bodies(&begun.endpoint.seen()).len(), 12 + 3);
    begun.assert_all_sent_once();
}

#[test]
fn a_run_that_is_named_needs_nothing_else() {
    let begun = Interrupted::new(&[]);
    let elsewhere = Endpoint::ok();
    begun
        .replay(&["--event", "order.*", "--url", &elsewhere.url("/")])
        .expect(0);
    fill(&begun.sandbox, [olympus(99, now())]);
    let resume = format!("--resume={}", begun.run);
    let run = begun.replay(&[&resume]).expect(0);
    assert!(
        run.stderr.contains("skipping 4 already sent"),
        "{}",
        run.stderr
    );
    assert_eq!(begun.endpoint.count(), 12);
    assert_eq!(bodies(&begun.endpoint.seen()).len(), 12);
    assert_eq!(elsewhere.count(), 12);

    // The same again is no contradiction; nothing is left.
    let run = begun.replay(&["--event", "order.*", "--url", &begun.url, &resume]);
    let run = run.expect(0);
    assert!(
        run.stderr.contains("skipping 12 already sent"),
        "{}",
        run.stderr
    );
    assert_eq!(begun.endpoint.count(), 12);
}

#[test]
fn without_anything_else_the_newest_replay_is_resumed() {
    let begun = Interrupted::new(&[]);
    let elsewhere = begun.endpoint.url("/other");
    let run = begun.replay(&["--resume", "--url", &elsewhere]).expect(2);
    assert!(run.stderr.contains("leave `--url` out"), "{}", run.stderr);
    let run = begun.replay(&["--resume"]).expect(0);
    assert!(
        run.stderr.contains("skipping 4 already sent"),
        "{}",
        run.stderr
    );
    assert_eq!(begun.endpoint.count(), 12);
    let nothing = Sandbox::new();
    fill(&nothing, [olympus(1, now())]);
    let run = nothing.run(&["replay", "--resume"]).expect(2);
    assert!(
        run.stderr.contains("no replay to go on with"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_a_run_is_not_is_refused_and_another_one_is_named() {
    let begun = Interrupted::new(&[]);
    let url = &begun.url;
    let resume = format!("--resume={}", begun.run);
    let named = format!(
        "`--resume={}` goes on with the last one, to `{url}`",
        begun.run
    );
    let other = begun.endpoint.url("/other");
    let no_such = "no replay of these deliveries to this endpoint";
    for (args, parts) in [
        (
            &["--event", "order.*", "--resume", "--url", &other][..],
            [no_such, &named],
        ),
        (
            &["--event", "payment.*", "--resume", "--url", url],
            [no_such, &named],
        ),
        (
            &["--event", "order.*", "-n5", "--resume", "--url", url],
            [no_such, &named],
        ),
        (
            &["@last", &resume],
            [
                "has other deliveries than these",
                "leave ids and filters out",
            ],
        ),
        (
            &["--event", "payment.*", &resume],
            ["has other deliveries", "leave ids and filters out"],
        ),
        (
            &[&resume, "--url", &other],
            [&format!("goes to `{url}`"), "leave `--url` out"],
        ),
        (
            &["--resume=run_nope"],
            ["the log has no replay `run_nope`", "says its id"],
        ),
    ] {
        let run = begun.replay(args).expect(2);
        for part in parts {
            assert!(run.stderr.contains(part), "{part:?} in {}", run.stderr);
        }
    }
    assert_eq!(begun.endpoint.count(), 4);
    // What stands behind a blank is an id of a delivery, as ever.
    let run = begun
        .replay(&["--resume", &begun.orders[0], "--url", url])
        .expect(2);
    assert!(run.stderr.contains(no_such), "{}", run.stderr);
}

#[test]
fn what_the_log_does_not_keep_has_to_be_said_again() {
    let begun = Interrupted::new(&["-H", "X-Test: 1", "--secret", SECRET]);
    let resume = format!("--resume={}", begun.run);
    let again = ["-H", "X-Test: 1", "--secret", SECRET, &resume];
    begun.replay(&again).expect(0);
    let seen = begun.endpoint.seen();
    assert!(seen.iter().all(|seen| seen.header("X-Test") == "1"));
    begun.assert_all_sent_once();
}

#[test]
fn a_password_in_the_url_is_not_kept_and_not_left_out_unsaid() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, (0..3).map(|number| ibakepro(number, now())));
    let (endpoint, gate) = Endpoint::gated(0);
    let url = endpoint.url("/").replace("//", "//me:hushhush@");
    let mut run = Replay::start(&sandbox, &["replay", "-n3", "--url", &url]);
    gate.wait_for(1);
    run.signal("INT");
    run.wait_for("stopping");
    gate.open();
    let (_, _, stderr) = run.end();
    let (_, id) = stderr
        .split_once("the same command with `--resume=")
        .expect(&stderr);
    let resume = format!("--resume={}", id.split('`').next().unwrap());
    let refused = sandbox.run(&["replay", &resume]).expect(2);
    assert!(
        refused.stderr.contains("the log does not keep"),
        "{}",
        refused.stderr
    );
    let bytes = std::fs::read(sandbox.log_file()).unwrap();
    assert!(!bytes.windows(8).any(|part| part == b"hushhush"));
    sandbox.run(&["replay", &resume, "--url", &url]).expect(0);
    assert_eq!(logged(&sandbox, &ids), [1; 3]);
    let seen = endpoint.seen();
    assert!(
        seen.iter()
            .all(|seen| seen.header("Authorization").starts_with("Basic "))
    );
}

#[test]
fn a_run_that_was_killed_is_resumed_from_what_the_log_has() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, (0..12).map(|number| ibakepro(number, now())));
    let (endpoint, gate) = Endpoint::gated(3);
    let url = endpoint.url("/");
    let args = ["replay", "--event", "order.*", "--url", &url];
    let mut run = Replay::start(&sandbox, &[&args[..], &["--json"]].concat());
    gate.wait_for(1);
    // A line is printed once the log has the attempt.
    let stdout = BufReader::new(run.child.stdout.take().unwrap());
    assert_eq!(stdout.lines().take(3).map(Result::unwrap).count(), 3);
    run.signal("KILL");
    run.child.wait().unwrap();
    gate.open();
    assert_eq!(logged(&sandbox, &ids).iter().sum::<usize>(), 3);
    let run = sandbox.run(&[&args[..], &["--resume"]].concat()).expect(0);
    assert!(
        run.stderr.contains("skipping 3 already sent"),
        "{}",
        run.stderr
    );
    assert_eq!(logged(&sandbox, &ids), [1; 12]);
    assert_eq!(bodies(&endpoint.seen()).len(), 12);
    // The fourth was under way when the program was killed: nobody knows whether it arrived.
    assert_eq!(endpoint.count(), 13);
}

#[test]
fn failed_ones_with_a_limit_are_the_same_when_they_are_resumed() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, (0..6).map(|number| ibakepro(number, now())));
    let refusing = Endpoint::script(&[500]);
    sandbox
        .run(&["replay", "-n6", "--url", &refusing.url("/")])
        .expect(1);
    let (endpoint, gate) = Endpoint::gated(1);
    let url = endpoint.url("/");
    let args = ["replay", "--failed", "-n4", "--url", &url];
    let mut run = Replay::start(&sandbox, &args);
    gate.wait_for(1);
    run.signal("INT");
    run.wait_for("stopping");
    gate.open();
    assert_eq!(run.end().0, Some(130));
    sandbox.run(&[&args[..], &["--resume"]].concat()).expect(0);
    // The two that are sent are no failed ones any more, and no older ones take their places.
    assert_eq!(logged(&sandbox, &ids), [1, 1, 2, 2, 2, 2]);
}

#[test]
fn a_run_of_an_earlier_version_is_refused_with_what_to_do() {
    let begun = Interrupted::new(&[]);
    drop(log(&begun.sandbox));
    let conn = rusqlite::Connection::open(begun.sandbox.log_file()).unwrap();
    conn.execute("UPDATE run SET selection = ''", []).unwrap();
    drop(conn);
    let run = begun
        .replay(&[&format!("--resume={}", begun.run)])
        .expect(2);
    assert!(
        run.stderr.contains("of an earlier version"),
        "{}",
        run.stderr
    );
    let run = begun.replay(&["--event", "order.*", "--url", &begun.url, "--resume"]);
    let run = run.expect(2);
    assert!(
        run.stderr.contains("no replay to go on with"),
        "{}",
        run.stderr
    );
    assert_eq!(begun.endpoint.count(), 4);
}

#[test]
fn a_run_that_is_under_way_is_not_gone_on_with_by_another() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, (0..4).map(|number| ibakepro(number, now())));
    let (endpoint, gate) = Endpoint::gated(1);
    let url = endpoint.url("/");
    let args = ["replay", "--event", "order.*", "--url", &url];
    let run = Replay::start(&sandbox, &args);
    gate.wait_for(1);
    let id = log(&sandbox)
        .reader()
        .unwrap()
        .newest_run()
        .unwrap()
        .unwrap()
        .id;
    let resume = format!("--resume={id}");
    for other in [
        &["replay", &resume][..],
        &[&args[..], &["--resume"]].concat(),
    ] {
        let refused = sandbox.run(other).expect(2);
        let said = format!("`{id}` is under way in another replay");
        assert!(refused.stderr.contains(&said), "{}", refused.stderr);
    }
    // Looking at it sends nothing.
    sandbox.run(&["replay", &resume, "--dry-run"]).expect(0);
    gate.open();
    let (code, _, stderr) = run.end();
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(logged(&sandbox, &ids), [1; 4]);
    assert_eq!(endpoint.count(), 4);
    // The lock is gone, and the file with it.
    sandbox.run(&["replay", &resume]).expect(0);
    let folder = sandbox.log_file().parent().unwrap().to_owned();
    let left = std::fs::read_dir(folder).unwrap();
    let mut names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.all(|name| !name.contains("run_")));
}
