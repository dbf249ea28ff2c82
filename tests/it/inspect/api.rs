//! `/api/v1` of the inspector, called as a script would.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::{Inspected, SECRET, receive, received, signed};
use crate::harness::endpoint::Endpoint;
use crate::harness::{PATIENCE, Sandbox};

impl Inspected {
    /// Calls with the token, and gives the status and the text of the answer.
    fn call_text(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let (host, bearer) = (self.host(), format!("Bearer {}", self.token));
        let fields = [("Host", &*host), ("Authorization", &*bearer)];
        let answer = self.ask(&format!("{method} {path}"), &fields, body);
        assert!(!answer.body.contains(SECRET), "{path}: {}", answer.body);
        (answer.status, answer.body)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let (status, text) = self.call_text(method, path, &body);
        if text.is_empty() {
            return (status, Value::Null);
        }
        let answer = serde_json::from_str(&text);
        (
            status,
            answer.unwrap_or_else(|error| panic!("{path}: {error}: {text}")),
        )
    }

    /// What a call that works answers, held against the description.
    fn well(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, path, body);
        assert_eq!(status, 200, "{method} {path} {body}: {answer}");
        let (_, description) = self.call("GET", "/api/v1/openapi.json", &Value::Null);
        let plain = path.split('?').next().expect("a path");
        let described = description["paths"].as_object().expect("paths");
        let is_plain = |template: &str| {
            let (template, plain) = (template.split('/'), plain.split('/'));
            template.clone().count() == plain.clone().count()
                && template.zip(plain).all(|(a, b)| a == b || a == "{id}")
        };
        let (_, operations) = described
            .iter()
            .find(|(template, _)| is_plain(template))
            .expect("a described path");
        let response = &operations[method.to_lowercase()]["responses"]["200"];
        let schema = &response["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path}");
        let wrong = jsonschema::draft202012::validate(schema, &answer);
        assert!(wrong.is_ok(), "{path}: {wrong:?}: {answer}");
        answer
    }

    fn get_json(&self, path: &str) -> Value {
        self.well("GET", path, &Value::Null)
    }
}

fn event_ids(answer: &Value) -> Vec<&str> {
    let data = answer["data"].as_array().expect("data");
    data.iter()
        .map(|it| it["event_id"].as_str().expect("an id"))
        .collect()
}

#[test]
fn deliveries_are_listed_in_pages_either_way() {
    let sandbox = received(&[("evt_1", "one"), ("evt_2", "two"), ("evt_3", "three")]);
    let inspected = Inspected::start(&sandbox, &[]);
    let first = inspected.get_json("/api/v1/deliveries?limit=2");
    assert_eq!(event_ids(&first), ["evt_3", "evt_2"]);
    let next = first["next"].as_str().expect("a cursor");
    let second = inspected.get_json(&format!("/api/v1/deliveries?limit=2&before={next}"));
    assert_eq!(event_ids(&second), ["evt_1"]);
    assert_eq!(second["next"], Value::Null);
    let all = inspected.get_json("/api/v1/deliveries?limit=3");
    assert_eq!(
        (all["data"].as_array().unwrap().len(), &all["next"]),
        (3, &Value::Null)
    );

    let oldest = inspected.get_json("/api/v1/deliveries?after=0&limit=2");
    assert_eq!(event_ids(&oldest), ["evt_1", "evt_2"]);
    let next = oldest["next"].as_str().expect("a cursor");
    let rest = inspected.get_json(&format!("/api/v1/deliveries?after={next}"));
    assert_eq!(event_ids(&rest), ["evt_3"]);
    let end = rest["next"].as_str().expect("where more will come");
    assert_eq!(end, rest["end"]);
    receive(&sandbox, &[("evt_4", "four")]);
    let new = inspected.get_json(&format!("/api/v1/deliveries?after={end}"));
    assert_eq!(event_ids(&new), ["evt_4"]);

    let one = inspected.get_json("/api/v1/deliveries?filter=body.data.note%3Atwo");
    assert_eq!(event_ids(&one), ["evt_2"]);
    let (body, _) = signed("evt_2", "two");
    assert_eq!(one["data"][0]["request"]["body"], body);
    let id = one["data"][0]["id"].as_str().expect("an id");
    assert_eq!(
        inspected.get_json(&format!("/api/v1/deliveries/{id}")),
        one["data"][0]
    );
    let file = inspected.call_text("GET", &format!("/api/v1/deliveries/{id}/body"), "");
    assert_eq!(file, (200, body));
}

#[test]
fn replays_are_made_and_say_what_they_changed() {
    let sandbox = received(&[("evt_1", "one"), ("evt_2", "two")]);
    let app = Endpoint::script(&[500, 500, 200, 200, 200, 404]);
    let inspected = Inspected::start(&sandbox, &["--secret", SECRET]);
    let listed = inspected.get_json("/api/v1/deliveries?filter=body.data.note%3Aone");
    let id = listed["data"][0]["id"].as_str().expect("an id").to_owned();
    let url = app.url("/hooks");
    let replay = |form: Value| inspected.well("POST", "/api/v1/replay", &form);
    let (original, signature) = signed("evt_1", "one");
    let mut words = Vec::new();
    for _ in 0..3 {
        let sent = replay(json!({"id": id, "url": url, "headers": {"X-Note": "mine"}}));
        assert_eq!(sent["skipped"], json!([]));
        words.push(sent["data"][0]["change"].clone());
        let got = app.next();
        assert_eq!(got.body, original.as_bytes());
        assert_eq!(got.header("X-Cimplify-Signature"), signature);
        assert_eq!(got.header("X-Note"), "mine");
    }
    assert_eq!(words, [Value::Null, json!("still failing"), json!("fixed")]);
    let (changed, fresh) = signed("evt_1", "changed");
    for form in [
        json!({"id": id, "url": url, "set": {"data.note": "changed"}}),
        json!({"id": id, "url": url, "body": changed}),
    ] {
        let sent = replay(form);
        assert_eq!(sent["data"][0]["change"], "still passing");
        assert_eq!(sent["data"][0]["signing"], "fresh");
        let got = app.next();
        assert_eq!(got.body, changed.as_bytes());
        assert_eq!(got.header("X-Cimplify-Signature"), fresh);
    }
    let matching = replay(json!({"filter": "body.data.note:one"}));
    assert_eq!(
        matching["data"][0]["change"], "regressed",
        "to where it was last sent"
    );
    let attempts = inspected.get_json(&format!("/api/v1/deliveries/{id}/attempts"));
    let statuses = attempts["data"].as_array().expect("attempts").iter();
    let statuses: Vec<_> = statuses
        .map(|it| it["response"]["status"].clone())
        .collect();
    assert_eq!(statuses, [500, 500, 200, 200, 200, 404]);
    // The command tells the same words.
    let both = Endpoint::ok();
    let args = ["replay", &id, "--url", &both.url("/hooks"), "--json"];
    let run = sandbox.run(&args).expect(0);
    let line: Value = serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(line["change"], "fixed", "{line}");
    let failing = Endpoint::script(&[500]);
    let run = sandbox
        .run(&["replay", &id, "--url", &failing.url("/hooks")])
        .expect(1);
    assert!(
        run.stdout.contains("signature kept  regressed"),
        "{}",
        run.stdout
    );
}

#[test]
fn an_event_is_sent_as_its_provider_would() {
    let sandbox = Sandbox::new();
    let app = Endpoint::ok();
    let inspected = Inspected::start(&sandbox, &["--secret", &format!("cimplify={SECRET}")]);
    let form = json!({"provider": "cimplify", "event": "order.created", "url": app.url("/hooks"),
        "set": {"id": "evt_mine"}});
    let sent = inspected.well("POST", "/api/v1/send", &form);
    assert_eq!(
        (&sent["cause"], &sent["provider"]),
        (&json!("send"), &json!("cimplify"))
    );
    assert_eq!(sent["response"]["status"], 200);
    let got = app.next();
    let body: Value = serde_json::from_slice(&got.body).expect("JSON");
    assert_eq!(body["id"], "evt_mine");
    let mac = crate::harness::openssl_hmac(SECRET, &got.body);
    assert_eq!(got.header("X-Cimplify-Signature"), mac);
    let listed = inspected.get_json("/api/v1/deliveries");
    assert_eq!(listed["data"], json!([]), "the log has what was received");
}

#[test]
fn a_call_waits_for_what_matches() {
    let sandbox = received(&[("evt_1", "one")]);
    let inspected = Inspected::start(&sandbox, &[]);
    let nothing = inspected.call("GET", "/api/v1/wait?timeout=0", &Value::Null);
    assert_eq!(
        nothing,
        (204, Value::Null),
        "what was there before is not meant"
    );
    let there = inspected.get_json("/api/v1/wait?after=0");
    assert_eq!(event_ids(&there), ["evt_1"]);
    let after = there["next"].as_str().expect("a cursor");
    let path = format!("/api/v1/wait?after={after}&timeout=60s&filter=body.data.note%3Athree");
    std::thread::scope(|scope| {
        scope.spawn(|| receive(&sandbox, &[("evt_2", "two"), ("evt_3", "three")]));
        let came = inspected.get_json(&path);
        assert_eq!(event_ids(&came), ["evt_3"]);
    });
}

#[test]
fn what_comes_is_told_line_by_line() {
    let sandbox = received(&[("evt_1", "one")]);
    let app = Endpoint::ok();
    let inspected = Inspected::start(&sandbox, &[]);
    let mut stream = TcpStream::connect(inspected.process.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (host, token) = (inspected.host(), &inspected.token);
    let filter = "filter=body.data.note%3Atwo";
    let head = format!(
        "GET /api/v1/events?{filter} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream)
        .lines()
        .map(|line| line.expect("a line"));
    let status = lines.next().expect("a status");
    assert!(status.contains(" 200 "), "{status}");
    let mut told = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    // A number alone is the length of a chunk.
    let mut told = std::iter::from_fn(move || told.find(Value::is_object));
    receive(&sandbox, &[("evt_2", "two"), ("evt_3", "three")]);
    let first = told.next().expect("a line");
    assert_eq!(
        (&first["kind"], &first["event_id"]),
        (&json!("delivery"), &json!("evt_2"))
    );
    for note in ["three", "two"] {
        let form = json!({"filter": format!("body.data.note:{note}"), "url": app.url("/hooks")});
        inspected.well("POST", "/api/v1/replay", &form);
    }
    let second = told.next().expect("a line");
    assert_eq!(second["kind"], "attempt");
    assert_eq!(second["delivery_id"], first["id"], "only of what matches");
}

#[test]
#[allow(clippy::too_many_lines)] // One table.
fn what_is_wrong_with_a_call_is_said_in_json() {
    let sandbox = received(&[("evt_1", "one")]);
    let inspected = Inspected::start(&sandbox, &[]);
    let big = "x".repeat(3 << 20);
    let id = &inspected.get_json("/api/v1/deliveries")["data"][0]["id"];
    let refused = "http://127.0.0.1:1/";
    for (method, path, body, status, code) in [
        (
            "GET",
            "deliveries?limit=0",
            Value::Null,
            400,
            "invalid_parameter",
        ),
        (
            "GET",
            "deliveries?limit=501",
            Value::Null,
            400,
            "invalid_parameter",
        ),
        (
            "GET",
            "deliveries?before=x",
            Value::Null,
            400,
            "invalid_parameter",
        ),
        (
            "GET",
            "deliveries?after=-1",
            Value::Null,
            400,
            "invalid_parameter",
        ),
        (
            "GET",
            "wait?timeout=61s",
            Value::Null,
            400,
            "invalid_parameter",
        ),
        (
            "GET",
            "wait?filter=evnt%3Ax",
            Value::Null,
            400,
            "invalid_filter",
        ),
        (
            "GET",
            "events?filter=evnt%3Ax",
            Value::Null,
            400,
            "invalid_filter",
        ),
        ("GET", "deliveries/dlv_none", Value::Null, 404, "not_found"),
        (
            "GET",
            "deliveries/dlv_none/body",
            Value::Null,
            404,
            "not_found",
        ),
        (
            "GET",
            "deliveries/dlv_none/attempts",
            Value::Null,
            404,
            "not_found",
        ),
        ("GET", "nothing", Value::Null, 404, "not_found"),
        (
            "DELETE",
            "deliveries",
            Value::Null,
            405,
            "method_not_allowed",
        ),
        ("POST", "replay", json!([]), 422, "invalid_body"),
        ("POST", "replay", json!({}), 422, "invalid_body"),
        (
            "POST",
            "replay",
            json!({"id": id, "filter": ""}),
            422,
            "invalid_body",
        ),
        (
            "POST",
            "replay",
            json!({"id": id, "bdy": ""}),
            422,
            "invalid_body",
        ),
        (
            "POST",
            "replay",
            json!({"id": id, "sign": "no"}),
            422,
            "invalid_body",
        ),
        (
            "POST",
            "replay",
            json!({"id": "dlv_none"}),
            404,
            "not_found",
        ),
        (
            "POST",
            "replay",
            json!({"filter": "evnt:x"}),
            400,
            "invalid_filter",
        ),
        (
            "POST",
            "replay",
            json!({"filter": "event:none"}),
            404,
            "not_found",
        ),
        (
            "POST",
            "replay",
            json!({"filter": "", "limit": 0}),
            422,
            "invalid_body",
        ),
        ("POST", "replay", json!({"id": id}), 422, "unusable"),
        (
            "POST",
            "replay",
            json!({"id": id, "url": "ftp://x"}),
            422,
            "unusable",
        ),
        (
            "POST",
            "replay",
            json!({"id": id, "url": refused, "sign": "keep", "body": "x"}),
            422,
            "unusable",
        ),
        (
            "POST",
            "replay",
            json!({"id": id, "url": refused, "headers": {"a b": "c"}}),
            422,
            "unusable",
        ),
        (
            "POST",
            "replay",
            json!({"id": id, "url": refused, "set": {"a..b": 1}}),
            422,
            "invalid_path",
        ),
        (
            "POST",
            "replay",
            json!({"id": id, "url": refused, "body": big}),
            413,
            "unreadable_body",
        ),
        (
            "POST",
            "send",
            json!({"provider": "x", "event": "y"}),
            422,
            "unknown_provider",
        ),
        (
            "POST",
            "send",
            json!({"provider": "cimplify", "event": "y"}),
            422,
            "unknown_event",
        ),
        (
            "POST",
            "send",
            json!({"provider": "cimplify"}),
            422,
            "missing_member",
        ),
    ] {
        let (got, answer) = inspected.call(method, &format!("/api/v1/{path}"), &body);
        let error = &answer["error"];
        let told = format!("{method} {path}: {answer}");
        assert_eq!(
            (got, error["code"].as_str()),
            (status, Some(code)),
            "{told}"
        );
        assert!(error["message"].is_string(), "{told}");
        let at = (code == "invalid_filter").then(|| json!([0, 4]));
        assert_eq!(error.get("at"), at.as_ref(), "{told}");
    }
    let host = inspected.host();
    let page = inspected.ask("GET /api/v1/deliveries", &[("Host", &host)], "");
    let answer: Value = serde_json::from_str(&page.body).expect("JSON");
    assert_eq!(
        (page.status, &answer["error"]["code"]),
        (401, &json!("unauthorized"))
    );
    // A page of another, opened in the browser that has the cookie.
    let cookie = inspected.cookie();
    let fields = [
        ("Host", &*host),
        ("Cookie", &*cookie),
        ("Origin", "http://evil.example"),
    ];
    let body = json!({"id": id, "url": refused}).to_string();
    let forged = inspected.ask("POST /api/v1/replay", &fields, &body);
    assert_eq!(forged.status, 403, "{}", forged.body);
}

#[test]
fn the_description_tells_of_every_route() {
    let sandbox = received(&[("evt_1", "one")]);
    let inspected = Inspected::start(&sandbox, &[]);
    let (status, description) = inspected.call("GET", "/api/v1/openapi.json", &Value::Null);
    assert_eq!((status, &description["openapi"]), (200, &json!("3.1.0")));
    let paths = description["paths"].as_object().expect("paths");
    let mut described = BTreeSet::new();
    for (path, operations) in paths {
        for method in ["get", "post", "put", "delete"] {
            let asked = format!("{}?filter=evnt%3Ax", path.replace("{id}", "none"));
            let (status, _) = inspected.call(&method.to_uppercase(), &asked, &json!({}));
            let Some(operation) = operations.get(method) else {
                assert_eq!(status, 405, "{method} {path} is not described");
                continue;
            };
            described.insert(operation["operationId"].as_str().expect("an id"));
            let responses = operation["responses"].as_object().expect("responses");
            assert!(
                responses.contains_key(&status.to_string()),
                "{method} {path}: {status}"
            );
            assert_ne!(status, 405, "{method} {path}");
        }
    }
    assert_eq!(described.len(), 8, "{described:?}");
    let all = description.to_string();
    for reference in all.split(r##""$ref":"#"##).skip(1) {
        let pointer = reference.split('"').next().expect("a pointer");
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
}
