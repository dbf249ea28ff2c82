//! How an emulator starts: with what its state has, at the time that it would be by now.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::state::{StateChange, StateTable};
use super::{
    ApiRefusal, CONCURRENCY, EmulateOptions, EmulatedClock, Emulator, EmulatorState, Endpoints,
    Observer, Schedule, StateError, Timing, per_endpoint,
};
use crate::delivery::Timestamp;
use crate::dispatch::Dispatch;
use crate::store::StoreError;

/// Why an emulator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its state cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// An endpoint of the options is refused.
    #[error(transparent)]
    Refused(#[from] ApiRefusal),
}

impl Emulator {
    /// Opens the state at `path`, registers the endpoints of the options, and is ready to [`Emulator::run`].
    /// What happens is told to `observer`.
    pub async fn open(
        options: EmulateOptions,
        path: &Path,
        dispatch: Dispatch,
        observer: Observer,
    ) -> Result<Arc<Self>, OpenError> {
        let state = EmulatorState::open(path, options.provider.name())?;
        let clock = first_clock(&state, &options)?;
        let emulator = Arc::new(Self {
            endpoints: Endpoints::new(state.endpoints().map_err(StateError::from)?),
            faults: Mutex::new(options.faults.clone()),
            timing: Mutex::new(Timing {
                schedule: Schedule::new(per_endpoint(&options), CONCURRENCY),
                clock,
                era: 0,
            }),
            dispatch,
            observer,
            wake: Notify::new(),
            settled: Notify::new(),
            failure: Mutex::default(),
            stories: AtomicU64::new(state.place(StateTable::Event)),
            changing: tokio::sync::Mutex::default(),
            state,
            options,
        });
        emulator.keep_clock(clock).await.map_err(StateError::from)?;
        emulator.fill_schedule().map_err(StateError::from)?;
        emulator.register_first().await?;
        Ok(emulator)
    }

    /// Keeps what the clock was set to.
    pub(super) async fn keep_clock(&self, clock: EmulatedClock) -> Result<(), StoreError> {
        let (at, to) = (clock.set_at.micros(), clock.set_to.micros());
        let text = format!("{at} {to} {}", clock.speed);
        self.state.write(StateChange::Meta("clock", text)).await
    }
}

/// The clock of a start: it goes on where the last run would be by now, at the speed of that run, and never
/// before what was recorded.
fn first_clock(
    state: &EmulatorState,
    options: &EmulateOptions,
) -> Result<EmulatedClock, StateError> {
    let now = (options.clock)();
    let kept = state.meta("clock")?;
    let kept = kept.as_deref().and_then(read_clock);
    let mut clock = kept.unwrap_or_else(|| EmulatedClock::start(now, options.speed));
    clock.set_speed(now, options.speed);
    clock.jump_to(now, state.latest()?.unwrap_or(clock.set_to));
    Ok(clock)
}

/// A clock as [`Emulator::keep_clock`] wrote it.
fn read_clock(text: &str) -> Option<EmulatedClock> {
    let mut parts = text.split(' ');
    let mut moment = || Some(Timestamp::from_micros(parts.next()?.parse().ok()?));
    let (set_at, set_to) = (moment()?, moment()?);
    let speed = parts.next()?.parse().ok()?;
    Some(EmulatedClock {
        set_at,
        set_to,
        speed,
    })
}
