//! The emulated clock: a value that is told the real time, so that it is pure.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::delivery::Timestamp;

/// The longest real wait: ten years, which every timer can add.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How fast the emulated time runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// So many times as fast as the real time.
    Times(f64),
    /// As fast as the real time while something is under way, and on to what is due next otherwise.
    Instant,
}

impl Speed {
    /// So many emulated seconds pass in a real one.
    pub const fn factor(self) -> f64 {
        match self {
            Self::Times(factor) => factor,
            Self::Instant => 1.0,
        }
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "instant" {
            return Ok(Self::Instant);
        }
        let factor: Option<f64> = text.strip_suffix('x').unwrap_or(text).parse().ok();
        let factor = factor.filter(|factor| factor.is_finite() && *factor > 0.0);
        factor.map(Self::Times).ok_or_else(|| {
            let shown = text.escape_debug();
            format!("`{shown}` is not a speed such as `60x` or `instant`")
        })
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(factor) => write!(f, "{factor}x"),
            Self::Instant => f.write_str("instant"),
        }
    }
}

/// The time as the emulated provider has it. It never runs backwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmulatedClock {
    /// When it was set, in real time.
    pub set_at: Timestamp,
    /// What it was set to.
    pub set_to: Timestamp,
    /// How fast it runs since.
    pub speed: Speed,
}

impl EmulatedClock {
    /// A clock that shows the real time `now`.
    pub const fn start(now: Timestamp, speed: Speed) -> Self {
        Self {
            set_at: now,
            set_to: now,
            speed,
        }
    }

    /// What it shows at the real time `now`.
    pub fn at(&self, now: Timestamp) -> Timestamp {
        let elapsed = self.set_at.until(now).as_secs_f64() * self.speed.factor();
        let elapsed = Duration::try_from_secs_f64(elapsed).unwrap_or(Duration::MAX);
        self.set_to.plus(elapsed)
    }

    /// How long it is from the real time `now` until it shows `due`.
    pub fn wait(&self, now: Timestamp, due: Timestamp) -> Duration {
        if self.at(now) >= due {
            return Duration::ZERO;
        }
        // From when it was set, which the real clock may have been set back before; rounded up by what is
        // the least on either clock, so that it is due by then.
        let ahead = (self.set_to.until(due).as_secs_f64() + 1e-6) / self.speed.factor() + 1e-6;
        let wait = Duration::try_from_secs_f64(ahead);
        wait.map_or(LONGEST, |wait| {
            now.until(self.set_at.plus(wait)).min(LONGEST)
        })
    }

    /// Sets it to `due`, unless that is past.
    pub fn jump_to(&mut self, now: Timestamp, due: Timestamp) {
        self.set_to = self.at(now).max(due);
        self.set_at = now;
    }

    /// Lets it run at another speed from `now` on.
    pub fn set_speed(&mut self, now: Timestamp, speed: Speed) {
        self.jump_to(now, self.set_to);
        self.speed = speed;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_000);

    #[test]
    fn a_fast_clock_makes_waits_short_and_does_not_drift() {
        let clock = EmulatedClock::start(START, Speed::Times(60.0));
        let due = START.plus_seconds(34 * 3_600);
        let waits = [0, 7, 1_000].map(|passed| {
            let now = START.plus_seconds(passed);
            passed.unsigned_abs() + clock.wait(now, due).as_secs()
        });
        assert_eq!(waits, [2_040, 2_040, 2_040]);
    }

    #[test]
    fn speeds_are_read_as_they_are_written() {
        for text in ["60x", "0.5x", "instant"] {
            assert_eq!(text.parse::<Speed>().unwrap().to_string(), text);
        }
        assert_eq!("10".parse(), Ok(Speed::Times(10.0)));
        for text in ["", "x", "-1x", "0", "NaN", "infx", "fast"] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_never_runs_backwards_and_what_is_waited_for_is_then_due(
            steps in prop::collection::vec((0..9_u8, -500_000_i64..90_000_000, 1..200_u32), 1..20),
        ) {
            let (mut now, mut clock) = (START, EmulatedClock::start(START, Speed::Times(1.0)));
            let mut shown = clock.at(now);
            for (step, micros, factor) in steps {
                let length = Duration::from_micros(micros.unsigned_abs());
                match step {
                    0..4 => now = Timestamp::from_micros(now.micros().saturating_add(micros)),
                    4 => clock.jump_to(now, clock.at(now).plus(length)),
                    5 => clock.set_speed(now, Speed::Times(f64::from(factor) / 8.0)),
                    6 => clock.set_speed(now, Speed::Instant),
                    _ => {
                        let due = clock.at(now).plus(length);
                        now = now.plus(clock.wait(now, due));
                        prop_assert!(clock.at(now) >= due);
                    }
                }
                // A real clock may be set back; then the emulated one waits.
                prop_assert!(clock.at(now) >= clock.set_to);
                if clock.at(now) >= shown { shown = clock.at(now); }
            }
            prop_assert_eq!(clock.at(Timestamp::from_micros(i64::MIN)), clock.set_to);
            prop_assert!(clock.wait(now, Timestamp::from_micros(i64::MAX)) <= LONGEST);
        }
    }
}
