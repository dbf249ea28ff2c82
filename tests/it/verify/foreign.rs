//! Files that other programs wrote.

use serde_json::{Value, json};

use super::{BODY, SIGNED_AT, cimplify, line, lines, olympus, verify};
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
