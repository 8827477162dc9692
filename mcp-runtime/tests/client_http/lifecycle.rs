//! Finding out what a server speaks.

use mcp_runtime::client::{Client, ClientBuilder, ClientError, KnownServers, Lifecycle};
use mcp_runtime::{Revision, RpcError};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::fake::{Asked, Fake, Reply};
use super::legacy::hello;
use super::{LEGACY, soon};

fn discovered(asked: &Asked, versions: &[&str]) -> Reply {
    Reply::json(asked.answer(json!({
        "supportedVersions": versions, "capabilities": {}, "ttlMs": 0, "cacheScope": "private",
    })))
}

async fn connect(fake: &Fake) -> Result<Client, ClientError> {
    soon(Client::builder().connect_http(&fake.url)).await
}

#[tokio::test]
async fn a_modern_server_is_asked_once() -> Result<(), ClientError> {
    let fake = Fake::start(|asked| match asked.method() {
        "server/discover" => discovered(asked, &["2026-07-28", "2031-01-01"]),
        "tools/list" => Reply::json(asked.answer(json!({ "tools": [] }))),
        _ => Reply::json(asked.tool_result("hi")),
    })
    .await;
    let client = connect(&fake).await?;
    assert_eq!(client.revision(), Revision::V2026_07_28);
    assert_eq!(soon(client.call_tool("x", ()).into_future()).await?.text(), "hi");
    assert!(fake.of("initialize").is_empty());
    assert_eq!(fake.of("server/discover").len(), 1);
    soon(client.close()).await
}

/// However a legacy server answers what it does not know.
#[tokio::test]
async fn a_legacy_server_is_fallen_back_to_on_any_of_its_signs() -> Result<(), ClientError> {
    type Refuse = fn(&Asked) -> Reply;
    let refusals: [Refuse; 11] = [
        |asked| Reply::json(asked.refusal(-32601, Value::Null)),
        |asked| Reply::json(asked.refusal(-32602, Value::Null)),
        |asked| Reply::refused(400, asked.refusal(-32600, Value::Null)),
        |_| {
            Reply::refused(
                400,
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"x"}}"#.to_owned(),
            )
        },
        |asked| Reply::refused(400, asked.refusal(-32022, json!({ "supported": ["2025-06-18"] }))),
        |_| Reply::empty(400),
        |_| Reply::empty(404),
        |_| Reply::empty(405),
        |_| {
            Reply::Whole(
                400,
                vec![("content-type", "text/plain".to_owned())],
                "no session".to_owned(),
            )
        },
        |asked| Reply::json(asked.answer(json!({}))),
        |_| Reply::Raw(String::new()),
    ];
    for (at, refuse) in refusals.into_iter().enumerate() {
        let fake = Fake::start(move |asked| match hello(asked, "s") {
            Some(reply) => reply,
            None if asked.method() == "server/discover" => refuse(asked),
            None => Reply::json(asked.tool_result("hi")),
        })
        .await;
        let client = connect(&fake).await?;
        assert_eq!(client.revision(), Revision::V2025_11_25, "{at}");
        let offered = fake.of("initialize")[0].body["params"]["protocolVersion"].clone();
        let expected = if at == 4 { "2025-06-18" } else { "2025-11-25" };
        assert_eq!(offered, expected, "{at}");
        assert_eq!(soon(client.call_tool("x", ()).into_future()).await?.text(), "hi");
        soon(client.close()).await?;
        assert!(fake.of("notifications/cancelled").is_empty(), "{at}");
    }
    Ok(())
}

#[tokio::test]
async fn a_refusal_that_is_not_about_the_lifecycle_is_reported() {
    for (status, said) in
        [(401, "authorization"), (403, "allow"), (429, "too often"), (500, "failed")]
    {
        let fake = Fake::start(move |_| Reply::empty(status)).await;
        let error = connect(&fake).await.expect_err("refused");
        assert!(error.to_string().contains(said), "{error}");
        assert!(fake.of("initialize").is_empty(), "{status}");
    }
}

#[tokio::test]
async fn what_is_no_server_at_all_is_told_apart() {
    let page = |_: &Asked| {
        Reply::Whole(404, vec![("content-type", "text/html".to_owned())], "<h1>Lost".into())
    };
    let fake = Fake::start(page).await;
    let error = connect(&fake).await.expect_err("no server");
    let ClientError::Neither { modern, legacy } = &error else { panic!("{error}") };
    assert!(matches!(**modern, ClientError::Http { status: 404, .. }), "{modern}");
    assert!(matches!(**legacy, ClientError::Http { status: 404, .. }), "{legacy}");
    assert!(error.to_string().contains("check its path"), "{error}");

    let fake = Fake::start(|asked| discovered(asked, &["2031-01-01"])).await;
    let error = connect(&fake).await.expect_err("too new");
    assert!(matches!(&error, ClientError::Version(it) if it == "2031-01-01"), "{error}");

    let error = soon(Client::builder().connect_http("http://127.0.0.1:9/mcp")).await;
    assert!(matches!(error, Err(ClientError::Unreachable { .. })), "{error:?}");
}

#[tokio::test]
async fn what_was_found_out_is_remembered_and_doubted() -> Result<(), ClientError> {
    let modern = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let upgraded = modern.clone();
    let fake = Fake::start(move |asked| {
        if modern.load(std::sync::atomic::Ordering::Relaxed) {
            match asked.method() {
                "server/discover" => discovered(asked, &["2026-07-28"]),
                _ => Reply::refused(400, asked.refusal(-32602, Value::Null)),
            }
        } else {
            hello(asked, "s").unwrap_or_else(|| Reply::json(asked.refusal(-32601, Value::Null)))
        }
    })
    .await;
    let known = KnownServers::new();
    let connect = async || {
        let url = format!("{}?key=secret", fake.url);
        soon(Client::builder().known(&known).connect_http(url)).await
    };
    for _ in 0..3 {
        soon(connect().await?.close()).await?;
    }
    assert_eq!(fake.of("server/discover").len(), 1);
    assert_eq!(known.all(), [(fake.url.clone(), LEGACY)], "without the query");
    // The server learns the newer lifecycle, and forgets the older one.
    upgraded.store(true, std::sync::atomic::Ordering::Relaxed);
    let client = connect().await?;
    assert_eq!(client.revision(), Revision::V2026_07_28);
    assert_eq!(known.lifecycle(&fake.url), Some(Lifecycle::Modern));
    soon(client.close()).await?;
    known.remember(fake.url.clone(), Lifecycle::Auto);
    assert_eq!(known.lifecycle(&fake.url), None);
    Ok(())
}

#[test]
fn what_is_remembered_is_bounded() {
    let known = KnownServers::new();
    for server in 0..5000 {
        known.remember(format!("http://{server}/"), Lifecycle::Modern);
    }
    assert_eq!(known.all().len(), 1024);
    assert_eq!(known.lifecycle("http://4999/"), Some(Lifecycle::Modern));
    assert_eq!(known.lifecycle("http://0/"), None);
}

/// A server on a stream that answers each request as the script says, or not at all.
async fn on_a_stream(
    builder: ClientBuilder,
    script: impl Fn(&str) -> Option<Result<Value, RpcError>> + Send + 'static,
) -> (Result<Client, ClientError>, Vec<String>) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (reader, mut writer) = tokio::io::split(theirs);
        let mut lines = BufReader::new(reader).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let message: Value = serde_json::from_str(&line).expect("JSON");
            let method = message["method"].as_str().unwrap_or_default();
            let _ = told.send(method.to_owned());
            let mut answer = json!({ "jsonrpc": "2.0", "id": message["id"] });
            match script(method) {
                None => continue,
                Some(Ok(result)) => answer["result"] = result,
                Some(Err(error)) => {
                    answer["error"] = json!({ "code": error.code, "message": error.message });
                }
            }
            let _ = writer.write_all(format!("{answer}\n").as_bytes()).await;
        }
    });
    let (reader, writer) = tokio::io::split(ours);
    let client = builder.connect_stream(reader, writer).await;
    let mut all = Vec::new();
    while let Ok(method) = heard.try_recv() {
        all.push(method);
    }
    (client, all)
}

fn initialized() -> Value {
    let info = json!({ "name": "x", "version": "1" });
    json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": info })
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_silent_at_first_is_sent_both() {
    let legacy = |method: &str| (method == "initialize").then(|| Ok(initialized()));
    let (client, heard) = on_a_stream(Client::builder(), legacy).await;
    assert_eq!(client.expect("a client").revision(), Revision::V2025_11_25);
    assert_eq!(heard[..2], ["server/discover", "initialize"]);
    assert!(!heard.contains(&"notifications/cancelled".to_owned()), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_left_after_the_limit_of_the_caller() {
    let builder = Client::builder().timeout(std::time::Duration::from_secs(20));
    let (client, _) = on_a_stream(builder, |_| None).await;
    let error = client.expect_err("nobody speaks");
    let ClientError::Neither { modern, legacy } = &error else { panic!("{error}") };
    assert!(matches!(**modern, ClientError::TimedOut { .. }), "{modern}");
    assert!(matches!(**legacy, ClientError::TimedOut { .. }), "{legacy}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_fallen_back_on_too() {
    for code in [-32601, -32602, -32600, -32603, -1] {
        let script = move |method: &str| match method {
            "server/discover" => Some(Err(RpcError::new(code, "no"))),
            "initialize" => Some(Ok(initialized())),
            _ => None,
        };
        let (client, heard) = on_a_stream(Client::builder(), script).await;
        assert_eq!(client.expect("a client").revision(), Revision::V2025_11_25);
        assert_eq!(heard[..2], ["server/discover", "initialize"]);
    }
    let neither = |method: &str| {
        let code = if method == "initialize" { -32602 } else { -32601 };
        Some(Err(RpcError::new(code, "no")))
    };
    let (client, _) = on_a_stream(Client::builder(), neither).await;
    let error = client.expect_err("neither");
    assert!(matches!(error, ClientError::Neither { .. }), "{error}");
}
