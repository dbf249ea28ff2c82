//! The bar of a load.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::console::Console;
use crate::report;

/// A bar on a terminal, a spinner where nobody knows how many there will be.
pub fn bar(console: Console, count: Option<u64>) -> ProgressBar {
    if !console.talks_to_terminal() {
        return ProgressBar::hidden();
    }
    let Some(count) = count else {
        let style = ProgressStyle::with_template("{spinner} {pos} sent  {rate}  {time}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        return ProgressBar::new_spinner().with_style(in_our_words(style));
    };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}  {rate}  {left} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count).with_style(in_our_words(style))
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
