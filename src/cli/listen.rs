//! `webhook listen`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum, ValueHint};
use url::Url;

use super::{ConnectArgs, HelpOrder as _, PageArgs, SecretArgs, VerdictArgs, value};
use crate::receive::{AnswerMode, InvalidPolicy, Script, UnsignedPolicy};
use crate::report::BodyDetail;

const EXAMPLES: &str = "\
Examples:
  webhook listen
  webhook listen --secret olympus=whsec_123 -f localhost:3000/webhooks
  webhook listen --json | jq -r 'select(.kind==\"delivery\") | .event'
  webhook listen --expect 'order.paid:data.total>10' --within 30s
  webhook listen --expect order.created --within 30s -- ./place-an-order.sh
  webhook listen --respond 500,500,200";

/// The port where none is chosen.
pub const DEFAULT_PORT: u16 = 4400;

/// Receive deliveries on a local port, verify, keep, print and forward them.
///
/// Each delivery is checked, written to the log durably, and only then answered: 200 where it is
/// valid, 401 where it is not or nobody has signed it. Any method, path and content
/// type is received. With `--forward-to` the request goes on to your application byte for byte,
/// and its answer goes back to the sender.
///
/// Without any secret, it uses the local development secret, which `send` shares.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[command(globals_last())]
pub struct ListenArgs {
    /// The address to listen on.
    ///
    /// `localhost` is 127.0.0.1 and `::1`; `0.0.0.0` and `::` let the network reach it.
    #[arg(long, value_name = "ADDRESS", default_value = "localhost")]
    pub host: value::ListenHost,

    /// The port; 0 picks a free one, which the `ready` line tells.
    #[arg(short, long, value_name = "PORT", default_value_t = DEFAULT_PORT)]
    pub port: u16,

    /// Use this provider instead of detecting it.
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,

    /// Do not write deliveries to the log.
    #[arg(long, conflicts_with = "log")]
    pub no_log: bool,

    #[command(flatten)]
    pub secrets: SecretArgs,

    #[command(flatten)]
    pub page: PageArgs,

    #[command(flatten)]
    pub verdict: VerdictArgs,

    /// Forward to this application: a port, `host:port/path`, or a URL; repeatable.
    ///
    /// The method, the body and the end-to-end headers are kept. A target without a path takes the
    /// path and query of the delivery; one with a path keeps its own, and the query is appended.
    /// With several targets the first answer that is not 2xx goes back, else the first target's.
    #[arg(help_heading = "Forwarding", short, long, value_name = "URL")]
    pub forward_to: Vec<String>,

    /// Forward events of a pattern to a target, such as `payment.*=localhost:3001`; repeatable.
    ///
    /// It is one target more: a delivery that fits goes to `--forward-to` as well.
    #[arg(long, value_name = "PATTERN=URL", value_parser = value::route)]
    #[arg(help_heading = "Forwarding")]
    pub route: Vec<(String, String)>,

    /// Whose answer the sender gets: the application's, or this program's at once.
    #[arg(help_heading = "Forwarding", long, value_enum, value_name = "WHO")]
    #[arg(default_value_t)]
    pub answer: AnswerMode,

    /// Maximum requests in flight to one target; 1 keeps their order.
    #[arg(help_heading = "Forwarding", long, value_name = "N")]
    #[arg(default_value_t = 1)]
    pub concurrency: u16,

    /// How long the application may take; 0 for no limit.
    #[arg(help_heading = "Forwarding", long, value_name = "SPAN", value_parser = value::span)]
    #[arg(default_value = "30s")]
    pub timeout: Duration,

    /// A header to add to what is forwarded, such as `X-Test: 1`; repeatable.
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = value::sent_header)]
    #[arg(help_heading = "Forwarding")]
    pub header: Vec<(String, String)>,

    /// Tell the application whence it comes: `X-Forwarded-For`, `-Host` and `-Proto`.
    #[arg(help_heading = "Forwarding", long)]
    pub forwarded: bool,

    /// What to do with invalid deliveries.
    ///
    /// `reject` answers 401 and forwards nothing; `forward` lets all through.
    #[arg(help_heading = "Answering", long, value_enum, value_name = "WHAT")]
    #[arg(default_value_t)]
    pub on_invalid: InvalidPolicy,

    /// What to do with deliveries that carry no signature, or one of a provider without a secret.
    ///
    /// `reject` answers 401 and forwards nothing, once any secret is configured; `accept` lets them
    /// through. With the local development secret alone they are let through.
    #[arg(help_heading = "Answering", long, value_enum, value_name = "WHAT")]
    #[arg(default_value_t)]
    pub on_unsigned: UnsignedPolicy,

    /// Another name of this listener, such as the one of a tunnel; repeatable.
    ///
    /// A GET, HEAD or OPTIONS without body and signature is a probe. The application answers it,
    /// which is how handshakes reach it, but only where `Host` is an address, `localhost` or such a
    /// name: a web page could ask by any other.
    #[arg(help_heading = "Answering", long, value_name = "HOST")]
    pub allow_host: Vec<String>,

    /// The URL by which senders reach this listener, such as that of a tunnel; its host is allowed.
    #[arg(help_heading = "Answering", long, value_name = "URL", value_parser = value::public_url)]
    pub public_url: Option<Url>,

    /// Answer so in turn, whatever comes; counted per event id, the last one repeats.
    ///
    /// `--respond 500,500,200` fails an event twice and then accepts it, to exercise the sender's
    /// retries. `delay=2s` waits before the usual answer, `reset` breaks the connection without one,
    /// `50%=503` answers every second delivery 503, by chance, and the others as usual;
    /// `delay=2s+503` does both. `201:@body.json` has a body, from a file or as typed to the end.
    #[arg(help_heading = "Answering", long, value_name = "ANSWER")]
    pub respond: Vec<Script>,

    /// A header of this program's own answers, such as `Retry-After: 120`; repeatable.
    #[arg(help_heading = "Answering", long, value_name = "NAME: VALUE")]
    #[arg(value_parser = value::sent_header)]
    pub respond_header: Vec<(String, String)>,

    /// Let the answers that come by chance be the same each time.
    #[arg(help_heading = "Answering", long, value_name = "N")]
    pub seed: Option<u64>,

    /// Delay each response by SPAN.
    #[arg(help_heading = "Answering", long, value_name = "SPAN", value_parser = value::span)]
    pub delay: Option<Duration>,

    /// The largest body that is received; larger ones are answered 413.
    #[arg(help_heading = "Answering", long, value_name = "SIZE", value_parser = value::size)]
    #[arg(default_value = "25MiB")]
    pub max_body: u64,

    /// How long a client may stall in the head or the body before it is answered 408; 0 for no limit.
    #[arg(help_heading = "Answering", long, value_name = "SPAN", value_parser = value::span)]
    #[arg(default_value = "10s")]
    pub read_timeout: Duration,

    /// Print one JSON object a line: `ready`, `delivery`, `attempt`, `summary`.
    #[arg(help_heading = "Output", long)]
    pub json: bool,

    /// Write the `ready` line into this file once requests can come.
    ///
    /// It appears whole, so that a script can wait for it.
    #[arg(help_heading = "Output", long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub ready_file: Option<PathBuf>,

    /// How much of each body is printed.
    #[arg(help_heading = "Output", long, value_enum, value_name = "HOW")]
    #[arg(default_value_t = BodyDetail::Short)]
    pub body: BodyDetail,

    /// Print and forward only events of these patterns, such as `order.*,!order.updated`.
    ///
    /// What is kept in the log is never filtered.
    #[arg(
        help_heading = "Output",
        long,
        value_name = "PATTERN",
        value_delimiter = ','
    )]
    pub events: Vec<String>,

    /// End after N deliveries; exit 0 when all of them were valid, else 1.
    ///
    /// Deliveries that `--events` leaves out are not counted, and neither are probes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(help_heading = "Stop conditions")]
    pub count: Option<u64>,

    /// End after one delivery: `--count 1`.
    #[arg(help_heading = "Stop conditions", long, conflicts_with = "count")]
    pub once: bool,

    /// End with 0 when a valid delivery of this event has come; repeat to expect several.
    ///
    /// `order.paid:data.total==12.5,data.status==paid` expects one whose payload is so: a path, one
    /// of `==`, `!=`, `<`, `<=`, `>`, `>=` and `~` (contains), and a value.
    #[arg(
        help_heading = "Stop conditions",
        long,
        value_name = "EVENT[:CONDITION]"
    )]
    pub expect: Vec<String>,

    /// Give up after this time; exit 1 unless everything expected has come.
    #[arg(help_heading = "Stop conditions", long, value_name = "SPAN", value_parser = value::span)]
    pub within: Option<Duration>,

    /// Serve HTTPS, with a generated, self-signed certificate unless `--cert` is given.
    ///
    /// What is generated is written to a file, which the `ready` block names: clients that are to trust it
    /// take it by `NODE_EXTRA_CA_CERTS`, `curl --cacert` or `webhook send --cacert`.
    #[arg(help_heading = "HTTPS", long)]
    pub tls: bool,

    /// The certificate chain, PEM.
    #[arg(long, value_name = "PATH", requires = "key", value_hint = ValueHint::FilePath)]
    #[arg(help_heading = "HTTPS")]
    pub cert: Option<PathBuf>,

    /// Its private key, PEM.
    #[arg(long, value_name = "PATH", requires = "cert", value_hint = ValueHint::FilePath)]
    #[arg(help_heading = "HTTPS")]
    pub key: Option<PathBuf>,

    #[command(flatten)]
    pub connect: ConnectArgs,

    /// A command that runs while deliveries can come; the listener ends with it.
    ///
    /// It finds `WEBHOOK_URL` and `WEBHOOK_PORT` in its environment. The exit code is 1 where
    /// something that was expected has not come, else the command's.
    #[arg(last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    #[arg(help_heading = "Stop conditions")]
    pub command: Vec<OsString>,
}

impl ValueEnum for AnswerMode {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::App, Self::Now]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::App => PossibleValue::new("app").help("The application's"),
            Self::Now => {
                PossibleValue::new("now").help("This program's, before the application was asked")
            }
        })
    }
}

impl ValueEnum for InvalidPolicy {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Reject, Self::Forward]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Reject => PossibleValue::new("reject").help("Answer 401, forward nothing"),
            Self::Forward => PossibleValue::new("forward").help("Let them through"),
        })
    }
}

impl ValueEnum for UnsignedPolicy {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Reject, Self::Accept]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Reject => PossibleValue::new("reject").help("Answer 401, forward nothing"),
            Self::Accept => PossibleValue::new("accept").help("Let them through"),
        })
    }
}

impl ValueEnum for BodyDetail {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Full, Self::Short, Self::None]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Full => PossibleValue::new("full").help("All of it, up to a limit"),
            Self::Short => PossibleValue::new("short").help("The first lines"),
            Self::None => PossibleValue::new("none").help("Nothing"),
        })
    }
}
