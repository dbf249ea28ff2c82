//! What is found in the sample handlers that the providers publish, and in `listen` itself.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use webhook_cli::provider::Catalogue;

use super::handler::SECRET;
use super::{ids, run_against};
use crate::harness::Sandbox;
use crate::peers;

/// All checks of a signature's form, at which `timingSafeEqual` throws.
const LENGTHS: &[&str] = &[
    "signature/missing",
    "signature/empty",
    "signature/garbage",
    "signature/truncated",
    "signature/odd-length",
    "signature/too-long",
    "signature/wrong-prefix",
    "signature/other-header",
    "signature/second-header",
];

/// The checks that fail where the MAC is computed over `JSON.stringify(req.body)`.
const REWRITTEN: &[&str] = &[
    "raw-bytes/white-space",
    "raw-bytes/escaped-unicode",
    "raw-bytes/number-text",
];

/// A sample handler: its provider, its path, what fails, what warns.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static [&'static str]],
    &'static [&'static str],
);

const PUBLISHED: &[Row] = &[
    (
        "ibakepro",
        "ibakepro",
        "/webhooks/ibakepro",
        &[REWRITTEN],
        &["accepts/large-body"],
    ),
    (
        "olympus",
        "olympus",
        "/webhooks/olympus",
        &[&[
            "signature/missing",
            "signature/empty",
            "signature/garbage",
            "signature/truncated",
            "signature/odd-length",
            "signature/too-long",
            "signature/other-header",
            "signature/timestamp-missing",
            "signature/signature-missing",
        ]],
        &[
            "accepts/large-body",
            "signature/wrong-prefix",
            "signature/timestamp-huge",
            "signature/timestamp-text",
        ],
    ),
    (
        "barecommerce-express",
        "barecommerce",
        "/webhooks/barecommerce",
        &[LENGTHS],
        &["accepts/large-body"],
    ),
    (
        "barecommerce-next",
        "barecommerce",
        "/api/webhooks/barecommerce",
        &[LENGTHS],
        &[],
    ),
    (
        "cimplify",
        "cimplify",
        "/webhooks/cimplify",
        &[REWRITTEN, LENGTHS],
        &["accepts/large-body"],
    ),
];

/// A sample handler in Node; ends with its stdin.
struct Peer {
    child: Child,
    port: u64,
    /// Kept open: a handler that cannot print fails.
    lines: BufReader<ChildStdout>,
}

impl Peer {
    fn start(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        let mut child = Command::new("node")
            .args(["handlers.js", name])
            .current_dir(folder)
            .env("WEBHOOK_SECRET", SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).expect("after `npm ci` in tests/peers");
        let port = ready["port"].as_u64().expect("a port");
        Self { child, port, lines }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.lines.get_ref();
    }
}

#[test]
fn the_published_handlers_have_these_faults() {
    if !peers::has_node() {
        return;
    }
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, provider, path, failing, warning) in PUBLISHED {
        let peer = Peer::start(name);
        let url = format!("http://127.0.0.1:{}{path}", peer.port);
        let lines = run_against(&url, provider, &["--json"])
            .expect(1)
            .json_lines();
        assert_eq!(ids(&lines, "fail"), failing.concat(), "{name}");
        assert_eq!(ids(&lines, "warn"), *warning, "{name}");
        let findings = lines.iter().filter(|line| !line["fix"].is_null());
        for finding in findings {
            assert!(
                !finding["habit"].is_null(),
                "{name}: no line is named: {finding}"
            );
        }
        let outcomes = ["fail", "warn"].map(|outcome| ids(&lines, outcome));
        found.entry(provider).or_default().extend(outcomes.concat());
    }
    for (provider, found) in found {
        assert_eq!(found, blamed(provider), "{provider}");
    }
}

/// The checks that a provider's sample is said to fail, but for those that count side effects, which
/// the sample leaves to its reader.
fn blamed(provider: &str) -> BTreeSet<String> {
    let catalogue = Catalogue::builtin();
    let handler = &catalogue
        .get(provider)
        .expect("built in")
        .definition
        .handler;
    let checks = handler.habits.iter().flat_map(|flaw| &flaw.checks);
    let checks = checks.filter(|check| !check.starts_with("idempotent/"));
    checks.cloned().collect()
}

/// Worked out from the documented Rust handler, which does not compile as it is published: what its
/// errors become is not documented, and 500 is what Axum makes of one. On a time alone it panics.
#[test]
fn the_published_axum_handler_has_these_faults() {
    let endpoint = peers::olympus(SECRET);
    let url = endpoint.url("/webhooks/olympus");
    let lines = run_against(&url, "olympus", &["--json"]).json_lines();
    let crashes = [
        "signature/empty",
        "signature/garbage",
        "signature/wrong-prefix",
        "signature/timestamp-missing",
        "signature/signature-missing",
        "signature/timestamp-huge",
        "signature/timestamp-text",
    ];
    assert_eq!(ids(&lines, "fail"), crashes);
    assert_eq!(ids(&lines, "warn"), Vec::<String>::new());
}

/// `listen` keeps what it is told: it notes what is in the future and takes it.
#[test]
fn our_own_listener_passes() {
    for provider in ["ibakepro", "olympus", "barecommerce", "cimplify"] {
        let sandbox = Sandbox::new();
        // Prints nothing, as nobody reads.
        let quiet = ["--secret", SECRET, "--no-log", "--events", "!*"];
        let listener = sandbox.listen(&[&quiet[..], &["--provider", provider]].concat());
        let url = format!("{}/hook", listener.url());
        // Nobody counts what it does.
        let strict = ["--json", "--strict", "--skip", "idempotent"];
        let run = run_against(&url, provider, &strict);
        let lines = run.json_lines();
        assert_eq!(ids(&lines, "fail"), Vec::<String>::new(), "{provider}");
        assert_eq!(ids(&lines, "warn"), Vec::<String>::new(), "{provider}");
        run.expect(0);
    }
}
