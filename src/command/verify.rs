//! `webhook verify`.
//!
//! An input that cannot be read outweighs a capture that is not valid: the others are still judged
//! and shown, and the run ends with 4, as nobody can say what that input would have been.

mod input;
mod json;
mod judging;
mod report;
mod rows;

use std::io::{self, IsTerminal as _, Read};

use super::World;
use super::setup::Setup;
use crate::cli::{GlobalArgs, VerifyArgs};
use crate::exit::{CliError, Outcome};
use crate::formats::{self, FormatError};
use input::Input;
use judging::Judging;
use report::Report;

/// Runs the command.
pub fn run(args: &VerifyArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let inputs = input::of(args, io::stdin().is_terminal())?;
    let setup = Setup::load(global, args.secrets.env_file.as_deref(), world)?;
    let judging = Judging::new(args, &setup, world)?;
    let mut report = Report::new(args, world);
    for input in &inputs {
        verify(input, &judging, world, &mut report)?;
    }
    report.finish()
}

/// Judges what an input holds. Fails only where the report cannot be written; what is wrong with
/// the input goes into the report.
fn verify(
    input: &Input,
    judging: &Judging<'_>,
    world: &World,
    report: &mut Report,
) -> Result<(), CliError> {
    let name = input.name();
    let reader = match input.open(&world.folder) {
        Ok(reader) => reader,
        Err(error) => {
            report.fail(&name, unopened(&name, &error));
            return Ok(());
        }
    };
    if !judging.takes_bodies() {
        return verify_captures(input, reader, judging, report);
    }
    match judging.body(report.flushing(reader)) {
        Ok(judgement) => report.add(&name, None, &judgement)?,
        Err(error) => report.fail(&name, unopened(&name, &error)),
    }
    Ok(())
}

fn verify_captures(
    input: &Input,
    reader: impl Read,
    judging: &Judging<'_>,
    report: &mut Report,
) -> Result<(), CliError> {
    let name = input.name();
    let reader = report.flushing_lines(reader);
    let mut captures = match formats::captures(reader, input.hint()) {
        Ok(captures) => captures,
        Err(error) => {
            report.fail(&name, unreadable(&name, &error, true));
            return Ok(());
        }
    };
    let mut found = 0_u64;
    for reading in captures.by_ref() {
        match reading {
            Ok(reading) => {
                report.add(&name, Some(reading.place), &judging.capture(&reading))?;
            }
            Err(error) => report.fail(&name, unreadable(&name, &error, found == 0)),
        }
        found += 1;
    }
    if found == 0 {
        let message = match (input, captures.skipped()) {
            (_, 0) => format!("`{name}`: no captures in it"),
            (Input::Stdin, _) => format!("`{name}`: no deliveries came"),
            (Input::File(_), skipped) => {
                format!("`{name}`: no deliveries in it, {skipped} lines of other kinds")
            }
        };
        report.fail(&name, CliError::unreadable(message));
    }
    if found == 1 {
        report.stands_alone(&name);
    }
    Ok(())
}

fn unopened(name: &str, error: &io::Error) -> CliError {
    CliError::unreadable(format!("cannot read `{name}`: {error}"))
}

/// What is wrong with an input. At its first line it may be that it is a bare body.
fn unreadable(name: &str, error: &FormatError, is_first: bool) -> CliError {
    let hint = if is_first && error.may_be_body() {
        Some("if this is a body, give its headers with `-H 'Name: value'`".into())
    } else {
        error.hint()
    };
    CliError::unreadable(format!("`{name}`: {error}")).maybe_hint(hint)
}
