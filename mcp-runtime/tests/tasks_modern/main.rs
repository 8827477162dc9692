//! Tasks of the extension `io.modelcontextprotocol/tasks`, as they go over the wire. The numbers are those of the rules that a
//! test proves.

#[path = "../tasks_peer/mod.rs"]
mod tasks_peer;

mod creation;
mod lifecycle;
mod listening;
mod update;
#[cfg(feature = "http")]
mod web;
