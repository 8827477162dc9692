//! Sessions, the stream for what belongs to no request, and streams that are resumed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcp_runtime::client::{Client, ClientBuilder, ClientError};
use serde_json::json;

use super::fake::{Asked, Fake, Reply, event, no_tools};
use super::{LEGACY, soon};

/// What a server with sessions says before anything of interest happens.
pub fn hello(asked: &Asked, session: &str) -> Option<Reply> {
    match (asked.verb.as_str(), asked.method()) {
        (_, "initialize") => {
            let result = json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "serverInfo": { "name": "fake", "version": "1" },
            });
            Some(Reply::json(asked.answer(result)).with("mcp-session-id", session))
        }
        ("POST", "notifications/initialized") => Some(Reply::empty(202)),
        ("GET", _) if asked.header("last-event-id").is_none() => Some(Reply::empty(405)),
        ("DELETE", _) => Some(Reply::empty(200)),
        _ => no_tools(asked),
    }
}

fn builder() -> ClientBuilder {
    Client::builder().lifecycle(LEGACY)
}

#[tokio::test]
async fn a_session_is_named_until_its_end() -> Result<(), ClientError> {
    let fake = Fake::start(|asked| {
        hello(asked, "s-1").unwrap_or_else(|| Reply::json(asked.tool_result("hi")))
    })
    .await;
    let client = soon(builder().connect_http(&fake.url)).await?;
    soon(client.call_tool("x", ()).into_future()).await?;
    fake.until("GET", 1).await;
    soon(client.close()).await?;
    let all = fake.asked();
    assert_eq!(all[0].header("mcp-session-id"), None);
    assert_eq!(all[0].header("mcp-protocol-version"), None);
    assert_eq!(all[1].method(), "notifications/initialized", "nothing overtakes it");
    assert_eq!(all[2].verb, "GET", "it listens before it calls: it may be asked something there");
    for asked in &all[1..] {
        assert_eq!(asked.header("mcp-session-id"), Some("s-1"), "{asked:?}");
        assert_eq!(asked.header("mcp-method"), None);
    }
    for asked in &all[1..all.len() - 1] {
        assert_eq!(asked.header("mcp-protocol-version"), Some("2025-11-25"), "{asked:?}");
    }
    assert_eq!(all.last().expect("requests").verb, "DELETE");
    assert_eq!(fake.of("GET").len(), 1, "405: it has no such stream");
    Ok(())
}

#[tokio::test]
async fn a_client_that_is_dropped_ends_its_session_too() -> Result<(), ClientError> {
    let fake = Fake::start(|asked| hello(asked, "s-1").unwrap_or(Reply::Silence)).await;
    let client = soon(builder().connect_http(&fake.url)).await?;
    drop(client);
    fake.until("DELETE", 1).await;
    Ok(())
}

#[tokio::test]
async fn a_session_that_is_gone_is_followed_by_another_one() -> Result<(), ClientError> {
    let sessions = AtomicUsize::new(0);
    let fake = Fake::start(move |asked| {
        if asked.method() == "initialize" {
            sessions.fetch_add(1, Ordering::Relaxed);
        }
        let current = format!("s-{}", sessions.load(Ordering::Relaxed));
        if let Some(reply) = hello(asked, &current) {
            return reply;
        }
        // The first session is forgotten at once.
        match asked.header("mcp-session-id") {
            Some("s-2") => Reply::json(asked.tool_result("hi")),
            _ => Reply::empty(404),
        }
    })
    .await;
    let client = soon(builder().connect_http(&fake.url)).await?;
    let calls = [client.call_tool("x", ()), client.call_tool("y", ()), client.call_tool("z", ())];
    let calls = calls.map(|call| tokio::spawn(call.into_future()));
    for call in calls {
        assert_eq!(soon(call).await.expect("no panic")?.text(), "hi");
    }
    assert_eq!(fake.of("initialize").len(), 2, "all of them share the second one");
    assert_eq!(fake.of("notifications/initialized").len(), 2);
    soon(client.close()).await?;
    assert_eq!(fake.of("DELETE")[0].header("mcp-session-id"), Some("s-2"));
    Ok(())
}

#[tokio::test]
async fn a_server_that_forgets_every_session_is_an_error() -> Result<(), ClientError> {
    let fake = Fake::start(|asked| hello(asked, "s").unwrap_or(Reply::empty(404))).await;
    let client = soon(builder().connect_http(&fake.url)).await?;
    let error = soon(client.call_tool("x", ()).into_future()).await.expect_err("no session");
    assert!(matches!(error, ClientError::Http { status: 404, .. }), "{error}");
    assert!(error.to_string().contains("connect again"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_stream_is_resumed_after_the_pause_that_the_server_asks_for() -> Result<(), ClientError> {
    let call = Mutex::new(None);
    let fake = Fake::start(move |asked| {
        if let Some(reply) = hello(asked, "s") {
            return reply;
        }
        let mut call = call.lock().expect("no panic");
        match asked.header("last-event-id") {
            None => {
                *call = Some(asked.clone());
                Reply::Events(vec!["id: 1\nretry: 300\ndata:\n\n".to_owned()])
            }
            Some("1") => Reply::Events(vec!["id: 2\ndata:\n\n".to_owned()]),
            Some(_) => {
                let call = call.as_ref().expect("the call");
                Reply::Events(vec![event(&call.tool_result("at last"))])
            }
        }
    })
    .await;
    let client = soon(builder().connect_http(&fake.url)).await?;
    let result = soon(client.call_tool("x", ()).into_future()).await?;
    assert_eq!(result.text(), "at last");
    let resumed: Vec<Asked> =
        fake.of("GET").into_iter().filter(|it| it.header("last-event-id").is_some()).collect();
    let ids: Vec<_> = resumed.iter().filter_map(|it| it.header("last-event-id")).collect();
    assert_eq!(ids, ["1", "2"]);
    let first = fake.of("tools/call")[0].at;
    assert!(resumed[0].at - first >= Duration::from_millis(300));
    assert!(resumed[1].at - resumed[0].at >= Duration::from_millis(300));
    assert_eq!(resumed[0].header("accept"), Some("text/event-stream"));
    assert_eq!(fake.of("tools/call").len(), 1, "it is not made twice");
    Ok(())
}

#[tokio::test]
async fn a_stream_that_cannot_be_resumed_is_an_error() -> Result<(), ClientError> {
    for (events, again) in [("data:\n\n", 0), ("id: 1\nretry: 1\ndata:\n\n", 1)] {
        let fake = Fake::start(move |asked| match hello(asked, "s") {
            Some(reply) => reply,
            None if asked.verb == "GET" => Reply::empty(405),
            None => Reply::Events(vec![events.to_owned()]),
        })
        .await;
        let client = soon(builder().connect_http(&fake.url)).await?;
        let error = soon(client.call_tool("x", ()).into_future()).await.expect_err("it is lost");
        assert!(matches!(error, ClientError::Interrupted { .. }), "{error}");
        let resumed = fake.of("GET").into_iter().filter(|it| it.header("last-event-id").is_some());
        assert_eq!(resumed.count(), again);
    }
    Ok(())
}

#[tokio::test]
async fn questions_are_answered_in_a_post_and_cancelled_calls_are_told() -> Result<(), ClientError>
{
    let fake = Fake::start(|asked| {
        if let Some(reply) = hello(asked, "s") {
            return reply;
        }
        match asked.method() {
            "tools/call" => {
                Reply::Open(vec![event(r#"{"jsonrpc":"2.0","id":"q","method":"roots/list"}"#)])
            }
            _ => Reply::empty(202),
        }
    })
    .await;
    let root = mcp_runtime::schema::v2026_07_28::Root::new("file:///a");
    let client = soon(builder().roots([root]).connect_http(&fake.url)).await?;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    let answer = soon(async {
        loop {
            if let Some(asked) = fake.asked().into_iter().find(|it| it.body["id"] == "q") {
                break asked;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(answer.body["result"]["roots"][0]["uri"], "file:///a");
    assert_eq!(answer.header("mcp-session-id"), Some("s"));
    call.abort();
    fake.until("notifications/cancelled", 1).await;
    let cancelled = &fake.of("notifications/cancelled")[0];
    assert_eq!(cancelled.body["params"]["requestId"], fake.of("tools/call")[0].body["id"]);
    Ok(())
}

#[tokio::test]
async fn the_stream_of_no_request_is_kept_open() -> Result<(), ClientError> {
    let fake = Fake::start(|asked| match (asked.verb.as_str(), asked.header("last-event-id")) {
        ("GET", None) => Reply::Events(vec![
            "retry: 1\n\n".to_owned(),
            "id: a\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/one\"}\n\n".to_owned(),
        ]),
        ("GET", Some("a")) => {
            Reply::Open(vec![event(r#"{"jsonrpc":"2.0","method":"notifications/two"}"#)])
        }
        _ => hello(asked, "s").unwrap_or(Reply::Silence),
    })
    .await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let builder = builder().on_notification(move |method, _| {
        let _ = told.send(method.to_owned());
    });
    let client = soon(builder.connect_http(&fake.url)).await?;
    assert_eq!(soon(heard.recv()).await.as_deref(), Some("notifications/one"));
    assert_eq!(soon(heard.recv()).await.as_deref(), Some("notifications/two"));
    soon(client.close()).await
}

// Replicas that keep their sessions each for itself.
#[tokio::test]
async fn a_session_that_is_gone_before_it_has_begun_hangs_nothing() -> Result<(), ClientError> {
    let sessions = AtomicUsize::new(0);
    let fake = Fake::start(move |asked| {
        if asked.method() == "initialize" {
            sessions.fetch_add(1, Ordering::Relaxed);
        }
        match (asked.method(), asked.header("mcp-session-id")) {
            ("notifications/initialized", Some("s-2")) => return Reply::empty(404),
            ("tools/call", Some("s-3")) => return Reply::json(asked.tool_result("hi")),
            ("tools/call", _) => return Reply::empty(404),
            _ => {}
        }
        let current = format!("s-{}", sessions.load(Ordering::Relaxed));
        hello(asked, &current).unwrap_or(Reply::empty(404))
    })
    .await;
    let client = soon(builder().connect_http(&fake.url)).await?;
    let error = soon(client.call_tool("x", ()).into_future()).await.expect_err("no session");
    assert!(
        matches!(&error, ClientError::Http { status: 404, method, .. } if method == "notifications/initialized"),
        "{error}"
    );
    // The one that did not come about is not used: the next call begins another one.
    assert_eq!(soon(client.call_tool("x", ()).into_future()).await?.text(), "hi");
    assert_eq!(fake.of("initialize").len(), 3);
    assert!(
        fake.of("tools/call").iter().all(|asked| asked.header("mcp-session-id") != Some("s-2"))
    );
    soon(client.close()).await
}

#[tokio::test]
async fn a_server_that_pings_and_takes_no_answer_is_not_answered_without_end()
-> Result<(), ClientError> {
    let fake = Fake::start(|asked| {
        let ping = |id| event(&json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }).to_string());
        match asked.verb.as_str() {
            "GET" => Reply::Open((0..400).map(ping).collect()),
            "POST" if asked.body.get("result").is_some() => Reply::Silence,
            _ => hello(asked, "s").unwrap_or(Reply::empty(404)),
        }
    })
    .await;
    let client = soon(builder().connect_http(&fake.url)).await?;
    let answers = || fake.asked().iter().filter(|it| it.body.get("result").is_some()).count();
    soon(async {
        while answers() < 256 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(answers(), 256);
    drop(client);
    Ok(())
}

#[tokio::test]
async fn a_server_that_wants_no_pause_is_given_a_short_one() -> Result<(), ClientError> {
    let fake = Fake::start(|asked| {
        let more = || Reply::Events(vec!["id: 1\nretry: 0\ndata:\n\n".to_owned()]);
        match (asked.method(), asked.header("last-event-id")) {
            ("tools/call", _) | (_, Some(_)) => more(),
            _ => hello(asked, "s").unwrap_or(Reply::empty(404)),
        }
    })
    .await;
    let client = soon(builder().connect_http(&fake.url)).await?;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    tokio::time::sleep(Duration::from_secs(1)).await;
    call.abort();
    let resumed = fake.of("GET").iter().filter(|it| it.header("last-event-id").is_some()).count();
    assert!((2..=10).contains(&resumed), "{resumed}");
    Ok(())
}

// A proxy ends what is idle: that is no failure of the task, however often.
#[tokio::test]
async fn waiting_for_the_result_of_a_task_may_be_cut_many_times() -> Result<(), ClientError> {
    const CUTS: usize = 8;
    let cuts = AtomicUsize::new(0);
    let fake = Fake::start(move |asked| {
        let done = cuts.load(Ordering::Relaxed) > CUTS;
        let task = json!({
            "taskId": "t-1",
            "status": if done { "completed" } else { "input_required" },
            "createdAt": "2025-11-25T10:00:00Z",
            "lastUpdatedAt": "2025-11-25T10:00:00Z",
            "ttl": null,
            "pollInterval": 60_000,
        });
        match asked.method() {
            "initialize" => Reply::json(asked.answer(json!({
                "protocolVersion": "2025-11-25",
                "capabilities": { "tasks": { "requests": { "tools": { "call": {} } } } },
                "serverInfo": { "name": "fake", "version": "1" },
            }))),
            "tools/list" => Reply::json(asked.answer(json!({ "tools": [{
                "name": "x",
                "inputSchema": { "type": "object" },
                "execution": { "taskSupport": "required" },
            }] }))),
            "tools/call" => Reply::json(asked.answer(json!({ "task": task }))),
            "tasks/get" => Reply::json(asked.answer(task)),
            "tasks/result" if done => Reply::json(asked.tool_result("hi")),
            "tasks/result" => {
                cuts.fetch_add(1, Ordering::Relaxed);
                Reply::Held(Duration::from_millis(1100))
            }
            _ => hello(asked, "s").unwrap_or(Reply::empty(404)),
        }
    })
    .await;
    let client = soon(builder().connect_http(&fake.url)).await?;
    assert_eq!(soon(client.call_tool("x", ()).into_future()).await?.text(), "hi");
    Ok(())
}
