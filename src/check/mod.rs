//! The conformance check of a receiver: the provider played against it, friendly and hostile.
//!
//! A [`Check`] is a row of a table: what is sent, as a recipe over the [`Material`] of a provider;
//! what is expected; how grave it is where that does not come; why it matters, and how it is mended.
//! [`plan`] finds the checks that apply to a provider, told from its definition alone; the
//! [`Runner`] sends each through the back door and judges the answers.
//!
//! ```text
//! plan(provider) -> select(only, skip) -> Runner::run(planned) -> Finished
//! ```
//!
//! A new check is a row in one of the tables below `table/`.

mod content;
mod draft;
mod effects;
mod judge;
mod material;
mod plan;
mod probe;
mod runner;
mod spelling;
mod table;
#[cfg(test)]
mod tests;

pub use effects::Counter;
pub use judge::{Outcome, Severity};
pub use material::{Material, Unmakeable};
pub use plan::{Planned, SelectionError, known_flaw_of, plan, select};
pub use probe::{Parcel, Probe};
pub use runner::{Finished, Runner, Sending};
pub use table::{CRASH_FIX, CRASH_WHY, Check, Expect};
