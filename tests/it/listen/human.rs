//! What people see.

use std::io::Read as _;
use std::net::SocketAddr;
use std::process::{Child, Stdio};

use super::durable::kept;
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::sender::{SECRET, deliver, order, signature};
use crate::harness::{Lines, Sandbox, post, raw_exchange};

/// A `webhook listen` as people start it, with stdout in a pipe that is read or not.
struct Window {
    child: Child,
    stdout: Option<std::process::ChildStdout>,
    stderr: Lines,
    address: SocketAddr,
}

impl Window {
    fn open(sandbox: &Sandbox, flags: &[&str]) -> Self {
        let mut all = vec!["listen", "--port", "0", "--secret", SECRET];
        all.extend(flags);
        let mut child = sandbox
            .command(&all)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = Lines::of(child.stderr.take().unwrap());
        let line = stderr.until("listening on");
        let (_, port) = line.split_once("localhost:").unwrap();
        let port: String = port.chars().take_while(char::is_ascii_digit).collect();
        Self {
            stdout: child.stdout.take(),
            child,
            stderr,
            address: format!("127.0.0.1:{port}").parse().unwrap(),
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = std::process::Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(status.unwrap().success());
    }

    /// Ends it; returns what it printed on stdout and stderr.
    fn close(mut self) -> (String, String) {
        self.signal("INT");
        let mut text = Vec::new();
        self.stdout.take().unwrap().read_to_end(&mut text).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let stderr = std::mem::take(&mut self.stderr).rest();
        (String::from_utf8(text).unwrap(), stderr)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text without the colours that the program itself may write (`ESC [ digits m`), and nothing
/// else taken out. With `--color always` no stream takes anything out before.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        match rest.strip_prefix('m') {
            Some(after) => plain.push_str(after),
            None => plain.extend(["\x1b[", part]),
        }
    }
    plain
}

#[test]
fn a_delivery_is_a_line_and_its_payload() {
    let sandbox = Sandbox::new();
    let window = Window::open(&sandbox, &[]);
    deliver(window.address, order("evt_1"));
    let (stdout, stderr) = window.close();
    let first = stdout.lines().next().unwrap();
    for part in ["-->", "olympus", "order.created", "evt_1", "valid"] {
        assert!(first.contains(part), "no `{part}` in {first:?}");
    }
    assert!(stdout.contains("\n      \"total\": 49.9\n"), "{stdout}");
    assert!(!stdout.contains('\x1b'), "colour in a pipe: {stdout:?}");
    assert!(stderr.contains("1 received, 1 valid"), "{stderr}");
}

/// What an application answered to a handshake, and what its provider wanted.
#[test]
fn a_handshake_and_what_came_of_it_are_told() {
    for (reply, said) in [
        ("11849", "the answer to `subscribe` that meta documents"),
        (
            "ok",
            "the handshake `subscribe` of meta fails: expected `11849`, got `ok`",
        ),
    ] {
        let app = Endpoint::start(move |_, _| Reply::Page(200, reply.into()));
        let sandbox = Sandbox::new();
        let window = Window::open(&sandbox, &["--forward-to", &app.authority()]);
        let request = "GET /?hub.mode=subscribe&hub.challenge=11849&hub.verify_token=v HTTP/1.1\r\n\
            Host: localhost\r\nConnection: close\r\n\r\n";
        raw_exchange(window.address, request.as_bytes());
        let (stdout, stderr) = window.close();
        assert!(
            stdout.contains("-->  handshake subscribe  meta"),
            "{stdout}"
        );
        assert!(stdout.contains(said), "{stdout}");
        assert!(stderr.contains("0 received, 0 valid"), "{stderr}");
    }
}

#[test]
fn colour_comes_where_it_is_asked_for() {
    let sandbox = Sandbox::new();
    let window = Window::open(&sandbox, &["--color", "always"]);
    deliver(window.address, order("evt_1"));
    assert!(window.close().0.contains("\x1b["));
}

#[test]
fn a_payload_can_be_left_out() {
    let sandbox = Sandbox::new();
    let window = Window::open(&sandbox, &["--body", "none"]);
    deliver(window.address, order("evt_1"));
    assert_eq!(window.close().0.lines().count(), 1);
}

#[test]
fn a_wrong_signature_shows_the_cause_and_what_to_do() {
    let sandbox = Sandbox::new();
    let window = Window::open(&sandbox, &[]);
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, format!("{body}\n").as_bytes());
    post(window.address, "/", &[(name, &value)], body.as_bytes());
    let (stdout, _) = window.close();
    assert!(
        stdout.contains("mismatch") && stdout.contains("answered 401"),
        "{stdout}"
    );
    assert!(
        stdout.contains("newline") && stdout.contains("hint: "),
        "{stdout}"
    );
}

#[test]
fn a_repeat_says_of_what_and_which_one_it_is() {
    let sandbox = Sandbox::new();
    let window = Window::open(&sandbox, &["--body", "none"]);
    for _ in 0..3 {
        deliver(window.address, order("evt_1"));
    }
    let (stdout, _) = window.close();
    let first = &kept(&sandbox.log_file())[0].id;
    assert!(stdout.contains(&format!("{first} (2nd time)")), "{stdout}");
    assert!(stdout.contains(&format!("{first} (3rd time)")), "{stdout}");
}

#[test]
fn the_applications_answer_is_shown() {
    let app = Endpoint::start(|_, _| Reply::Page(500, "kaboom \u{1b}[2J \u{202e}!".into()));
    let sandbox = Sandbox::new();
    let window = Window::open(
        &sandbox,
        &["--forward-to", &app.authority(), "--color", "always"],
    );
    assert_eq!(deliver(window.address, order("evt_1")).0, 500);
    let stdout = without_colours(&window.close().0);
    assert!(stdout.contains("<--  500"), "{stdout}");
    assert!(stdout.contains("kaboom"), "{stdout}");
    assert!(!stdout.contains(['\x1b', '\u{202e}']), "{stdout:?}");
}

#[test]
fn nothing_that_was_sent_reaches_the_terminal_raw() {
    let sandbox = Sandbox::new();
    let window = Window::open(&sandbox, &["--color", "always", "--on-invalid", "forward"]);
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{2066}\u{9b}31m\u{200b}";
    let escaped = serde_json::to_string(evil).unwrap();
    let bodies = [
        order(evil),
        order("evt_1").replace("order.created", evil),
        order("evt_2").replace("\"order.created\"", &escaped),
        order("evt_3").replace("49.9", &format!("{{\"{evil}\":\"{evil}\"}}")),
        format!("not json {evil}\r\x08\x08"),
    ];
    for body in &bodies {
        let path = format!("/{}", evil.replace(|c: char| c.is_ascii_control(), ""));
        let (name, value) = signature("olympus", SECRET, body.as_bytes());
        let message = format!(
            "POST {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{name}: {value}\u{202e}\u{9b}\r\n\
             X-Evil: \u{202e}\u{9b}31m\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        raw_exchange(window.address, message.as_bytes());
        post(window.address, "/", &[(name, &value)], body.as_bytes());
    }
    let (stdout, stderr) = window.close();
    let (stdout, stderr) = (without_colours(&stdout), without_colours(&stderr));
    for text in [&stdout, &stderr] {
        let raw = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{2066}\u{200b}".contains(c);
        let found: Vec<_> = text.chars().filter(|c| raw(*c)).collect();
        assert!(found.is_empty(), "{found:?} in {text:?}");
    }
    assert!(stdout.lines().count() > bodies.len(), "{stdout}");
}

#[test]
fn a_terminal_that_takes_nothing_does_not_slow_the_answers() {
    let sandbox = Sandbox::new();
    let window = Window::open(&sandbox, &["--color", "always", "--body", "full"]);
    // Nobody reads; a pipe holds 64 KiB, and each of these fills half of one.
    let body = order("evt_1").replace("49.9", &format!("[{}1]", "1,".repeat(8_000)));
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    for _ in 0..60 {
        let (status, _) = post(window.address, "/", &[(name, &value)], body.as_bytes());
        assert_eq!(status, 200);
    }
    assert_eq!(kept(&sandbox.log_file()).len(), 60);
    // Once somebody reads, what waited comes.
    let (stdout, _) = window.close();
    assert!(stdout.contains("(60th time)"));
}

#[test]
fn who_waits_for_a_stuck_terminal_at_the_end_is_told_so() {
    let sandbox = Sandbox::new();
    let mut window = Window::open(&sandbox, &["--body", "full"]);
    let body = order("evt_1").replace("49.9", &format!("[{}1]", "1,".repeat(8_000)));
    for _ in 0..10 {
        deliver(window.address, &body);
    }
    window.signal("INT");
    window.stderr.until("waiting for somebody to read");
    window.signal("INT");
    assert_eq!(window.child.wait().unwrap().code(), Some(130));
}

#[test]
fn what_a_stuck_terminal_cannot_be_shown_is_said_to_be_missing() {
    let sandbox = Sandbox::new();
    let window = Window::open(&sandbox, &["--body", "none"]);
    // Ten of these are more than may wait for the terminal, and the pipe is full before.
    let large = order("evt_1").replace("49.9", &format!("\"{}\"", "x".repeat(8 << 20)));
    let small = order("evt_2");
    let signed = |body: &str| signature("olympus", SECRET, body.as_bytes());
    let (name, value) = signed(&small);
    for _ in 0..600 {
        post(window.address, "/", &[(name, &value)], small.as_bytes());
    }
    let (name, value) = signed(&large);
    for _ in 0..10 {
        assert_eq!(
            post(window.address, "/", &[(name, &value)], large.as_bytes()).0,
            200
        );
    }
    let (_, stderr) = window.close();
    assert!(stderr.contains("the terminal is too slow"), "{stderr}");
    assert!(stderr.contains("they are in the log"), "{stderr}");
}

#[test]
fn a_script_that_reads_slowly_loses_no_line_and_holds_up_no_answer() {
    let sandbox = Sandbox::new();
    let window = Window::open(&sandbox, &["--json"]);
    // Ten of these are more than may wait in memory.
    let large = order("large").replace("49.9", &format!("\"{}\"", "x".repeat(8 << 20)));
    for (body, times) in [(large, 10), (order("small"), 10)] {
        let (name, value) = signature("olympus", SECRET, body.as_bytes());
        for _ in 0..times {
            let answer = post(window.address, "/", &[(name, &value)], body.as_bytes());
            assert_eq!(answer.0, 200);
        }
    }
    let (stdout, stderr) = window.close();
    let told = stdout
        .lines()
        .filter(|line| line.contains(r#""kind":"delivery""#));
    assert_eq!(told.clone().count(), 20);
    let large = told.take_while(|line| line.len() > 8 << 20).count();
    assert_eq!(large, 10, "in their order");
    assert!(!stderr.contains("too slowly"), "{stderr}");
}

#[test]
fn without_a_log_a_script_that_reads_slowly_is_told_how_much_it_missed() {
    let sandbox = Sandbox::new();
    let window = Window::open(&sandbox, &["--json", "--no-log"]);
    let large = order("large").replace("49.9", &format!("\"{}\"", "x".repeat(8 << 20)));
    let (name, value) = signature("olympus", SECRET, large.as_bytes());
    for _ in 0..10 {
        let answer = post(window.address, "/", &[(name, &value)], large.as_bytes());
        assert_eq!(answer.0, 200);
    }
    let (stdout, stderr) = window.close();
    let told = stdout
        .lines()
        .filter(|line| line.contains(r#""kind":"delivery""#));
    let missed = format!(
        "the output is read too slowly: {} not shown",
        10 - told.count()
    );
    assert!(stderr.contains(&missed), "{stderr}");
    assert!(!stderr.contains("they are in the log"), "{stderr}");
}

/// Everything that is said up to the `end` line.
fn greeting(flags: &[&str]) -> String {
    let sandbox = Sandbox::new();
    let mut child = sandbox
        .command(&[&["listen", "--port", "0"], flags].concat())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = Lines::of(child.stderr.take().unwrap());
    let mut text = String::new();
    while !text.contains("Ctrl-C") {
        text += &stderr.next().expect("an end to the greeting");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    text
}

#[test]
fn what_is_proposed_to_try_trusts_a_certificate_made_on_the_spot() {
    let plain = greeting(&[]);
    // As it was called here: what is proposed can be typed.
    let called = env!("CARGO_BIN_EXE_webhook");
    let proposed = format!("try       {called} send order.created --url http://");
    assert!(plain.contains(&proposed), "{plain}");
    assert!(!plain.contains("--insecure"), "{plain}");
    let text = greeting(&["--tls"]);
    let line = text
        .lines()
        .find(|line| line.contains("webhook send"))
        .unwrap();
    assert!(line.contains("--url https://localhost:"), "{line}");
    assert!(line.ends_with(" --insecure"), "{line}");
}

#[test]
fn a_name_that_was_taken_for_a_secret_is_told_and_no_other_text_is() {
    let text = greeting(&["--secret", "olympus", "--secret", SECRET]);
    let note = "took `olympus` itself as the secret; for the provider: `--secret olympus=VALUE`";
    assert!(text.contains(note), "{text}");
    assert_eq!(text.matches("itself as the secret").count(), 1, "{text}");
    assert!(!text.contains(SECRET), "{text}");
    assert!(!greeting(&["--secret", "olympus=olympus"]).contains("itself as the secret"));
}

#[test]
fn a_path_of_somebody_else_s_folder_does_not_act_on_the_terminal() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "webhook.toml",
        "log = \"a\\u001b]0;x\\u0007\\u001b[2Jb.db\"\n",
    );
    let window = Window::open(&sandbox, &["--color", "always"]);
    let (_, stderr) = window.close();
    assert!(
        stderr.contains("\\u{1b}") || stderr.contains("\\x1b"),
        "{stderr}"
    );
    assert!(
        !stderr.contains("\u{1b}[2J") && !stderr.contains('\u{7}'),
        "{stderr}"
    );
}

#[test]
fn the_first_lines_say_which_events_go_where_and_that_answers_are_scripted() {
    let (pay, all) = (Endpoint::ok(), Endpoint::ok());
    let route = format!("payment.*,!payment.voided={}", pay.url("/pay"));
    let flags = [
        "--route",
        &route,
        "--forward-to",
        &all.url("/"),
        "--respond",
        "503",
    ];
    let mut window = Window::open(&Sandbox::new(), &flags);
    let first = window.stderr.until("forwards");
    let expected = format!("payment.*,!payment.voided to {}", pay.url("/pay"));
    assert!(first.contains(&expected), "{first}");
    let second = window.stderr.until("forwards");
    assert!(
        second.contains(&format!("forwards  to {}", all.url("/"))),
        "{second}"
    );
    assert!(window.stderr.until("answers").contains("`--respond`"));
    window.signal("INT");
    window.child.wait().unwrap();
}
