//! `--edit`: what is typed in the editor is sent, or kept.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{SECRET, Sender};
use crate::harness::endpoint::Endpoint;
use crate::peers::is_signed;

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["order.created", "--provider", "olympus"], more].concat()
}

/// An editor that is a shell script.
fn editor(sender: &Sender, name: &str, script: &str) -> String {
    let path = sender
        .sandbox()
        .file(name, format!("#!/bin/sh\n{script}\n"));
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("a program");
    path.to_str().expect("text").to_owned()
}

#[test]
fn an_editor_changes_the_payload_before_it_is_signed() {
    let sender = Sender::new();
    let script = r#"test "$1" = -w || exit 9; sed -i 's/32.53/99.50/' "$2""#;
    let path = editor(&sender, "edit me.sh", script);
    let quoted = format!("'{path}' -w");
    // VISUAL goes before EDITOR; an empty one counts as not set.
    for (visual, other) in [("", quoted.as_str()), (&quoted, "false")] {
        let sender = Sender::new().with("VISUAL", visual).with("EDITOR", other);
        let endpoint = Endpoint::ok();
        sender
            .send(&with(&["--edit", "--url", &endpoint.url("")]))
            .expect(0);
        let sent = endpoint.one();
        assert_eq!(sent.json()["data"]["total"], 99.5);
        assert!(
            sent.text().ends_with('}') && !sent.text().contains('\n'),
            "compact"
        );
        assert!(is_signed("olympus", SECRET, &sent));
    }
}

#[test]
fn an_editor_changes_a_body_byte_for_byte() {
    let sender = Sender::new();
    let path = editor(&sender, "append.sh", r#"printf ' \r\n' >> "$1""#);
    let sender = sender.with("EDITOR", &path);
    sender.sandbox().file("x", "{\"a\": 1}");
    let args = ["--provider", "olympus", "--body", "@x", "--edit"];
    let messages = sender.dry(&args);
    assert_eq!(messages[0].text(), "{\"a\": 1} \r\n");
    assert!(is_signed("olympus", SECRET, &messages[0]));
}

#[test]
fn an_editor_that_fails_sends_nothing() {
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    let args = with(&["--edit", "--url", &url]);
    let sender = Sender::new();
    sender.refused(&args, "`--edit` needs an editor", "set VISUAL or EDITOR");
    let missing = Sender::new().with("EDITOR", "/no/such/editor");
    missing.refused(
        &args,
        "cannot start the editor `/no/such/editor`",
        "set VISUAL",
    );
    let run = Sender::new().with("EDITOR", "false").send(&args).expect(2);
    assert!(
        run.stderr.contains("the editor `false` gave up"),
        "{}",
        run.stderr
    );
    assert_eq!(endpoint.seen().len(), 0);
}

/// A user whose temporary files lie in a folder of their own.
fn typist(script: &str) -> Sender {
    let sender = Sender::new();
    let path = editor(&sender, "type.sh", script);
    let folder = sender.sandbox().folder().join("tmp");
    std::fs::create_dir(&folder).expect("a folder");
    let sender = sender.with("TMPDIR", folder.to_str().expect("text"));
    sender.with("EDITOR", &path)
}

/// What is kept of what was typed, and where.
fn kept(sender: &Sender) -> Vec<(String, String)> {
    let folder = sender.sandbox().folder().join("tmp");
    let files = std::fs::read_dir(folder).expect("a folder");
    let file = |path: PathBuf| {
        let mode = std::fs::metadata(&path)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).expect("text");
        (path.to_str().expect("text").to_owned(), text)
    };
    files
        .map(|entry| file(entry.expect("an entry").path()))
        .collect()
}

#[test]
fn what_was_typed_is_kept_where_it_is_not_sent() {
    let broken = typist(r#"printf '{"data":\n 1 2}' > "$1""#);
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    let run = broken.send(&with(&["--edit", "--url", &url])).expect(2);
    let [(path, text)] = &kept(&broken)[..] else {
        panic!("{}", run.stderr);
    };
    assert_eq!(text, "{\"data\":\n 1 2}");
    let said = "what came out of the editor is not JSON: expected `,` or `}` at line 2 column 4\n\
                hint: what you typed is kept in ";
    assert!(
        run.stderr.contains(&format!("{said}`{path}`\n")),
        "{}",
        run.stderr
    );
    assert_eq!(endpoint.seen().len(), 0);

    let gave_up = typist(r#"echo '{"data":7}' > "$1"; exit 3"#);
    let run = gave_up.send(&with(&["--edit", "--url", &url])).expect(2);
    assert_eq!(kept(&gave_up)[0].1, "{\"data\":7}\n");
    assert!(run.stderr.contains(&kept(&gave_up)[0].0), "{}", run.stderr);

    // Ctrl-C reaches both.
    let interrupted = typist(r#"echo '{"data":7}' > "$1"; kill -INT $PPID; kill -INT $$"#);
    let args = with(&["--edit", "--url", &url]);
    let run = interrupted.send(&args).expect(2);
    assert_eq!(kept(&interrupted)[0].1, "{\"data\":7}\n");
    assert!(
        run.stderr.contains(&kept(&interrupted)[0].0),
        "{}",
        run.stderr
    );

    let refusing = Endpoint::script(&[500]);
    let typed = r#"echo '{"data":7}' > "$1""#;
    for (url, code) in [(refusing.url(""), 1), ("localhost:1".into(), 3)] {
        let sender = typist(typed);
        let run = sender.send(&with(&["--edit", "--url", &url])).expect(code);
        let (path, text) = &kept(&sender)[0];
        assert_eq!(text, "{\"data\":7}\n");
        let note = format!("note: what you typed is kept in `{path}`\n");
        assert!(run.stderr.ends_with(&note), "{}", run.stderr);
    }
    // What was sent, or not changed, needs no file.
    let sender = typist(typed);
    sender.send(&with(&["--edit", "--url", &url])).expect(0);
    assert!(kept(&sender).is_empty());
    let sender = typist("true");
    sender
        .send(&with(&["--edit", "--url", "localhost:1"]))
        .expect(3);
    assert!(kept(&sender).is_empty());
}

/// What a person sees who types these lines at a terminal, which `script` gives the program.
fn at_terminal(sender: &Sender, path: &str, url: &str, lines: &str) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_webhook");
    let line = format!("'{program}' send order.created -p olympus --edit --url {url}");
    let inner = sender.sandbox().command(&[]);
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]);
    command.current_dir(sender.sandbox().folder());
    let variables = inner.get_envs().filter_map(|(k, v)| Some((k, v?)));
    command.env_clear().envs(variables).env("PATH", path);
    let Ok(mut child) = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        eprintln!("`script` is not installed: nothing was edited at a terminal");
        return None;
    };
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(lines.as_bytes()).expect("a terminal");
    let output = child.wait_with_output().expect("an end");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}");
    Some(shown)
}

#[test]
fn a_person_can_edit_on() {
    let sender =
        typist(r#"if [ -e again ]; then echo '{"data":8}'; else echo '{'; fi > "$1"; touch again"#);
    let endpoint = Endpoint::ok();
    let path = std::env::var("PATH").expect("a path");
    if let Some(shown) = at_terminal(&sender, &path, &endpoint.url(""), "\n") {
        assert!(shown.contains("Enter opens the editor again"), "{shown}");
        assert_eq!(endpoint.one().text(), r#"{"data":8}"#);
    }
}

#[test]
fn a_person_without_a_configured_editor_gets_one_that_is_there() {
    let sender = Sender::new();
    editor(&sender, "bin/editor", r#"echo '{"data":9}' > "$1""#);
    let own = sender.sandbox().folder().join("bin");
    let path = format!(
        "{}:{}",
        own.display(),
        std::env::var("PATH").expect("a path")
    );
    let endpoint = Endpoint::ok();
    if at_terminal(&sender, &path, &endpoint.url(""), "").is_some() {
        assert_eq!(endpoint.one().text(), r#"{"data":9}"#);
    }
}

#[test]
fn an_editor_sees_no_secret() {
    let sender = typist(r#"env > env; echo "$WEBHOOK_URL" >> env"#);
    sender
        .sandbox()
        .file("webhook.toml", "[secrets]\nolympus = { env = 'OLY' }\n");
    let sender = sender
        .with("WEBHOOK_SECRET_IBAKEPRO", "s-2")
        .with("OLY", "s-3");
    let sender = sender.with("WEBHOOK_URL", "http://localhost:1");
    sender.send(&with(&["--edit", "--dry-run"])).expect(0);
    let seen = std::fs::read_to_string(sender.sandbox().folder().join("env")).expect("text");
    for secret in [SECRET, "s-2", "s-3"] {
        assert!(!seen.contains(secret), "{seen}");
    }
    assert!(
        seen.contains("PATH=") && seen.contains("http://localhost:1"),
        "{seen}"
    );
}
