//! Results as `JUnit` XML, which every CI service reads.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCaseStatus, TestSuite};

pub use quick_junit::TestCase as JunitCase;

use super::sanitize::{escape, escape_lines};

/// A case of a suite that passed: its name, such as the capture's file; the group it belongs to, such
/// as the provider; and how long it took.
pub fn passed(name: &str, classname: &str, time: Duration) -> JunitCase {
    let mut case = JunitCase::new(&*escape(name), TestCaseStatus::success());
    case.set_classname(&*escape(classname));
    case.set_time(time);
    case
}

/// The same case, not judged: a stable name, and one line of why.
#[must_use]
pub fn skipped(mut case: JunitCase, kind: &str, reason: &str) -> JunitCase {
    let mut status = TestCaseStatus::skipped();
    status.set_type(&*escape(kind));
    status.set_message(&*escape(reason));
    case.status = status;
    case
}

/// The same case with something to say, such as a warning, which `JUnit` knows no other place for.
#[must_use]
pub fn noted(mut case: JunitCase, text: &str) -> JunitCase {
    case.set_system_out(&*escape_lines(text));
    case
}

/// The same case, failed: a stable name, such as the verdict's status; one line of what is wrong; and
/// what helps to fix it, on as many lines as it takes.
#[must_use]
pub fn failed(mut case: JunitCase, kind: &str, message: &str, details: &str) -> JunitCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(&*escape(kind));
    status.set_message(&*escape(message));
    status.set_description(&*escape_lines(details));
    case.status = status;
    case
}

/// The suite as an XML document. It fails only where the XML writer does.
pub fn junit(suite_name: &str, cases: &[JunitCase]) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new(&*escape(suite_name));
    suite.set_time(cases.iter().filter_map(|case| case.time).sum());
    suite.add_test_cases(cases.iter().cloned());
    let mut report = Report::new(&*escape(suite_name));
    report.add_test_suite(suite);
    report.to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn case(name: &str) -> JunitCase {
        passed(name, "olympus", Duration::from_millis(1))
    }

    fn failure(name: &str, text: &str) -> JunitCase {
        failed(case(name), "mismatch", text, text)
    }

    #[test]
    fn a_suite_is_one_document() {
        let cases = [
            case("a.json"),
            failure("b.json", "a < b & \"c\"\u{0}\u{ffff}"),
            skipped(case("c.json"), "open", "no <count>"),
            noted(case("d.json"), "warning: a\nb"),
        ];
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="verify" tests="4" skipped="1" failures="1" errors="0">
    <testsuite name="verify" tests="4" skipped="1" errors="0" failures="1" time="0.004">
        <testcase name="a.json" classname="olympus" time="0.001"/>
        <testcase name="b.json" classname="olympus" time="0.001">
            <failure message="a &lt; b &amp; &quot;c&quot;\x00\u{ffff}" type="mismatch">a &lt; b &amp; &quot;c&quot;\x00\u{ffff}</failure>
        </testcase>
        <testcase name="c.json" classname="olympus" time="0.001">
            <skipped message="no &lt;count&gt;" type="open"/>
        </testcase>
        <testcase name="d.json" classname="olympus" time="0.001">
            <system-out>warning: a
b</system-out>
        </testcase>
    </testsuite>
</testsuites>
"#;
        assert_eq!(junit("verify", &cases).unwrap(), expected);
    }

    /// The characters of XML 1.0, production 2.
    fn is_xml(c: char) -> bool {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    }

    proptest! {
        #[test]
        fn no_character_is_illegal_in_xml(text in any::<String>()) {
            let document = junit(&text, &[failure(&text, &text)]).unwrap();
            prop_assert!(document.chars().all(is_xml));
        }
    }
}
