//! Flags that make no sense together, each told before anything is sent.

use crate::cli::SendArgs;
use crate::command::shape;
use crate::exit::CliError;
use crate::provider::Provider;

const NO_LOAD: &str = "leave out `--count`, `--duration`, `--rate` and `--concurrency`";

/// Whether a load is asked for, rather than each event once.
pub const fn is_load(args: &SendArgs) -> bool {
    args.count.is_some()
        || args.duration.is_some()
        || args.rate.is_some()
        || args.concurrency.is_some()
}

/// Fails where a flag would be a silent nothing beside another.
pub fn flags(args: &SendArgs) -> Result<(), CliError> {
    let pairs = [
        (
            is_load(args) && args.retry,
            "`--retry` follows one delivery at a time and cannot be part of a load",
            NO_LOAD,
        ),
        (
            is_load(args) && args.edit,
            "`--edit` shapes one delivery and cannot be part of a load",
            "edit a file, then give it: `--data @file --count N`",
        ),
        (
            is_load(args) && args.dry_run,
            "`--dry-run` prints each event once and cannot be part of a load",
            NO_LOAD,
        ),
        (
            args.retry && args.dry_run,
            "`--dry-run` sends nothing, so there is nothing to retry",
            "leave out `--retry`",
        ),
        (
            readers_of_stdin(args) > 1,
            "stdin can be read by one flag only",
            "give the others a file: `@file`, or `--secret-file PATH`",
        ),
    ];
    match pairs.into_iter().find(|(holds, ..)| *holds) {
        Some((_, message, hint)) => Err(CliError::usage(message).hint(hint)),
        None => Ok(()),
    }
}

fn readers_of_stdin(args: &SendArgs) -> usize {
    let sources = [&args.data, &args.body];
    let shaping = sources.into_iter().flatten().filter(|text| *text == "-");
    shaping.count() + args.secrets.from_stdin()
}

/// Fails where a header or an id is given that would not go out as given.
pub fn of_provider(args: &SendArgs, provider: &Provider) -> Result<(), CliError> {
    for (name, _) in &args.header {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if provider.definition.signature.header().is_some_and(is) {
            let message = format!("`{name}` is the signature, which is made here");
            return Err(CliError::usage(message)
                .hint("`--fault` sends a wrong one; `--dry-run --as curl` prints one to change"));
        }
    }
    match args.body {
        Some(_) => shape::refuse_id_in_body(args.id.as_deref(), provider),
        None => Ok(()),
    }
}
