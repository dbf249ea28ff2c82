//! What the ids of deliveries follow from.

use sha2::{Digest as _, Sha256};

/// How many characters an id has.
const LENGTH: usize = 12;
/// The characters of an id.
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Events of one story tell of the same things: an order and its payment have the order's id. Each
/// event has an id of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Story {
    /// From which everything follows.
    pub seed: u64,
    /// Which of the stories with this seed it is.
    pub number: u64,
}

impl Story {
    /// The id of a thing, by the names that tell it from any other.
    pub(super) fn id(self, names: [&str; 3]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.number.to_be_bytes());
        for name in names {
            hash.update(name);
            // No name has it, so no two lists of names are one text.
            hash.update([0]);
        }
        let characters = hash.finalize().into_iter().take(LENGTH);
        characters
            .map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]))
            .collect()
    }
}
