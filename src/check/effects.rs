//! What a handler does inside, as it counts itself.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout_at};

use crate::delivery::{Headers, Request};
use crate::http::{Client, Target};

/// How long one count may take.
const COUNTED_WITHIN: Duration = Duration::from_secs(30);
/// How much of what is no number is shown, in characters.
const SHOWN: usize = 60;
/// How long a side effect may take to show: a handler answers first and works then.
const SHOWN_WITHIN: Duration = Duration::from_secs(3);
/// The shortest time after which a count that has not grown is taken to rest.
const SETTLED_AFTER: Duration = Duration::from_millis(300);
/// A count is a whole number; this leaves room for what a float does to it.
const HALF: f64 = 0.5;
/// The pause between two counts.
const PAUSE: Duration = Duration::from_millis(50);

/// How the side effects are counted that deliveries have had so far, such as the rows of a table.
pub struct SideEffects {
    /// What counts them.
    pub counter: EffectCounter,
    /// A command for `sh -c` that ends well once the handler has done what it does after its answer,
    /// and the longest that this may take.
    pub until: Option<(String, Duration)>,
    /// The folder in which commands are run.
    pub folder: PathBuf,
    /// The variables that commands do not see, as they hold secrets.
    pub hidden: Vec<String>,
}

/// What gives the number of side effects.
pub enum EffectCounter {
    /// What a command for `sh -c` prints.
    Command(String),
    /// What a URL answers.
    Url(Box<Client>, Target),
}

/// How the effects of the first delivery showed.
#[derive(Clone, Copy, Default)]
pub(super) struct EffectLag {
    /// The count before it.
    before: f64,
    /// How long after its answer the count grew; `None` where it did not in time.
    lag: Option<Duration>,
}

impl EffectLag {
    /// How long a count that has not grown is watched before it is believed.
    fn rest(self) -> Duration {
        SETTLED_AFTER.max(self.lag.unwrap_or_default() * 2)
    }
}

impl SideEffects {
    /// The count now, or one line of why there is none.
    pub(super) async fn count(&self) -> Result<f64, String> {
        let text = match &self.counter {
            EffectCounter::Command(command) => {
                let limit = Instant::now() + COUNTED_WITHIN;
                self.run(command, Stdio::inherit(), limit).await
            }
            EffectCounter::Url(client, target) => get(client, target).await,
        }?;
        let number: Result<f64, _> = text.trim().parse();
        number.ok().filter(|n| n.is_finite()).ok_or_else(|| {
            let shown: String = text.trim().chars().take(SHOWN).collect();
            format!("`{shown}` is no number")
        })
    }

    /// Waits until the handler has done its work; says why it has not, once the time is over.
    async fn done(&self) -> Result<(), String> {
        let Some((command, limit)) = &self.until else {
            return Ok(());
        };
        let end = Instant::now() + *limit;
        let mut last = None;
        while let Err(error) = self.run(command, Stdio::null(), end).await {
            if Instant::now() + PAUSE >= end {
                // The end may have cut this run short, which is no news of how the command ends.
                let error = last.unwrap_or(error);
                let limit = limit.as_secs_f64();
                return Err(format!("{error}, and did for {limit} s"));
            }
            last = Some(error);
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Waits for an effect of what was sent since the count was `before`; says whether one showed.
    async fn shows_since(&self, before: f64, limit: Duration) -> Result<bool, String> {
        let end = Instant::now() + limit;
        while self.count().await? - before < HALF {
            if Instant::now() >= end {
                return Ok(false);
            }
            sleep(PAUSE).await;
        }
        Ok(true)
    }

    /// How the first delivery showed, since which the count was `before`.
    pub(super) async fn lag_since(&self, before: Result<f64, String>) -> Result<EffectLag, String> {
        let (before, start) = (before?, Instant::now());
        let is_shown = self.shows_since(before, SHOWN_WITHIN).await?;
        Ok(EffectLag {
            before,
            lag: is_shown.then(|| start.elapsed()),
        })
    }

    /// The count before a delivery is sent: what came earlier may still be worked on.
    pub(super) async fn count_before(&self, first: EffectLag) -> Result<f64, String> {
        // That it is not done may be what the command says until the delivery has come.
        let _ = self.done().await;
        self.count_at_rest(first.rest()).await
    }

    /// The count once it has not grown for so long.
    async fn count_at_rest(&self, rest: Duration) -> Result<f64, String> {
        let start = Instant::now();
        let mut last = self.count().await?;
        loop {
            sleep(rest).await;
            let now = self.count().await?;
            if now - last < HALF || start.elapsed() >= COUNTED_WITHIN {
                return Ok(now);
            }
            last = now;
        }
    }

    /// What is wrong, where what was sent since the count `before` had another number of side effects
    /// than one. Fails where they cannot be counted.
    pub(super) async fn is_one_since(
        &self,
        before: Result<f64, String>,
        first: EffectLag,
    ) -> Result<Option<String>, String> {
        let before = before?;
        self.done().await?;
        let limit = SHOWN_WITHIN.max(first.rest());
        let is_shown = self.shows_since(before, limit).await?;
        let has_grown = is_shown || before - first.before >= HALF;
        if has_grown && first.lag.is_none() && self.until.is_none() {
            // What shows may be an effect of the first delivery.
            return Err("the handler works late, and `--until COMMAND` waits for it".into());
        }
        if !is_shown {
            let hint = match self.until {
                None => "; where it works later, `--until COMMAND` waits for it",
                Some(_) => "",
            };
            return Ok(Some(format!("acknowledged it, and counted nothing{hint}")));
        }
        // It may have been done before it began.
        self.done().await?;
        let effects = self.count_at_rest(first.rest()).await? - before;
        Ok((effects - 1.0 >= HALF).then(|| format!("counted one delivery {effects} times")))
    }

    /// What a command prints that ends well, by `end`.
    async fn run(&self, command: &str, stderr: Stdio, end: Instant) -> Result<String, String> {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&self.folder);
        shell.stdin(Stdio::null()).stderr(stderr).kill_on_drop(true);
        for name in &self.hidden {
            shell.env_remove(name);
        }
        let output = timeout_at(end, shell.output())
            .await
            .map_err(|_| format!("`{command}` does not end"))?
            .map_err(|error| format!("cannot run `sh`: {error}"))?;
        if !output.status.success() {
            return Err(format!("`{command}` ended with {}", output.status));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
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
