//! What an observer has printed: where nothing can be printed any more, its run ends.

use std::ops::ControlFlow;

use crate::exit::CliError;

/// Whether all could be printed so far.
#[derive(Debug, Default)]
pub struct Printed(Option<CliError>);

impl Printed {
    /// Ends the run where this could not be printed, and remembers why.
    pub fn go_on(&mut self, printed: Result<(), CliError>) -> ControlFlow<()> {
        match printed {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.0.get_or_insert(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Why nothing can be printed any more, where that is so.
    pub fn error(&mut self) -> Option<CliError> {
        self.0.take()
    }
}
