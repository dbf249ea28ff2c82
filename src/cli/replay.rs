//! `webhook replay`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use super::{ConnectArgs, HelpOrder as _, SecretArgs, SelectArgs, value};

const EXAMPLES: &str = "\
Examples:
  webhook replay @last --url http://localhost:3000/webhooks/olympus
  webhook replay --event 'order.*' --since -1h --failed
  webhook replay @last~2 --sign keep --url localhost:3000
  webhook replay --from capture.json --secret whsec_123 --url localhost:3000";

/// Send logged deliveries again, so that they pass the receiver's checks.
///
/// The bytes and the signature stay the original ones as long as they would still verify; where
/// the scheme signs a time that is too old by now, and a secret is known, the same bytes are
/// signed afresh. Each sending is an attempt in the log, under its delivery.
///
/// Exits 0 when every answer was 2xx, 1 when one was not, 3 when the endpoint was not reached.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(after_help = EXAMPLES)]
#[command(globals_last())]
pub struct ReplayArgs {
    /// Which: ids, the events' ids, unique prefixes, row numbers, `@last`, `@last~2` (two before the last).
    ///
    /// A row number is one of the last `webhook log` and stays that delivery's until the next
    /// `webhook log`, whatever is received meanwhile.
    #[arg(value_name = "ID")]
    pub id: Vec<String>,

    /// Captures of a file instead of the log: JSON, NDJSON, HAR or a raw HTTP message; `-` for stdin.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "id")]
    pub from: Option<PathBuf>,

    /// The endpoint; without a path, each delivery's own is kept [default: where it was last sent]. Also `WEBHOOK_URL`.
    #[arg(short, long, value_name = "URL")]
    pub url: Option<String>,

    /// Whether to sign afresh [default: auto].
    #[arg(long, value_enum, value_name = "HOW")]
    pub sign: Option<SignMode>,

    /// Set a value in the body, such as `data.total=12.5`; signs afresh.
    #[arg(long, value_name = "PATH=VALUE", value_parser = value::assignment)]
    pub set: Vec<(String, String)>,

    /// Let `--set` add what is not there.
    #[arg(long, requires = "set")]
    pub add: bool,

    /// Open the body in `$VISUAL` or `$EDITOR`; signs afresh.
    #[arg(long)]
    pub edit: bool,

    /// Give the event a fresh id, so that it is no duplicate; signs afresh.
    #[arg(long)]
    pub new_id: bool,

    /// A header to add, such as `X-Test: 1`; repeatable.
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = value::sent_header)]
    pub header: Vec<(String, String)>,

    /// Keep the pauses between the deliveries as they were.
    #[arg(long, value_enum, value_name = "PACE", conflicts_with = "rate")]
    pub pace: Option<Pace>,

    /// Compress the pauses, such as `10x`; implies `--pace original`.
    #[arg(long, value_name = "FACTOR", conflicts_with = "rate", value_parser = value::speed)]
    pub speed: Option<f64>,

    /// Requests per second at most, such as `20/s`.
    #[arg(long, value_name = "RATE", value_parser = value::rate)]
    pub rate: Option<f64>,

    /// Maximum requests in flight; 1 keeps the order [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub concurrency: Option<u16>,

    /// Send each N times.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: Option<u32>,

    /// In random order.
    #[arg(long)]
    pub shuffle: bool,

    /// Continue an interrupted replay; what it has sent is not sent again.
    ///
    /// `--resume=run_01JD…` continues that one, and needs nothing else: its deliveries and its
    /// endpoint are in the log. Without a value, it continues the newest replay of the same ids or
    /// filters to the same endpoint; without these, the newest of all. What was received since it
    /// began is not part of it.
    #[arg(
        long, value_name = "RUN", num_args = 0..=1, require_equals = true,
        conflicts_with_all = ["from", "repeat"]
    )]
    pub resume: Option<Option<String>>,

    /// Send what was not received to its end, too.
    #[arg(long)]
    pub force: bool,

    /// How long to wait for each answer; 0 for no limit [default: 30s].
    #[arg(long, value_name = "SPAN", value_parser = value::span)]
    pub timeout: Option<Duration>,

    /// Print what would be sent instead of sending it.
    #[arg(long)]
    pub dry_run: bool,

    /// Print one JSON object a line: `attempt`, and at the end `summary`.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub select: SelectArgs,

    #[command(flatten)]
    pub secrets: SecretArgs,

    #[command(flatten)]
    pub connect: ConnectArgs,
}

impl ReplayArgs {
    /// Whether a flag changes the body, or may: such a delivery is always signed afresh.
    pub const fn changes(&self) -> bool {
        !self.set.is_empty() || self.edit || self.new_id
    }
}

/// Whether to sign afresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SignMode {
    /// Only where the original signature would no longer verify, and a secret is known.
    Auto,
    /// Never: the original bytes and signature.
    Keep,
    /// Always.
    Fresh,
}

/// When each delivery starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pace {
    /// One after the other, without a pause.
    Fast,
    /// With the pauses with which they were received.
    Original,
}
