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
mod listen;
mod log;
pub mod man;
mod program;
mod replay;
mod select;
mod send;
mod sign;
mod test;
pub mod usage;
pub mod value;
mod verify;

use std::fmt;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use serde::Deserialize;

pub use crate::receive::{InvalidPolicy, UnsignedPolicy};
pub use crate::report::{BodyDetail, Detail};
use crate::signature::Freshness;
pub use api::{ApiArgs, ApiKey};
pub use catalog::{EventsArgs, EventsCommand, ProvidersArgs, ProvidersCommand, Shell};
use catalog::{LOADING, MAN_EXAMPLES};
pub use emulate::{EMULATE_PORT, EmulateArgs, EmulateCommand, EndpointsCommand};
pub use listen::{DEFAULT_PORT, ListenArgs};
pub use log::{ExportFormat, LogArgs, LogCommand, ShowAs};
use program::HelpOrder;
pub use program::{join_keys, own_flags, program};
pub use replay::{Pace, ReplayArgs, SignMode};
pub use select::{ALL_SOURCES, SelectArgs};
pub use send::SendArgs;
pub use sign::{SignArgs, SignAs};
pub use test::{TestArgs, TestOutput};
pub use verify::VerifyArgs;

/// What `--secret` holds when it was given without a value: ask on the terminal. No argument can
/// hold a NUL, so no secret is mistaken for it.
pub const ASK: &str = "\0";

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
/// `listen` receives deliveries on a local port, checks their signatures and keeps them; `send`
/// composes and sends correctly signed test events; `sign` prints the headers for a body of yours; `verify` says why a captured signature fails;
/// `replay` sends logged deliveries again so that they pass the receiver's checks; `test` plays a
/// provider against your handler and says what it gets wrong; `emulate` is a provider on this machine, with
/// its API and its retries. No account, no cloud.
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

impl SecretArgs {
    /// How many of them are read from stdin, which can be read for one thing only.
    pub fn from_stdin(&self) -> usize {
        let is_stdin = |path: &&String| *path == "-" || path.ends_with("=-");
        self.secret_file.iter().filter(is_stdin).count()
    }
}

/// Where signing secrets come from. `Debug` prints all but the secrets themselves.
#[derive(Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "Secrets")]
pub struct SecretArgs {
    /// A signing secret; `NAME=VALUE` for one provider; repeat for rotation.
    ///
    /// `NAME=` counts only where NAME is a provider; any other text is itself the secret. With
    /// several, each is tried, and the verdict names the one that matched by its place
    /// (`olympus#2`), never by its text. Without a value it asks on the terminal, without echo; one
    /// that begins with `-` is given as `--secret=-…`. They take the place of a provider's in files.
    ///
    /// Also `WEBHOOK_SECRET`, and `WEBHOOK_SECRET_OLYMPUS` and the like for one provider.
    #[arg(long, value_name = "VALUE", num_args = 0..=1, default_missing_value = ASK)]
    #[arg(action = clap::ArgAction::Append)]
    pub secret: Vec<String>,

    /// A file that holds a secret, `-` for stdin; one trailing newline is dropped.
    ///
    /// `NAME=PATH` for one provider, as with `--secret`.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub secret_file: Vec<String>,

    /// A file of `KEY=VALUE` lines that stand in for environment variables, such as .env.local.
    ///
    /// The real environment wins where both have a variable.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub env_file: Option<PathBuf>,
}

impl fmt::Debug for SecretArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretArgs")
            .field("secret", &format_args!("{} (redacted)", self.secret.len()))
            .field("secret_file", &self.secret_file)
            .field("env_file", &self.env_file)
            .finish()
    }
}

/// How signatures are judged.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Verdict")]
pub struct VerdictArgs {
    /// How old a signature may be, such as `5m`; `none` to ignore its time [default: as documented].
    #[arg(long, value_name = "SPAN", value_parser = value::tolerance)]
    pub tolerance: Option<Freshness>,

    /// Refuse what is signed further in the future than the tolerance, too.
    ///
    /// The documented receivers reject only the past, so by default the future earns a note.
    #[arg(long)]
    pub strict: bool,

    /// Of several signatures on a delivery, the one in this header decides [default: the first of the
    /// provider's that is there].
    #[arg(long, value_name = "NAME")]
    pub signature_at: Option<String>,
}

/// How endpoints are reached.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectArgs {
    /// A PEM file of certificates to trust besides the system's.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub cacert: Option<PathBuf>,

    /// Accept any certificate, for test servers.
    #[arg(long)]
    pub insecure: bool,
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
