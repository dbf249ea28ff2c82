//! What a terminal and the environment ask for: colours, the time zone, help.

use std::process::{Command, Stdio};

use webhook_cli::report::style::width;

use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::sender::{SECRET, order};
use crate::harness::{Sandbox, has};

const ESCAPE: char = '\u{1b}';

#[test]
fn help_is_coloured_as_flag_and_environment_say() {
    let pages: [&[&str]; 4] = [
        &["--help"],
        &["send", "-h"],
        &["help", "send"],
        &["log", "help", "show"],
    ];
    for page in pages {
        let shown = |sandbox: Sandbox, flags: &[&str]| {
            let run = sandbox.run(&[flags, page].concat()).expect(0);
            assert!(run.stdout.contains("Usage:"), "{page:?}: {}", run.stdout);
            run.stdout.contains(ESCAPE)
        };
        let forced = |value| Sandbox::new().with("CLICOLOR_FORCE", value);
        assert!(!shown(Sandbox::new(), &[]), "{page:?}");
        assert!(shown(Sandbox::new(), &["--color", "always"]), "{page:?}");
        assert!(shown(forced("1"), &[]), "{page:?}");
        assert!(!shown(forced("0"), &[]), "{page:?}");
        assert!(!shown(forced("1"), &["--color", "never"]), "{page:?}");
        assert!(!shown(forced("1").with("NO_COLOR", "1"), &[]), "{page:?}");
    }
}

#[test]
fn a_forced_colour_that_is_off_forces_nothing_in_what_commands_print() {
    let sandbox = Sandbox::new().with("CLICOLOR_FORCE", "0");
    let run = sandbox.run(&["events"]).expect(0);
    assert!(!run.stdout.contains(ESCAPE), "{}", run.stdout);
    let run = sandbox.run(&["events", "nobody"]).expect(2);
    assert!(!run.stderr.contains(ESCAPE), "{}", run.stderr);
}

#[test]
fn help_of_a_command_that_is_none_is_an_error() {
    let run = Sandbox::new().run(&["help", "sned"]).expect(2);
    assert!(run.stderr.contains("`sned`"), "{}", run.stderr);
}

/// One of a place that the system's own zone file names, and one by its rule.
#[test]
fn times_are_shown_in_the_zone_of_the_environment() {
    let capture = format!(
        r#"{{"received_at":"2026-01-18T10:30:01Z","request":{{"headers":[],"body":{}}}}}"#,
        serde_json::Value::from(order("evt_1"))
    );
    for (zone, moment) in [
        ("Asia/Kolkata", "2026-01-18 16:00:01"),
        ("Asia/Tokyo", "2026-01-18 19:30:01"),
        ("UTC", "2026-01-18 10:30:01"),
        ("EST5", "2026-01-18 05:30:01"),
    ] {
        let sandbox = Sandbox::new().with("TZ", zone);
        sandbox.file("a.json", &capture);
        let import = ["log", "import", "a.json", "--secret", SECRET];
        sandbox.run(&import).expect(0);
        for shown in [&["log"][..], &["log", "show", "@last"]] {
            let shown = sandbox.run(shown).expect(0).stdout;
            assert!(shown.contains(moment), "{zone}: {shown}");
        }
    }
}

#[test]
fn milliseconds_are_named_wherever_seconds_are_expected() {
    let sandbox = Sandbox::new();
    sandbox.file("a.json", order("evt_1"));
    for args in [
        &[
            "send",
            "order.created",
            "--dry-run",
            "--timestamp",
            "1772442900000",
        ][..],
        &[
            "verify",
            "a.json",
            "--secret",
            SECRET,
            "--at",
            "1772442900000",
        ],
        &["log", "--since", "1772442900000"],
        &["replay", "--until", "1772442900000", "--url", "3000"],
    ] {
        let run = sandbox.run(args).expect(2);
        let told = "`1772442900000` is in milliseconds: give seconds, such as `1772442900`";
        assert!(run.stderr.contains(told), "{args:?}: {}", run.stderr);
    }
    // Other clocks count in smaller parts yet: what is proposed is in seconds.
    for (typed, unit) in [
        ("1772442900000000", "microseconds"),
        ("1772442900000000000", "nanoseconds"),
    ] {
        let run = sandbox.run(&["log", "--since", typed]).expect(2);
        let told = format!("`{typed}` is in {unit}: give seconds, such as `1772442900`");
        assert!(run.stderr.contains(&told), "{}", run.stderr);
    }
}

#[test]
fn an_event_is_shown_as_it_would_be_sent() {
    let sandbox = Sandbox::new();
    let shown = sandbox
        .run(&["events", "show", "order.created", "-p", "olympus"])
        .expect(0);
    let payload: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(payload["type"], "order.created");
    let line = sandbox
        .run(&["events", "show", "payment.failed", "--json"])
        .expect(0);
    assert_eq!(line.json_lines()[0]["payload"]["type"], "payment.failed");
    let coloured = ["--color", "always", "events", "show", "order.created"];
    assert!(sandbox.run(&coloured).expect(0).stdout.contains(ESCAPE));
    let run = sandbox.run(&["events", "show", "order.craeted"]).expect(2);
    assert!(
        run.stderr.contains("did you mean `order.created`?"),
        "{}",
        run.stderr
    );
    sandbox
        .run(&["events", "show", "order.created", "-p", "nobody"])
        .expect(2);
    sandbox.run(&["events", "olympus"]).expect(0);
}

/// What a command prints on a terminal of so many columns; `None` where no program makes one here.
fn on_terminal(sandbox: &Sandbox, columns: usize, args: &[&str]) -> Option<String> {
    has("script").then(|| {
        let command = sandbox.command(args);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(|word| format!("'{}'", word.display())).collect();
        let shell = format!("stty cols {columns} rows 50; {}", words.join(" "));
        let mut script = Command::new("script");
        script
            .args(["-qec", &shell, "/dev/null"])
            .stdin(Stdio::null());
        script.current_dir(sandbox.folder()).env_clear();
        script.envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let output = script.output().expect("a terminal");
        String::from_utf8_lossy(&output.stdout).replace('\r', "")
    })
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let sandbox = Sandbox::new();
    sandbox.file("a.json", order("evt_1"));
    let down = [
        "--url",
        "http://localhost:9/webhooks/olympus/of/a/shop?with=a&query=too",
    ];
    let header = "X-Olympus-Signature: t=1,v1=00";
    let verify = [
        "verify", "a.json", "a.json", "-H", header, "--secret", SECRET,
    ];
    let send = [
        "send",
        "order.created",
        "inventory.low_stock",
        "-p",
        "olympus",
    ];
    let import = ["log", "import", "b.json", "--secret", SECRET];
    let capture = sandbox.run(&[&send[..2], &["--dry-run", "--json"]].concat());
    sandbox.file("b.json", capture.expect(0).stdout);
    sandbox.run(&import).expect(0);
    for columns in [60, 80, 120] {
        for args in [
            &[&send[..], &down].concat()[..],
            &[&["replay", "@last"], &down[..]].concat(),
            &verify,
            &["config"],
            &["log"],
            &["events"],
            &["events", "--faults"],
            &["providers"],
            &["providers", "show", "olympus"],
            &["test", "--list", "-p", "olympus"],
        ] {
            let Some(shown) = on_terminal(&sandbox, columns, args) else {
                return;
            };
            for line in shown.lines() {
                let is_path = line.contains(&*sandbox.folder().to_string_lossy());
                assert!(
                    width(line) <= columns || is_path,
                    "{args:?} at {columns}: {line}"
                );
            }
            assert!(shown.lines().count() > 1, "{args:?}: {shown}");
        }
    }
}

#[test]
fn the_next_attempt_of_an_emulated_provider_is_counted_down_to() {
    let sandbox = Sandbox::new().with("TERM", "xterm");
    for (more, is_counted) in [(&[][..], true), (&["-q"], false), (&["--json"], false)] {
        // The first retry comes after a minute, which is two seconds here.
        let app = Endpoint::script(&[503, 200]);
        let url = app.url("/");
        let args = [
            "emulate",
            "olympus",
            "-p0",
            "--no-state",
            "--until-idle",
            "--speed",
            "30x",
            "--trigger",
            "order.created",
            "-e",
            &url,
        ];
        let Some(shown) = on_terminal(&sandbox, 80, &[&args, more].concat()) else {
            return;
        };
        assert_eq!(
            shown.contains("next attempt in 1 s"),
            is_counted,
            "{more:?}: {shown}"
        );
        assert_eq!(app.count(), 2, "{more:?}: {shown}");
    }
    let args = [
        "emulate",
        "olympus",
        "-p0",
        "--no-state",
        "--until-idle",
        "--speed",
        "30x",
    ];
    let piped = sandbox.run(&args).expect(0);
    assert!(!piped.stderr.contains("next attempt"), "{}", piped.stderr);
}

#[test]
fn an_endpoint_that_is_down_is_told_once() {
    let sandbox = Sandbox::new();
    let send = [
        "send",
        "--all",
        "-p",
        "ibakepro",
        "--url",
        "http://localhost:9/hook",
    ];
    let told = sandbox.run(&send).expect(3).stdout;
    assert_eq!(
        told.matches("nothing listens on `localhost:9`").count(),
        1,
        "{told}"
    );
    assert_eq!(told.matches("hint: ").count(), 1, "{told}");
    let words = told
        .lines()
        .filter(|line| line.contains("<--  refused  ibakepro"));
    assert_eq!(words.count(), 7, "{told}");
    let quiet = sandbox.run(&[&send[..], &["-q"]].concat()).expect(3);
    assert_eq!(quiet.stdout.lines().count(), 8, "{}", quiet.stdout);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn a_good_answer_s_body_is_shown_where_much_is_asked_for() {
    let sandbox = Sandbox::new();
    let app = Endpoint::start(|_, _| Reply::Page(200, "thank you \u{1b}[2J".into()));
    let url = app.url("/hook");
    let send = ["send", "order.created", "-p", "olympus", "--url", &url];
    let run = sandbox.run(&send).expect(0);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    let run = sandbox.run(&[&send[..], &["-v"]].concat()).expect(0);
    assert!(
        run.stdout.contains("\n          thank you \\x1b[2J"),
        "{}",
        run.stdout
    );
    let again = format!("'{url}'");
    assert!(
        run.stdout.starts_with("curl -X POST") && run.stdout.contains(&again),
        "{}",
        run.stdout
    );
    sandbox.run(&[&send[..], &["-v", "-q"]].concat()).expect(2);
}

#[test]
fn a_colour_that_a_file_asks_for_is_shown_and_not_obeyed() {
    let sandbox = Sandbox::new();
    let toml = "url = \"http://x/\\u001b[31m\"\nprovider = \"\\u001b[8mX\"\n";
    sandbox.file("webhook.toml", toml);
    let own = Sandbox::new();
    let definition = std::fs::read_to_string("fixtures/olympus/provider.json").expect("a fixture");
    let definition = definition.replace("\"olympus\"", "\"evil\"");
    let title = "\"title\": \"Olympus Cloud\"";
    assert!(definition.contains(title), "{definition}");
    let definition = definition.replace(title, "\"title\": \"a\\u001b[31mX\"");
    own.file("providers/evil/provider.json", definition);
    let event =
        "{\"description\":\"a\\u001b[31mX\",\"source\":\"inferred\",\"data\":{\"id\":\"1\"}}";
    own.file("providers/evil/events/order.created.json", event);
    for colour in ["always", "never"] {
        for (sandbox, args) in [
            (&sandbox, &["config"][..]),
            (&own, &["events", "evil"]),
            (&own, &["providers"]),
            (&own, &["providers", "show", "evil"]),
        ] {
            let run = sandbox
                .run(&[&["--color", colour], args].concat())
                .expect(0);
            assert!(run.stdout.contains("\\x1b["), "{args:?}: {}", run.stdout);
            for sequence in ["\u{1b}[31m", "\u{1b}[8m"] {
                assert!(!run.stdout.contains(sequence), "{args:?}: {:?}", run.stdout);
            }
        }
    }
}

#[test]
fn a_listener_in_a_terminal_has_the_inspector_s_page_unless_told_not_to() {
    let listen = ["listen", "--port", "0", "--within", "1ms"];
    let shown = |flags: &[&str]| on_terminal(&Sandbox::new(), 100, &[&listen[..], flags].concat());
    let Some(usual) = shown(&[]) else { return };
    assert!(usual.contains("http://localhost:"), "{usual}");
    assert!(usual.contains("/?token="), "{usual}");
    for flags in [&["--no-inspect"][..], &["--no-log"], &["--json"]] {
        let without = shown(flags).unwrap_or_default();
        assert!(!without.contains("/?token="), "{flags:?}: {without}");
    }
}
