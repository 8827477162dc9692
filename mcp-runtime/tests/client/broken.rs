//! Peers that do what servers must not.

use std::time::Duration;

use crate::peer::modern;
use mcp_runtime::Revision;
use mcp_runtime::client::{Client, ClientBuilder, ClientError};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

/// A server that answers with these lines, whatever it is asked.
async fn scripted(builder: ClientBuilder, script: Vec<String>) -> Result<Client, ClientError> {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move {
        let (reader, mut writer) = tokio::io::split(theirs);
        let mut requests = BufReader::new(reader).lines();
        for lines in script {
            if requests.next_line().await.ok().flatten().is_none() {
                return;
            }
            writer.write_all(format!("{lines}\n").as_bytes()).await.expect("somebody reads");
        }
        // Silent, and there.
        while requests.next_line().await.ok().flatten().is_some() {}
    });
    let (reader, writer) = tokio::io::split(ours);
    builder.connect_stream(reader, writer).await
}

fn answer(id: i64, result: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string()
}

#[tokio::test(start_paused = true)]
async fn garbage_is_passed_over_and_the_answer_is_found() {
    let hi = answer(1, &json!({ "content": [{ "type": "text", "text": "hi" }] }));
    let late = answer(1, &json!({ "content": [] }));
    let script = format!(
        "garbage\n\n[]\n{{}}\n{}\n{}\n[{}]\n{late}",
        answer(9, &json!({})),
        json!({ "jsonrpc": "2.0", "error": { "code": -32700, "message": "what?" } }),
        hi,
    );
    let client = scripted(modern(), vec![script]).await.expect("a connection");
    assert_eq!(client.call_tool("x", ()).await.expect("a result").text(), "hi");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_none_is_an_error_that_says_so() {
    for (result, said) in [
        (json!({ "resultType": "surprise" }), "surprise"),
        (json!({ "content": 3 }), "content"),
        (json!([]), "object"),
        (
            json!({ "resultType": "input_required", "inputRequests": { "x": { "method": "y" } } }),
            "y",
        ),
    ] {
        let client = scripted(modern(), vec![answer(1, &result)]).await.expect("a client");
        let error = client.call_tool("x", ()).await.expect_err("no result");
        assert!(matches!(error, ClientError::Invalid { .. }), "{result}: {error}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_leaves_nobody_waiting() {
    let (ours, theirs) = tokio::io::duplex(64);
    let (reader, writer) = tokio::io::split(ours);
    let client = modern().connect_stream(reader, writer).await.expect("a client");
    let call = tokio::spawn(std::future::IntoFuture::into_future(client.call_tool("x", ())));
    tokio::time::sleep(Duration::from_millis(1)).await;
    drop(theirs);
    let error = call.await.expect("no panic").expect_err("no result");
    assert!(matches!(error, ClientError::Closed(_)), "{error}");
    let error = client.call_tool("x", ()).await.expect_err("no result");
    assert!(matches!(error, ClientError::Closed(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_long_ends_the_connection() {
    let long = answer(1, &json!({ "content": [{ "type": "text", "text": "x".repeat(1000) }] }));
    let builder = modern().max_message(1000);
    let client = scripted(builder, vec![long]).await.expect("a client");
    let error = client.call_tool("x", ()).await.expect_err("no result");
    assert!(matches!(&error, ClientError::Closed(why) if why.contains("1000")), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_the_client_does_not_speak_is_an_error() {
    let info = json!({ "name": "x", "version": "1" });
    for (version, good) in [("2025-03-26", true), ("2026-07-28", false), ("1999-01-01", false)] {
        let result = json!({ "protocolVersion": version, "capabilities": {}, "serverInfo": info });
        let builder = Client::builder().legacy(Revision::V2025_11_25);
        let client = scripted(builder, vec![answer(1, &result)]).await;
        match client {
            Ok(client) => assert_eq!((client.revision(), good), (Revision::V2025_03_26, true)),
            Err(error) => {
                assert!(matches!(&error, ClientError::Version(it) if it == version), "{error}");
                assert!(!good);
            }
        }
    }
}
