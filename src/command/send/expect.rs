//! Which answers mean yes: 2xx, what `--expect-status` says, or what a fault has to be answered.

use crate::cli::SendArgs;
use crate::delivery::{Attempt, is_success};
use crate::exit::Outcome;
use crate::provider::Fault;

/// What an attempt means.
pub fn outcome(args: &SendArgs, attempt: &Attempt) -> Outcome {
    match attempt.status() {
        Some(status) => Outcome::of(is_met(args, status)),
        None => Outcome::from(attempt),
    }
}

fn is_met(args: &SendArgs, status: u16) -> bool {
    let mut expected = args.expect_status.iter();
    match args.fault {
        _ if !args.expect_status.is_empty() => expected.any(|one| one.matches(Some(status))),
        Some(fault) => fault.is_answered_rightly(status),
        None => is_success(status),
    }
}

/// What to say of an answer, where it was asked for or should have been another.
pub fn remark(args: &SendArgs, status: u16) -> Option<String> {
    let is_met = is_met(args, status);
    if args.expect_status.is_empty() {
        return of_fault(args.fault?, status, is_met);
    }
    if is_met {
        return (!is_success(status)).then(|| "expected: `--expect-status` asks for it".into());
    }
    let expected: Vec<_> = args.expect_status.iter().map(ToString::to_string).collect();
    Some(format!(
        "`--expect-status` asks for {}",
        expected.join(", ")
    ))
}

/// What to say of the answer to a deliberate fault, where the fault is what it answers.
fn of_fault(fault: Fault, status: u16, is_right: bool) -> Option<String> {
    let name = fault.name();
    Some(match status {
        200..=299 if is_right => return None,
        401 if is_right && fault == Fault::Future => {
            format!("expected: a strict receiver answers 401 to `{name}`, documented ones 2xx")
        }
        401 if is_right => format!("expected: a correct receiver answers 401 to `{name}`"),
        _ if is_right => format!("expected: `{name}` was refused; documented handlers answer 401"),
        // Any other status says more of the route, or of a proxy, than of the check.
        200..=299 | 400 | 401 | 403 | 500 => {
            format!(
                "to `{name}`, a correct receiver answers {}",
                fault.expected()
            )
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(words: &str) -> SendArgs {
        let words = format!("webhook send order.created {words}");
        match Cli::try_parse_from(words.split_whitespace())
            .unwrap()
            .command
        {
            Command::Send(args) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refusal_of_a_fault_is_right_and_its_acceptance_is_not() {
        let stale = |status| remark(&args("--fault stale"), status);
        let right = "expected: a correct receiver answers 401 to `stale`";
        assert_eq!(stale(401).as_deref(), Some(right));
        assert!(stale(400).is_some_and(|told| told.starts_with("expected: `stale` was refused")));
        for status in [200, 500] {
            let told = stale(status).unwrap_or_default();
            let wrong = "to `stale`, a correct receiver answers 401 where";
            assert!(told.starts_with(wrong), "{status}: {told}");
        }
        for status in [302, 404, 502] {
            assert_eq!(stale(status), None, "{status}");
        }
        let future = remark(&args("--fault future"), 401).unwrap_or_default();
        assert!(future.starts_with("expected: a strict receiver answers 401"));
        let twice = |status| remark(&args("--fault duplicate"), status);
        assert_eq!(twice(204), None);
        let wrong =
            "to `duplicate`, a correct receiver answers 2xx to both, and handles the event once";
        assert_eq!(twice(401).as_deref(), Some(wrong));
    }

    #[test]
    fn what_is_asked_for_is_yes_whatever_the_fault_has_to_be_answered() {
        for (words, status, is_yes) in [
            ("", 204, true),
            ("", 401, false),
            ("--expect-status 401", 401, true),
            ("--expect-status 401", 200, false),
            ("--expect-status 401,5xx", 503, true),
            ("--fault stale", 401, true),
            ("--fault stale", 200, false),
            ("--fault stale", 500, false),
            ("--fault stale --expect-status 200", 200, true),
            ("--fault stale --expect-status 200", 401, false),
        ] {
            assert_eq!(is_met(&args(words), status), is_yes, "{words} {status}");
        }
        assert_eq!(
            remark(&args("--expect-status 4xx,500"), 200).as_deref(),
            Some("`--expect-status` asks for 4xx, 500")
        );
    }
}
