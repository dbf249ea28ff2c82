use bytes::Bytes;
use proptest::prelude::*;
use strum::VariantArray as _;

use super::*;
use crate::delivery::{DeliverySource, Headers, Request, Status, Verdict};

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map(Timestamp::from_seconds)
        .map_err(|_| format!("`{text}` is no time"))
}

fn read(line: &str) -> Result<DeliveryFilter, FilterSyntaxError> {
    DeliveryFilter::read(line, &moment)
}

fn order() -> Delivery {
    let headers = [
        ("Content-Type", "application/json"),
        ("User-Agent", "Acme-Hooks/2"),
        ("X-Note", "one"),
        ("x-note", "two"),
    ];
    let headers: Headers = headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Bytes::from(value)))
        .collect();
    let body = r#"{"data":{"total":"129.50","items":[{"sku":"a-1"}],"note":"say \"hi\"","paid":true,"n":9007199254740993}}"#;
    Delivery {
        id: "dlv_01M8".into(),
        received_at: Timestamp::from_seconds(1000),
        source: DeliverySource::Listen,
        remote: None,
        provider: Some("cimplify".into()),
        event: Some("order.created".into()),
        event_id: Some("evt_7".into()),
        duplicate_of: None,
        verdict: Verdict::new(Status::Mismatch),
        request: Request::post("/hooks/a?shop=acme%20ltd&n=2", headers, body),
        response_status: Some(401),
    }
}

fn matches(line: &str, last: Option<LastOutcome>) -> bool {
    let filter = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    filter.matches(&order(), last.as_ref())
}

/// Terms that hold, and others beside them that do not.
const TERMS: &[(&str, &str)] = &[
    ("event:order.*", "event:payment.*"),
    ("event:order.*,payment.paid", "event:!order.created"),
    ("provider:stripe,cimplify", "provider:stripe"),
    ("verdict:mismatch,stale", "verdict:valid"),
    ("status:4xx", "status:5xx"),
    ("status:500,401", "status:402-499"),
    ("source:listen", "source:import"),
    ("source:all", "source:test"),
    ("since:1000", "since:1001"),
    ("until:1001", "until:1000"),
    ("id:dlv_01", "id:dlv_02"),
    ("event_id:evt_*", "event_id:7"),
    ("method:POST", "method:GET"),
    ("path:/hooks/*", "path:/hooks"),
    ("query.shop:\"acme ltd\"", "query.shop:acme"),
    ("query.n>1", "query.n>2"),
    ("query.n", "query.absent"),
    ("header.user-agent~acme", "header.user-agent:acme"),
    ("header.X-NOTE:two", "header.x-note:three"),
    ("body.data.total>100", "body.data.total>129.5"),
    ("body.data.total>=129.5", "body.data.total<100"),
    ("body.data.items[0].sku:a-*", "body.data.items[1].sku:a-*"),
    ("body.data.note:\"say \\\"hi\\\"\"", "body.data.note:hi"),
    ("body.data.note~HI", "body.data.note!=\"say \\\"hi\\\"\""),
    ("body.data.paid=true", "body.data.paid:false"),
    ("body.data.total:129.5", "body.data.total:129.51"),
    (
        "body.data.n>9007199254740992",
        "body.data.n:9007199254740992",
    ),
    ("body.data.absent!=1", "body.data.absent"),
    ("a-1", "a-2"),
    ("\"SKU\"", "\"sku:\""),
    ("-is:duplicate", "is:duplicate"),
    ("-is:failed", "is:failed"),
    ("-\"absent\"", "-sku"),
];

#[test]
fn each_term_holds_for_what_it_means_and_for_nothing_else() {
    for (right, wrong) in TERMS {
        assert!(matches(right, None), "{right}");
        assert!(!matches(wrong, None), "{wrong}");
        assert!(matches(&format!("  {right}\t"), None), "{right}");
        assert!(
            !matches(&format!("{right} {wrong}"), None),
            "{right} {wrong}"
        );
    }
    assert!(matches("", None));
}

#[test]
fn a_dash_turns_a_term_round() {
    let plain = TERMS
        .iter()
        .filter(|(right, wrong)| !right.starts_with('-') && !wrong.starts_with('-'));
    for (right, wrong) in plain {
        assert!(!matches(&format!("-{right}"), None), "{right}");
        assert!(matches(&format!("-{wrong}"), None), "{wrong}");
    }
}

#[test]
fn the_last_attempt_goes_before_the_own_answer() {
    assert!(matches("status:5xx is:failed", Some(Ok(503))));
    assert!(matches("status:2xx -is:failed", Some(Ok(204))));
    assert!(!matches("status:4xx", Some(Ok(200))));
    let refused = Some(Err(FailureKind::Refused));
    assert!(matches("status:none is:failed", refused));
    assert!(!matches("status:none", None));
}

#[test]
fn a_form_has_its_fields_by_name() {
    let mut delivery = order();
    delivery
        .request
        .headers
        .set("content-type", "application/x-www-form-urlencoded");
    delivery.request.body = "Body=hello+you&Body=again&a.b=1".into();
    for line in [
        "body.Body:\"hello you\"",
        "body.Body:again",
        "body.a.b:1",
        "-body.c",
    ] {
        assert!(read(line).unwrap().matches(&delivery, None), "{line}");
    }
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    for (line, part, problem) in [
        ("a evnt:x", "evnt", "there is no field `evnt`"),
        ("-evnt:x", "evnt", "there is no field `evnt`"),
        ("verdict:wrong a", "verdict:wrong", "`wrong` is not known"),
        ("a status:9", "status:9", "`9` is no status"),
        ("status:", "status:", "nothing stands behind the sign"),
        ("since:soon", "since:soon", "`soon` is no time"),
        ("a \"b c", "\"b c", "a quote that does not end"),
        ("body.a>x", "body.a>x", "`x` is no number"),
        (
            "body.a..b:1",
            "body.a..b:1",
            "`a..b` is not a path such as `data.items[0].quantity`",
        ),
        ("event>1", "event>1", "this field takes `:` alone"),
        ("is:good", "is:good", "`good` is not known"),
        ("source:x", "source:x", "`x` is not known"),
        ("event:a,", "event:a,", "empty event pattern in `a,`"),
    ] {
        let error = read(line).expect_err(line);
        assert_eq!(line.get(error.at.clone()), Some(part), "{line}");
        assert_eq!(error.problem, problem, "{line}");
        assert!(!error.hint.is_empty(), "{line}");
    }
    let hint = |line| read(line).unwrap_err().hint;
    assert_eq!(hint("evnt:x"), "did you mean `event`?");
    assert!(hint("12:30").contains("stands in quotes"));
}

#[test]
fn every_field_has_an_example_that_is_read_and_names_it() {
    for field in FIELDS {
        let example = field.example.replace("-1h", "1").replace("-10m", "1");
        assert!(read(&example).is_ok(), "{example}");
        assert!(example.starts_with(field.name), "{example}");
    }
}

#[test]
fn a_word_is_completed_by_fields_and_then_by_their_values() {
    let values = |name: &str| match name {
        "verdict" => Status::VARIANTS.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    let complete = |line| complete(line, &values);
    assert_eq!(complete("a ev"), ["event:", "event_id:"]);
    assert_eq!(complete("bo"), ["body."]);
    assert_eq!(
        complete("verdict:m"),
        ["verdict:mismatch", "verdict:missing", "verdict:malformed"]
    );
    assert_eq!(complete("-verdict:valid,st"), ["-verdict:valid,stale"]);
    assert_eq!(complete("is:f"), ["is:failed"]);
    assert_eq!(complete("nothing"), Vec::<String>::new());
}

proptest! {
    /// Whatever is typed, it is read or told where it is wrong.
    #[test]
    fn no_line_makes_trouble(line in "([a-z._:<>=~!*\"\\\\ -]|body\\.|\\PC){0,40}") {
        if let Err(error) = read(&line) {
            prop_assert!(line.get(error.at.clone()).is_some(), "{:?}", error);
            prop_assert!(!error.problem.is_empty());
        }
        complete(&line, &|_| vec!["a".into()]);
    }

    /// Of text in quotes nothing is taken for a sign.
    #[test]
    fn quoted_text_is_text(text in "[^\"\\\\]{1,20}") {
        let filter = read(&format!("\"{text}\"")).unwrap();
        let term = FilterTerm { negated: false, test: FilterTest::Text(text) };
        prop_assert_eq!(filter.into_terms(), vec![term]);
    }
}
