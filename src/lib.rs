//! The house behind the `webhook` binary.

pub mod delivery;
pub mod formats;
pub mod http;
pub mod json;
pub mod provider;
pub mod report;
pub mod signature;
pub mod store;
