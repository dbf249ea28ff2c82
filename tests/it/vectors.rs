//! Signatures made by independent code: those of the four providers, and the published ones of five
//! public schemes, which prove that the language of definitions is general.

use std::path::Path;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::Value;
use webhook_cli::delivery::{Headers, Request, Status, Timestamp};
use webhook_cli::provider::Provider;
use webhook_cli::signature::{Freshness, Key, Secret, mac_text, show, verify};

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    secret: String,
    at: i64,
    timestamp: Option<Value>,
    id: Option<String>,
    method: Option<String>,
    url: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<String>,
    body_base64: Option<String>,
    expect: Status,
    #[serde(default = "yes")]
    sign: bool,
}

fn yes() -> bool {
    true
}

impl Vector {
    fn body(&self) -> Vec<u8> {
        match (&self.body, &self.body_base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (_, Some(text)) => base64::engine::general_purpose::STANDARD
                .decode(text)
                .unwrap(),
            _ => panic!("{}: no body", self.name),
        }
    }

    fn request(&self) -> Request {
        let url = self.url.as_deref().unwrap_or("http://localhost/");
        let start = url.find("://").unwrap() + 3;
        let (origin, target) = url.split_at(start + url[start..].find('/').unwrap());
        Request {
            method: self.method.clone().unwrap_or_else(|| "POST".into()),
            origin: Some(origin.to_owned()),
            ..Request::post(target, self.headers(), self.body())
        }
    }

    fn headers(&self) -> Headers {
        self.headers.iter().cloned().collect()
    }
}

/// Checks every vector of every provider below `folder`; returns how many there were.
fn check_folder(folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.join("provider.json").is_file() {
            continue;
        }
        let provider = Provider::read(&path).unwrap();
        let text = std::fs::read_to_string(path.join("vectors.json")).unwrap();
        let file: File = serde_json::from_str(&text).unwrap();
        for vector in &file.vectors {
            check(&provider, vector);
            count += 1;
        }
    }
    count
}

fn check(provider: &Provider, vector: &Vector) {
    let scheme = &provider.definition.signature;
    let what = format!("{}: {}", provider.name(), vector.name);
    let key = Key::new(
        scheme,
        &Secret::new("s#1", vector.secret.clone().into_bytes()),
    )
    .unwrap();
    let request = vector.request();
    let now = Timestamp::from_seconds(vector.at);
    let verdict = verify(
        scheme,
        std::slice::from_ref(&key),
        &request,
        now,
        Freshness::Documented,
    );
    assert_eq!(verdict.status, vector.expect, "{what}: {verdict:?}");
    if vector.expect == Status::Valid && vector.sign {
        let timestamp = match &vector.timestamp {
            Some(Value::String(text)) => text.clone(),
            Some(number) => number.to_string(),
            None => String::new(),
        };
        let id = vector.id.clone().unwrap_or_default();
        let mac = mac_text(scheme, &key, &timestamp, &id, &request);
        let mut signed = request.clone();
        for source in scheme.proofs() {
            source.remove(&mut signed);
        }
        show(scheme, Some(&timestamp), &id, &mac, &mut signed);
        // In a body the proof may go to another place among the others.
        let json = |request: &Request| serde_json::from_slice::<Value>(&request.body).ok();
        assert_eq!(signed.headers, request.headers, "{what}");
        assert_eq!(signed.target, request.target, "{what}");
        assert_eq!(json(&signed), json(&request), "{what}");
    }
}

#[test]
fn the_four_providers_agree_with_independent_signatures() {
    let count = check_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
    assert!(count >= 48, "only {count} vectors");
}

#[test]
fn the_vendors_agree_with_independent_signatures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vendors");
    let vendors = std::fs::read_dir(&folder).unwrap().count();
    let count = check_folder(&folder);
    assert!(
        count >= 4 * vendors,
        "only {count} vectors of {vendors} vendors"
    );
}

#[test]
fn five_public_schemes_need_no_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions");
    let count = check_folder(&folder);
    assert!(count >= 50, "only {count} vectors");
}
