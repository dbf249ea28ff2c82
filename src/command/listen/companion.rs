//! The command behind `--`, which runs while deliveries can come.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::exit::{CliError, Outcome};
use crate::report::Ready;

/// The command, running.
pub struct Companion(Child);

impl Companion {
    /// Starts the command, which finds the listener in its environment. Where stdout is for lines of
    /// JSON alone, the command's goes to stderr.
    pub fn start(
        words: &[OsString],
        ready: &Ready,
        is_json: bool,
    ) -> Result<Option<Self>, CliError> {
        let [program, arguments @ ..] = words else {
            return Ok(None);
        };
        let start = || {
            let mut command = Command::new(program);
            command
                .args(arguments)
                .env("WEBHOOK_URL", &ready.url)
                .env("WEBHOOK_PORT", ready.port.to_string())
                .kill_on_drop(true);
            if is_json {
                let stderr = io::stderr().as_fd().try_clone_to_owned()?;
                command.stdout(Stdio::from(stderr));
            }
            command.spawn()
        };
        let child = start().map_err(|error| {
            let program = program.to_string_lossy();
            CliError::usage(format!("cannot start `{program}`: {error}"))
                .hint("behind `--` stands a program with its arguments; `sh -c '…'` runs a line")
        })?;
        Ok(Some(Self(child)))
    }

    /// Waits for its end; tells its code, 128 and the signal where one ended it.
    pub async fn wait(&mut self) -> Outcome {
        // The system forgets a child only once it was waited for, and then the code is kept.
        let code = |status: ExitStatus| status.code().or_else(|| Some(128 + status.signal()?));
        let code = self.0.wait().await.ok().and_then(code).unwrap_or(1);
        Outcome::Command(u8::try_from(code).unwrap_or(1))
    }

    /// Asks it to end, and waits until it has.
    pub async fn end(&mut self) {
        let pid = self
            .0
            .id()
            .and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(pid) = pid {
            // It may have ended just now.
            let _ = kill_process(pid, Signal::TERM);
        }
        self.wait().await;
    }
}
