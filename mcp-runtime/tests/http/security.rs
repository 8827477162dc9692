//! Who may call, and how much.

use std::time::Duration;

use mcp_runtime::Principal;
use serde_json::{Value, json};
use tower_service::Service as _;

use super::wire::{Client, Request};
use super::{Running, Seen, builder, call, initialize, modern_call, refused, soon};

fn list() -> Request {
    Request::modern(1, "tools/list", json!({}))
}

#[tokio::test]
async fn host_and_origin_are_checked_each_by_itself() {
    let server = Running::start(|builder| {
        builder.allow_host("mcp.example.com").allow_origin("https://app.example.com")
    })
    .await;
    let port = server.address.port();
    let local = format!("127.0.0.1:{port}");
    for (host, origin, fine) in [
        (&*local, None, true),
        (&*local, Some(format!("http://{local}")), true),
        ("localhost", Some("http://localhost:6274".to_owned()), true),
        ("[::1]:80", None, true),
        ("mcp.example.com", Some("https://app.example.com".to_owned()), true),
        ("evil.example.com", None, false),
        (&*local, Some("http://evil.example.com".to_owned()), false),
        ("evil.example.com", Some(format!("http://{local}")), false),
        ("evil.example.com", Some("http://evil.example.com".to_owned()), false),
        (&*local, Some("null".to_owned()), false),
        ("", None, false),
    ] {
        let mut requests = vec![list(), initialize("2025-11-25")];
        requests.extend(["GET", "DELETE", "OPTIONS"].map(Request::new));
        for request in requests {
            let mut request = request.header("Host", host);
            if let Some(origin) = &origin {
                request = request.header("Origin", origin);
            }
            let reply = server.send(&request).await;
            assert_eq!(reply.status != 403, fine, "{host} {origin:?} {reply:?}");
            if !fine {
                refused(&reply, 403, -32600, Value::Null);
                assert_eq!(reply.header("access-control-allow-origin"), None);
            }
        }
    }
    assert_eq!(server.send(&list().without("Host")).await.status, 403);
    assert_eq!(server.send(&list().more("Host", "localhost")).await.status, 403);
    let two = list().more("Origin", "http://localhost").more("Origin", "http://localhost");
    assert_eq!(server.send(&two).await.status, 403);
    let server = Running::start(|builder| builder.allow_any_host()).await;
    assert_eq!(server.send(&list().header("Host", "evil.example.com")).await.status, 200);
    let foreign = list().header("Origin", "http://evil.example.com");
    assert_eq!(server.send(&foreign).await.status, 403);
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_can_call_from_a_browser() {
    let server = Running::start(|builder| builder.allow_origin("https://app.example.com")).await;
    let preflight = Request::new("OPTIONS")
        .header("Origin", "https://app.example.com")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type,mcp-method,mcp-param-x");
    let reply = server.send(&preflight).await;
    assert_eq!(reply.status, 204);
    for (name, value) in [
        ("access-control-allow-origin", "https://app.example.com"),
        ("access-control-allow-methods", "GET, POST, DELETE"),
        ("access-control-allow-headers", "content-type,mcp-method,mcp-param-x"),
    ] {
        assert_eq!(reply.header(name), Some(value));
    }
    let reply =
        server.send(&initialize("2025-11-25").header("Origin", "https://app.example.com")).await;
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(reply.header("access-control-expose-headers"), Some("Mcp-Session-Id"));
    assert_eq!(reply.header("vary"), Some("Origin"));
    // Errors can be read, too.
    let reply = server.send(&list().header("Origin", "https://app.example.com").body("{")).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin").is_some()), (400, true));
    assert_eq!(server.send(&list()).await.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn what_is_sent_and_what_is_wanted() {
    let server = Running::new().await;
    for kind in ["text/plain", "application/json-patch", ""] {
        assert_eq!(server.send(&list().header("Content-Type", kind)).await.status, 415, "{kind}");
    }
    assert_eq!(server.send(&list().without("Content-Type")).await.status, 415);
    let charset = list().header("Content-Type", "application/json; charset=utf-8");
    assert_eq!(server.send(&charset).await.status, 200);
    for (accept, status) in
        [("*/*", 200), ("application/json", 200), ("text/html", 406), ("application/json;q=0", 406)]
    {
        assert_eq!(server.send(&list().header("Accept", accept)).await.status, status, "{accept}");
    }
    assert_eq!(server.send(&list().without("Accept")).await.status, 200);
    assert_eq!(server.send(&list().path("/")).await.status, 404);
    assert_eq!(server.send(&list().path("/mcp/x")).await.status, 404);
    assert_eq!(server.send(&list().path("/mcp?x=y")).await.status, 200);
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let server = Running::limited(|limits| limits.message = 1000).await;
    let long = "x".repeat(1001);
    refused(&server.send(&list().body(long.clone())).await, 413, -32600, Value::Null);
    let fits = modern_call(1, "echo", json!({"text": "x".repeat(500)}));
    assert_eq!(server.send(&fits).await.status, 200);
    // Where its length is not said beforehand: the server stops reading.
    let mut client = Client::connect(server.address).await;
    let head = list().head();
    let (head, _) = head.split_once("Content-Length").expect("a length");
    client.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n")).await;
    for _ in 0..3 {
        client.raw(format!("190\r\n{}\r\n", "y".repeat(400))).await;
    }
    assert_eq!(client.read_head().await.status, 413);
    // In pieces, but short enough.
    let mut client = Client::connect(server.address).await;
    let request = list();
    client.raw(request.head()).await;
    for piece in request.into_body().chunks(40) {
        client.raw(piece).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.read_head().await.status, 200);
}

#[tokio::test]
async fn a_slow_client_is_not_waited_for() {
    let server =
        Running::limited(|limits| limits.header_timeout = Duration::from_millis(100)).await;
    // A head that does not end.
    let mut client = Client::connect(server.address).await;
    client.raw("POST /mcp HTTP/1.1\r\nHost: localhost\r\n").await;
    assert!(client.is_closed().await);
    // A body that does not come.
    let mut client = Client::connect(server.address).await;
    client.raw(list().body("x".repeat(100)).head()).await;
    client.raw("{").await;
    assert_eq!(client.read_head().await.status, 408);
}

#[tokio::test]
async fn a_client_that_stops_reading_is_not_waited_for() {
    let server = Running::limited(|limits| limits.header_timeout = Duration::from_millis(50)).await;
    let mut client = Client::connect(server.address).await;
    client.write(&modern_call(1, "large", json!({}))).await;
    soon(&server.seen.done).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(client.bytes_until_the_end().await < super::LARGE);
}

#[tokio::test]
async fn calls_at_the_same_time_have_a_limit() {
    let server = Running::limited(|limits| limits.http_calls = 1).await;
    let mut client = Client::connect(server.address).await;
    client.write(&modern_call(1, "wait", json!({}))).await;
    soon(&server.seen.begun).await;
    let reply = server.send(&modern_call(2, "echo", json!({"text": "x"}))).await;
    refused(&reply, 503, -32603, 2);
    assert!(reply.header("retry-after").is_some());
    server.seen.go.notify_waiters();
    client.read_head().await;
    client.rest().await;
    assert_eq!(server.send(&modern_call(3, "echo", json!({"text": "x"}))).await.status, 200);
}

#[tokio::test]
async fn connections_have_a_limit() {
    let server = Running::limited(|limits| limits.connections = 1).await;
    let mut first = list().open(server.address).await;
    first.rest().await;
    let mut second = Client::connect(server.address).await;
    second.write(&list()).await;
    let waiting = tokio::time::timeout(Duration::from_millis(100), second.read_head());
    assert!(waiting.await.is_err());
    drop(first);
    assert_eq!(second.read_head().await.status, 200);
}

#[tokio::test]
async fn sessions_have_a_limit_and_the_idle_ones_give_way() {
    let server = Running::limited(|limits| limits.sessions = 2).await;
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let busy = server.session("2025-11-25").await;
    let _stream = Request::get(&busy).open(server.address).await;
    let idle = server.session("2025-11-25").await;
    let new = server.session("2025-11-25").await;
    for (session, status) in [(&busy, 200), (&idle, 404), (&new, 200)] {
        assert_eq!(server.send(&Request::legacy(session, &ping)).await.status, status);
    }
    let _other = Request::get(&new).open(server.address).await;
    refused(&server.send(&initialize("2025-11-25")).await, 503, -32603, 0);
}

#[tokio::test]
async fn an_idle_session_ends() {
    let server = Running::limited(|limits| limits.session_idle = Duration::from_millis(50)).await;
    let ping = |session: &str| {
        Request::legacy(session, &json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}))
    };
    let (open, idle) = (server.session("2025-11-25").await, server.session("2025-11-25").await);
    // Whoever listens is not idle.
    let _stream = Request::get(&open).open(server.address).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.send(&ping(&idle)).await.status, 404);
    assert_eq!(server.send(&ping(&open)).await.status, 200);
}

#[tokio::test]
async fn a_client_that_does_not_read_costs_a_bounded_amount() {
    let server = Running::limited(|limits| limits.replayed_events = 4).await;
    let session = server.session("2025-06-18").await;
    let mut client =
        Request::legacy(&session, &call(1, "talk", json!({}))).open(server.address).await;
    let (first, _) = client.message().await;
    drop(client);
    server.seen.go.notify_one();
    soon(&server.seen.done).await;
    let first = first.expect("an id");
    let rest = Request::get(&session).header("Last-Event-ID", &first).send(server.address).await;
    assert_eq!(rest.events().len(), 3);
}

/// The service itself, behind something that says who is calling.
#[tokio::test]
async fn a_session_belongs_to_its_principal() {
    let seen = std::sync::Arc::new(Seen::default());
    let mut service = builder(&seen).build().expect("a server").http();
    let mut send = async |message: &Value, session: Option<&str>, who: Option<&str>| {
        let mut request = http::Request::post("/")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(http_body_util::Full::new(bytes::Bytes::from(message.to_string())))
            .expect("a request");
        if let Some(session) = session {
            request.headers_mut().insert("mcp-session-id", session.parse().expect("a value"));
        }
        if let Some(who) = who {
            request.extensions_mut().insert(Principal::new("https://id.example", who));
        }
        service.call(request).await.expect("infallible")
    };
    let begin = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}},
    });
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    for owner in [Some("alice"), None] {
        let reply = send(&begin, None, owner).await;
        let session = reply.headers()["mcp-session-id"].to_str().expect("text").to_owned();
        for who in [Some("alice"), Some("bob"), None] {
            let status = send(&ping, Some(&session), who).await.status().as_u16();
            assert_eq!(status, if who == owner { 200 } else { 404 }, "{owner:?} {who:?}");
        }
    }
}
