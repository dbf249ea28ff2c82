//! `--effects` and `--effects-url`: what a handler did, as it counts itself.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::process::Command;

use crate::check::Counter;
use crate::cli::TestArgs;
use crate::command::World;
use crate::command::setup::client;
use crate::delivery::{Headers, Request};
use crate::exit::CliError;
use crate::http::{Client, Target};

/// How long one count may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of what is no number is shown, in characters.
const SHOWN: usize = 60;

/// Where the count comes from.
pub enum Effects {
    /// A command for `sh -c`, and the folder in which it runs.
    Command(String, PathBuf),
    /// A URL to get.
    Url(Box<Client>, Target),
}

impl Effects {
    /// As the flags say; `None` where they say nothing.
    pub fn of(args: &TestArgs, world: &World) -> Result<Option<Self>, CliError> {
        Ok(match (&args.effects, &args.effects_url) {
            (Some(command), _) => Some(Self::Command(command.clone(), world.folder.clone())),
            (None, Some(url)) => {
                let client = client(&args.connect)?;
                Some(Self::Url(Box::new(client), Target::parse(url)?))
            }
            (None, None) => None,
        })
    }

    /// Counts once, so that what is wrong with the counting is told before any check is run.
    pub async fn try_out(&self) -> Result<(), CliError> {
        match self.count().await {
            Ok(_) => Ok(()),
            Err(message) => Err(
                CliError::usage(format!("effects cannot be counted: {message}"))
                    .hint("`--effects` has to print a number, `--effects-url` to answer with one, and nothing else"),
            ),
        }
    }

    async fn text(&self) -> Result<String, String> {
        match self {
            Self::Command(command, folder) => run(command, folder).await,
            Self::Url(client, target) => get(client, target).await,
        }
    }
}

impl Counter for Effects {
    fn count(&self) -> LocalBoxFuture<'_, Result<f64, String>> {
        async {
            let text = self.text().await?;
            let number: Result<f64, _> = text.trim().parse();
            number.ok().filter(|n| n.is_finite()).ok_or_else(|| {
                let shown: String = text.trim().chars().take(SHOWN).collect();
                format!("`{shown}` is no number")
            })
        }
        .boxed_local()
    }
}

async fn run(command: &str, folder: &std::path::Path) -> Result<String, String> {
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, output)
        .await
        .map_err(|_| format!("`{command}` takes more than {} s", PATIENCE.as_secs()))?
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
    let answer = client.send(target, &request, Some(PATIENCE)).await;
    let answer = answer.map_err(|failure| failure.message)?;
    if !answer.is_success() {
        return Err(format!("`{target}` answers {}", answer.status));
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}
