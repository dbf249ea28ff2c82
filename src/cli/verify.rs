//! `webhook verify`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use url::Url;

use super::value::{self, Moment};
use super::{HelpOrder as _, SecretArgs, VerdictArgs};

const EXAMPLES: &str = "\
Examples:
  webhook verify capture.json --secret whsec_123
  webhook log show @last --json | webhook verify - --secret whsec_123
  webhook verify body.json -p cimplify --signature \"$SIG\" --secret whsec_123
  webhook verify deliveries.har --secret olympus=whsec_123 --junit report.xml";

/// Check captured deliveries, and say why a signature fails.
///
/// Reads captures of `listen --json` and `log export` (JSON or NDJSON), HAR files, raw HTTP
/// request messages, or a raw body with its headers in `-H`. A secret is needed. Where a signature
/// is wrong, the known mistakes are tried, and the one that reproduces it is named with its fix.
///
/// Exits 0 when everything is valid, 1 when something is not, 4 when an input cannot be read,
/// whatever the others are.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[command(globals_last())]
pub struct VerifyArgs {
    /// The captures; `-` or nothing for stdin.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// Use this provider instead of detecting it.
    #[arg(short, long, value_name = "NAME")]
    pub provider: Option<String>,

    /// A header of the raw body, such as `X-Olympus-Signature: t=…,v1=…`; repeatable.
    ///
    /// With it, each FILE is a body, byte for byte. A body of more than 32 MiB is only
    /// hashed: its event is not read, and the cause of a wrong signature is not looked for.
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = value::header)]
    pub header: Vec<(String, String)>,

    /// The signature header's value of the raw body; needs `--provider`.
    #[arg(
        long,
        value_name = "VALUE",
        requires = "provider",
        allow_hyphen_values = true
    )]
    pub signature: Option<String>,

    /// The URL to which it was sent, for providers that sign it.
    ///
    /// Of captures, scheme and host are taken from here and the path from the capture; of a raw body,
    /// all of it.
    #[arg(long, value_name = "URL", value_parser = value::public_url)]
    pub public_url: Option<Url>,

    /// Judge the time as of this moment [default: when the capture was received, else now].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<Moment>,

    /// Print one JSON object a line: a `verification` each, and a `summary`.
    #[arg(long)]
    pub json: bool,

    /// Write a JUnit report to this file; `-` is stdout, instead of the table.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,

    #[command(flatten)]
    pub secrets: SecretArgs,

    #[command(flatten)]
    pub verdict: VerdictArgs,
}
