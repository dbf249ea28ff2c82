//! What is wrong is told in one line, and what to do in another, whatever it is.

use std::collections::BTreeMap;

use crate::harness::Sandbox;
use crate::harness::sender::order;

/// The two lines of a run that fails.
fn told(sandbox: &Sandbox, args: &[&str]) -> (String, String) {
    let run = sandbox.run(args);
    let lines: Vec<_> = run.stderr.lines().collect();
    let [error, hint] = lines.as_slice() else {
        panic!("{args:?}: {}", run.stderr);
    };
    assert!(matches!(run.code, Some(2..=4)), "{args:?}: {:?}", run.code);
    let error = error.strip_prefix("error: ");
    let hint = hint.strip_prefix("hint: ");
    let [error, hint] =
        [error, hint].map(|text| text.unwrap_or_else(|| panic!("{args:?}: {}", run.stderr)));
    for text in [error, hint] {
        let is_plain = !text.ends_with('.') && !text.contains("(os error");
        assert!(
            is_plain && !text.contains("18446744073709551615"),
            "{args:?}: {text}"
        );
    }
    assert!(!error.starts_with(char::is_uppercase), "{args:?}: {error}");
    (error.to_owned(), hint.to_owned())
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("a.json", order("evt_1"));
    sandbox.file("empty", "");
    let pem = sandbox.file("text.pem", "no certificate");
    // Else a warning that others can read it comes first.
    let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(pem, owner_alone).unwrap();
    sandbox.file("words.json", "{\"a\":1}");
    let send = ["send", "order.created", "--dry-run", "--json"];
    sandbox.file("b.json", sandbox.run(&send).expect(0).stdout);
    sandbox.run(&["log", "import", "b.json"]).expect(0);
    sandbox
}

/// What is typed, what the error names, and what the hint names.
const CASES: [(&str, &str, &str); 47] = [
    ("verify nofile --secret s", "`nofile`", "path"),
    ("verify empty --secret s", "`empty`", "captures"),
    ("verify . --secret s", "cannot read `.`", "folder"),
    ("verify a.json", "no secret", "`--secret"),
    ("log import nofile", "`nofile`", "path"),
    ("log import words.json", "`words.json`", "expected"),
    ("replay --from nofile --url 3000", "`nofile`", "path"),
    ("replay --from empty --url 3000", "empty", "captures"),
    (
        "replay @last --unset data.total --url 3000",
        "`--unset`",
        "`--set",
    ),
    ("replay", "which deliveries", "`@last`"),
    ("log show evt_none", "`evt_none`", "`webhook log`"),
    ("log prune", "`--older-than` or `--keep`", "`--keep 10000`"),
    (
        "listen --port 0 --tls --cert nofile --key nofile",
        "cannot read `nofile`: No such file",
        "path",
    ),
    ("log export --verdict x", "`x`", "`valid`"),
    (
        "send order.created --url 99999",
        "`99999`",
        "`http://localhost:3000/hook`",
    ),
    (
        "send order.created --url ftp://x",
        "`ftp`",
        "`http://localhost:3000/hook`",
    ),
    ("send order.creatd", "`order.creatd`", "`order.created`"),
    ("send nothing.known", "`nothing.known`", "`webhook events`"),
    (
        "send order.created -p nobody",
        "`nobody`",
        "`webhook providers`",
    ),
    (
        "send order.paid -p olympus",
        "`order.paid`",
        "barecommerce has it: `--provider barecommerce`",
    ),
    (
        "send x --count 0",
        "`0` is not at least 1",
        "`webhook send --help`",
    ),
    (
        "send order.created --set data.items.0.quantity=7 --dry-run -p olympus",
        "`data.items` is an array",
        "`data.items[0].quantity`",
    ),
    (
        "send order.created --set data.totl=7 --dry-run -p olympus",
        "no value at `data.totl`",
        "`data.total`",
    ),
    (
        "send order.created --set data..x=7 --dry-run",
        "`data..x`",
        "`a\\.b`",
    ),
    (
        "send order.created --unset data.nothing.at.all --dry-run -p olympus",
        "no value at `data.nothing`",
        "`--dry-run`",
    ),
    (
        "send order.created --data nofile --dry-run",
        "`--data`",
        "`@file`",
    ),
    (
        "send order.created --data @nofile --dry-run",
        "`nofile`",
        "path",
    ),
    (
        "send --body word -p olympus",
        "`--body word`",
        "`--body @FILE`",
    ),
    (
        "send order.created --fault stale -p cimplify --dry-run",
        "`cimplify`",
        "`webhook events --faults`",
    ),
    (
        "send order.created -p olympus --secret s --url 3000 --cacert nofile",
        "`nofile`",
        "PEM",
    ),
    (
        "send order.created -p olympus --secret s --url 3000 --cacert text.pem",
        "`text.pem`",
        "PEM",
    ),
    (
        "send order.created --secret-file nofile",
        "`nofile`",
        "path",
    ),
    ("send order.created --env-file nofile", "`nofile`", "path"),
    ("send order.created --config nofile", "`nofile`", "path"),
    (
        "listen --port 80000",
        "`80000` is not from 0 to 65535",
        "`webhook listen --help`",
    ),
    ("listen --respond 99", "`99`", "`webhook listen --help`"),
    (
        "listen --port 0 --tls --cert text.pem --key text.pem",
        "`text.pem`",
        "PEM",
    ),
    ("listen --expect order.*", "`--expect`", "`--events"),
    (
        "listen --expect nothing.known",
        "`nothing.known`",
        "`webhook events`",
    ),
    (
        "listen --forward-to ftp://x",
        "`ftp`",
        "`http://localhost:3000/hook`",
    ),
    ("log --since soon", "`soon`", "`webhook log --help`"),
    (
        "test -p olympus --url 3000 --only nothing",
        "`nothing`",
        "--list",
    ),
    ("test --url 3000", "no provider", "`webhook providers`"),
    (
        "test -p olympus --url 3000 --event nothing",
        "`nothing`",
        "`webhook events olympus`",
    ),
    ("providers show nobody", "`nobody`", "`webhook providers`"),
    (
        "events show order.craeted",
        "`order.craeted`",
        "`order.created`",
    ),
    (
        "verify a.json --secret s -H bad",
        "`bad`",
        "`webhook verify --help`",
    ),
];

#[test]
fn an_error_is_a_line_of_what_and_a_line_of_what_to_do() {
    let sandbox = sandbox();
    for (line, what, hint) in CASES {
        let args: Vec<_> = line.split(' ').collect();
        let (error, told) = told(&sandbox, &args);
        assert!(error.contains(what), "{line}: {error}");
        assert!(told.contains(hint), "{line}: {error}: {told}");
    }
}

/// A command that a hint names is no help where it fails for the same reason.
#[test]
fn a_command_that_is_named_does_not_fail_the_same_way() {
    let sandbox = sandbox();
    let broken = Sandbox::new();
    broken.file("providers/x/provider.json", "{}");
    broken.file("a.json", order("evt_1"));
    let secrets = Sandbox::new();
    secrets.file(
        "webhook.toml",
        "[secrets]\ncimplify = { file = \"new\" }\nolympus = { env = \"NONE\" }\n",
    );
    let cases = CASES.iter().map(|(line, ..)| (&sandbox, *line));
    let more = [
        "listen --port 0 -p x",
        "send order.created -p x",
        "providers show x",
    ];
    let more = more.into_iter().map(|line| (&broken, line));
    let config = [
        "config",
        "send order.created -p cimplify",
        "send order.created -p olympus",
    ];
    let config = config.into_iter().map(|line| (&secrets, line));
    for (sandbox, line) in cases.chain(more).chain(config) {
        let args: Vec<_> = line.split(' ').collect();
        let run = sandbox.run(&args);
        let last: Vec<_> = run.stderr.lines().rev().take(2).collect();
        let [hint, error] = last.as_slice() else {
            panic!("{line}: {}", run.stderr);
        };
        for command in hint.split('`').skip(1).step_by(2) {
            let Some(words) = command.strip_prefix("webhook ") else {
                continue;
            };
            // What waits for requests, and what is to be filled in, is not run.
            if words.starts_with("listen") && !words.contains("--help") || words.contains("NAME") {
                continue;
            }
            let named = sandbox.run(&words.split(' ').collect::<Vec<_>>());
            assert!(
                !named.stderr.contains(*error),
                "{line}: `{command}`: {}",
                named.stderr
            );
        }
    }
}

#[test]
fn nothing_is_said_of_signing_where_nothing_is_signed() {
    let sandbox = Sandbox::new();
    for args in [
        &[
            "send",
            "order.created",
            "-p",
            "olympus",
            "--set",
            "data.totl=3",
        ][..],
        &["listen", "--host", "203.0.113.1"],
    ] {
        let (error, _) = told(&sandbox, args);
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_secret_that_is_not_there_is_shown_with_its_place() {
    let sandbox = Sandbox::new();
    let toml = "[secrets]\ncimplify = [{ file = \"new\" }, { file = \"old\" }]\nolympus = { env = \"NONE\" }\n";
    sandbox.file("webhook.toml", toml);
    let run = sandbox.run(&["config"]);
    for place in ["new", "old", "variable NONE"] {
        let row = run
            .stdout
            .lines()
            .find(|line| line.contains("missing") && line.contains(place));
        assert!(row.is_some(), "{place}: {}", run.stdout);
    }
    let hint = run.stderr.lines().last().unwrap_or_default();
    assert!(!hint.contains("webhook config"), "{hint}");
}

#[test]
fn the_help_of_every_command_ends_in_examples_that_can_be_typed() {
    let mut examples = BTreeMap::new();
    let mut commands = vec![Vec::new()];
    while let Some(command) = commands.pop() {
        let help = Sandbox::new()
            .run(&[&command[..], &["--help"]].concat())
            .expect(0)
            .stdout;
        for line in help.lines() {
            let Some(example) = line.strip_prefix("  webhook ") else {
                continue;
            };
            examples
                .entry(command.join(" "))
                .or_insert_with(Vec::new)
                .push(example.to_owned());
        }
        let (_, rest) = help.split_once("\nCommands:\n").unwrap_or_default();
        let below = rest.lines().take_while(|line| !line.is_empty());
        for name in below.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()) {
            if name != "help" && !name.starts_with(' ') {
                let name: &'static str = String::leak(name.to_owned());
                commands.push([&command[..], &[name]].concat());
            }
        }
        if command != ["completions"] {
            assert!(
                examples.contains_key(&command.join(" ")),
                "`webhook {}`",
                command.join(" ")
            );
        }
    }
    for (command, lines) in examples {
        for line in lines {
            assert!(line.contains(&command), "{command}: {line}");
            assert!(
                line.len() < 79 - "webhook ".len(),
                "too wide to be typed: {line}"
            );
            reads(&line);
        }
    }
}

/// Whether an example is read as it stands, by a shell that runs this program in place of `webhook`.
fn reads(example: &str) {
    let sandbox = Sandbox::new();
    let program = sandbox.command(&[]).get_program().to_owned();
    // What is read before anything is done: `--help` behind the last word ends a run there.
    let own = example.split(" | ").next().unwrap_or_default();
    let own = own.split(" > ").next().unwrap_or_default();
    let own = own.split(" -- ").next().unwrap_or_default();
    let script = format!("\"$WEBHOOK\" {own} --help > shown");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(sandbox.folder());
    shell.env("WEBHOOK", program);
    let output = shell.output().expect("a shell");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{example}: {told}");
}

/// Errors that are told within others, or all in one way.
const WITHIN_OTHERS: [(&str, &str); 7] = [
    ("CaptureError", "a line of a file: `FormatError::Capture`"),
    ("KeyError", "a secret of a provider: `ConfigError::Key`"),
    (
        "ParseError",
        "what was typed: `cli::usage`, or the configuration's",
    ),
    ("FilterError", "one hint for all: how patterns look"),
    ("ClientError", "one hint for all: a PEM file"),
    ("TargetError", "one hint for all: what an endpoint is"),
    ("SelectionError", "one hint but for a near name: `--list`"),
];

/// The variants of the enums in a source that are errors, as `Name::Variant`.
fn variants(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in source.split("thiserror::Error").skip(1) {
        let Some((_, body)) = part.split_once("pub enum ") else {
            continue;
        };
        let (name, body) = body.split_once(" {\n").expect("an enum");
        let body = body.split("\n}\n").next().expect("its end");
        let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
        let named = lines.filter(|line| line.starts_with(char::is_uppercase));
        let variant = |line: &str| {
            line.split(|c: char| !c.is_alphanumeric())
                .next()
                .map(str::to_owned)
        };
        found.extend(
            named
                .filter_map(variant)
                .map(|variant| format!("{name}::{variant}")),
        );
    }
    found
}

#[test]
fn every_error_has_its_hint_by_name() {
    let mut sources = Vec::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(ending) if ending == "rs" => {
                    let text = std::fs::read_to_string(&path).expect("a source");
                    sources.push((path, text));
                }
                _ => {}
            }
        }
    }
    let speaks = |path: &std::path::Path| {
        let path = path.to_string_lossy();
        path.contains("/src/exit") || path.contains("/src/command/")
    };
    let mut names = 0;
    for (_, text) in &sources {
        // The room's own function of hints, where it has one.
        let own = text.split_once("fn hint(").map_or("", |(_, own)| own);
        for variant in variants(text) {
            let (name, short) = variant.split_once("::").expect("two names");
            names += 1;
            let is_within = WITHIN_OTHERS.iter().any(|(other, _)| *other == name);
            let is_told = own.contains(&format!("Self::{short}"))
                || sources
                    .iter()
                    .any(|(path, text)| speaks(path) && text.contains(&variant));
            assert!(is_within || is_told, "`{variant}` has no hint by name");
        }
    }
    assert!(names > 60, "{names}");
}
