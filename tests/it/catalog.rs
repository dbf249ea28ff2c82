//! `webhook events`, `providers`, `config` and `man`, over all providers and events as data.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::{CommandFactory as _, ValueEnum as _};
use serde_json::Value;
use webhook_cli::cli::Cli;
use webhook_cli::delivery::Timestamp;
use webhook_cli::json::javascript;
use webhook_cli::provider::{Catalogue, Composer, Fault, Story};

use crate::harness::{FIRST, Sandbox};

/// The events that the four documents list.
const EVENTS: [(&str, &str); 4] = [
    (
        "barecommerce",
        "category.created category.deleted category.updated customer.created customer.deleted \
         customer.updated media.created media.deleted media.updated order.cancelled order.created \
         order.fulfilled order.paid order.refunded order.updated page.created page.deleted \
         page.updated product.created product.deleted product.updated",
    ),
    (
        "cimplify",
        "customer.created inventory.adjusted inventory.low_stock order.cancelled order.completed \
         order.created order.updated payment.completed payment.failed payment.refunded",
    ),
    (
        "ibakepro",
        "customer.created customer.updated expense.created order.cancelled order.completed \
         order.created order.updated pantry.low_stock",
    ),
    (
        "olympus",
        "inventory.low_stock inventory.out_of_stock inventory.updated location.hours_changed \
         location.status_changed menu.item_availability menu.item_updated menu.price_changed \
         order.cancelled order.completed order.created order.ready order.sent order.updated \
         payment.failed payment.processed payment.refunded payment.voided",
    ),
];

/// The keys of the four envelopes in their documented order.
const ENVELOPES: [(&str, &[&str]); 4] = [
    (
        "barecommerce",
        &["type", "id", "timestamp", "storeId", "data"],
    ),
    ("cimplify", &["id", "type", "created_at", "data"]),
    ("ibakepro", &["id", "event", "created_at", "data"]),
    (
        "olympus",
        &[
            "id",
            "type",
            "api_version",
            "created_at",
            "tenant_id",
            "location_id",
            "data",
        ],
    ),
];

fn documented() -> Vec<(&'static str, &'static str)> {
    let of_provider = |(provider, events): (&'static str, &'static str)| {
        events
            .split_whitespace()
            .map(move |event| (provider, event))
    };
    EVENTS.into_iter().flat_map(of_provider).collect()
}

/// The body of every event, as `send` composes it.
fn bodies() -> Vec<(String, Value)> {
    let catalogue = Catalogue::builtin();
    let compose = |(name, event): (&str, &str)| {
        let provider = catalogue.get(name).unwrap();
        let fixture = provider.event(event).unwrap().unwrap();
        let story = Story { seed: 7, number: 0 };
        let at = Timestamp::from_seconds(1_768_732_200);
        let composer = Composer::new(&provider.definition, event, at, story);
        let body = composer.fixture(&fixture.data).value;
        (format!("{name} {event}"), body)
    };
    documented().into_iter().map(compose).collect()
}

fn text<'v>(line: &'v Value, key: &str) -> &'v str {
    line[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {line}"))
}

/// A test definition in a folder of the user's.
fn copy_definition(name: &str, folder: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/definitions")
        .join(name);
    let to = folder.join(name);
    std::fs::create_dir_all(to.join("events")).unwrap();
    std::fs::copy(from.join("provider.json"), to.join("provider.json")).unwrap();
    for entry in std::fs::read_dir(from.join("events")).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join("events").join(path.file_name().unwrap());
        std::fs::copy(path, target).unwrap();
    }
}

#[test]
fn exactly_the_documented_events_are_listed() {
    let documented = documented();
    assert_eq!(documented.len(), 57);
    let run = Sandbox::new().run(&["events", "--json"]).expect(0);
    let mut lines = run.json_lines();
    // The vendors come after the four.
    lines.truncate(57);
    let listed: Vec<_> = lines
        .iter()
        .map(|line| (text(line, "provider"), text(line, "event")))
        .collect();
    assert_eq!(listed, documented);
    for line in &lines {
        assert_eq!(line["v"], 1);
        assert_eq!(line["kind"], "event");
        assert!(!text(line, "description").is_empty(), "{line}");
        assert!(
            ["documented", "documented-in-part", "inferred"].contains(&text(line, "source")),
            "{line}"
        );
        let has_trigger = text(line, "provider") == "olympus";
        assert_eq!(line["trigger"].is_string(), has_trigger, "{line}");
    }
}

#[test]
fn people_get_a_table_of_one_provider_or_of_all() {
    let sandbox = Sandbox::new();
    let all = sandbox.run(&["events"]).expect(0);
    let (table, in_part) = all.stdout.split_once("\n\n").expect("two parts");
    let json = sandbox.run(&["events", "--json"]).expect(0).json_lines();
    assert_eq!(table.lines().count(), 1 + json.len());
    assert_eq!(in_part.lines().count(), 4);
    assert!(!all.stdout.contains('\x1b'), "colours into a pipe");
    let one = sandbox.run(&["events", "cimplify"]).expect(0);
    let (table, in_part) = one.stdout.split_once("\n\n").expect("two parts");
    assert_eq!((table.lines().count(), in_part.lines().count()), (11, 2));
    let words: Vec<_> = one
        .stdout
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(
        words,
        [
            "cimplify",
            "customer.created",
            "inferred",
            "New",
            "customer",
            "registered"
        ]
    );
}

#[test]
fn an_unknown_provider_is_wrong_usage_with_a_near_name() {
    let sandbox = Sandbox::new();
    for args in [
        ["events", "olimpus"].as_slice(),
        &["providers", "show", "olimpus"],
    ] {
        let run = sandbox.run(args).expect(2);
        assert_eq!(run.stdout, "");
        assert_eq!(
            run.stderr,
            "error: unknown provider `olimpus`\nhint: did you mean `olympus`?\n"
        );
    }
}

#[test]
fn every_fault_says_what_it_does_and_what_is_expected() {
    let sandbox = Sandbox::new();
    let lines = sandbox
        .run(&["events", "--faults", "--json"])
        .expect(0)
        .json_lines();
    let names: Vec<_> = lines.iter().map(|line| text(line, "fault")).collect();
    let known = Fault::value_variants()
        .iter()
        .map(|fault| fault.to_possible_value().unwrap());
    let known: Vec<_> = known.map(|value| value.get_name().to_owned()).collect();
    assert_eq!(names, known);
    assert!(names.contains(&"reserialized"));
    for line in &lines {
        assert!(!text(line, "effect").is_empty(), "{line}");
        let expected = text(line, "expected");
        assert!(
            expected.starts_with("401") || expected.starts_with("2xx"),
            "{line}"
        );
    }
    let table = sandbox.run(&["events", "--faults"]).expect(0).stdout;
    assert_eq!(table.lines().count(), known.len() + 1);
}

#[test]
fn no_placeholder_is_left_in_a_body_and_the_envelope_is_as_documented() {
    for (what, body) in bodies() {
        let text = body.to_string();
        assert!(!text.contains("{{"), "{what}: {text}");
        let (provider, event) = what.split_once(' ').unwrap();
        let (_, keys) = ENVELOPES
            .into_iter()
            .find(|(name, _)| *name == provider)
            .unwrap();
        let found: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(found, keys, "{what}");
        let named = body.get("type").or(body.get("event")).unwrap();
        assert_eq!(named, event, "{what}");
    }
}

#[test]
fn every_body_is_what_javascript_would_write_of_it() {
    let bodies = bodies();
    assert_eq!(bodies.len(), 57);
    for (what, body) in &bodies {
        let plain = body.to_string();
        assert_eq!(plain, javascript::stringify(body), "{what}");
        assert!(
            javascript::is_fixed_point(plain.as_bytes()),
            "{what}: {plain}"
        );
    }
}

#[test]
fn every_body_is_what_node_writes_of_it() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/stringify.js");
    let mut command = Command::new("node");
    let node = command
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut node) = node else {
        eprintln!("node is not installed: the judge of our own stands alone");
        return;
    };
    let bodies = bodies();
    let lines: Vec<_> = bodies
        .iter()
        .map(|(_, body)| Value::from(body.to_string()).to_string())
        .collect();
    let mut stdin = node.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all((lines.join("\n") + "\n").as_bytes()));
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), bodies.len());
    for ((what, _), answer) in bodies.iter().zip(answers.lines()) {
        assert_eq!(answer, "true", "{what}");
    }
}

#[test]
fn the_providers_are_listed_with_their_signatures() {
    let sandbox = Sandbox::new();
    let table = sandbox.run(&["providers"]).expect(0).stdout;
    let olympus = table
        .lines()
        .find(|line| line.starts_with("olympus"))
        .unwrap();
    for part in [
        "Olympus Cloud",
        "X-Olympus-Signature",
        "t=<unix seconds>,v1=<64 hex digits>",
        " 5 min ",
        " 18 ",
        "built in",
        "1 min, 5 min, 30 min, 2 h, 8 h, 24 h after the previous",
    ] {
        assert!(olympus.contains(part), "{part}: {olympus}");
    }
    let lines = sandbox.run(&["providers", "--json"]).expect(0).json_lines();
    let names: Vec<_> = lines.iter().map(|line| text(line, "name")).collect();
    assert_eq!(names[..4], FIRST);
    assert!(names[4..].is_sorted(), "{names:?}");
    let attempts: Vec<_> = lines
        .iter()
        .take(4)
        .map(|line| line["delivery"]["attempts"].as_u64().unwrap())
        .collect();
    assert_eq!(attempts, [5, 4, 5, 7]);
}

#[test]
fn a_provider_is_shown_whole() {
    let sandbox = Sandbox::new();
    let sheet = sandbox
        .run(&["providers", "show", "olympus"])
        .expect(0)
        .stdout;
    for part in [
        "Olympus Cloud (olympus)",
        "{timestamp}.{body}",
        "HMAC-SHA256, hex",
        "created_at",
        "3xx, 429, 5xx, no-answer",
        "34 h 36 min",
        "\nDocumented\n",
        "\nAssumed\n",
    ] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
    let lines = sandbox
        .run(&["providers", "show", "ibakepro", "--json"])
        .expect(0)
        .json_lines();
    let [facts] = lines.as_slice() else {
        panic!("not one line: {lines:?}");
    };
    assert_eq!(facts["kind"], "provider");
    assert_eq!(facts["signature"]["header"], "X-Webhook-Signature");
    assert_eq!(facts["signature"]["tolerance"], Value::Null);
    assert_eq!(facts["delivery"]["counted_from"], "first");
    assert_eq!(
        facts["delivery"]["waits_seconds"],
        serde_json::json!([300, 1500, 5400, 79200])
    );
    assert_eq!(facts["handler"]["reserializes"], true);
    assert_eq!(facts["notes"][0]["source"], "documented");
}

#[test]
fn what_is_assumed_and_what_is_contradictory_is_marked() {
    let sandbox = Sandbox::new();
    for (provider, shown, hidden) in [
        (
            "barecommerce",
            &[
                "answer within  30 s (assumed)",
                "header         Content-Type: application/json\n",
                "value          <64 hex digits>\n",
                "/api/webhooks/barecommerce",
                "receiver at    /webhooks/barecommerce (contradictory)\n",
                "1xx, 3xx, 4xx, 5xx, no-answer (contradictory)\n",
                "counted from   the previous attempt (assumed)\n",
                "\nContradictory\n",
            ][..],
            "by position",
        ),
        (
            "cimplify",
            &[
                "answer within  30 s\n",
                "Content-Type: application/json (assumed)\n",
            ],
            "by position",
        ),
        (
            "ibakepro",
            &[
                "Content-Type: application/json (assumed)\n",
                "`===`",
                "\nContradictory\n",
            ],
            "by position",
        ),
        (
            "olympus",
            &[
                "answer within  30 s (assumed)",
                "<64 hex digits>, read by position\n",
            ],
            "Content-Type: application/json (",
        ),
    ] {
        let sheet = sandbox
            .run(&["providers", "show", provider])
            .expect(0)
            .stdout;
        for part in shown {
            assert!(sheet.contains(part), "{provider} {part}: {sheet}");
        }
        assert!(!sheet.contains(hidden), "{provider} {hidden}: {sheet}");
    }
}

#[test]
fn every_note_of_a_provider_is_shown() {
    let sandbox = Sandbox::new();
    for provider in Catalogue::builtin().iter() {
        let sheet = sandbox
            .run(&["providers", "show", provider.name()])
            .expect(0)
            .stdout;
        for note in &provider.definition.notes {
            assert!(
                sheet.contains(&note.text),
                "{}: {}",
                provider.name(),
                note.text
            );
        }
    }
}

#[test]
fn a_folder_of_the_users_is_a_provider() {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "");
    copy_definition("slack", &sandbox.folder().join("providers"));
    copy_definition("stripe", &sandbox.home().join(".config/webhook/providers"));
    let of_others = Sandbox::new().run(&["events", "--json"]).expect(0);
    let of_others = of_others.json_lines().into_iter();
    let of_others = of_others.filter(|line| !["slack", "stripe"].contains(&text(line, "provider")));
    let events = sandbox.run(&["events", "--json"]).expect(0).json_lines();
    let providers: BTreeSet<_> = events.iter().map(|line| text(line, "provider")).collect();
    assert!(
        providers.contains("slack") && providers.contains("stripe"),
        "{providers:?}"
    );
    assert_eq!(events.len(), of_others.count() + 4);
    let sheet = sandbox
        .run(&["providers", "show", "slack"])
        .expect(0)
        .stdout;
    for part in [
        "v0:{timestamp}:{body}",
        "X-Slack-Request-Timestamp",
        "providers/slack",
    ] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
}

#[test]
fn a_folder_counts_where_there_is_no_configuration_file() {
    let sandbox = Sandbox::new();
    copy_definition("slack", &sandbox.folder().join("providers"));
    let sheet = sandbox.run(&["providers", "show", "slack"]).expect(0);
    assert!(sheet.stdout.contains("providers/slack"), "{}", sheet.stdout);
    let shown = settings(&sandbox, &[]);
    let (folders, _) = setting(&shown, "providers");
    assert_eq!(folders[0], "./providers");
    // A configuration that is named stands alone.
    sandbox.file("elsewhere/other.toml", "");
    let run = sandbox.run(&[
        "--config",
        "elsewhere/other.toml",
        "providers",
        "show",
        "slack",
    ]);
    let sheet = run.expect(0).stdout;
    assert!(sheet.contains("origin         built in"), "{sheet}");
}

#[test]
fn events_take_the_provider_as_other_commands_do() {
    let sandbox = Sandbox::new();
    let expected = sandbox.run(&["events", "olympus"]).expect(0).stdout;
    for flags in [["--provider", "olympus"], ["-p", "olympus"]] {
        let run = sandbox.run(&[["events"].as_slice(), &flags].concat());
        assert_eq!(run.expect(0).stdout, expected);
    }
    sandbox
        .run(&["events", "olympus", "-p", "cimplify"])
        .expect(2);
    sandbox
        .run(&["events", "-p", "olympus", "--faults"])
        .expect(2);
}

#[test]
fn a_provider_written_by_hand_takes_the_place_of_a_built_in() {
    let sandbox = Sandbox::new();
    let builtin = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cimplify/provider.json");
    let definition = std::fs::read_to_string(builtin)
        .unwrap()
        .replace("X-Cimplify-Signature", "X-Ours");
    sandbox.file("webhook.toml", "");
    sandbox.file("providers/cimplify/provider.json", definition);
    let event =
        r#"{"description": "A shop opened", "source": "inferred", "data": {"id": "{{id:shop}}"}}"#;
    sandbox.file("providers/cimplify/events/shop/opened.json", event);
    let lines = sandbox
        .run(&["events", "cimplify", "--json"])
        .expect(0)
        .json_lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(text(&lines[0], "event"), "shop/opened");
    let facts = sandbox
        .run(&["providers", "show", "cimplify", "--json"])
        .expect(0)
        .json_lines();
    assert_eq!(facts[0]["signature"]["header"], "X-Ours");
}

#[test]
fn a_broken_definition_names_file_and_place() {
    for (file, content, place) in [
        (
            "providers/acme/provider.json",
            "{\n  \"name\": }",
            "line 2 column 11",
        ),
        (
            "providers/acme/provider.json",
            "{\"nam\": 1}",
            "unknown field `nam`",
        ),
        (
            "providers/acme/provider.json",
            "{\"name\": \"acme\",\n",
            "not valid: EOF while parsing a value at line 2",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.file("webhook.toml", "");
        sandbox.file(file, content);
        let run = sandbox.run(&["providers", "show", "acme"]).expect(2);
        assert!(
            run.stderr.contains(file) && run.stderr.contains(place),
            "{}",
            run.stderr
        );
        assert_eq!(run.stdout, "");
        assert_eq!(run.stderr.matches(place).count(), 1, "{}", run.stderr);
        let chosen: [&[&str]; 4] = [
            &["send", "order.created", "-p", "acme"],
            &["events", "acme"],
            &["test", "-p", "acme", "--list"],
            &["log", "--provider", "acme"],
        ];
        for args in chosen {
            let run = sandbox.run(args).expect(2);
            assert_eq!(
                run.stderr.matches(place).count(),
                1,
                "{args:?}: {}",
                run.stderr
            );
        }
        // Whoever does not need it goes on, and is told.
        let warning = "warning: provider `acme` is skipped: `./providers/acme/provider.json`";
        for args in [
            &["events"][..],
            &["providers", "show", "olympus"],
            &["config"],
            &[
                "send",
                "order.created",
                "--provider",
                "olympus",
                "--dry-run",
            ],
        ] {
            let run = sandbox.run(args).expect(0);
            assert!(run.stderr.contains(warning), "{args:?}: {}", run.stderr);
            assert!(run.stderr.contains(place), "{args:?}: {}", run.stderr);
        }
    }
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "");
    copy_definition("slack", &sandbox.folder().join("providers"));
    sandbox.file(
        "providers/slack/events/broken.json",
        "{\n\"description\": 1}",
    );
    let lists: [&[&str]; 3] = [
        &["events", "slack"],
        &["events"],
        &["providers", "show", "slack"],
    ];
    for list in lists {
        let run = sandbox.run(list).expect(0);
        let warning = "event `broken` is skipped: `./providers/slack/events/broken.json`";
        assert_eq!(run.stderr.matches(warning).count(), 1, "{}", run.stderr);
        assert!(run.stderr.contains("line 2"), "{}", run.stderr);
        assert!(run.stdout.contains("app_mention"), "{}", run.stdout);
    }
    sandbox.run(&["send", "broken", "-p", "slack"]).expect(2);
}

#[test]
fn a_broken_folder_of_a_built_in_s_name_does_not_bring_the_built_in_back() {
    let sandbox = Sandbox::new();
    sandbox.file("providers/olympus/provider.json", "{}");
    let send = [
        "send",
        "order.created",
        "--provider",
        "olympus",
        "--dry-run",
    ];
    let run = sandbox.run(&send).expect(2);
    assert!(
        run.stderr.contains("missing field `name`"),
        "{}",
        run.stderr
    );
    // Its secret is still its own, and nobody else's.
    let run = sandbox.run(&[
        "send",
        "order.created",
        "--provider",
        "cimplify",
        "--dry-run",
        "--secret",
        "olympus=x",
    ]);
    let local = "using the local development secret";
    assert!(run.stderr.contains(local), "{}", run.stderr);
    sandbox.file(
        "webhook.toml",
        "[secrets]\nolympus = { env = 'HOME' }\ndefault = { env = 'HOME' }\n",
    );
    sandbox
        .run(&[
            "send",
            "order.created",
            "--provider",
            "cimplify",
            "--dry-run",
        ])
        .expect(0);
}

#[test]
fn a_folder_that_takes_a_built_in_s_place_is_told() {
    let sandbox = Sandbox::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/olympus");
    let definition = std::fs::read_to_string(from.join("provider.json")).unwrap();
    sandbox.file("providers/olympus/provider.json", definition);
    let note = "note: `olympus` is the one of `./providers/olympus`, not the built-in";
    let run = sandbox.run(&["providers"]).expect(0);
    assert!(run.stderr.contains(note), "{}", run.stderr);
}

#[test]
fn an_unknown_placeholder_is_an_error_of_its_file_and_sends_nothing() {
    let event = |time: &str| {
        format!(
            r#"{{"description": "A shop opened", "source": "inferred", "data": {{"at": ["{time}"]}}}}"#
        )
    };
    let sandbox = Sandbox::new();
    copy_definition("slack", &sandbox.folder().join("providers"));
    sandbox.file("providers/slack/events/shop.opened.json", event("{{tyme}}"));
    let send = ["send", "shop.opened", "--dry-run", "--secret", "x"];
    let run = sandbox.run(&send).expect(2);
    let file = "./providers/slack/events/shop.opened.json";
    assert_eq!(
        run.stderr.lines().collect::<Vec<_>>(),
        [
            "note: `slack` is the one of `./providers/slack`, not the built-in".into(),
            format!("error: `{file}` is not valid: `data`: unknown placeholder `{{{{tyme}}}}`"),
            "hint: did you mean `{{time}}`?".into(),
        ]
    );
    assert_eq!(run.stdout, "");
    // What is given on the command line means itself.
    let run = sandbox.run(&[&send[..], &["--data", r#"{"at": "{{tyme}}"}"#]].concat());
    assert!(run.expect(0).stdout.contains("{{tyme}}"));
    sandbox.file("providers/slack/events/shop.opened.json", event("{{time}}"));
    assert!(!sandbox.run(&send).expect(0).stdout.contains("{{"));
    let definition =
        std::fs::read_to_string(sandbox.folder().join("providers/slack/provider.json"));
    let broken = definition.unwrap().replacen("{{time}}", "{{tiem}}", 1);
    assert!(broken.contains("{{tiem}}"), "{broken}");
    sandbox.file("providers/slack/provider.json", &broken);
    let run = sandbox.run(&send).expect(2);
    assert!(run.stderr.contains(
        "provider.json` is not valid: `envelope.template`: unknown placeholder `{{tiem}}`"
    ));
    // The payload is no part of a text, and no near name is meant.
    let broken = broken.replacen("{{tiem}}", "of {{data}}", 1);
    sandbox.file("providers/slack/provider.json", broken);
    let run = sandbox.run(&send).expect(2);
    let told = "hint: in `envelope.template`, `{{data}}` is all of a text; elsewhere it is nothing";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn a_name_cannot_lead_out_of_its_folder() {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "");
    copy_definition("slack", &sandbox.home().join("outside"));
    for name in ["../../outside/slack", "../outside", "/etc"] {
        let run = sandbox.run(&["providers", "show", name]).expect(2);
        assert!(
            run.stderr.starts_with("error: unknown provider"),
            "{}",
            run.stderr
        );
    }
    let builtin = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cimplify/provider.json");
    let definition = std::fs::read_to_string(builtin).unwrap();
    let stray = definition.replace("\"cimplify\"", "\"../../outside/slack\"");
    sandbox.file("providers/stray/provider.json", stray);
    let run = sandbox.run(&["providers", "show", "stray"]).expect(2);
    assert!(
        run.stderr.contains("providers/stray/provider.json"),
        "{}",
        run.stderr
    );
}

/// The lines of `config --json`, by name.
fn settings(sandbox: &Sandbox, flags: &[&str]) -> Vec<(String, Value, String)> {
    let mut args = vec!["config", "--json"];
    args.extend(flags);
    let lines = sandbox.run(&args).expect(0).json_lines();
    let setting = |line: Value| {
        assert_eq!(line["kind"], "setting");
        (
            text(&line, "name").to_owned(),
            line["value"].clone(),
            text(&line, "origin").to_owned(),
        )
    };
    lines.into_iter().map(setting).collect()
}

fn setting(settings: &[(String, Value, String)], name: &str) -> (Value, String) {
    let found = settings.iter().find(|(found, _, _)| found == name);
    let (_, value, origin) = found.unwrap_or_else(|| panic!("no {name} in {settings:?}"));
    (value.clone(), origin.clone())
}

#[test]
fn each_setting_is_shown_with_its_origin() {
    let sandbox = Sandbox::new()
        .with("WEBHOOK_URL", "localhost:3000")
        .with("NO_COLOR", "1")
        .with("WEBHOOK_SECRET", "never-to-be-seen");
    let toml =
        "provider = 'olympus'\nurl = 'localhost:9'\n[listen]\nport = 5000\nforward-to = ['3000']\n";
    sandbox.file("webhook.toml", toml);
    let user = sandbox.home().join(".config/webhook/config.toml");
    std::fs::create_dir_all(user.parent().unwrap()).unwrap();
    std::fs::write(&user, "[listen]\nport = 6000\nbody = 'short'\n").unwrap();
    let user = user.display().to_string();
    let shown = settings(&sandbox, &["--log", "some.db"]);
    for (name, value, origin) in [
        ("provider", Value::from("olympus"), "./webhook.toml"),
        (
            "url",
            "localhost:3000".into(),
            "environment variable WEBHOOK_URL",
        ),
        ("log", "some.db".into(), "--log"),
        ("color", "never".into(), "environment variable NO_COLOR"),
        ("listen.port", 5000.into(), "./webhook.toml"),
        ("listen.body", "short".into(), &user),
        ("listen.forward-to", vec!["3000"].into(), "./webhook.toml"),
        ("listen.host", "localhost".into(), "default"),
        ("listen.timeout", "30s".into(), "default"),
        ("listen.max-body", "25MiB".into(), "default"),
        ("files", vec!["./webhook.toml", &user].into(), "default"),
        (
            "secret.olympus#1",
            "redacted".into(),
            "environment variable WEBHOOK_SECRET",
        ),
    ] {
        assert_eq!(setting(&shown, name), (value, origin.to_owned()), "{name}");
    }
    let table = sandbox.run(&["config"]).expect(0);
    assert!(!format!("{shown:?}{}{}", table.stdout, table.stderr).contains("never-to-be-seen"));
}

#[test]
fn a_named_file_stands_alone() {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "url = 'localhost:1'\n");
    sandbox.file("other.toml", "[listen]\non-invalid = 'forward'\n");
    let shown = settings(&sandbox, &["--config", "other.toml", "--color", "always"]);
    assert_eq!(setting(&shown, "url").0, Value::Null);
    assert_eq!(
        setting(&shown, "listen.on-invalid"),
        ("forward".into(), "other.toml".into())
    );
    assert_eq!(
        setting(&shown, "files"),
        (vec!["other.toml"].into(), "--config".into())
    );
    assert_eq!(
        setting(&shown, "color"),
        ("always".into(), "--color".into())
    );
}

#[test]
fn secrets_stand_under_the_labels_of_verdicts() {
    let sandbox = Sandbox::new()
        .with("WEBHOOK_SECRET_OLYMPUS", "one")
        .with("WEBHOOK_SECRET", "two");
    let shown = settings(&sandbox, &[]);
    let labels: Vec<_> = shown
        .iter()
        .filter(|(name, _, _)| name.starts_with("secret."))
        .collect();
    let found: Vec<_> = labels
        .iter()
        .map(|(name, _, origin)| (name.as_str(), origin.as_str()))
        .collect();
    let all = "environment variable WEBHOOK_SECRET";
    let expected = [
        ("secret.barecommerce#1", all),
        ("secret.cimplify#1", all),
        ("secret.ibakepro#1", all),
        (
            "secret.olympus#1",
            "environment variable WEBHOOK_SECRET_OLYMPUS",
        ),
        ("secret.olympus#2", all),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_cannot_be_used_is_an_error_after_all_else_was_shown() {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "[secrets]\nolympus = { env = 'NOT_SET' }\n");
    // A secret that is not there is a row, and a warning.
    let run = sandbox.run(&["config", "--json"]).expect(0);
    assert!(run.json_lines().len() > 10);
    assert!(run.stderr.contains("NOT_SET"), "{}", run.stderr);
    sandbox.file("webhook.toml", "[listen]\ntimeout = 'soon'\n");
    let run = sandbox.run(&["config"]).expect(2);
    assert!(
        run.stderr.contains("webhook.toml") && run.stderr.contains("listen.timeout"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_secret_that_is_not_there_is_a_row_beside_those_that_are() {
    let sandbox = Sandbox::new();
    sandbox.file("key", "whsec_there");
    sandbox.file(
        "webhook.toml",
        "[secrets]\ncimplify = { file = 'nope' }\nolympus = { file = 'key' }\n",
    );
    let run = sandbox.run(&["config", "--json"]).expect(0);
    let rows: Vec<_> = run
        .json_lines()
        .into_iter()
        .filter(|line| text(line, "name").starts_with("secret."))
        .map(|line| ["name", "value", "origin"].map(|key| text(&line, key).to_owned()))
        .collect();
    let row = |name, value| [name, value, "./webhook.toml"].map(str::to_owned);
    let expected = [
        row("secret.olympus#1", "redacted"),
        row("secret.cimplify", "missing"),
    ];
    assert_eq!(rows, expected);
    let origin = "`./nope`, which `./webhook.toml` names as a secret of cimplify";
    assert!(run.stderr.contains(origin), "{}", run.stderr);
    // Whoever plays another provider does not need it.
    let sign = |of| sandbox.run(&["send", "order.created", "-p", of, "--dry-run"]);
    let run = sign("cimplify").expect(4);
    assert!(run.stderr.contains(origin), "{}", run.stderr);
    assert!(!sign("olympus").expect(0).stderr.contains("nope"));
    let sign = ["sign", "-p", "olympus", "--data", "{}"];
    assert!(!sandbox.run(&sign).expect(0).stderr.contains("nope"));
    // Whoever takes deliveries of all does.
    sandbox.run(&["listen", "--port", "0"]).expect(4);
}

#[test]
fn a_setting_is_shown_alone_by_its_name_and_a_section_by_its_own() {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "[listen]\nport = 4711\n");
    let run = sandbox.run(&["config", "listen.port"]).expect(0);
    let rows: Vec<_> = run.stdout.lines().collect();
    assert_eq!(rows.len(), 2, "{}", run.stdout);
    let cells: Vec<_> = rows[1].split_whitespace().collect();
    assert_eq!(cells, ["listen.port", "4711", "./webhook.toml"]);
    let run = sandbox.run(&["config", "color", "--json"]).expect(0);
    assert_eq!(run.json_lines().len(), 1, "{}", run.stdout);
    assert_eq!(text(&run.json_lines()[0], "origin"), "default");
    let run = sandbox.run(&["config", "listen"]).expect(0);
    let is_of_it = |line: &str| line.starts_with("listen.");
    assert!(run.stdout.lines().skip(1).all(is_of_it), "{}", run.stdout);
    let run = sandbox.run(&["config", "listen.prt"]).expect(2);
    assert!(
        run.stderr.contains("did you mean `listen.port`?"),
        "{}",
        run.stderr
    );
    let run = sandbox.run(&["config", "list"]).expect(2);
    assert!(
        run.stderr.contains("unknown setting `list`"),
        "{}",
        run.stderr
    );
}

#[test]
fn looking_makes_nothing() {
    let sandbox = Sandbox::new();
    for args in [["events"].as_slice(), &["providers"], &["config"], &["man"]] {
        sandbox.run(args).expect(0);
    }
    assert!(!sandbox.home().join(".config").exists());
    assert!(!sandbox.home().join(".local").exists());
}

/// Every command below `command`, itself included, as its page is named.
fn pages(command: &clap::Command) -> Vec<(String, clap::Command)> {
    let name = command
        .get_display_name()
        .unwrap_or(command.get_name())
        .to_owned();
    let below = with_pages(command).flat_map(pages);
    [(name, command.clone())].into_iter().chain(below).collect()
}

/// The commands below that have a page; `help` is about the others.
fn with_pages(command: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    let below = command.get_subcommands();
    below.filter(|below| below.get_name() != "help")
}

#[test]
fn every_page_can_be_had_by_its_name() {
    let sandbox = Sandbox::new();
    sandbox.run(&["man", "--output", "pages"]).expect(0);
    for (name, words) in [
        ("webhook", [].as_slice()),
        ("webhook-send", &["send"]),
        ("webhook-log-show", &["log", "show"]),
    ] {
        let page = sandbox.run(&[&["man"], words].concat()).expect(0).stdout;
        let file = sandbox.folder().join(format!("pages/{name}.1"));
        assert_eq!(page, std::fs::read_to_string(file).unwrap());
    }
    let run = sandbox.run(&["man", "log", "shwo"]).expect(2);
    assert!(run.stderr.contains("`log shwo`"), "{}", run.stderr);
}

#[test]
fn who_names_something_of_another_kind_is_told_where_it_belongs() {
    let sandbox = Sandbox::new();
    for (args, hint) in [
        (
            ["events", "order.created"],
            "`webhook events show order.created`",
        ),
        (["send", "localhost:3000"], "`--url localhost:3000`"),
    ] {
        let run = sandbox.run(&args).expect(2);
        assert!(run.stderr.contains(hint), "{}", run.stderr);
    }
}

#[test]
fn every_flag_of_every_command_is_on_its_page() {
    let sandbox = Sandbox::new();
    sandbox.run(&["man", "--output", "pages/man1"]).expect(0);
    let mut command = Cli::command();
    command.build();
    let pages = pages(&command);
    assert!(pages.iter().any(|(name, _)| name == "webhook-log-show"));
    let folder = sandbox.folder().join("pages/man1");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), pages.len());
    for (name, command) in pages {
        let page = std::fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
        let flags = command.get_arguments().filter(|arg| !arg.is_hide_set());
        for long in flags.filter_map(clap::Arg::get_long) {
            let written = format!("\\-\\-{}", long.replace('-', "\\-"));
            assert!(page.contains(&written), "{name} lacks --{long}");
        }
        for below in with_pages(&command) {
            let page_below = format!("{name}-{}(1)", below.get_name()).replace('-', "\\-");
            assert!(
                page.contains(&page_below),
                "{name} lacks {}",
                below.get_name()
            );
        }
    }
}

#[test]
fn a_page_is_what_a_formatter_reads() {
    let sandbox = Sandbox::new();
    let page = sandbox.run(&["man"]).expect(0).stdout;
    assert!(page.contains(".TH webhook 1"));
    assert!(page.contains(".SH EXAMPLES"));
    let file = sandbox.file("webhook.1", page);
    let formatted = Command::new("man")
        .env("MANWIDTH", "100")
        .arg("-l")
        .arg(file)
        .output();
    let Ok(formatted) = formatted else {
        eprintln!("man is not installed: the page was not formatted");
        return;
    };
    let text = String::from_utf8_lossy(&formatted.stdout);
    assert!(
        text.contains("webhook replay @last --url http://localhost:4400"),
        "{text}"
    );
    assert!(text.contains("webhook-listen(1)"), "{text}");
}

#[test]
fn a_terminal_is_told_who_reads_a_page() {
    let sandbox = Sandbox::new();
    // `script` gives the program a terminal.
    let mut command = Command::new("script");
    let program = format!("'{}' man", env!("CARGO_BIN_EXE_webhook"));
    command.args(["-qec", &program, "/dev/null"]);
    command.current_dir(sandbox.folder()).stdin(Stdio::null());
    let Ok(output) = command.env("HOME", sandbox.home()).output() else {
        eprintln!("`script` is not installed: nothing was printed to a terminal");
        return;
    };
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    assert!(shown.contains("webhook man | man -l -"), "{shown}");
    assert!(shown.contains("--output FOLDER"), "{shown}");
    assert!(!shown.contains(".TH"), "{shown}");
}

#[test]
fn a_folder_that_cannot_be_written_is_code_4() {
    let sandbox = Sandbox::new();
    sandbox.file("taken", "a file, not a folder");
    let run = sandbox.run(&["man", "--output", "taken"]).expect(4);
    assert!(run.stderr.contains("`taken`"), "{}", run.stderr);
}

/// A folder whose definition has another name is told of; one of another program's is not, until
/// somebody names it.
#[test]
fn a_folder_without_a_definition_names_the_file_expected() {
    let sandbox = Sandbox::new();
    for (file, missing) in [
        ("providers/acme/Provider.json", "./providers/acme"),
        ("providers/acme/providers.json", "./providers/acme"),
        (
            ".config/webhook/providers/mine/definition.json",
            ".config/webhook/providers/mine",
        ),
    ] {
        let sandbox = Sandbox::new();
        let root = if file.starts_with('.') {
            sandbox.home()
        } else {
            &sandbox.folder()
        };
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "{}").unwrap();
        let told = sandbox.run(&["events"]).expect(0).stderr;
        let warning = format!("{missing}` has no `provider.json`");
        assert!(
            told.starts_with("warning: ") && told.contains(&warning),
            "{file}: {told}"
        );
    }
    sandbox.file("providers/auth/index.ts", "");
    sandbox.file("providers/olympus/index.ts", "");
    let quiet = sandbox.run(&["providers", "show", "olympus"]).expect(0);
    assert_eq!(quiet.stderr, "");
    let named = sandbox.run(&["events", "auth"]).expect(2).stderr;
    assert!(
        named.contains("`./providers/auth` has no `provider.json`"),
        "{named}"
    );
    sandbox.file("providers/auth/Provider.json", "{}");
    let renamed = sandbox.run(&["events", "auth"]).expect(2).stderr;
    assert!(
        renamed.contains("`mv './providers/auth/Provider.json' './providers/auth/provider.json'`"),
        "{renamed}"
    );
}
