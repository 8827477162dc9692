use std::task::Waker;

use serde_json::json;

use super::*;
use crate::protocol::envelope::Message;
use crate::protocol::params::Params;
use crate::server::definition::ToolDefinition;
use crate::server::dispatch::{Begun, Incoming, Peer};
use crate::task::{Access, TaskState};

/// A first poll may end in a task that somebody else was quick to create, before the clock was looked at.
#[tokio::test(start_paused = true)]
async fn a_call_that_becomes_a_task_before_its_clock_runs_has_its_timeout() {
    let mut definition = ToolDefinition::new("job");
    definition.task = TaskOptions {
        boundary: true,
        timeout: Some(Duration::from_secs(1)),
        ..TaskOptions::new(TaskSupport::Required)
    };
    let handler = async |call: Call| {
        call.into_task().await;
        std::future::pending::<&'static str>().await
    };
    let builder = Server::builder("test", "1").add_tool(definition, handler);
    let server = builder.build().expect("a server");
    let text = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "job",
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {
                "extensions": { "io.modelcontextprotocol/tasks": {} },
            },
        },
    } })
    .to_string();
    let Ok(Message::Request { id, method, params }) = Message::parse(text.as_bytes()) else {
        panic!("no request: {text}")
    };
    let params = Params::read(params).expect("parameters");
    let revision = Revision::V2026_07_28;
    let peer = Peer { revision, session: None, principal: None, calls: None };
    let begun = server.begin(peer, &Incoming { id, method: &method, params });
    let Begun::Drive(Drive::Call(mut call)) = begun else { panic!("a call") };
    assert!(call.poll_item(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    call.timeout = None;
    assert!(matches!(Drive::Call(call).next().await, Item::Response(_)));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let tasks = server.task_store().list(&Access::Operator, None, 2).await.expect("a store");
    assert_eq!(tasks[0].state, TaskState::Failed);
}
