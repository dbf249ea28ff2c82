//! `webhook events`, `providers`, `config`, `completions` and `man`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

/// List the events that can be sent.
#[derive(Debug, Clone, Args)]
pub struct EventsArgs {
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

/// List the providers, or show one.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
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
    /// Show a provider's signature, retries, and what is documented and what is assumed.
    Show {
        /// The provider.
        #[arg(value_name = "NAME")]
        name: String,

        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Show each setting and where it comes from.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

const LOADING: &str = "\
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

/// Print a completion script for a shell.
///
/// Events, providers and recent deliveries complete, too: the script asks this program for them,
/// so `webhook` has to be on the PATH.
#[derive(Debug, Clone, Args)]
#[command(after_help = LOADING)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

const MAN_EXAMPLES: &str = "\
Examples:
  webhook man | man -l -
  webhook man --output ~/.local/share/man/man1";

/// Print the manual page, or write all pages into a folder.
///
/// The page is troff, for `man` and the like to read: to a terminal it is not printed.
#[derive(Debug, Clone, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub struct ManArgs {
    /// The folder for the pages of all commands.
    #[arg(short, long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
}
