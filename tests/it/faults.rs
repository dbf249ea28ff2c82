//! What `webhook listen` does when its surroundings, or those who call it, misbehave.

mod http;
mod log;
mod start;
