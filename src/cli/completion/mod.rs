//! What a shell needs to complete a command line.
//!
//! The scripts ask this program for every candidate, so that events, providers and recent
//! deliveries complete. What goes wrong meanwhile is silent: a shell shows it in the middle of the
//! line that is being typed.

mod words;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;

use clap::{Arg, Command};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use super::{Shell, program};
use words::TypedLine;

/// The program as the scripts find it, on the `PATH`.
const PROGRAM: &str = "webhook";
/// The variable by which a script asks.
const VARIABLE: &str = "COMPLETE";

/// What a place of the command line can be.
pub type Candidates = fn() -> Vec<CompletionCandidate>;

/// Answers a shell that asks for completions, and ends; does nothing where none asks.
///
/// `candidates` finds those of an argument, by the names of its command (` webhook log show`) and
/// its id.
pub fn complete_from_environment(candidates: fn(&str, &str) -> Option<Candidates>) {
    CompleteEnv::with_factory(move || with_candidates(program(), "", candidates))
        .var(VARIABLE)
        .bin(PROGRAM)
        .completer(PROGRAM)
        .shells(Shells(&[
            &Timely(&Bash),
            &Timely(&Elvish),
            &Timely(&Fish),
            &Timely(&Powershell),
            &Timely(&Zsh),
        ]))
        .complete();
}

/// Whether the shell that asks closes each value as a word of its own: bash and zsh, which would
/// make `NAME=` and the secret behind it two words. The engine takes the variable away before it
/// asks for the command, so this is asked first.
pub fn closes_every_value() -> bool {
    let shell = std::env::var(VARIABLE);
    shell.is_ok_and(|shell| shell == "bash" || shell == "zsh")
}

/// The script that makes a shell ask this program.
pub fn script(shell: Shell) -> io::Result<Vec<u8>> {
    let engine: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Powershell => &Powershell,
        Shell::Elvish => &Elvish,
    };
    let mut script = Vec::new();
    engine.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    Ok(script)
}

/// The command and those below it, with what their arguments can be. `path` is the names above it.
fn with_candidates(
    command: Command,
    path: &str,
    candidates: fn(&str, &str) -> Option<Candidates>,
) -> Command {
    let path = format!("{path} {}", command.get_name());
    let place = path.clone();
    let completed = move |arg: Arg| match candidates(&place, arg.get_id().as_str()) {
        Some(candidates) => arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
            beginning_with(typed, candidates())
        })),
        None => arg,
    };
    command
        .mut_args(completed)
        .mut_subcommands(move |below| with_candidates(below, &path, candidates))
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

/// An engine of `clap_complete` that offers options only where one is being typed: it offers them
/// along with the values of a place, and some shells then sort them before the values. The words
/// that bash broke are joined for it.
#[derive(Clone, Copy)]
struct Timely(&'static (dyn EnvCompleter + Sync));

impl EnvCompleter for Timely {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn is(&self, name: &str) -> bool {
        self.0.is(name)
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        self.0.write_registration(var, name, bin, completer, buf)
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        if Bash.is(self.name()) {
            return complete_broken_words(cmd, &args, current_dir, buf);
        }
        let index = index_of_process().unwrap_or(args.len().saturating_sub(1));
        let typed = args.get(index).cloned().unwrap_or_default();
        let mut lines = Vec::new();
        self.0.write_complete(cmd, args, current_dir, &mut lines)?;
        let timely = lines
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| is_timely(line, &typed));
        buf.write_all(&timely.collect::<Vec<_>>().concat())
    }
}

/// Bash replaces only what follows the last break, so each candidate is written without the rest.
fn complete_broken_words(
    cmd: &mut Command,
    pieces: &[OsString],
    current_dir: Option<&Path>,
    buf: &mut dyn Write,
) -> io::Result<()> {
    let separator = std::env::var("_CLAP_IFS").unwrap_or_else(|_| "\n".into());
    let line = TypedLine::join(pieces, index_of_process().unwrap_or_default());
    let typed = line.words.get(line.index).cloned().unwrap_or_default();
    let candidates = complete(cmd, line.words, line.index, current_dir)?;
    let timely = candidates
        .iter()
        .filter(|candidate| is_timely(candidate.get_value().as_encoded_bytes(), &typed));
    let values = timely.map(|candidate| {
        let value = candidate.get_value().to_string_lossy();
        let rest = value.strip_prefix(line.kept.as_str()).unwrap_or(&value);
        rest.to_owned()
    });
    buf.write_all(values.collect::<Vec<_>>().join(&separator).as_bytes())
}

/// The place of the word that is completed, as the scripts of most shells tell it.
fn index_of_process() -> Option<usize> {
    let text = std::env::var("_CLAP_COMPLETE_INDEX").ok()?;
    text.parse().ok()
}

/// Whether a candidate is to be offered for what has been typed of the word.
fn is_timely(candidate: &[u8], typed: &OsStr) -> bool {
    !candidate.starts_with(b"-") || typed.as_encoded_bytes().starts_with(b"-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_offered_only_where_one_is_being_typed() {
        for (candidate, typed, expected) in [
            ("--as", "", false),
            ("--as", "-", true),
            ("--as", "--a", true),
            ("@last", "", true),
            ("--secret=x", "--secret=", true),
        ] {
            let found = is_timely(candidate.as_bytes(), OsStr::new(typed));
            assert_eq!(found, expected, "{candidate} for {typed:?}");
        }
    }
}
