//! What was typed wrong, in this program's two lines.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What clap says of a command line: one line of what is wrong, one of what to do.
pub fn explain(error: &clap::Error) -> (String, String) {
    let message = match error.kind() {
        ErrorKind::MissingRequiredArgument => Some(missing(error)),
        ErrorKind::ValueValidation => {
            refused(error).map(|(flag, reason)| format!("`{flag}`: {reason}"))
        }
        _ => None,
    };
    let message = message.unwrap_or_else(|| first_line(error));
    let hint = suggestion(error).unwrap_or_else(|| see_help(error));
    (message, hint)
}

fn missing(error: &clap::Error) -> String {
    let names = texts(error, ContextKind::InvalidArg);
    format!("missing `{}`", names.join("`, `"))
}

/// The flag whose value was refused, and what its own reader says, which names the value where it is
/// this program's.
pub fn refused(error: &clap::Error) -> Option<(String, String)> {
    let flag = texts(error, ContextKind::InvalidArg).join(" ");
    let value = texts(error, ContextKind::InvalidValue).join(" ");
    let value = value.escape_debug();
    let reason = match error.kind() {
        ErrorKind::ValueValidation => std::error::Error::source(error)?.to_string(),
        ErrorKind::InvalidValue => {
            let known = texts(error, ContextKind::ValidValue).join("`, `");
            format!("`{value}` is none of `{known}`")
        }
        _ => return None,
    };
    if reason.contains('`') {
        return Some((flag, reason));
    }
    Some((flag, format!("`{value}` is not valid: {reason}")))
}

/// The first line of clap's own text, in back-ticks.
fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    // An odd quote belongs to a value, and then none can be told from clap's own.
    if line.matches('\'').count().is_multiple_of(2) {
        line.replace('\'', "`")
    } else {
        line.to_owned()
    }
}

fn suggestion(error: &clap::Error) -> Option<String> {
    if let Some(meant) = meant(error) {
        return Some(meant);
    }
    let near = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let found = near
        .into_iter()
        .find_map(|kind| texts(error, kind).into_iter().next());
    if let Some(near) = found {
        return Some(format!("did you mean `{near}`?"));
    }
    let valid = texts(error, ContextKind::ValidValue);
    (!valid.is_empty()).then(|| format!("one of `{}`", valid.join("`, `")))
}

/// What people type who know other programs, and how it is said here.
fn meant(error: &clap::Error) -> Option<String> {
    let word = [ContextKind::InvalidSubcommand, ContextKind::InvalidArg]
        .into_iter()
        .find_map(|kind| texts(error, kind).into_iter().next())?;
    let has_near = !texts(error, ContextKind::SuggestedSubcommand).is_empty();
    let shown = word.escape_debug();
    Some(match command_of(error).as_str() {
        "webhook providers" if !has_near && !word.starts_with('-') => {
            format!("`webhook providers show {shown}`")
        }
        "webhook log" if word == "list" || word == "ls" => "`webhook log` lists".into(),
        "webhook log export" if !word.starts_with('-') => format!("`--output {shown}`"),
        "webhook log prune" if error.kind() == ErrorKind::MissingRequiredArgument => {
            "give `--older-than`, `--keep` or both".into()
        }
        _ => return None,
    })
}

/// The help of the command that was meant.
fn see_help(error: &clap::Error) -> String {
    let command = command_of(error);
    if command.is_empty() {
        return "`webhook --help` shows what there is".into();
    }
    format!("`{command} --help` shows what it takes")
}

/// The command that was typed, by its usage; empty where clap does not tell it.
fn command_of(error: &clap::Error) -> String {
    let usage = texts(error, ContextKind::Usage).join(" ");
    let words = usage
        .split_whitespace()
        .skip_while(|word| *word != "webhook");
    let command: Vec<_> = words
        .take_while(|word| !word.starts_with(['<', '[', '-']))
        .collect();
    command.join(" ")
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[track_caller]
    fn check(line: &str, message: &str, hint: &str) {
        let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
        assert_eq!(explain(&error), (message.into(), hint.into()));
    }

    #[test]
    fn a_slip_is_named_with_what_is_near() {
        check(
            "webhook sned",
            "unrecognized subcommand `sned`",
            "did you mean `send`?",
        );
        check(
            "webhook send --ur x",
            "unexpected argument `--ur` found",
            "did you mean `--url`?",
        );
        check(
            "webhook completions bsh",
            "invalid value `bsh` for `<SHELL>`",
            "did you mean `bash`?",
        );
    }

    #[test]
    fn what_other_programs_take_is_answered_with_how_it_is_said_here() {
        for (line, message, hint) in [
            (
                "webhook providers olympus",
                "unrecognized subcommand `olympus`",
                "`webhook providers show olympus`",
            ),
            (
                "webhook log list",
                "unrecognized subcommand `list`",
                "`webhook log` lists",
            ),
            (
                "webhook log export deliveries.har",
                "unexpected argument `deliveries.har` found",
                "`--output deliveries.har`",
            ),
            (
                "webhook log prune",
                "missing `--older-than <SPAN>`",
                "give `--older-than`, `--keep` or both",
            ),
        ] {
            check(line, message, hint);
        }
        check(
            "webhook providers shwo",
            "unrecognized subcommand `shwo`",
            "did you mean `show`?",
        );
    }

    #[test]
    fn a_value_that_cannot_be_read_is_shown_on_one_line() {
        check(
            "webhook listen --port x\ny",
            "`--port <PORT>`: `x\\ny` is not valid: invalid digit found in string",
            "`webhook --help` shows what there is",
        );
    }

    #[test]
    fn without_a_near_name_the_choice_or_the_help_is_named() {
        check(
            "webhook listen --answer x",
            "invalid value `x` for `--answer <WHO>`",
            "one of `app`, `now`",
        );
        check(
            "webhook send",
            "missing `<EVENT>...`",
            "`webhook send --help` shows what it takes",
        );
        check(
            "webhook listen --once --count 2",
            "the argument `--once` cannot be used with `--count <N>`",
            "`webhook listen --help` shows what it takes",
        );
        check(
            "webhook listen --respond 200,foo",
            "`--respond <STATUS>`: `foo` is not a status such as 500",
            "`webhook --help` shows what there is",
        );
        check(
            "webhook send x --set foo",
            "`--set <PATH=VALUE>`: `foo` is not of the form `data.total=12.5`",
            "`webhook --help` shows what there is",
        );
    }
}
