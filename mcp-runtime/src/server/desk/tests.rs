use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::protocol::envelope::Message;
use crate::protocol::params::Params;
use crate::protocol::revision::Revision;
use crate::server::definition::{TaskOptions, TaskSupport, ToolDefinition};
use crate::server::dispatch::{Begun, Incoming, Peer};
use crate::server::drive::{Drive, Item};
use crate::server::handle::Server;
use crate::server::session::Session;
use crate::{Call, protocol};

/// A server with one tool, which waits.
fn server() -> (Server, Arc<Notify>) {
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    let mut definition = ToolDefinition::new("job");
    definition.task = TaskOptions::new(TaskSupport::Required);
    let builder = Server::builder("test", "1").add_tool(definition, move |_: Call| {
        let gate = gate.clone();
        async move {
            gate.notified().await;
            "done"
        }
    });
    (builder.build().expect("a server"), go)
}

fn begin(
    server: &Server,
    session: Option<&Arc<Session>>,
    method: &str,
    mut params: Value,
) -> Begun {
    let revision = match session {
        Some(session) => session.revision,
        None => {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {
                    "extensions": { "io.modelcontextprotocol/tasks": {} },
                },
            });
            Revision::V2026_07_28
        }
    };
    let text = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let Ok(Message::Request { id, method, params }) = Message::parse(text.as_bytes()) else {
        panic!("no request: {text}")
    };
    let params = Params::read(params).expect("parameters");
    let peer = Peer { revision, session: session.cloned(), principal: None, calls: None };
    server.begin(peer, &Incoming { id, method: &method, params })
}

async fn result(begun: Begun) -> Value {
    let response = match begun {
        Begun::Done(response) => response,
        Begun::Drive(mut drive) => match drive.next().await {
            Item::Response(response) => response,
            other => panic!("no response: {other:?}"),
        },
    };
    serde_json::from_slice::<Value>(&response.body).expect("JSON")["result"].take()
}

fn session() -> Arc<Session> {
    let params = r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#.to_owned();
    let params = serde_json::value::RawValue::from_string(params).expect("JSON");
    let initialize = protocol::legacy::Initialize::read(Some(&params)).expect("parameters");
    Session::new(initialize, None, None)
}

async fn known(server: &Server) -> usize {
    tokio::time::sleep(Duration::from_secs(3)).await;
    server.inner().tasks.desk().known().len()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_tasks_that_have_ended() {
    let (server, go) = server();
    let session = session();
    for _ in 0..3 {
        let params = json!({ "name": "job", "arguments": {}, "task": {} });
        result(begin(&server, Some(&session), "tools/call", params)).await;
    }
    assert_eq!(known(&server).await, 3);
    for left in (0..3).rev() {
        go.notify_one();
        assert_eq!(known(&server).await, left);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_for_those_who_are_gone() {
    let (server, _) = server();
    let created = result(begin(&server, None, "tools/call", json!({ "name": "job" }))).await;
    let id = created["taskId"].clone();
    // The extension has no session to tell.
    assert_eq!(known(&server).await, 0);
    let params = json!({ "notifications": { "taskIds": [id] } });
    let listening = begin(&server, None, "subscriptions/listen", params);
    assert_eq!(known(&server).await, 1);
    drop(listening);
    assert_eq!(known(&server).await, 0);
    let session = session();
    let waiting = begin(&server, Some(&session), "tasks/result", json!({ "taskId": id }));
    let Begun::Drive(mut drive @ Drive::Result(_)) = waiting else { panic!("it waits") };
    let waits = tokio::time::timeout(Duration::from_secs(1), drive.next()).await;
    assert!(waits.is_err());
    assert_eq!(known(&server).await, 1);
    drop(drive);
    assert_eq!(known(&server).await, 0);
}

// X67
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_keeps_no_results() {
    let (server, go) = server();
    let mut ids = Vec::new();
    for _ in 0..5 {
        let created = result(begin(&server, None, "tools/call", json!({ "name": "job" }))).await;
        ids.push(created["taskId"].clone());
    }
    let params = json!({ "notifications": { "taskIds": ids } });
    let begun = begin(&server, None, "subscriptions/listen", params);
    let Begun::Drive(mut drive) = begun else { panic!("a stream") };
    assert_eq!(known(&server).await, 5);
    for _ in &ids {
        go.notify_one();
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    assert_eq!(known(&server).await, 0);
    // The acknowledgment.
    let Drive::Listen(stream) = &drive else { panic!("a stream") };
    assert_eq!(stream.listener.outbox.len(), 1);
    let mut next = async || match tokio::time::timeout(Duration::from_secs(3), drive.next()).await {
        Ok(Item::Message(text)) => Some(serde_json::from_str::<Value>(&text).expect("JSON")),
        _ => None,
    };
    assert!(next().await.is_some());
    for _ in &ids {
        let told = next().await.expect("the end of a task");
        assert_eq!(told["params"]["status"], "completed", "{told}");
    }
    assert_eq!(next().await, None);
}
