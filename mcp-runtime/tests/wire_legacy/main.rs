//! What a server says to clients that begin with `initialize`, line by line.

#[path = "../wire_peer/mod.rs"]
mod wire_peer;

mod calls;
mod input;
mod lifecycle;
mod lists;
mod messages;
mod notices;
mod prompts;
