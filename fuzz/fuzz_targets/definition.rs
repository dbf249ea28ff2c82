//! Somebody else's `provider.json`: what passes its checks signs, and verifies that alone.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use webhook_cli::delivery::{Headers, Request, Timestamp};
use webhook_cli::provider::{SettingValues, read_definition};
use webhook_cli::signature::{Freshness, Key, Secret, sign, verify};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(definition) = read_definition(Path::new("provider.json"), text, &SettingValues::new()) else {
        return;
    };
    let scheme = &definition.signature;
    let key = |text: &str| Key::new(scheme, &Secret::new("secret", text.as_bytes().to_vec()));
    let (Ok(right), Ok(other)) = (key("bad0bad1bad2bad3"), key("feedfeedfeedfeed")) else {
        return;
    };
    let at = Timestamp::from_seconds(1_700_000_000);
    let body = b"{\"id\":1}";
    let mut request = Request::post("/", Headers::new(), body.to_vec());
    sign(scheme, &right, at, "evt_1", &mut request);
    let is_valid = |key: Key, request: &Request| {
        verify(scheme, &[key], request, at, Freshness::default()).is_valid()
    };
    assert!(
        is_valid(right.clone(), &request),
        "what was signed is not valid"
    );
    assert!(!is_valid(other, &request), "valid with another key");
    if !scheme.covers_body() {
        return;
    }
    let mut tampered = request;
    tampered.body = b"{\"id\":2}".to_vec().into();
    assert!(!is_valid(right, &tampered), "valid over other bytes");
});
