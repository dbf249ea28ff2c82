//! Work on all cores whose results come in the order of what they were made of.

use std::num::NonZero;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, Scope};

/// What `work` makes of each item, in the order of the items. A few items for each core are under way
/// ahead of the one that is waited for; the rest is not taken before there is room, nor once the
/// results are no longer wanted. On a machine of one core nothing is handed over.
pub fn map_in_order<'scope, A: Send + 'scope, B: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    items: impl Iterator<Item = A> + Send + 'scope,
    work: impl Fn(A) -> B + Send + Sync + 'scope,
) -> Box<dyn Iterator<Item = B> + 'scope> {
    match thread::available_parallelism().map_or(1, NonZero::get) {
        1 => Box::new(items.map(work)),
        cores => Box::new(map_on_cores(scope, cores, items, work)),
    }
}

fn map_on_cores<'scope, A: Send + 'scope, B: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    cores: usize,
    mut items: impl Iterator<Item = A> + Send + 'scope,
    work: impl Fn(A) -> B + Send + Sync + 'scope,
) -> impl Iterator<Item = B> + 'scope {
    let work = Arc::new(work);
    let worker = |_| {
        let (give, taken) = sync_channel(1);
        let (done, results) = sync_channel(1);
        let work = Arc::clone(&work);
        scope.spawn(move || {
            // Nobody wants the results once this fails.
            let _ = taken.into_iter().try_for_each(|item| done.send(work(item)));
        });
        (give, results)
    };
    let (workers, results): (Vec<_>, Vec<_>) = (0..cores).map(worker).unzip();
    scope.spawn(move || {
        let mut turns = workers.iter().cycle();
        let give = |item| turns.next().is_some_and(|worker| worker.send(item).is_ok());
        items.all(give)
    });
    let mut turn = 0;
    std::iter::from_fn(move || {
        let result = results.get(turn)?.recv().ok();
        turn = (turn + 1) % results.len();
        result
    })
}

/// How many bytes may be held at once.
#[derive(Debug)]
pub struct ReadBudget {
    limit: usize,
    held: Mutex<usize>,
    freed: Condvar,
}

impl ReadBudget {
    /// One of `limit` bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            held: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    /// Takes a share, once there is room or nothing else is held. It is given back when it is dropped.
    pub fn take(self: &Arc<Self>, bytes: usize) -> ByteShare {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |held: &mut usize| *held > 0 && held.saturating_add(bytes) > self.limit;
        let held = self.freed.wait_while(held, is_full);
        *held.unwrap_or_else(PoisonError::into_inner) += bytes;
        ByteShare {
            budget: Arc::clone(self),
            bytes,
        }
    }
}

/// A share of a budget.
#[derive(Debug)]
pub struct ByteShare {
    budget: Arc<ReadBudget>,
    bytes: usize,
}

impl Drop for ByteShare {
    fn drop(&mut self) {
        let held = self.budget.held.lock();
        *held.unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_come_in_order_however_long_each_takes() {
        let work =
            |number: u64| (0..number * 7919 % 10_000).fold(number << 32, |sum, n| sum ^ n) >> 32;
        for cores in 1..4 {
            let found: Vec<_> =
                thread::scope(|scope| map_on_cores(scope, cores, 0..2000, work).collect());
            assert_eq!(found, (0..2000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_more_is_taken_than_is_soon_wanted() {
        let taken = AtomicUsize::new(0);
        let items = std::iter::repeat_with(|| taken.fetch_add(1, Ordering::SeqCst));
        // It ends, though there is no end of items.
        let found: Vec<_> =
            thread::scope(|scope| map_in_order(scope, items, |n| n).take(3).collect());
        assert_eq!(found, [0, 1, 2]);
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let taken = taken.into_inner();
        assert!(taken <= 3 + 4 * cores + 1, "{taken}");
    }

    #[test]
    fn a_budget_makes_wait_but_for_one_that_alone_is_too_much() {
        let budget = ReadBudget::new(10);
        let large = budget.take(50);
        thread::scope(|scope| {
            let small = scope.spawn(|| budget.take(1));
            assert!(!small.is_finished());
            drop(large);
            small.join().unwrap();
        });
        assert_eq!(*budget.held.lock().unwrap(), 0);
    }
}
