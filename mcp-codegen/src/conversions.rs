//! Conversions between the types of two revisions.

use indexmap::IndexSet;

use crate::error::Error;
use crate::pipeline::Lowered;
use crate::print::{self, Chunk};

/// The impls between two revisions' types, in both directions.
pub fn between(
    _old: (&str, &Lowered),
    _new: (&str, &Lowered),
    _shared: &IndexSet<String>,
) -> String {
    String::new()
}

/// The file that holds them.
pub fn file(text: &str, preamble: &str) -> Result<String, Error> {
    print::file("conversions", preamble, &[Chunk::Items(text.to_owned())])
}
