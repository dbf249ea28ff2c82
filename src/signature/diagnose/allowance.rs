//! How much work one diagnosis may be.

/// How far the doctor looks. Anybody may send a crafted body, so its work is counted in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The largest body, in bytes, that is looked into at all.
    pub largest_body: usize,
    /// The bytes that may be read, written and hashed.
    pub work: usize,
}

impl Allowance {
    /// For who answers a sender: some milliseconds, and every cause for bodies of usual size.
    pub const PROMPT: Self = Self {
        largest_body: 64 * 1024,
        work: 16 * 1024 * 1024,
    };

    /// For who asks for the cause: below a second for a body of 1 MiB.
    pub const THOROUGH: Self = Self {
        largest_body: usize::MAX,
        work: 512 * 1024 * 1024,
    };

    /// The bytes of work for a body of `body` bytes. Of a large body every known mistake needs a
    /// pass of its own, so it gets forty passes at least.
    pub(super) fn work_for(self, body: usize) -> usize {
        match self.largest_body {
            usize::MAX => self.work.max(body.saturating_mul(40)),
            _ => self.work,
        }
    }
}
