//! Cases that tell one story each.

pub mod claims;
pub mod ears;
pub mod ends;
pub mod expiry;
pub mod journal;
pub mod lists;
pub mod nodes;
pub mod parking;
pub mod questions;
pub mod tasks;

use super::{Bench, Broken, ensure, refused, same};
