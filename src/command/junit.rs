//! The `JUnit` report of a run: gathered while it goes on, written at its end in one piece.

use std::path::{Path, PathBuf};

use super::World;
use crate::exit::CliError;
use crate::report::junit::{JunitCase, junit};

/// The name that means stdout.
const STDOUT: &str = "-";

/// A report, and where it goes.
pub struct JunitReport {
    suite: &'static str,
    path: PathBuf,
    cases: Vec<JunitCase>,
}

impl JunitReport {
    /// A report of this suite, where `--junit` asks for one. `other` is what else takes stdout whole.
    pub fn of(
        suite: &'static str,
        path: Option<&Path>,
        other: Option<&str>,
    ) -> Result<Option<Self>, CliError> {
        let report = path.map(|path| Self {
            suite,
            path: path.to_owned(),
            cases: Vec::new(),
        });
        match other.filter(|_| takes_stdout(path)) {
            Some(other) => Err(CliError::usage(format!(
                "`--junit -` and `{other}` both write to stdout"
            ))
            .hint("give one of them, or a file: `--junit report.xml`")),
            None => Ok(report),
        }
    }

    /// Takes a case.
    pub fn add(&mut self, case: JunitCase) {
        self.cases.push(case);
    }

    /// Writes the document.
    pub fn write(&self, world: &World) -> Result<(), CliError> {
        let unwritable = |error: String| CliError::unwritable(&self.path, error);
        let document =
            junit(self.suite, &self.cases).map_err(|error| unwritable(error.to_string()))?;
        if takes_stdout(Some(&self.path)) {
            return Ok(world.console.raw(document.as_bytes())?);
        }
        std::fs::write(world.folder.join(&self.path), document)
            .map_err(|error| unwritable(error.to_string()))
    }
}

/// Whether a report to this path takes the place of everything else on stdout.
pub fn takes_stdout(path: Option<&Path>) -> bool {
    path.is_some_and(|path| path == Path::new(STDOUT))
}
