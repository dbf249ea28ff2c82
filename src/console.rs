//! The two streams: data on stdout, messages on stderr, colours for each on its own.

mod bar;

use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use serde::Serialize;

use crate::report::{self, Detail, sanitize};

pub use bar::count_down;

/// Where a command speaks.
///
/// Texts come coloured; the streams strip the colours where they do not belong.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    choice: ColorChoice,
    detail: Detail,
}

impl Console {
    /// Streams with this choice of colours, and how much is said on them.
    pub fn new(choice: ColorChoice, detail: Detail) -> Self {
        // The strings are always built in colour; what a stream does not want, it strips.
        colored::control::set_override(true);
        Self { choice, detail }
    }

    /// Prints data, and a line end.
    pub fn data(self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let choice = self.choice_for(&out);
        let text = match choice {
            ColorChoice::Never => &*sanitize::without_styles(text),
            _ => text,
        };
        // Behind 0xc2 there may be a control character of the upper half.
        let is_text = |b| matches!(b, b' '..=b'~' | b'\n' | 0x80..=0xc1 | 0xc3..);
        if text.bytes().all(is_text) {
            // Nothing is there that a stream may not want.
            out.write_all(text.as_bytes())?;
            out.write_all(b"\n")?;
            return out.flush();
        }
        let mut out = AutoStream::new(out, choice);
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Prints lines of JSON as they are; on a terminal, what could act on it is written as `\uXXXX`.
    /// [`Console::data`] would take out what a stream without colours does not want, a DEL among
    /// it, which JSON may hold.
    pub fn json(self, lines: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if out.is_terminal() {
            let escaped: Vec<_> = lines.lines().map(sanitize::escape_json).collect();
            out.write_all(escaped.join("\n").as_bytes())?;
        } else {
            out.write_all(lines.as_bytes())?;
        }
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Prints an object of this kind as a line of JSON.
    pub fn line(self, kind: &str, fields: impl Serialize) -> io::Result<()> {
        self.json(&report::line(kind, fields)?)
    }

    /// Prints bytes of data as they are; on a terminal, what could act on it is escaped.
    pub fn raw(self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if out.is_terminal() {
            // Line ends of an HTTP head are no secret worth an escape at the end of every line.
            let shown = sanitize::escape_bytes_lines(bytes).replace("\\r\n", "\n");
            out.write_all(shown.as_bytes())?;
            if !shown.ends_with('\n') {
                out.write_all(b"\n")?;
            }
        } else {
            out.write_all(bytes)?;
        }
        out.flush()
    }

    /// Prints a message on stderr, and a line end; on a terminal, its lines are broken to the width.
    /// A closed stderr is no error.
    pub fn message(self, text: &str) {
        let err = io::stderr().lock();
        let mut text = report::wrap(text, terminal_width(&err)) + "\n";
        let choice = self.choice_for(&err);
        let err = AutoStream::new(err, choice);
        if err.current_choice() == ColorChoice::Never {
            text = strip_str(&text).to_string();
        }
        // One write, so that what another stream shows on this terminal cannot come between.
        let _ = err.into_inner().write_all(text.as_bytes());
    }

    /// Says that something is wrong though the work goes on.
    pub fn warn(self, message: &str, hint: Option<&str>) {
        self.message(&report::warning(message, hint));
    }

    /// Says something that is good to know, unless little is to be said.
    pub fn note(self, message: &str) {
        self.remark(&report::note(message));
    }

    /// Prints a message as [`Console::message`] does, unless little is to be said.
    pub fn remark(self, text: &str) {
        if self.detail > Detail::Little {
            self.message(text);
        }
    }

    /// How much is said of what happens.
    pub const fn detail(self) -> Detail {
        self.detail
    }

    /// Whether what goes to stdout is coloured.
    pub fn colours_stdout(self) -> bool {
        let out = io::stdout();
        AutoStream::new(out.lock(), self.choice_for(&out)).current_choice() != ColorChoice::Never
    }

    /// The choice for a stream. `CLICOLOR_FORCE=0` forces nothing, as the convention has it
    /// (<https://bixense.com/clicolors/>), and anstream takes any value for yes.
    fn choice_for(self, stream: &impl io::IsTerminal) -> ColorChoice {
        let forces = env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let is_plain = !stream.is_terminal() || env::var_os("TERM").is_some_and(|t| t == "dumb");
        match self.choice {
            ColorChoice::Auto if !forces && is_plain => ColorChoice::Never,
            choice => choice,
        }
    }

    /// Whether stdout is a terminal.
    pub fn prints_to_terminal(self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether stderr is a terminal, where a progress bar can stand.
    pub fn talks_to_terminal(self) -> bool {
        io::stderr().is_terminal()
    }

    /// The width of the terminal on stdout, where there is one.
    pub fn width(self) -> Option<usize> {
        terminal_width(&io::stdout())
    }
}

/// The columns of the terminal behind a stream; a stream that is none has no width.
fn terminal_width<S: io::IsTerminal + AsFd>(stream: &S) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0))
}
