//! What the ids of deliveries follow from.

use sha2::{Digest as _, Sha256};

/// How many characters an id has.
const LENGTH: usize = 12;
/// The least number of ten digits.
const LEAST_INT: u64 = 1_000_000_000;
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
        let characters = self.hash(names).into_iter().take(LENGTH);
        characters
            .map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]))
            .collect()
    }

    /// The same as a number of ten digits, which every program reads exactly.
    pub(super) fn int(self, names: [&str; 3]) -> u64 {
        let number = self.hash(names).into_iter().take(8);
        let number = number.fold(0_u64, |number, byte| number << 8 | u64::from(byte));
        LEAST_INT + number % (9 * LEAST_INT)
    }

    /// The same as a UUID, of the version that is random (RFC 9562, section 5.4).
    pub(super) fn uuid(self, names: [&str; 3]) -> String {
        let mut digits = hex::encode(self.hash(names));
        digits.replace_range(12..13, "4");
        digits.replace_range(16..17, "a");
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
        parts.map(|part| &digits[part]).join("-")
    }

    fn hash(self, names: [&str; 3]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.number.to_be_bytes());
        for name in names {
            hash.update(name);
            // No name has it, so no two lists of names are one text.
            hash.update([0]);
        }
        hash.finalize().into()
    }
}
