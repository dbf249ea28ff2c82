//! Text that is looked for in bytes.

/// Places in a text that are looked at together.
const BLOCK: usize = 64;

/// What tells a small ASCII letter from its capital.
const CASE: u8 = 0x20;

/// Whether `text` holds `wanted`, in upper or lower case.
///
/// Blocks of places are looked at together, for which the compiler has wide instructions: whether at
/// any of them the first and the last byte may be right, but for the bit that tells the case.
pub fn contains_text(text: &[u8], wanted: &[u8]) -> bool {
    let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
        return true;
    };
    let (first, last) = (first | CASE, last | CASE);
    let differs = |a: &u8, b: &u8| (a | CASE) ^ first | (b | CASE) ^ last;
    let Some(behind) = text.get(wanted.len() - 1..) else {
        return false;
    };
    let is_here = |from: usize| {
        let parts = text.get(from..).unwrap_or_default().windows(wanted.len());
        parts.take(BLOCK).any(|part| {
            differs(&part[0], &part[part.len() - 1]) == 0 && part.eq_ignore_ascii_case(wanted)
        })
    };
    let (starts, _) = text.as_chunks::<BLOCK>();
    let (ends, rest) = behind.as_chunks::<BLOCK>();
    let may_begin = |(starts, ends): (&[u8; BLOCK], &[u8; BLOCK])| {
        let places = starts.iter().zip(ends);
        places.fold(u8::MAX, |least, (a, b)| least.min(differs(a, b))) == 0
    };
    let mut blocks = starts.iter().zip(ends).enumerate();
    blocks.any(|(number, block)| may_begin(block) && is_here(number * BLOCK))
        || is_here(behind.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_is_found_in_either_case(text in "[abAB\u{e9}]{0,12}|[aA@`]{60,200}", wanted in "[abAB@]{0,3}|a{50,90}") {
            let plain = text.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase());
            prop_assert_eq!(contains_text(text.as_bytes(), wanted.as_bytes()), plain);
        }
    }
}
