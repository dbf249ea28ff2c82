//! How far a server is on its way to the end.

/// The stage that every connection of a server watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Requests are taken.
    Open,
    /// No new request; those under way finish.
    Draining,
    /// Over.
    Ended,
}
