//! What test suites do at run time: the clock, the faults, reset, snapshot and restore.

use std::time::Duration;

use super::state::StateChange;
use super::{ApiRefusal, EmulatedClock, Emulator, InjectedFaults, Speed, lock};
use crate::delivery::Timestamp;
use crate::store::StoreError;

impl Emulator {
    /// The emulated clock.
    pub fn clock(&self) -> EmulatedClock {
        lock(&self.timing).clock
    }

    /// Lets the emulated time go on by `length` at once; what falls due by that is sent now. Gives the new time.
    pub async fn advance(&self, length: Duration) -> Result<Timestamp, ApiRefusal> {
        self.set_clock(|clock, now| clock.jump_to(now, clock.at(now).plus(length)))
            .await
    }

    /// Lets the emulated time run at another speed.
    pub async fn set_speed(&self, speed: Speed) -> Result<Timestamp, ApiRefusal> {
        self.set_clock(|clock, now| clock.set_speed(now, speed))
            .await
    }

    async fn set_clock(
        &self,
        set: impl FnOnce(&mut EmulatedClock, Timestamp),
    ) -> Result<Timestamp, ApiRefusal> {
        let now = (self.options.clock)();
        let clock = {
            let mut timing = lock(&self.timing);
            set(&mut timing.clock, now);
            timing.clock
        };
        self.keep_clock(clock).await?;
        self.wake.notify_one();
        Ok(clock.at(now))
    }

    /// What is done wrong on purpose.
    pub fn faults(&self) -> InjectedFaults {
        lock(&self.faults).clone()
    }

    /// Does other things wrong from now on.
    pub fn set_faults(&self, faults: InjectedFaults) {
        *lock(&self.faults) = faults;
    }

    /// Removes everything but the endpoints of the options, and what was done wrong is that of the start.
    pub async fn reset(&self) -> Result<(), ApiRefusal> {
        self.set_faults(self.options.faults.clone());
        self.begin_anew(StateChange::Reset).await?;
        self.register_first().await
    }

    /// Keeps everything under a new id.
    pub async fn snapshot(&self) -> Result<String, ApiRefusal> {
        let _one = self.changing.lock().await;
        let name = (self.state.snapshots()? + 1).to_string();
        self.state
            .write(StateChange::Snapshot(name.clone()))
            .await?;
        Ok(format!("{SNAPSHOT}{name}"))
    }

    /// Brings back what was kept under an id. The clock goes on: what fell due since is sent.
    pub async fn restore(&self, id: &str) -> Result<(), ApiRefusal> {
        let name = id.strip_prefix(SNAPSHOT).unwrap_or_default();
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if !is_name || !self.state.has_snapshot(name)? {
            return Err(ApiRefusal::unknown("snapshot", id));
        }
        let change = StateChange::Restored(name.to_owned());
        Ok(self.begin_anew(change).await?)
    }

    /// Makes a change that puts everything in another place, and reads it anew.
    async fn begin_anew(&self, change: StateChange) -> Result<(), StoreError> {
        let _one = self.changing.lock().await;
        lock(&self.timing).era += 1;
        self.state.write(change).await?;
        self.state.count()?;
        self.endpoints.replace(self.state.endpoints()?);
        self.fill_schedule()?;
        self.wake.notify_one();
        self.settled.notify_waiters();
        Ok(())
    }
}

/// What the id of a snapshot begins with.
const SNAPSHOT: &str = "snap_";
