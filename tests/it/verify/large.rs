//! Inputs that are larger than the memory that is given.

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Output};

use serde_json::Value;

use super::{BODY, SECRET, capture};
use crate::harness::{self, Sandbox, has};

/// Address space that a run may take, in KiB; the program itself maps about a third of it.
const ADDRESS_SPACE: &str = "147456";

/// Runs `webhook verify` with little memory.
fn verify(sandbox: &Sandbox, args: &[&str]) -> Output {
    let inner = sandbox.command(&["verify", "--secret", SECRET]);
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            &format!("ulimit -v {ADDRESS_SPACE}; exec \"$0\" \"$@\""),
        ])
        .arg(inner.get_program())
        .args(inner.get_args())
        .args(args)
        .current_dir(sandbox.folder())
        .env("HOME", sandbox.home());
    command.output().expect("sh runs")
}

/// The HMAC of a file, made by openssl, which reads it in pieces.
fn openssl_hmac(sandbox: &Sandbox, name: &str) -> String {
    if !has("openssl") {
        let bytes = std::fs::read(sandbox.folder().join(name)).unwrap();
        return harness::openssl_hmac(SECRET, &bytes);
    }
    let output = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", SECRET, name])
        .current_dir(sandbox.folder())
        .output()
        .expect("openssl runs");
    let text = String::from_utf8(output.stdout).unwrap();
    text.rsplit(' ').next().unwrap().trim().to_owned()
}

#[test]
fn a_body_larger_than_memory_passes_through_the_mac() {
    let sandbox = Sandbox::new();
    let path = sandbox.file("body", "start");
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(256 * 1024 * 1024).unwrap();
    let right = openssl_hmac(&sandbox, "body");
    for (value, code, status) in [(right, 0, "valid"), ("0".repeat(64), 1, "mismatch")] {
        let header = format!("X-Cimplify-Signature: {value}");
        let output = verify(&sandbox, &["body", "--json", "-H", &header]);
        let text = String::from_utf8(output.stdout).unwrap();
        let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}");
        assert_eq!(line["verdict"]["status"], status);
        assert_eq!(line["provider"], "cimplify");
        assert!(
            line["observations"][0].as_str().unwrap().contains("32 MiB"),
            "{line}"
        );
    }
}

#[test]
fn ndjson_larger_than_memory_is_read_by_lines() {
    let sandbox = Sandbox::new();
    let path = sandbox.file("a.ndjson", "");
    let padded = BODY.replace("{}", &format!(r#"{{"pad":"{}"}}"#, "x".repeat(1024 * 1024)));
    let line = capture(&padded);
    let mut file = File::options().append(true).open(path).unwrap();
    for _ in 0..200 {
        writeln!(file, "{line}").unwrap();
    }
    for form in [&["a.ndjson", "--json"][..], &["a.ndjson"]] {
        let output = verify(&sandbox, form);
        let text = String::from_utf8(output.stdout).unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{error}");
        assert!(text.contains("200 captures: 200 valid") || text.contains(r#""valid":200"#));
    }
}
