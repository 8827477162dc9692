//! The floor: what an HTTP server has to do for an echo call if it knows nothing of MCP.
//!
//! It is hyper's own HTTP/1 server as its documentation shows it, with `TCP_NODELAY`. It reads the
//! whole body, reads JSON-RPC from it with serde, and writes the answer with serde. There is no
//! session, no header is looked at, and there is one tool. What it does not do either is cheat:
//! nothing is cached between requests, and a request that is not the call it knows gets an error.
//!
//! `bare-http --http ADDR [--runtime multi|current]`

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use mcpwright_peer_servers::{Arguments, Outcome};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use tokio::net::TcpListener;

fn main() -> Outcome<()> {
    let arguments = Arguments::of_process();
    let address = arguments.value("--http").ok_or("bare-http wants --http ADDR")?;
    arguments.runtime()?.block_on(serve(address))
}

async fn serve(address: &str) -> Outcome<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let connection =
                http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
            if let Err(error) = connection.await {
                eprintln!("bare-http: {error}");
            }
        });
    }
}

async fn answer(request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    if request.method() != Method::POST || request.uri().path() != "/mcp" {
        return Ok(refusal(StatusCode::NOT_FOUND));
    }
    let body = request.into_body().collect().await?.to_bytes();
    Ok(match echoed(&body) {
        Some(answer) => {
            let mut response = Response::new(Full::new(Bytes::from(answer)));
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        None => refusal(StatusCode::BAD_REQUEST),
    })
}

fn refusal(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// The answer to the one call that is known here.
fn echoed(body: &[u8]) -> Option<Vec<u8>> {
    let call: Call = serde_json::from_slice(body).ok()?;
    let known = call.jsonrpc == "2.0" && call.method == "tools/call" && call.params.name == "echo";
    if !known {
        return None;
    }
    let modern = call.params.meta.is_some_and(|meta| meta.protocol_version == "2026-07-28");
    let answer = Answer {
        jsonrpc: "2.0",
        id: call.id,
        result: Echoed {
            result_type: modern.then_some("complete"),
            content: [Text { kind: "text", text: call.params.arguments.text }],
            is_error: false,
        },
    };
    serde_json::to_vec(&answer).ok()
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    id: u64,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    params: Params<'a>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: Echo<'a>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<Meta<'a>>,
}

#[derive(Deserialize)]
struct Echo<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "io.modelcontextprotocol/protocolVersion")]
    protocol_version: Cow<'a, str>,
}

#[derive(Serialize)]
struct Answer<'a> {
    jsonrpc: &'static str,
    id: u64,
    result: Echoed<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Echoed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    content: [Text<'a>; 1],
    is_error: bool,
}

#[derive(Serialize)]
struct Text<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: Cow<'a, str>,
}
