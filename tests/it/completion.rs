//! `webhook completions`, and what a shell is answered.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use webhook_cli::delivery::{
    Delivery, DeliverySource, Headers, Request, Status, Timestamp, Verdict,
};
use webhook_cli::store::Log;

use crate::harness::{Run, Sandbox};

/// The committed scripts, by shell.
const SCRIPTS: [(&str, &str); 5] = [
    ("bash", "webhook.bash"),
    ("zsh", "_webhook"),
    ("fish", "webhook.fish"),
    ("powershell", "_webhook.ps1"),
    ("elvish", "webhook.elv"),
];

/// Asks as the script of bash does, to complete the last word of a line.
fn complete(sandbox: &Sandbox, line: &str) -> Vec<String> {
    let run = answer(sandbox, "bash", line);
    run.stdout.lines().map(str::to_owned).collect()
}

fn answer(sandbox: &Sandbox, shell: &str, line: &str) -> Run {
    let words: Vec<_> = line.split(' ').collect();
    let index = words.len() - 1;
    let mut command = sandbox.command(&["--"]);
    let output = command
        .args(words)
        .env("COMPLETE", shell)
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_INDEX", index.to_string())
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .output()
        .unwrap();
    let run = Run {
        stdout: String::from_utf8(output.stdout.clone()).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
        raw_stdout: output.stdout,
    };
    assert_eq!(run.stderr, "", "{line}");
    run.expect(0)
}

/// A log with two deliveries, the second with an id that no shell should be given.
fn with_log() -> Sandbox {
    let sandbox = Sandbox::new();
    let delivery = |id: &str, event: &str| Delivery {
        id: id.into(),
        received_at: Timestamp::now(),
        source: DeliverySource::Listen,
        remote: None,
        provider: Some("olympus".into()),
        event: Some(event.into()),
        event_id: None,
        duplicate_of: None,
        verdict: Verdict::new(Status::Valid),
        request: Request::post("/", Headers::default(), "{}"),
        response_status: Some(200),
    };
    let log = Log::open(sandbox.log_file()).unwrap();
    let deliveries = [
        delivery("$(reboot)", "order.updated"),
        delivery("dlv_01AAA", "order.created"),
        delivery("dlv_01BBB", "payment\x1b[2J\nfailed"),
    ];
    log.import(deliveries).unwrap();
    sandbox
}

#[test]
fn the_committed_scripts_are_what_the_program_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (shell, file) in SCRIPTS {
        let printed = Sandbox::new().run(&["completions", shell]).expect(0).stdout;
        let committed = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        assert!(
            printed == committed,
            "completions/{file} is not what the program prints; refresh it with: \
             cargo run -- completions {shell} > completions/{file}"
        );
        assert!(printed.contains("webhook"), "{shell}");
        assert!(!printed.contains(env!("CARGO_BIN_EXE_webhook")), "{shell}");
        assert!(
            !printed.contains("/webhook"),
            "{shell}: a path in place of a name"
        );
    }
}

#[test]
fn commands_flags_and_values_complete() {
    let sandbox = Sandbox::new();
    for (line, expected) in [
        ("webhook prov", "providers"),
        ("webhook log ex", "export"),
        ("webhook listen --forward-", "--forward-to"),
        ("webhook send --fault wrong-s", "wrong-secret"),
        ("webhook test --provider olym", "olympus"),
        ("webhook test --only signature/trunc", "signature/truncated"),
        ("webhook completions fi", "fish"),
        ("webhook log --verdict mism", "mismatch"),
        ("webhook log --verdict valid,mism", "valid,mismatch"),
    ] {
        assert_eq!(complete(&sandbox, line), [expected], "{line}");
    }
}

#[test]
fn events_and_providers_complete() {
    let sandbox = Sandbox::new();
    for (line, expected) in [
        ("webhook send pantry", vec!["pantry.low_stock"]),
        (
            "webhook send order.created order.re",
            vec!["order.ready", "order.refunded"],
        ),
        (
            "webhook send --provider olympus order.re",
            vec!["order.ready"],
        ),
        (
            "webhook send --provider=olympus order.re",
            vec!["order.ready"],
        ),
        (
            "webhook send -p barecommerce order.re",
            vec!["order.refunded"],
        ),
        ("webhook send --provider ol", vec!["olympus"]),
        ("webhook listen --provider=ol", vec!["--provider=olympus"]),
        ("webhook listen --expect pantry", vec!["pantry.low_stock"]),
        ("webhook log --event pantry", vec!["pantry.low_stock"]),
        ("webhook events ib", vec!["ibakepro"]),
        (
            "webhook send -p slack --handshake url_",
            vec!["url_verification"],
        ),
        ("webhook providers show ci", vec!["cimplify"]),
        // Bash would make the secret behind `NAME=` a word of its own.
        ("webhook listen --secret ba", vec![]),
        ("webhook verify --secret olympus=wh", vec![]),
    ] {
        assert_eq!(complete(&sandbox, line), expected, "{line}");
    }
}

#[test]
fn shells_that_show_help_get_descriptions() {
    let sandbox = Sandbox::new();
    let fish = answer(&sandbox, "fish", "webhook send pantry").stdout;
    let help = "A pantry item has fallen below its minimum threshold (ibakepro)";
    assert_eq!(fish, format!("pantry.low_stock\t{help}\n"));
    let shared = answer(&sandbox, "zsh", "webhook send order.comp").stdout;
    assert_eq!(
        shared,
        "order.completed:Order fulfilled (cimplify, ibakepro, olympus)"
    );
}

#[test]
fn a_users_own_provider_completes() {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions/slack");
    let read = |file| std::fs::read_to_string(from.join(file)).unwrap();
    let definition = read("provider.json").replace("\"slack\"", "\"snail\"");
    sandbox.file("providers/snail/provider.json", definition);
    let event = read("events/app_mention.json");
    sandbox.file("providers/snail/events/snail_mail.json", event);
    assert_eq!(complete(&sandbox, "webhook events sna"), ["snail"]);
    assert_eq!(complete(&sandbox, "webhook send snai"), ["snail_mail"]);
    let fish = answer(&sandbox, "fish", "webhook send --secret snai").stdout;
    assert!(fish.starts_with("snail=\ta secret of "), "{fish}");
    // Broken configuration leaves what is built in, and says nothing.
    sandbox.file("webhook.toml", "no such thing");
    assert_eq!(complete(&sandbox, "webhook events ol"), ["olympus"]);
}

#[test]
fn recent_deliveries_complete_the_newest_first() {
    let sandbox = with_log();
    for line in [
        "webhook replay ",
        "webhook log show ",
        "webhook log diff ",
        "webhook log diff dlv_01AAA ",
    ] {
        let found = complete(&sandbox, line);
        assert_eq!(found, ["@last", "dlv_01BBB", "dlv_01AAA"], "{line}");
    }
    assert_eq!(complete(&sandbox, "webhook replay dlv_01A"), ["dlv_01AAA"]);
    let fish = answer(&sandbox, "fish", "webhook replay dlv_01A").stdout;
    assert!(fish.starts_with("dlv_01AAA\torder.created, "), "{fish}");
    let hostile = answer(&sandbox, "fish", "webhook replay dlv_01B").stdout;
    assert!(
        hostile.starts_with("dlv_01BBB\tpayment\\x1b[2J\\nfailed, "),
        "{hostile:?}"
    );
}

#[test]
fn options_wait_for_a_dash_and_no_two_deliveries_are_described_alike() {
    let sandbox = with_log();
    for shell in ["zsh", "fish", "powershell", "elvish", "bash"] {
        let found = answer(&sandbox, shell, "webhook log show ").stdout;
        let lines: Vec<_> = found.lines().collect();
        let names = ["@last", "dlv_01BBB", "dlv_01AAA"];
        assert_eq!(lines.len(), names.len(), "{shell}: {found}");
        let begins = |(line, name): (&&str, &str)| line.starts_with(name);
        assert!(lines.iter().zip(names).all(begins), "{shell}: {found}");
        let options = answer(&sandbox, shell, "webhook log show --a").stdout;
        assert!(options.starts_with("--as"), "{shell}: {options}");
    }
    let found = answer(&sandbox, "zsh", "webhook log show ").stdout;
    let helps: BTreeSet<_> = found
        .lines()
        .filter_map(|line| line.split_once(':'))
        .collect();
    let helps: BTreeSet<_> = helps.iter().map(|(_, help)| help).collect();
    assert_eq!(helps.len(), 3, "{found}");
}

#[test]
fn a_providers_name_for_a_secret_is_offered_where_the_shell_leaves_it_open() {
    let sandbox = Sandbox::new();
    let line = "webhook listen --secret oly";
    for shell in ["bash", "zsh"] {
        assert_eq!(answer(&sandbox, shell, line).stdout, "", "{shell}");
    }
    assert!(
        answer(&sandbox, "fish", line)
            .stdout
            .starts_with("olympus=\t")
    );
}

#[test]
fn the_help_says_how_each_shell_loads_its_script() {
    let help = Sandbox::new()
        .run(&["completions", "--help"])
        .expect(0)
        .stdout;
    for line in [
        "source <(webhook completions bash)",
        "autoload -U compinit && compinit",
        "source <(webhook completions zsh)",
        "webhook completions fish | source",
        "webhook completions powershell | Out-String | Invoke-Expression",
        "eval (webhook completions elvish | slurp)",
    ] {
        assert!(
            help.lines().any(|found| found.trim() == line),
            "{line}: {help}"
        );
    }
}

#[test]
fn another_log_is_looked_into_when_the_line_names_it() {
    let sandbox = with_log();
    std::fs::rename(sandbox.log_file(), sandbox.folder().join("other.db")).unwrap();
    let found = complete(&sandbox, "webhook --log other.db replay dlv");
    assert_eq!(found, ["dlv_01BBB", "dlv_01AAA"]);
    assert!(complete(&sandbox, "webhook replay dlv").is_empty());
}

#[test]
fn without_a_log_there_is_silence_and_none_is_made() {
    let sandbox = Sandbox::new();
    assert!(complete(&sandbox, "webhook replay dlv").is_empty());
    assert!(!sandbox.home().join(".local").exists());
    std::fs::create_dir_all(sandbox.log_file().parent().unwrap()).unwrap();
    std::fs::write(sandbox.log_file(), "not a database, whatever its name says").unwrap();
    assert!(complete(&sandbox, "webhook replay dlv").is_empty());
}

/// What bash itself would insert for a line whose words it has broken in its own way.
fn in_bash(sandbox: &Sandbox, words: &[&str], current: &str) -> Option<Vec<String>> {
    let folder = Path::new(env!("CARGO_BIN_EXE_webhook")).parent().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/webhook.bash");
    let program = "source \"$1\"; current=$2; shift 2; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
        COMP_TYPE=9; _clap_complete_webhook webhook \"$current\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["--norc", "-c", program, "bash"])
        .arg(script)
        .arg(current)
        .args(words)
        .current_dir(sandbox.folder())
        .env_clear()
        .env("HOME", sandbox.home())
        .env("PATH", format!("{}:{path}", folder.display()))
        .output()
        .ok()?;
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(str::to_owned).collect())
}

#[test]
fn the_script_works_in_bash() {
    let sandbox = with_log();
    for (words, current, expected) in [
        (
            ["webhook", "send", "pantry"].as_slice(),
            "pantry",
            "pantry.low_stock",
        ),
        (&["webhook", "replay", "dlv_01A"], "dlv_01A", "dlv_01AAA"),
        // Nothing to offer: no option either, which bash would put behind the `=`.
        (&["webhook", "listen", "--secret", "olympus", "="], "", ""),
        // Bash breaks words at `=`, `:` and `@`.
        (
            &["webhook", "send", "--provider", "=", "oly"],
            "oly",
            "olympus",
        ),
        (&["webhook", "log", "show", "@", "la"], "@la", "@last"),
        (
            &["webhook", "send", "--set", "a", "=", "b", "pantry"],
            "pantry",
            "pantry.low_stock",
        ),
        (
            &["webhook", "log", "--log", "x", ":", "y", "sh"],
            "sh",
            "show",
        ),
    ] {
        let Some(reply) = in_bash(&sandbox, words, current) else {
            eprintln!("bash is not installed: its script was not run");
            return;
        };
        assert_eq!(reply, [expected], "{words:?}");
    }
}
