//! Sockets, and nothing about webhooks.
