//! One echo tool with rmcp, over stdio or HTTP.
//!
//! `rmcp-echo --stdio|--pipes|--http ADDR [OPTIONS]`
//!
//! `--stdio` is its `stdio()`, `--pipes` its `stdio_pipes()`. `--http` without more is how its
//! documentation starts: `axum::serve`, sessions, answers as event streams. `--best` is the fastest
//! that its public interface has: no sessions, JSON answers, and straight on hyper with
//! `TCP_NODELAY`. `--nodelay` adds only that to the first. `--tools N` adds tools until there are
//! N; `--runtime multi|current` is the flavour of the tokio runtime.

use axum::Router;
use axum::serve::ListenerExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use mcpwright_peer_servers::{Arguments, Outcome};
use rmcp::handler::server::router::tool::{ToolRoute, ToolRouter};
use rmcp::handler::server::tool::ToolCallContext;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, ContentBlock};
use rmcp::schemars::JsonSchema;
use rmcp::transport::io::{stdio, stdio_pipes};
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, ServiceExt, tool, tool_handler, tool_router};
use serde::Deserialize;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The tools are made once and shared: what `#[tool_handler]` does when nothing is said, which is
/// making them again for every call, is not what rmcp costs somebody who looks.
#[derive(Clone)]
struct Server {
    tools: Arc<ToolRouter<Self>>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Echo {
    text: String,
}

#[tool_router]
impl Server {
    /// Says what it was told.
    #[tool]
    async fn echo(&self, Parameters(Echo { text }): Parameters<Echo>) -> String {
        text
    }

    fn with_tools(count: usize) -> Self {
        let mut tools = Self::tool_router();
        let echo = Self::echo_tool_attr();
        for number in 1..count {
            let mut another = echo.clone();
            another.name = format!("echo_{number}").into();
            tools.add_route(ToolRoute::new_dyn(another, |call: ToolCallContext<'_, Self>| {
                Box::pin(async move {
                    let text = call.name().to_owned();
                    Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
                })
            }));
        }
        Self { tools: Arc::new(tools) }
    }
}

#[tool_handler(router = self.tools)]
impl ServerHandler for Server {}

fn main() -> Outcome<()> {
    let arguments = Arguments::of_process();
    let runtime = arguments.runtime()?;
    let count = arguments.value("--tools").map_or(Ok(1), str::parse)?;
    let server = Server::with_tools(count);
    let served = runtime.block_on(async {
        if arguments.flag("--stdio") {
            server.serve(stdio()).await?.waiting().await?;
            return Ok(());
        }
        if arguments.flag("--pipes") {
            server.serve(stdio_pipes()).await?.waiting().await?;
            return Ok(());
        }
        let address = arguments.value("--http").ok_or("nothing to serve on")?;
        let listener = TcpListener::bind(address).await?;
        match arguments.flag("--best") {
            true => on_hyper(server, listener).await,
            false => on_axum(server, listener, arguments.flag("--nodelay")).await,
        }
    });
    // The blocking read of `stdio()` never ends by itself, and dropping the runtime waits for it.
    runtime.shutdown_background();
    served
}

fn service<M: SessionManager + Default>(
    server: Server,
    config: StreamableHttpServerConfig,
) -> StreamableHttpService<Server, M> {
    StreamableHttpService::new(move || Ok(server.clone()), Arc::new(M::default()), config)
}

async fn on_axum(server: Server, listener: TcpListener, nodelay: bool) -> Outcome<()> {
    let config = StreamableHttpServerConfig::default();
    let service = service::<LocalSessionManager>(server, config);
    let router = Router::new().nest_service("/mcp", service);
    match nodelay {
        true => {
            let listener = listener.tap_io(|stream| {
                if let Err(error) = stream.set_nodelay(true) {
                    eprintln!("rmcp-echo: {error}");
                }
            });
            axum::serve(listener, router).await?;
        }
        false => axum::serve(listener, router).await?,
    }
    Ok(())
}

async fn on_hyper(server: Server, listener: TcpListener) -> Outcome<()> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true);
    let service = service::<NeverSessionManager>(server, config);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                eprintln!("rmcp-echo: {error}");
            }
        });
    }
}
