//! Servers that do what servers must not: nothing hangs, nothing grows, and the error says what to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcp_runtime::client::{Client, ClientError};
use serde_json::json;

use super::fake::{Asked, Fake, Reply, event, no_tools};
use super::legacy::hello;
use super::{LEGACY, MODERN, soon};

/// What a call of a tool comes to, of a client of each era.
async fn calls(
    script: impl Fn(&Asked) -> Reply + Clone + Send + Sync + 'static,
) -> [ClientError; 2] {
    let first = script.clone();
    let modern = Fake::start(move |asked| no_tools(asked).unwrap_or_else(|| first(asked))).await;
    let modern = Client::builder().lifecycle(MODERN).max_message(1 << 20).connect_http(&modern.url);
    let modern = soon(modern).await.expect("a client");
    let legacy = Fake::start(move |asked| hello(asked, "s").unwrap_or_else(|| script(asked))).await;
    let legacy = Client::builder().lifecycle(LEGACY).max_message(1 << 20).connect_http(&legacy.url);
    let legacy = soon(legacy).await.expect("a client");
    let mut errors = Vec::new();
    for client in [modern, legacy] {
        let call = client.call_tool("x", ()).into_future();
        errors.push(soon(call).await.expect_err("no result"));
        soon(client.close()).await.expect("an end");
    }
    errors.try_into().expect("two")
}

#[tokio::test]
async fn what_is_no_answer_is_an_error_that_shows_it() {
    let html = "<html><body>\n  <h1>Welcome</h1>  to nginx";
    let page = move |status| {
        move |_: &Asked| {
            Reply::Whole(status, vec![("content-type", "text/html".to_owned())], html.to_owned())
        }
    };
    for error in calls(page(200)).await {
        assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
        assert!(error.to_string().contains("`text/html`"), "{error}");
        assert!(error.to_string().contains("<h1>Welcome</h1> to nginx"), "{error}");
        assert!(error.to_string().contains("check that the address"), "{error}");
    }
    for error in calls(page(502)).await {
        assert!(matches!(error, ClientError::Http { status: 502, .. }), "{error}");
        assert!(error.to_string().contains("nginx"), "{error}");
    }
    for body in ["garbage", "[]", "{}", "3", r#"{"jsonrpc":"2.0","id":99,"result":{}}"#] {
        for error in calls(move |_| Reply::json(body.to_owned())).await {
            assert!(matches!(error, ClientError::Invalid { .. }), "{body}: {error}");
        }
    }
    for error in calls(|_| Reply::empty(202)).await {
        assert!(error.to_string().contains("needs no answer"), "{error}");
    }
}

#[tokio::test]
async fn an_error_of_the_protocol_is_the_answer_whatever_the_status() {
    for status in [400, 404, 500] {
        let script = move |asked: &Asked| {
            // With a session, 404 is about that.
            let status = if asked.header("mcp-session-id").is_some() { 400 } else { status };
            Reply::refused(status, asked.refusal(-7, json!(null)))
        };
        for error in calls(script).await {
            assert_eq!(error.code(), Some(-7), "{error}");
        }
    }
    let anonymous = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no"}}"#;
    for error in calls(move |_| Reply::refused(400, anonymous.to_owned())).await {
        assert_eq!(error.code(), Some(-32000), "{error}");
    }
}

#[tokio::test]
async fn a_status_says_what_to_do() {
    for (status, said) in [(403, "does not allow"), (405, "check its path"), (503, "has failed")] {
        for error in calls(move |_| Reply::empty(status)).await {
            assert!(matches!(&error, ClientError::Http { status: it, .. } if *it == status));
            assert!(error.to_string().contains(said), "{error}");
        }
    }
    let redirecting = |_: &Asked| Reply::empty(307).with("location", "http://elsewhere.example/");
    for error in calls(redirecting).await {
        assert!(error.to_string().contains("redirects to http://elsewhere.example/"), "{error}");
    }
    for error in calls(|_| Reply::empty(429).with("retry-after", "3600")).await {
        let ClientError::Http { status: 429, retry_after, .. } = &error else { panic!("{error}") };
        assert_eq!(*retry_after, Some(Duration::from_secs(3600)));
        assert!(error.to_string().contains("3600s"), "{error}");
    }
}

#[tokio::test]
async fn a_short_pause_is_made_once() -> Result<(), ClientError> {
    for times in [1, 2] {
        let count = AtomicUsize::new(0);
        let fake = Fake::start(move |asked| {
            if let Some(reply) = no_tools(asked) {
                reply
            } else if count.fetch_add(1, Ordering::Relaxed) < times {
                Reply::empty(429).with("retry-after", "0")
            } else {
                Reply::json(asked.tool_result("hi"))
            }
        })
        .await;
        let client = Client::builder().lifecycle(MODERN).connect_http(&fake.url).await?;
        let call = soon(client.call_tool("x", ()).into_future()).await;
        assert_eq!(call.is_ok(), times == 1);
        assert_eq!(fake.of("tools/call").len(), 2);
    }
    Ok(())
}

#[tokio::test]
async fn a_token_is_asked_for_again_once() -> Result<(), ClientError> {
    let fake = Fake::start(|asked| match asked.header("authorization") {
        Some("Bearer good") => Reply::json(asked.tool_result("hi")),
        _ => Reply::empty(401).with("www-authenticate", "Bearer scope=\"a\""),
    })
    .await;
    let client = Client::builder().lifecycle(MODERN).connect_http(&fake.url).await?;
    let error = soon(client.request("x", ())).await.expect_err("no token");
    let ClientError::Unauthorized { challenge, .. } = &error else { panic!("{error}") };
    assert_eq!(challenge.as_deref(), Some("Bearer scope=\"a\""));
    assert!(error.to_string().contains("bearer_with"), "{error}");
    assert_eq!(fake.asked().len(), 1);

    for (second, good) in [("good", true), ("bad", false)] {
        let asked: Arc<std::sync::Mutex<Vec<Option<String>>>> = Arc::default();
        let noted = asked.clone();
        let token = move |challenge: Option<String>| {
            let token = if challenge.is_some() { second } else { "old" };
            noted.lock().expect("no panic").push(challenge);
            async move { Ok::<_, std::io::Error>(token.to_owned()) }
        };
        let builder = Client::builder().lifecycle(MODERN).bearer_with(token);
        let client = builder.connect_http(&fake.url).await?;
        let result = soon(client.request("x", ())).await;
        assert_eq!(result.is_ok(), good, "{result:?}");
        assert!(good || matches!(result, Err(ClientError::Unauthorized { .. })));
        let all = asked.lock().expect("no panic").clone();
        assert_eq!(all, [None, Some("Bearer scope=\"a\"".to_owned())]);
    }
    let failing = |_| async { Err::<String, _>(std::io::Error::other("the vault is shut")) };
    let client = Client::builder().lifecycle(MODERN).bearer_with(failing);
    let client = client.connect_http(&fake.url).await?;
    let error = soon(client.request("x", ())).await.expect_err("no token");
    assert!(matches!(error, ClientError::Token(_)), "{error}");
    assert!(error.to_string().contains("the vault is shut"), "{error}");
    Ok(())
}

#[tokio::test]
async fn messages_and_events_are_bounded() {
    let long = |asked: &Asked| Reply::json(asked.tool_result(&"x".repeat(2 << 20)));
    for error in calls(long).await {
        assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
        assert!(error.to_string().contains("1048576"), "{error}");
    }
    for endless in ["data: xxxxxxxxxxxxxxxx", "data: x\n", "id: 1\n", "x"] {
        for error in calls(move |_| Reply::Endless(endless.repeat(1000))).await {
            assert!(matches!(error, ClientError::Invalid { .. }), "{endless}: {error}");
            assert!(error.to_string().contains("1048576"), "{error}");
        }
    }
}

#[tokio::test]
async fn heads_that_are_none_are_errors() {
    for raw in [
        String::new(),
        "garbage\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"
            .to_owned(),
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(1 << 20)),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(10_000)),
    ] {
        for error in calls(move |_| Reply::Raw(raw.clone())).await {
            assert!(matches!(error, ClientError::Interrupted { .. }), "{error}");
        }
    }
}

#[tokio::test]
async fn a_flood_of_notifications_is_passed_through_until_nobody_waits() {
    for lifecycle in [MODERN, LEGACY] {
        let flood = event(
            r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#,
        );
        let fake = Fake::start(move |asked| {
            hello(asked, "s").unwrap_or_else(|| Reply::Endless(flood.repeat(100)))
        })
        .await;
        let heard = Arc::new(AtomicUsize::new(0));
        let counted = heard.clone();
        let client = Client::builder()
            .lifecycle(lifecycle)
            .on_log(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
            })
            .connect_http(&fake.url);
        let client = soon(client).await.expect("a client");
        let call = tokio::spawn(client.call_tool("x", ()).into_future());
        soon(async {
            while heard.load(Ordering::Relaxed) < 10_000 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        // Others are served meanwhile, and the flood ends with whoever wanted the answer.
        call.abort();
        let other = client.call_tool("y", ()).timeout(Duration::from_millis(100));
        let error = soon(other.into_future()).await.expect_err("a flood, too");
        assert!(matches!(error, ClientError::TimedOut { .. }), "{error}");
        soon(client.close()).await.expect("an end");
    }
}

#[tokio::test]
async fn a_second_answer_is_nobodys_and_another_id_is_passed_over() -> Result<(), ClientError> {
    for lifecycle in [MODERN, LEGACY] {
        let fake = Fake::start(|asked| {
            hello(asked, "s").unwrap_or_else(|| {
                let other = r#"{"jsonrpc":"2.0","id":12345,"result":{"content":[]}}"#;
                let (first, second) = (asked.tool_result("first"), asked.tool_result("second"));
                let noise = "event: ping\ndata: x\n\n: comment\n\ndata: garbage\n\n".to_owned();
                Reply::Events(vec![noise, event(other), event(&first), event(&second)])
            })
        })
        .await;
        let client = soon(Client::builder().lifecycle(lifecycle).connect_http(&fake.url)).await?;
        for _ in 0..3 {
            assert_eq!(soon(client.call_tool("x", ()).into_future()).await?.text(), "first");
        }
        soon(client.close()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_keeps_silent_is_the_callers_to_leave() -> Result<(), ClientError> {
    for lifecycle in [MODERN, LEGACY] {
        let fake = Fake::start(|asked| hello(asked, "s").unwrap_or(Reply::Silence)).await;
        let client = soon(Client::builder().lifecycle(lifecycle).connect_http(&fake.url)).await?;
        let call = client.call_tool("x", ()).timeout(Duration::from_millis(50));
        let error = soon(call.into_future()).await.expect_err("no answer");
        assert!(matches!(error, ClientError::TimedOut { .. }), "{error}");
        soon(client.close()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_before() {
    for (url, said) in [
        ("localhost:80/mcp", "`http://`"),
        ("ftp://localhost/mcp", "`http://`"),
        ("not an address", "no address"),
    ] {
        let error = Client::builder().connect_http(url).await.expect_err(url);
        assert!(matches!(error, ClientError::Setup(_)), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    // What may be secret is in no message.
    for url in [
        "ftp://me:secret@localhost/mcp",
        "http://me:secr?et@localhost:port/",
        "localhost?token=secret",
    ] {
        let error = Client::builder().connect_http(url).await.expect_err(url);
        assert!(!error.to_string().contains("secr"), "{error}");
    }
    let builder = Client::builder().header("x-key", "secret").bearer("secret");
    let shown = format!("{builder:?}");
    assert!(shown.contains("x-key") && !shown.contains("secret"), "{shown}");
    let builder = Client::builder().header("x", "line\nbreak");
    let error = builder.connect_http("http://localhost/").await.expect_err("a header");
    assert!(!error.to_string().contains("break"), "values may be secret: {error}");
    let builder = Client::builder().bearer("a\nb");
    let error = soon(builder.connect_http("http://127.0.0.1:9/")).await.expect_err("a token");
    assert!(matches!(error, ClientError::Setup(_)), "{error}");
}

#[tokio::test]
async fn a_token_that_panics_is_an_error() -> Result<(), ClientError> {
    fn none(_: Option<String>) -> std::future::Ready<std::io::Result<String>> {
        panic!("on purpose")
    }
    let fake = Fake::start(|asked| Reply::json(asked.tool_result("hi"))).await;
    let builder = Client::builder().lifecycle(MODERN).bearer_with(none);
    let client = builder.connect_http(&fake.url).await?;
    let error = soon(client.request("x", ())).await.expect_err("no token");
    assert!(matches!(error, ClientError::Token(_)), "{error}");
    Ok(())
}
