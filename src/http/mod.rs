//! Sockets, and nothing about webhooks.
//!
//! [`serve`] lets any hyper service answer what comes in on a listener; [`buffered`] is one that
//! makes [`Arrival`]s of it and writes the [`Reply`] that a [`Handler`] gives. [`Client`] sends a
//! request to a [`Target`] and reads the answer. Both work on the nouns of [`crate::delivery`]: ordered fields with repeats, bodies byte for byte.
//!
//! hyper and reqwest do the protocol. What is added here is what they leave out: the spelling and
//! order of received fields, deadlines and size limits for every phase, and errors in plain words.

mod abort;
mod address;
mod bind;
mod body;
mod budget;
mod call;
mod client;
mod connection;
mod detach;
mod exchange;
mod failure;
mod fields;
pub mod limits;
mod operation;
mod proxy;
mod seat;
mod server;
mod service;
mod stage;
mod stray;
mod target;
pub mod tls;
mod trust;
mod wire;

pub use abort::abort_mid_body;
pub use address::{addresses, is_loopback_or_private, is_of_this_machine};
pub use bind::bind;
pub use budget::ByteBudget;
pub use call::{ApiRefusal, Called, JsonBody, PathId, assignments, json, typed};
pub use client::{Client, ClientError, ClientOptions, MAX_ANSWER};
pub use exchange::{Arrival, Handler, NO_ANSWER, Pending, Problem, Reply};
pub use limits::Limits;
pub use operation::{BodySchema, Operation, QueryParameter, Refusals, body_of, openapi};
pub use server::{GRACE, serve};
pub use service::buffered;
pub use stray::{Notice, Stray};
pub use target::{Target, TargetError};
pub use tls::install_crypto_provider;
pub use wire::Head;
