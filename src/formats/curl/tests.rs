use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use super::*;

/// How long a test waits for a curl that does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// One or more bytes of the kinds that a shell, `printf` or curl could take for something else.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let special = prop::sample::select(b"'\"\\%@$`\n\r\t\0; !#*{}0173xc\x7f\xff\x80".to_vec());
    let byte = prop_oneof![3 => special, 1 => any::<u8>()];
    prop_oneof![
        prop::collection::vec(byte, 0..40),
        "[@'%\\\\\n\\PC]{0,30}".prop_map(String::into_bytes),
    ]
}

fn any_header() -> impl Strategy<Value = (String, Vec<u8>)> {
    // What RFC 9110 lets a value be: the parser that reads it again takes nothing else.
    let bytes = any::<u8>().prop_filter("a byte of a value", |b| {
        *b == b'\t' || !b.is_ascii_control()
    });
    let value = prop::collection::vec(bytes, 0..12).prop_map(|v| v.trim_ascii().to_vec());
    ("X-[A-Za-z]{1,6}", value)
}

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", script])
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    for proxy in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env_remove(proxy);
    }
    // A configuration of the user's must not change what is sent.
    command.env("CURL_HOME", env!("CARGO_MANIFEST_DIR"));
    command
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_shell_reads_a_quoted_word_as_the_same_bytes(bytes in any_body()) {
        // No variable or argument holds a NUL, and `$(…)` drops line ends, which no header has.
        let bytes: Vec<u8> = bytes.into_iter().filter(|b| *b != 0).collect();
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes).trim_ascii_end();
        let output = sh(&format!("printf '%s' {}", quote(bytes))).output().unwrap();
        prop_assert_eq!(output.stdout, bytes);
    }

    #[test]
    fn printf_makes_the_same_bytes_of_an_escaped_one(bytes in any_body()) {
        let output = sh(&format!("printf '%b' {}", quote::escaped(&bytes))).output().unwrap();
        prop_assert_eq!(output.stdout, bytes);
    }

    #[test]
    fn a_command_is_text_without_control_characters(body in any_body(), header in any_header()) {
        let request = Request::post("/", [header].into_iter().collect(), body);
        let command = command(&request, "http://localhost/").unwrap();
        prop_assert!(quote::is_plain(command.as_bytes()));
    }
}

#[test]
fn a_command_has_one_header_a_line() {
    let headers = [
        ("Host", "shop.example"),
        ("Content-Type", "application/json"),
        ("Content-Length", "8"),
        ("X-Empty", ""),
        ("User-Agent", "Olympus/1.0"),
    ];
    let request = Request::post("/x", headers.into_iter().collect(), r#"{"a":'1'}"#);
    let expected = r#"curl -X POST 'http://localhost:3000/x' \
  -H 'Host: shop.example' \
  -H 'Content-Type: application/json' \
  -H 'X-Empty;' \
  -H 'User-Agent: Olympus/1.0' \
  -H 'Accept:' \
  --data-binary '{"a":'\''1'\''}'"#;
    assert_eq!(
        command(&request, "http://localhost:3000/x").unwrap(),
        expected
    );
}

#[test]
fn what_curl_would_read_otherwise_is_guarded() {
    let with = |body: &[u8]| {
        let request = Request::post("/", Headers::new(), body.to_vec());
        command(&request, "http://[::1]:1/a/../b").unwrap()
    };
    assert!(with(b"@file").ends_with("--data-raw '@file'"));
    assert!(with(b"a\0b").starts_with(r"printf '%b' 'a\0000b' | curl -X POST"));
    assert!(with(b"").ends_with("--data-binary ''"));
    assert!(with(b"x").contains("--globoff --path-as-is 'http://[::1]:1/a/../b'"));
    assert!(!with(b"x").contains("Expect"));
    assert!(with(&[b'x'; EXPECT_THRESHOLD]).contains("-H 'Expect:'"));
    assert!(with(&vec![b'x'; MAX_ARGUMENT + 1]).starts_with("printf '%s' 'xxx"));
}

#[test]
fn no_argument_can_make_another_header() {
    let smuggled: Headers = [("A", "1\nB: 2")].into_iter().collect();
    let request = Request::post("/", smuggled, "");
    assert_eq!(command(&request, "http://x/").unwrap_err().text, "A");
}

/// What one connection carried: the request and its body.
fn receive(listener: &TcpListener) -> (Vec<u8>, Vec<u8>) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let head = bytes
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .map(|at| at + 4);
        if let Some(head) = head.filter(|head| bytes.len() >= head + declared(&bytes[..*head])) {
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                .unwrap();
            let body = bytes.split_off(head);
            return (bytes, body);
        }
        let read = stream.read(&mut buffer).unwrap();
        assert_ne!(read, 0, "the connection ended early");
        bytes.extend(&buffer[..read]);
    }
}

fn declared(head: &[u8]) -> usize {
    let fields = fields(head);
    let length = fields.iter().find(|(name, _)| name == "Content-Length");
    length.map_or(0, |(_, value)| {
        std::str::from_utf8(value).unwrap().parse().unwrap()
    })
}

/// The header fields, read by another parser than ours.
fn fields(head: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut fields);
    assert!(request.parse(head).unwrap().is_complete());
    request
        .headers
        .iter()
        .map(|field| (field.name.into(), field.value.into()))
        .collect()
}

/// Has a shell run the script that is made for a URL, and gives what came to a listener there. Each
/// run has its own, so that one that fails leaves nothing behind for the next.
fn run(target: &str, shell: impl FnOnce(&str) -> Output) -> (Vec<u8>, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::scope(|scope| {
        let received = scope.spawn(move || receive(&listener));
        let output = shell(&format!("http://{address}{target}"));
        if !output.status.success() {
            // So that a listener to which nobody came does not wait for ever.
            drop(TcpStream::connect(address));
        }
        let received = received.join().unwrap();
        assert!(output.status.success(), "{output:?}");
        received
    })
}

fn has_curl() -> bool {
    let found = Command::new("curl")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        // Not `eprintln`, which the harness keeps to itself where a test passes.
        let _ = writeln!(std::io::stderr(), "skipped: no `curl` here");
    }
    found
}

#[test]
fn curl_sends_exactly_these_headers_and_bytes() {
    if !has_curl() {
        return;
    }
    let config = ProptestConfig {
        source_file: Some(file!()),
        ..ProptestConfig::with_cases(32)
    };
    let inputs = (prop::collection::vec(any_header(), 0..5), any_body());
    let result = TestRunner::new(config).run(&inputs, |(headers, body)| {
        let request = Request::post("/a?b=1", headers.iter().cloned().collect(), body.clone());
        let (head, received) = run("/a?b=1", |url| {
            sh(&command(&request, url).unwrap()).output().unwrap()
        });
        prop_assert!(head.starts_with(b"POST /a?b=1 HTTP/1.1\r\n"));
        let mut fields = fields(&head);
        prop_assert_eq!(&received, &body);
        let is_made = |name: &str| name == "Host" || is_one_of(name, &WRITTEN_BY_CURL);
        fields.retain(|(name, _)| !is_made(name));
        prop_assert_eq!(fields, headers);
        Ok::<(), TestCaseError>(())
    });
    result.unwrap();
}

#[test]
fn curl_sends_long_bodies() {
    if !has_curl() {
        return;
    }
    let text = "'\n€%".repeat(400_000).into_bytes();
    let binary = (0..300_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    for body in [text, binary] {
        let headers = [
            ("Content-Type", "application/json"),
            ("Expect", "100-continue"),
        ];
        let request = Request::post("/", headers.into_iter().collect(), body);
        let (head, received) = run("/", |url| {
            // One argument of `sh -c` would be too long.
            let mut script = tempfile::NamedTempFile::new().unwrap();
            script
                .write_all(command(&request, url).unwrap().as_bytes())
                .unwrap();
            sh(". \"$0\"").arg(script.path()).output().unwrap()
        });
        assert!(received == request.body);
        assert!(!fields(&head).iter().any(|(name, _)| name == "Expect"));
    }
}
