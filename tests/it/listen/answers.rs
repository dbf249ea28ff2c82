//! What a sender is answered.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::targets::free_port;
use crate::harness::endpoint::Endpoint;
use crate::harness::sender::{SECRET, deliver, now, order, signature, signature_at};
use crate::harness::{
    Listener, PATIENCE, Sandbox, has, in_time, own_address, post, post_message, raw_exchange,
    try_exchange,
};

fn listen(flags: &[&str]) -> (Sandbox, Listener) {
    let sandbox = Sandbox::new();
    let mut all = vec!["--secret", SECRET];
    all.extend(flags);
    let listener = sandbox.listen(&all);
    (sandbox, listener)
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text:?}"))
}

#[test]
fn a_genuine_delivery_is_answered_200() {
    let (_sandbox, listener) = listen(&[]);
    let (status, answer) = deliver(listener.address(), order("evt_1"));
    assert_eq!(
        (status, parsed(&answer)["received"].as_bool()),
        (200, Some(true))
    );
}

#[test]
fn a_forged_delivery_is_answered_401_with_the_reason() {
    let (_sandbox, mut listener) = listen(&[]);
    let (name, value) = signature("olympus", "not the secret", order("evt_1").as_bytes());
    let (status, answer) = post(
        listener.address(),
        "/",
        &[(name, &value)],
        order("evt_1").as_bytes(),
    );
    let answer = parsed(&answer);
    assert_eq!(
        (status, answer["verdict"].as_str()),
        (401, Some("mismatch"))
    );
    assert!(
        answer["error"]
            .as_str()
            .is_some_and(|e| e.contains("signature")),
        "{answer}"
    );
    let line = listener.next_line();
    assert_eq!(line["verdict"]["status"], "mismatch");
    assert_eq!(line["response"]["status"], 401);
}

#[test]
fn the_cause_of_a_wrong_signature_is_named_to_the_sender() {
    let (_sandbox, listener) = listen(&[]);
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, format!("{body}\n").as_bytes());
    let (status, answer) = post(listener.address(), "/", &[(name, &value)], body.as_bytes());
    assert_eq!(status, 401);
    let answer = parsed(&answer);
    assert!(
        answer["error"]
            .as_str()
            .is_some_and(|e| e.contains("newline")),
        "{answer}"
    );
    assert!(answer["hint"].is_string(), "{answer}");
}

#[test]
fn an_unsigned_delivery_and_an_unreadable_signature_are_answered_401() {
    let (_sandbox, mut listener) = listen(&["--provider", "olympus"]);
    let body = order("evt_1");
    assert_eq!(post(listener.address(), "/", &[], body.as_bytes()).0, 401);
    assert_eq!(listener.next_line()["verdict"]["status"], "missing");
    let header = ("X-Olympus-Signature", "gibberish");
    assert_eq!(
        post(listener.address(), "/", &[header], body.as_bytes()).0,
        401
    );
    assert_eq!(listener.next_line()["verdict"]["status"], "malformed");
}

#[test]
fn a_stale_delivery_is_answered_401_unless_the_tolerance_allows_it() {
    let body = order("evt_1");
    for (flags, age, expected) in [
        (&[][..], 301, 401),
        (&[], 290, 200),
        (&["--tolerance", "10m"], 599, 200),
        (&["--tolerance", "10s"], 20, 401),
        (&["--tolerance", "none"], 1_000_000, 200),
        (&[], -400, 200),
        (&["--strict"], -400, 401),
    ] {
        let (_sandbox, mut listener) = listen(flags);
        let (name, value) = signature_at("olympus", SECRET, body.as_bytes(), now() - age);
        let (status, _) = post(listener.address(), "/", &[(name, &value)], body.as_bytes());
        let verdict = &listener.next_line()["verdict"];
        assert_eq!(status, expected, "{flags:?}, {age} s old: {verdict}");
        assert_eq!(verdict["status"] == "stale", expected == 401, "{verdict}");
    }
}

#[test]
fn a_signed_body_that_is_not_json_is_genuine_and_noted() {
    let app = Endpoint::script(&[202]);
    let application = app.authority();
    for (flags, expected) in [
        (&[][..], 200),
        (&["-f", &application], 202),
        (&["-f", &application, "--answer", "now"], 200),
        (&["-f", &application, "--respond", "418"], 418),
        (&["--on-invalid", "forward"], 200),
    ] {
        let (_sandbox, mut listener) = listen(flags);
        for body in ["", "hello", "{", "{}{}", "\u{feff}{}", "\u{0}", "a=1&b=2"] {
            let (status, _) = deliver(listener.address(), body);
            assert_eq!(status, expected, "{flags:?}: {body:?}");
            let line = listener.next_of("delivery");
            assert_eq!(line["verdict"]["status"], "valid");
            let note = json!(["the body is not JSON, which olympus sends"]);
            assert_eq!(line["verdict"]["notes"], note);
            assert_eq!(line["request"]["body"], body);
            if flags.contains(&"-f") {
                assert_eq!(app.next().body, body.as_bytes());
            }
        }
        deliver(listener.address(), order("evt_1"));
        let line = listener.next_of("delivery");
        assert_eq!(line["verdict"]["notes"], json!([]));
        if flags.contains(&"-f") {
            app.next();
        }
    }
}

#[test]
fn a_stranger_learns_that_a_signature_is_wrong_and_not_why() {
    let sandbox = Sandbox::new();
    let secret = format!("cimplify={SECRET}");
    let flags = ["--secret", &secret, "--secret", "olympus=other"];
    let mut listener = sandbox.listen(&[&flags[..], &["--host", "0.0.0.0"]].concat());
    let body = order("evt_1");
    // Signed with another provider's secret, which is told to the owner of this machine alone.
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    let here = listener.address();
    let mut forge = |address, headers: &[_]| {
        let headers = [headers, &[(name, value.as_str())]].concat();
        let (status, answer) = post(address, "/", &headers, body.as_bytes());
        assert_eq!(status, 401);
        let line = listener.next_line();
        let reason = line["verdict"]["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains("cimplify"), "{reason}");
        (answer, reason)
    };
    let (answer, reason) = forge(here, &[]);
    assert_eq!(parsed(&answer)["error"], reason);
    let told = r#"{"error":"the signature is not valid","verdict":"mismatch"}"#;
    for proxy in ["X-Forwarded-For", "Forwarded"] {
        assert_eq!(forge(here, &[(proxy, "for=203.0.113.9")]).0, told);
    }
    if let Some(own) = own_address() {
        assert_eq!(forge(SocketAddr::new(own, here.port()), &[]).0, told);
    }
}

#[test]
fn a_stranger_learns_neither_where_the_application_is_nor_that_answers_are_scripted() {
    let nowhere = free_port();
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    let ask = |listener: &Listener, headers: &[_]| {
        let headers = [headers, &[(name, value.as_str())]].concat();
        post(listener.address(), "/", &headers, body.as_bytes())
    };
    let stranger = [("X-Forwarded-For", "203.0.113.9")];
    let (_sandbox, listener) = listen(&["-f", &nowhere]);
    let (status, answer) = ask(&listener, &[]);
    assert!(status == 502 && answer.contains(&nowhere), "{answer}");
    let told = r#"{"error":"the application could not be reached"}"#;
    assert_eq!(ask(&listener, &stranger), (502, told.into()));

    let (_sandbox, listener) = listen(&["--respond", "503"]);
    let told = r#"{"received":true,"scripted":503}"#;
    assert_eq!(ask(&listener, &[]), (503, told.into()));
    let told = r#"{"received":true}"#;
    assert_eq!(ask(&listener, &stranger), (503, told.into()));
}

#[test]
fn any_method_path_and_content_type_is_received() {
    let (_sandbox, mut listener) = listen(&[]);
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    for method in ["PUT", "PATCH", "DELETE", "GET", "PROPFIND"] {
        let message = format!(
            "{method} /any/%7Epath//x?a=1&b HTTP/1.1\r\nHost: h\r\n{name}: {value}\r\n\
             Content-Type: text/x-odd\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = raw_exchange(listener.address(), message.as_bytes());
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{method}");
        let line = listener.next_line();
        assert_eq!(line["request"]["method"], method);
        assert_eq!(line["request"]["target"], "/any/%7Epath//x?a=1&b");
    }
}

#[test]
fn a_body_over_the_limit_is_answered_413_declared_and_chunked() {
    let (_sandbox, mut listener) = listen(&["--max-body", "1KiB"]);
    let exact = format!("\"{}\"", "x".repeat(1022));
    assert_eq!(deliver(listener.address(), &exact).0, 200);
    let (status, answer) = deliver(listener.address(), format!("{exact} "));
    assert_eq!(status, 413);
    assert!(
        parsed(&answer)["error"]
            .as_str()
            .is_some_and(|e| e.contains("1024"))
    );
    let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("200\r\n{}\r\n", "x".repeat(0x200));
    let message = format!("{head}{}0\r\n\r\n", chunk.repeat(3));
    let answer = raw_exchange(listener.address(), message.as_bytes());
    assert!(answer.starts_with(b"HTTP/1.1 413 "));
    assert_eq!(listener.next_line()["response"]["status"], 200);
    for _ in 0..2 {
        let line = listener.next_line();
        assert_eq!(line["response"]["status"], 413);
        assert_eq!(line["request"]["body_complete"], false);
    }
}

#[test]
fn a_client_that_stalls_in_its_body_is_answered_408() {
    let message = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf a body";
    let (answer, line) = in_time(|limit| {
        let (_sandbox, mut listener) = listen(&["--read-timeout", limit]);
        let answer = try_exchange(listener.address(), message)?;
        // Without an answer, the time for the head was over before it came.
        (!answer.is_empty()).then(|| (answer, listener.next_line()))
    });
    assert!(answer.starts_with(b"HTTP/1.1 408 "));
    assert_eq!(line["request"]["body"], "half a body");
    assert_eq!(line["request"]["body_complete"], false);
    assert_eq!(line["verdict"]["status"], "unverified");
}

#[test]
fn forged_deliveries_pass_where_they_are_let_through() {
    let (_sandbox, mut listener) = listen(&["--on-invalid", "forward"]);
    let header = ("X-Olympus-Signature", "t=1,v1=00");
    assert_eq!(post(listener.address(), "/", &[header], b"not json").0, 200);
    let line = listener.next_line();
    assert_eq!(line["response"]["status"], 200);
    assert_ne!(line["verdict"]["status"], "valid");
}

#[test]
fn scripted_answers_are_walked_for_each_event_on_its_own() {
    let (_sandbox, listener) = listen(&["--respond", "500,503,200"]);
    let answers = |id| deliver(listener.address(), order(id)).0;
    assert_eq!([answers("a"), answers("b"), answers("a")], [500, 500, 503]);
    assert_eq!([answers("a"), answers("a"), answers("b")], [200, 200, 503]);
}

#[test]
fn a_scripted_answer_does_not_ask_who_sent() {
    let (_sandbox, listener) = listen(&["--respond", "418"]);
    assert_eq!(post(listener.address(), "/", &[], b"whatever").0, 418);
}

#[test]
fn a_script_has_bodies_delays_and_ends_without_an_answer() {
    let sandbox = Sandbox::new();
    sandbox.file("body.json", r#"{"id":7}"#);
    let mut listener = sandbox.listen(&[
        "--secret",
        SECRET,
        "--respond",
        "delay=300ms,delay=300ms+503,reset,201:@body.json",
        "--respond",
        "202:so, it is: accepted",
        "--respond-header",
        "Retry-After: 7",
    ]);
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    let message = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{name}: {value}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = || {
        let start = Instant::now();
        let answer = raw_exchange(listener.address(), message.as_bytes());
        let line = listener.next_line();
        assert_eq!(line["verdict"]["status"], "valid");
        let text = String::from_utf8(answer).unwrap();
        (text, start.elapsed(), line["response"]["status"].as_u64())
    };
    let slow = Duration::from_millis(300);
    let (usual, took, kept) = answer();
    assert!(
        usual.starts_with("HTTP/1.1 200 ") && took >= slow,
        "{usual}"
    );
    assert!(
        usual.to_lowercase().contains("retry-after: 7\r\n"),
        "{usual}"
    );
    assert_eq!(kept, Some(200));
    let (refused, took, _) = answer();
    assert!(
        refused.starts_with("HTTP/1.1 503 ") && took >= slow,
        "{refused}"
    );
    let (nothing, _, kept) = answer();
    assert_eq!((nothing.as_str(), kept), ("", None));
    let (file, ..) = answer();
    assert!(
        file.starts_with("HTTP/1.1 201 ") && file.ends_with("\r\n\r\n{\"id\":7}"),
        "{file}"
    );
    assert!(
        file.to_lowercase()
            .contains("content-type: application/json\r\n"),
        "{file}"
    );
    for _ in 0..2 {
        let (typed, ..) = answer();
        assert!(typed.starts_with("HTTP/1.1 202 "), "{typed}");
        assert!(typed.ends_with("\r\n\r\nso, it is: accepted"), "{typed}");
    }
}

/// An end in order would say that this was the whole answer.
#[test]
fn a_scripted_reset_is_one_of_the_connection() {
    let (_sandbox, listener) = listen(&["--respond", "reset"]);
    let mut stream = TcpStream::connect(listener.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&post_message("/", &[], b"{}")).unwrap();
    let error = stream.read(&mut [0]).expect_err("no end in order");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    if has("curl") {
        let (_sandbox, listener) = listen(&["--respond", "reset", "--tls"]);
        let curl = ["-sS", "--insecure", "--noproxy", "*", "--data", "{}"];
        let curl = Command::new("curl").args(curl).arg(listener.url()).output();
        let said = String::from_utf8_lossy(&curl.unwrap().stderr).to_lowercase();
        assert!(said.contains("connection reset by peer"), "{said}");
    }
}

#[test]
fn chance_is_the_same_for_the_same_seed_and_leaves_the_usual_answer() {
    let answers = |seed: &str| -> Vec<u16> {
        let (_sandbox, listener) = listen(&["--respond", "50%=503", "--seed", seed]);
        let answer = |n: usize| deliver(listener.address(), order(&format!("evt_{n}"))).0;
        (0..40).map(answer).collect()
    };
    let first = answers("7");
    assert_eq!(first, answers("7"));
    assert_ne!(first, answers("8"));
    let refused = first.iter().filter(|status| **status == 503).count();
    assert!((8..32).contains(&refused), "{first:?}");
    assert!(
        first.iter().all(|status| [200, 503].contains(status)),
        "{first:?}"
    );
    // What is not meant by chance is judged as ever.
    let (_sandbox, listener) = listen(&["--respond", "0%=503"]);
    assert_eq!(post(listener.address(), "/", &[], b"whatever").0, 401);
}

#[test]
fn a_script_that_cannot_be_followed_is_refused_at_the_start() {
    let sandbox = Sandbox::new();
    for (script, code, said) in [
        ("foo", 2, "`foo` is not an answer such as"),
        ("200,99", 2, "`99` is not an answer such as"),
        ("150%=500", 2, "`150%=500` is not an answer such as"),
        ("reset:body", 2, "a body needs a status before it"),
        ("200:@gone.json", 4, "cannot read `gone.json`"),
    ] {
        let run = sandbox.run(&["listen", "--port", "0", "--respond", script]);
        assert!(run.stderr.contains(said), "{}", run.stderr);
        run.expect(code);
    }
}

#[test]
fn an_answer_can_be_delayed() {
    let (_sandbox, listener) = listen(&["--delay", "300ms"]);
    let start = Instant::now();
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[test]
fn one_connection_takes_several_deliveries() {
    let (_sandbox, listener) = listen(&[]);
    let mut stream = TcpStream::connect(listener.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    for id in ["evt_1", "evt_2", "evt_3"] {
        let body = order(id);
        let (name, value) = signature("olympus", SECRET, body.as_bytes());
        let head = format!(
            "POST / HTTP/1.1\r\nHost: h\r\n{name}: {value}\r\nContent-Length: {}",
            body.len()
        );
        stream
            .write_all(format!("{head}\r\n\r\n{body}").as_bytes())
            .unwrap();
        let mut answer = [0; 15];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        let mut rest = Vec::new();
        while !rest.ends_with(br#"{"received":true}"#) {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            rest.extend(byte);
        }
    }
}

#[test]
fn what_the_listener_was_told_to_answer_is_not_laid_to_a_handler() {
    for status in ["500", "503", "400"] {
        let (sandbox, listener) = listen(&["--respond", status]);
        let url = listener.url();
        let send = [
            "send",
            "order.created",
            "--provider",
            "olympus",
            "--secret",
            SECRET,
            "--url",
            &url,
        ];
        let run = sandbox.run(&send).expect(1);
        let hint = "hint: the listener was told to answer so: `--respond`";
        assert!(run.stdout.contains(hint), "{}", run.stdout);
        assert_eq!(run.stdout.matches("hint:").count(), 1, "{}", run.stdout);
    }
}
