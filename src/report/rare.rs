//! What goes wrong again and again is said once in a while.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// For how long a warning is not repeated.
const QUIET: Duration = Duration::from_secs(10);

/// How many warnings are remembered; there are fewer of them, unless somebody makes them up.
const REMEMBERED: usize = 64;

/// What was warned of, when last, and how often it came since.
#[derive(Debug, Default)]
pub struct RareWarnings(HashMap<String, (Instant, u32)>);

impl RareWarnings {
    /// What is said at `now` of `what` happened, of `whom` it came; with how often it was not said.
    /// `None` where the same was said just before.
    pub fn due(&mut self, whom: &str, what: &str, now: Instant) -> Option<String> {
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, (at, _)| now - *at < QUIET);
        }
        let is_full = self.0.len() >= REMEMBERED;
        let before = match self.0.get_mut(what) {
            Some((at, unsaid)) if now - *at < QUIET => {
                *unsaid += 1;
                return None;
            }
            None if is_full => return None,
            said => said.map_or(0, |(_, unsaid)| *unsaid),
        };
        self.0.insert(what.to_owned(), (now, 0));
        Some(match before {
            0 => format!("{whom}{what}"),
            count => format!("{whom}{what}; {count} more times since it was said last"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_said_once_in_a_while_with_its_count() {
        let mut warnings = RareWarnings::default();
        let start = Instant::now();
        let mut said = |what: &str, seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            warnings.due("there is ", what, now)
        };
        assert_eq!(said("no room", 0).as_deref(), Some("there is no room"));
        assert_eq!(said("no room", 1), None);
        assert_eq!(said("no room", 9), None);
        assert!(said("another", 9).is_some());
        let again = "there is no room; 2 more times since it was said last";
        assert_eq!(said("no room", 10).as_deref(), Some(again));
        assert_eq!(said("no room", 30).as_deref(), Some("there is no room"));
        for number in 0..2 * REMEMBERED {
            said(&number.to_string(), 31);
        }
        assert_eq!(warnings.0.len(), REMEMBERED);
    }
}
