//! What a handler does inside, as it counts itself.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::delivery::{Headers, Request};
use crate::http::{Client, Target};

/// How long one count may take.
const COUNTED_WITHIN: Duration = Duration::from_secs(30);
/// How much of what is no number is shown, in characters.
const SHOWN: usize = 60;
/// How long a side effect may take to show: a handler answers first and works then.
const SHOWN_WITHIN: Duration = Duration::from_secs(3);
/// How long a second side effect may take to show after the first.
const SETTLED_AFTER: Duration = Duration::from_millis(300);
/// A count is a whole number; this leaves room for what a float does to it.
const HALF: f64 = 0.5;
/// The pause between two counts.
const PAUSE: Duration = Duration::from_millis(50);

/// Where the side effects that deliveries have had so far are counted, such as the rows of a table.
pub enum SideEffects {
    /// What a command for `sh -c` prints, run in this folder.
    Command(String, PathBuf),
    /// What a URL answers.
    Url(Box<Client>, Target),
}

impl SideEffects {
    /// The count now, or one line of why there is none.
    pub async fn count(&self) -> Result<f64, String> {
        let text = match self {
            Self::Command(command, folder) => run(command, folder).await,
            Self::Url(client, target) => get(client, target).await,
        }?;
        let number: Result<f64, _> = text.trim().parse();
        number.ok().filter(|n| n.is_finite()).ok_or_else(|| {
            let shown: String = text.trim().chars().take(SHOWN).collect();
            format!("`{shown}` is no number")
        })
    }

    /// What is wrong, where what was sent since the count `before` had another number of side effects
    /// than one.
    pub(super) async fn flaw_since(&self, before: Result<f64, String>) -> Option<String> {
        match self.settled_since(before).await {
            Ok(effects) if (effects - 1.0).abs() < HALF => None,
            Ok(effects) if effects.abs() < HALF => {
                Some("acknowledged it, and counted nothing".into())
            }
            Ok(effects) => Some(format!("counted one delivery {effects} times")),
            Err(error) => Some(format!("its effects cannot be counted: {error}")),
        }
    }

    /// The side effects since then, once they have settled.
    async fn settled_since(&self, before: Result<f64, String>) -> Result<f64, String> {
        let before = before?;
        let start = tokio::time::Instant::now();
        loop {
            let now = self.count().await?;
            if now - before > HALF {
                tokio::time::sleep(SETTLED_AFTER).await;
                return Ok(self.count().await? - before);
            }
            if start.elapsed() >= SHOWN_WITHIN {
                return Ok(now - before);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn run(command: &str, folder: &Path) -> Result<String, String> {
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(COUNTED_WITHIN, output)
        .await
        .map_err(|_| format!("`{command}` takes more than {} s", COUNTED_WITHIN.as_secs()))?
        .map_err(|error| format!("cannot run `sh`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{command}` ended with {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn get(client: &Client, target: &Target) -> Result<String, String> {
    let request = Request {
        method: "GET".into(),
        ..Request::post(target.request_target(), Headers::new(), "")
    };
    let answer = client.send(target, &request, Some(COUNTED_WITHIN)).await;
    let answer = answer.map_err(|failure| failure.message)?;
    if !answer.is_success() {
        return Err(format!("`{target}` answers {}", answer.status));
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}
