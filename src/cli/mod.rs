//! The command line: what can be typed, and the help that is read.
//!
//! The doc comments below are product: the first line is the short help (`-h`), the paragraphs
//! after it are shown by `--help`, in the man pages and in completions. Nothing here resolves
//! anything: a missing flag stays missing until `config` has looked at the other places.

mod api;
mod catalog;
pub mod completion;
mod emulate;
mod fault;
mod inspect;
mod listen;
mod log;
pub mod man;
mod program;
mod replay;
mod select;
mod send;
mod shared;
mod sign;
mod test;
pub mod usage;
pub mod value;
mod verify;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use serde::Deserialize;

pub use crate::receive::{InvalidPolicy, UnsignedPolicy};
pub use crate::report::{BodyDetail, Detail};
pub use api::{ApiArgs, ApiKey};
pub use catalog::{EventsArgs, EventsCommand, ProvidersArgs, ProvidersCommand, Shell};
use catalog::{LOADING, MAN_EXAMPLES};
pub use emulate::{EMULATE_PORT, EmulateArgs, EmulateCommand, EndpointsCommand};
pub use inspect::{INSPECT_PORT, InspectArgs, PageArgs};
pub use listen::{DEFAULT_PORT, ListenArgs};
pub use log::{ExportFormat, LogArgs, LogCommand, ShowAs};
use program::HelpOrder;
pub use program::{join_keys, own_flags, program};
pub use replay::{Pace, ReplayArgs, SignMode};
pub use select::{ALL_SOURCES, SelectArgs};
pub use send::SendArgs;
pub use shared::{ASK, ConnectArgs, SecretArgs, VerdictArgs};
pub use sign::{SignArgs, SignAs};
pub use test::{TestArgs, TestOutput};
pub use verify::VerifyArgs;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  webhook listen
  webhook send order.created --url http://localhost:4400
  webhook log
  webhook replay @last --url http://localhost:4400

Exit codes: 0 yes · 1 no · 2 wrong usage · 3 endpoint not reached · 4 input or log not readable · 130 Ctrl-C · 143 SIGTERM";

/// Receive, send, verify and replay webhooks on your own machine, byte for byte.
///
/// `listen` receives deliveries on a local port, checks their signatures and keeps them; `inspect` shows them in a
/// browser; `send` composes and sends correctly signed test events; `sign` prints the headers for a body of yours;
/// `verify` says why a captured signature fails; `replay` sends logged deliveries again so that they pass the
/// receiver's checks; `test` plays a provider against your handler and says what it gets wrong; `emulate` is a
/// provider on this machine, with its API and its retries. No account, no cloud.
///
/// Data goes to stdout, messages go to stderr. Every command that prints data takes `--json`.
#[derive(Debug, Parser)]
#[command(name = "webhook", version, styles = STYLES, after_help = EXAMPLES, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// When to colour.
    ///
    /// `auto` colours what goes to a terminal, for stdout and stderr each on its own, and respects
    /// `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb`.
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub color: Option<ColorWhen>,

    /// The configuration file [default: ./webhook.toml, then the user's config.toml].
    ///
    /// A file named here is read in place of both. `webhook config` shows what is in force.
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// The log file [default: webhook/log.db in the user's data directory].
    ///
    /// One SQLite file, made with mode 0600 on the first delivery. Also `WEBHOOK_LOG`.
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub log: Option<PathBuf>,

    /// Another folder of providers of your own.
    ///
    /// Those in it come before others of the same names. Also `WEBHOOK_PROVIDERS`.
    #[arg(long, global = true, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub providers: Option<PathBuf>,

    /// A setting of a provider's, such as `paypal.webhook-id=…`; repeatable. `providers show` lists them.
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    pub setting: Vec<String>,

    /// Say less: a line for each delivery and each answer, without notes, payloads and counts.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more: also the body of a 2xx answer, and the command line that sends a request again.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl GlobalArgs {
    /// How much is said of what happens.
    pub const fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Little,
            (false, true) => Detail::Much,
            (false, false) => Detail::Usual,
        }
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorWhen {
    /// Where the stream is a terminal.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// What to do. The line above a variant is for the list of commands: the flags and the help of a command
/// are made when it is the one that was typed.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
#[allow(clippy::large_enum_variant)] // One value a run; a box would only hide the fields.
pub enum Command {
    /// Receive deliveries on a local port, verify, keep, print and forward them.
    Listen(ListenArgs),
    /// Send correctly signed test events, exactly as the provider would.
    Send(SendArgs),
    /// Print the headers that sign a body, for other tools.
    Sign(SignArgs),
    /// Check captured deliveries, and say why a signature fails.
    Verify(VerifyArgs),
    /// Send logged deliveries again, so that they pass the receiver's checks.
    Replay(ReplayArgs),
    /// Check whether a handler is correct: play its provider, friendly and hostile.
    Test(TestArgs),
    /// Play a provider on this machine: its API, its deliveries, its retries, its bad days.
    Emulate(EmulateArgs),
    /// Look into the log in a browser: see, filter, compare, change and replay deliveries.
    Inspect(InspectArgs),
    /// List, show, follow, export and prune what was received.
    Log(LogArgs),
    /// List the events that can be sent.
    Events(EventsArgs),
    /// List the providers, or show one.
    Providers(ProvidersArgs),
    /// Show each setting and where it comes from.
    #[command(
        after_help = "Examples:\n  webhook config\n  webhook config listen.port\n  webhook config --env-file .env.local"
    )]
    Config {
        /// Only the setting of this name, or those of a section: `listen.port`, `listen` [default: all].
        #[arg(value_name = "KEY")]
        key: Option<String>,

        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,

        /// A file of `KEY=VALUE` lines that stand in for environment variables.
        #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
        env_file: Option<PathBuf>,
    },
    /// Print a completion script for a shell.
    ///
    /// Events, providers and recent deliveries complete, too: the script asks this program for
    /// them, so `webhook` has to be on the PATH.
    #[command(after_help = LOADING)]
    Completions {
        /// The shell.
        #[arg(value_enum, value_name = "SHELL")]
        shell: Shell,
    },
    /// Print a manual page, or write all pages into a folder.
    ///
    /// The page is troff, which `man` renders; it is not printed to a terminal.
    #[command(after_help = MAN_EXAMPLES)]
    Man {
        /// The command that the page is of, such as `log show` [default: all of them].
        #[arg(value_name = "COMMAND", conflicts_with = "output")]
        command: Vec<String>,

        /// The folder for the pages of all commands.
        #[arg(short, long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
        output: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_text_of_no_command_holds_a_secret() {
        let required = [
            ("listen", &[][..]),
            ("send", &["order.created"]),
            ("sign", &["--provider", "olympus"]),
            ("verify", &["capture.json"]),
            ("replay", &["@last"]),
            ("test", &["--url", "3000"]),
            ("emulate", &["olympus", "--api-key", "hunter2"]),
            ("inspect", &[]),
        ];
        let program = program();
        let commands = program.get_subcommands();
        let taking =
            commands.filter(|command| command.get_arguments().any(|a| a.get_id() == "secret"));
        let mut names: Vec<_> = taking.map(clap::Command::get_name).collect();
        names.sort_unstable();
        let mut tried: Vec<_> = required.iter().map(|(name, _)| *name).collect();
        tried.sort_unstable();
        assert_eq!(names, tried);
        for (name, arguments) in required {
            let secrets = [
                "--secret",
                "whsec_hunter2",
                "--secret",
                "olympus=whsec_hunter2",
            ];
            let line = [&["webhook", name][..], arguments, &secrets].concat();
            let cli = Cli::try_parse_from(line).unwrap();
            let text = format!("{cli:?} {cli:#?}");
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains("2 (redacted)"), "{text}");
        }
    }
}
