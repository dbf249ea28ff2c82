//! Which answers mean yes: 2xx, what `--expect-status` says, or what a fault has to be answered.

use crate::delivery::is_success;
use crate::provider::{Fault, StatusPattern};

/// Whether an answer is one that was asked for: one of `statuses`, else what the fault has to be
/// answered, else 2xx.
pub fn is_expected(statuses: &[StatusPattern], fault: Option<Fault>, status: u16) -> bool {
    match fault {
        _ if !statuses.is_empty() => statuses.iter().any(|one| one.matches(Some(status))),
        Some(fault) => fault.is_answered_rightly(status),
        None => is_success(status),
    }
}

/// What to say of an answer, where it was asked for or should have been another.
pub fn remark(statuses: &[StatusPattern], fault: Option<Fault>, status: u16) -> Option<String> {
    let is_right = is_expected(statuses, fault, status);
    if statuses.is_empty() {
        return of_fault(fault?, status, is_right);
    }
    if is_right {
        return (!is_success(status)).then(|| "expected: `--expect-status` asks for it".into());
    }
    let expected: Vec<_> = statuses.iter().map(ToString::to_string).collect();
    let expected = expected.join(", ");
    Some(format!("`--expect-status` asks for {expected}"))
}

/// What to say of the answer to a deliberate fault, where the fault is what it answers.
fn of_fault(fault: Fault, status: u16, is_right: bool) -> Option<String> {
    let name: &str = fault.into();
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
    use strum::VariantArray as _;

    use super::*;

    fn named(name: &str) -> Option<Fault> {
        Fault::VARIANTS
            .iter()
            .copied()
            .find(|fault| fault.to_string() == name)
    }

    #[test]
    fn a_refusal_of_a_fault_is_right_and_its_acceptance_is_not() {
        let stale = |status| remark(&[], named("stale"), status);
        let told = "expected: a correct receiver answers 401 to `stale`";
        assert_eq!(stale(401).as_deref(), Some(told));
        assert!(stale(400).is_some_and(|told| told.starts_with("expected: `stale` was refused")));
        for status in [200, 500] {
            let told = stale(status).unwrap_or_default();
            let wrong = "to `stale`, a correct receiver answers 401 where";
            assert!(told.starts_with(wrong), "{status}: {told}");
        }
        for status in [302, 404, 502] {
            assert_eq!(stale(status), None, "{status}");
        }
        let future = remark(&[], named("future"), 401).unwrap_or_default();
        assert!(future.starts_with("expected: a strict receiver answers 401"));
        let twice = |status| remark(&[], named("duplicate"), status);
        assert_eq!(twice(204), None);
        let wrong =
            "to `duplicate`, a correct receiver answers 2xx to both, and handles the event once";
        assert_eq!(twice(401).as_deref(), Some(wrong));
    }

    #[test]
    fn what_is_asked_for_is_yes_whatever_the_fault_has_to_be_answered() {
        for (fault, statuses, status, is_yes) in [
            ("", "", 204, true),
            ("", "", 401, false),
            ("", "401", 401, true),
            ("", "401", 200, false),
            ("", "401,5xx", 503, true),
            ("stale", "", 401, true),
            ("stale", "", 200, false),
            ("stale", "", 500, false),
            ("stale", "200", 200, true),
            ("stale", "200", 401, false),
        ] {
            let is_met = is_expected(&patterns(statuses), named(fault), status);
            assert_eq!(is_met, is_yes, "{fault:?} {statuses} {status}");
        }
        let told = remark(&patterns("4xx,500"), None, 200);
        assert_eq!(told.as_deref(), Some("`--expect-status` asks for 4xx, 500"));
    }

    fn patterns(text: &str) -> Vec<StatusPattern> {
        let texts = text.split(',').filter(|text| !text.is_empty());
        texts
            .map(|text| text.to_owned().try_into().unwrap())
            .collect()
    }
}
