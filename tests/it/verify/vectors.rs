//! Every vector of every provider, in every form in which it can be handed over.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::json;
use webhook_cli::delivery::{
    Delivery, DeliverySource, Headers, Request, Status, Timestamp, Verdict,
};
use webhook_cli::formats::har;

use super::{line, lines, verify_with};
use crate::harness::{Run, Sandbox};

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    #[serde(skip)]
    provider: String,
    name: String,
    secret: String,
    at: i64,
    headers: Vec<(String, String)>,
    body: Option<String>,
    body_base64: Option<String>,
    expect: Status,
}

impl Vector {
    fn body(&self) -> Vec<u8> {
        let decode = |text: &String| BASE64.decode(text).unwrap();
        let text = self.body.clone().map(String::into_bytes);
        text.or_else(|| self.body_base64.as_ref().map(decode))
            .unwrap()
    }

    fn capture(&self) -> String {
        let (body, encoding) = match &self.body {
            Some(text) => (text.clone(), "utf8"),
            None => (self.body_base64.clone().unwrap(), "base64"),
        };
        json!({
            "v": 1, "kind": "delivery", "id": "dlv_1",
            "received_at": Timestamp::from_seconds(self.at).to_string(),
            "provider": "nobody", "verdict": {"status": "valid"},
            "request": {"headers": self.headers, "body": body, "body_encoding": encoding},
        })
        .to_string()
    }

    fn message(&self) -> Vec<u8> {
        let body = self.body();
        let mut text = format!(
            "POST /hook HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in &self.headers {
            text = format!("{text}{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        [text.into_bytes(), body].concat()
    }

    fn har(&self) -> Vec<u8> {
        let mut headers: Headers = self.headers.iter().cloned().collect();
        headers.push("Host", "localhost");
        let delivery = Delivery {
            id: "dlv_1".into(),
            received_at: Timestamp::from_seconds(self.at),
            source: DeliverySource::Listen,
            remote: None,
            provider: None,
            event: None,
            event_id: None,
            duplicate_of: None,
            verdict: Verdict::new(Status::Valid),
            request: Request::post("/hook", headers, self.body()),
            response_status: Some(200),
        };
        let mut writer = har::HarWriter::new(Vec::new(), "0").unwrap();
        writer.entry(&delivery).unwrap();
        writer.finish().unwrap()
    }

    fn verify(&self, sandbox: &Sandbox, args: &[&str]) -> Run {
        let secret = format!("{}={}", self.provider, self.secret);
        let all: Vec<_> = ["--json", "--secret", &secret]
            .iter()
            .chain(args)
            .copied()
            .collect();
        verify_with(sandbox, &self.secret, &all, b"")
    }

    /// Fails the test unless the run found what the vector says.
    fn expect(&self, form: &str, run: Run) {
        let what = format!("{} as {form}: {}", self.provider, self.name);
        let run = run.expect(i32::from(self.expect != Status::Valid));
        let line = line(&run);
        assert_eq!(
            line["verdict"]["status"],
            self.expect.as_str(),
            "{what}: {line}"
        );
        assert_eq!(line["provider"], *self.provider, "{what}: {line}");
    }
}

fn all() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.join("provider.json").is_file() {
            continue;
        }
        let text = std::fs::read_to_string(path.join("vectors.json")).unwrap();
        let file: File = serde_json::from_str(&text).unwrap();
        let provider = path.file_name().unwrap().to_str().unwrap().to_owned();
        all.extend(file.vectors.into_iter().map(|vector| Vector {
            provider: provider.clone(),
            ..vector
        }));
    }
    assert!(all.len() >= 48, "only {} vectors", all.len());
    all
}

#[test]
fn as_captures() {
    for vector in all() {
        let sandbox = Sandbox::new();
        sandbox.file("a.json", vector.capture());
        let run = vector.verify(&sandbox, &["a.json", "--provider", &vector.provider]);
        vector.expect("a capture", run);
    }
}

#[test]
fn as_lines_among_others() {
    for vector in all() {
        let sandbox = Sandbox::new();
        let attempt = r#"{"v":1,"kind":"attempt","id":"att_1"}"#;
        let text = format!("{0}\n{attempt}\n\n{0}\n", vector.capture());
        sandbox.file("a.ndjson", text);
        let run = vector.verify(&sandbox, &["a.ndjson", "--provider", &vector.provider]);
        let (lines, summary) = lines(&run);
        assert_eq!(summary[vector.expect.as_str()], 2, "{summary}");
        assert_eq!(lines[0]["source"], "a.ndjson:1");
        assert_eq!(lines[1]["source"], "a.ndjson:4");
    }
}

#[test]
fn as_bare_bodies_with_headers() {
    for vector in all() {
        let sandbox = Sandbox::new();
        sandbox.file("body", vector.body());
        let mut args = vec!["body".to_owned(), "-HContent-Type: text/plain".into()];
        args.extend(
            vector
                .headers
                .iter()
                .map(|(name, value)| format!("-H{name}: {value}")),
        );
        args.extend(["--at".into(), vector.at.to_string()]);
        args.extend(["--provider".into(), vector.provider.clone()]);
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        vector.expect("a body", vector.verify(&sandbox, &args));
    }
}

#[test]
fn as_http_messages_and_as_har() {
    for vector in all() {
        let sandbox = Sandbox::new();
        sandbox.file("a.http", vector.message());
        sandbox.file("a.har", vector.har());
        let at = vector.at.to_string();
        for name in ["a.http", "a.har"] {
            let run = vector.verify(
                &sandbox,
                &[name, "--at", &at, "--provider", &vector.provider],
            );
            vector.expect(name, run);
        }
    }
}

#[test]
fn whose_it_is_is_recognised_by_the_secret_and_not_believed() {
    for vector in all().iter().filter(|v| v.expect == Status::Valid) {
        let sandbox = Sandbox::new();
        sandbox.file("a.json", vector.capture());
        vector.expect("a capture", vector.verify(&sandbox, &["a.json"]));
    }
}
