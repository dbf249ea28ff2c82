//! `webhook emulate`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};

use super::{ApiArgs, ApiKey, ConnectArgs, HelpOrder as _, SecretArgs, value};
use crate::emulate::Speed;

/// The port that it serves its API on unless it is told otherwise.
pub const EMULATE_PORT: u16 = 4500;

const EXAMPLES: &str = "\
Examples:
  webhook emulate olympus --endpoint http://localhost:3000/webhooks/olympus
  webhook emulate olympus --endpoint localhost:3000 --speed 60x --secret whsec_1
  webhook emulate olympus -e localhost:3000 --speed instant --until-idle
  webhook emulate trigger order.created --set data.total=12.5
  webhook emulate advance 30m
  webhook emulate deliveries";

/// Play a provider on this machine: its API, its deliveries, its retries, its bad days.
///
/// Endpoints are registered by `--endpoint`, or by the API under `/v1`; events are triggered by
/// `emulate trigger`, by `POST /v1/events`, or by `--trigger` at the start. Each delivery is signed and sent as the provider
/// would, and what fails is retried on its schedule, over hours: `--speed` lets them pass quickly, `emulate
/// advance` jumps. Signatures carry the real time. All of it is kept, so that nothing is lost when the
/// program ends, however it does.
///
/// `GET /openapi.json` describes the API; under `/_control`, test suites set the clock and the faults, reset,
/// keep a snapshot and restore it, and wait until nothing is left to do.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true)]
#[command(globals_last())]
pub struct EmulateArgs {
    #[command(subcommand)]
    pub command: Option<EmulateCommand>,

    /// The provider to play; `webhook providers` lists them [default: the configured one].
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// The address of the API.
    ///
    /// `localhost` is 127.0.0.1 and `::1`; `0.0.0.0` and `::` let the network reach it.
    #[arg(long, value_name = "ADDRESS", default_value = "localhost")]
    pub host: value::ListenHost,

    /// The port of the API; 0 picks a free one, which the `ready` line tells.
    #[arg(short, long, value_name = "PORT", default_value_t = EMULATE_PORT)]
    pub port: u16,

    /// An endpoint that is registered at the start: a port, `host:port/path`, or a URL; repeatable.
    #[arg(short, long, value_name = "URL")]
    pub endpoint: Vec<String>,

    /// The events that those endpoints get, such as `order.*,payment.failed` [default: all].
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub events: Vec<String>,

    /// The key that callers of the API give; `WEBHOOK_API_KEY` stands in for it [default: made and printed].
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<ApiKey>,

    #[command(flatten)]
    pub secrets: SecretArgs,

    /// An event that happens at the start; repeatable.
    #[arg(help_heading = "Events", long, value_name = "EVENT")]
    pub trigger: Vec<String>,

    /// A story that is played from the start: a file such as those in `examples/`.
    #[arg(help_heading = "Events", long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub scenario: Option<PathBuf>,

    /// How fast its time runs: `60x`, or `instant`, which goes on to what is due next.
    #[arg(
        help_heading = "Time",
        long,
        value_name = "SPEED",
        default_value = "1x"
    )]
    pub speed: Speed,

    /// How long to wait for an answer; 0 for no limit [default: as documented].
    #[arg(help_heading = "Time", long, value_name = "SPAN", value_parser = value::span)]
    pub timeout: Option<Duration>,

    /// End when no attempt is to come; exit 0 when everything was delivered, else 1.
    #[arg(help_heading = "Time", long)]
    pub until_idle: bool,

    /// The file of its state [default: webhook/emulate-PROVIDER.db in the user's data directory].
    ///
    /// Endpoints, events, deliveries, attempts and what is due. Started again with it, it goes on: what fell
    /// due meanwhile is sent at once.
    #[arg(help_heading = "State", long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub state: Option<PathBuf>,

    /// Keep nothing beyond the end.
    #[arg(help_heading = "State", long, conflicts_with = "state")]
    pub no_state: bool,

    /// The share of confirmed deliveries that are sent once more, such as `5%`.
    #[arg(help_heading = "Misbehaviour", long, value_name = "SHARE", value_parser = value::share)]
    pub duplicate: Option<f64>,

    /// The share of deliveries that are lost, such as `1%`.
    #[arg(help_heading = "Misbehaviour", long, value_name = "SHARE", value_parser = value::share)]
    pub drop: Option<f64>,

    /// How much later than usual each delivery is first sent.
    #[arg(help_heading = "Misbehaviour", long, value_name = "SPAN", value_parser = value::span)]
    pub delay: Option<Duration>,

    /// Let deliveries overtake each other.
    #[arg(help_heading = "Misbehaviour", long)]
    pub reorder: bool,

    /// Replace the secrets of the endpoints, each time after so long.
    ///
    /// `GET /v1/webhooks/{id}/secrets` tells the new one, as a provider's dashboard would.
    #[arg(help_heading = "Misbehaviour", long, value_name = "SPAN", value_parser = value::span)]
    pub rotate_secret: Option<Duration>,

    /// Let ids and all that comes by chance be the same each time.
    #[arg(help_heading = "Misbehaviour", long, value_name = "N")]
    pub seed: Option<u64>,

    /// Print one JSON object a line: `ready`, `delivery`, `attempt`, `failed`, `summary`.
    #[arg(help_heading = "Output", long)]
    pub json: bool,

    /// Write the `ready` line into this file once calls can come.
    ///
    /// It appears whole, so that a script can wait for it.
    #[arg(help_heading = "Output", long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub ready_file: Option<PathBuf>,

    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// What to do with the emulated provider that runs.
#[derive(Debug, Clone, Subcommand)]
pub enum EmulateCommand {
    /// Let an event happen: it goes to every endpoint that is subscribed.
    #[command(
        after_help = "Examples:\n  webhook emulate trigger order.created\n  webhook emulate trigger order.created --set data.total=12.5"
    )]
    Trigger {
        /// The event, such as `order.created`.
        #[arg(value_name = "EVENT")]
        event: String,

        /// Set a value in its body, such as `data.total=12.5`; what is not JSON is a string; repeatable.
        #[arg(long, value_name = "PATH=VALUE", value_parser = value::assignment)]
        set: Vec<(String, String)>,

        /// Its data, in place of the sample's: JSON, `@file`, or `-` for stdin.
        #[arg(long, value_name = "JSON")]
        data: Option<String>,

        #[command(flatten)]
        api: ApiArgs,
    },

    /// List the endpoints, or register one.
    #[command(
        after_help = "Examples:\n  webhook emulate endpoints\n  webhook emulate endpoints add http://localhost:3000 --events 'order.*'"
    )]
    Endpoints {
        #[command(subcommand)]
        command: Option<EndpointsCommand>,

        #[command(flatten)]
        api: ApiArgs,
    },

    /// List the deliveries, the newest last.
    #[command(
        after_help = "Examples:\n  webhook emulate deliveries\n  webhook emulate deliveries --status failed"
    )]
    Deliveries {
        /// Those of this status only: `pending`, `success`, `failed`, `cancelled`, `dropped`.
        #[arg(long, value_name = "STATUS")]
        #[arg(value_parser = ["pending", "success", "failed", "cancelled", "dropped"])]
        status: Option<String>,

        /// How many of the newest.
        #[arg(long, value_name = "N", default_value_t = 20)]
        #[arg(value_parser = clap::value_parser!(u8).range(1..=100))]
        limit: u8,

        #[command(flatten)]
        api: ApiArgs,
    },

    /// Let the emulated time jump; what falls due by that is sent now.
    #[command(
        after_help = "Examples:\n  webhook emulate advance 30m\n  webhook emulate advance 34h30m"
    )]
    Advance {
        /// How far.
        #[arg(value_name = "SPAN", value_parser = value::span)]
        length: Duration,

        #[command(flatten)]
        api: ApiArgs,
    },

    /// Play a story: events with pace, about the same things.
    ///
    /// A file in TOML: `provider`, and a `[[step]]` for each event, with `event`, and where they are wanted
    /// `after` (how long after the step before, by the emulated clock), `story` (steps of one story have the
    /// same ids), `set` and `data`.
    #[command(after_help = "Examples:\n  webhook emulate run examples/evening.toml")]
    Run {
        /// The file.
        #[arg(value_name = "SCENARIO", value_hint = ValueHint::FilePath)]
        scenario: PathBuf,

        #[command(flatten)]
        api: ApiArgs,
    },
}

/// What to do with endpoints.
#[derive(Debug, Clone, Subcommand)]
pub enum EndpointsCommand {
    /// Register an endpoint.
    #[command(
        after_help = "Examples:\n  webhook emulate endpoints add http://localhost:3000\n  webhook emulate endpoints add localhost:3000/hook --events order.created"
    )]
    Add {
        /// Where to: a port, `host:port/path`, or a URL.
        #[arg(value_name = "URL")]
        url: String,

        /// The events that it gets, such as `order.*,payment.failed` [default: all].
        #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
        events: Vec<String>,

        /// A file that holds its secret [default: the emulator's].
        #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
        secret_file: Option<PathBuf>,

        #[command(flatten)]
        api: ApiArgs,
    },
    /// List the endpoints.
    #[command(after_help = "Examples:\n  webhook emulate endpoints list")]
    List {
        #[command(flatten)]
        api: ApiArgs,
    },
}
