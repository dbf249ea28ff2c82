//! Names one after the other, without what they have in common.

/// Names that may differ in a number at their end: `a.har:entry 2, 3, 6–12`.
pub(super) fn together<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let mut runs: Vec<(&str, Option<(u64, u64)>)> = Vec::new();
    for name in all {
        let begin = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = name
            .get(begin.len()..)
            .and_then(|digits| digits.parse().ok());
        match (runs.last_mut(), number) {
            (Some((same, Some((_, to)))), Some(number)) if *same == begin && number == *to + 1 => {
                *to = number;
            }
            _ => runs.push((begin, number.map(|number| (number, number)))),
        }
    }
    let mut before = None;
    let shown = runs.into_iter().map(|(begin, run)| {
        let is_same = before.replace(begin) == Some(begin) && run.is_some();
        let begin = if is_same { "" } else { begin };
        match run {
            None => begin.to_owned(),
            Some((from, to)) if from == to => format!("{begin}{from}"),
            Some((from, to)) => format!("{begin}{from}–{to}"),
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_stand_behind_the_beginning_they_share() {
        let all = ["a:1", "a:2", "a:3", "a:7", "b", "b", "c:9", "a:10"];
        assert_eq!(
            super::together(all.into_iter()),
            "a:1–3, 7, b, b, c:9, a:10"
        );
    }
}
