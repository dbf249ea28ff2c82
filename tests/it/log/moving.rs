//! `webhook log export`, `import` and `prune`.

use super::*;
use crate::harness::sender;
use crate::peers::hmac_hex;

#[test]
fn what_is_exported_can_be_imported_elsewhere() {
    let bytes = with(
        capture(1),
        &[
            ("/request/body", "/wAB".into()),
            ("/request/body_encoding", "base64".into()),
            ("/request/body_bytes", 3.into()),
        ],
    );
    let captures = [capture(0), bytes, capture(2)];
    let sandbox = filled(&captures);
    add_attempt(&sandbox, attempt(1, id(1), Ok(answer(200, "ok"))));
    let exported = sandbox.run(&["log", "export"]).expect(0);
    let kinds: Vec<_> = exported
        .json_lines()
        .iter()
        .map(|l| l["kind"].to_string())
        .collect();
    assert_eq!(
        kinds,
        [
            "\"delivery\"",
            "\"delivery\"",
            "\"attempt\"",
            "\"delivery\""
        ]
    );
    assert_eq!(exported.stderr, "");

    for format in ["ndjson", "har"] {
        let exported = sandbox
            .run(&["log", "export", "--format", format])
            .expect(0);
        let other = Sandbox::new();
        let run = other
            .run_with(&["log", "import", "--json", "-"], &exported.raw_stdout)
            .expect(0);
        assert_eq!(run.json_lines()[0]["added"], 3, "{format}");
        let listed = other.run(&["log", "--json"]).expect(0).json_lines();
        for (there, here) in listed.iter().zip(&captures) {
            for member in ["id", "received_at", "provider", "event"] {
                assert_eq!(there[member], here[member], "{format}: {member}");
            }
            for member in ["method", "target", "body", "body_encoding"] {
                assert_eq!(
                    there["request"][member], here["request"][member],
                    "{format}"
                );
            }
        }
    }
}

#[test]
fn an_export_to_a_file_takes_its_place_when_it_is_whole() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("out/log.har", "before");
    let path = file.to_str().unwrap();
    // The form is that of the file's name.
    let args = ["log", "export", "--output", path];
    sandbox.run(&args).expect(4);
    assert_eq!(std::fs::read(&file).unwrap(), b"before");

    keep(&sandbox, &numbered(2));
    let run = sandbox.run(&args).expect(0);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("wrote 2 deliveries to"),
        "{}",
        run.stderr
    );
    let har: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(har["log"]["entries"].as_array().unwrap().len(), 2);
    let beside = std::fs::read_dir(file.parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "nothing unfinished is left");
    assert_eq!(mode(&file), 0o600);

    let run = sandbox
        .run(&["log", "export", "--output", "nowhere/log.ndjson"])
        .expect(4);
    assert!(
        run.stderr
            .contains("cannot write `nowhere/log.ndjson`: No such file or directory"),
        "{}",
        run.stderr
    );
    sandbox
        .run(&["log", "export", "--output", "/dev/null"])
        .expect(0);
    assert!(
        !Path::new("/dev/null").is_file(),
        "a device is written to, not replaced"
    );
    let dash = sandbox
        .run(&["log", "export", "--output", "-", "-n", "1"])
        .expect(0);
    assert_eq!(ids(&dash), [id(1)]);
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn an_export_of_nothing_is_still_of_its_form() {
    let sandbox = filled(&numbered(1));
    let args = ["log", "export", "--event", "x.*", "--format"];
    let har = sandbox.run(&[&args[..], &["har"]].concat()).expect(0);
    let value: Value = serde_json::from_str(&har.stdout).unwrap();
    assert_eq!(value["log"]["entries"], json!([]));
    assert!(har.stderr.contains("note: no delivery"), "{}", har.stderr);
    assert_eq!(
        sandbox
            .run(&[&args[..], &["ndjson"]].concat())
            .expect(0)
            .stdout,
        ""
    );
}

#[test]
fn importing_again_adds_nothing() {
    let sandbox = Sandbox::new();
    let attempt = json!({"v": 1, "kind": "attempt", "id": "att_1"});
    let file = sandbox.file("in.ndjson", ndjson(&[capture(0), attempt, capture(1)]));
    let import = ["log", "import", file.to_str().unwrap()];
    let run = sandbox.run(&import).expect(0);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.starts_with("added 2 deliveries to `"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("1 skipped, being no delivery"),
        "{}",
        run.stderr
    );
    let run = sandbox.run(&import).expect(0);
    assert!(run.stderr.contains("added 0 deliveries"), "{}", run.stderr);
    assert!(run.stderr.contains("2 already there"), "{}", run.stderr);
    let run = sandbox.run(&[&import[..], &["--json"]].concat()).expect(0);
    let summary = json!({"v": 1, "kind": "summary", "added": 0, "present": 2, "skipped": 1});
    assert_eq!(run.json_lines(), [summary]);
    assert_eq!(run.stderr, "");
    let listed = sandbox.run(&["log", "--json"]).expect(0);
    assert_eq!(ids(&listed), [id(0), id(1)]);
}

#[test]
fn a_bare_request_gets_an_id_a_time_and_what_its_payload_tells() {
    let body = r#"{"id":"evt_9","type":"order.created","created":1768732200,"data":{}}"#;
    let message = format!(
        "POST /hook HTTP/1.1\r\nHost: a\r\nX-Olympus-Signature: t=1768732200,v1=00\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let sandbox = Sandbox::new();
    let file = sandbox.file("request.http", &message);
    let before = Timestamp::now().to_string();
    for _ in 0..2 {
        sandbox
            .run(&["log", "import", file.to_str().unwrap()])
            .expect(0);
    }
    let listed = sandbox.run(&["log", "--json"]).expect(0).json_lines();
    assert_eq!(listed.len(), 1, "the second import is the same delivery");
    for delivery in &listed {
        assert!(delivery["id"].as_str().unwrap().starts_with("dlv_"));
        assert!(*delivery["received_at"].as_str().unwrap() >= *before);
        assert_eq!(delivery["provider"], "olympus");
        assert_eq!(delivery["event"], "order.created");
        assert_eq!(delivery["event_id"], "evt_9");
        assert_ne!(delivery["verdict"]["status"], "valid");
        assert_eq!(delivery["request"]["body"], body);
    }
    let args = ["log", "show", "@last", "--as", "http"];
    assert!(sandbox.run(&args).expect(0).stdout.ends_with(body));
}

#[test]
fn a_bad_line_is_named_and_the_others_are_imported() {
    let sandbox = Sandbox::new();
    let cases: [(&str, &str); 5] = [
        ("{\"v\":1,", "line 3"),
        (
            "{\"request\":{\"headers\":[]}}",
            "line 3: no `request.body`",
        ),
        (
            "{\"v\":9,\"request\":{\"headers\":[],\"body\":\"\"}}",
            "line 3: capture version `9`",
        ),
        ("[]", "line 3"),
        ("{\"kind\":\"order\"}", "line 3"),
    ];
    for (bad, said) in cases {
        let input = format!("{}{bad}\n{}", ndjson(&numbered(2)), ndjson(&[capture(2)]));
        let run = sandbox
            .run_with(&["log", "import", "-"], input.as_bytes())
            .expect(4);
        assert_eq!(run.stdout, "");
        assert!(
            run.stderr.contains("`stdin`: ") && run.stderr.contains(said),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
        let listed = sandbox.run(&["log", "--json"]).expect(0);
        assert_eq!(ids(&listed), [id(0), id(1), id(2)], "{bad}");
        // What is wrong is told, not what there is.
        let args = ["log", "import", "--json", "-"];
        let run = sandbox.run_with(&args, input.as_bytes()).expect(4);
        let summary = json!({"v": 1, "kind": "summary", "added": 0, "present": 3, "skipped": 0,
            "unreadable": 1});
        assert_eq!(run.json_lines(), [summary]);
    }
    for (input, said) in [
        ("", "is empty"),
        ("just text", "neither a capture, nor HAR"),
    ] {
        let run = sandbox
            .run_with(&["log", "import", "-"], input.as_bytes())
            .expect(4);
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    let run = sandbox.run(&["log", "import", "missing.ndjson"]).expect(4);
    assert!(
        run.stderr.contains("cannot read `missing.ndjson`"),
        "{}",
        run.stderr
    );
    sandbox.run(&["log", "import", "."]).expect(4);
}

#[test]
fn prune_keeps_what_it_is_told_to_keep() {
    let sandbox = filled(&numbered(10));
    add_attempt(&sandbox, attempt(1, id(0), Ok(answer(200, "ok"))));
    let run = sandbox.run(&["log", "prune", "--keep", "7"]).expect(0);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("removed 3 deliveries and 1 attempt"),
        "{}",
        run.stderr
    );
    assert_eq!(ids(&sandbox.run(&["log", "--json"]))[0], id(3));

    let young = with(
        capture(20),
        &[("/received_at", Timestamp::now().to_string().into())],
    );
    keep(&sandbox, &[young]);
    let args = ["log", "prune", "--older-than", "1h", "--json"];
    let lines = sandbox.run(&args).expect(0).json_lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["kind"], &lines[0]["deliveries"]),
        (&json!("summary"), &json!(7))
    );
    assert!(lines[0]["bytes"].is_u64() && lines[0]["attempts"] == 0);
    assert_eq!(ids(&sandbox.run(&["log", "--json"])), [id(20)]);

    sandbox.run(&["log", "prune"]).expect(2);
    sandbox
        .run(&["log", "prune", "--older-than", "soon"])
        .expect(2);
}

/// The newest are those that were received last: an import of old ones takes nobody's place.
#[test]
fn prune_counts_by_the_time_of_reception() {
    for keep in 0..=3 {
        let sandbox = filled(&numbered(4)[2..]);
        sandbox.file("old.ndjson", ndjson(&numbered(2)));
        sandbox.run(&["log", "import", "old.ndjson"]).expect(0);
        let orphan = attempt(1, "dlv_gone".into(), Ok(answer(200, "ok")));
        add_attempt(&sandbox, orphan);
        let count = keep.to_string();
        sandbox.run(&["log", "prune", "--keep", &count]).expect(0);
        let left: Vec<_> = (4 - keep..4).map(id).collect();
        assert_eq!(ids(&sandbox.run(&["log", "--json"])), left);
    }
}

#[test]
fn prune_gives_space_back_while_another_process_writes() {
    let big = |number| {
        with(
            capture(number),
            &[("/request/body", "x".repeat(100_000).into())],
        )
    };
    let sandbox = filled(&(0..40).map(big).collect::<Vec<_>>());
    let more = sandbox.file(
        "more.ndjson",
        ndjson(&(100..2_000).map(capture).collect::<Vec<_>>()),
    );
    let mut command = sandbox.command(&["log", "import", more.to_str().unwrap()]);
    let mut writer = command.stderr(Stdio::null()).spawn().unwrap();
    let args = ["log", "prune", "--older-than", "0s", "--json"];
    let summary = sandbox.run(&args).expect(0).json_lines().remove(0);
    assert_eq!(writer.wait().unwrap().code(), Some(0));
    assert!(summary["deliveries"].as_u64().unwrap() >= 40, "{summary}");
    assert!(summary["bytes"].as_u64().unwrap() > 1_000_000, "{summary}");
}

/// A capture of an order that is signed with this secret, as a file tells of it.
fn signed(number: usize, secret: &str, says: &str) -> Value {
    let body = format!(r#"{{"id":"evt_{number}","type":"order.created","data":{{}}}}"#);
    let at = 1_768_732_200;
    let mac = hmac_hex(secret, &[format!("{at}.{body}").as_bytes()]);
    with(
        capture(number),
        &[
            ("/verdict/status", says.into()),
            ("/request/body", body.clone().into()),
            ("/request/body_bytes", body.len().into()),
            (
                "/request/headers",
                json!([["X-Olympus-Signature", format!("t={at},v1={mac}")]]),
            ),
        ],
    )
}

#[test]
fn what_a_file_says_of_a_signature_is_noted_and_not_believed() {
    const SECRET: &str = "whsec_imported";
    let captures = [
        signed(0, SECRET, "valid"),
        signed(1, "whsec_of_a_stranger", "valid"),
        signed(2, SECRET, "mismatch"),
        with(
            signed(4_000, SECRET, "valid"),
            &[("/source", "listen".into())],
        ),
    ];
    let secret = format!("olympus={SECRET}");
    let with_secret = ["log", "import", "--secret", &secret, "-"];
    let without = ["log", "import", "-"];
    for (args, wanted) in [
        (&with_secret[..], ["valid", "mismatch", "valid", "stale"]),
        (&without[..], ["unverified"; 4]),
    ] {
        let sandbox = Sandbox::new();
        sandbox
            .run_with(args, ndjson(&captures).as_bytes())
            .expect(0);
        let listed = sandbox.run(&["log", "--json"]).expect(0).json_lines();
        let statuses: Vec<_> = listed.iter().map(|d| &d["verdict"]["status"]).collect();
        assert_eq!(statuses, wanted);
        let said = ["valid", "valid", "mismatch", "valid"];
        for (delivery, said) in listed.iter().zip(said) {
            assert_eq!(delivery["source"], "import");
            let note = format!("the imported file said `{said}`");
            assert_eq!(delivery["verdict"]["notes"], json!([note]), "{delivery}");
        }
    }
}

#[test]
fn captures_without_ids_are_imported_once() {
    let line = |n: u32| json!({"request": {"headers": [["A", "1"]], "body": format!("{n}")}});
    let twice = ndjson(&[line(1), line(1), line(2)]);
    let entry = |body: &str| {
        json!({"startedDateTime": "2026-01-18T10:30:01Z", "request": {"method": "POST",
            "url": "http://x/", "headers": [], "postData": {"text": body}}})
    };
    let har = json!({"log": {"entries": [entry("a"), null, entry("b")]}}).to_string();
    for (text, count, code) in [(twice, 3, 0), (har, 2, 4)] {
        let sandbox = Sandbox::new();
        let args = ["log", "import", "--json", "-"];
        let first = sandbox.run_with(&args, text.as_bytes()).expect(code);
        assert_eq!(first.json_lines()[0]["added"], count, "{text}");
        let second = sandbox.run_with(&args, text.as_bytes()).expect(code);
        assert_eq!(second.json_lines()[0]["added"], 0, "{text}");
        assert_eq!(second.json_lines()[0]["present"], count, "{text}");
        let listed = sandbox.run(&["log", "--json"]).expect(0).json_lines();
        assert_eq!(listed.len(), count);
    }
}

#[test]
fn from_an_unread_time_no_age_is_judged_in_the_log() {
    let sandbox = Sandbox::new();
    let body = r#"{"id":"evt_9","type":"order.created","created":1768732200,"data":{}}"#;
    let mac = hmac_hex(sender::SECRET, &[b"1768732200.", body.as_bytes()]);
    let headers = json!([["X-Olympus-Signature", format!("t=1768732200,v1={mac}")]]);
    let capture = json!({"received_at": "2026-01-18T10:30:01",
        "request": {"headers": headers, "body": body}});
    let args = ["log", "import", "--secret", sender::SECRET, "-"];
    let run = sandbox
        .run_with(&args, ndjson(&[capture]).as_bytes())
        .expect(0);
    assert!(
        run.stderr
            .contains("the time `2026-01-18T10:30:01` cannot be read"),
        "{}",
        run.stderr
    );
    let verdict = &sandbox.run(&["log", "--json"]).expect(0).json_lines()[0]["verdict"];
    assert_eq!(
        (&verdict["status"], &verdict["age_seconds"]),
        (&json!("unverified"), &Value::Null)
    );
}

#[test]
fn an_imported_delivery_is_not_the_first_of_an_event_that_is_received() {
    let sandbox = Sandbox::new();
    let forged = with(
        capture(1),
        &[
            ("/event_id", "evt_1".into()),
            ("/verdict/status", "valid".into()),
        ],
    );
    sandbox
        .run_with(&["log", "import", "-"], ndjson(&[forged]).as_bytes())
        .expect(0);
    let mut listener = sandbox.listen(&["--secret", sender::SECRET]);
    sender::deliver(listener.address(), sender::order("evt_1"));
    let received = listener.next_of("delivery");
    assert_eq!(received["verdict"]["status"], "valid");
    assert_eq!(received["duplicate_of"], Value::Null);
    listener.stop();
}

#[test]
fn what_test_sent_stays_marked_when_it_is_moved() {
    let sandbox = filled(&[with(capture(1), &[("/source", "test".into())])]);
    for format in ["ndjson", "har"] {
        let none = sandbox
            .run(&["log", "export", "--format", format])
            .expect(0);
        let other = Sandbox::new();
        other.run_with(&["log", "import", "-"], &none.raw_stdout);
        let args = ["log", "export", "--source", "all", "--format", format];
        let exported = sandbox.run(&args).expect(0);
        other
            .run_with(&["log", "import", "-"], &exported.raw_stdout)
            .expect(0);
        assert_eq!(
            other.run(&["log", "--json"]).expect(0).stdout,
            "",
            "{format}"
        );
        let listed = other.run(&["log", "--source", "test", "--json"]).expect(0);
        assert_eq!(ids(&listed), [id(1)], "{format}");
    }
}

#[test]
fn what_is_imported_stands_where_it_was_received() {
    let sandbox = Sandbox::new();
    for file in [&[4, 2][..], &[5, 0], &[3, 1]] {
        let captures: Vec<_> = file.iter().copied().map(capture).collect();
        let input = ndjson(&captures);
        let run = sandbox.run_with(&["log", "import", "-"], input.as_bytes());
        run.expect(0);
    }
    let all: Vec<_> = (0..6).map(id).collect();
    assert_eq!(ids(&sandbox.run(&["log", "--json"]).expect(0)), all);
    assert_eq!(
        ids(&sandbox.run(&["log", "--json", "--limit", "2"]).expect(0)),
        all[4..]
    );
    assert_eq!(ids(&sandbox.run(&["log", "export"]).expect(0)), all);
    sandbox.run(&["log"]).expect(0);
    for (name, number) in [("@last", 5), ("@last~1", 4), ("1", 0), ("4", 3)] {
        let shown = sandbox.run(&["log", "show", name, "--json"]).expect(0);
        assert_eq!(ids(&shown)[0], id(number), "{name}");
    }
    // Another import of it changes nothing.
    let input = ndjson(&[capture(3), capture(5)]);
    let again = sandbox.run_with(&["log", "import", "-", "--json"], input.as_bytes());
    assert_eq!(again.expect(0).json_lines()[0]["present"], 2);
}
