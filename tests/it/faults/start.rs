//! A listener that cannot start says why, and what to do.

use std::process::{Command, Stdio};

use crate::harness::{Lines, Run, Sandbox, post};
use rusqlite::Connection;

/// Starts a listener that cannot run, with its log at a file.
fn refused(sandbox: &Sandbox, log: &str) -> Run {
    let run = sandbox
        .run(&["listen", "--port", "0", "--log", log])
        .expect(4);
    assert!(
        run.stderr.contains(log) && run.stderr.contains("hint: "),
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout, "");
    run
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let sandbox = Sandbox::new();
    let text = "Dear diary, this is no database. ".repeat(100);
    let path = sandbox.file("diary.txt", &text);
    let run = refused(&sandbox, "diary.txt");
    assert!(
        run.stderr.contains("is not a SQLite database"),
        "{}",
        run.stderr
    );
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let sandbox = Sandbox::new();
    let path = sandbox.folder().join("other.db");
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)")
        .unwrap();
    drop(other);
    let before = std::fs::read(&path).unwrap();
    let run = refused(&sandbox, "other.db");
    assert!(run.stderr.contains("not a webhook log"), "{}", run.stderr);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_log_of_a_newer_program_is_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.listen(&["--log", "new.db"]).stop();
    let path = sandbox.folder().join("new.db");
    let newer = Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    drop(newer);
    let run = refused(&sandbox, "new.db");
    assert!(
        run.stderr.contains("999") && run.stderr.contains("update"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_damaged_log_is_told_as_such() {
    let sandbox = Sandbox::new();
    sandbox.listen(&["--log", "bad.db"]).stop();
    let path = sandbox.folder().join("bad.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100..].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    refused(&sandbox, "bad.db");
}

#[test]
fn a_log_that_somebody_else_writes_without_end_is_told_at_the_start() {
    let sandbox = Sandbox::new();
    sandbox.listen(&["--log", "busy.db"]).stop();
    let other = Connection::open(sandbox.folder().join("busy.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let run = refused(&sandbox, "busy.db");
    assert!(run.stderr.contains("is locked"), "{}", run.stderr);
}

#[test]
fn a_row_that_holds_something_else_is_told_in_words() {
    let sandbox = Sandbox::new();
    let listener = sandbox.listen(&["--secret", "s", "--log", "odd.db"]);
    post(listener.address(), "/", &[], b"{}");
    listener.stop();
    let log = Connection::open(sandbox.folder().join("odd.db")).unwrap();
    log.execute_batch("UPDATE delivery SET received_at = 'yesterday'")
        .unwrap();
    drop(log);
    let run = sandbox
        .run(&["log", "show", "@last", "--log", "odd.db"])
        .expect(4);
    assert!(
        run.stderr
            .contains("cannot be read: `received_at` holds a text"),
        "{}",
        run.stderr
    );
}

#[test]
fn files_that_others_can_read_are_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let secret = sandbox.file("secret", "whsec_1");
    let listen = [
        "listen",
        "--port",
        "0",
        "--within",
        "1ms",
        "--log",
        "own.db",
        "--secret-file",
        "secret",
    ];
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&secret, 0o600);
    let quiet = sandbox.run(&listen).expect(0).stderr;
    assert!(!quiet.contains("warning"), "{quiet}");
    mode(&secret, 0o640);
    mode(&sandbox.folder().join("own.db"), 0o604);
    let told = sandbox.run(&listen).expect(0).stderr;
    for file in ["`secret`", "`own.db`"] {
        assert!(
            told.contains(&format!("warning: {file} is open to other users")),
            "{told}"
        );
    }
    assert!(
        told.contains("`chmod 600 'own.db'` keeps them out"),
        "{told}"
    );
}

/// Wherever a secret stands: each file is told of once, with what to type, and no other file is.
#[test]
fn every_file_with_a_secret_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let files = [
        ("flag", "whsec_1"),
        (
            ".env",
            "WEBHOOK_SECRET_OLYMPUS=whsec_2\nWEBHOOK_SECRET=whsec_3\nOTHER=whsec_4\n",
        ),
        ("named", "whsec_5"),
        ("plain.env", "PORT=1\n"),
        (
            "webhook.toml",
            "[secrets]\nibakepro = { file = \"named\" }\ncimplify = { env = \"OTHER\" }\n",
        ),
    ]
    .map(|(name, text)| sandbox.file(name, text));
    let warned = |mode, env_file: &str| {
        for file in &files {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(file, permissions).unwrap();
        }
        let flags = ["--secret-file", "flag", "--env-file", env_file];
        let send = [&["send", "order.created", "--dry-run"][..], &flags].concat();
        let told = sandbox.run(&send).expect(0).stderr;
        let typed = told.lines().filter_map(|line| line.split('`').nth(1));
        let typed = typed.filter(|text| text.starts_with("chmod"));
        typed.map(str::to_owned).collect::<Vec<_>>()
    };
    let all = [
        "chmod 600 './named'",
        "chmod 600 '.env'",
        "chmod 600 'flag'",
    ];
    assert_eq!(warned(0o640, ".env"), all);
    assert_eq!(warned(0o604, ".env"), all);
    assert_eq!(warned(0o600, ".env"), [""; 0]);
    sandbox.file("webhook.toml", "");
    assert_eq!(warned(0o644, "plain.env"), ["chmod 600 'flag'"]);
}

/// What stands in a folder that somebody else has made holds up no command.
#[test]
fn a_providers_folder_leads_nowhere_else_and_waits_for_nothing() {
    let sandbox = Sandbox::new();
    let built_in = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/cimplify/provider.json"
    );
    let definition = std::fs::read_to_string(built_in).unwrap();
    sandbox.file(
        "providers/x/provider.json",
        definition.replace("\"cimplify\"", "\"x\""),
    );
    let event = r#"{"description":"Paid","source":"documented","data":{}}"#;
    sandbox.file("providers/x/events/order.paid.json", event);
    sandbox.file("webhook.toml", "");
    let events = sandbox.folder().join("providers/x/events");
    for (name, target) in [("a", "."), ("b", ".."), ("c", "/"), ("d.json", "/dev/zero")] {
        std::os::unix::fs::symlink(target, events.join(name)).unwrap();
    }
    let pipe = events.join("pipe.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let run = sandbox.run(&["events", "x", "--json"]).expect(0);
    assert!(run.stdout.contains("order.paid"), "{}", run.stdout);
    assert_eq!(run.json_lines().len(), 1, "{}", run.stdout);
}

#[test]
fn a_folder_is_no_log() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.folder().join("logs")).unwrap();
    let run = sandbox
        .run(&["listen", "--port", "0", "--log", "logs"])
        .expect(4);
    assert!(run.stderr.contains("`logs`"), "{}", run.stderr);
}

#[test]
fn a_pipe_is_no_log_and_is_not_waited_for() {
    let sandbox = Sandbox::new();
    let pipe = sandbox.folder().join("pipe");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    for args in [
        &["log", "--log", "pipe"][..],
        &["listen", "--port", "0", "--log", "pipe"],
    ] {
        let mut command = sandbox.command(args);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = Lines::of(child.stderr.take().unwrap());
        errors.until("`pipe` is not a SQLite database");
        assert_eq!(child.wait().unwrap().code(), Some(4));
    }
}

/// Without a bound, each takes all memory that there is.
#[test]
fn a_file_without_an_end_is_not_read_to_it() {
    let zero = "/dev/zero";
    let at_zero = "@/dev/zero";
    let sandbox = Sandbox::new();
    let send = [
        "send",
        "order.created",
        "--provider",
        "olympus",
        "--dry-run",
    ];
    let listen = ["listen", "--port", "0", "--no-log", "--within", "1ms"];
    let end = "it is a device without an end";
    for (base, more, told) in [
        (&send[..], &["--secret", "s", "--body", at_zero][..], end),
        (&send, &["--secret", "s", "--data", at_zero], end),
        (&send, &["--secret-file", zero], "larger than 16 MiB"),
        (&send, &["--env-file", zero], "larger than 16 MiB"),
        (&send, &["--config", zero], "larger than 16 MiB"),
        (
            &send,
            &["--secret", "s", "--cacert", zero],
            "larger than 16 MiB",
        ),
        (&listen, &["--respond", "201:@/dev/zero"], end),
        (
            &listen,
            &["--tls", "--cert", zero, "--key", zero],
            "larger than 16 MiB",
        ),
    ] {
        let program = env!("CARGO_BIN_EXE_webhook");
        // A fault shall not take the machine's memory.
        let script = "ulimit -v 3000000; exec \"$0\" \"$@\"";
        let mut command = Command::new("sh");
        command.args([&["-c", script, program], base, more].concat());
        command
            .current_dir(sandbox.folder())
            .env("HOME", sandbox.home());
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(told), "{more:?}: {stderr}");
    }
}

#[test]
fn a_log_below_a_file_cannot_be() {
    let sandbox = Sandbox::new();
    sandbox.file("file", "");
    let run = sandbox
        .run(&["listen", "--port", "0", "--log", "file/log.db"])
        .expect(4);
    assert!(run.stderr.contains("`file/log.db`"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let folder = sandbox.folder().join("closed");
    std::fs::create_dir(&folder).unwrap();
    let mode =
        |mode| std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o500);
    // Whoever may write everywhere cannot be kept out by a mode.
    if std::fs::write(folder.join("probe"), "").is_err() {
        let run = refused(&sandbox, "closed/log.db");
        assert!(run.stderr.contains("--log PATH"), "{}", run.stderr);
    }
    mode(0o700);
}

/// Not even root makes files in sysfs, so this holds whoever runs the tests.
#[cfg(target_os = "linux")]
#[test]
fn a_place_where_nobody_may_write_is_told() {
    let run = refused(&Sandbox::new(), "/sys/log.db");
    assert!(run.stderr.contains("permission denied"), "{}", run.stderr);
}

/// A home that is no absolute path counts as none, and one in which nobody can write is no better.
#[test]
fn without_a_home_nothing_is_kept_and_that_is_told() {
    let mut homes = vec!["nowhere"];
    if cfg!(target_os = "linux") {
        homes.push("/sys");
    }
    for home in homes {
        let sandbox = Sandbox::new().with("HOME", home);
        let run = |flags: &[&str]| {
            let all = ["listen", "--port", "0", "--secret", "s", "--within", "1ms"];
            sandbox.run(&[&all[..], flags].concat())
        };
        let told = run(&[]).expect(0).stderr;
        assert!(
            told.contains("nothing is kept") && told.contains("--log"),
            "{told}"
        );
        for flags in [&["--no-log"][..], &["--log", "here.db"]] {
            let told = run(flags).expect(0).stderr;
            assert!(!told.contains("warning"), "{told}");
        }
        sandbox.run(&["config"]).expect(0);
    }
}

/// `listen` and `send` still understand each other, and that the secret is elsewhere is told.
#[test]
fn without_a_home_the_local_secret_is_a_temporary_file() {
    let mut homes = vec!["nowhere"];
    if cfg!(target_os = "linux") {
        homes.push("/sys");
    }
    for home in homes {
        let sandbox = Sandbox::new().with("HOME", home);
        let temporary = sandbox.folder().to_str().expect("text").to_owned();
        let sandbox = sandbox.with("TMPDIR", &temporary);
        let listen = [
            "listen",
            "--port",
            "0",
            "--no-log",
            "--expect",
            "order.sent",
            "--within",
            "60s",
        ];
        let program = env!("CARGO_BIN_EXE_webhook");
        let send = ["--", program, "send", "order.sent", "-p", "olympus"];
        let run = sandbox.run(&[&listen[..], &send].concat()).expect(0);
        let told = format!("; it is in `{temporary}/webhook-");
        assert_eq!(run.stderr.matches(&told).count(), 2, "{}", run.stderr);
        assert!(run.stdout.contains("valid"), "{}", run.stdout);
    }
}

#[test]
fn without_any_place_there_is_no_local_secret() {
    let sandbox = Sandbox::new()
        .with("HOME", "nowhere")
        .with("TMPDIR", "/nowhere");
    let run = sandbox
        .run(&["listen", "--port", "0", "--no-log"])
        .expect(2);
    assert!(run.stderr.contains("--secret"), "{}", run.stderr);
}

#[test]
fn a_variable_says_that_nothing_is_kept_and_a_place_says_more() {
    let sandbox = Sandbox::new().with("WEBHOOK_NO_LOG", "1");
    let listen = ["listen", "--port", "0", "--secret", "s", "--within", "1ms"];
    let told = sandbox.run(&listen).expect(0).stderr;
    assert!(told.contains("nothing is kept"), "{told}");
    assert!(!sandbox.log_file().exists());
    sandbox
        .run(&[&listen[..], &["--log", "here.db"]].concat())
        .expect(0);
    assert!(sandbox.folder().join("here.db").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_may_have_any_name() {
    use std::os::unix::ffi::OsStrExt as _;
    let sandbox = Sandbox::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9 \xf0\x9f\x94\x91 ?#%.db");
    let mut command = sandbox.command(&["listen", "--json", "--port", "0", "--within", "1ms"]);
    let output = command.arg("--log").arg(name).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let ready: serde_json::Value = serde_json::from_str(stdout.lines().next().unwrap()).unwrap();
    assert!(ready["log"].as_str().unwrap().starts_with("caf\u{fffd}"));
    assert!(sandbox.folder().join(name).is_file());
}

#[test]
fn wrong_values_are_wrong_usage() {
    for flags in [
        &["--count", "0"][..],
        &["--respond", "99"],
        &["--respond", "600"],
        &["--delay", "soon"],
        &["--max-body", "lots"],
        &["--once", "--count", "2"],
        &["--cert", "c.pem"],
        &["--no-log", "--log", "x.db"],
        &["-H", "no colon"],
        &["--route", "order.created"],
        &["--host", "nowhere"],
        &["--port", "70000"],
        &["--secret", "olympus="],
        &["--tolerance", "x"],
    ] {
        let mut all = vec!["listen", "--port", "0"];
        if flags[0] == "--port" {
            all.truncate(1);
        }
        all.extend(flags);
        let run = Sandbox::new().run(&all);
        assert_eq!(run.code, Some(2), "{flags:?}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}
