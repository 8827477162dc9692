//! A server whose tools are tasks, and what both eras do with it.

// Each test crate uses a part of it.
#![allow(dead_code, unused_imports)]

#[path = "../wire_peer/mod.rs"]
pub mod wire_peer;

pub mod tools;
#[cfg(feature = "http")]
pub mod web;

use std::sync::Arc;
use std::time::Duration;

use mcp_runtime::Revision;
use mcp_runtime::Server;
use mcp_runtime::task::TaskSettings;
use serde_json::{Value, json};

use self::tools::Gate;
pub use self::wire_peer::{Peer, text};

pub const RELATED: &str = "io.modelcontextprotocol/related-task";
pub const TASKS: &str = "io.modelcontextprotocol/tasks";

/// What the clients here can do: whoever declares tasks of the extension declares them with each request.
pub fn able() -> Value {
    json!({ "elicitation": { "form": {} }, "extensions": { TASKS: {} } })
}

pub fn server_with(change: impl FnOnce(&mut TaskSettings)) -> (Server, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let mut settings = TaskSettings::default();
    settings.notify = false;
    change(&mut settings);
    let server = tools::builder(&gate).tasks(settings).build().expect("a server");
    (server, gate)
}

/// The server without notifications of its own, so that the next message is the response.
pub fn server() -> (Server, Arc<Gate>) {
    server_with(|_| {})
}

pub async fn legacy(server: &Server) -> Peer {
    Peer::legacy(server, Revision::V2025_11_25, json!({ "elicitation": {} })).await
}

pub fn modern(server: &Server) -> Peer {
    Peer::modern(server, able())
}

/// A task of 2025-11-25: its id.
pub async fn augmented(peer: &mut Peer, tool: &str) -> String {
    let params = json!({ "name": tool, "arguments": {}, "task": {} });
    let created = peer.result("tools/call", params).await;
    created["task"]["taskId"].as_str().expect("a task").to_owned()
}

/// A task of the extension: its id.
pub async fn task(peer: &mut Peer, tool: &str) -> String {
    let created = peer.call(tool, json!({})).await;
    assert_eq!(created["resultType"], "task", "{created}");
    created["taskId"].as_str().expect("a task").to_owned()
}

pub async fn get(peer: &mut Peer, id: &str) -> Value {
    peer.result("tasks/get", json!({ "taskId": id })).await
}

/// Asks until the task has this status.
pub async fn until(peer: &mut Peer, id: &str, status: &str) -> Value {
    for _ in 0..200 {
        let task = get(peer, id).await;
        if task["status"] == status {
            return task;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the task is never {status}");
}

pub fn accept(content: Value) -> Value {
    json!({ "action": "accept", "content": content })
}
