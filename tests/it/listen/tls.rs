//! HTTPS.

use std::process::Command;

use crate::harness::sender::SECRET;
use crate::harness::{Sandbox, has, raw_exchange};

#[test]
fn the_certificate_of_the_ready_line_is_what_a_client_has_to_trust() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET, "--tls"]);
    assert_eq!(listener.ready["tls"], true);
    assert!(listener.url().starts_with("https://localhost:"));
    let pem = listener.ready["certificate"].as_str().unwrap();
    sandbox.file("ca.pem", pem);
    let url = listener.url();
    let send = |flags: &[&str]| {
        let mut all = vec![
            "send",
            "order.created",
            "--provider",
            "olympus",
            "--secret",
            SECRET,
            "--url",
            &url,
        ];
        all.extend(flags);
        sandbox.run(&all)
    };
    send(&["--cacert", "ca.pem"]).expect(0);
    let file = listener.ready["certificate_file"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(file).unwrap(), pem);
    let line = listener.next_line();
    assert_eq!(line["verdict"]["status"], "valid", "{line}");
    send(&[]).expect(3);
    send(&["--insecure"]).expect(0);
}

#[test]
fn the_folder_of_the_certificate_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let sandbox = Sandbox::new();
    let listener = sandbox.listen(&["--tls", "--no-log"]);
    let file = listener.ready["certificate_file"].as_str().unwrap();
    let folder = std::path::Path::new(file).parent().unwrap();
    let mode = folder.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn an_independent_client_trusts_it_too() {
    if !has("curl") {
        return;
    }
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--tls"]);
    sandbox.file("ca.pem", listener.ready["certificate"].as_str().unwrap());
    let answer = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--cacert",
            "ca.pem",
            "--noproxy",
            "*",
        ])
        .args(["--data", "{}", &listener.url()])
        .current_dir(sandbox.folder())
        .output()
        .expect("curl runs");
    assert_eq!(
        String::from_utf8_lossy(&answer.stdout),
        r#"{"received":true}"#,
        "{answer:?}"
    );
    assert_eq!(listener.next_line()["request"]["body"], "{}");
}

#[test]
fn a_certificate_of_ones_own_is_served() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::new();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args([
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
        ])
        .args([
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .current_dir(sandbox.folder())
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{made:?}");
    let listener = sandbox.listen(&["--secret", SECRET, "--cert", "cert.pem", "--key", "key.pem"]);
    assert!(listener.ready["certificate"].is_null());
    let url = listener.url();
    assert!(url.starts_with("https://"));
    let flags = [
        "send",
        "order.created",
        "--secret",
        SECRET,
        "--url",
        &url,
        "--cacert",
        "cert.pem",
    ];
    sandbox.run(&flags).expect(0);
}

#[test]
fn a_key_that_is_none_is_named() {
    let sandbox = Sandbox::new();
    sandbox.file("cert.pem", "not a certificate");
    let flags = [
        "listen",
        "--port",
        "0",
        "--cert",
        "cert.pem",
        "--key",
        "missing.pem",
    ];
    let run = sandbox.run(&flags).expect(4);
    assert!(run.stderr.contains("`cert.pem`"), "{}", run.stderr);
}

#[test]
fn plain_http_at_a_tls_port_harms_nobody() {
    let sandbox = Sandbox::new();
    let listener = sandbox.listen(&["--tls", "--secret", SECRET]);
    raw_exchange(listener.address(), b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(listener.stop().2.code(), Some(0));
}
