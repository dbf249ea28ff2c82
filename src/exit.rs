//! How a run ends: the only place that knows exit codes.

mod errors;
mod shape;

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::delivery::{Attempt, FailureKind};

use errors::for_reading;

/// How a command ended that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Yes: verified, delivered, expectation met. 0.
    Yes,
    /// No: not valid, not 2xx, not met. 1.
    No,
    /// The endpoint was not reached or did not answer in time. 3.
    Unreachable,
    /// A command that ran meanwhile ended with this code.
    Command(u8),
    /// A signal cut the work short. 130, 141 or 143.
    Interrupted(Signal),
}

/// A signal that ends the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGPIPE: nobody reads the output any more.
    Pipe,
}

impl Outcome {
    /// Yes where `condition` holds, else no.
    pub const fn of(condition: bool) -> Self {
        if condition { Self::Yes } else { Self::No }
    }

    /// The worse of two, for commands that do several things: an endpoint that answers no says more
    /// than one that was not reached; an interruption is the worst.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if self.rank() >= other.rank() {
            self
        } else {
            other
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::Unreachable => 1,
            Self::Command(_) => 2,
            Self::No => 3,
            Self::Interrupted(_) => 4,
        }
    }

    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Unreachable => 3,
            Self::Command(code) => code,
            Self::Interrupted(Signal::Interrupt) => 130,
            Self::Interrupted(Signal::Terminate) => 143,
            Self::Interrupted(Signal::Pipe) => 141,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        outcome.code().into()
    }
}

/// Why a command could not do its work: what is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliError {
    kind: ExitKind,
    /// One line: what is wrong.
    pub message: String,
    /// One line: what to do.
    pub hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExitKind {
    Usage,
    Unreachable,
    Unreadable,
    ClosedPipe,
}

impl CliError {
    /// Wrong usage or configuration: 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitKind::Usage, message)
    }

    /// Somebody without whom nothing can be done was not reached or did not answer in time: 3.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(ExitKind::Unreachable, message)
    }

    /// An input or the log cannot be read or written: 4.
    pub fn unreadable(message: impl Into<String>) -> Self {
        Self::new(ExitKind::Unreadable, message)
    }

    /// A file that the user named cannot be read: 4.
    pub fn unread(name: impl fmt::Display, error: &io::Error) -> Self {
        Self::unreadable(format!("cannot read `{name}`: {error}")).hint(for_reading(error.kind()))
    }

    /// A file that the user named cannot be written: 4.
    pub fn unwritable(path: &Path, error: impl fmt::Display) -> Self {
        Self::unreadable(format!("cannot write `{}`: {error}", path.display()))
            .hint("name a file in a folder that is there and that you may write to")
    }

    fn new(kind: ExitKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: without_number(message.into()),
            hint: None,
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with what to do about it, where something is known.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// How a command ends whose code is an answer, when nobody reads any more: with the worst that is
    /// known by then, else as work that was cut short. A yes would be about what was never looked at.
    pub fn or_known(self, known: Outcome) -> Result<Outcome, Self> {
        match (self.is_closed_pipe(), known) {
            (false, _) => Err(self),
            (true, Outcome::Yes) => Ok(Outcome::Interrupted(Signal::Pipe)),
            (true, known) => Ok(known),
        }
    }

    /// Whether nobody reads any more, which is a quiet end and no error.
    pub const fn is_closed_pipe(&self) -> bool {
        matches!(self.kind, ExitKind::ClosedPipe)
    }

    /// The exit code.
    pub const fn code(&self) -> u8 {
        match self.kind {
            ExitKind::ClosedPipe => 0,
            ExitKind::Usage => 2,
            ExitKind::Unreachable => 3,
            ExitKind::Unreadable => 4,
        }
    }
}

/// A message without the number that Rust writes behind the system's words.
fn without_number(mut message: String) -> String {
    if let Some(start) = message.find(" (os error ")
        && let Some(length) = message[start..].find(')')
    {
        message.replace_range(start..=start + length, "");
    }
    message
}

/// Writing to stdout failed.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(ExitKind::ClosedPipe, "nobody reads the output");
        }
        Self::unreadable(format!("cannot write the output: {error}"))
            .hint("make room, or send it to another place")
    }
}

/// What an attempt means: whether it was answered 2xx.
impl From<&Attempt> for Outcome {
    fn from(attempt: &Attempt) -> Self {
        match &attempt.outcome {
            Ok(answer) => Self::of(answer.is_success()),
            Err(failure) => failure.kind.into(),
        }
    }
}

impl From<FailureKind> for Outcome {
    fn from(_: FailureKind) -> Self {
        Self::Unreachable
    }
}
