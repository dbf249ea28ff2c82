//! `webhook listen`, as senders, applications, scripts and people meet it.

mod answers;
mod companion;
pub mod durable;
mod endings;
mod forwarding;
mod gate;
mod handshakes;
mod human;
mod output;
mod providers;
mod targets;
pub use targets::free_port;
mod tls;
