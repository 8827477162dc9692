//! Checks that a function can be run again, and a store in memory to do it with.

mod history;
mod memory;

pub use history::{Attempt, Changed, History};
pub use memory::{Claim, MemoryHome};
