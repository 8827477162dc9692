//! Tower layers around tools: those of others for one tool, one of your own for all of them.
//!
//! `cargo run -p mcpwright-examples --bin layers`

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use mcp_runtime::{Call, Outcome, ServeError, ToolService, mcp_tool};
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tower::{BoxError, Layer, Service, ServiceBuilder};

/// Waits.
#[mcp_tool(read_only)]
async fn wait(milliseconds: u64) -> &'static str {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    "waited"
}

/// Does nothing.
#[mcp_tool(read_only)]
async fn rest() {}

/// Says on standard error how long each call took.
#[derive(Clone)]
struct Stopwatch<S>(S);

impl<S> Service<Call> for Stopwatch<S>
where
    S: Service<Call, Response = Outcome, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = Outcome;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Outcome, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let (name, begun) = (call.target().to_owned(), Instant::now());
        let future = self.0.call(call);
        Box::pin(async move {
            let outcome = future.await;
            eprintln!("{name} took {:?}", begun.elapsed());
            outcome
        })
    }
}

struct StopwatchLayer;

impl Layer<ToolService> for StopwatchLayer {
    type Service = Stopwatch<ToolService>;

    fn layer(&self, tool: ToolService) -> Self::Service {
        Stopwatch(tool)
    }
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    let guard = ServiceBuilder::new()
        .layer(ConcurrencyLimitLayer::new(2))
        .layer(TimeoutLayer::new(Duration::from_millis(500)));
    mcp_runtime::server!()
        .tool_with::<wait>(guard)
        .tool::<rest>()
        .layer(StopwatchLayer)
        .serve_stdio()
        .await
}
