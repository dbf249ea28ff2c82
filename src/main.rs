//! webhook
use clap::Parser as _;
fn main() {
    let cli = webhook_cli::cli::Cli::parse();
    println!("{cli:?}");
}
