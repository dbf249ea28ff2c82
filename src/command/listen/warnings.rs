//! What goes wrong again and again is said once in a while.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::console::Console;
use crate::exit::CliError;
use crate::http::Stray;
use crate::store::StoreError;

/// For how long a warning is not repeated.
const QUIET: Duration = Duration::from_secs(10);

/// How many warnings are remembered; there are fewer of them, unless somebody makes them up.
const REMEMBERED: usize = 64;

/// What was warned of, and when last.
#[derive(Default)]
pub struct RareWarnings(HashMap<String, Said>);

struct Said {
    at: Instant,
    unsaid: u32,
}

impl RareWarnings {
    /// Warns of something that could not be kept or read.
    pub fn of_log(&mut self, console: Console, error: &StoreError) {
        let error = CliError::from(error.clone());
        self.warn(
            console,
            &error.message,
            &error.message,
            error.hint.as_deref(),
        );
    }

    /// Warns of something that came and is no request.
    pub fn of_stray(&mut self, console: Console, stray: &Stray, from: SocketAddr) {
        let (what, hint) = match stray {
            Stray::Tls => (
                "spoke TLS at this plain port".to_owned(),
                Some("give the sender an `http://` URL, or listen with `--tls`"),
            ),
            Stray::Plain => (
                "spoke plain HTTP at this TLS port".to_owned(),
                Some("give the sender an `https://` URL, or listen without `--tls`"),
            ),
            Stray::NoHandshake(reason) => (
                format!("ended the TLS handshake: {reason}"),
                Some("let it trust the certificate: `curl -k`, `send --insecure`"),
            ),
            Stray::NotHttp => (
                "sent something that is no HTTP/1.1 request".to_owned(),
                None,
            ),
            Stray::Refused(rule) => (
                format!("sent a request that was refused with 400: {rule}"),
                None,
            ),
        };
        let message = format!("`{from}` {what}");
        self.warn(console, &what, &message, hint);
    }

    fn warn(&mut self, console: Console, key: &str, message: &str, hint: Option<&str>) {
        let now = Instant::now();
        if let Some(message) = self.due(key, message, now) {
            console.warn(&message, hint);
        }
    }

    /// What is said now, with how often it was not said; `None` where it was said just before.
    fn due(&mut self, key: &str, message: &str, now: Instant) -> Option<String> {
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, said| now - said.at < QUIET);
        }
        let is_full = self.0.len() >= REMEMBERED;
        let before = match self.0.get_mut(key) {
            Some(said) if now - said.at < QUIET => {
                said.unsaid += 1;
                return None;
            }
            None if is_full => return None,
            said => said.map_or(0, |said| said.unsaid),
        };
        self.0.insert(key.to_owned(), Said { at: now, unsaid: 0 });
        Some(match before {
            0 => message.to_owned(),
            count => format!("{message}; {count} more times since it was said last"),
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
        let mut said = |key: &str, seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            warnings.due(key, "no room", now)
        };
        assert_eq!(said("full", 0).as_deref(), Some("no room"));
        assert_eq!(said("full", 1), None);
        assert_eq!(said("full", 9), None);
        assert!(said("another", 9).is_some());
        let again = "no room; 2 more times since it was said last";
        assert_eq!(said("full", 10).as_deref(), Some(again));
        assert_eq!(said("full", 30).as_deref(), Some("no room"));
        for number in 0..2 * REMEMBERED {
            said(&number.to_string(), 31);
        }
        assert_eq!(warnings.0.len(), REMEMBERED);
    }
}
