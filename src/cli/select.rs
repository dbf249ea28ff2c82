//! Which deliveries of the log match: shared by `replay` and `log`.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::value::Moment;

/// What `--source` is given for whatever there is.
pub const ALL_SOURCES: &str = "all";

/// Filters over the log, which keeps those of a bulk replay.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(default)]
#[command(next_help_heading = "Filters")]
pub struct SelectArgs {
    /// Events by pattern, such as `order.*` or `!order.updated`; repeat or separate by commas.
    #[arg(long, alias = "events", value_name = "PATTERN", value_delimiter = ',')]
    pub event: Vec<String>,

    /// Deliveries of this provider.
    #[arg(short, long, value_name = "NAME")]
    pub provider: Option<String>,

    /// Deliveries with this verdict: valid, mismatch, stale, missing, malformed or unverified.
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub verdict: Vec<String>,

    /// Deliveries from this source: listen, import, probe, test or all [default: listen and import].
    #[arg(long, value_name = "SOURCE", value_delimiter = ',')]
    pub source: Vec<String>,

    /// Received at or after: RFC 3339, a day, unix seconds, or `-10m`.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<Moment>,

    /// Received before: RFC 3339, a day, unix seconds, or `-10m`.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<Moment>,

    /// Those whose last attempt was not answered 2xx.
    #[arg(long)]
    pub failed: bool,

    /// Those that hold this text in body, path, headers or event id.
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,

    /// All in one line: `status:5xx body.data.total>100 -event:*.test "free text"`.
    ///
    /// Fields are `event`, `provider`, `verdict`, `status` (`404`, `5xx`, `400-499`, `none`), `is` (`failed`,
    /// `duplicate`), `since`, `until`, `source`, `id`, `event_id`, `method`, `path`, `query.NAME`, `header.NAME` and
    /// `body.PATH`. Behind one stands `:`, where `*` is any characters and a comma any of several; of the last six also
    /// `!=`, `~` (contains), `>`, `<`, `>=` and `<=`. A `-` before a term turns it round; all else is text to look for.
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    pub filter: Option<String>,

    /// No more than the newest N.
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<u64>,
}
