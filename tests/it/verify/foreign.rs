//! Files that other programs wrote.

use std::fmt::Write as _;

use base64::Engine as _;
use serde_json::{Value, json};

use super::{BODY, SIGNED_AT, capture, cimplify, line, lines, olympus, verify};
use crate::harness::Sandbox;

/// The verdicts on a file with their notes, and the exit code.
fn judged(name: &str, text: impl AsRef<[u8]>) -> (Vec<(String, String)>, i32) {
    let sandbox = Sandbox::new();
    sandbox.file(name, text);
    let run = verify(&sandbox, &[name, "--json"]);
    let verdict = |line: &Value| {
        let verdict = &line["verdict"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = format!("{} {}", text(&verdict["reason"]), verdict["notes"]);
        (text(&verdict["status"]), told)
    };
    let verdicts = lines(&run).0.iter().map(verdict).collect();
    (verdicts, run.code.expect("a code"))
}

/// The statuses alone.
fn statuses(name: &str, text: impl AsRef<[u8]>) -> Vec<String> {
    let (verdicts, _) = judged(name, text);
    verdicts.into_iter().map(|(status, _)| status).collect()
}

/// A HAR file of entries of which this is `request`, beside method and URL.
fn har(requests: &[Value]) -> String {
    let entry = |request: &Value| {
        let mut request = request.clone();
        request["method"] = "POST".into();
        request["url"] = "http://localhost/w".into();
        json!({"startedDateTime": "2026-01-18T10:30:01Z", "request": request, "response": "x"})
    };
    let entries: Vec<_> = requests.iter().map(entry).collect();
    json!({"log": {"entries": entries}}).to_string()
}

#[test]
fn an_http_file_ends_its_bodies_where_editors_do() {
    let request = |body: &str| {
        format!(
            "POST {{{{host}}}}/w\nX-Cimplify-Signature: {}\n\n{body}\n",
            cimplify(body)
        )
    };
    let other = BODY.replace("evt_1", "evt_2");
    let script = "> {%\n  client.test(\"ok\", () => {});\n%}\n<> 2026-01-18T103001.200.json\n";
    let text = format!(
        "@host = http://localhost:3000\n\n### first\n{}\n{script}\n### second\n# @no-log\n{}\n",
        request(BODY),
        request(&other)
    );
    assert_eq!(statuses("a.http", &text), ["valid", "valid"]);
    // The same by what stands in it.
    assert_eq!(statuses("a.txt", &text), ["valid", "valid"]);
    assert_eq!(statuses("a.rest", request(BODY)), ["valid"]);
    let beside = request(BODY).replace(BODY, "< ./body.json");
    let (verdicts, code) = judged("a.http", beside);
    assert_eq!((verdicts[0].0.as_str(), code), ("unverified", 1));
    assert!(verdicts[0].1.contains("`./body.json`"), "{verdicts:?}");
}

#[test]
fn a_body_that_the_file_does_not_have_is_unverified_with_the_reason() {
    let headers = json!([{"name": "X-Cimplify-Signature", "value": cimplify(BODY)}]);
    for post_data in [
        json!(null),
        json!({}),
        json!({"mimeType": "application/json", "text": ""}),
        json!({"mimeType": "application/json", "text": "", "_sha1": "ab.json"}),
        json!({"mimeType": "application/json", "body": BODY}),
    ] {
        let file = har(&[json!({"headers": headers, "postData": post_data, "bodySize": -1})]);
        let (verdicts, code) = judged("a.har", file);
        assert_eq!(
            (verdicts[0].0.as_str(), code),
            ("unverified", 1),
            "{post_data}"
        );
        assert!(
            verdicts[0].1.contains("does not have the body whole"),
            "{verdicts:?}"
        );
        assert!(!verdicts[0].1.ends_with("[]"), "{verdicts:?}");
    }
    let bare = format!(
        "POST /w HTTP/1.1\nX-Cimplify-Signature: {}\n",
        cimplify(BODY)
    );
    assert_eq!(statuses("a.txt", bare), ["unverified"]);
}

#[test]
fn odd_entries_spoil_themselves_alone() {
    let good = json!({"headers": [{"name": "X-Cimplify-Signature", "value": cimplify(BODY)}],
        "postData": {"text": BODY}});
    let odd = [
        json!({"headers": null}),
        json!({"headers": {"a": "secret"}}),
        json!({"headers": [], "postData": "secret"}),
        json!({"headers": [{"name": "a", "value": 7}]}),
        json!({"headers": [], "postData": {"params": {}}}),
    ];
    let mut requests = vec![good.clone()];
    for request in odd {
        requests.extend([request, good.clone()]);
    }
    let sandbox = Sandbox::new();
    sandbox.file("a.har", har(&requests));
    let run = verify(&sandbox, &["a.har", "--json"]).expect(4);
    let (found, summary) = lines(&run);
    assert_eq!(
        (found.len(), &summary["valid"], &summary["unreadable"]),
        (6, &6.into(), &5.into())
    );
    assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    for entry in [2, 4, 6, 8, 10] {
        assert!(
            run.stderr.contains(&format!("entry {entry}: ")),
            "{}",
            run.stderr
        );
    }
    sandbox.file("a.har", r#"{"log":{"entries":{"0":{}}}}"#);
    let run = verify(&sandbox, &["a.har"]).expect(4);
    assert!(
        run.stderr.contains("`log.entries` is no list"),
        "{}",
        run.stderr
    );
}

#[test]
fn from_a_time_that_nobody_can_read_no_age_is_judged() {
    for time in [
        json!("2024-01-18T10:40:00"),
        json!("18/01/2024 10:40"),
        json!(1_705_574_400),
    ] {
        let capture = json!({"received_at": time, "request": {
            "headers": [["X-Olympus-Signature", olympus(SIGNED_AT, BODY)]], "body": BODY}});
        let sandbox = Sandbox::new();
        sandbox.file("a.json", capture.to_string());
        let verdict = line(&verify(&sandbox, &["a.json", "--json"]).expect(1))["verdict"].clone();
        assert_eq!(
            (&verdict["status"], &verdict["age_seconds"]),
            (&json!("unverified"), &json!(null))
        );
        assert!(
            verdict["notes"][0]
                .as_str()
                .unwrap()
                .contains("cannot be read"),
            "{verdict}"
        );
        assert!(
            verdict["hint"].as_str().unwrap().contains("`--at`"),
            "{verdict}"
        );
        verify(&sandbox, &["a.json", "--at", SIGNED_AT]).expect(0);
        verify(&sandbox, &["a.json", "--tolerance", "none"]).expect(0);
        let forged = capture
            .to_string()
            .replace("order.created", "order.updated");
        sandbox.file("a.json", forged);
        let run = verify(&sandbox, &["a.json", "--json"]).expect(1);
        assert_eq!(line(&run)["verdict"]["status"], "mismatch");
    }
}

#[test]
fn a_gateway_s_event_is_judged_alone_in_a_log_and_in_a_list() {
    let event = |body: &str, is_base64: bool| {
        json!({"version": "2.0", "rawPath": "/hooks",
            "headers": {"content-type": "application/json", "x-cimplify-signature": cimplify(BODY)},
            "requestContext": {"http": {"method": "POST"}, "timeEpoch": 1_772_442_902_000_u64},
            "body": body, "isBase64Encoded": is_base64})
    };
    let packed = base64::engine::general_purpose::STANDARD.encode(BODY);
    let events = [event(BODY, false), event(&packed, true)];
    let log: Vec<_> = events
        .iter()
        .map(|event| format!("2026-03-02T09:15:02.497Z\t7f\tINFO\t{event}\n"))
        .collect();
    let pretty = serde_json::to_string_pretty(&events[0]).unwrap();
    for text in [
        json!(events).to_string(),
        log.concat(),
        format!("START\n{}END\n", log.concat()),
    ] {
        assert_eq!(statuses("a.log", &text), ["valid", "valid"], "{text}");
    }
    assert_eq!(statuses("a.json", pretty), ["valid"]);
    let tampered = event(&BODY.replace("evt_1", "evt_2"), false);
    assert_eq!(statuses("a.json", tampered.to_string()), ["mismatch"]);
    let (verdicts, code) = judged("a.json", event("", false).to_string());
    assert_eq!(
        (verdicts[0].0.as_str(), code),
        ("unverified", 1),
        "{verdicts:?}"
    );
}

#[test]
fn lines_are_read_as_containers_keep_them_and_talk_is_told() {
    let line = capture(BODY);
    let docker =
        json!({"log": format!("{line}\n"), "stream": "stdout", "time": "2026-03-02T09:15:02.4Z"});
    let talk = json!({"log": "listening\n", "stream": "stderr", "time": "2026-03-02T09:15:02.4Z"});
    let text = format!(
        "{talk}\n{docker}\n[webhook] {line}\nwarning: secret {{}}\n2026-03-02T09:15:03Z {line}\n"
    );
    let sandbox = Sandbox::new();
    sandbox.file("a.log", text);
    let run = verify(&sandbox, &["a.log", "--json"]).expect(0);
    assert_eq!(lines(&run).1["valid"], 3);
    let note = "note: `a.log`: skipped 2 lines that hold no delivery, the first is line 1\n";
    assert_eq!(run.stderr, note);
}

#[test]
fn a_delivery_page_is_read_and_its_payload_put_back_on_one_line() {
    let head = format!(
        "Headers\n\nRequest URL: https://x.test/hooks\nRequest method: POST\n\
         Content-Type: application/json\nX-Cimplify-Signature: {}\n",
        cimplify(BODY)
    );
    let payload: Value = serde_json::from_str(BODY).unwrap();
    let pretty = serde_json::to_string_pretty(&payload).unwrap();
    let (verdicts, code) = judged("page.txt", format!("{head}\nPayload\n\n{pretty}\n"));
    assert_eq!((verdicts[0].0.as_str(), code), ("valid", 0), "{verdicts:?}");
    assert!(
        verdicts[0].1.contains("there is no request line"),
        "{verdicts:?}"
    );
    assert!(verdicts[0].1.contains("over several lines"), "{verdicts:?}");
    // Nobody knows what the page has left out or written anew.
    let other = pretty.replace("evt_1", "evt_2");
    let (verdicts, code) = judged("page.txt", format!("{head}\nPayload\n\n{other}\n"));
    assert_eq!(
        (verdicts[0].0.as_str(), code),
        ("unverified", 1),
        "{verdicts:?}"
    );
}

#[test]
fn captures_in_utf16_are_read() {
    let text = format!("{}\r\n{}\r\n", capture(BODY), capture(""));
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    assert_eq!(statuses("a.ndjson", bytes), ["valid", "valid"]);
}

#[test]
fn copied_commands_and_traces_of_curl_are_read() {
    let body = r#"{"id":"evt_1","type":"order.created","created_at":"2026-01-18T10:30:00Z","data":{"a":"it's 5%"}}"#;
    let header = format!("X-Cimplify-Signature: {}", cimplify(body));
    let bash = format!(
        "curl 'http://x/w' \\\n  -H '{header}' \\\n  --data-raw $'{}'\n",
        body.replace('\'', "\\'")
    );
    let escaped = body.replace('"', "^\\^\"").replace('%', "^%");
    let cmd = format!(
        "curl ^\"http://x/w^\" ^\r\n  -H ^\"{header}^\" ^\r\n  --data-raw ^\"{escaped}^\"\r\n"
    );
    for text in [&bash, &cmd, &format!("#!/bin/sh\n{bash}\n# again\n{bash}")] {
        let statuses = statuses("a.txt", text);
        assert!(statuses.iter().all(|status| status == "valid"), "{text}");
        assert_eq!(statuses.len(), text.matches("curl").count());
    }
    let head = format!(
        "POST /w HTTP/1.1\r\n{header}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut trace = format!("=> Send header, {} bytes (0x0)\n", head.len());
    let mut at = 0;
    for line in head.split("\r\n") {
        let _ = writeln!(trace, "{at:04x}: {line}");
        at += line.len() + 2;
    }
    let _ = writeln!(trace, "=> Send data, {} bytes (0x0)", body.len());
    for (at, line) in body.as_bytes().chunks(64).enumerate() {
        let _ = writeln!(trace, "{:04x}: {}", at * 64, String::from_utf8_lossy(line));
    }
    assert_eq!(statuses("trace.txt", trace), ["valid"]);
}

/// A HAR file of these bodies, rightly signed.
fn signed_har(bodies: &[&str]) -> String {
    let request = |body: &&str| {
        json!({"headers": [{"name": ":authority", "value": "x"},
            {"name": "X-Cimplify-Signature", "value": cimplify(body)}], "postData": {"text": body}})
    };
    har(&bodies.iter().map(request).collect::<Vec<_>>())
}

#[test]
fn what_is_whole_in_a_file_that_breaks_off_is_read_and_the_rest_is_told() {
    let capture = |body: &str| -> Value { serde_json::from_str(&capture(body)).unwrap() };
    let list = json!([capture(BODY), capture(BODY), capture(BODY)]);
    let har: Value = serde_json::from_str(&signed_har(&[BODY, BODY, BODY])).unwrap();
    for (name, noun, file) in [
        ("a.har", "entry", har),
        ("a.json", "item", list.clone()),
        ("a.json", "item", json!({"events": list})),
    ] {
        for text in [
            file.to_string(),
            serde_json::to_string_pretty(&file).unwrap(),
        ] {
            let middle = text.rfind("evt_1").unwrap();
            for (end, whole) in [(middle, 2), (text.len() - 1, 3)] {
                let sandbox = Sandbox::new();
                sandbox.file(name, &text[..end]);
                let run = verify(&sandbox, &[name, "--json"]).expect(4);
                assert_eq!(lines(&run).1["valid"], whole, "{noun} {end}");
                let place = format!("{noun} {}: the file ends", whole + 1);
                assert!(run.stderr.contains(&place), "{}", run.stderr);
                let imported = sandbox.run(&["log", "import", name, "--json"]).expect(4);
                let imported = &imported.json_lines()[0];
                let count = |name: &str| imported[name].as_u64().unwrap();
                assert_eq!(count("added") + count("present"), whole, "{imported}");
            }
        }
    }
}

#[test]
fn the_requests_of_a_queue_s_records_are_judged_one_by_one() {
    let headers = json!({"X-Cimplify-Signature": cimplify(BODY)});
    let many = json!({"x-cimplify-signature": [cimplify(BODY)]});
    let events = [
        json!({"httpMethod": "POST", "headers": headers, "body": BODY, "isBase64Encoded": false}),
        json!({"httpMethod": "POST", "multiValueHeaders": many, "requestContext": {"elb": {}}, "body": BODY}),
        json!({"rawPath": "/w", "headers": headers, "requestContext": {"http": {"method": "POST"}}, "body": BODY}),
    ];
    let queued = |event: &Value| json!({"messageId": "1", "body": event.to_string()});
    let told = |event: &Value| json!({"Sns": {"Message": event.to_string()}});
    let routed = |event: &Value| json!({"detail-type": "x", "detail": event});
    let logged = |event: &Value| json!({"timestamp": 1, "message": format!("{event}\n")});
    let all = |of: &dyn Fn(&Value) -> Value| -> Vec<Value> { events.iter().map(of).collect() };
    for file in [
        json!(events),
        json!({"Records": all(&queued)}),
        json!({"Records": all(&told)}),
        json!(all(&routed)),
        json!({"events": events}),
        json!({"events": all(&logged), "nextForwardToken": "f"}),
    ] {
        for text in [
            file.to_string(),
            serde_json::to_string_pretty(&file).unwrap(),
        ] {
            assert_eq!(statuses("a.json", &text), ["valid"; 3], "{text}");
        }
        let lines = format!("{file}\n{}\n", capture(BODY));
        if file.is_object() {
            assert_eq!(statuses("a.ndjson", lines), ["valid"; 4]);
        }
    }
    let sandbox = Sandbox::new();
    for payload in [
        json!({"events": [{"a": 1}]}),
        json!({"Records": []}),
        json!([1, 2]),
    ] {
        sandbox.file("a.json", payload.to_string());
        let run = verify(&sandbox, &["a.json"]).expect(4);
        assert!(run.stderr.contains("if this is a body"), "{}", run.stderr);
    }
}

/// The parts of a line, by Docker's rules or by those of Kubernetes.
fn parts(line: &str, stream: &str, is_docker: bool) -> Vec<String> {
    let pieces: Vec<_> = line.as_bytes().chunks(16 * 1024).collect();
    let part = |(at, piece): (usize, &&[u8])| {
        let text = String::from_utf8_lossy(piece);
        let is_last = at + 1 == pieces.len();
        if is_docker {
            let end = if is_last { "\n" } else { "" };
            let log = format!("{text}{end}");
            json!({"log": log, "stream": stream, "time": "2026-03-02T09:15:02Z"}).to_string()
        } else {
            let flag = if is_last { "F" } else { "P" };
            format!("2026-03-02T09:15:02.1Z {stream} {flag} {text}")
        }
    };
    pieces.iter().enumerate().map(part).collect()
}

#[test]
fn lines_that_a_container_has_cut_are_joined_by_stream() {
    let line = |letter: &str| {
        capture(&BODY.replace("{}", &format!("{{\"a\":\"{}\"}}", letter.repeat(50_000))))
    };
    for is_docker in [true, false] {
        let first = parts(&line("b"), "stdout", is_docker);
        let second = parts(&format!("[web] {}", line("c")), "stderr", is_docker);
        let mixed: Vec<_> = first
            .iter()
            .zip(&second)
            .flat_map(|(a, b)| [a.as_str(), b])
            .collect();
        assert_eq!(statuses("a.log", mixed.join("\n")), ["valid", "valid"]);
        let cut = first[..first.len() - 1].join("\n");
        let sandbox = Sandbox::new();
        sandbox.file("a.log", cut);
        let run = verify(&sandbox, &["a.log"]).expect(4);
        assert!(
            run.stderr.contains("line 1: not a capture"),
            "{}",
            run.stderr
        );
    }
}

/// A line whose middle part is not there is still JSON; only a file that says so proves that it is not
/// whole: by the numbers of the parts, or by the length of the body in the capture.
#[test]
fn a_line_without_its_middle_is_unverified_where_the_file_says_so() {
    let body = BODY.replace("{}", &format!("{{\"a\":\"{}\"}}", "b".repeat(50_000)));
    let numbered = |members: [&str; 4]| -> Vec<String> {
        let pieces: Vec<_> = parts(&capture(&body), "stdout", false);
        let part = |(at, piece): (usize, &String)| {
            let text = piece.splitn(4, ' ').nth(3).unwrap();
            let [log, partial, id, ordinal] = members;
            json!({log: text, partial: "true", id: "x", ordinal: (at + 1).to_string(),
                ordinal.replace("ordinal", "last").replace("ORDINAL", "LAST"):
                    (at + 1 == pieces.len()).to_string()})
            .to_string()
        };
        pieces.iter().enumerate().map(part).collect()
    };
    let fluentd = numbered(["log", "partial_message", "partial_id", "partial_ordinal"]);
    let journald = numbered([
        "MESSAGE",
        "CONTAINER_PARTIAL_MESSAGE",
        "CONTAINER_PARTIAL_ID",
        "CONTAINER_PARTIAL_ORDINAL",
    ]);
    let with_length: Value = serde_json::from_str(&capture(&body)).unwrap();
    let with_length = |bytes: usize| {
        let mut capture = with_length.clone();
        capture["request"]["body_bytes"] = bytes.into();
        parts(&capture.to_string(), "stdout", false)
    };
    for (lines, reason) in [
        (fluentd, "a part of the line is missing"),
        (journald, "a part of the line is missing"),
        (with_length(body.len()), "were declared"),
    ] {
        assert_eq!(statuses("a.log", lines.join("\n")), ["valid"]);
        let mut without = lines.clone();
        without.remove(1);
        let (verdicts, _) = judged("a.log", without.join("\n"));
        let (status, told) = &verdicts[0];
        assert_eq!(status, "unverified", "{told}");
        assert!(told.contains(reason), "{told}");
    }
}

#[test]
fn commands_that_browsers_copy_for_windows_are_read_or_refused() {
    let body = BODY.replace("{}", r#"{"a":"50% of\n<b> & \"c\""}"#);
    let header = format!("X-Cimplify-Signature: {}", cimplify(&body));
    let careted = |text: &str| {
        let text = text.replace('\\', r"\\").replace('"', "\\\"");
        let special =
            |c: char| !(c.is_alphanumeric() || c.is_whitespace() || "_-:=+~'/.,?;()*`".contains(c));
        let quoted = text
            .chars()
            .flat_map(|c| special(c).then_some('^').into_iter().chain([c]));
        format!("^\"{}^\"", quoted.collect::<String>().replace("%1", "%^1"))
    };
    let doubled = |text: &str| {
        let text = text.replace('"', "\"\"").replace('%', "\"%\"");
        format!("\"{}\"", text.replace('\\', r"\\"))
    };
    let new = format!(
        "curl {} ^\r\n  -H {} ^\r\n  --data-raw {}",
        careted("http://x/w?a=1&b=2"),
        careted(&header),
        careted(&body)
    );
    let old = format!(
        "curl \"http://x/w\" -H {} --data-raw {}",
        doubled(&header),
        doubled(&body)
    );
    for text in [new.clone(), old, format!("{new} &\r\n{new}\r\n")] {
        let statuses = statuses("a.txt", &text);
        assert_eq!(
            statuses,
            vec!["valid"; text.matches("curl").count()],
            "{text}"
        );
    }
    // What the quoting has taken away is nobody's fault.
    let (verdicts, code) = judged("a.txt", new.replace("evt_1", "evt_2"));
    assert_eq!(
        (verdicts[0].0.as_str(), code),
        ("unverified", 1),
        "{verdicts:?}"
    );
    for text in [
        "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\nInvoke-WebRequest -Uri \"http://x/\" `\n-Method \"POST\" `\n-Body \"{`\"a`\":1}\"",
        "Invoke-RestMethod -Uri http://x/ -Body '{}'",
        "fetch(\"http://x/\", {\n  \"body\": \"{}\"\n});",
    ] {
        let sandbox = Sandbox::new();
        sandbox.file("a.txt", text);
        let run = verify(&sandbox, &["a.txt"]).expect(4);
        assert!(run.stderr.contains("copied as cURL"), "{}", run.stderr);
    }
}

#[test]
fn pseudo_headers_are_no_headers() {
    let header = format!("X-Cimplify-Signature: {}", cimplify(BODY));
    let pseudo = ":method: POST\n:path: /w\n:authority: x\n:scheme: https\n";
    for text in [
        format!("{pseudo}{header}\n\n{BODY}\n"),
        format!("POST /w HTTP/2\n:authority: x\n{header}\n\n{BODY}"),
    ] {
        assert_eq!(statuses("a.http", &text), ["valid"], "{text}");
        assert_eq!(statuses("a.txt", &text), ["valid"], "{text}");
    }
    assert_eq!(statuses("a.har", signed_har(&[BODY])), ["valid"]);
}

#[test]
fn a_request_in_two_packets_is_put_together() {
    let head = format!(
        "POST /w HTTP/1.1\r\nX-Cimplify-Signature: {}\r\nContent-Length: {}\r\n\r\n",
        cimplify(BODY),
        BODY.len()
    );
    let half = BODY.len() / 2;
    let pieces = [head, BODY[..half].to_owned(), BODY[half..].to_owned()];
    let about = |seq: usize, length: usize| {
        format!(
            "10:30:01.1 IP 10.0.0.1.50812 > 10.0.0.2.4400: Flags [P.], seq {seq}:{}, ack 1, length {length}: HTTP\n",
            seq + length
        )
    };
    let answer =
        "10:30:01.2 IP 10.0.0.2.4400 > 10.0.0.1.50812: Flags [.], ack 1, length 0\nE..4..@.@.\n";
    let (mut ascii, mut hex, mut seq) = (String::new(), String::new(), 1);
    for piece in &pieces {
        let headers = [&[0x45][..], &[0; 19], &[0; 12], &[0x80], &[0; 19]].concat();
        let packet = [&headers, piece.as_bytes()].concat();
        let shown = format!(
            "{}E{}{}\n{answer}",
            about(seq, piece.len()),
            ".".repeat(51),
            piece.replace('\r', "")
        );
        // A packet that was sent again is the same one.
        ascii += &shown.repeat(if seq > 1 { 2 } else { 1 });
        hex += &about(seq, piece.len());
        for (at, line) in packet.chunks(16).enumerate() {
            let columns: Vec<_> = line
                .chunks(2)
                .map(|two| {
                    two.iter()
                        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
                })
                .collect();
            let _ = writeln!(hex, "\t0x{:04x}:  {:<39}  ....", at * 16, columns.join(" "));
        }
        hex += answer;
        seq += piece.len();
    }
    assert_eq!(statuses("a.txt", &ascii), ["valid"], "{ascii}");
    assert_eq!(statuses("a.txt", &hex), ["valid"], "{hex}");
    assert_eq!(
        statuses("a.txt", ascii.replace("evt_1", "evt_2")),
        ["unverified"]
    );
}
