//! The house behind the `webhook` binary.
//!
//! Every file can be told from its name, every arrow goes down, and a delivery walks through once:
//!
//! ```text
//! listen   socket -> http::serve -> Request -> receive: provider::verify_request -> store (durable) -> Reply
//!                                                -> feed -> printer
//!                                                -> dispatch (where it forwards) -> Attempt -> store
//! send     event -> send: provider::Composer -> Payload -> signed Request -> dispatch -> Attempt -> exit code
//! replay   store -> Request -> (Payload, signed afresh?) -> dispatch -> Attempt -> store, exit code
//! verify   file -> formats -> Capture -> provider::verify_request -> report -> exit code
//! test     check -> Material (provider, signature) -> dispatch::EndpointClient -> Attempt -> report, exit code
//! ```
//!
//! The pure rooms know bytes and data only: [`delivery`] has the nouns and their JSON form,
//! [`json`] looks into texts without rebuilding them, [`signature`] makes and checks MACs and names
//! the mistake behind a wrong one, [`provider`] reads definitions, composes, recognises and judges.
//!
//! The rooms at the edge know the world and nothing of webhooks: [`http`] has the sockets,
//! [`store`] the log, [`formats`] what other programs write, [`report`] what people read.
//!
//! Two doors join them. [`receive`] is the one way in: verify, keep, answer, tell, forward.
//! [`dispatch`] is the one way out: every request that is sent is one attempt from there. [`check`]
//! hangs on it: the table of what a receiver has to do, and what is sent to see whether it does. So
//! does [`replay`]: which deliveries are sent again, how each is signed, and when.
//!
//! On top, [`cli`] is what can be typed, [`config`] what is in force and why, [`command`] one file
//! per subcommand that builds the parts, [`console`] the two streams, and [`exit`] the only place
//! that knows exit codes. `tests/it/architecture.rs` holds the rooms to who may import whom.
//!
//! Three things hold everywhere. Bytes are sacred: what is signed is what is sent, and a body is
//! parsed for display and for an event's name, never to be written again. A provider is data: what
//! is peculiar to one stands in its folder below `fixtures/`. Durable, then acknowledged: a 2xx
//! that was not kept is the worst bug there is.

pub mod check;
// The doc comments there are the help; a group or a variant has its own. A flag is a bool.
#[allow(missing_docs, clippy::struct_excessive_bools)]
pub mod cli;
pub mod command;
pub mod config;
pub mod console;
pub mod delivery;
pub mod dispatch;
pub mod exit;
pub mod formats;
pub mod http;
pub mod json;
pub mod provider;
pub mod receive;
pub mod replay;
pub mod report;
pub mod send;
pub mod signature;
pub mod store;
pub mod verify;
