//! Tasks that clients host (2025-11-25): the client as receiver, the server as requestor, and both together. The numbers are
//! those of the rules that a test proves.
#![cfg(feature = "client")]

#[path = "client_host/asking.rs"]
mod asking;
#[path = "client_host/asks.rs"]
mod asks;
#[path = "client_host/bounds.rs"]
mod bounds;
#[path = "client_host/hosting.rs"]
mod hosting;
#[path = "client_host/together.rs"]
mod together;
#[path = "client_host/tools.rs"]
mod tools;
#[path = "wire_peer/mod.rs"]
mod wire_peer;

const RELATED: &str = "io.modelcontextprotocol/related-task";
