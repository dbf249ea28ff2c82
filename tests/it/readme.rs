//! The page that a stranger reads first: every command of README.md is typed as it stands there, and
//! what the page shows has to come.

mod page;
mod stage;

use std::collections::BTreeSet;

use serde_json::Value;
use webhook_cli::cli::program;
use webhook_cli::provider::Catalogue;

use crate::harness::{Sandbox, has};
use page::{Block, blocks, inline};
use stage::Stage;

/// Where a section ends, its terminals are closed.
fn sections() -> Vec<(String, Vec<Block>)> {
    let mut sections: Vec<(String, Vec<Block>)> = Vec::new();
    for block in blocks() {
        match sections.last_mut() {
            Some((title, blocks)) if *title == block.section => blocks.push(block),
            _ => sections.push((block.section.clone(), vec![block])),
        }
    }
    sections
}

fn of_kind(kind: &str) -> Vec<Block> {
    let blocks = blocks().into_iter();
    blocks.filter(|block| block.kind == kind).collect()
}

#[test]
fn every_command_of_a_shell_block_does_its_work() {
    for (_, blocks) in sections() {
        let blocks: Vec<_> = blocks.iter().filter(|block| block.kind == "sh").collect();
        if blocks.is_empty() {
            continue;
        }
        let mut stage = Stage::with_application();
        for command in blocks.iter().flat_map(|block| block.commands()) {
            // This is what it runs.
            if command != "cargo test" {
                stage.run(&command);
            }
        }
        stage.close();
    }
}

/// The list of what is built in, between these words and the end of its paragraph.
const BUILT_IN: &str = "Built in, each with events to send: ";

#[test]
fn the_list_of_providers_is_theirs() {
    let page = include_str!("../../README.md");
    let (_, after) = page.split_once(BUILT_IN).expect("the list");
    let (list, _) = after.split_once(".\n").expect("its end");
    let list = list.replace('\n', " ");
    let listed: Vec<_> = list.split(", ").collect();
    let catalogue = Catalogue::builtin();
    let titles: Vec<_> = catalogue
        .iter()
        .map(|provider| provider.definition.title.as_str())
        .collect();
    assert_eq!(listed, titles, "{}", titles.join(", "));
}

#[test]
fn every_session_that_is_shown_comes_as_shown() {
    // A terminal is opened by `script`, which takes other arguments on other systems.
    if !cfg!(target_os = "linux") || !has("script") {
        return;
    }
    for (_, blocks) in sections() {
        let sessions = blocks.iter().filter(|block| block.kind == "console");
        if sessions.clone().next().is_none() {
            continue;
        }
        let mut stage = Stage::without_application();
        for (command, shown) in sessions.flat_map(Block::session) {
            stage.show(&command, &shown);
        }
        stage.close();
    }
}

/// The same fields in the same order, and of each the same type where neither is null.
fn assert_same_shape(path: &str, shown: &Value, came: &Value) {
    if let (Value::Object(shown), Value::Object(came)) = (shown, came) {
        let names = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect();
        let (left, right): (Vec<_>, Vec<_>) = (names(shown), names(came));
        assert_eq!(left, right, "{path}");
        for (name, value) in shown {
            assert_same_shape(&format!("{path}.{name}"), value, &came[name]);
        }
    } else if !shown.is_null() && !came.is_null() {
        let kind = std::mem::discriminant;
        assert_eq!(kind(shown), kind(came), "{path}: {shown} and {came}");
    }
}

#[test]
fn the_delivery_that_is_shown_has_the_fields_of_one_that_comes() {
    let shown = of_kind("json");
    let shown = shown.iter().find_map(|block| {
        let value: Value = serde_json::from_str(&block.text).expect("JSON");
        (value["kind"] == "delivery").then_some(value)
    });
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--once"]);
    let url = listener.url();
    sandbox
        .run(&["send", "order.created", "--url", &url])
        .expect(0);
    assert_same_shape(
        "",
        &shown.expect("a delivery"),
        &listener.next_of("delivery"),
    );
}

#[test]
fn the_configuration_that_is_shown_is_in_force() {
    for block in of_kind("toml") {
        let sandbox = Sandbox::new().with("OLYMPUS_SECRET", "whsec_1");
        sandbox.file("webhook.toml", &block.text);
        sandbox.file("secrets/new", "whsec_2");
        sandbox.file("secrets/old", "whsec_3");
        let lines = sandbox.run(&["config", "--json"]).expect(0).json_lines();
        let from_file = |line: &&Value| {
            let origin = line["origin"].as_str().unwrap_or_default();
            origin.contains("./webhook.toml")
        };
        let settings = block.text.lines().filter(|line| line.contains(" = "));
        // One secret of two stands for a line with a list.
        let count = lines.iter().filter(from_file).count();
        assert!(count >= settings.count(), "{lines:#?}");
    }
}

#[test]
fn the_provider_that_is_shown_sends_and_is_verified() {
    for block in of_kind("json") {
        let definition: Value = serde_json::from_str(&block.text).expect("JSON");
        let Some(name) = definition["name"].as_str() else {
            continue;
        };
        let sandbox = Sandbox::new().with("WEBHOOK_SECRET", "whsec_1");
        sandbox.file(&format!("providers/{name}/provider.json"), &block.text);
        sandbox.run(&["providers", "show", name]).expect(0);
        let data = ["--data", r#"{"id":"1"}"#, "--dry-run", "--as", "json"];
        let send = ["send", "message", "--provider", name];
        let capture = sandbox.run(&[&send[..], &data].concat()).expect(0).stdout;
        sandbox.run_with(&["verify"], capture.as_bytes()).expect(0);
    }
}

/// A word that the reader puts something in place of, such as `EVENT…` or `[ID…]`.
fn is_placeholder(word: &str) -> bool {
    let letters = word.trim_matches(|c: char| !c.is_alphanumeric());
    !word.starts_with('-') && !letters.is_empty() && letters.to_uppercase() == letters
}

#[test]
fn every_command_in_the_text_can_be_typed() {
    let sandbox = Sandbox::new();
    let spans = inline();
    let commands = spans
        .iter()
        .filter_map(|span| span.strip_prefix("webhook "));
    for command in commands {
        let mut words = Vec::new();
        let command = command.split('|').next().expect("a command");
        for word in command.split_whitespace() {
            let is_value = words
                .last()
                .is_some_and(|last: &&str| last.starts_with("--"));
            match word.trim_matches('\'') {
                word if is_placeholder(word) && is_value => words.push("1"),
                word if is_placeholder(word) => {}
                word => words.push(word),
            }
        }
        words.push("--help");
        sandbox.run(&words).expect(0);
    }
}

/// The long flags of a command and of those below it.
fn flags(command: &clap::Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|flag| flag.get_long());
    let below = command.get_subcommands().flat_map(flags);
    own.map(str::to_owned).chain(below).collect()
}

#[test]
fn every_flag_in_the_text_is_one() {
    let known = flags(&program());
    for span in inline() {
        // What belongs to a tool of others stands in a command of its own.
        if span.starts_with("--") || span.starts_with("webhook ") {
            let words = span.split([' ', '=', '|', '\'']);
            for flag in words.filter_map(|word| word.strip_prefix("--")) {
                let is_known = ["", "help"].contains(&flag) || known.contains(flag);
                assert!(is_known, "--{flag} in `{span}`");
            }
        }
    }
}
