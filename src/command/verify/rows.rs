//! What people get to see: a bounded number of captures.

use super::judging::Judgement;
use crate::formats::Place;
use crate::report::{self, Checked, Totals};

/// The captures that are shown of those where all is well, and of those where something is not; the
/// others are counted.
const SHOWN: usize = 500;

/// The characters that are shown of a text out of a payload.
const SHOWN_TEXT: usize = 200;

/// The captures that are shown.
#[derive(Default)]
pub struct Rows {
    kept: Vec<Row>,
    plain: usize,
    notable: usize,
}

struct Row {
    file: String,
    place: Option<Place>,
    judgement: Judgement,
}

impl Rows {
    /// Keeps a capture for showing, where there is room.
    pub fn add(&mut self, file: &str, place: Option<Place>, judgement: &Judgement) {
        let count = if checked(file, judgement).stands_out() {
            &mut self.notable
        } else {
            &mut self.plain
        };
        if *count == SHOWN {
            return;
        }
        *count += 1;
        self.kept.push(Row {
            file: file.to_owned(),
            place,
            judgement: clipped(judgement.clone()),
        });
    }

    /// Says that `file` held one capture, so that its name is enough.
    pub fn last_stands_alone(&mut self, file: &str) {
        if let Some(row) = self.kept.last_mut().filter(|row| row.file == file) {
            row.place = None;
        }
    }

    /// One capture in full, or all as a table of at most `width` columns.
    pub fn text(&self, totals: &Totals, width: Option<usize>) -> String {
        let named: Vec<_> = self
            .kept
            .iter()
            .map(|row| (source(&row.file, row.place), &row.judgement))
            .collect();
        let shown: Vec<_> = named
            .iter()
            .map(|(name, judgement)| checked(name, judgement))
            .collect();
        match shown.as_slice() {
            [] => String::new(),
            [one] if totals.checked == 1 => report::verified(one, width),
            all => report::verified_all(all, totals, width),
        }
    }
}

/// A file with the place in it: `deliveries.ndjson:12`, `capture.har:entry 3`.
pub fn source(file: &str, place: Option<Place>) -> String {
    match place {
        None => file.to_owned(),
        Some(Place::Line(line)) => format!("{file}:{line}"),
        Some(place) => format!("{file}:{place}"),
    }
}

fn checked<'a>(name: &'a str, judgement: &'a Judgement) -> Checked<'a> {
    Checked {
        name,
        provider: judgement.provider.as_deref(),
        event: judgement.event.as_deref(),
        verdict: &judgement.verdict,
        observations: &judgement.observations,
    }
}

/// A name out of a payload may be as long as the payload.
fn clipped(mut judgement: Judgement) -> Judgement {
    let texts = judgement
        .event
        .iter_mut()
        .chain(&mut judgement.observations);
    for text in texts {
        if let Some((end, _)) = text.char_indices().nth(SHOWN_TEXT) {
            text.truncate(end);
            text.push('…');
        }
    }
    judgement
}
