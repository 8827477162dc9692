//! The endpoint among other routes of an axum application, behind a layer that says who is calling.
//!
//! `cargo run -p mcpwright-examples --bin axum -- 127.0.0.1:8000`, then a client with the header `Authorization: Bearer anna`
//! at `http://127.0.0.1:8000/tools/mcp`.

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header::AUTHORIZATION};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use mcp_runtime::{Context, Principal, mcp_tool};

/// Says who is calling.
#[mcp_tool(read_only)]
async fn whoami(cx: &Context) -> String {
    cx.principal().map_or("nobody", Principal::subject).to_owned()
}

/// Verify a token here. What it says becomes the principal, which sessions and sealed states are bound to.
async fn authenticate(mut request: Request, next: Next) -> Result<Response, StatusCode> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer "));
    let name = token.ok_or(StatusCode::UNAUTHORIZED)?.to_owned();
    request.extensions_mut().insert(Principal::new("https://id.example.com", name));
    Ok(next.run(request).await)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let server = mcp_runtime::server!().tool::<whoami>().build()?;
    let app = Router::new()
        .route_service("/tools/mcp", server.http())
        .layer(middleware::from_fn(authenticate))
        .route("/health", get(async || "fine"));
    let listener = tokio::net::TcpListener::bind(address).await?;
    eprintln!("listening on http://{}/tools/mcp", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
