//! A bounded memory: the newest keys with a value each, the oldest forgotten.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};

/// How many keys are remembered. A sender's retries come within days; at this count the memory takes
/// about 4 MiB.
pub const REMEMBERED: usize = 32_768;

/// Values by the hash of a key, so that a key takes the same room whatever its length.
pub(super) struct Recent<V> {
    values: HashMap<u64, V>,
    /// The keys, oldest first.
    order: VecDeque<u64>,
    hasher: RandomState,
}

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Self {
            values: HashMap::new(),
            order: VecDeque::new(),
            hasher: RandomState::new(),
        }
    }
}

impl<V> Recent<V> {
    /// The hash under which a key's value stands.
    pub(super) fn key(&self, key: impl Hash) -> u64 {
        self.hasher.hash_one(key)
    }

    pub(super) fn get(&self, key: u64) -> Option<&V> {
        self.values.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        self.values.get_mut(&key)
    }

    /// Remembers a value; of a new key beyond [`REMEMBERED`], the oldest is forgotten.
    pub(super) fn insert(&mut self, key: u64, value: V) {
        if self.values.insert(key, value).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }

    /// Forgets a key, which is expected to be among the newest.
    pub(super) fn remove(&mut self, key: u64) {
        self.values.remove(&key);
        if let Some(place) = self.order.iter().rposition(|other| *other == key) {
            self.order.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let mut recent = Recent::default();
        for number in 0..=REMEMBERED {
            let key = recent.key(number);
            recent.insert(key, number);
        }
        assert_eq!(recent.values.len(), REMEMBERED);
        assert_eq!(recent.order.len(), REMEMBERED);
        assert_eq!(recent.get(recent.key(0_usize)), None);
        assert_eq!(recent.get(recent.key(1_usize)), Some(&1));
    }

    #[test]
    fn a_forgotten_key_leaves_no_trace() {
        let mut recent = Recent::default();
        for key in [1, 2, 1] {
            recent.insert(key, ());
        }
        recent.remove(1);
        assert_eq!((recent.get(1), recent.order.len()), (None, 1));
    }
}
