//! `webhook events`, `providers`, `completions` and `man`.

use clap::{Args, Subcommand, ValueEnum};

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
  webhook providers show olympus";

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
