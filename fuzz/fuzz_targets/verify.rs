//! A stranger's request: it is judged within its allowance, and nothing that was not signed is valid.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use webhook_cli::delivery::{Headers, Request, Timestamp};
use webhook_cli::provider::{Catalogue, Keyring, Policy, verify_request};
use webhook_cli::signature::Allowance;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::builtin);

static KEYRING: LazyLock<Keyring> = LazyLock::new(|| {
    let mut ring = Keyring::default();
    for provider in CATALOGUE.iter() {
        let secret = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        // Who takes no such secret has none.
        let _ = ring.add(provider, secret, "a fuzzer".into());
    }
    ring
});

/// The request to the provider that the first byte chooses: the value of its signature header,
/// further fields by lines, behind a NUL the body.
fn request(data: &[u8]) -> Option<Request> {
    let (choice, rest) = data.split_first()?;
    let count = CATALOGUE.iter().count();
    let provider = CATALOGUE.iter().nth(usize::from(*choice) % count)?;
    let end = rest
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(rest.len());
    let (head, body) = rest.split_at(end);
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut headers = Headers::new();
    let signature = lines.next().unwrap_or_default();
    // Where it stands in no header, the body has it.
    if let Some(name) = provider.definition.signature.header() {
        headers.push(name, signature.to_vec());
    }
    for line in lines {
        if let Some((name, value)) = String::from_utf8_lossy(line).split_once(':') {
            headers.push(name.to_owned(), value.trim().as_bytes().to_vec());
        }
    }
    let body = body.get(1..).unwrap_or_default();
    Some(Request::post("/", headers, body.to_vec()))
}

fuzz_target!(|data: &[u8]| {
    let Some(request) = request(data) else {
        return;
    };
    let policy = Policy {
        allowance: Some(Allowance::PROMPT),
        ..Policy::default()
    };
    let now = Timestamp::from_seconds(1_700_000_000);
    let found = verify_request(&CATALOGUE, &KEYRING, &policy, &request, now);
    assert!(!found.verdict.is_valid(), "{:?}", found.verdict);
});
