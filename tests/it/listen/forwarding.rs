//! What an application behind the listener gets, and what goes back to the sender.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::durable::{attempts, kept};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::sender::{SECRET, deliver, deliver_to, order, signature};
use crate::harness::{Listener, Sandbox, post_message, raw_exchange};

/// A listener that forwards to an application.
fn before(app: &str, flags: &[&str]) -> (Sandbox, Listener) {
    let sandbox = Sandbox::new();
    let mut all = vec!["--secret", SECRET, "--forward-to", app];
    all.extend(flags);
    let listener = sandbox.listen(&all);
    (sandbox, listener)
}

#[test]
fn the_application_gets_the_same_bytes() {
    let app = Endpoint::ok();
    let (_sandbox, listener) = before(&app.authority(), &[]);
    for body in [
        order("evt_1"),
        "{\"a\" : 1.50,\r\n\t\"a\": \"é\u{7f}\"}\n\n".into(),
    ] {
        assert_eq!(deliver(listener.address(), &body).0, 200);
        assert_eq!(app.next().body, body.as_bytes());
    }
}

#[test]
fn an_application_can_be_told_whence_it_comes() {
    let app = Endpoint::ok();
    let (_sandbox, listener) = before(&app.authority(), &["--forwarded"]);
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    for (sent, chain) in [
        ("", "127.0.0.1"),
        ("X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9, 127.0.0.1"),
    ] {
        let message = format!(
            "POST / HTTP/1.1\r\nHost: hooks.example.com\r\nConnection: close\r\n{sent}{name}: {value}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        raw_exchange(listener.address(), message.as_bytes());
        let seen = app.next();
        assert_eq!(seen.values("x-forwarded-for"), [chain]);
        assert_eq!(seen.header("x-forwarded-host"), "hooks.example.com");
        assert_eq!(seen.header("x-forwarded-proto"), "http");
        assert_eq!(seen.header("host"), app.authority());
    }
    let (_sandbox, listener) = before(&app.authority(), &[]);
    deliver(listener.address(), &body);
    assert_eq!(app.next().field("x-forwarded-for"), None);
}

#[test]
fn bytes_that_are_no_text_are_forwarded_as_they_are() {
    let app = Endpoint::ok();
    let (_sandbox, listener) = before(&app.authority(), &["--on-invalid", "forward"]);
    let every_byte: Vec<u8> = (0..=255).collect();
    assert_eq!(deliver(listener.address(), &every_byte).0, 200);
    assert_eq!(app.next().body, every_byte);
}

#[test]
fn end_to_end_headers_are_kept_and_hop_by_hop_ones_are_not() {
    let app = Endpoint::ok();
    let (_sandbox, listener) = before(
        &app.authority(),
        &["-H", "X-Added: yes", "-H", "x-set: new"],
    );
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    let message = format!(
        "PUT /p HTTP/1.1\r\nHost: sender.example\r\n{name}: {value}\r\nX-Repeat: 1\r\nx-repeat: 2\r\n\
         Connection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\n\
         X-Set: old\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let answer = raw_exchange(listener.address(), message.as_bytes());
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    let got = app.next();
    assert_eq!(got.line, "PUT /p HTTP/1.1");
    assert_eq!(got.values(name), [value]);
    assert_eq!(got.values("x-repeat"), ["1", "2"]);
    assert_eq!(got.values("x-added"), ["yes"]);
    assert_eq!(got.values("x-set"), ["new"]);
    assert_eq!(got.values("host"), [app.authority()]);
    assert_eq!(got.values("content-length"), [body.len().to_string()]);
    for dropped in ["x-mine", "keep-alive", "te", "upgrade", "transfer-encoding"] {
        assert!(got.values(dropped).is_empty(), "{dropped}: {got:?}");
    }
    assert_eq!(got.body, body.as_bytes());
}

#[test]
fn a_header_that_is_not_utf8_goes_through() {
    let app = Endpoint::saying(*b"HTTP/1.1 200 OK\r\nX-Back: \xe9\r\nContent-Length: 0\r\n\r\n");
    let (_sandbox, listener) = before(&app.authority(), &["--on-invalid", "forward"]);
    let mut message = post_message("/", &[("X-Latin", "caf~")], b"{}");
    let place = message.iter().position(|b| *b == b'~').unwrap();
    message[place] = 0xe9;
    let answer = raw_exchange(listener.address(), &message);
    assert!(answer.windows(9).any(|w| w == b"X-Back: \xe9"));
    let came = app.one().bytes;
    assert!(came.windows(4).any(|w| w == b"caf\xe9"), "{came:?}");
}

#[test]
fn path_and_query_are_joined_as_documented() {
    for (own, incoming, expected) in [
        ("", "/hook?shop=1", "/hook?shop=1"),
        ("/", "/hook", "/hook"),
        ("/own", "/hook?shop=1", "/own?shop=1"),
        ("/own?t=1", "/hook?shop=1", "/own?t=1&shop=1"),
        ("", "/%7Ea%2Fb//c?x=%20", "/%7Ea%2Fb//c?x=%20"),
    ] {
        let app = Endpoint::ok();
        let (_sandbox, listener) = before(&app.url(own), &[]);
        deliver_to(listener.address(), incoming, order("evt_1"));
        assert_eq!(app.next().line, format!("POST {expected} HTTP/1.1"));
    }
}

#[test]
fn a_bare_port_is_this_machine() {
    let app = Endpoint::ok();
    let port = app.address.port().to_string();
    let (_sandbox, listener) = before(&port, &[]);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    assert_eq!(app.count(), 1);
}

#[test]
fn the_applications_answer_goes_back_whole() {
    let app = Endpoint::saying(
        "HTTP/1.1 422 Nope\r\nContent-Type: text/odd\r\nX-Two: 1\r\nX-Two: 2\r\n\
         Connection: X-Private\r\nX-Private: 1\r\nContent-Length: 8\r\n\r\nno \u{1b}[2J!",
    );
    let (sandbox, mut listener) = before(&app.authority(), &[]);
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    let message = post_message("/", &[(name, &value)], body.as_bytes());
    let answer = String::from_utf8(raw_exchange(listener.address(), &message)).unwrap();
    let (head, content) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 422 "), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/odd"), "{head}");
    assert!(head.contains("x-two: 1\r\nx-two: 2"), "{head}");
    assert!(!head.contains("x-private"), "{head}");
    assert_eq!(content, "no \u{1b}[2J!");

    let delivery = listener.next_line();
    assert!(delivery["response"].is_null(), "{delivery}");
    assert_eq!(listener.next_line()["response"]["status"], 422);
    let log = sandbox.log_file();
    let attempts = attempts(&log, &kept(&log)[0].id);
    assert_eq!(attempts[0].status(), Some(422));
}

#[test]
fn a_compressed_answer_is_passed_on_compressed() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"hello hello hello").unwrap();
    let packed = encoder.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    let app = Endpoint::saying([head.as_bytes(), &packed].concat());
    let (_sandbox, listener) = before(&app.authority(), &[]);
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    let message = post_message("/", &[(name, &value)], body.as_bytes());
    let answer = raw_exchange(listener.address(), &message);
    let head = String::from_utf8_lossy(&answer).to_ascii_lowercase();
    assert!(head.contains("content-encoding: gzip"));
    assert!(answer.ends_with(&packed));
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let there = Endpoint::ok();
    let location = there.url("/");
    let app = Endpoint::start(move |_, _| Reply::Status(302, vec![("Location", location.clone())]));
    let (_sandbox, listener) = before(&app.authority(), &[]);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 302);
    assert_eq!((app.count(), there.count()), (1, 0));
}

#[test]
fn what_is_not_genuine_is_not_forwarded() {
    let app = Endpoint::ok();
    let (_sandbox, listener) = before(&app.authority(), &[]);
    let forged = post_message("/forged", &[("X-Olympus-Signature", "t=1,v1=00")], b"{}");
    assert!(raw_exchange(listener.address(), &forged).starts_with(b"HTTP/1.1 401 "));
    deliver_to(listener.address(), "/genuine", order("evt_1"));
    assert_eq!(app.next().line, "POST /genuine HTTP/1.1");
}

#[test]
fn unless_it_is_let_through() {
    let app = Endpoint::script(&[403]);
    let (_sandbox, listener) = before(&app.authority(), &["--on-invalid", "forward"]);
    let forged = post_message("/forged", &[("X-Olympus-Signature", "t=1,v1=00")], b"{}");
    assert!(raw_exchange(listener.address(), &forged).starts_with(b"HTTP/1.1 403 "));
    assert_eq!(app.next().line, "POST /forged HTTP/1.1");
}

#[test]
fn filtered_events_are_not_forwarded() {
    let app = Endpoint::ok();
    let (_sandbox, listener) = before(&app.authority(), &["--events", "payment.*"]);
    deliver_to(listener.address(), "/order", order("evt_1"));
    let payment = order("evt_2").replace("order.created", "payment.processed");
    deliver_to(listener.address(), "/payment", payment);
    assert_eq!(app.next().line, "POST /payment HTTP/1.1");
}
