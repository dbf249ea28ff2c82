//! `webhook send`.

use std::time::Duration;

use clap::Args;
use url::Url;

use super::log::ShowAs;
use super::value::{self, Moment};
use super::{ConnectArgs, HelpOrder as _, SecretArgs};
use crate::provider::{Fault, StatusPattern};

const EXAMPLES: &str = "\
Examples:
  webhook send order.created --url http://localhost:4400
  webhook send payment.processed -p olympus --set data.amount=12.5 --dry-run
  webhook send order.created --provider cimplify --dry-run --as curl
  webhook send --all --provider ibakepro --url localhost:3000/webhooks/ibakepro
  webhook send order.created --url localhost:3000 --fault stale -p olympus
  webhook send shop.opened --provider olympus --data '{}' --dry-run
  webhook send order.created --url 3000 --expect-status 401 --secret wrong
  webhook send order.created --url localhost:3000 --retry --speed 60x
  webhook send --handshake --provider slack --dry-run";

/// Send correctly signed test events, exactly as the provider would.
///
/// The body comes from the event's fixture, with fresh ids and times, and is signed with the
/// provider's scheme. The exit code tells the answer: 0 for 2xx, or what `--expect-status` and
/// `--fault` expect, 1 for anything else, 3 for none.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[command(globals_last())]
pub struct SendArgs {
    /// The events to send, such as `order.created`; `webhook events` lists them.
    #[arg(value_name = "EVENT", required_unless_present_any = ["all", "body", "handshake"])]
    pub event: Vec<String>,

    /// Send every event of the provider.
    #[arg(long, conflicts_with_all = ["event", "body"])]
    pub all: bool,

    /// Send the provider's handshakes, or the one of this name, and judge the answers.
    ///
    /// Exits 0 when the answer is the one that the provider documents, 1 when it is not, and says
    /// what was expected. `webhook providers show NAME` lists a provider's handshakes.
    #[arg(
        long,
        value_name = "NAME",
        num_args = 0..=1,
        conflicts_with_all = ["event", "all", "body", "data", "set", "unset", "edit", "id", "retry", "expect_status"]
    )]
    pub handshake: Option<Option<String>>,

    /// The endpoint: a port, `host:port/path`, or a URL; also `WEBHOOK_URL` [default: localhost:4400].
    #[arg(short, long, value_name = "URL")]
    pub url: Option<String>,

    /// The URL that is signed, for providers that sign it [default: the endpoint's]; its path is the
    /// endpoint's.
    #[arg(long, value_name = "URL", value_parser = value::public_url)]
    pub public_url: Option<Url>,

    /// The provider to send as.
    #[arg(short, long, value_name = "NAME")]
    pub provider: Option<String>,

    /// Send a deliberate fault.
    ///
    /// `webhook events --faults` says what a correct receiver does with each. Exits 0 when it did
    /// that, 1 when it took a forgery, refused what is genuine, or crashed.
    #[arg(long, value_enum, value_name = "FAULT", conflicts_with = "retry")]
    pub fault: Option<Fault>,

    /// The statuses that mean yes, such as `401` or `4xx`; repeat or separate by commas [default: 2xx].
    ///
    /// With `--fault`, by default, what a correct receiver answers.
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = value::status_pattern)]
    pub expect_status: Vec<StatusPattern>,

    /// A header to add, such as `X-Test: 1`; repeatable.
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = value::sent_header)]
    pub header: Vec<(String, String)>,

    /// Print the request instead of sending it.
    #[arg(long)]
    pub dry_run: bool,

    /// The form in which `--dry-run` prints [default: http].
    #[arg(
        long = "as",
        value_enum,
        value_name = "FORM",
        requires = "dry_run",
        conflicts_with = "json"
    )]
    pub form: Option<ShowAs>,

    /// Follow the provider's retry schedule until an answer ends it.
    #[arg(long)]
    pub retry: bool,

    /// Compress the waits of `--retry`, such as `60x`.
    #[arg(long, value_name = "FACTOR", requires = "retry", value_parser = value::speed)]
    pub speed: Option<f64>,

    /// How long to wait for an answer; 0 for no limit [default: the provider's].
    #[arg(long, value_name = "SPAN", value_parser = value::span)]
    pub timeout: Option<Duration>,

    /// Print one JSON object a line: `attempt`, and at the end `summary`.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub secrets: SecretArgs,

    /// JSON instead of the fixture's data: text, `@file`, or `-` for stdin.
    ///
    /// With `--provider`, an event that has no fixture is sent, too: the data stands in the
    /// provider's envelope.
    #[arg(
        help_heading = "Shaping",
        long,
        value_name = "JSON",
        conflicts_with = "body"
    )]
    pub data: Option<String>,

    /// Set a value, such as `data.total=12.5` or `data.items[0].quantity=3`; repeatable.
    ///
    /// The value is JSON where it parses as JSON, else a string. `\.` is a dot of a key. A path
    /// that does not exist is an error, unless `--add`.
    #[arg(long, value_name = "PATH=VALUE", conflicts_with = "body")]
    #[arg(help_heading = "Shaping", value_parser = value::assignment)]
    pub set: Vec<(String, String)>,

    /// Remove a value; repeatable.
    #[arg(
        help_heading = "Shaping",
        long,
        value_name = "PATH",
        conflicts_with = "body"
    )]
    pub unset: Vec<String>,

    /// Let `--set` add what is not there.
    #[arg(help_heading = "Shaping", long, requires = "set")]
    pub add: bool,

    /// Open the payload in `$VISUAL` or `$EDITOR` before it is signed.
    ///
    /// On a terminal without either, in `editor`, `nano` or `vi`. What you typed is kept in a file,
    /// which is named, unless it was sent and answered as expected. The editor sees no secrets.
    #[arg(help_heading = "Shaping", long)]
    pub edit: bool,

    /// Send these bytes as they are: `@file`, or `-` for stdin.
    #[arg(help_heading = "Shaping", long, value_name = "SOURCE")]
    pub body: Option<String>,

    /// The event's id, instead of a fresh one.
    #[arg(help_heading = "Shaping", long, value_name = "ID")]
    pub id: Option<String>,

    /// The event's and the signature's time: RFC 3339, unix seconds, or `-10m`.
    #[arg(
        help_heading = "Shaping",
        long,
        value_name = "TIME",
        allow_hyphen_values = true
    )]
    pub timestamp: Option<Moment>,

    /// Make the same ids each time from this number; an order and its payment agree on theirs.
    #[arg(help_heading = "Shaping", long, value_name = "N")]
    pub seed: Option<u64>,

    /// Send N deliveries, each unique and signed.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(help_heading = "Load")]
    pub count: Option<u64>,

    /// Keep sending for SPAN.
    #[arg(help_heading = "Load", long, value_name = "SPAN", value_parser = value::span)]
    pub duration: Option<Duration>,

    /// Requests per second, such as `200/s`, however slow the answers are.
    ///
    /// Alone, without `--count` or `--duration`, it sends each event once at this rate; so does
    /// `--concurrency`.
    #[arg(help_heading = "Load", long, value_name = "RATE", value_parser = value::rate)]
    pub rate: Option<f64>,

    /// Maximum requests in flight [default: 1, or 50 with a load].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    #[arg(help_heading = "Load")]
    pub concurrency: Option<u16>,

    #[command(flatten)]
    pub connect: ConnectArgs,
}
