//! Where the secret comes from, and that it goes nowhere.

use std::os::unix::fs::PermissionsExt as _;

use webhook_cli::cli::GlobalArgs;
use webhook_cli::config::{Config, Environment};

use super::{SECRET, Sender};
use crate::harness::endpoint::Endpoint;
use crate::peers::is_signed;

const EVENT: [&str; 2] = ["order.sent", "--url"];

/// Runs with these flags and fails unless what came was signed with the secret of the tests.
#[track_caller]
fn signs(sender: &Sender, flags: &[&str], stdin: &[u8]) {
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    let args = [&EVENT[..], &[&url], flags].concat();
    let run = sender.send_with(&args, stdin).expect(0);
    let sent = endpoint.one();
    assert!(is_signed("olympus", SECRET, &sent), "{}", run.stderr);
    assert!(!run.stderr.contains("local development secret"));
}

#[test]
fn a_secret_comes_from_a_flag_a_file_or_stdin() {
    let sender = Sender::without_secret();
    let named = format!("olympus={SECRET}");
    sender.sandbox().file("lf", format!("{SECRET}\n"));
    sender.sandbox().file("crlf", format!("{SECRET}\r\n"));
    sender.sandbox().file("bare", SECRET);
    signs(&sender, &["--secret", SECRET], b"");
    signs(&sender, &["--secret", &named], b"");
    signs(
        &sender,
        &["--secret", "cimplify=other", "--secret", &named],
        b"",
    );
    for file in ["lf", "crlf", "bare", "olympus=lf"] {
        signs(&sender, &["--secret-file", file], b"");
    }
    signs(
        &sender,
        &["--secret-file", "-"],
        format!("{SECRET}\n").as_bytes(),
    );
    // With several the first signs; a flag goes before a variable.
    signs(&sender, &["--secret", SECRET, "--secret", "next"], b"");
    let sender = sender.with("WEBHOOK_SECRET", "other");
    signs(&sender, &["--secret", SECRET], b"");
}

#[test]
fn a_secret_comes_from_a_variable() {
    let sender = Sender::new();
    signs(&sender, &[], b"");
    let sender = Sender::without_secret()
        .with("WEBHOOK_SECRET_OLYMPUS", SECRET)
        .with("WEBHOOK_SECRET", "of all others");
    signs(&sender, &[], b"");
    let sender = Sender::without_secret();
    sender
        .sandbox()
        .file(".env.local", format!("A=b\nWEBHOOK_SECRET='{SECRET}'\n"));
    signs(&sender, &["--env-file", ".env.local"], b"");
}

#[test]
fn a_secret_comes_from_where_the_configuration_says() {
    for secrets in ["olympus = {env = 'MINE'}", "default = {file = 'my.secret'}"] {
        let sender = Sender::without_secret().with("MINE", SECRET);
        sender
            .sandbox()
            .file("webhook.toml", format!("[secrets]\n{secrets}\n"));
        sender.sandbox().file("my.secret", format!("{SECRET}\n"));
        signs(&sender, &[], b"");
    }
    // The configuration is committed, so it never holds one itself; the error does not repeat it.
    let sender = Sender::without_secret();
    let toml = format!("[secrets]\nolympus = '{SECRET}'\n");
    sender.sandbox().file("webhook.toml", toml);
    sender.refused(&["order.sent", "--dry-run"], "webhook.toml", "");
}

#[test]
fn a_text_with_an_equals_sign_is_itself_the_secret() {
    let endpoint = Endpoint::ok();
    let args = [
        "order.sent",
        "--url",
        &endpoint.url(""),
        "--secret",
        "nobody=value",
    ];
    Sender::without_secret().send(&args).expect(0);
    assert!(is_signed("olympus", "nobody=value", &endpoint.one()));
}

#[test]
fn no_secret_for_the_provider_and_an_empty_one_are_errors() {
    let sender = Sender::without_secret();
    let event = ["order.sent", "--dry-run"];
    let refused = |flags: &[&str], message: &str, hint: &str| {
        sender.refused(&[&event[..], flags].concat(), message, hint);
    };
    refused(
        &["--secret", "cimplify=x"],
        "no secret for `olympus`",
        "--secret olympus=…",
    );
    refused(&["--secret", ""], "is empty", "signing secret");
    refused(&["--secret", "olympus="], "is empty", "signing secret");
    refused(&["--secret-file", "-"], "is empty", "signing secret");
    refused(&["--secret"], "there is none", "WEBHOOK_SECRET");
    let run = sender
        .send(&[&event[..], &["--secret-file", "none"]].concat())
        .expect(4);
    assert!(run.stderr.contains("cannot read `none`"), "{}", run.stderr);
    let empty = Sender::without_secret().with("WEBHOOK_SECRET", "");
    empty.refused(&event, "is empty", "signing secret");
}

#[test]
fn without_a_secret_send_and_listen_share_a_local_one() {
    let sender = Sender::without_secret();
    let endpoint = Endpoint::ok();
    let run = sender
        .send(&["order.sent", "--url", &endpoint.url("")])
        .expect(0);
    let file = local_file(&sender);
    let secret = std::fs::read_to_string(&file).expect("a secret");
    let secret = secret.trim();
    assert!(
        secret.starts_with("whsec_") && secret.len() >= 38,
        "{} long",
        secret.len()
    );
    assert!(is_signed("olympus", secret, &endpoint.one()));
    let note = "using the local development secret (shared by listen and send)";
    assert!(run.stderr.contains(note), "{}", run.stderr);
    assert!(!(run.stdout + &run.stderr).contains(secret));
    let mode = std::fs::metadata(&file)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut listener = sender.sandbox().listen(&[]);
    sender
        .send(&["order.sent", "--url", &listener.url()])
        .expect(0);
    assert_eq!(listener.next_line()["verdict"]["status"], "valid");
}

/// The file of the local secret, beside which there is the local pair, and nothing else.
fn local_file(sender: &Sender) -> std::path::PathBuf {
    let folder = sender.sandbox().home().join(".config/webhook");
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let names = ["local-key.pem", "local-secret"];
    assert!(
        paths
            .iter()
            .map(|path| path.file_name().expect("a name"))
            .eq(names),
        "{paths:?}"
    );
    paths.remove(1)
}

#[test]
fn a_first_run_that_is_late_takes_the_other_s_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().to_str().expect("text").to_owned();
    let environment: Environment = [("HOME".to_owned(), home)].into_iter().collect();
    let global = GlobalArgs::default();
    let config = Config::load(&global, environment, folder.path()).expect("a configuration");
    let first = std::cell::OnceCell::new();
    let late = config.local_secret(|bytes| {
        // While this run makes its own, the other one is done.
        let other = config.local_secret(|bytes| bytes.fill(1));
        let _ = first.set(other.expect("a secret").bytes);
        bytes.fill(2);
    });
    assert_eq!(Some(&late.expect("a secret").bytes), first.get());
}

#[test]
fn first_runs_at_once_agree_on_the_local_secret() {
    let sender = Sender::without_secret();
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    let sendings: Vec<_> = (0..8)
        .map(|_| sender.start(&["order.sent", "--url", &url]))
        .collect();
    for sending in sendings {
        sending.wait().expect(0);
    }
    let secret = std::fs::read_to_string(local_file(&sender)).expect("a secret");
    assert_eq!(endpoint.seen().len(), 8);
    for sent in endpoint.seen() {
        assert!(is_signed("olympus", secret.trim(), &sent));
    }
}
