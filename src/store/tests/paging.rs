//! Pages in both directions.

use std::collections::BTreeSet;

use super::*;
use crate::store::query::Order;

/// One step of who looks through the log while it grows.
#[derive(Debug, Clone)]
enum Step {
    Add(u8),
    Turn(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..4_u8).prop_map(Step::Add),
        (1..5_usize).prop_map(Step::Turn)
    ];
    prop::collection::vec(step, 0..40)
}

/// A log that grows, and what of it the query means.
struct Growing {
    place: Place,
    writer: Writer,
    meant: Vec<String>,
}

impl Growing {
    fn with(count: usize) -> Self {
        let place = Place::new();
        let writer = place.log().writer().unwrap();
        let meant = Vec::new();
        let mut growing = Self {
            place,
            writer,
            meant,
        };
        (0..count).for_each(|_| growing.add(true));
        growing
    }

    fn add(&mut self, meant: bool) {
        let mut added = delivery();
        if meant {
            self.meant.push(added.id.clone());
        } else {
            added.provider = Some("another".into());
        }
        keep(&self.writer, &added).unwrap();
    }

    /// Turns pages until one is empty and there are no more steps; the ids in their order.
    fn read(&mut self, newest_first: bool, steps: Vec<Step>) -> Vec<String> {
        let reader = self.place.reader();
        let mut query = query();
        let mut turn = |most| {
            let page = reader.page(&query, newest_first, most).unwrap();
            if let Some((last, _)) = page.last() {
                let cursor = if newest_first {
                    &mut query.before
                } else {
                    &mut query.after
                };
                *cursor = Some(*last);
            }
            page.into_iter().map(|(_, delivery)| delivery.id).collect()
        };
        // The first page is turned before anything is added: it says where the newest is.
        let mut seen: Vec<String> = turn(2);
        for step in steps {
            match step {
                Step::Add(number) => self.add(number > 0),
                Step::Turn(most) => seen.extend(turn(most)),
            }
        }
        // More pages than there can be deliveries.
        for _ in 0..300 {
            let page = turn(3);
            if page.is_empty() {
                return seen;
            }
            seen.extend(page);
        }
        panic!("the pages have no end");
    }
}

fn query() -> Query {
    Query {
        provider: Some("olympus".into()),
        ..Query::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_from_the_oldest_hold_each_delivery_once(count in 0..12_usize, steps in steps()) {
        let mut log = Growing::with(count);
        let seen = log.read(false, steps);
        prop_assert_eq!(seen, log.meant);
    }

    #[test]
    fn pages_from_the_newest_hold_each_delivery_that_was_there_once(
        count in 1..12_usize,
        steps in steps(),
    ) {
        let mut log = Growing::with(count);
        let mut seen = log.read(true, steps);
        seen.reverse();
        prop_assert_eq!(&seen[..], &log.meant[..count]);
    }

    #[test]
    fn a_page_can_be_turned_back(count in 1..20_usize, at in 0..20_usize, most in 1..6_usize) {
        let log = Growing::with(count);
        let reader = log.place.reader();
        let all = reader.page(&query(), false, usize::MAX).unwrap();
        let (place, _) = all[at % count];
        let before = Query { before: Some(place), ..query() };
        let after = Query { after: Some(place), ..query() };
        let ids = |query: &Query, newest_first| -> BTreeSet<String> {
            let page = reader.page(query, newest_first, most).unwrap();
            page.into_iter().map(|(_, delivery)| delivery.id).collect()
        };
        let at = at % count;
        let wanted = |range: std::ops::Range<usize>| log.meant[range].iter().cloned().collect();
        let older: BTreeSet<String> = wanted(at.saturating_sub(most)..at);
        let newer: BTreeSet<String> = wanted(at + 1..count.min(at + 1 + most).max(at + 1));
        prop_assert_eq!(ids(&before, true), older);
        prop_assert_eq!(ids(&after, false), newer);
    }
}

/// Whatever the order of the rows is, and where what is older came in later.
#[test]
fn a_log_that_is_read_in_parts_gives_what_it_gives_as_a_whole() {
    let mut log = Growing::with(60);
    let older = |n: i64| Delivery {
        received_at: Timestamp::from_seconds(n * 7 % 40),
        provider: Some("olympus".into()),
        ..delivery()
    };
    log.place.log().import((0..60).map(older)).unwrap();
    log.add(true);
    let reader = log.place.reader();
    let [some, more] = [20, 90].map(|n| reader.page(&query(), false, n).unwrap()[n - 1].0);
    let between = Query {
        after: Some(some),
        before: Some(more),
        since: Some(Timestamp::from_seconds(3)),
        until: Some(Timestamp::from_seconds(30)),
        ..query()
    };
    for query in [query(), between] {
        for order in [Order::Oldest, Order::Newest, Order::LastReceived] {
            let whole = reader.places_in(1, &query, order, usize::MAX).unwrap();
            assert!(whole.len() > 15, "{order:?}: {}", whole.len());
            for (parts, most) in [
                (2, usize::MAX),
                (7, usize::MAX),
                (200, usize::MAX),
                (3, 5),
                (5, 40),
                (2, 0),
            ] {
                let found = reader.places_in(parts, &query, order, most).unwrap();
                let wanted = &whole[..most.min(whole.len())];
                assert_eq!(found, wanted, "{order:?} in {parts}, {most}");
            }
        }
    }
}
