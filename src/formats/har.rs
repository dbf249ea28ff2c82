//! HAR 1.2, the form in which browsers and proxies save traffic.
//!
//! The specification says nothing of request bodies that are not text, and every exporter went its
//! own way; what each writes was taken from its source or from its issues, and the tests have a
//! file after each. <http://www.softwareishard.com/blog/har-12-spec/>

mod body;
mod read;
mod text;
mod write;

pub use read::read_entry;
pub use write::HarWriter;

/// The name that we write as `log.creator.name`, and by which we know our own custom fields.
const CREATOR: &str = "webhook";

#[cfg(test)]
mod tests;
