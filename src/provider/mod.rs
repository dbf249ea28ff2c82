//! Providers as data.
