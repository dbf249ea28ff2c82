//! Flags of commands in `webhook.toml`, each read as it is read on the command line.

use serde_json::Value;

use crate::harness::Sandbox;

/// A folder with this `webhook.toml`.
fn project(toml: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", toml);
    sandbox
}

/// What `config --json` shows of a setting: its value and its origin.
fn shown(sandbox: &Sandbox, name: &str) -> Option<(Value, String)> {
    let lines = sandbox.run(&["config", "--json"]).expect(0).json_lines();
    let line = lines.into_iter().find(|line| line["name"] == name)?;
    let origin = line["origin"].as_str().unwrap().to_owned();
    Some((line["value"].clone(), origin))
}

#[test]
fn every_flag_of_listen_can_stand_in_its_section() {
    let sandbox = project(
        "[listen]\nport = 0\nrespond = [500, '200']\nonce = true\nevents = 'order.*'\njson = true\n",
    );
    let run = sandbox.run(&["listen", "--within", "0s"]);
    assert_eq!(run.json_lines()[0]["kind"], "ready");
    for (name, value) in [
        ("listen.respond", vec!["500", "200"].into()),
        ("listen.once", true.into()),
        ("listen.events", vec!["order.*"].into()),
        ("listen.port", 0.into()),
    ] {
        let expected = Some((value, "./webhook.toml".to_owned()));
        assert_eq!(shown(&sandbox, name), expected, "{name}");
    }
    let unset = Some((Value::Null, "default".to_owned()));
    assert_eq!(shown(&sandbox, "listen.within"), unset);
}

#[test]
fn the_flags_of_other_commands_stand_in_theirs() {
    let sandbox = project(
        "[send]\ndry-run = true\nas = 'json'\nseed = 7\n[test]\nlist = true\njson = true\n",
    );
    let send = ["send", "order.created", "--provider", "olympus"];
    let once = sandbox.run(&send).expect(0).json_lines();
    assert_eq!(once[0]["kind"], "delivery");
    let again = sandbox.run(&send).expect(0).json_lines();
    assert_eq!(once[0]["event_id"], again[0]["event_id"]);
    // What is typed goes before.
    let other = sandbox.run(&[&send[..], &["--seed", "8"]].concat());
    assert_ne!(
        once[0]["event_id"],
        other.expect(0).json_lines()[0]["event_id"]
    );
    let list = sandbox.run(&["test", "--provider", "olympus"]).expect(0);
    assert!(list.json_lines().len() > 10);
}

#[test]
fn a_typed_flag_takes_the_place_of_those_that_cannot_stand_beside_it() {
    let sandbox = project("[listen]\nport = 0\ncount = 3\njson = true\n");
    let run = sandbox.run(&["listen", "--once", "--within", "0s"]);
    assert_eq!(run.json_lines()[0]["kind"], "ready");
    let sandbox = project("[replay]\nrate = '5/s'\n");
    let run = sandbox.run(&["replay", "@last", "--speed", "2x"]);
    assert!(!run.stderr.contains("cannot be used"), "{}", run.stderr);
}

#[test]
fn no_header_s_value_is_shown() {
    let sandbox = project("[listen]\nheader = ['Authorization: Bearer sesame', 'X-A: b']\n");
    let (value, _) = shown(&sandbox, "listen.header").unwrap();
    let names = vec!["Authorization: redacted", "X-A: redacted"];
    assert_eq!(value, Value::from(names));
}

#[test]
fn a_report_below_the_folder_of_a_file_is_written() {
    let sandbox = project("[listen]\nport = 0\nready-file = 'out/ready.json'\n");
    std::fs::create_dir(sandbox.folder().join("out")).unwrap();
    sandbox.run(&["listen", "--within", "0s"]).expect(0);
    assert!(sandbox.folder().join("out/ready.json").is_file());
}

#[test]
fn a_variable_stands_before_a_section() {
    let sandbox = project("[send]\nurl = 'localhost:1'\nprovider = 'cimplify'\n")
        .with("WEBHOOK_PROVIDER", "olympus");
    let run = sandbox.run(&["send", "order.created", "--dry-run", "--as", "json"]);
    assert_eq!(run.expect(0).json_lines()[0]["provider"], "olympus");
}

#[test]
fn paths_are_those_of_the_file_s_folder() {
    let sandbox = project("env-file = '.env'\n[listen]\ncert = '~/c.pem'\nkey = 'k.pem'\n");
    sandbox.file(".env", "WEBHOOK_SECRET=whsec_x\n");
    let (value, origin) = shown(&sandbox, "secret.olympus#1").unwrap();
    assert_eq!(value, "redacted");
    assert_eq!(origin, "WEBHOOK_SECRET in ./.env");
    let home = sandbox.home().join("c.pem");
    let (cert, _) = shown(&sandbox, "listen.cert").unwrap();
    assert_eq!(cert, home.to_str().unwrap());
    assert_eq!(shown(&sandbox, "listen.key").unwrap().0, "./k.pem");
}

#[test]
fn what_a_file_must_not_say_is_an_error_with_a_way_out() {
    let elsewhere = "fix it there, or name another file: `--config PATH`";
    for (toml, message, hint) in [
        (
            "[send]\nbody = '@/etc/passwd'",
            "`body` cannot stand in `[send]`",
            "what is sent is typed: `--body`",
        ),
        (
            "[sign]\ndata = '@secret'",
            "`data` cannot stand in `[sign]`",
            "what is signed is typed: `--data`",
        ),
        (
            "[test]\njunit = '~/.bashrc'",
            "`test.junit`: not below the folder of the configuration file",
            "type it: `--junit PATH`",
        ),
        (
            "[listen]\nready-file = 'a/../../b'",
            "`listen.ready-file`: not below the folder of the configuration file",
            "type it: `--ready-file PATH`",
        ),
        (
            "[listen]\nrespond = [500, '200:@/etc/passwd']",
            "`listen.respond`: a body from a file cannot stand in `[listen]`",
            "type it: `--respond 201:@FILE`",
        ),
        (
            "pruvider = 1",
            "line 1: unknown key `pruvider`",
            "did you mean `provider`?",
        ),
        (
            "[listn]\nport = 1",
            "line 1: unknown key `listn`",
            "did you mean `listen`?",
        ),
        (
            "[listen]\nforwardto = 1",
            "unknown key `forwardto` in `[listen]`",
            "did you mean `forward-to`?",
        ),
        (
            "[send]\nxyzzy = 1",
            "unknown key `xyzzy` in `[send]`",
            "the keys are the flags of `webhook send --help`",
        ),
        (
            "[listen]\nsecret = 'x'",
            "`secret` cannot stand in `[listen]`",
            "`[secrets]` names where a secret is found",
        ),
        (
            "[test]\neffects = 'rm -r .'",
            "`effects` cannot stand in `[test]`",
            "a command is typed, never read from a file",
        ),
        (
            "[send]\ninsecure = true",
            "`insecure` cannot stand in `[send]`",
            "give the flag, or name a certificate: `cacert`",
        ),
        (
            "[listen]\ntls = 'yes'",
            "`listen.tls`: `true` or `false` is expected",
            "",
        ),
        (
            "[listen]\nport = [1, 2]",
            "`listen.port`: a text or a number is expected",
            "",
        ),
        (
            "[listen]\nroute = { a = 'b' }",
            "`listen.route`: a text or a list of texts is expected",
            "",
        ),
    ] {
        let hint = if hint.is_empty() { elsewhere } else { hint };
        let run = project(toml).run(&["listen"]).expect(2);
        let said = format!("error: `./webhook.toml` is not valid: {message}\n");
        assert_eq!(run.stderr, format!("{said}hint: {hint}\n"), "{toml}");
    }
}

#[test]
fn a_value_that_cannot_be_read_names_file_and_key_unless_a_flag_hides_it() {
    for (toml, message) in [
        ("timeout = 'soon'", "`listen.timeout`: `soon` is not a span"),
        ("max-body = 'much'", "`listen.max-body`: `much` is not a"),
        (
            "on-invalid = 'ask'",
            "`listen.on-invalid`: `ask` is none of `reject`, `forward`",
        ),
        ("port = 70000", "`listen.port`: `70000` is not"),
        (
            "respond = [200, 'x']",
            "`listen.respond`: `x` is not an answer",
        ),
        ("count = 0", "`listen.count`: `0` is not"),
    ] {
        let sandbox = project(&format!("[listen]\n{toml}\n"));
        for command in ["listen", "config"] {
            let run = sandbox.run(&[command]).expect(2);
            assert!(run.stderr.contains(message), "{toml}: {}", run.stderr);
            assert!(
                run.stderr.contains("(from ./webhook.toml)"),
                "{}",
                run.stderr
            );
        }
    }
    let sandbox = project("[listen]\nport = 0\ntimeout = 'soon'\njson = true\n");
    let run = sandbox.run(&["listen", "--timeout", "1s", "--within", "0s"]);
    assert_eq!(run.json_lines()[0]["kind"], "ready");
}
