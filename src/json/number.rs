//! Numbers of JSON as they are written.

use std::cmp::Ordering;

/// The order of two numbers, exact where both are whole; `None` where one is no number.
pub fn compare_numbers(left: &str, right: &str) -> Option<Ordering> {
    if let (Ok(left), Ok(right)) = (left.parse::<i128>(), right.parse::<i128>()) {
        return Some(left.cmp(&right));
    }
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    number(left)?.partial_cmp(&number(right)?)
}
