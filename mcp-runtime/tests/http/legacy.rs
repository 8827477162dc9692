//! 2024-11-05 to 2025-11-25: sessions, streams that can be resumed, answers in a POST of their own.

use std::sync::Arc;
use std::time::Duration;

use mcp_runtime::{Call, ToolDefinition};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::wire::{Client, Request};
use super::{Running, call, initialize, refused, soon};

fn ping(id: i64) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "ping"})
}

#[tokio::test]
async fn a_session_from_beginning_to_end() {
    let server = Running::new().await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = server.session(version).await;
        assert!(session.len() >= 22 && session.bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
        let send = |message: &Value| Request::legacy(&session, message);

        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let reply = server.send(&send(&initialized)).await;
        assert_eq!((reply.status, &*reply.text), (202, ""));
        assert_eq!(
            server.send(&send(&ping(1))).await.json(),
            json!({"jsonrpc": "2.0", "id": 1, "result": {}})
        );
        let reply = server.send(&send(&call(2, "echo", json!({"text": "hi"})))).await;
        assert_eq!(reply.json()["result"], json!({"content": [{"type": "text", "text": "hi"}]}));
        let unknown = json!({"jsonrpc": "2.0", "id": 3, "method": "unknown"});
        // Errors are responses like others in this era.
        refused(&server.send(&send(&unknown)).await, 200, -32601, 3);
        assert_eq!(server.send(&Request::delete(&session)).await.status, 204);
        refused(&server.send(&send(&ping(4))).await, 404, -32600, 4);
        assert_eq!(server.send(&Request::delete(&session)).await.status, 404);
        assert_eq!(server.send(&Request::get(&session)).await.status, 404);
    }
}

#[tokio::test]
async fn a_request_needs_its_session() {
    let server = Running::new().await;
    refused(&server.send(&Request::post(&ping(1))).await, 400, -32602, 1);
    let with_version = Request::post(&ping(1)).header("MCP-Protocol-Version", "2025-11-25");
    refused(&server.send(&with_version).await, 400, -32602, 1);
    refused(&server.send(&Request::legacy("unknown", &ping(1))).await, 404, -32600, 1);
    let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(server.send(&Request::post(&notification)).await.status, 400);
    let session = server.session("2025-11-25").await;
    let twice = Request::legacy(&session, &ping(1)).more("Mcp-Session-Id", "other");
    assert_eq!(server.send(&twice).await.status, 400);
}

#[tokio::test]
async fn the_version_header_may_be_absent_but_not_wrong() {
    let server = Running::new().await;
    let session = server.session("2025-06-18").await;
    let request = Request::legacy(&session, &ping(1));
    assert_eq!(server.send(&request).await.status, 200);
    for (version, status) in
        [("2025-06-18", 200), ("2025-03-26", 200), ("1999-01-01", 400), ("", 400)]
    {
        let reply = server.send(&request.clone().header("MCP-Protocol-Version", version)).await;
        assert_eq!(reply.status, status, "{version}");
    }
    let get = Request::get(&session).header("MCP-Protocol-Version", "1999-01-01");
    assert_eq!(server.send(&get).await.status, 400);
}

#[tokio::test]
async fn a_version_that_nobody_knows_is_answered_with_the_newest() {
    let server = Running::new().await;
    let reply = server.send(&initialize("1999-01-01")).await;
    assert_eq!(reply.json()["result"]["protocolVersion"], "2025-11-25");
    let empty = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}});
    refused(&server.send(&Request::post(&empty)).await, 400, -32602, 1);
}

#[tokio::test]
async fn a_question_travels_on_the_stream_of_its_call() {
    let server = Running::new().await;
    let session = server.session("2025-11-25").await;
    let mut client =
        Request::legacy(&session, &call(1, "ask", json!({}))).open(server.address).await;
    let question = client.message().await.1;
    assert_eq!(question["method"], "elicitation/create");
    let answer = json!({
        "jsonrpc": "2.0",
        "id": question["id"],
        "result": {"action": "accept", "content": {"name": "Ada"}},
    });
    let reply = server.send(&Request::legacy(&session, &answer)).await;
    assert_eq!((reply.status, &*reply.text), (202, ""));
    let response = client.message().await.1;
    assert_eq!(
        (&response["id"], &response["result"]["content"][0]["text"]),
        (&json!(1), &json!("Ok(\"Ada\")"))
    );
    assert_eq!(client.event().await, None);
}

#[tokio::test]
async fn events_have_ids_and_the_first_one_primes() {
    let server = Running::new().await;
    for (version, primes) in [("2025-03-26", false), ("2025-06-18", false), ("2025-11-25", true)] {
        let session = server.session(version).await;
        let request = Request::legacy(&session, &call(1, "talk", json!({})));
        server.seen.go.notify_one();
        let events = request.send(server.address).await.events();
        assert_eq!(events.len(), 4 + usize::from(primes), "{version}");
        assert_eq!(events[0].data.as_deref() == Some(""), primes);
        assert_eq!(events[0].retry.is_some(), primes);
        let mut ids: Vec<_> = events.iter().map(|event| event.id().to_owned()).collect();
        // Another stream of the session has other ids.
        server.seen.go.notify_one();
        ids.extend(
            request.send(server.address).await.events().iter().map(|event| event.id().to_owned()),
        );
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}

#[tokio::test]
async fn a_lost_stream_is_resumed_where_it_was() {
    let server = Running::new().await;
    let session = server.session("2025-11-25").await;
    let mut client =
        Request::legacy(&session, &call(1, "talk", json!({}))).open(server.address).await;
    let (first, _) = client.message().await;
    drop(client);
    // Another call, whose messages are none of this stream's business.
    let mut other =
        Request::legacy(&session, &call(2, "talk", json!({}))).open(server.address).await;
    other.message().await;

    // It went on meanwhile: losing the stream is no cancellation.
    server.seen.go.notify_waiters();
    soon(&server.seen.done).await;
    let resume = |id: &str| Request::get(&session).header("Last-Event-ID", id);
    let rest = resume(&first.expect("an id")).send(server.address).await.events();
    let methods: Vec<_> = rest.iter().map(|event| event.json()["method"].clone()).collect();
    assert_eq!(
        methods,
        [json!("notifications/progress"), json!("notifications/message"), json!(null)]
    );
    assert_eq!(rest[2].json()["id"], 1);
    // Once more, from within: still there.
    let again = resume(rest[1].id()).send(server.address).await.events();
    assert_eq!(again, rest[2..]);

    for id in ["77-1", "x", "", "1-x", "1"] {
        assert_eq!(server.send(&resume(id)).await.status, 400, "{id}");
    }
}

#[tokio::test]
async fn a_resumed_stream_goes_on_live_and_takes_the_place_of_the_old_one() {
    let server = Running::new().await;
    let session = server.session("2025-11-25").await;
    let mut old = Request::legacy(&session, &call(1, "talk", json!({}))).open(server.address).await;
    let (first, _) = old.message().await;
    old.message().await;
    let mut new = Request::get(&session)
        .header("Last-Event-ID", &first.expect("an id"))
        .open(server.address)
        .await;
    assert_eq!(new.message().await.1["method"], "notifications/progress");
    // A message is on one stream only (2025-11-25, Multiple Connections).
    assert_eq!(old.event().await, None);
    server.seen.go.notify_waiters();
    assert_eq!(new.message().await.1["params"]["data"], "second");
    assert_eq!(new.message().await.1["id"], 1);
    assert_eq!(new.event().await, None);
}

#[tokio::test]
async fn a_handler_closes_the_stream_and_the_client_comes_back() {
    let server = Running::new().await;
    for version in ["2025-06-18", "2025-11-25"] {
        let session = server.session(version).await;
        let reply =
            Request::legacy(&session, &call(1, "reconnect", json!({}))).send(server.address).await;
        let events = reply.events();
        assert!(events.iter().all(|event| event.data.as_deref().unwrap_or("").is_empty()));
        assert!(events.iter().any(|event| event.retry.is_some()));
        server.seen.go.notify_one();
        if version == "2025-11-25" {
            let resume = Request::get(&session).header("Last-Event-ID", events[0].id());
            let rest = resume.send(server.address).await.events();
            assert_eq!(rest.len(), 1);
            assert_eq!(rest[0].json()["result"]["content"][0]["text"], "came back");
        }
    }
    // Where there is no coming back, it does nothing.
    server.seen.go.notify_one();
    let reply = server.send(&super::modern_call(1, "reconnect", json!({}))).await;
    assert_eq!(reply.json()["result"]["content"][0]["text"], "came back");
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_nothing() {
    let server = Running::new().await;
    let session = server.session("2025-11-25").await;
    let mut client = Client::connect(server.address).await;
    client.write(&Request::legacy(&session, &call(1, "wait", json!({})))).await;
    soon(&server.seen.begun).await;
    drop(client);
    // The server has noticed when the id may be used by nobody else, and its session still serves.
    assert_eq!(server.send(&Request::legacy(&session, &ping(2))).await.status, 200);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    server.seen.go.notify_waiters();
    soon(&server.seen.done).await;
}

#[tokio::test]
async fn a_question_that_reaches_nobody_is_not_waited_for() {
    let (go, asked) = <(Arc<Notify>, Arc<Notify>)>::default();
    let (later, seen) = (go.clone(), asked.clone());
    let server = Running::start(|builder| {
        builder.add_tool(ToolDefinition::new("late"), move |call: Call| {
            let (go, asked) = (later.clone(), seen.clone());
            async move {
                go.notified().await;
                call.roots("folders").await.expect_err("nobody answers");
                asked.notify_one();
                ""
            }
        })
    })
    .await;
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {"roots": {}}});
    let message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
    let reply = server.send(&Request::post(&message)).await;
    let session = reply.header("mcp-session-id").expect("a session").to_owned();
    let mut client = Client::connect(server.address).await;
    client.write(&Request::legacy(&session, &call(1, "late", json!({})))).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Before there was a stream, so that there is none to come back to.
    drop(client);
    tokio::time::sleep(Duration::from_millis(100)).await;
    go.notify_one();
    soon(&asked).await;
}

#[tokio::test]
async fn a_cancelled_call_has_no_response() {
    let server = Running::new().await;
    let session = server.session("2025-11-25").await;
    let mut client = Client::connect(server.address).await;
    client.write(&Request::legacy(&session, &call(1, "wait", json!({})))).await;
    soon(&server.seen.begun).await;
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    assert_eq!(server.send(&Request::legacy(&session, &cancel)).await.status, 202);
    soon(&server.seen.cancelled).await;
    client.read_head().await;
    assert_eq!(client.reply.header("content-type"), Some("text/event-stream"));
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn the_end_of_a_session_cancels_its_calls_and_ends_its_streams() {
    let server = Running::new().await;
    let session = server.session("2025-11-25").await;
    let mut get = Request::get(&session).open(server.address).await;
    get.event().await;
    let mut talk =
        Request::legacy(&session, &call(1, "talk", json!({}))).open(server.address).await;
    talk.message().await;
    assert_eq!(server.send(&Request::delete(&session)).await.status, 204);
    soon(&server.seen.cancelled).await;
    talk.rest().await;
    assert_eq!(get.event().await, None);
}

#[tokio::test]
async fn the_standalone_stream_carries_changes() {
    let server = Running::new().await;
    let session = server.session("2025-11-25").await;
    // Said before anybody listened: kept.
    server.server.enable_tool("echo", false);
    let mut first = Request::get(&session).open(server.address).await;
    assert_eq!(first.reply.header("content-type"), Some("text/event-stream"));
    let prime = first.event().await.expect("an event");
    assert_eq!(prime.data.as_deref(), Some(""));
    let (id, change) = first.message().await;
    assert_eq!(change["method"], "notifications/tools/list_changed");
    // A second one takes its place.
    let mut second = Request::get(&session).open(server.address).await;
    second.event().await;
    assert_eq!(first.event().await, None);
    server.server.enable_tool("echo", true);
    second.message().await;
    drop(second);
    // What the second read came after what the first did, on the same stream.
    let mut resumed = Request::get(&session)
        .header("Last-Event-ID", &id.expect("an id"))
        .open(server.address)
        .await;
    assert_eq!(resumed.message().await.1["method"], "notifications/tools/list_changed");
    let json_only = Request::get(&session).header("Accept", "application/json");
    assert_eq!(server.send(&json_only).await.status, 405);
}

#[tokio::test]
async fn batches_where_they_exist() {
    let server = Running::new().await;
    let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    for version in ["2024-11-05", "2025-03-26"] {
        let session = server.session(version).await;
        let batch = |messages: Value| Request::legacy(&session, &messages);
        let echo = |id, text: &str| call(id, "echo", json!({"text": text}));
        let reply = server
            .send(&batch(json!([echo(1, "one"), notification, ping(2), {"id": 3}, echo(4, "two")])))
            .await
            .json();
        let mut ids: Vec<_> =
            reply.as_array().expect("an array").iter().map(|one| one["id"].as_i64()).collect();
        ids.sort();
        assert_eq!(ids, [Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!(server.send(&batch(json!([notification, notification]))).await.status, 202);
        // With something to say before the responses.
        server.seen.go.notify_one();
        let events =
            server.send(&batch(json!([call(1, "talk", json!({})), echo(2, "x")]))).await.events();
        let last = events.last().expect("events").json();
        assert_eq!((events.len(), last.as_array().map(Vec::len)), (4, Some(2)));
        let many: Vec<_> = (0..65).map(ping).collect();
        assert_eq!(server.send(&batch(many.into())).await.status, 400);
        assert_eq!(server.send(&batch(json!([]))).await.status, 400);
    }
    let session = server.session("2025-06-18").await;
    let reply = server.send(&Request::legacy(&session, &json!([ping(1)]))).await;
    refused(&reply, 400, -32600, json!(null));
    assert_eq!(server.send(&Request::post(&json!([ping(1)]))).await.status, 400);
}

#[tokio::test]
async fn three_streams_at_the_same_time() {
    let server = Running::new().await;
    let session = server.session("2025-11-25").await;
    let list = |id: i64| {
        Request::legacy(&session, &json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"}))
            .header("Accept", "text/event-stream, application/json")
    };
    let requests = [list(1), list(2), list(3)];
    let replies = futures_util::future::join_all(requests.iter().map(|it| server.send(it))).await;
    for (reply, id) in replies.iter().zip(1..) {
        assert_eq!((reply.status, &reply.json()["id"]), (200, &json!(id)));
    }
}
