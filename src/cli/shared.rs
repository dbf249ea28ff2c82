//! Flags that several commands share: secrets, the judgement of signatures, how endpoints are reached.

use std::fmt;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::value;
use crate::signature::Freshness;

/// What `--secret` holds when it was given without a value: ask on the terminal. No argument can
/// hold a NUL, so no secret is mistaken for it.
pub const ASK: &str = "\0";

/// Where signing secrets come from. `Debug` prints all but the secrets themselves.
#[derive(Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "Secrets")]
pub struct SecretArgs {
    /// A signing secret; `NAME=VALUE` for one provider; repeat for rotation.
    ///
    /// `NAME=` counts only where NAME is a provider; any other text is itself the secret. With
    /// several, each is tried, and the verdict names the one that matched by its place
    /// (`olympus#2`), never by its text. Without a value it asks on the terminal, without echo; one
    /// that begins with `-` is given as `--secret=-…`. They take the place of a provider's in files.
    ///
    /// Also `WEBHOOK_SECRET`, and `WEBHOOK_SECRET_OLYMPUS` and the like for one provider.
    #[arg(long, value_name = "VALUE", num_args = 0..=1, default_missing_value = ASK)]
    #[arg(action = clap::ArgAction::Append)]
    pub secret: Vec<String>,

    /// A file that holds a secret, `-` for stdin; one trailing newline is dropped.
    ///
    /// `NAME=PATH` for one provider, as with `--secret`.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub secret_file: Vec<String>,

    /// A file of `KEY=VALUE` lines that stand in for environment variables, such as .env.local.
    ///
    /// The real environment wins where both have a variable.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub env_file: Option<PathBuf>,
}

impl fmt::Debug for SecretArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretArgs")
            .field("secret", &format_args!("{} (redacted)", self.secret.len()))
            .field("secret_file", &self.secret_file)
            .field("env_file", &self.env_file)
            .finish()
    }
}

impl SecretArgs {
    /// How many of them are read from stdin, which can be read for one thing only.
    pub fn from_stdin(&self) -> usize {
        let is_stdin = |path: &&String| *path == "-" || path.ends_with("=-");
        self.secret_file.iter().filter(is_stdin).count()
    }
}

/// How signatures are judged.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Verdict")]
pub struct VerdictArgs {
    /// How old a signature may be, such as `5m`; `none` to ignore its time [default: as documented].
    #[arg(long, value_name = "SPAN", value_parser = value::tolerance)]
    pub tolerance: Option<Freshness>,

    /// Refuse what is signed further in the future than the tolerance, too.
    ///
    /// The documented receivers reject only the past, so by default the future earns a note.
    #[arg(long)]
    pub strict: bool,

    /// Of several signatures on a delivery, the one in this header decides [default: the first of the
    /// provider's that is there].
    #[arg(long, value_name = "NAME")]
    pub signature_at: Option<String>,
}

/// How endpoints are reached.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectArgs {
    /// A PEM file of certificates to trust besides the system's.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub cacert: Option<PathBuf>,

    /// Accept any certificate, for test servers.
    #[arg(long)]
    pub insecure: bool,
}
