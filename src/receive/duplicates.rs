//! Telling a delivery from the first one of its event.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::recent::Recent;
use crate::delivery::Status;
use crate::store::{Receipt, StoreError};

/// The first delivery of each of the last events, by provider and event id.
#[derive(Default)]
pub struct Duplicates {
    events: Mutex<Recent<FirstDelivery>>,
    /// Told whenever a delivery was kept or was not.
    settled: Notify,
}

struct FirstDelivery {
    id: Box<str>,
    /// How many deliveries of the event came.
    count: u32,
    /// Whether it is in the log; until then nothing may be called its duplicate.
    is_kept: bool,
}

/// Which delivery of its event one is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Occurrence {
    /// The first delivery of the event, where this is not it.
    pub first: Option<String>,
    /// 1 for the first.
    pub number: u32,
    /// Where it is counted; `None` where it is not.
    key: Option<u64>,
}

/// A delivery of which it is open whether it is kept: nothing is called its duplicate meanwhile. Where
/// nobody waits for it any more, it is settled as soon as that is known.
pub(super) struct Unsettled {
    pub occurrence: Occurrence,
    duplicates: Arc<Duplicates>,
    /// `None` before it is submitted, and once it is settled.
    receipt: Option<Receipt>,
    is_settled: bool,
}

impl Unsettled {
    pub(super) fn new(duplicates: &Arc<Duplicates>, occurrence: Occurrence) -> Self {
        Self {
            occurrence,
            duplicates: Arc::clone(duplicates),
            receipt: None,
            is_settled: false,
        }
    }

    /// Waits until the delivery is kept, at once where there is no log, and settles it.
    pub(super) async fn settle(mut self, receipt: Option<Receipt>) -> Result<(), StoreError> {
        self.receipt = receipt;
        let kept = match &mut self.receipt {
            Some(receipt) => receipt.await,
            None => Ok(()),
        };
        self.receipt = None;
        self.is_settled = true;
        self.duplicates.settle(&self.occurrence, kept.is_ok());
        kept
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        if self.is_settled {
            return;
        }
        let left = Self {
            occurrence: std::mem::take(&mut self.occurrence),
            duplicates: Arc::clone(&self.duplicates),
            receipt: None,
            is_settled: true,
        };
        match (self.receipt.take(), Handle::try_current()) {
            (Some(receipt), Ok(runtime)) => drop(runtime.spawn(left.settle(Some(receipt)))),
            _ => self.duplicates.settle(&left.occurrence, false),
        }
    }
}

impl Duplicates {
    /// Remembers a delivery that an earlier run has kept. Oldest first.
    pub fn remember(&self, provider: &str, event_id: &str, delivery_id: &str) {
        let mut events = self.events();
        let key = events.key((provider, event_id));
        count(&mut events, key, delivery_id, true);
    }

    /// Which delivery of its event this is; `None` while it is open whether the first one is kept,
    /// and then [`Duplicates::settled`] tells when to ask again.
    ///
    /// A forged delivery is told which event it repeats, and is not counted itself: nobody may take
    /// the place of a genuine delivery.
    pub(super) fn look_up(
        &self,
        id: &str,
        event: Option<(&str, &str)>,
        status: Status,
    ) -> Option<Occurrence> {
        let mut events = self.events();
        let Some(key) = event.map(|event| events.key(event)) else {
            return Some(Occurrence {
                first: None,
                number: 1,
                key: None,
            });
        };
        let known = events.get(key);
        if known.is_some_and(|first| !first.is_kept) {
            return None;
        }
        let first = known.map(|first| first.id.to_string());
        if status.is_counted() {
            let number = count(&mut events, key, id, false);
            return Some(Occurrence {
                first,
                number,
                key: Some(key),
            });
        }
        let number = known.map_or(1, |first| first.count.saturating_add(1));
        Some(Occurrence {
            first,
            number,
            key: None,
        })
    }

    /// Resolves once a delivery is settled after this call.
    pub(super) fn settled(&self) -> impl Future<Output = ()> {
        self.settled.notified()
    }

    /// Says whether a delivery that was looked up is kept. One that is not counts no longer, so that
    /// its retry repeats nothing.
    pub(super) fn settle(&self, occurrence: &Occurrence, is_kept: bool) {
        let Some(key) = occurrence.key else { return };
        let mut events = self.events();
        match (is_kept, events.get_mut(key)) {
            (true, Some(first)) => first.is_kept = true,
            (false, Some(_)) if occurrence.number == 1 => events.remove(key),
            (false, Some(first)) => first.count = first.count.saturating_sub(1),
            // It was forgotten for newer ones.
            (_, None) => {}
        }
        drop(events);
        self.settled.notify_waiters();
    }

    fn events(&self) -> MutexGuard<'_, Recent<FirstDelivery>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a delivery of an event; returns its number.
fn count(events: &mut Recent<FirstDelivery>, key: u64, id: &str, is_kept: bool) -> u32 {
    if let Some(first) = events.get_mut(key) {
        first.count = first.count.saturating_add(1);
        return first.count;
    }
    let id = id.into();
    events.insert(
        key,
        FirstDelivery {
            id,
            count: 1,
            is_kept,
        },
    );
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_up(duplicates: &Duplicates, id: &str, event: &str, status: Status) -> Occurrence {
        let event = Some(("olympus", event));
        duplicates.look_up(id, event, status).unwrap()
    }

    /// Looks a delivery up and keeps it; tells the first of its event, and its number.
    fn keep(duplicates: &Duplicates, id: &str, event: &str) -> (Option<String>, u32) {
        let occurrence = look_up(duplicates, id, event, Status::Valid);
        duplicates.settle(&occurrence, true);
        (occurrence.first, occurrence.number)
    }

    #[test]
    fn a_repeat_names_the_first_and_its_number() {
        let duplicates = Duplicates::default();
        assert_eq!(keep(&duplicates, "a", "e"), (None, 1));
        assert_eq!(keep(&duplicates, "b", "e"), (Some("a".into()), 2));
        assert_eq!(keep(&duplicates, "c", "other"), (None, 1));
    }

    #[test]
    fn a_forged_delivery_takes_no_place() {
        let duplicates = Duplicates::default();
        let forged = || {
            let occurrence = look_up(&duplicates, "forged", "e", Status::Mismatch);
            duplicates.settle(&occurrence, true);
            (occurrence.first, occurrence.number)
        };
        assert_eq!(forged(), (None, 1));
        assert_eq!(keep(&duplicates, "real", "e"), (None, 1));
        assert_eq!(forged(), (Some("real".into()), 2));
        assert_eq!(keep(&duplicates, "again", "e"), (Some("real".into()), 2));
    }

    #[test]
    fn nothing_repeats_a_delivery_before_it_is_kept() {
        let duplicates = Duplicates::default();
        let first = look_up(&duplicates, "first", "e", Status::Valid);
        for status in [Status::Valid, Status::Mismatch] {
            let event = Some(("olympus", "e"));
            assert_eq!(duplicates.look_up("second", event, status), None);
        }
        assert_eq!(keep(&duplicates, "another", "f"), (None, 1));
        duplicates.settle(&first, true);
        assert_eq!(keep(&duplicates, "second", "e"), (Some("first".into()), 2));
    }

    #[test]
    fn what_could_not_be_kept_is_repeated_by_nothing() {
        let duplicates = Duplicates::default();
        let lost = look_up(&duplicates, "lost", "e", Status::Valid);
        duplicates.settle(&lost, false);
        assert_eq!(keep(&duplicates, "kept", "e"), (None, 1));
        let lost = look_up(&duplicates, "lost", "e", Status::Valid);
        duplicates.settle(&lost, false);
        assert_eq!(keep(&duplicates, "again", "e"), (Some("kept".into()), 2));
    }

    #[test]
    fn an_earlier_run_is_remembered() {
        let duplicates = Duplicates::default();
        duplicates.remember("olympus", "e", "yesterday");
        assert_eq!(keep(&duplicates, "a", "e"), (Some("yesterday".into()), 2));
    }
}
