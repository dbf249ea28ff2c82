//! `webhook events`, `providers`, `config` and `man`.

use super::World;
use crate::cli::{ConfigArgs, EventsArgs, GlobalArgs, ManArgs, ProvidersArgs};
use crate::exit::{Outcome, Trouble};

pub fn events(args: &EventsArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, Trouble> {
    let _ = (args, global, world);
    Ok(Outcome::No)
}
pub fn providers(
    args: &ProvidersArgs,
    global: &GlobalArgs,
    world: &World,
) -> Result<Outcome, Trouble> {
    let _ = (args, global, world);
    Ok(Outcome::No)
}
pub fn config(args: &ConfigArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, Trouble> {
    let _ = (args, global, world);
    Ok(Outcome::No)
}
pub fn man(args: &ManArgs, world: &World) -> Result<Outcome, Trouble> {
    let _ = (args, world);
    Ok(Outcome::No)
}
