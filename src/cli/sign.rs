//! `webhook sign`.

use clap::{Args, ValueEnum, ValueHint};

use super::value::Moment;
use super::{HelpOrder as _, SecretArgs};

const EXAMPLES: &str = "\
Examples:
  webhook sign --provider olympus --body order.json --secret whsec_123
  webhook sign --provider olympus --data '{\"id\":\"evt_1\"}' --as curl
  printf '{}' | webhook sign --provider cimplify --as json";

/// Print the headers that sign a body, for other tools.
///
/// They are those that `send` would add to exactly these bytes. What is sent has to be the same to
/// the byte: `curl --data-binary @order.json`, as `-d` drops line ends.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[command(globals_last())]
pub struct SignArgs {
    /// The provider to sign as.
    #[arg(short, long, value_name = "NAME")]
    pub provider: Option<String>,

    /// The file that holds the body; `-` for stdin [default: stdin].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "data")]
    pub body: Option<String>,

    /// The body itself: text, `@file`, or `-` for stdin.
    #[arg(long, value_name = "TEXT")]
    pub data: Option<String>,

    /// The event, for a header that names it [default: as the body tells].
    #[arg(long, value_name = "EVENT")]
    pub event: Option<String>,

    /// The id in a header, in place of a fresh one.
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,

    /// The URL that it is sent to, for providers that sign it: a port, `host:port/path`, or a URL
    /// [default: localhost:4400].
    #[arg(short, long, value_name = "URL")]
    pub url: Option<String>,

    /// The signature's time: RFC 3339, unix seconds, or `-10m`.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub timestamp: Option<Moment>,

    /// The form in which the headers are printed [default: http].
    #[arg(long = "as", value_enum, value_name = "FORM", conflicts_with = "json")]
    pub form: Option<SignAs>,

    /// Print one JSON object; the same as `--as json`.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub secrets: SecretArgs,
}

/// The form in which headers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SignAs {
    /// A line each: `Name: value`.
    Http,
    /// Arguments of curl, a line each, quoted for a POSIX shell: `-H 'Name: value'`.
    Curl,
    /// One JSON object.
    Json,
    /// Variables of a POSIX shell, a line each: `X_NAME=value`.
    Env,
}
