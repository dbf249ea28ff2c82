//! `webhook inspect`.

use clap::Args;

use super::{ConnectArgs, HelpOrder as _, SecretArgs, value};

/// The port that it serves its page on unless it is told otherwise.
pub const INSPECT_PORT: u16 = 4040;

/// The page that `listen` serves beside what it receives.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Inspector")]
pub struct PageArgs {
    /// Serve the inspector's page, on this port or the usual one [default: where stdout is a terminal].
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true)]
    pub inspect: Option<Option<u16>>,

    /// Serve no page.
    #[arg(long, conflicts_with = "inspect")]
    pub no_inspect: bool,
}

const EXAMPLES: &str = "\
Examples:
  webhook inspect
  webhook inspect --open
  webhook inspect --url http://localhost:3000/webhooks
  webhook inspect --log captured.db --port 0 --json";

/// Look into the log in a browser: see, filter, compare, change and replay deliveries.
///
/// The page shows what the log holds and what comes into it, whichever `listen` receives it. Only the printed
/// URL lets a browser in, on this machine; scripts give its token as `Authorization: Bearer`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[command(globals_last())]
pub struct InspectArgs {
    /// The address of the page.
    ///
    /// `localhost` is 127.0.0.1 and `::1`; with another address, other machines that have the URL can look
    /// and send, too.
    #[arg(long, value_name = "ADDRESS", default_value = "localhost")]
    pub host: value::ListenHost,

    /// The port of the page; 0 picks a free one [default: 4040, or the next free one].
    #[arg(short, long, value_name = "PORT")]
    pub port: Option<u16>,

    /// Open the page in a browser.
    #[arg(long)]
    pub open: bool,

    /// Where a replay goes where a delivery was never sent on: a port, `host:port/path`, or a URL.
    #[arg(short, long, value_name = "URL")]
    pub url: Option<String>,

    #[command(flatten)]
    pub secrets: SecretArgs,

    #[command(flatten)]
    pub connect: ConnectArgs,

    /// Print the ready line as JSON.
    #[arg(long)]
    pub json: bool,
}
