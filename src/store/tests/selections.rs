//! What queries mean.

use std::collections::{HashMap, HashSet};

use super::*;
use crate::filter::DeliveryFilter;
use crate::store::query::Order;

/// Six deliveries that differ in what a query looks at.
fn sample() -> [Delivery; 6] {
    let mut number = 0;
    [
        (Some("order.created"), Status::Valid, "alpha"),
        (Some("order.updated"), Status::Mismatch, "Beta \u{e9}"),
        (Some("payment.captured"), Status::Valid, "gamma"),
        (None, Status::Unverified, "\u{0}delta"),
        (Some("order.created"), Status::Stale, "BETA"),
        (Some("order.line.added"), Status::Valid, ""),
    ]
    .map(|(event, status, body)| {
        number += 1;
        Delivery {
            received_at: Timestamp::from_seconds(number),
            provider: Some(if number == 3 { "hermes" } else { "olympus" }.into()),
            event: event.map(Into::into),
            event_id: Some(format!("evt_{number}")),
            verdict: Verdict::new(status),
            request: Request::post(
                format!("/hook?n={number}"),
                [("X-Shop", format!("shop-{number}"))].into_iter().collect(),
                body.as_bytes().to_vec(),
            ),
            ..delivery()
        }
    })
}

#[test]
fn each_part_of_a_query_selects() {
    let deliveries = sample();
    let reader = Place::holding(&deliveries);
    let reader = reader.reader();
    let numbers = |query: Query| -> Vec<usize> {
        let found = all(&reader, &query);
        let number = |d: &Delivery| deliveries.iter().position(|o| o == d).unwrap() + 1;
        let ids: Vec<_> = found.iter().map(|d| d.id.clone()).collect();
        assert_eq!(reader.ids(&query).unwrap(), ids);
        found.iter().map(number).collect()
    };
    let any = Query::default;
    let event = |text: &str| Query {
        events: text.parse().unwrap(),
        ..any()
    };
    let search = |text: &str| Query {
        search: Some(text.into()),
        ..any()
    };
    let second = |n| Some(Timestamp::from_seconds(n));
    let ids = vec![deliveries[4].id.clone(), deliveries[0].id.clone()];
    let verdicts = vec![Status::Valid, Status::Stale];
    for (query, wanted) in [
        (any(), vec![1, 2, 3, 4, 5, 6]),
        (event("order.*"), vec![1, 2, 5, 6]),
        (event("order.*,!order.updated"), vec![1, 5, 6]),
        (event("!order.*"), vec![3, 4]),
        (
            Query {
                provider: Some("hermes".into()),
                ..any()
            },
            vec![3],
        ),
        (Query { verdicts, ..any() }, vec![1, 3, 5, 6]),
        (
            Query {
                since: second(2),
                until: second(5),
                ..any()
            },
            vec![2, 3, 4],
        ),
        (Query { ids, ..any() }, vec![1, 5]),
        (
            Query {
                limit: Some(2),
                ..any()
            },
            vec![5, 6],
        ),
        (
            Query {
                limit: Some(2),
                ..event("order.created")
            },
            vec![1, 5],
        ),
        (
            Query {
                limit: Some(0),
                ..any()
            },
            vec![],
        ),
        (search("beta"), vec![2, 5]),
        (search("DELTA"), vec![4]),
        (search("shop-3"), vec![3]),
        (search("N=6"), vec![6]),
        (search("EVT_1"), vec![1]),
        (search("nowhere"), vec![]),
        (
            Query {
                limit: Some(1),
                ..search("beta")
            },
            vec![5],
        ),
    ] {
        assert_eq!(numbers(query.clone()), wanted, "{query:?}");
    }
}

#[test]
fn failed_is_what_the_last_attempt_says() {
    let deliveries = sample();
    let place = Place::holding(&deliveries);
    let writer = place.log().writer().unwrap();
    let id = |n: usize| deliveries[n].id.as_str();
    for (n, outcome) in [
        (0, Ok(500)),
        (0, Ok(204)),
        (1, Ok(200)),
        (1, Err(FailureKind::Refused)),
        (2, Ok(302)),
        (3, Ok(200)),
    ] {
        keep_attempt(&writer, &attempt(id(n), outcome), None);
    }
    let reader = place.reader();
    let failed = Query {
        failed: true,
        ..Query::default()
    };
    assert_eq!(reader.ids(&failed).unwrap(), [id(1), id(2)]);
    let every: Vec<_> = (0..6).map(id).collect();
    let refused = Err(FailureKind::Refused);
    let wanted = [(0, Ok(204)), (1, refused), (2, Ok(302)), (3, Ok(200))];
    assert_eq!(
        reader.last_outcomes(&every).unwrap(),
        HashMap::from(wanted.map(|(n, outcome)| (id(n).to_owned(), outcome)))
    );
}

#[test]
fn the_newest_are_counted_from_the_end() {
    let deliveries = sample();
    let place = Place::holding(&deliveries);
    let reader = place.reader();
    assert_eq!(
        reader.last(&SourceFilter::Usual, 0).unwrap().as_ref(),
        deliveries.last()
    );
    assert_eq!(
        reader.last(&SourceFilter::Usual, 5).unwrap().as_ref(),
        deliveries.first()
    );
    assert_eq!(reader.last(&SourceFilter::Usual, 6).unwrap(), None);
    let newest = [&deliveries[5], &deliveries[4]].map(|d| d.id.clone());
    let recent = reader.recent(2).unwrap();
    let ids: Vec<_> = recent.into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, newest);
}

#[test]
fn a_duplicate_is_known_by_the_first_delivery_of_its_event() {
    let [first, mut second, mut third, ..] = sample();
    second.event_id.clone_from(&first.event_id);
    second.duplicate_of = Some(first.id.clone());
    second.verdict.status = Status::Valid;
    let mut forged = third.clone();
    forged.id = "dlv_forged".into();
    forged.verdict.status = Status::Mismatch;
    third.provider = None;
    let place = Place::holding(&[first.clone(), second, third, forged]);
    let known = place.reader().recent_events(3).unwrap();
    // One of the newest three is genuine and has a provider.
    assert_eq!(known, [["olympus", "evt_1", &first.id]]);
}

#[test]
fn a_run_knows_what_it_has_sent() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    for (id, outcome, run) in [
        ("dlv_1", Ok(200), Some("run_1")),
        ("dlv_2", Ok(500), Some("run_2")),
        ("dlv_3", Err(FailureKind::Timeout), Some("run_2")),
        ("dlv_4", Err(FailureKind::Refused), Some("run_2")),
        ("dlv_5", Ok(200), None),
    ] {
        keep_attempt(&writer, &attempt(id, outcome), run);
    }
    let reader = place.reader();
    let sent = ["dlv_2", "dlv_3"].map(ToOwned::to_owned);
    assert_eq!(reader.sent_in_run("run_2").unwrap(), HashSet::from(sent));
    assert_eq!(reader.counts().unwrap().1, 5);
}

#[test]
fn the_last_url_is_where_it_was_forwarded_or_replayed_to() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    let mut sent = attempt("dlv_1", Ok(200));
    keep_attempt(&writer, &sent, None);
    sent.id = id::attempt();
    sent.trigger = Trigger::Replay;
    sent.url = "http://elsewhere/".into();
    keep_attempt(&writer, &sent, None);
    keep_attempt(&writer, &attempt("dlv_2", Err(FailureKind::Refused)), None);
    sent.id = id::attempt();
    sent.delivery_id = "dlv_3".into();
    sent.trigger = Trigger::Send;
    keep_attempt(&writer, &sent, None);
    let reader = place.reader();
    let url = reader.last_url("dlv_1").unwrap();
    assert_eq!(url.as_deref(), Some("http://elsewhere/"));
    assert_eq!(reader.last_url("dlv_3").unwrap(), None);
    let urls = reader.last_urls(&["dlv_1", "dlv_2", "dlv_3", "dlv_4"]);
    let wanted = [
        ("dlv_1", "http://elsewhere/"),
        ("dlv_2", "http://localhost:3000/hook"),
    ];
    let wanted = wanted.map(|(id, url)| (id.to_owned(), url.to_owned()));
    assert_eq!(urls.unwrap(), HashMap::from(wanted));
}

/// One delivery of each source, `emulate` being of a newer version.
fn of_each_source() -> Vec<Delivery> {
    let of = |source| Delivery {
        source: DeliverySource::named(source),
        event_id: Some(source.into()),
        ..delivery()
    };
    ["listen", "send", "test", "import", "emulate", "test"]
        .map(of)
        .into()
}

#[test]
fn what_test_has_sent_is_there_for_who_asks_for_it() {
    let deliveries = of_each_source();
    let place = Place::holding(&deliveries);
    let reader = place.reader();
    let only = |names: &[&str]| {
        SourceFilter::Only(
            names
                .iter()
                .map(|name| DeliverySource::named(name))
                .collect(),
        )
    };
    for (sources, wanted) in [
        (SourceFilter::Usual, vec![0, 1, 3, 4]),
        (SourceFilter::All, vec![0, 1, 2, 3, 4, 5]),
        (only(&["test"]), vec![2, 5]),
        (only(&["listen"]), vec![0]),
        (only(&["import", "test"]), vec![2, 3, 5]),
        (only(&["send", "listen"]), vec![0, 1]),
        (only(&["emulate"]), vec![4]),
    ] {
        let query = Query {
            sources: sources.clone(),
            ..Query::default()
        };
        let meant: Vec<_> = wanted.iter().map(|n| deliveries[*n].clone()).collect();
        assert_eq!(all(&reader, &query), meant, "{sources:?}");
        for (back, delivery) in meant.iter().rev().enumerate() {
            assert_eq!(
                reader.last(&sources, back).unwrap().as_ref(),
                Some(delivery)
            );
        }
        assert_eq!(reader.last(&sources, meant.len()).unwrap(), None);
    }
    let recent = reader.recent(9).unwrap();
    assert_eq!(recent.len(), 4, "{recent:?}");
    let tested = &deliveries[2];
    assert_eq!(reader.get(&tested.id).unwrap(), *tested);
    let named = Query {
        ids: vec![tested.id.clone()],
        ..Query::default()
    };
    assert_eq!(reader.ids(&named).unwrap(), [tested.id.as_str()]);
}

#[test]
fn sources_are_read_from_the_index_and_no_body_is_walked_through() {
    let place = Place::holding(&[]);
    let conn = place.sqlite();
    let only = |name| SourceFilter::Only(vec![DeliverySource::named(name)]);
    for sources in [SourceFilter::Usual, only("test"), only("listen")] {
        let (condition, value) = sources.condition().unwrap();
        let sql = format!("EXPLAIN QUERY PLAN SELECT seq FROM delivery WHERE {condition}");
        let mut plan = conn.prepare(&sql).unwrap();
        let rows = plan.query_map(rusqlite::params_from_iter(value), |row| {
            row.get::<_, String>(3)
        });
        let plan: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
        let reads_index = |step: &String| step.contains("COVERING INDEX delivery_source");
        assert!(plan.iter().any(reads_index), "{sources:?}: {plan:?}");
    }
}

#[test]
fn only_what_was_received_or_proven_is_the_first_of_its_event() {
    let of = |source, status| Delivery {
        source: DeliverySource::named(source),
        event_id: Some(format!("{source} {status}")),
        verdict: Verdict::new(status),
        ..delivery()
    };
    let mut deliveries = Vec::new();
    for source in ["listen", "import", "test"] {
        deliveries.extend([Status::Valid, Status::Unverified].map(|status| of(source, status)));
    }
    let place = Place::holding(&deliveries);
    let known = place.reader().recent_events(9).unwrap();
    let known: Vec<_> = known.into_iter().map(|[_, event_id, _]| event_id).collect();
    assert_eq!(known, ["import valid", "listen unverified", "listen valid"]);
}

/// In a log that was only listened to, and in one with an import.
#[test]
fn verdicts_are_looked_up_and_come_in_their_order() {
    let place = Place::holding(&sample());
    let verdicts = [vec![Status::Valid], vec![Status::Stale, Status::Mismatch]];
    let check = |orders: &[Order]| {
        for (order, verdicts) in orders
            .iter()
            .flat_map(|o| verdicts.iter().map(move |v| (o, v)))
        {
            let query = Query {
                verdicts: verdicts.clone(),
                ..everything()
            };
            let conn = place.sqlite();
            let sql = format!("EXPLAIN QUERY PLAN {}", query.statement(*order).0);
            let mut plan = conn.prepare(&sql).unwrap();
            let steps = plan.query_map([], |row| row.get::<_, String>(3)).unwrap();
            let plan = steps.map(Result::unwrap).collect::<Vec<_>>().join("\n");
            let searches = plan
                .matches("SEARCH delivery USING COVERING INDEX delivery_verdict")
                .count();
            assert_eq!(searches, verdicts.len(), "{order:?}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{order:?}: {plan}");
        }
    };
    check(&[Order::Oldest, Order::Newest]);
    place.log().import([delivery()]).unwrap();
    check(&[Order::Oldest, Order::Newest, Order::LastReceived]);
}

/// What a filter asks of an index or a column means the same as what it asks of a delivery, alone and
/// beside others.
#[test]
fn a_filter_selects_what_it_matches_however_it_is_asked() {
    let deliveries = sample();
    let place = Place::holding(&deliveries);
    let writer = place.log().writer().unwrap();
    let outcomes = [Ok(500), Ok(204), Err(FailureKind::Refused)];
    for (delivery, outcome) in deliveries.iter().zip(outcomes) {
        keep_attempt(&writer, &attempt(&delivery.id, outcome), None);
    }
    let terms = [
        "event:order.*",
        "event:!order.updated",
        "verdict:valid,stale",
        "provider:hermes",
        "provider:hermes,olympus",
        "source:all",
        "source:import",
        "status:2xx,none",
        "is:failed",
        "since:2",
        "until:5",
        "beta",
        "header.x-shop~shop",
        "path:/hook",
        "query.n>3",
        "event_id:evt_*",
    ];
    let negated = terms.map(|term| format!("-{term}"));
    let all_terms: Vec<_> = terms
        .into_iter()
        .chain(negated.iter().map(|it| &**it))
        .collect();
    let moment = |text: &str| Ok(Timestamp::from_seconds(text.parse().unwrap()));
    let reader = place.reader();
    let (mut some, mut none) = (0, 0);
    for one in &all_terms {
        for other in &all_terms {
            let line = format!("{one} {other}");
            let filter = DeliveryFilter::read(&line, &moment).unwrap();
            let last = |number: usize| outcomes.get(number);
            let matching = deliveries
                .iter()
                .enumerate()
                .filter(|(number, delivery)| filter.matches(delivery, last(*number)));
            let wanted: Vec<_> = matching.map(|(_, delivery)| delivery.id.clone()).collect();
            let query = Query::default().filtered(filter.clone());
            assert_eq!(reader.ids(&query).unwrap(), wanted, "{line}");
            *if wanted.is_empty() {
                &mut none
            } else {
                &mut some
            } += 1;
        }
    }
    assert!(some > 100 && none > 100, "{some} {none}");
}

#[test]
fn a_page_without_bodies_is_the_page_but_for_them() {
    let deliveries = sample();
    let place = Place::holding(&deliveries);
    let reader = place.reader();
    let whole = reader.page(&Query::default(), true, 4).unwrap();
    let light = reader.page_without_bodies(&Query::default(), 4).unwrap();
    assert_eq!(light.len(), 4);
    for ((at, mut delivery), (place, shown, bytes)) in whole.into_iter().zip(light) {
        assert_eq!(delivery.request.body.len() as u64, bytes);
        delivery.request.body = bytes::Bytes::new();
        assert_eq!((at, delivery), (place, shown));
    }
}

#[test]
fn the_newest_attempts_come_in_their_order_with_the_beginning_of_each_answer() {
    let deliveries = sample();
    let place = Place::holding(&deliveries);
    let writer = place.log().writer().unwrap();
    let id = &deliveries[0].id;
    let made = [Ok(500), Err(FailureKind::Refused), Ok(200)].map(|it| attempt(id, it));
    for one in &made {
        keep_attempt(&writer, one, None);
    }
    let reader = place.reader();
    assert_eq!(reader.newest_attempts_of(id, 9, 1 << 20).unwrap(), made);
    let mut newest = reader.newest_attempts_of(id, 2, 1).unwrap();
    assert_eq!(newest.len(), 2);
    assert_eq!(newest[0], made[1]);
    let (cut, whole) = (
        newest.remove(1).outcome.unwrap(),
        made[2].outcome.as_ref().unwrap(),
    );
    assert_eq!(cut.body[..], whole.body[..1]);
    let summary = &reader.attempt_summaries(&[id]).unwrap()[id];
    assert_eq!((summary.count, summary.last), (3, Ok(200)));
    let (since, end) = reader.attempted_since(2).unwrap();
    assert_eq!(
        (since.into_iter().collect::<Vec<_>>(), end),
        (vec![id.clone()], 3)
    );
    assert_eq!(reader.attempted_since(3).unwrap(), (HashSet::new(), 3));
}
