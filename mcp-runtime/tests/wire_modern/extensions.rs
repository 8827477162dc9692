//! Extensions, and methods of their own.

use mcp_runtime::{MethodCall, RpcError, Server};
use serde_json::{Value, json};

use crate::wire_peer::{Peer, fixtures};
use mcp_runtime::Revision;

const EXTENSION: &str = "com.example/shouting";
const METHOD: &str = "com.example/shout";

fn server() -> Server {
    let settings = json!({ "loud": true }).as_object().cloned().expect("an object");
    fixtures::builder()
        .0
        .extension(EXTENSION, settings)
        .method(EXTENSION, METHOD, |call: MethodCall| async move {
            let Some(text) = call.params.get("text").and_then(Value::as_str) else {
                return Err(RpcError::invalid_params("`text` must be a string"));
            };
            assert!(!call.params.contains_key("_meta"));
            let result = json!({
                "text": text.to_uppercase(),
                "client": call.client.implementation().map(|it| it.name.clone()),
                "_meta": { "com.example/volume": 11 },
            });
            Ok(result.as_object().cloned().expect("an object"))
        })
        .build()
        .expect("a server")
}

#[tokio::test(start_paused = true)]
async fn a_method_is_served_to_those_who_declare_its_extension() {
    let mut peer = Peer::modern(&server(), json!({ "extensions": { EXTENSION: {} } }));
    let capabilities = peer.result("server/discover", json!({})).await["capabilities"].take();
    // One of the tools can be a task.
    let expected = json!({ EXTENSION: { "loud": true }, "io.modelcontextprotocol/tasks": {} });
    assert_eq!(capabilities["extensions"], expected);
    let result = peer.result(METHOD, json!({ "text": "hi" })).await;
    assert_eq!(
        (&result["text"], &result["client"], &result["resultType"]),
        (&json!("HI"), &json!("peer"), &json!("complete"))
    );
    assert_eq!(result["_meta"]["com.example/volume"], 11);
    assert_eq!(peer.error(METHOD, json!({})).await["code"], -32602);
}

#[tokio::test(start_paused = true)]
async fn it_is_refused_to_others() {
    for capabilities in [json!({}), json!({ "extensions": { "com.example/other": {} } })] {
        let mut peer = Peer::modern(&server(), capabilities);
        let error = peer.error(METHOD, json!({ "text": "hi" })).await;
        assert_eq!(error["code"], -32021);
        let needed = json!({ "requiredCapabilities": { "extensions": { EXTENSION: {} } } });
        assert_eq!(error["data"], needed);
    }
    let capabilities = json!({ "extensions": { EXTENSION: {} } });
    let mut peer = Peer::legacy(&server(), Revision::V2025_11_25, capabilities).await;
    assert_eq!(peer.error(METHOD, json!({ "text": "hi" })).await["code"], -32601);
}
