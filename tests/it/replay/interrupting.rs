//! A run that is cut short: nothing is lost, and nothing is sent twice.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use super::logged::{attempts, fill, ibakepro, olympus};
use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;
use crate::harness::message::Message;
use crate::harness::sender::now;

/// A run on its way.
pub struct Replay {
    pub child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Replay {
    pub fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let mut child = sandbox
            .command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        Self { child, stderr }
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits until stderr says this.
    pub fn wait_for(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let count = self.stderr.read_line(&mut line).expect("text");
            assert_ne!(count, 0, "stderr ended without {text:?}");
        }
    }

    /// Waits for the end; returns the code, stdout and the rest of stderr.
    pub fn end(mut self) -> (Option<i32>, String, String) {
        let mut stdout = String::new();
        let mut pipe = self.child.stdout.take().expect("a pipe");
        pipe.read_to_string(&mut stdout).expect("text");
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).expect("text");
        let status = self.child.wait().expect("it ends");
        (status.code(), stdout, stderr)
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn bodies(seen: &[Message]) -> BTreeSet<Vec<u8>> {
    seen.iter().map(|seen| seen.body.clone()).collect()
}

/// How many attempts the log has of each delivery.
pub fn logged(sandbox: &Sandbox, ids: &[String]) -> Vec<usize> {
    ids.iter().map(|id| attempts(sandbox, id).len()).collect()
}

#[test]
fn how_to_go_on_is_told_however_little_is_said() {
    let sandbox = Sandbox::new();
    fill(&sandbox, (0..60).map(|number| ibakepro(number, now() - 60)));
    let endpoint = Endpoint::ok();
    let url = endpoint.url("/");
    let args = [
        "replay", "--event", "order.*", "--rate", "1/s", "-q", "--url", &url,
    ];
    let run = Replay::start(&sandbox, &args);
    endpoint.next();
    run.signal("INT");
    let (ended, _, stderr) = run.end();
    assert_eq!(ended, Some(130), "{stderr}");
    assert!(stderr.contains("--resume=run_"), "{stderr}");
}

#[test]
fn what_is_under_way_is_finished_and_resume_sends_exactly_the_rest() {
    for (concurrency, name, code) in [("1", "INT", 130), ("4", "TERM", 143)] {
        let sandbox = Sandbox::new();
        let ids = fill(&sandbox, (0..12).map(|number| ibakepro(number, now() - 60)));
        let (endpoint, gate) = Endpoint::gated(3);
        let url = endpoint.url("/");
        let filter = [
            "replay", "--event", "order.*", "--since", "-1h", "--url", &url,
        ];
        let many = ["--concurrency", concurrency];
        let mut run = Replay::start(&sandbox, &[&filter[..], &many].concat());
        gate.wait_for(many[1].parse().unwrap());
        run.signal(name);
        run.wait_for("stopping");
        gate.open();
        let (ended, _, stderr) = run.end();
        assert_eq!(ended, Some(code), "{stderr}");
        let sent = endpoint.count();
        assert!((4..=7).contains(&sent), "{sent}");
        let told = format!("interrupted: {sent} of 12 were sent");
        assert!(
            stderr.contains(&told) && stderr.contains("--resume"),
            "{stderr}"
        );
        assert_eq!(logged(&sandbox, &ids).iter().sum::<usize>(), sent);

        // Neither a replay of one nor what has come meanwhile is taken for a part of the run.
        sandbox
            .run(&["replay", &ids[0], "--url", &Endpoint::ok().url("/")])
            .expect(0);
        fill(&sandbox, [ibakepro(99, now() - 60)]);
        let run = sandbox
            .run(&[&filter[..], &["--resume", "--json"]].concat())
            .expect(0);
        assert!(
            run.stderr
                .contains(&format!("skipping {sent} already sent")),
            "{}",
            run.stderr
        );
        assert_eq!(run.json_lines().len(), 12 - sent + 1);
        assert_eq!(endpoint.count(), 12);
        assert_eq!(bodies(&endpoint.seen()).len(), 12);

        let run = sandbox
            .run(&[&filter[..], &["--resume"]].concat())
            .expect(0);
        assert!(
            run.stderr.contains("skipping 12 already sent"),
            "{}",
            run.stderr
        );
        assert_eq!(endpoint.count(), 12);
    }
}

#[test]
fn a_limit_means_the_same_deliveries_when_it_is_resumed() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, (0..6).map(|number| ibakepro(number, now())));
    let (endpoint, gate) = Endpoint::gated(1);
    let url = endpoint.url("/");
    let args = ["replay", "-n", "4", "--url", &url];
    let mut run = Replay::start(&sandbox, &args);
    gate.wait_for(1);
    run.signal("INT");
    run.wait_for("stopping");
    gate.open();
    assert_eq!(run.end().0, Some(130));
    fill(&sandbox, (6..9).map(|number| ibakepro(number, now())));
    sandbox.run(&[&args[..], &["--resume"]].concat()).expect(0);
    assert_eq!(logged(&sandbox, &ids), [0, 0, 1, 1, 1, 1]);
    assert_eq!(endpoint.count(), 4);
}

#[test]
fn a_run_that_waits_for_its_next_start_ends_at_once() {
    let sandbox = Sandbox::new();
    let at = now() - 86_400;
    fill(&sandbox, [ibakepro(0, at), ibakepro(1, at + 3_600)]);
    let (endpoint, gate) = Endpoint::gated(0);
    let url = endpoint.url("/");
    let args = ["replay", "-n2", "--pace", "original", "--url", &url];
    let run = Replay::start(&sandbox, &args);
    gate.wait_for(1);
    gate.open();
    run.signal("INT");
    let (code, _, stderr) = run.end();
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("interrupted: 1 of 2 were sent"), "{stderr}");
    assert_eq!(endpoint.count(), 1);
}

#[test]
fn a_second_signal_ends_at_once() {
    let sandbox = Sandbox::new();
    fill(&sandbox, (0..3).map(|number| ibakepro(number, now())));
    let (endpoint, gate) = Endpoint::gated(0);
    let url = endpoint.url("/");
    let mut run = Replay::start(&sandbox, &["replay", "-n3", "--url", &url]);
    gate.wait_for(1);
    run.signal("INT");
    run.wait_for("a second signal ends at once");
    run.signal("INT");
    assert_eq!(run.end().0, Some(130));
    assert_eq!(endpoint.count(), 1);
    gate.open();
}

#[test]
fn an_error_between_two_requests_says_what_was_sent() {
    let sandbox = Sandbox::new();
    let mut ids = fill(&sandbox, [olympus(0, now()), olympus(1, now())]);
    ids.extend(fill(&sandbox, [ibakepro(2, now()), olympus(3, now())]));
    let endpoint = Endpoint::ok();
    let url = endpoint.url("/");
    let secret = super::logged::SECRET;
    let args = [
        "replay", "-n4", "--url", &url, "--secret", secret, "--set", "type=x", "--json",
    ];
    let run = sandbox.run(&args).expect(2);
    assert!(run.stderr.contains("no value at `type`"), "{}", run.stderr);
    assert!(
        run.stderr.contains("stopped: 2 of 4 were sent"),
        "{}",
        run.stderr
    );
    assert_eq!(run.json_lines().len(), 3);
    assert_eq!(endpoint.count(), 2);
    assert_eq!(logged(&sandbox, &ids), [1, 1, 0, 0]);
}

#[test]
fn an_endpoint_that_was_not_reached_was_not_sent_to() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, (0..3).map(|number| ibakepro(number, now())));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    sandbox.run(&["replay", "-n3", "--url", &closed]).expect(3);
    let run = sandbox
        .run(&["replay", "-n3", "--url", &closed, "--resume"])
        .expect(3);
    assert!(
        run.stderr.contains("skipping 0 already sent"),
        "{}",
        run.stderr
    );
    assert_eq!(logged(&sandbox, &ids), [2, 2, 2]);
}

#[test]
fn there_has_to_be_a_run_to_resume() {
    let sandbox = Sandbox::new();
    fill(&sandbox, [ibakepro(0, now())]);
    let run = sandbox
        .run(&["replay", "-n1", "--resume", "--url", "9"])
        .expect(2);
    assert!(
        run.stderr.contains("no replay to go on with"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_reader_that_goes_ends_the_run_quietly_and_the_log_has_what_was_sent() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, (0..50).map(|number| ibakepro(number, now())));
    let (endpoint, gate) = Endpoint::gated(1);
    let url = endpoint.url("/");
    let args = [
        "replay",
        "-n50",
        "--url",
        &url,
        "--json",
        "--concurrency",
        "2",
    ];
    let mut run = Replay::start(&sandbox, &args);
    gate.wait_for(1);
    drop(run.child.stdout.take());
    gate.open();
    let mut stderr = String::new();
    run.stderr.read_to_string(&mut stderr).unwrap();
    assert_eq!(run.child.wait().unwrap().code(), Some(141), "{stderr}");
    assert_eq!(stderr, "");
    let sent = endpoint.count();
    assert!(sent < 50, "{sent}");
    assert_eq!(logged(&sandbox, &ids).iter().sum::<usize>(), sent);
}
