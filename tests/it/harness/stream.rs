//! What a running program prints, line by line, with an end to the waiting.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use super::PATIENCE;

/// The lines of a stream, read in a thread, so that no pipe runs full.
pub struct Lines {
    lines: Receiver<String>,
}

/// Lines of nothing.
impl Default for Lines {
    fn default() -> Self {
        Self::of(std::io::empty())
    }
}

impl Lines {
    /// Reads a stream to its end.
    pub fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                let text = String::from_utf8_lossy(&line).into_owned();
                if sender.send(text).is_err() {
                    return;
                }
                line.clear();
            }
        });
        Self { lines }
    }

    /// The next line with its line end; `None` at the end.
    #[track_caller]
    pub fn next(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("neither a line nor an end"),
        }
    }

    /// The next line that has this text in it.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> String {
        let mut before = String::new();
        while let Some(line) = self.next() {
            if line.contains(text) {
                return line;
            }
            before.push_str(&line);
        }
        panic!("no `{text}` in: {before}");
    }

    /// All that is left, to the end.
    #[track_caller]
    pub fn rest(mut self) -> String {
        std::iter::from_fn(|| self.next()).collect()
    }
}
