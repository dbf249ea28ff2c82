//! Results as `JUnit` XML, which every CI service reads.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::sanitize::{escape, escape_lines};

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail {
        /// A stable name, such as the verdict's status.
        kind: String,
        /// One line of what is wrong.
        message: String,
        /// What helps to mend it, on as many lines as it takes.
        details: String,
    },
    /// Not judged.
    Skipped,
}

/// One case of a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What was judged, such as the capture's file.
    pub name: String,
    /// The group it belongs to, such as the provider.
    pub classname: String,
    /// How long it took.
    pub time: Duration,
    /// What came of it.
    pub outcome: Outcome,
}

/// The suite as an XML document. It fails only where the XML writer does.
pub fn junit(suite_name: &str, cases: &[Case]) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new(&*escape(suite_name));
    suite.set_time(cases.iter().map(|case| case.time).sum());
    suite.add_test_cases(cases.iter().map(test_case));
    let mut report = Report::new(&*escape(suite_name));
    report.add_test_suite(suite);
    report.to_string()
}

fn test_case(case: &Case) -> TestCase {
    let mut written = TestCase::new(&*escape(&case.name), status(&case.outcome));
    written.set_classname(&*escape(&case.classname));
    written.set_time(case.time);
    written
}

fn status(outcome: &Outcome) -> TestCaseStatus {
    let (kind, message, details) = match outcome {
        Outcome::Pass => return TestCaseStatus::success(),
        Outcome::Skipped => return TestCaseStatus::skipped(),
        Outcome::Fail {
            kind,
            message,
            details,
        } => (kind, message, details),
    };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(&*escape(kind));
    status.set_message(&*escape(message));
    status.set_description(&*escape_lines(details));
    status
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn case(name: &str, outcome: Outcome) -> Case {
        Case {
            name: name.into(),
            classname: "olympus".into(),
            time: Duration::from_millis(1),
            outcome,
        }
    }

    fn failure(text: &str) -> Outcome {
        Outcome::Fail {
            kind: "mismatch".into(),
            message: text.into(),
            details: text.into(),
        }
    }

    #[test]
    fn a_suite_is_one_document() {
        let cases = [
            case("a.json", Outcome::Pass),
            case("b.json", failure("a < b & \"c\"\u{0}\u{ffff}")),
            case("c.json", Outcome::Skipped),
        ];
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="verify" tests="3" skipped="1" failures="1" errors="0">
    <testsuite name="verify" tests="3" skipped="1" errors="0" failures="1" time="0.003">
        <testcase name="a.json" classname="olympus" time="0.001"/>
        <testcase name="b.json" classname="olympus" time="0.001">
            <failure message="a &lt; b &amp; &quot;c&quot;\x00\u{ffff}" type="mismatch">a &lt; b &amp; &quot;c&quot;\x00\u{ffff}</failure>
        </testcase>
        <testcase name="c.json" classname="olympus" time="0.001">
            <skipped/>
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
            let document = junit(&text, &[case(&text, failure(&text))]).unwrap();
            prop_assert!(document.chars().all(is_xml));
        }
    }
}
