//! What is sent next: an index in memory over what is due in the state. Pure: it is told the time.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::delivery::Timestamp;

/// A delivery of which an attempt is to be made, by the places in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheduled {
    /// The delivery.
    pub delivery: u64,
    /// Where to.
    pub endpoint: u64,
}

/// Deliveries by when they are due, and behind it a queue for each endpoint: one that is slow holds up
/// nobody but itself.
#[derive(Debug)]
pub struct Schedule {
    /// How many may be under way to one endpoint.
    per_endpoint: usize,
    /// How many may be under way in all.
    in_all: usize,
    /// What is to come, with the endpoint of each.
    due: BTreeMap<(Timestamp, u64), u64>,
    queues: HashMap<u64, DueQueue>,
    /// The endpoints that have something waiting and may start it, in turn.
    ready: VecDeque<u64>,
    running: usize,
    waiting: usize,
}

/// What is due for one endpoint.
#[derive(Debug, Default)]
struct DueQueue {
    waiting: VecDeque<u64>,
    running: usize,
    /// Whether it stands among those that are ready.
    is_ready: bool,
}

impl Schedule {
    /// With nothing in it.
    pub fn new(per_endpoint: usize, in_all: usize) -> Self {
        Self {
            per_endpoint,
            in_all,
            due: BTreeMap::new(),
            queues: HashMap::new(),
            ready: VecDeque::new(),
            running: 0,
            waiting: 0,
        }
    }

    /// Adds an attempt that is due then.
    pub fn add(&mut self, scheduled: Scheduled, due: Timestamp) {
        let key = (due, scheduled.delivery);
        self.due.insert(key, scheduled.endpoint);
    }

    /// When the next one is due that does not wait yet.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((due, _), _)| *due)
    }

    /// Puts what is due by `now` behind its endpoint's queue.
    pub fn release(&mut self, now: Timestamp) {
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, delivery), endpoint) = entry.remove_entry();
            let queue = self.queues.entry(endpoint).or_default();
            queue.waiting.push_back(delivery);
            self.waiting += 1;
            self.enter(endpoint);
        }
    }

    /// The next one to start, which counts as under way until [`Schedule::end`].
    pub fn start(&mut self) -> Option<Scheduled> {
        if self.running >= self.in_all {
            return None;
        }
        let endpoint = self.ready.pop_front()?;
        let queue = self.queues.get_mut(&endpoint)?;
        queue.is_ready = false;
        let delivery = queue.waiting.pop_front()?;
        queue.running += 1;
        self.running += 1;
        self.waiting -= 1;
        self.enter(endpoint);
        Some(Scheduled { delivery, endpoint })
    }

    /// That one of an endpoint is no longer under way.
    pub fn end(&mut self, endpoint: u64) {
        let Some(queue) = self.queues.get_mut(&endpoint) else {
            return;
        };
        queue.running = queue.running.saturating_sub(1);
        self.running = self.running.saturating_sub(1);
        if queue.running == 0 && queue.waiting.is_empty() {
            self.queues.remove(&endpoint);
        } else {
            self.enter(endpoint);
        }
    }

    /// Forgets what is to come for an endpoint; what is under way stays so.
    pub fn forget(&mut self, endpoint: u64) {
        self.due.retain(|_, other| *other != endpoint);
        if let Some(queue) = self.queues.get_mut(&endpoint) {
            self.waiting -= queue.waiting.len();
            queue.waiting.clear();
        }
    }

    /// Lets an endpoint's queue take its turn, where it has something that may start.
    fn enter(&mut self, endpoint: u64) {
        let Some(queue) = self.queues.get_mut(&endpoint) else {
            return;
        };
        let may_start = !queue.waiting.is_empty() && queue.running < self.per_endpoint;
        if may_start && !queue.is_ready {
            queue.is_ready = true;
            self.ready.push_back(endpoint);
        }
    }

    /// Whether nothing is under way or waits for its turn.
    pub const fn is_quiet(&self) -> bool {
        self.running == 0 && self.waiting == 0
    }

    /// Whether nothing will ever be sent unless something is added.
    pub fn is_empty(&self) -> bool {
        self.is_quiet() && self.due.is_empty()
    }

    /// How many are under way.
    pub const fn running(&self) -> usize {
        self.running
    }

    /// How many are to come.
    pub fn pending(&self) -> usize {
        self.due.len() + self.waiting
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn add(schedule: &mut Schedule, endpoint: u64, delivery: u64, due: i64) {
        let scheduled = Scheduled { delivery, endpoint };
        schedule.add(scheduled, at(due));
    }

    fn started(schedule: &mut Schedule) -> Vec<u64> {
        let start = std::iter::from_fn(|| schedule.start());
        start.map(|scheduled| scheduled.delivery).collect()
    }

    #[test]
    fn what_is_due_starts_in_order_and_nothing_before() {
        let mut schedule = Schedule::new(10, 100);
        for (delivery, due) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
            add(&mut schedule, 1, delivery, due);
        }
        assert_eq!(schedule.next_due(), Some(at(10)));
        schedule.release(at(9));
        assert!(started(&mut schedule).is_empty());
        schedule.release(at(20));
        assert_eq!(started(&mut schedule), [2, 4, 3]);
        assert_eq!(schedule.next_due(), Some(at(30)));
    }

    #[test]
    fn a_slow_endpoint_holds_up_only_itself_and_one_at_a_time_keeps_the_order() {
        let mut schedule = Schedule::new(1, 100);
        for delivery in 1..=3 {
            add(&mut schedule, 1, delivery, 0);
            add(&mut schedule, 2, 10 + delivery, 0);
        }
        schedule.release(at(0));
        assert_eq!(started(&mut schedule), [1, 11]);
        schedule.end(2);
        assert_eq!(started(&mut schedule), [12]);
        schedule.end(2);
        assert_eq!(started(&mut schedule), [13]);
        schedule.end(1);
        assert_eq!(started(&mut schedule), [2]);
    }

    #[test]
    fn no_more_than_so_many_are_under_way_in_all_and_endpoints_take_turns() {
        let mut schedule = Schedule::new(10, 3);
        for delivery in 1..=4 {
            add(&mut schedule, 1, delivery, 0);
        }
        add(&mut schedule, 2, 5, 0);
        schedule.release(at(0));
        assert_eq!(started(&mut schedule), [1, 5, 2]);
        schedule.end(1);
        assert_eq!(started(&mut schedule), [3]);
    }

    proptest! {
        #[test]
        fn everything_starts_once_within_the_limits(
            all in prop::collection::vec((0..5_u64, 0..50_i64), 1..60),
            per_endpoint in 1..4_usize,
            in_all in 1..8_usize,
        ) {
            let mut schedule = Schedule::new(per_endpoint, in_all);
            for (number, (endpoint, due)) in all.iter().enumerate() {
                add(&mut schedule, *endpoint, number as u64, *due);
            }
            let (mut seen, mut running) = (Vec::new(), Vec::<Scheduled>::new());
            for second in 0..50 {
                schedule.release(at(second));
                while let Some(scheduled) = schedule.start() {
                    seen.push(scheduled.delivery);
                    running.push(scheduled);
                    let here = running.iter().filter(|it| it.endpoint == scheduled.endpoint);
                    prop_assert!(here.count() <= per_endpoint && running.len() <= in_all);
                    if running.len() == in_all || second % 3 == 0 {
                        schedule.end(running.remove(0).endpoint);
                    }
                }
            }
            loop {
                while let Some(scheduled) = schedule.start() {
                    seen.push(scheduled.delivery);
                    running.push(scheduled);
                }
                let Some(ended) = running.pop() else { break };
                schedule.end(ended.endpoint);
            }
            prop_assert!(schedule.is_empty());
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..all.len() as u64).collect::<Vec<_>>());
        }
    }
}
