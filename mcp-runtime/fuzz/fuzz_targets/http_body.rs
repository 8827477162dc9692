//! Whatever an HTTP request carries, the server answers with a status and a body that goes with it.

#![no_main]

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use libfuzzer_sys::fuzz_target;
use mcpwright_runtime_fuzz::{judge, run, server};
use tower_service::Service as _;

fuzz_target!(|input: (u8, &[u8], &[u8])| {
    let (kind, header, body) = input;
    let mut request = http::Request::builder()
        .method(["POST", "POST", "POST", "GET", "DELETE", "OPTIONS"][usize::from(kind % 6)])
        .uri("/mcp")
        .header("host", "127.0.0.1:1")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    if let Ok(value) = http::HeaderValue::from_bytes(header) {
        for (bit, name) in ["mcp-protocol-version", "mcp-method", "mcp-name", "origin", "mcp-session-id"]
            .into_iter()
            .enumerate()
        {
            if kind & (8 << bit) != 0 {
                request = request.header(name, value.clone());
            }
        }
    }
    let body: Full<Bytes> = Full::new(body.to_vec().into());
    let Ok(request) = request.body(body) else { return };
    run(async {
        let response = server().http().call(request).await.expect("never an error");
        let is_stream = response
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if is_stream {
            // It may stay open as long as the client likes: this one leaves.
            return;
        }
        let body = response.into_body().collect().await.expect("a whole body").to_bytes();
        if !body.is_empty() {
            judge(&serde_json::from_slice(&body).expect("a body that is JSON"));
        }
    });
});
