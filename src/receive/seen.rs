//! The events that came before, so that a delivery can be told from its repeat.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use crate::delivery::{Delivery, Status};

/// How many events are remembered. A sender's retries come within days; at this count the memory
/// takes about 4 MiB.
pub const REMEMBERED: usize = 32_768;

/// The last events, by provider and event id.
pub struct Seen {
    events: HashMap<u64, Known>,
    order: VecDeque<u64>,
    hasher: RandomState,
}

struct Known {
    first: Box<str>,
    count: u32,
}

/// Which delivery of its event one is.
pub(super) struct Repeat {
    /// The delivery's own id.
    pub id: String,
    /// The first delivery of the event, where this is not it.
    pub first: Option<String>,
    /// 1 for the first.
    pub count: u32,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            events: HashMap::new(),
            order: VecDeque::new(),
            hasher: RandomState::new(),
        }
    }
}

impl Seen {
    /// Remembers a delivery of an earlier run. Oldest first.
    pub fn remember(&mut self, provider: &str, event_id: &str, delivery_id: &str) {
        let key = self.hasher.hash_one((provider, event_id));
        self.count(key, delivery_id);
    }

    /// Counts a delivery. A forged one is told which event it repeats, and is not remembered
    /// itself: nobody may take the place of a genuine delivery.
    pub(super) fn recall(
        &mut self,
        id: String,
        provider: Option<&str>,
        event_id: Option<&str>,
        status: Status,
    ) -> Repeat {
        let (Some(provider), Some(event_id)) = (provider, event_id) else {
            return Repeat {
                id,
                first: None,
                count: 1,
            };
        };
        let key = self.hasher.hash_one((provider, event_id));
        let first = self.events.get(&key).map(|known| known.first.to_string());
        let count = if takes_place(status) {
            self.count(key, &id)
        } else {
            self.events.get(&key).map_or(1, |known| known.count + 1)
        };
        Repeat { id, first, count }
    }

    /// Takes a delivery back that was recalled but could not be kept: its retry repeats nothing.
    pub(super) fn forget(&mut self, delivery: &Delivery) {
        let (Some(provider), Some(event_id)) = (&delivery.provider, &delivery.event_id) else {
            return;
        };
        if !takes_place(delivery.verdict.status) {
            return;
        }
        let key = self.hasher.hash_one((provider.as_str(), event_id.as_str()));
        let Some(known) = self.events.get_mut(&key) else {
            return;
        };
        if *known.first != *delivery.id {
            known.count = known.count.saturating_sub(1);
            return;
        }
        self.events.remove(&key);
        // It is among the newest.
        if let Some(place) = self.order.iter().rposition(|other| *other == key) {
            self.order.remove(place);
        }
    }

    fn count(&mut self, key: u64, delivery_id: &str) -> u32 {
        if let Some(known) = self.events.get_mut(&key) {
            known.count = known.count.saturating_add(1);
            return known.count;
        }
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.events.remove(&oldest);
        }
        self.order.push_back(key);
        let first = delivery_id.into();
        self.events.insert(key, Known { first, count: 1 });
        1
    }
}

/// Whether a delivery with this verdict counts as one of its event.
const fn takes_place(status: Status) -> bool {
    matches!(status, Status::Valid | Status::Unverified | Status::Stale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{DeliverySource, Headers, Request, Timestamp, Verdict};

    fn recall(seen: &mut Seen, id: &str, event: &str, status: Status) -> (Option<String>, u32) {
        let repeat = seen.recall(id.into(), Some("olympus"), Some(event), status);
        (repeat.first, repeat.count)
    }

    #[test]
    fn a_repeat_names_the_first_and_its_number() {
        let mut seen = Seen::default();
        assert_eq!(recall(&mut seen, "a", "e", Status::Valid), (None, 1));
        assert_eq!(
            recall(&mut seen, "b", "e", Status::Valid),
            (Some("a".into()), 2)
        );
        assert_eq!(recall(&mut seen, "c", "other", Status::Valid), (None, 1));
    }

    #[test]
    fn a_forged_delivery_takes_no_place() {
        let mut seen = Seen::default();
        assert_eq!(
            recall(&mut seen, "forged", "e", Status::Mismatch),
            (None, 1)
        );
        assert_eq!(recall(&mut seen, "real", "e", Status::Valid), (None, 1));
        assert_eq!(
            recall(&mut seen, "forged", "e", Status::Mismatch),
            (Some("real".into()), 2)
        );
    }

    #[test]
    fn what_could_not_be_kept_is_repeated_by_nothing() {
        let mut seen = Seen::default();
        recall(&mut seen, "lost", "e", Status::Valid);
        seen.forget(&delivery("lost", "e"));
        assert_eq!(recall(&mut seen, "kept", "e", Status::Valid), (None, 1));
        recall(&mut seen, "lost", "e", Status::Valid);
        seen.forget(&delivery("lost", "e"));
        assert_eq!(
            recall(&mut seen, "again", "e", Status::Valid),
            (Some("kept".into()), 2)
        );
        assert_eq!(seen.order.len(), 1);
    }

    fn delivery(id: &str, event_id: &str) -> Delivery {
        Delivery {
            id: id.into(),
            received_at: Timestamp::from_seconds(1),
            source: DeliverySource::Listen,
            remote: None,
            provider: Some("olympus".into()),
            event: None,
            event_id: Some(event_id.into()),
            duplicate_of: None,
            verdict: Verdict::new(Status::Valid),
            request: Request::post("/", Headers::new(), ""),
            response_status: None,
        }
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let mut seen = Seen::default();
        for number in 0..=REMEMBERED {
            seen.remember("olympus", &number.to_string(), "x");
        }
        assert_eq!(seen.events.len(), REMEMBERED);
        assert_eq!(recall(&mut seen, "a", "0", Status::Valid), (None, 1));
    }
}
