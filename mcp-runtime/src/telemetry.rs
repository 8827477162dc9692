//! What operators see: spans and numbers. The names are those of OpenTelemetry's conventions for MCP, which are still in
//! development: they stand in this file alone.

use tracing::Span;

use crate::journal::Clock;
use crate::server::context::Context;
use crate::server::outcome::Answer;
use crate::task::{TaskId, TaskRecord, TaskState, TaskStore};

/// A line of the audit log: what became of whose task (L107, L108).
pub(crate) fn audit(operation: &str, record: &TaskRecord, outcome: &str) {
    let (task, owner) = (&record.id, record.owner.as_str());
    tracing::info!(target: "mcp::audit", operation, %task, owner, outcome);
}

/// The span of one call, inline: a child of whatever the transport's embedder has around it. `traceparent` is what the client
/// sent. Arguments and results are not in it, and neither is the session's id, which is as good as a password.
pub(crate) fn call(cx: &Context) -> Span {
    // Nothing is put together for nobody.
    if !tracing::enabled!(target: "mcp", tracing::Level::INFO) {
        return Span::none();
    }
    let trace = cx.trace_context();
    let (method, target) = (cx.subject.method(), cx.target());
    let of = |wanted: &str| (method == wanted).then_some(target);
    tracing::info_span!(
        target: "mcp",
        "mcp.server.call",
        otel.name = format_args!("{method} {target}"),
        otel.kind = "server",
        mcp.method.name = method,
        gen_ai.tool.name = of("tools/call"),
        gen_ai.prompt.name = of("prompts/get"),
        mcp.resource.uri = of("resources/read"),
        jsonrpc.request.id = %cx.id,
        mcp.protocol.version = cx.revision().as_str(),
        traceparent = trace.traceparent,
        tracestate = trace.tracestate,
        error.type = tracing::field::Empty,
    )
}

/// What went wrong in the current span, if something did.
pub(crate) fn concluded(answer: &Answer) {
    let span = Span::current();
    match answer {
        Answer::Error(error) => span.record("error.type", error.code),
        Answer::Tool(output) if output.is_error => span.record("error.type", "tool_error"),
        _ => return,
    };
}

/// The span of one attempt of a task. It is a trace of its own: `traceparent` is what the client sent with the call, for a
/// link.
pub(crate) fn attempt(cx: &Context, task: &TaskId, number: u32) -> Span {
    // Nothing is put together for nobody.
    if !tracing::enabled!(target: "mcp", tracing::Level::INFO) {
        return Span::none();
    }
    let trace = cx.trace_context();
    tracing::info_span!(
        target: "mcp",
        parent: None,
        "mcp.server.task",
        otel.name = format_args!("tools/call {}", cx.target()),
        otel.kind = "consumer",
        mcp.method.name = "tools/call",
        gen_ai.tool.name = cx.target(),
        gen_ai.operation.name = "execute_tool",
        mcp.protocol.version = cx.revision().as_str(),
        mcp.task.id = %task,
        mcp.task.attempt = number,
        traceparent = trace.traceparent,
        tracestate = trace.tracestate,
        error.type = tracing::field::Empty,
    )
}

/// A task has ended; `counts` tells the end that stands from one that came too late.
pub(crate) fn ended(state: TaskState, counts: bool) {
    let _ = (state, counts);
    #[cfg(feature = "metrics")]
    metrics::counter!("mcp.server.tasks.ended", "state" => state.as_str(), "counts" => if counts { "yes" } else { "no" })
        .increment(1);
}

/// A task is tried again.
pub(crate) fn retried(tool: &str) {
    let _ = tool;
    #[cfg(feature = "metrics")]
    metrics::counter!("mcp.server.tasks.retried", "tool" => tool.to_owned()).increment(1);
}

/// The node was taken for dead.
pub(crate) fn lease_lost() {
    #[cfg(feature = "metrics")]
    metrics::counter!("mcp.server.tasks.leases_lost").increment(1);
}

/// How many tasks there are, and how long the oldest has been due.
pub(crate) async fn gauges(store: &dyn TaskStore, clock: &Clock) {
    let _ = (store, clock);
    #[cfg(feature = "metrics")]
    if let Ok(stats) = store.stats().await {
        let gauge = |state: &'static str, count: usize| {
            metrics::gauge!("mcp.server.tasks", "state" => state).set(count as f64);
        };
        gauge("running", stats.running);
        gauge("due", stats.due);
        gauge("waiting", stats.waiting);
        gauge("ended", stats.ended);
        let age = stats.due_since.map_or(0, |since| clock.now().saturating_sub(since));
        metrics::gauge!("mcp.server.tasks.oldest_due_seconds").set(age as f64 / 1000.0);
    }
}
