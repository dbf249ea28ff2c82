//! The inspector's pages, used by a person's browser: `tests/browser` does what a person does.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::handler;
use crate::harness::{Sandbox, must_have_all};

/// Under which names Chromium is installed.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The path of a browser; `None` where there is none.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files =
        std::env::split_paths(&path).flat_map(|folder| BROWSERS.map(|name| folder.join(name)));
    let found = files.find(|file| file.is_file());
    if found.is_none() {
        assert!(!must_have_all(), "Chromium is missing");
        eprintln!("skipped: Chromium");
    }
    found
}

/// Plays a scenario to its end; fails with what the browser's script says.
#[track_caller]
fn play(scenario: &str) {
    let Some((mut node, chromium)) = handler::node("tests/browser").zip(chromium()) else {
        return;
    };
    let sandbox = Sandbox::new();
    let variables = sandbox.command(&[]);
    let variables = variables.get_envs().filter_map(|(k, v)| Some((k, v?)));
    node.args(["inspect.mjs", scenario])
        .envs(variables)
        .env("WEBHOOK", env!("CARGO_BIN_EXE_webhook"))
        .env("CHROMIUM", chromium)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    assert_done(node);
}

#[track_caller]
fn assert_done(mut node: Command) {
    let mut child = node.spawn().expect("the script starts");
    // Open until the script has ended: it ends with its stdin.
    let stdin = child.stdin.take();
    let output = child.wait_with_output().expect("the script ends");
    drop(stdin);
    let steps = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{steps}\n{errors}");
    assert_eq!(steps.lines().last(), Some("done"), "{steps}\n{errors}");
}

#[test]
fn a_person_sees_what_comes_and_filters_opens_replays_changes_and_compares_it() {
    play("use");
}

#[test]
fn every_page_fits_its_window_and_can_be_used_by_all() {
    play("look");
}

#[test]
fn a_log_of_ten_thousand_is_paged_through() {
    play("many");
}

#[test]
fn nothing_of_a_payload_runs_or_breaks_a_page() {
    play("hostile");
}
