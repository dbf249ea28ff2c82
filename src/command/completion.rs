//! `webhook completions`, and the answers to a shell that completes.
//!
//! The scripts ask this program for every candidate, so that events, providers and recent
//! deliveries complete. What goes wrong meanwhile is silent: a shell shows it in the middle of the
//! line that is being typed.

use std::ffi::OsStr;
use std::io;

use clap::{Arg, Command, CommandFactory as _};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use super::World;
use crate::cli::{Cli, Shell};
use crate::exit::{CliError, Outcome};

mod bash;
mod candidates;
mod sparing;

use bash::Bash;
use candidates::Known;
use sparing::Sparing;

/// The program as the scripts find it, on the `PATH`.
const PROGRAM: &str = "webhook";
/// The variable by which a script asks.
const VARIABLE: &str = "COMPLETE";

/// Answers a shell that asks for completions, and ends; does nothing where none asks.
pub fn complete_from_environment() {
    // The engine takes the variable away before it asks for the command.
    let closes = closes_every_value();
    CompleteEnv::with_factory(move || with_completers(Cli::command(), "", closes))
        .var(VARIABLE)
        .bin(PROGRAM)
        .completer(PROGRAM)
        .shells(Shells(&[
            &Bash,
            &Sparing(&Elvish),
            &Sparing(&Fish),
            &Sparing(&Powershell),
            &Sparing(&Zsh),
        ]))
        .complete();
}

/// Prints the script that makes a shell ask this program.
pub fn script(shell: Shell, world: &World) -> Result<Outcome, CliError> {
    let mut script = Vec::new();
    registration(shell, &mut script)?;
    world.console.raw(&script)?;
    Ok(Outcome::Yes)
}

fn registration(shell: Shell, script: &mut Vec<u8>) -> io::Result<()> {
    let engine: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Powershell => &Powershell,
        Shell::Elvish => &Elvish,
    };
    engine.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, script)
}

/// The command and those below it, with what their arguments can be. `path` is the names above it;
/// `closes` is [`closes_every_value`].
fn with_completers(command: Command, path: &str, closes: bool) -> Command {
    let path = format!("{path} {}", command.get_name());
    let place = path.clone();
    command
        .mut_args(move |arg| with_completer(arg, &place, closes))
        .mut_subcommands(move |below| with_completers(below, &path, closes))
}

fn with_completer(arg: Arg, command: &str, closes: bool) -> Arg {
    let candidates: fn(&Known) -> Vec<CompletionCandidate> = match (command, arg.get_id().as_str())
    {
        (" webhook replay" | " webhook log show", "id")
        | (" webhook log diff", "left" | "right") => Known::deliveries,
        (" webhook test", "only" | "skip") => Known::checks,
        (_, "provider") | (" webhook events", "of") | (" webhook providers show", "name") => {
            Known::providers
        }
        (_, "event" | "events" | "expect") => Known::events,
        (_, "verdict") => |_| Known::verdicts(),
        (_, "secret") if !closes => Known::secret_names,
        _ => return arg,
    };
    arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
        beginning_with(typed, candidates(&Known::of_process()))
    }))
}

/// Whether the shell that asks closes each value as a word of its own: bash and zsh, which would
/// make `NAME=` and the secret behind it two words.
fn closes_every_value() -> bool {
    let shell = std::env::var(VARIABLE);
    shell.is_ok_and(|shell| shell == "bash" || shell == "zsh")
}

fn beginning_with(typed: &OsStr, candidates: Vec<CompletionCandidate>) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else {
        return Vec::new();
    };
    let begins = |candidate: &CompletionCandidate| {
        let value = candidate.get_value().to_str();
        value.is_some_and(|value| value.starts_with(typed))
    };
    candidates.into_iter().filter(begins).collect()
}
