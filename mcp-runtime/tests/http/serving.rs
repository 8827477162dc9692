//! Where the endpoint is mounted, and how a server ends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::wire::{Client, Request};
use super::{Running, Seen, builder, call, initialize, modern_call, soon};

#[tokio::test]
async fn the_endpoint_is_mounted_in_an_app_of_axum() {
    let seen = Arc::new(Seen::default());
    let server = builder(&seen).build().expect("a server");
    let app = axum::Router::new()
        .route_service("/mcp", server.http())
        .route("/health", axum::routing::get(|| async { "fine" }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async { axum::serve(listener, app).await });

    assert_eq!(Request::new("GET").path("/health").send(address).await.text, "fine");
    let reply = modern_call(1, "echo", json!({"text": "hi"})).send(address).await;
    assert_eq!(reply.json()["result"]["content"][0]["text"], "hi");
    let reply = initialize("2025-11-25").send(address).await;
    let session = reply.header("mcp-session-id").expect("a session").to_owned();
    seen.go.notify_one();
    let events =
        Request::legacy(&session, &call(1, "talk", json!({}))).send(address).await.events();
    assert_eq!(events.len(), 5);
    // Disconnect is noticed through axum, too.
    let mut client = Client::connect(address).await;
    client.write(&modern_call(1, "wait", json!({}))).await;
    soon(&seen.begun).await;
    drop(client);
    soon(&seen.cancelled).await;
}

#[tokio::test]
async fn calls_may_end_when_the_server_does() {
    let mut server = Running::new().await;
    let mut client = Client::connect(server.address).await;
    client.write(&modern_call(1, "wait", json!({}))).await;
    soon(&server.seen.begun).await;
    let session = server.session("2025-11-25").await;
    let mut get = Request::get(&session).open(server.address).await;
    get.event().await;
    server.stop();
    // Streams of changes end at once, calls when they are done.
    assert_eq!(get.event().await, None);
    server.seen.go.notify_waiters();
    client.read_head().await;
    assert!(client.rest().await.contains("waited"));
    assert!(client.is_closed().await);
    let address = server.address;
    server.stopped().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn calls_that_do_not_end_are_cancelled() {
    let server = Running::limited(|limits| limits.drain = Duration::from_millis(50)).await;
    let seen = server.seen.clone();
    let session = server.session("2025-11-25").await;
    let mut modern = Client::connect(server.address).await;
    modern.write(&modern_call(1, "wait", json!({}))).await;
    soon(&seen.begun).await;
    // A legacy call whose client is gone already.
    let mut legacy = Client::connect(server.address).await;
    legacy.write(&Request::legacy(&session, &call(1, "wait", json!({})))).await;
    soon(&seen.begun).await;
    drop(legacy);
    server.stopped().await;
    soon(&seen.cancelled).await;
}

#[cfg(unix)]
#[tokio::test]
async fn requests_on_one_connection_are_answered_in_their_order() {
    let server = Running::new().await;
    let mut client = Client::connect(server.address).await;
    let requests = (0..50).map(|id| modern_call(id, "echo", json!({"text": format!("text {id}")})));
    for request in requests {
        client.write(&request).await;
    }
    for id in 0..50 {
        client.read_head().await;
        assert!(client.rest().await.contains(&format!("text {id}\"")));
    }
}

#[tokio::test]
async fn what_is_no_address_is_named_beside_one_that_is() {
    let server = builder(&Arc::default()).build().expect("a server");
    let why = server.clone().bind_http("nonsense").await.expect_err("no address").to_string();
    let begin =
        "the address \"nonsense\" cannot be looked up, write one such as \"127.0.0.1:8000\": ";
    assert!(why.starts_with(begin), "{why}");
    for address in ["127.0.0.1:0".to_owned(), "localhost:0".to_owned()] {
        server.clone().bind_http(address).await.expect("an address");
    }
    server.bind_http(("127.0.0.1", 0)).await.expect("an address");
}
