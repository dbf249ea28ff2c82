//! Requests that are odd, broken or hostile.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::harness::sender::{SECRET, deliver, now, order, signature, signature_at};
use crate::harness::{
    Listener, PATIENCE, Sandbox, in_time, post, post_message, raw_exchange, try_exchange,
};

fn listen() -> (Sandbox, Listener) {
    let sandbox = Sandbox::new();
    let listener = sandbox.listen(&["--secret", SECRET]);
    (sandbox, listener)
}

fn status(answer: &[u8]) -> &str {
    let text = std::str::from_utf8(answer.get(..12).unwrap_or_default()).unwrap_or_default();
    text.strip_prefix("HTTP/1.1 ").unwrap_or_default()
}

fn connect(listener: &Listener) -> TcpStream {
    let stream = TcpStream::connect(listener.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn no_malformed_signature_passes_or_harms() {
    let (_sandbox, mut listener) = listen();
    let body = order("evt_1");
    let (_, good) = signature("olympus", SECRET, body.as_bytes());
    let (time, mac) = good.split_once(",v1=").unwrap();
    let gallery = [
        String::new(),
        " ".into(),
        ",".into(),
        "=".into(),
        "t=".into(),
        "t=,v1=".into(),
        time.into(),
        format!("v1={mac}"),
        format!("{time},v1={}", &mac[1..]),
        format!("{time},v1={mac}0"),
        format!("{time},v1={mac}{mac}"),
        format!("{time},v1=zz{}", &mac[2..]),
        format!("{time};v1={mac}"),
        format!("v1={mac},{time}"),
        format!("T={time},V1={mac}"),
        format!("{time},v0={mac}"),
        format!("t=-1,v1={mac}"),
        format!("t=+1,v1={mac}"),
        format!("t=1e9,v1={mac}"),
        format!("t=9223372036854775807,v1={mac}"),
        format!("t=99999999999999999999,v1={mac}"),
        format!("t=0,v1={mac}"),
        format!("t=１,v1={mac}"),
        format!("{time},v1={}", mac.to_uppercase()),
        "é\u{202e}".into(),
        "x".repeat(60_000),
        format!("sha256={mac}"),
    ];
    for value in &gallery {
        let (status, _) = post(
            listener.address(),
            "/",
            &[("X-Olympus-Signature", value)],
            body.as_bytes(),
        );
        let line = listener.next_line();
        assert_eq!(status, 401, "{value:.80}: {}", line["verdict"]);
        assert_ne!(line["verdict"]["status"], "valid", "{value:.80}");
    }
    assert_eq!(deliver(listener.address(), &body).0, 200);
}

#[test]
fn a_repeated_signature_header_is_not_taken_for_one() {
    let (_sandbox, mut listener) = listen();
    let body = order("evt_1");
    let (name, good) = signature("olympus", SECRET, body.as_bytes());
    for (first, second) in [
        ("t=1,v1=00", good.as_str()),
        (&good, "t=1,v1=00"),
        (&good, ""),
    ] {
        post(
            listener.address(),
            "/",
            &[(name, first), (name, second)],
            body.as_bytes(),
        );
        let verdict = listener.next_line()["verdict"].clone();
        assert_ne!(verdict["status"], "valid", "{first} and {second}");
    }
}

#[test]
fn signature_bytes_that_are_no_text_are_malformed() {
    let (_sandbox, mut listener) = listen();
    let mut message = post_message("/", &[("X-Olympus-Signature", "~")], b"{}");
    let place = message.iter().position(|b| *b == b'~').unwrap();
    message[place] = 0xff;
    assert_eq!(status(&raw_exchange(listener.address(), &message)), "401");
    assert_eq!(listener.next_line()["verdict"]["status"], "malformed");
}

#[test]
fn a_head_without_measure_is_answered_431() {
    let (_sandbox, listener) = listen();
    let megabyte = "x".repeat(1 << 20);
    let one = post_message("/", &[("X-Olympus-Signature", &megabyte)], b"{}");
    let many = post_message("/", &[("X-Many", "1"); 500], b"{}");
    for message in [one, many] {
        assert_eq!(status(&raw_exchange(listener.address(), &message)), "431");
    }
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
}

#[test]
fn a_bare_line_feed_ends_a_line_of_a_head_and_none_of_a_chunk() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET, "--on-unsigned", "accept"]);
    let message = String::from_utf8(post_message("/", &[("X-OdD", "1")], b"{}")).unwrap();
    let of_lines = message.replace("\r\n", "\n");
    assert_eq!(
        status(&raw_exchange(listener.address(), of_lines.as_bytes())),
        "200"
    );
    let request = listener.next_line()["request"].clone();
    assert_eq!(request["headers"][3], json!(["X-OdD", "1"]), "{request}");
    assert_eq!(request["body"], "{}");
    let chunked = message.replace("Content-Length: 2", "Transfer-Encoding: chunked");
    for body in [
        "2\n{}\r\n0\r\n\r\n",
        "2\r\n{}\n0\r\n\r\n",
        "2;a\nb\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\n\n",
    ] {
        let message = chunked.replace("{}", body);
        assert_eq!(
            status(&raw_exchange(listener.address(), message.as_bytes())),
            "400"
        );
        let request = listener.next_line()["request"].clone();
        assert_eq!(
            request["headers"][3],
            json!(["X-OdD", "1"]),
            "{body:?}: {request}"
        );
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET, "--on-unsigned", "accept"]);
    let message = |path: &str| {
        let message = String::from_utf8(post_message(path, &[], b"{}")).unwrap();
        message.replace("Connection: close\r\n", "")
    };
    let mut all = message("/1") + &message("/2");
    all.push_str(std::str::from_utf8(&post_message("/3", &[], b"{}")).unwrap());
    let answer = raw_exchange(listener.address(), all.as_bytes());
    let answer = String::from_utf8(answer).unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3, "{answer}");
    for path in ["/1", "/2", "/3"] {
        assert_eq!(listener.next_line()["request"]["target"], path);
    }
}

#[test]
fn http_1_0_is_taken() {
    let (_sandbox, mut listener) = listen();
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    let message = format!(
        "POST / HTTP/1.0\r\n{name}: {value}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = raw_exchange(listener.address(), message.as_bytes());
    assert!(answer.starts_with(b"HTTP/1.0 200 ") || answer.starts_with(b"HTTP/1.1 200 "));
    assert_eq!(listener.next_line()["request"]["version"], "HTTP/1.0");
}

#[test]
fn a_sender_that_asks_first_is_told_to_go_on() {
    let (_sandbox, listener) = listen();
    let mut stream = connect(&listener);
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    let head = format!(
        "POST / HTTP/1.1\r\nHost: h\r\n{name}: {value}\r\nExpect: 100-continue\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    stream.write_all(body.as_bytes()).unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("HTTP/1.1 200 OK"), "{rest}");
}

#[test]
fn a_request_whose_end_is_in_doubt_is_refused() {
    let (_sandbox, listener) = listen();
    for fields in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Content-Length: -2",
        "Content-Length: 2x",
        "Content-Length: 99999999999999999999999",
        "Transfer-Encoding: chunked, gzip",
    ] {
        let message =
            format!("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{fields}\r\n\r\n{{}}");
        let answer = raw_exchange(listener.address(), message.as_bytes());
        assert!(
            status(&answer).starts_with('4'),
            "{fields}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
}

#[test]
fn what_is_no_http_harms_nobody() {
    let (_sandbox, listener) = listen();
    for noise in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST / HTTP/1.1\r\nbad header\r\n\r\n",
        b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST /\x01 HTTP/1.1\r\nHost: h\r\n\r\n",
    ] {
        let mut stream = connect(&listener);
        stream.write_all(noise).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!status(&answer).starts_with('2'), "{noise:?}");
    }
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
}

#[test]
fn a_sender_that_leaves_in_mid_body_is_kept_as_far_as_it_came() {
    let (_sandbox, mut listener) = listen();
    let mut stream = connect(&listener);
    stream
        .write_all(b"POST /half HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf")
        .unwrap();
    drop(stream);
    let line = listener.next_line();
    assert_eq!(line["request"]["body"], "half");
    assert_eq!(line["request"]["body_complete"], false);
}

#[test]
fn a_compressed_body_is_kept_and_judged_as_it_came() {
    let (_sandbox, mut listener) = listen();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(order("evt_1").as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    for (signed, verdict) in [
        (packed.as_slice(), "valid"),
        (order("evt_1").as_bytes(), "mismatch"),
    ] {
        let (name, value) = signature("olympus", SECRET, signed);
        let headers = [(name, value.as_str()), ("Content-Encoding", "gzip")];
        post(listener.address(), "/", &headers, &packed);
        let line = listener.next_line();
        assert_eq!(line["verdict"]["status"], verdict, "{}", line["verdict"]);
        assert_eq!(line["request"]["body_bytes"], packed.len());
        assert_eq!(line["request"]["body_encoding"], "base64");
    }
}

#[test]
fn odd_json_is_taken_as_it_is() {
    let (_sandbox, mut listener) = listen();
    let deep = order("deep").replace(
        "49.9",
        &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
    );
    let twice = order("first").replace(r#""type""#, r#""id":"twice","type""#);
    let surrogate = order("lone").replace("49.9", r#""\ud800""#);
    let in_event = order("lone too").replace("order.created", r"\udfff");
    let number = order("big").replace("49.9", &"9".repeat(10_000));
    for (body, id) in [
        (deep, "deep"),
        (twice, "twice"),
        (surrogate, "lone"),
        (in_event, "lone too"),
        (number, "big"),
    ] {
        assert_eq!(deliver(listener.address(), &body).0, 200, "{id}");
        let line = listener.next_line();
        assert_eq!(line["event_id"], id);
        assert_eq!(line["request"]["body"], body);
    }
}

#[test]
fn events_and_ids_that_are_neither_texts_nor_numbers_are_none() {
    let (_sandbox, mut listener) = listen();
    for value in ["1", "null", "[]", "{}", "true"] {
        let found = match value {
            "1" => json!("1"),
            _ => json!(null),
        };
        let body = order("~")
            .replace("\"~\"", value)
            .replace("\"order.created\"", value);
        assert_eq!(deliver(listener.address(), &body).0, 200);
        let line = listener.next_line();
        assert_eq!((&line["event"], &line["event_id"]), (&found, &found));
        assert!(line["duplicate_of"].is_null());
    }
}

#[test]
fn the_largest_body_is_taken_and_one_byte_more_is_not() {
    let (_sandbox, mut listener) = listen();
    let frame = order("large").replace("49.9", "\"\"");
    let fill = (25 << 20) - frame.len();
    let body = order("large").replace("49.9", &format!("\"{}\"", "x".repeat(fill)));
    assert_eq!(body.len(), 25 << 20);
    assert_eq!(deliver(listener.address(), &body).0, 200);
    assert_eq!(listener.next_line()["request"]["body_bytes"], 25 << 20);
    let message = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n",
        (25 << 20) + 1
    );
    assert_eq!(
        status(&raw_exchange(listener.address(), message.as_bytes())),
        "413"
    );
}

#[test]
fn a_large_forgery_is_not_pondered_over() {
    let (_sandbox, mut listener) = listen();
    let body = order("large").replace("49.9", &format!("\"{}\"", "x".repeat(1 << 20)));
    let (name, value) = signature_at("olympus", "wrong", body.as_bytes(), now());
    assert_eq!(
        post(listener.address(), "/", &[(name, &value)], body.as_bytes()).0,
        401
    );
    let verdict = listener.next_line()["verdict"].clone();
    assert!(
        verdict["hint"]
            .as_str()
            .is_some_and(|h| h.contains("`webhook verify`")),
        "{verdict}"
    );
}

#[test]
fn slow_clients_do_not_stop_others() {
    let (_sandbox, listener) = listen();
    let slow: Vec<_> = (0..50)
        .map(|n| {
            let mut stream = connect(&listener);
            let part: &[u8] = match n % 3 {
                0 => b"",
                1 => b"POST / HTTP/1.1\r\nHo",
                _ => b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf",
            };
            stream.write_all(part).unwrap();
            stream
        })
        .collect();
    for n in 0..10 {
        assert_eq!(
            deliver(listener.address(), order(&format!("evt_{n}"))).0,
            200
        );
    }
    drop(slow);
}

#[test]
fn no_span_is_too_long_or_too_short() {
    for span in ["0", "999999999999d"] {
        let sandbox = Sandbox::new();
        let flags = [
            "--secret",
            SECRET,
            "--read-timeout",
            span,
            "--tolerance",
            "999999999999d",
        ];
        let listener = sandbox.listen(&flags);
        assert_eq!(deliver(listener.address(), order("evt_1")).0, 200, "{span}");
    }
}

#[test]
fn a_head_that_stalls_is_answered_408() {
    let answer = in_time(|limit| {
        let sandbox = Sandbox::new();
        let listener = sandbox.listen(&["--secret", SECRET, "--read-timeout", limit]);
        let answer = try_exchange(listener.address(), b"POST / HTTP/1.1\r\nHo")?;
        // Without an answer, the time was over before anything came.
        (!answer.is_empty()).then_some(answer)
    });
    assert_eq!(status(&answer), "408");
}
