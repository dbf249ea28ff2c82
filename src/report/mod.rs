//! What people and machines read: gets values, returns text, knows nobody.
//!
//! Every function returns its text without a line end after the last line, and an empty text where
//! there is nothing to say. Text is always coloured: whoever prints it strips the colours where the
//! stream takes none, so no meaning hangs on a colour alone. Whatever came from outside is escaped
//! here, in one way ([`sanitize`]).

mod answer;
mod attempts;
mod check;
pub mod diff;
mod diff_text;
mod emulate;
mod errors;
mod event;
mod folder_check;
pub mod github;
mod handshake;
mod hints;
mod html;
mod human;
mod json_paths;
mod json_text;
pub mod junit;
mod line;
pub mod listing;
mod load;
mod names;
pub mod page;
mod payload;
mod proof;
mod provider;
mod rare;
mod ready;
pub mod sanitize;
mod sheet;
pub mod style;
mod table;
mod tally;
#[cfg(test)]
mod testing;
mod units;
mod verify;
mod wrap;

pub use attempts::{AttemptView, Attempts, retry_line};
pub use check::{
    CheckTotals, check_annotation, check_case, check_case_not_run, check_group, check_line,
    check_summary, check_totals, findings, refusal_hint, run_annotation, run_case,
    unreachable_hint,
};
pub use diff_text::text as diff_text;
pub use emulate::{
    EmulatedLine, EmulatorFacts, emulated_attempt, emulated_delivery, emulated_endpoint, emulator,
};
pub use errors::{error, note, warning};
pub use event::{ListedEvent, events, faults};
pub use folder_check::folder_check;
pub use handshake::{answer_remark, handshake_remark};
pub use human::{DeliveryView, delivery};
pub use json_text::pretty;
pub use line::{line, write_line};
pub use load::{Load, load};
pub use payload::{BodyDetail, Detail, payload, whole_payload};
pub use provider::{provider, providers};
pub use rare::RareWarnings;
pub use ready::{Ready, ready};
pub use sheet::settings;
pub use table::{table, table_or_stack};
pub use tally::{Tally, summary};
pub use units::{age, bytes, counted, duration, millis};
pub use verify::{Totals, VerifiedRows, verified};
pub use wrap::wrap;
