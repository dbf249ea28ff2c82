//! The inputs: files and stdin.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use super::live::{LiveReader, OnWait};
use crate::cli::VerifyArgs;
use crate::exit::CliError;
use crate::formats::refuse_device;

/// Where captures, or a body, are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureInput {
    /// `-`, or nothing.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// The inputs in their order. Refused are a terminal that nobody asked to read from, as the program
/// would seem to hang, and stdin for two things at once, as the second would find it empty.
pub fn of(args: &VerifyArgs, stdin_is_terminal: bool) -> Result<Vec<CaptureInput>, CliError> {
    if args.files.is_empty() && stdin_is_terminal {
        return Err(
            CliError::usage("no captures given, and stdin is a terminal")
                .hint("name a file, pipe captures in, or give `-` to type them"),
        );
    }
    let mut inputs: Vec<_> = args
        .files
        .iter()
        .map(|path| CaptureInput::of(path))
        .collect();
    if inputs.is_empty() {
        inputs.push(CaptureInput::Stdin);
    }
    let captures = inputs.iter().filter(|i| **i == CaptureInput::Stdin).count();
    let secrets = args.secrets.secret_file.iter();
    let secrets = secrets.filter(|path| *path == "-" || path.ends_with("=-"));
    if captures + secrets.count() > 1 {
        return Err(CliError::usage("stdin is asked for twice")
            .hint("name a file for the captures or for the secret"));
    }
    Ok(inputs)
}

impl CaptureInput {
    fn of(path: &Path) -> Self {
        if path.as_os_str() == "-" {
            Self::Stdin
        } else {
            Self::File(path.to_owned())
        }
    }

    /// What people know it by.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "stdin".into(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The file's name, whose extension tells its form where its first bytes leave a doubt.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Stdin => None,
            Self::File(path) => path.to_str(),
        }
    }

    /// Opens it; a path is taken from `folder`. Of what may stay open, `on_wait` is told whenever
    /// nothing more is there.
    pub fn open(&self, folder: &Path, on_wait: OnWait) -> io::Result<Box<dyn Read>> {
        let path = match self {
            Self::File(path) => folder.join(path),
            Self::Stdin => {
                let stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
                refuse_device(&stdin)?;
                return if stdin.metadata()?.is_file() {
                    Ok(Box::new(stdin))
                } else {
                    Ok(Box::new(LiveReader::start(move || Ok(stdin), on_wait)?))
                };
            }
        };
        if fs::metadata(&path)?.file_type().is_fifo() {
            // To open it waits for who writes to it.
            return Ok(Box::new(LiveReader::start(
                move || File::open(path),
                on_wait,
            )?));
        }
        let file = File::open(path)?;
        refuse_device(&file)?;
        Ok(Box::new(file))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn inputs(words: &[&str], stdin_is_terminal: bool) -> Result<Vec<CaptureInput>, CliError> {
        let words = ["webhook", "verify"].iter().chain(words);
        match Cli::try_parse_from(words).unwrap().command {
            Command::Verify(args) => of(&args, stdin_is_terminal),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_is_stdin_unless_that_is_a_terminal() {
        assert_eq!(inputs(&[], false), Ok(vec![CaptureInput::Stdin]));
        assert_eq!(inputs(&["-"], true), Ok(vec![CaptureInput::Stdin]));
        assert_eq!(inputs(&[], true).unwrap_err().code(), 2);
        let file = Ok(vec![CaptureInput::File("a.json".into())]);
        assert_eq!(inputs(&["a.json"], true), file);
    }

    #[test]
    fn stdin_is_read_for_one_thing_only() {
        for words in [
            &["-", "-"][..],
            &["--secret-file", "-"],
            &["-", "--secret-file", "olympus=-"],
        ] {
            assert_eq!(inputs(words, false).unwrap_err().code(), 2, "{words:?}");
        }
        assert!(inputs(&["a.json", "--secret-file", "-"], false).is_ok());
    }
}
