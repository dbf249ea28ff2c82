//! What is said of the published samples: every line that is quoted is a line of theirs.

use super::first;
use std::path::Path;

use webhook_cli::provider::Catalogue;

/// The code that a provider's document shows, and the sentences that are quoted, as they stand there.
fn published(provider: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/published");
    std::fs::read_to_string(folder.join(format!("{provider}.txt"))).expect("its code")
}

/// The text without white space, as one document breaks a call over lines.
fn dense(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn a_quoted_line_is_a_line_of_the_document() {
    for provider in first(&Catalogue::builtin()) {
        let code = dense(&published(provider.name()));
        let flaws = &provider.definition.handler.habits;
        assert!(!flaws.is_empty(), "{}", provider.name());
        for flaw in flaws {
            let line = dense(&flaw.line);
            assert!(code.contains(&line), "{}: {}", provider.name(), flaw.line);
        }
    }
}

#[test]
fn a_quoted_sentence_is_one_of_the_document() {
    let mut quoted = 0;
    for provider in first(&Catalogue::builtin()) {
        let text = dense(&published(provider.name())).to_lowercase();
        for note in &provider.definition.notes {
            // What stands between two quotation marks is every other part.
            for quote in note.text.split('"').skip(1).step_by(2) {
                quoted += 1;
                let is_there = text.contains(&dense(quote).to_lowercase());
                assert!(is_there, "{}: {quote}", provider.name());
            }
        }
    }
    assert!(quoted >= 9, "{quoted}");
}

#[test]
fn a_flaw_names_single_checks() {
    for provider in first(&Catalogue::builtin()) {
        for flaw in &provider.definition.handler.habits {
            for check in &flaw.checks {
                let is_one = check.contains('/') && !check.contains('*');
                assert!(is_one, "{}: {check}", provider.name());
            }
        }
    }
}
