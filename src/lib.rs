//! The house behind the `webhook` binary.

#[allow(missing_docs)] // The doc comments there are the help; a group or a variant has its own.
pub mod cli;
pub mod command;
pub mod config;
pub mod console;
pub mod delivery;
pub mod dispatch;
pub mod exit;
pub mod formats;
pub mod http;
pub mod intake;
pub mod json;
pub mod provider;
pub mod report;
pub mod signature;
pub mod store;
