//! What shows on stderr how far a run is.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::Console;
use crate::report;

/// How often a bar is drawn while nothing comes.
const TICK: Duration = Duration::from_millis(250);

impl Console {
    /// The bar of a load on a terminal, a spinner where nobody knows how many there will be.
    pub fn load_bar(self, count: Option<u64>) -> ProgressBar {
        match count {
            None => self.bar(None, "{spinner} {pos} sent  {rate}  {time}"),
            count => self.bar(count, "{bar:40} {pos}/{len}  {rate}  {left} left"),
        }
    }

    /// The bar of a row of checks. A handler that is slow to answer leaves the screen blank else.
    pub fn check_bar(self, count: u64) -> ProgressBar {
        let bar = self.bar(Some(count), "{bar:40} {pos}/{len}  {elapsed}");
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        bar
    }

    /// A spinner with how many there are so far, for work on a file of any size.
    pub fn work_bar(self, doing: &'static str) -> ProgressBar {
        self.bar(None, "{spinner} {msg} {pos}  {rate}  {time}")
            .with_message(doing)
    }

    /// A line that says how long it is until something comes; see [`count_down`].
    pub fn countdown(self) -> ProgressBar {
        self.bar(None, "{msg}")
    }

    fn bar(self, count: Option<u64>, template: &str) -> ProgressBar {
        if !self.talks_to_terminal() {
            return ProgressBar::hidden();
        }
        let bar = count.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let style = ProgressStyle::with_template(template);
        bar.with_style(in_our_words(
            style.unwrap_or_else(|_| ProgressStyle::default_bar()),
        ))
    }
}

/// Says on a countdown how long it is until `what`; nothing where that is now.
pub fn count_down(bar: &ProgressBar, what: &str, wait: Duration) {
    let left = whole_seconds(wait);
    bar.set_message(match wait.as_secs() {
        0 => String::new(),
        _ => format!("{what} in {left}"),
    });
}

/// The style with rates and times as the reports write them. That a bar cannot be drawn is no error.
fn in_our_words(style: ProgressStyle) -> ProgressStyle {
    style
        .with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{:.0}/s", state.per_sec());
        })
        .with_key("time", |state: &ProgressState, out: &mut dyn Write| {
            let _ = out.write_str(&whole_seconds(state.elapsed()));
        })
        .with_key("left", |state: &ProgressState, out: &mut dyn Write| {
            let _ = out.write_str(&whole_seconds(state.eta()));
        })
}

/// A length of time that changes once a second.
fn whole_seconds(length: Duration) -> String {
    match length.as_secs() {
        0 => "0 s".into(),
        seconds => report::duration(Duration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_counts_in_whole_seconds() {
        let shown = [0, 999, 1_999, 61_500].map(|ms| whole_seconds(Duration::from_millis(ms)));
        assert_eq!(shown, ["0 s", "0 s", "1 s", "1 min 1 s"]);
    }
}
