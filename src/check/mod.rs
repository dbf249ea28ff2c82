//! The conformance check of a receiver: the provider played against it, friendly and hostile.
//!
//! A [`Check`] is a row of a table: what is sent, as a recipe over the [`CheckContext`] of a provider;
//! what is expected; how grave it is where that does not come; why it matters, and how it is fixed.
//! [`plan`] finds the checks that apply to a provider, told from its definition alone; the
//! [`Runner`] sends each and classifies the answers.
//!
//! ```text
//! plan(provider) -> select(only, skip) -> Runner::run(planned) -> Finding of each, CheckEnd
//! ```
//!
//! A new check is a row in one of the tables below `table/`.

mod body;
mod case;
mod classify;
mod context;
mod effects;
mod error;
mod finding;
mod pair;
mod parts;
mod plan;
mod proof;
mod run;
mod runner;
mod sending;
mod table;
#[cfg(test)]
mod tests;

pub use case::{TestCase, TestDelivery};
pub use classify::Expect;
pub use context::CheckContext;
pub use effects::{EffectCounter, SideEffects};
pub use error::CheckError;
pub use plan::{Planned, SelectionError, all_checks, known_flaw_of, plan, select};
pub use run::{CheckEnd, CheckEvent};
pub use runner::Runner;
pub use table::Check;
