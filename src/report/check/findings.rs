//! What checks found: those together that have one cause and are fixed in one way.

use colored::Colorize as _;

use super::super::sanitize::{escape, escape_lines};
use super::super::style::{join_lines, pad, width};
use super::super::wrap::wrap;
use super::{BELOW, WIDTH, ink, labelled, mark, wrapped};
use crate::delivery::{Advice, CheckOutcome, Finding};

/// How a request is had again that the log does not have.
const UNKEPT: &str = "`--verbose` prints it; without `--no-log`, `webhook replay` sends it";
/// Where the rest is to be had of what may be intended.
const MORE: &str = "`--verbose` says why each matters, and what to do";
/// What stands between a check's id, the status and what was sent.
const GAP: &str = "  ";

/// What is wrong, and then what was not decided, in the order of `found`. Each in at most `columns`,
/// but for the requests, which are curl lines where `verbose`. Where not, what is fixed in one way is
/// told by the first of it, and what may be intended is named only.
pub fn findings(found: &[Finding], columns: Option<usize>, verbose: bool) -> Vec<String> {
    let wrong = found.iter().filter_map(|f| Some((f, f.advice.as_ref()?)));
    let is_alike = |(one, of): &(&Finding, &Advice), (other, its): &(&Finding, &Advice)| {
        let is_one = (one.outcome, of.kind) == (other.outcome, its.kind);
        let is_fixed_so = of.fix == its.fix && of.habit == its.habit;
        let is_hint = !verbose && one.outcome == CheckOutcome::Warn;
        is_one && (is_hint || is_fixed_so && (!verbose || of.why == its.why))
    };
    let wrong = grouped(wrong, is_alike).into_iter();
    let undecided = found.iter().filter(|f| {
        let is_news = !verbose && f.advice.is_none();
        is_news && f.outcome != CheckOutcome::Pass
    });
    let is_alike = |one: &&Finding, other: &&Finding| {
        (one.outcome, &one.reason) == (other.outcome, &other.reason)
    };
    let undecided = grouped(undecided, is_alike).into_iter();
    let wrong = wrong.map(|group| together(&group, columns, verbose));
    wrong
        .chain(undecided.map(|group| unknown(&group, columns)))
        .collect()
}

/// Those together that are alike, in the order of the first of each group.
fn grouped<T>(all: impl Iterator<Item = T>, is_alike: impl Fn(&T, &T) -> bool) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    for one in all {
        let is_its = |group: &&mut Vec<T>| group.first().is_some_and(|first| is_alike(first, &one));
        match groups.iter_mut().find(is_its) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

/// Checks that decided nothing for one reason.
fn unknown(alike: &[&Finding], columns: Option<usize>) -> String {
    let Some(first) = alike.first() else {
        return String::new();
    };
    let what = match first.outcome {
        CheckOutcome::Skip => "skipped",
        _ => "not decided",
    };
    let reason = escape(first.reason.as_deref().unwrap_or_default());
    let head = format!(
        "{} {}",
        mark(first.outcome),
        ink(first.outcome, what).bold()
    );
    let ids: Vec<_> = alike.iter().map(|f| escape(&f.id)).collect();
    let room = columns.map_or(WIDTH, |columns| columns.min(WIDTH));
    let below = [ids.join(", "), reason.into_owned()];
    let below = below.map(|text| wrap(&format!("{BELOW}{text}"), Some(room)));
    join_lines(std::iter::once(head).chain(below))
}

/// Each check, then why, how, and the request again; where `verbose`, with what came back and its own
/// request.
fn together(alike: &[(&Finding, &Advice)], columns: Option<usize>, verbose: bool) -> String {
    let Some((first, advice)) = alike.first() else {
        return String::new();
    };
    let reason = common_reason(alike).filter(|_| !verbose);
    let kind = ink(first.outcome, advice.kind).bold();
    let headline = match reason {
        Some(reason) => format!("{} {kind}: {}", mark(first.outcome), escape(reason)),
        None => format!("{} {kind}", mark(first.outcome)),
    };
    let ids = alike.iter().map(|(finding, _)| width(&escape(&finding.id)));
    let ids = ids.max().unwrap_or_default();
    let checks = alike.iter().enumerate().map(|(at, one)| {
        let next = alike.get(at + 1).map(|(next, _)| &next.reason);
        let ends = reason.is_none() && next != Some(&one.0.reason);
        if verbose {
            evidence(one)
        } else {
            brief(one.0, ids, ends, columns)
        }
    });
    if first.outcome == CheckOutcome::Warn && !verbose {
        let more = format!("{BELOW}{}", MORE.dimmed());
        let more = std::iter::once(wrap(&more, columns));
        return join_lines(std::iter::once(headline).chain(checks).chain(more));
    }
    let habit = advice.habit.as_ref().map(|known| {
        let fault = wrapped(&escape(&known.fault), columns);
        format!("{}\n{fault}", escape(&known.line).cyan())
    });
    let answer = match (verbose, first.status.unwrap_or_default() / 100) {
        (true, _) | (_, 2) => None,
        _ => advice.answer.as_deref(),
    };
    let again = (!verbose).then(|| match &advice.kept {
        Some(command) => again(&escape(command), columns),
        None => labelled("reproduce", &wrapped(UNKEPT, columns)),
    });
    let about = [
        ("answer", answer.map(|text| wrapped(&escape(text), columns))),
        ("why", Some(wrapped(&escape(advice.why), columns))),
        ("fix", Some(wrapped(&escape(advice.fix), columns))),
        ("published", habit),
    ];
    let about = about
        .into_iter()
        .filter_map(|(label, text)| Some(labelled(label, &text?)));
    let requests = verbose.then(|| requests(alike));
    join_lines(
        std::iter::once(headline)
            .chain(checks)
            .chain(about)
            .chain(again)
            .chain(requests),
    )
}

/// The command that sends the first of them again: whole on a line, as it is to be copied.
fn again(command: &str, columns: Option<usize>) -> String {
    let beside = labelled("reproduce", command);
    match columns {
        Some(columns) if width(&beside) > columns => join_lines([
            format!("{BELOW}{}", "reproduce".dimmed()),
            format!("{BELOW}{command}"),
        ]),
        _ => beside,
    }
}

/// What all of them came to, where that is one thing.
fn common_reason<'a>(alike: &[(&'a Finding, &Advice)]) -> Option<&'a str> {
    let first = alike.first()?.0.reason.as_deref()?;
    let is_same = |(finding, _): &(&Finding, &Advice)| finding.reason.as_deref() == Some(first);
    alike.iter().all(is_same).then_some(first)
}

/// The check and what was sent; with the reason below where it `ends` those of one reason.
fn brief(finding: &Finding, ids: usize, ends: bool, columns: Option<usize>) -> String {
    let id = pad(&escape(&finding.id).bold().to_string(), ids);
    let line = format!("{BELOW}{id}{GAP}{}", escape(finding.sent));
    let line = wrap(&line, columns);
    let reason = finding.reason.as_deref().filter(|_| ends);
    let reason = reason.map(|reason| {
        let text = escape(reason);
        wrap(&format!("{BELOW}{BELOW}{text}"), columns)
    });
    join_lines([line, reason.unwrap_or_default()])
}

/// The requests whole.
fn requests(alike: &[(&Finding, &Advice)]) -> String {
    let request = |(finding, advice): &(&Finding, &Advice)| {
        let name = match alike.len() {
            1 => String::new(),
            _ => format!("# {}", escape(&finding.id)),
        };
        // Not indented: white space in a body is a part of it, and this has to run as printed.
        join_lines([name, escape_lines(&advice.reproduce).into_owned()])
    };
    let head = format!("{BELOW}{}", "reproduce".dimmed());
    join_lines(std::iter::once(head).chain(alike.iter().map(request)))
}

/// The check, what was sent and what came back.
fn evidence((finding, advice): &(&Finding, &Advice)) -> String {
    let sent = format!("{}: {}", escape(&finding.id).bold(), escape(finding.sent));
    let reason = finding.reason.as_deref().unwrap_or_default();
    let answer = advice.answer.as_deref();
    let answer = answer.map(|text| format!("answer: {}", escape(text)).dimmed().to_string());
    let below = |text: String| format!("{BELOW}{BELOW}{text}");
    join_lines([
        format!("{BELOW}{sent}"),
        below(escape(reason).into_owned()),
        answer.map_or_else(String::new, below),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::plain;
    use super::super::tests::sample;
    use super::*;
    use crate::delivery::Severity;

    fn of(id: &str, outcome: CheckOutcome, reason: &str) -> Finding {
        Finding {
            id: id.into(),
            ..sample(outcome, reason, "curl -X POST \\\n  'http://h/'")
        }
    }

    #[test]
    fn checks_that_fail_for_one_reason_have_a_line_each_and_say_it_once() {
        let mut other = of("signature/late", CheckOutcome::Warn, "answered 302");
        other.severity = Severity::Warning;
        other.status = Some(302);
        let found = [
            of("signature/a", CheckOutcome::Fail, "answered 500"),
            other,
            of("signature/fine", CheckOutcome::Pass, ""),
            of("signature/bc", CheckOutcome::Fail, "answered 500"),
            of("twice", CheckOutcome::Open, "accepted each time"),
            of("again", CheckOutcome::Open, "accepted each time"),
            of("slow", CheckOutcome::Skip, "no such thing"),
        ];
        let expected = "\
✗ crashes on a bad signature: answered 500
  signature/a   an empty signature header
  signature/bc  an empty signature header
  answer     answered 500
  why        it matters
  fix        fix it so
  published  timingSafeEqual(a, b)
             throws where the lengths differ
  reproduce  webhook replay dlv_1";
        let shown: Vec<_> = findings(&found, None, false);
        let shown: Vec<_> = shown.iter().map(|text| plain(text)).collect();
        assert_eq!(shown[0], expected);
        let hint = "! crashes on a bad signature: answered 302\n  signature/late  an empty";
        assert!(shown[1].starts_with(hint), "{}", shown[1]);
        assert!(!shown[1].contains("it matters") && shown[1].contains("--verbose"));
        assert_eq!(
            shown[2],
            "? not decided\n  twice, again\n  accepted each time"
        );
        assert_eq!(shown[3], "- skipped\n  slow\n  no such thing");
        assert_eq!(shown.len(), 4, "the pass stands nowhere");
        let verbose = findings(&found, None, true);
        assert_eq!(verbose.len(), 2, "what was not decided has had its line");
        let requests = "
  reproduce
# signature/a
curl -X POST \\
  'http://h/'
# signature/bc
curl -X POST \\
  'http://h/'";
        assert!(plain(&verbose[0]).ends_with(requests), "{}", verbose[0]);
        assert!(plain(&verbose[1]).contains("it matters"), "{}", verbose[1]);
    }

    #[test]
    fn reasons_that_differ_stand_below_the_checks_that_have_them() {
        let found = ["a", "b", "c"].map(|id| {
            let reason = if id == "c" { "another" } else { "one" };
            of(id, CheckOutcome::Fail, reason)
        });
        let shown = plain(&findings(&found, Some(60), false)[0]);
        let sent = "an empty signature header";
        let lines =
            format!("signature\n  a  {sent}\n  b  {sent}\n    one\n  c  {sent}\n    another\n");
        assert!(shown.contains(&lines), "{shown}");
    }
}
