//! `webhook events`, `providers`, `completions` and `man`.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use strum::VariantArray as _;

use crate::provider::FolderFile;

const EVENTS_EXAMPLES: &str = "\
Examples:
  webhook events
  webhook events olympus
  webhook events --faults
  webhook events show order.created";

const EVENT_EXAMPLES: &str = "\
Examples:
  webhook events show order.created --provider olympus";

const PROVIDERS_EXAMPLES: &str = "\
Examples:
  webhook providers
  webhook providers show olympus
  webhook providers new acme --like stripe
  webhook providers check";

const NEW_EXAMPLES: &str = "\
Examples:
  webhook providers new acme
  webhook providers new acme --like stripe";

const IMPORT_EXAMPLES: &str = "\
Examples:
  webhook providers import openapi.json --name acme
  webhook providers import openapi.json --name acme --like stripe";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  webhook providers schema
  webhook providers schema event";

const REFERENCE_EXAMPLES: &str = "\
Examples:
  webhook providers reference";

const CHECK_EXAMPLES: &str = "\
Examples:
  webhook providers check
  webhook providers check providers/acme

Exit codes: 0 all is right · 1 something is wrong · 4 a folder cannot be read";

const PROVIDER_EXAMPLES: &str = "\
Examples:
  webhook providers show olympus";

/// List the events that can be sent.
///
/// Of each payload it tells how much the provider's document shows: all of it (`documented`), some of
/// its fields (`documented in part`; which, stands below the list), or nothing, so that the payload is
/// `inferred` in the provider's style.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(
    after_help = EVENTS_EXAMPLES
)]
pub struct EventsArgs {
    #[command(subcommand)]
    pub command: Option<EventsCommand>,

    /// Only those of this provider.
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// The same as a flag, as other commands take it.
    #[arg(
        short = 'p',
        long = "provider",
        value_name = "NAME",
        conflicts_with = "provider"
    )]
    pub of: Option<String>,

    /// List the deliberate faults of `send --fault` instead.
    #[arg(long, conflicts_with_all = ["provider", "of"])]
    pub faults: bool,

    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// What to do with the events.
#[derive(Debug, Clone, Subcommand)]
pub enum EventsCommand {
    /// Show an event's payload, as `send` would send it now.
    #[command(after_help = EVENT_EXAMPLES)]
    Show {
        /// The event.
        #[arg(value_name = "EVENT")]
        event: String,

        /// The provider, where several have such an event [default: the configured, else the first].
        #[arg(short, long, value_name = "NAME")]
        provider: Option<String>,

        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// List the providers, or show one.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = PROVIDERS_EXAMPLES)]
pub struct ProvidersArgs {
    #[command(subcommand)]
    pub command: Option<ProvidersCommand>,

    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// What to do with the providers.
#[derive(Debug, Clone, Subcommand)]
pub enum ProvidersCommand {
    /// Show a provider's signature, retries, and what is documented, contradictory and assumed.
    #[command(after_help = PROVIDER_EXAMPLES)]
    Show {
        /// The provider.
        #[arg(value_name = "NAME")]
        name: String,

        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write the folder of a provider of your own: one that loads and sends at once.
    #[command(after_help = NEW_EXAMPLES)]
    New {
        /// The provider's name, which flags and captures will use.
        #[arg(value_name = "NAME", value_parser = folder_name)]
        name: String,

        /// A provider that signs and delivers alike.
        #[arg(long, value_name = "PROVIDER")]
        like: Option<String>,

        /// The folder in which it is written.
        #[arg(long = "in", value_name = "FOLDER", value_hint = ValueHint::DirPath, default_value = "providers")]
        folder: PathBuf,
    },
    /// Make a provider's folder of an API's description, an event of each of its webhooks.
    ///
    /// Webhooks stand in `webhooks`, `x-webhooks` or `callbacks`. Their payloads are the examples that the
    /// description shows, else values that are made of its schemas. The schemas are kept beside the events:
    /// `verify`, `listen`, `send` and `test` say where a payload does not fit.
    #[command(after_help = IMPORT_EXAMPLES)]
    Import {
        /// The description, in JSON or YAML.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,

        /// The provider's name [default: made of the description's title].
        #[arg(long, value_name = "NAME", value_parser = folder_name)]
        name: Option<String>,

        /// A provider that signs and delivers alike.
        #[arg(long, value_name = "PROVIDER")]
        like: Option<String>,

        /// The folder in which it is written.
        #[arg(long = "in", value_name = "FOLDER", value_hint = ValueHint::DirPath, default_value = "providers")]
        folder: PathBuf,
    },
    /// Print the JSON Schema of a provider's files, with which editors complete and check them.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema {
        /// Of which file.
        #[arg(value_name = "FILE", default_value_t)]
        file: FolderFile,
    },
    /// Print the reference of all that a provider's files can say, in Markdown.
    #[command(after_help = REFERENCE_EXAMPLES)]
    Reference,
    /// Tell all that is wrong in folders of providers, and check their events and vectors.
    #[command(after_help = CHECK_EXAMPLES)]
    Check {
        /// Folders of providers, or folders of such [default: those of your own providers].
        #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
        folders: Vec<PathBuf>,

        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

impl ValueEnum for FolderFile {
    fn value_variants<'a>() -> &'a [Self] {
        Self::VARIANTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.to_string()))
    }
}

/// A name that a folder, a flag and a variable can have.
fn folder_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !text.is_empty() && text.chars().all(is_plain) && !text.starts_with('-') {
        Ok(text.to_owned())
    } else {
        Err("a name has small letters, digits and hyphens".into())
    }
}

/// How each shell loads its script, below the help of `completions`.
pub(super) const LOADING: &str = "\
Load it in the shell's start-up file:
  bash, ~/.bashrc:
    source <(webhook completions bash)
  zsh, ~/.zshrc:
    autoload -U compinit && compinit
    source <(webhook completions zsh)
  fish, ~/.config/fish/config.fish:
    webhook completions fish | source
  PowerShell, $PROFILE:
    webhook completions powershell | Out-String | Invoke-Expression
  elvish, ~/.config/elvish/rc.elv:
    eval (webhook completions elvish | slurp)";

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

/// Below the help of `man`.
pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  webhook man | man -l -
  webhook man log show | man -l -
  webhook man --output ~/.local/share/man/man1";
