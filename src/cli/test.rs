//! `webhook test`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};
use url::Url;

use super::{ConnectArgs, HelpOrder as _, SecretArgs, value};

const EXAMPLES: &str = "\
Examples:
  webhook test -p olympus --url localhost:3000/hook --secret whsec_123
  webhook test --provider cimplify --list
  webhook test -p ibakepro --url 3000 --only signature,raw-bytes
  webhook test -p olympus --url 3000 --skip 'signature/stale-*' --strict
  webhook test -p olympus --url 3000 --effects ./count-orders
  webhook test -p olympus --url 3000 --effects 'wc -l < booked' --until ./idle
  webhook test -p olympus --url 3000 --output github --junit report.xml";

/// Check whether a handler is correct: play its provider, friendly and hostile.
///
/// Sends what the provider documents and what it may add, the same events in other bytes, forged
/// and stale signatures, repeats, loads and events out of order, and says what the handler got
/// wrong: what was sent, what came back, why it matters and how to fix it. Forged deliveries go
/// to a loopback or private address only, unless `--yes-this-is-mine`.
///
/// Each request is an attempt in the log, under a delivery that `log show` shows and `replay` sends
/// again.
///
/// A refusal counts while genuine deliveries are still taken: another is sent after each. What cannot
/// be decided from outside is `open`, with the reason, and never a pass: a check that a rate limit or
/// a lock-out met, a repeat whose effects nobody counts. Where the first genuine delivery is refused
/// with 400, 401 or 403, as with a wrong secret, or with 429, no check is run.
///
/// Exits 0 when nothing fails, 1 when a check fails or genuine deliveries are refused, 2 and 4 as for
/// every command, 3 when the endpoint is not reached. Warnings and what is open fail with `--strict`
/// alone.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[command(globals_last())]
pub struct TestArgs {
    /// The handler: a port, `host:port/path`, or a URL. Also `WEBHOOK_URL`.
    #[arg(short, long, value_name = "URL")]
    pub url: Option<String>,

    /// The URL that is signed, for providers that sign it [default: the handler's]; its path is the
    /// handler's.
    #[arg(long, value_name = "URL", value_parser = value::public_url)]
    pub public_url: Option<Url>,

    /// The provider to play. Also `WEBHOOK_PROVIDER`.
    #[arg(short, long, value_name = "NAME")]
    pub provider: Option<String>,

    /// The event to play where a check is about none in particular [default: order.created, else the first].
    #[arg(long, value_name = "EVENT")]
    pub event: Option<String>,

    /// Run these checks only: an id, a group, or a pattern such as `signature/stale-*`; repeatable.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Leave these checks out, named in the same way.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub skip: Vec<String>,

    /// Print the checks that would run, and send nothing.
    #[arg(long)]
    pub list: bool,

    /// A command that prints a number: how many effects deliveries have had so far.
    ///
    /// It is run with `sh -c`, without the variables that hold secrets, before and after each check of
    /// repeats, which then asks that one delivery counts once, however often and however concurrently
    /// it comes.
    #[arg(long, value_name = "COMMAND", group = "counter")]
    pub effects: Option<String>,

    /// A URL whose answer is such a number.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, group = "counter")]
    pub effects_url: Option<String>,

    /// A command that ends with 0 once the handler has done the work that it does after its answer.
    ///
    /// It is run with `sh -c` again and again, before effects are counted. Effects that cannot be
    /// counted by `--within` leave the check open.
    #[arg(long, value_name = "COMMAND", requires = "counter")]
    pub until: Option<String>,

    /// How long `--until` may take.
    #[arg(long, value_name = "SPAN", value_parser = value::span, requires = "until", default_value = "10s")]
    pub within: Duration,

    /// Let warnings and open checks fail, too.
    #[arg(long)]
    pub strict: bool,

    /// How long to wait for each answer; 0 for no limit [default: the provider's deadline].
    #[arg(long, value_name = "SPAN", value_parser = value::span)]
    pub timeout: Option<Duration>,

    /// Send forged deliveries to a host on the public network: it has to be yours.
    #[arg(long)]
    pub yes_this_is_mine: bool,

    /// Do not write deliveries to the log.
    #[arg(long)]
    pub no_log: bool,

    /// Print one JSON object a line: a `check` each, and a `summary`.
    #[arg(long, conflicts_with = "output")]
    pub json: bool,

    /// Write a JUnit report to this file; `-` is stdout, instead of the text.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,

    /// The form of what is printed [default: text].
    #[arg(long, value_enum, value_name = "FORM")]
    pub output: Option<TestOutput>,

    #[command(flatten)]
    pub secrets: SecretArgs,

    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// The form of what `test` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestOutput {
    /// For people.
    Text,
    /// For GitHub Actions: an annotation for each finding, and a step summary.
    Github,
}
