//! `webhook log`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::{BodyDetail, HelpOrder as _, SecretArgs, SelectArgs, value};

const EXAMPLES: &str = "\
Examples:
  webhook log --event 'order.*' --since -1h
  webhook log show @last
  webhook log show 2 --as curl
  webhook log export --format har --output deliveries.har
  webhook log prune --older-than 30d";

/// List, show, follow, export and prune what was received.
///
/// Without a subcommand it lists, newest last: with `--json` everything, else the newest 50 unless
/// `--limit` says how many. The number of a row names its delivery in `log show`, `log diff` and
/// `replay` until the next list, whatever is received meanwhile. The log is one SQLite file that any SQLite reads; it can be read and
/// replayed from while `listen` writes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[command(globals_last())]
pub struct LogArgs {
    #[command(subcommand)]
    pub command: Option<LogCommand>,

    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub select: SelectArgs,
}

impl LogArgs {
    /// The provider that is filtered by.
    pub const fn provider(&self) -> Option<&String> {
        let select = match &self.command {
            Some(LogCommand::Tail { select, .. } | LogCommand::Export { select, .. }) => select,
            Some(_) => return None,
            None => &self.select,
        };
        select.provider.as_ref()
    }
}

/// What to do with the log.
#[derive(Debug, Clone, Subcommand)]
pub enum LogCommand {
    /// Show one delivery whole, with its attempts.
    ///
    /// The id of an attempt (`att_…`) shows that attempt, with the answer's headers and body.
    #[command(
        after_help = "Examples:\n  webhook log show @last\n  webhook log show @last~1 --as curl"
    )]
    Show {
        /// Which: an id, the event's id, a unique prefix, a row number, `@last`, `@last~2`; or an attempt's id.
        #[arg(value_name = "ID")]
        id: String,

        /// Print the request in this form instead of the report.
        #[arg(long = "as", value_enum, value_name = "FORM", conflicts_with = "json")]
        form: Option<ShowAs>,

        /// Print JSON: the delivery, then its attempts, a line each.
        #[arg(long)]
        json: bool,
    },

    /// Print deliveries as they come in.
    ///
    /// Begins with the next one; `-n N` shows the newest N first, `--since` all since then. Waits for a log that is
    /// not there yet. Ctrl-C ends it.
    #[command(after_help = "Examples:\n  webhook log tail\n  webhook log tail --event 'order.*'")]
    Tail {
        #[command(flatten)]
        select: SelectArgs,

        /// How much of each body is printed.
        #[arg(long, value_enum, value_name = "HOW", default_value_t = BodyDetail::Short)]
        body: BodyDetail,

        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },

    /// Write deliveries to a file or stdout.
    ///
    /// NDJSON holds each delivery with its attempts behind it, and `log import` reads the deliveries
    /// back; HAR holds deliveries only.
    #[command(
        after_help = "Examples:\n  webhook log export > deliveries.ndjson\n  webhook log export --format har --output deliveries.har"
    )]
    Export {
        #[command(flatten)]
        select: SelectArgs,

        /// The form [default: har where the file's name ends so, else ndjson].
        #[arg(long, value_enum, value_name = "FORM")]
        format: Option<ExportFormat>,

        /// The file [default: stdout].
        ///
        /// It is written under another name and takes its place when it is whole; only its owner can
        /// read it.
        #[arg(short, long, value_name = "PATH", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },

    /// Add captures of a file to the log.
    ///
    /// What cannot be read in it is told, and the rest is added. A delivery whose id the log has already is
    /// skipped, so that a file can be imported again; one without an id gets a fresh one. Verdicts
    /// of the file are not trusted: each signature is checked here, with the known secrets.
    #[command(
        after_help = "Examples:\n  webhook log import deliveries.ndjson\n  webhook log import traffic.har --secret whsec_123"
    )]
    Import {
        /// JSON, NDJSON, HAR or a raw HTTP message; `-` for stdin.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,

        #[command(flatten)]
        secrets: SecretArgs,

        /// Print a JSON `summary`.
        #[arg(long)]
        json: bool,
    },

    /// Show how two deliveries differ, by structure.
    ///
    /// Exits 0 when nothing differs, 1 when something does. Ids, times and addresses of receipt, which
    /// always differ, are left out.
    #[command(after_help = "Examples:\n  webhook log diff @last~1 @last")]
    Diff {
        /// The first delivery, named as in `log show`.
        #[arg(value_name = "A")]
        left: String,

        /// The second delivery.
        #[arg(value_name = "B")]
        right: String,

        /// Print JSON.
        #[arg(long)]
        json: bool,
    },

    /// Delete old deliveries and their attempts.
    #[command(
        after_help = "Examples:\n  webhook log prune --older-than 30d\n  webhook log prune --keep 10000"
    )]
    Prune {
        /// Delete what is older than this, such as `30d`.
        #[arg(long, value_name = "SPAN", required_unless_present = "keep")]
        #[arg(value_parser = value::span)]
        older_than: Option<Duration>,

        /// Keep no more than the newest N; what `test` has sent is counted by itself.
        #[arg(long, value_name = "N")]
        keep: Option<u64>,

        /// Print a JSON `summary`.
        #[arg(long)]
        json: bool,
    },
}

/// The form in which a request is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShowAs {
    /// The HTTP message, byte for byte.
    Http,
    /// A command line for a POSIX shell.
    Curl,
    /// A capture.
    Json,
}

/// A form of export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One capture a line.
    Ndjson,
    /// HTTP Archive 1.2.
    Har,
}
