//! Options only where one is being typed.
//!
//! The engine offers every option along with the values of a place, and some shells then sort them
//! before the values. What begins with `-` is offered only to a word that does.

use std::ffi::{OsStr, OsString};
use std::io::{Error, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::EnvCompleter;

/// An adapter of `clap_complete` that writes a candidate a line, without untimely options.
#[derive(Clone, Copy)]
pub struct Sparing(pub &'static (dyn EnvCompleter + Sync));

impl EnvCompleter for Sparing {
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
    ) -> Result<(), Error> {
        self.0.write_registration(var, name, bin, completer, buf)
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> Result<(), Error> {
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

/// The place of the word that is completed, as the scripts of most shells tell it.
pub fn index_of_process() -> Option<usize> {
    let text = std::env::var("_CLAP_COMPLETE_INDEX").ok()?;
    text.parse().ok()
}

/// Whether a candidate is to be offered for what has been typed of the word.
pub fn is_timely(candidate: &[u8], typed: &OsStr) -> bool {
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
