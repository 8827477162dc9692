//! What a server says to clients whose requests carry their own metadata, line by line.

#[path = "../wire_peer/mod.rs"]
mod wire_peer;

mod calls;
mod envelope;
mod extensions;
mod faults;
mod listening;
mod notices;
mod prompts;
mod rounds;
mod state;
