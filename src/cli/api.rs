//! Which emulator is meant, and the key of its API.

use std::fmt;
use std::str::FromStr;

use clap::Args;

/// Which emulator is meant.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Emulator")]
pub struct ApiArgs {
    /// Its URL [default: the one that runs].
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,

    /// The key of its API; `WEBHOOK_API_KEY` stands in for it [default: as it was printed].
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<ApiKey>,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// The key of an API. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(pub String);

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

impl FromStr for ApiKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Anything else cannot stand in a header.
        let is_usable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let key = is_usable.then(|| Self(text.to_owned()));
        key.ok_or("a key has letters, digits and signs, and no blanks")
    }
}
