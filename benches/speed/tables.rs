//! Figures and their tables, as Markdown, so that they can be shown where they are read.

use super::measure::median;

/// A title, columns and rows of text.
pub struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these columns, which ` | ` parts.
    pub fn new(title: &str, columns: &str) -> Self {
        let mut table = Self {
            title: title.to_owned(),
            rows: Vec::new(),
        };
        table.row(columns);
        table
    }

    /// Adds a row of as many cells, which ` | ` parts.
    pub fn row(&mut self, cells: &str) {
        self.rows
            .push(cells.split(" | ").map(str::to_owned).collect());
    }

    pub fn print(&self) {
        let widths: Vec<usize> = (0..self.rows[0].len())
            .map(|column| {
                self.rows
                    .iter()
                    .map(|row| row[column].chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        println!("{}\n", self.title);
        for (number, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths);
            let cells: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            println!("| {} |", cells.join(" | "));
            if number == 0 {
                let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                println!("|-{}-|", rule.join("-|-"));
            }
        }
        println!();
    }
}

/// The middle of what `field` gives, and of its ratio to the same round of `base`.
pub fn beside<T>(runs: &[T], base: &[T], field: impl Fn(&T) -> f64) -> (f64, f64) {
    let ratios = runs
        .iter()
        .zip(base)
        .map(|(run, base)| field(run) / field(base));
    (median(runs.iter().map(&field)), median(ratios))
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
pub fn per_second(count: usize, seconds: f64) -> u64 {
    (count as f64 / seconds) as u64
}
