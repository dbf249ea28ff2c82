//! What was typed wrong, in this program's two lines.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::program;

/// What clap says of a command line, whose words are `typed`: one line of what is wrong, one of what
/// to do.
pub fn explain<'w>(
    error: &clap::Error,
    typed: impl IntoIterator<Item = &'w str>,
) -> (String, String) {
    let message = match error.kind() {
        ErrorKind::MissingRequiredArgument => Some(missing(error)),
        ErrorKind::ValueValidation => {
            refused(error).map(|(flag, reason)| format!("`{flag}`: {reason}"))
        }
        _ => None,
    };
    let message = message.unwrap_or_else(|| first_line(error));
    let hint = suggestion(error).unwrap_or_else(|| see_help(&command_of(error, typed)));
    (message, hint)
}

fn missing(error: &clap::Error) -> String {
    let names = texts(error, ContextKind::InvalidArg);
    if names == ["--older-than <SPAN>"] {
        return "missing `--older-than` or `--keep`".into();
    }
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
    Some((flag, format!("`{value}` {}", in_words(&reason))))
}

/// What a reader of numbers says, behind the value.
fn in_words(reason: &str) -> String {
    if let Some((_, range)) = reason.split_once(" is not in ")
        && let Some((least, most)) = range.split_once("..")
    {
        let most = most.trim_start_matches('=');
        return match most.parse::<u16>() {
            Ok(most) => format!("is not from {least} to {most}"),
            Err(_) => format!("is not at least {least}"),
        };
    }
    match reason {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "is not a whole number".into()
        }
        "number too large to fit in target type" => "is too large".into(),
        reason => format!("is not valid: {reason}"),
    }
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
    let is_word = !has_near && !word.starts_with('-');
    Some(match command_of(error, []).as_str() {
        "webhook" if is_word && is_of_log(&word) => format!("`webhook log {word}`"),
        "webhook listen" if is_word => {
            format!(
                "`--port {shown}` is where it listens, `--forward-to {shown}` where deliveries go"
            )
        }
        "webhook providers" if is_word => {
            format!("`webhook providers show {shown}`")
        }
        "webhook log" if word == "list" || word == "ls" => "`webhook log` lists".into(),
        "webhook log export" if !word.starts_with('-') => format!("`--output {shown}`"),
        "webhook replay" if word == "--unset" => {
            "`--set PATH=null`, or take it out with `--edit`".into()
        }
        "webhook log prune" if error.kind() == ErrorKind::MissingRequiredArgument => {
            "give `--older-than 30d`, `--keep 10000` or both".into()
        }
        _ => return None,
    })
}

/// Whether `webhook log` has such a command.
fn is_of_log(word: &str) -> bool {
    let program = program();
    let log = program.find_subcommand("log");
    log.is_some_and(|log| log.find_subcommand(word).is_some())
}

/// The help of the command that was meant.
fn see_help(command: &str) -> String {
    format!("see `{command} --help`")
}

/// The command that was typed: by its usage, where clap tells that, else by the words.
fn command_of<'w>(error: &clap::Error, typed: impl IntoIterator<Item = &'w str>) -> String {
    let program = program();
    let mut command = &program;
    let mut by_words = vec!["webhook"];
    for word in typed.into_iter().skip(1) {
        if let Some(found) = command.find_subcommand(word) {
            command = found;
            by_words.push(found.get_name());
        }
    }
    let usage = texts(error, ContextKind::Usage).join(" ");
    let words = usage
        .split_whitespace()
        .skip_while(|word| *word != "webhook");
    let by_usage: Vec<_> = words
        .take_while(|word| !word.starts_with(['<', '[', '-']))
        .collect();
    if by_usage.is_empty() {
        by_words.join(" ")
    } else {
        by_usage.join(" ")
    }
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
        assert_eq!(
            explain(&error, line.split(' ')),
            (message.into(), hint.into())
        );
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
                "webhook prune",
                "unrecognized subcommand `prune`",
                "`webhook log prune`",
            ),
            (
                "webhook listen 3000",
                "unexpected argument `3000` found",
                "`--port 3000` is where it listens, `--forward-to 3000` where deliveries go",
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
                "missing `--older-than` or `--keep`",
                "give `--older-than 30d`, `--keep 10000` or both",
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
            "`--port <PORT>`: `x\\ny` is not a whole number",
            "see `webhook listen --help`",
        );
        for (value, told) in [
            (
                "listen --port 80000",
                "`--port <PORT>`: `80000` is not from 0 to 65535",
            ),
            ("send x --count 0", "`--count <N>`: `0` is not at least 1"),
            (
                "send x --concurrency 0",
                "`--concurrency <N>`: `0` is not from 1 to 65535",
            ),
            (
                "log -n 99999999999999999999",
                "`--limit <N>`: `99999999999999999999` is too large",
            ),
        ] {
            let help = value.split(' ').next().unwrap_or_default();
            check(
                &format!("webhook {value}"),
                told,
                &format!("see `webhook {help} --help`"),
            );
        }
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
            "see `webhook send --help`",
        );
        check(
            "webhook listen --once --count 2",
            "the argument `--once` cannot be used with `--count <N>`",
            "see `webhook listen --help`",
        );
        check(
            "webhook listen --respond 200,foo",
            "`--respond <ANSWER>`: `foo` is not an answer such as `500`, `50%=503`, `delay=2s` or `201:@body.json`",
            "see `webhook listen --help`",
        );
        check(
            "webhook send x --set foo",
            "`--set <PATH=VALUE>`: `foo` is not of the form `data.total=12.5`",
            "see `webhook send --help`",
        );
    }
}
