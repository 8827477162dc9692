//! What only shows over HTTP: headers that mirror arguments, and streams of changes that break off.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use mcp_runtime::client::{Change, Client, ClientError, Lifecycle};
use mcp_runtime::schema::v2026_07_28::SubscriptionFilter;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::peer::tool;

/// One request: its headers, with names in lower case, and its body.
type Request = (HashMap<String, String>, Value);

enum Says {
    Json(u16, Value),
    /// Events, and then the connection is cut.
    Cut(Vec<Value>),
    /// Events, and silence.
    Open(Vec<Value>),
}

/// A server whose answers a test writes; one connection for each request. Gives its address, and what it was sent.
async fn site(
    answer: impl Fn(&Request) -> Says + Send + Sync + 'static,
) -> (String, Arc<Mutex<Vec<Request>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/mcp", listener.local_addr().expect("an address"));
    let heard = Arc::<Mutex<Vec<Request>>>::default();
    let (noting, answer) = (heard.clone(), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (noting, answer) = (noting.clone(), answer.clone());
            tokio::spawn(async move {
                let Some((request, mut stream)) = read(stream).await else { return };
                noting.lock().expect("no panic").push(request.clone());
                let (head, parts, keep) = match answer(&request) {
                    Says::Json(status, body) => {
                        let body = body.to_string();
                        let length = body.len();
                        let head = format!(
                            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n"
                        );
                        (head, vec![body], false)
                    }
                    Says::Cut(events) => (sse(), events.iter().map(chunk).collect(), false),
                    Says::Open(events) => (sse(), events.iter().map(chunk).collect(), true),
                };
                let text = format!("{head}connection: close\r\n\r\n{}", parts.concat());
                let _ = stream.write_all(text.as_bytes()).await;
                if keep {
                    // Until the client goes.
                    let _ = stream.read(&mut [0; 1]).await;
                }
            });
        }
    });
    (address, heard)
}

fn sse() -> String {
    "HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n".to_owned()
}

fn chunk(event: &Value) -> String {
    let event = format!("data: {event}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len())
}

async fn read(stream: TcpStream) -> Option<(Request, TcpStream)> {
    let mut stream = BufReader::new(stream);
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        match line.trim_end().split_once(": ").or(line.trim_end().split_once(':')) {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None if line.trim_end().is_empty() => break,
            None => None,
        };
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    let body = serde_json::from_slice(&body).ok()?;
    Some(((headers, body), stream.into_inner()))
}

fn result(request: &Request, result: Value) -> Says {
    Says::Json(200, json!({ "jsonrpc": "2.0", "id": request.1["id"], "result": result }))
}

async fn connected(address: &str) -> Client {
    let builder = Client::builder().lifecycle(Lifecycle::Modern);
    builder.connect_http(address).await.expect("a client")
}

fn with(name: &str, properties: Value) -> Value {
    let mut tool = tool(name);
    tool["inputSchema"]["properties"] = properties;
    tool
}

/// The headers that mirror arguments, sorted.
fn mirrored(request: &Request) -> Vec<(String, String)> {
    let params = request.0.iter().filter(|(name, _)| name.starts_with("mcp-param-"));
    let mut params: Vec<_> = params.map(|(name, value)| (name.clone(), value.clone())).collect();
    params.sort();
    params
}

#[tokio::test]
async fn tools_with_invalid_headers_are_left_out_and_not_called() {
    let header = |kind: &str, name: Value| json!({ "type": kind, "x-mcp-header": name });
    let invalid = [
        ("empty", json!({ "a": header("string", "".into()) })),
        ("object", json!({ "a": header("object", "A".into()) })),
        ("array", json!({ "a": header("array", "A".into()) })),
        ("null", json!({ "a": header("null", "A".into()) })),
        ("number", json!({ "a": header("number", "A".into()) })),
        (
            "twice",
            json!({ "a": header("string", "Same".into()), "b": header("string", "sAME".into()) }),
        ),
        ("space", json!({ "a": header("string", "My Region".into()) })),
        ("colon", json!({ "a": header("string", "A:B".into()) })),
        ("foreign", json!({ "a": header("string", "Région".into()) })),
        ("control", json!({ "a": header("string", "A\r\nB".into()) })),
        ("no_text", json!({ "a": header("string", 3.into()) })),
        ("stray", json!({ "a": { "type": "array", "items": header("string", "A".into()) } })),
        ("choice", json!({ "a": { "anyOf": [header("string", "A".into())] } })),
    ];
    let mut tools: Vec<Value> =
        invalid.iter().map(|(name, properties)| with(name, properties.clone())).collect();
    tools.insert(2, with("valid", json!({ "a": header("string", "A".into()) })));
    let (address, heard) =
        site(move |request| result(request, json!({ "tools": tools, "content": [] }))).await;
    let client = connected(&address).await;
    let listed = client.list_tools().await.expect("a list");
    let names: Vec<&str> = listed.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["valid"]);
    for (name, _) in &invalid {
        let error = client.call_tool(*name, json!({ "a": "x" })).await.expect_err("not called");
        assert!(matches!(&error, ClientError::Invalid { .. }), "{name}: {error}");
    }
    client.call_tool("valid", json!({ "a": "x" })).await.expect("a result");
    let heard = heard.lock().expect("no panic");
    assert_eq!(heard.len(), 2, "one list, one call");
}

#[tokio::test]
async fn arguments_are_mirrored_and_listed_first_if_they_have_to_be() {
    let properties = json!({
        "text": { "type": "string", "x-mcp-header": "Text" },
        "count": { "type": "integer", "x-mcp-header": "Count" },
        "flag": { "type": "boolean", "x-mcp-header": "Flag" },
        "deep": { "type": "object", "properties": { "er": { "type": "string", "x-mcp-header": "Deep" } } },
        "plain": { "type": "string" },
    });
    let tools = json!([with("t", properties)]);
    let (address, heard) =
        site(move |request| result(request, json!({ "tools": tools, "content": [] }))).await;
    let client = connected(&address).await;
    let none: [(&str, &str); 0] = [];
    for (arguments, headers) in [
        (
            json!({ "text": "us west", "count": 42, "flag": false, "plain": "x", "deep": { "er": "" } }),
            &[("count", "42"), ("deep", ""), ("flag", "false"), ("text", "us west")][..],
        ),
        (json!({ "text": null, "plain": "x" }), &none),
        (
            json!({ "text": "Zürich", "count": -7.0 }),
            &[("count", "-7"), ("text", "=?base64?WsO8cmljaA==?=")],
        ),
        (json!({ "text": " padded " }), &[("text", "=?base64?IHBhZGRlZCA=?=")]),
        (json!({ "text": "line1\nline2" }), &[("text", "=?base64?bGluZTEKbGluZTI=?=")]),
        (
            json!({ "text": "=?base64?literal?=" }),
            &[("text", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=")],
        ),
    ] {
        client.call_tool("t", arguments.clone()).await.expect("a result");
        let heard = heard.lock().expect("no panic");
        let found = mirrored(heard.last().expect("the call"));
        let found: Vec<(&str, &str)> = found
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("mcp-param-")?, value.as_str())))
            .collect();
        assert_eq!(found, headers, "{arguments}");
    }
    let error = client.call_tool("t", json!({ "count": 9_007_199_254_740_993_i64 })).await;
    assert!(matches!(error, Err(ClientError::Arguments(_))), "{error:?}");
    let heard = heard.lock().expect("no panic");
    let lists = heard.iter().filter(|(_, body)| body["method"] == "tools/list").count();
    assert_eq!(lists, 1, "asked for by the first call");
}

#[tokio::test]
async fn a_tool_whose_headers_have_changed_is_looked_up_and_called_once_more() {
    let (address, heard) = site({
        let lists = Mutex::new(0);
        move |request| match request.1["method"].as_str() {
            Some("tools/list") => {
                let mut lists = lists.lock().expect("no panic");
                *lists += 1;
                let name = if *lists == 1 { "Old" } else { "New" };
                let a = json!({ "a": { "type": "string", "x-mcp-header": name } });
                result(request, json!({ "tools": [with("t", a)], "ttlMs": 60_000 }))
            }
            _ if request.0.contains_key("mcp-param-new") => {
                result(request, json!({ "content": [] }))
            }
            _ => {
                let error = json!({ "code": -32020, "message": "Header mismatch" });
                Says::Json(400, json!({ "jsonrpc": "2.0", "id": request.1["id"], "error": error }))
            }
        }
    })
    .await;
    let client = connected(&address).await;
    client.call_tool("t", json!({ "a": "x" })).await.expect("a result");
    let heard = heard.lock().expect("no panic");
    let methods: Vec<&str> = heard.iter().filter_map(|(_, body)| body["method"].as_str()).collect();
    assert_eq!(methods, ["tools/list", "tools/call", "tools/list", "tools/call"]);
    assert_ne!(heard[1].1["id"], heard[3].1["id"]);
}

#[tokio::test]
async fn a_stream_of_changes_that_breaks_off_is_opened_again() -> Result<(), ClientError> {
    let (address, heard) = site({
        let listens = Mutex::new(0);
        move |request| {
            let id = &request.1["id"];
            if request.1["method"] == "tools/list" {
                return result(request, json!({ "tools": [], "ttlMs": 60_000 }));
            }
            let said = |method: &str| {
                json!({ "jsonrpc": "2.0", "method": method, "params": {
                    "_meta": { "io.modelcontextprotocol/subscriptionId": id },
                    "notifications": { "toolsListChanged": true },
                } })
            };
            let acknowledged = said("notifications/subscriptions/acknowledged");
            let changed = said("notifications/tools/list_changed");
            let mut listens = listens.lock().expect("no panic");
            *listens += 1;
            match *listens {
                1 => Says::Cut(vec![acknowledged]),
                // Not well, and gone before it was acknowledged: both are tried again.
                2 => Says::Json(503, json!({})),
                3 => Says::Cut(vec![]),
                _ => Says::Open(vec![acknowledged, changed]),
            }
        }
    })
    .await;
    let client = connected(&address).await;
    let mut filter = SubscriptionFilter::new();
    filter.tools_list_changed = Some(true);
    let mut changes = client.listen(filter).await?;
    client.list_tools().await?;
    assert_eq!(changes.next().await?, Some(Change::Missed));
    assert_eq!(changes.next().await?, Some(Change::Tools));
    // What was kept may be out of date.
    client.list_tools().await?;
    let heard = heard.lock().expect("no panic");
    let asked = |method: &str| heard.iter().filter(|(_, body)| body["method"] == method).count();
    assert_eq!((asked("subscriptions/listen"), asked("tools/list")), (4, 2));
    Ok(())
}
