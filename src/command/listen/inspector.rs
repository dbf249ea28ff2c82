//! The inspector's page beside a listener: it shows what is received, whoever looks.

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::parts::Parts;
use crate::cli::ListenArgs;
use crate::cli::value::ListenHost;
use crate::command::World;
use crate::command::inspect::{InspectorPage, of_log};
use crate::command::setup::client;
use crate::dispatch::Dispatch;
use crate::exit::CliError;

/// A page that is served until the listener ends.
pub struct PageBeside {
    ending: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl PageBeside {
    /// Serves a page where that is asked for, or stdout is a terminal and a log is kept; its URL is said
    /// with what else is ready. A port that is taken is no reason not to receive, unless it was chosen.
    pub async fn start(
        args: &ListenArgs,
        parts: &mut Parts,
        world: &World,
    ) -> Result<Option<Self>, CliError> {
        let is_usual = world.console.prints_to_terminal() && !args.json;
        let is_wanted = args.page.inspect.is_some() || is_usual && !args.page.no_inspect;
        let Some(log) = parts.log.take().filter(|_| is_wanted) else {
            return match args.page.inspect {
                Some(_) => Err(
                    CliError::usage("nothing is kept that the inspector could show")
                        .hint("leave out `--no-log`, or `--inspect`"),
                ),
                None => Ok(None),
            };
        };
        let rules = &parts.options.rules;
        let providers = (rules.catalogue.clone(), rules.keyring.clone());
        let writer = parts.options.log.clone();
        let dispatch = Dispatch::new(client(&args.connect)?, writer, world.clock);
        let endpoint = rules.routes.first().map(|route| route.target.clone());
        let options = of_log(log, providers, dispatch, endpoint, world);
        let port = args.page.inspect.flatten();
        let page = InspectorPage::open(options, ListenHost::Localhost, port).await?;
        parts.ready.inspect = Some(page.url.clone());
        let (ending, ended) = oneshot::channel();
        let serving = tokio::spawn(page.serve(async {
            // Fails where the listener is gone, which is an end as well.
            let _ = ended.await;
        }));
        Ok(Some(Self { ending, serving }))
    }

    /// Ends it, and waits for what is being sent from it.
    pub async fn end(self) {
        drop(self.ending);
        // A page that panicked has said so on stderr.
        let _ = self.serving.await;
    }
}
