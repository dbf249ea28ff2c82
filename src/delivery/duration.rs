//! Lengths of time as people write and read them.

use std::time::Duration;

/// The units in seconds, the largest first: as they are typed, and as they are shown.
const UNITS: [(&str, &str, u64); 4] = [
    ("d", "d", 86_400),
    ("h", "h", 3_600),
    ("m", "min", 60),
    ("s", "s", 1),
];

/// Reads `300ms`, `30s`, `5m`, `2h`, `1.5d`, and several of them, such as `1h30m`; `0` needs no unit.
pub fn parse(text: &str) -> Option<Duration> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let digits = text.find(|c| !is_number(c)).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let (unit, rest) = rest.split_at(rest.find(is_number).unwrap_or(rest.len()));
    let length = of_unit(number, unit)?;
    match rest {
        "" => Some(length),
        _ if unit.is_empty() => None,
        rest => length.checked_add(parse(rest)?),
    }
}

fn of_unit(number: &str, unit: &str) -> Option<Duration> {
    let number: f64 = number.parse().ok()?;
    // The unit is applied to whole nanoseconds, as a product of fractions would not be exact.
    let length = Duration::try_from_secs_f64(number).ok()?;
    match unit {
        "" => (number == 0.0).then_some(length),
        "ms" => Some(length / 1_000),
        _ => {
            let (.., seconds) = UNITS.iter().find(|(name, ..)| *name == unit)?;
            length.checked_mul(u32::try_from(*seconds).ok()?)
        }
    }
}

/// As it is typed, in the largest unit that leaves no rest; below a millisecond it is cut.
pub fn typed(length: Duration) -> String {
    let millis = length.as_millis();
    let fits = |unit: &&(&str, &str, u64)| millis.is_multiple_of(u128::from(unit.2) * 1_000);
    match UNITS.iter().find(fits) {
        _ if millis == 0 => "0".into(),
        Some((name, _, unit)) => format!("{}{name}", millis / 1_000 / u128::from(*unit)),
        None => format!("{millis}ms"),
    }
}

/// As it is shown, in at most two units: `300 ms`, `1.5 s`, `5 min`, `2 h 5 min`.
pub fn shown(length: Duration) -> String {
    let seconds = length.as_secs();
    let tenths = length.subsec_millis() / 100;
    match seconds {
        0 => format!("{} ms", length.as_millis()),
        1..10 if tenths > 0 => format!("{seconds}.{tenths} s"),
        _ => in_units(seconds, 2),
    }
}

/// The largest unit, and those below it to `most` in all; nothing of a unit is not shown.
pub fn in_units(seconds: u64, most: usize) -> String {
    let mut rest = seconds;
    let units = UNITS.iter().skip_while(|(.., unit)| seconds < *unit);
    let parts = units.take(most).filter_map(|(_, name, unit)| {
        let count = rest / unit;
        rest %= unit;
        (count > 0).then(|| format!("{count} {name}"))
    });
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(millis in 0..1_000_000_000_u64) {
            for unit in [1, 1_000, 60_000, 3_600_000, 86_400_000] {
                let length = Duration::from_millis(millis / unit * unit);
                prop_assert_eq!(parse(&typed(length)), Some(length));
            }
        }
    }

    #[test]
    fn it_is_written_as_people_type_it() {
        let lengths = [0, 300, 1_500, 30_000, 90_000, 7_200_000, 86_400_000];
        let texts = lengths.map(|millis| typed(Duration::from_millis(millis)));
        assert_eq!(texts, ["0", "300ms", "1500ms", "30s", "90s", "2h", "1d"]);
    }

    #[test]
    fn it_is_read_in_every_unit_and_nothing_else_is() {
        assert_eq!(parse("300ms"), Some(Duration::from_millis(300)));
        assert_eq!(parse("1.5h"), Some(Duration::from_secs(5_400)));
        assert_eq!(parse("2d"), Some(Duration::from_secs(172_800)));
        assert_eq!(parse("0"), Some(Duration::ZERO));
        for text in ["", "5", "m", "-5m", "5 m", "1e400s", "5mm"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn it_is_shown_in_two_units_at_most() {
        for (millis, text) in [
            (0, "0 ms"),
            (300, "300 ms"),
            (1_000, "1 s"),
            (1_500, "1.5 s"),
            (30_900, "30 s"),
            (300_000, "5 min"),
            (330_000, "5 min 30 s"),
            (7_500_000, "2 h 5 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(shown(Duration::from_millis(millis)), text);
        }
    }
}
