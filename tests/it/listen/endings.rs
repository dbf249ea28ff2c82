//! How a run ends, and with which code.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::Value;

use super::durable::{attempts, kept};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::sender::{SECRET, deliver, order};
use crate::harness::{Lines, Listener, PATIENCE, Sandbox, in_time, signal, try_post};

fn listen(flags: &[&str]) -> (Sandbox, Listener) {
    let sandbox = Sandbox::new();
    let mut all = vec!["--secret", SECRET];
    all.extend(flags);
    let listener = sandbox.listen(&all);
    (sandbox, listener)
}

/// Its end: the code, and the summary.
fn end(listener: Listener) -> (Option<i32>, Value) {
    let (rest, _, status) = listener.wait();
    let last = rest.lines().last().expect("a summary");
    (status.code(), serde_json::from_str(last).unwrap())
}

/// What a forgery is answered; `None` where the listener has ended.
fn forge(listener: &Listener) -> Option<u16> {
    let forged = ("X-Olympus-Signature", "t=1,v1=00");
    let answer = try_post(
        listener.address(),
        "/",
        &[forged],
        order("forged").as_bytes(),
    );
    answer.map(|(status, _)| status)
}

#[test]
fn once_ends_after_one_delivery() {
    let (_sandbox, listener) = listen(&["--once"]);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    let (code, summary) = end(listener);
    assert_eq!(
        (code, &summary["deliveries"], &summary["met"]),
        (Some(0), &1.into(), &true.into())
    );
}

#[test]
fn a_pattern_is_no_event_to_await() {
    for pattern in ["order.*", "!order.created"] {
        let run = Sandbox::new()
            .run(&["listen", "--expect", pattern])
            .expect(2);
        let message = "error: `--expect` awaits one event, not a pattern\n";
        assert!(run.stderr.starts_with(message), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("`--events '{pattern}'`")));
    }
}

#[test]
fn a_count_ends_with_1_where_one_was_forged() {
    let (_sandbox, listener) = listen(&["--count", "2"]);
    assert_eq!(forge(&listener), Some(401));
    deliver(listener.address(), order("evt_1"));
    let (code, summary) = end(listener);
    assert_eq!(
        (code, &summary["refused"], &summary["valid"]),
        (Some(1), &1.into(), &1.into())
    );
    assert_eq!(summary["met"], false, "the summary says what the code says");
}

#[test]
fn a_count_that_is_full_without_the_expected_event_ends_with_1() {
    let (_sandbox, listener) = listen(&["--count", "1", "--expect", "order.updated"]);
    deliver(listener.address(), order("evt_1"));
    let (code, summary) = end(listener);
    assert_eq!((code, &summary["met"]), (Some(1), &false.into()));
    assert_eq!(summary["missing"], serde_json::json!(["order.updated"]));
}

#[test]
fn what_could_not_be_verified_is_no_success() {
    let sandbox = Sandbox::new();
    let listener = sandbox.listen(&["--once"]);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    assert_eq!(end(listener).0, Some(1));
}

#[test]
fn an_expected_event_counts_only_when_it_is_genuine() {
    let (_sandbox, listener) = listen(&["--expect", "order.created", "--expect", "order.ready"]);
    assert_eq!(forge(&listener), Some(401));
    deliver(
        listener.address(),
        order("evt_1").replace("order.created", "order.ready"),
    );
    deliver(listener.address(), order("evt_2"));
    let (code, summary) = end(listener);
    assert_eq!(
        (code, &summary["missing"]),
        (Some(0), &Value::Array(Vec::new()))
    );
}

#[test]
fn an_unknown_expectation_is_an_error_with_a_near_name() {
    let run = Sandbox::new()
        .run(&["listen", "--port", "0", "--expect", "order.creatd"])
        .expect(2);
    assert!(
        run.stderr.contains("unknown event `order.creatd`"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("did you mean `order.created`?"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_does_not_come_in_time_is_1() {
    let (_sandbox, listener) = in_time(|limit| {
        let (sandbox, listener) = listen(&["--expect", "order.created", "--within", limit]);
        forge(&listener).map(|status| assert_eq!(status, 401))?;
        Some((sandbox, listener))
    });
    let (rest, stderr, status) = listener.wait();
    assert_eq!(status.code(), Some(1));
    assert!(rest.contains(r#""missing":["order.created"]"#), "{rest}");
    assert!(
        stderr.contains("`order.created` was not received"),
        "{stderr}"
    );
}

/// Who reads the log of a run without its code learns what was missing of a number, too.
#[test]
fn a_number_that_is_not_met_says_what_is_missing() {
    let (_sandbox, listener) = in_time(|limit| {
        let (sandbox, listener) = listen(&["--count", "2", "--within", limit]);
        forge(&listener).map(|status| assert_eq!(status, 401))?;
        Some((sandbox, listener))
    });
    let (_, stderr, status) = listener.wait();
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("1 of 2 deliveries came"), "{stderr}");
    let (_sandbox, listener) = listen(&["--once"]);
    assert_eq!(forge(&listener), Some(401));
    let (_, stderr, status) = listener.wait();
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("1 of 1 not valid"), "{stderr}");
}

#[test]
fn what_comes_in_time_is_0_and_does_not_wait() {
    let (_sandbox, listener) = listen(&["--expect", "order.created", "--within", "1h"]);
    deliver(listener.address(), order("evt_1"));
    assert_eq!(end(listener).0, Some(0));
}

#[test]
fn a_signal_is_a_normal_end_of_a_healthy_listener() {
    for signal in ["INT", "TERM"] {
        let (_sandbox, listener) = listen(&[]);
        deliver(listener.address(), order("evt_1"));
        listener.signal(signal);
        assert_eq!(end(listener).0, Some(0), "{signal}");
    }
}

#[test]
fn a_signal_before_the_expectation_is_met_cuts_it_short() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (_sandbox, listener) = listen(&["--expect", "order.created"]);
        listener.signal(signal);
        assert_eq!(end(listener).0, Some(code), "{signal}");
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (_sandbox, listener) = listen(&["--read-timeout", "1h"]);
        let connect = || std::net::TcpStream::connect(listener.address()).unwrap();
        let mut idle = connect();
        idle.set_read_timeout(Some(PATIENCE)).unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            .unwrap();
        assert_eq!(idle.read(&mut [0]).unwrap(), 1);
        let mut stalled = connect();
        stalled
            .write_all(
                b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
            )
            .unwrap();
        // The invitation to go on says that the body is being waited for.
        let mut invitation = String::new();
        BufReader::new(&stalled).read_line(&mut invitation).unwrap();
        assert!(invitation.contains("100"), "{invitation}");
        listener.signal("INT");
        // Signals of one kind merge: the first is heard once idle connections end.
        idle.read_to_end(&mut Vec::new()).unwrap();
        listener.signal(signal);
        let (_, _, status) = listener.wait();
        assert_eq!(status.code(), Some(code), "{signal}");
    }
}

#[test]
fn a_terminal_that_is_closed_ends_it_in_order() {
    let (_sandbox, listener) = listen(&[]);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    listener.signal("HUP");
    let (code, summary) = end(listener);
    assert_eq!(
        (code, &summary["deliveries"]),
        (Some(0), &1.into()),
        "{summary}"
    );
}

#[test]
fn few_files_mean_few_connections_and_are_told_of() {
    let sandbox = Sandbox::new();
    let script = "ulimit -n 100; exec \"$0\" \"$@\"";
    let program = env!("CARGO_BIN_EXE_webhook");
    let flags = [
        "-c", script, program, "listen", "--json", "--port", "0", "--secret", SECRET,
    ];
    let mut listener = sandbox.listen_by("sh", &flags);
    listener.complains("100 files can be open at once, which is enough for 60 connections");
    let idle: Vec<_> = (0..59)
        .map(|_| std::net::TcpStream::connect(listener.address()).unwrap())
        .collect();
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    drop(idle);
    assert_eq!(listener.stop().2.code(), Some(0));
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let sandbox = Sandbox::new();
    let mut child = sandbox
        .command(&["listen", "--json", "--port", "0", "--secret", SECRET])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    drop(lines);
    let address = format!("127.0.0.1:{}", ready["port"]).parse().unwrap();
    assert_eq!(deliver(address, order("evt_1")).0, 200);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(141), "{stderr}");
    assert!(
        !stderr.contains("error") && !stderr.contains("panicked"),
        "{stderr}"
    );
    assert_eq!(super::durable::kept(&sandbox.log_file()).len(), 1);
}

#[test]
fn an_output_that_nobody_reads_does_not_hold_up_the_end() {
    let sandbox = Sandbox::new();
    let mut child = sandbox
        .command(&["listen", "--json", "--port", "0", "--secret", SECRET])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let address = format!("127.0.0.1:{}", ready["port"]).parse().unwrap();
    let large = order("large").replace("49.9", &format!("\"{}\"", "x".repeat(1 << 20)));
    assert_eq!(deliver(address, large).0, 200);
    signal(child.id(), "TERM");
    let mut errors = Lines::of(child.stderr.take().unwrap());
    errors.until("waiting for somebody to read the output; Ctrl-C again ends at once");
    errors.until("error: nobody reads the output: the rest of it was not printed");
    assert_eq!(child.wait().unwrap().code(), Some(4));
    drop(lines);
    assert_eq!(super::durable::kept(&sandbox.log_file()).len(), 1);
}

#[test]
fn a_second_signal_leaves_an_attempt_of_what_was_being_forwarded() {
    let app = Endpoint::start(|_, _| Reply::Silence);
    let (sandbox, mut listener) = listen(&["--forward-to", &app.authority()]);
    let address = listener.address();
    let sender = std::thread::spawn(move || deliver(address, order("evt_1")));
    app.next();
    listener.signal("INT");
    listener.complains("finishing what is under way; Ctrl-C again ends at once");
    listener.signal("INT");
    assert_eq!(listener.wait().2.code(), Some(130));
    let log = sandbox.log_file();
    let attempts = attempts(&log, &kept(&log)[0].id);
    let failure = attempts[0].outcome.as_ref().unwrap_err();
    assert_eq!(
        failure.message,
        "the listener ended before the application answered"
    );
    drop((app, sender));
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full_is_an_error() {
    let sandbox = Sandbox::new();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = sandbox
        .command(&["listen", "--json", "--port", "0"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the output"));
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = Sandbox::new().run(&["listen", "--port", &port]).expect(2);
    assert!(
        run.stderr.contains(&format!("port {port}")),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--port 0"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn port_0_picks_one_and_tells_it() {
    let (_sandbox, listener) = listen(&[]);
    let port = listener.ready["port"].as_u64().unwrap();
    assert_ne!(port, 0);
    assert_eq!(listener.url(), format!("http://localhost:{port}"));
}
