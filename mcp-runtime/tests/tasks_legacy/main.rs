//! Tasks of revision 2025-11-25, as they go over the wire. The numbers are those of the rules that a test proves.

#[path = "../tasks_peer/mod.rs"]
mod tasks_peer;

mod creation;
mod input;
mod lifecycle;
mod notices;
mod unheard;
#[cfg(feature = "http")]
mod web;
