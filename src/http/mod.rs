//! Sockets, and nothing about webhooks.
//!
//! [`serve`] turns what comes in on a listener into [`Arrival`]s and writes the [`Reply`] that a
//! [`Handler`] gives; [`Client`] sends a request to a [`Target`] and reads the answer. Both work on
//! the nouns of [`crate::delivery`]: ordered fields with repeats, bodies byte for byte.
//!
//! hyper and reqwest do the protocol. What is added here is what they leave out: the spelling and
//! order of received fields, deadlines and size limits for every phase, and errors in plain words.

mod abandon;
mod body;
mod client;
mod connection;
mod exchange;
mod failure;
mod fields;
mod finish;
pub mod limits;
mod near;
mod server;
mod target;
pub mod tls;
mod wire;

pub use abandon::abandon;
pub use client::{Client, ClientError, ClientOptions, MAX_ANSWER};
pub use exchange::{Arrival, Handler, Problem, Reply};
pub use limits::Limits;
pub use near::{addresses, is_loopback_or_private};
pub use server::{GRACE, serve};
pub use target::{Target, TargetError};
pub use tls::install_crypto_provider;
