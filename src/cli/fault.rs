//! The faults of `send --fault` as values of the flag.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::provider::Fault;

impl ValueEnum for Fault {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.effect()))
    }
}
