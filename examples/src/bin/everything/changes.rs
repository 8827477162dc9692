//! Tools that say something while they run: messages, progress, changes of the lists.

use std::time::Duration;

use mcp_runtime::schema::shared::LoggingLevel;
use mcp_runtime::{Context, mcp_tool};

const PAUSE: Duration = Duration::from_millis(50);

/// Logs three messages, with pauses between them.
#[mcp_tool(read_only)]
pub async fn test_tool_with_logging(cx: &Context) -> &'static str {
    for message in ["started", "processing data", "completed"] {
        cx.log(LoggingLevel::Info, message).logger("everything").await;
        tokio::time::sleep(PAUSE).await;
    }
    "Logged three messages."
}

/// Logs a message, for those who asked for messages.
#[mcp_tool(read_only)]
pub async fn test_logging_tool(cx: &Context) -> &'static str {
    cx.log(LoggingLevel::Info, "a message").await;
    "Logged a message, if you wanted it."
}

/// Reports progress three times.
#[mcp_tool(read_only)]
pub async fn test_tool_with_progress(cx: &Context) -> &'static str {
    for done in [0.0, 50.0, 100.0] {
        cx.progress(done).total(100.0).message(format!("{done} of 100")).await;
        tokio::time::sleep(PAUSE).await;
    }
    "Reported progress."
}

/// Changes the list of tools, and changes it back.
#[mcp_tool]
pub async fn test_trigger_tool_change(cx: &Context) -> &'static str {
    cx.server().enable_tool("test_simple_text", false);
    cx.server().enable_tool("test_simple_text", true);
    "The list of tools has changed."
}

/// Changes the list of prompts, and changes it back.
#[mcp_tool]
pub async fn test_trigger_prompt_change(cx: &Context) -> &'static str {
    cx.server().enable_prompt("test_simple_prompt", false);
    cx.server().enable_prompt("test_simple_prompt", true);
    "The list of prompts has changed."
}

/// Ends its stream of events before its result is there, so that the client comes back for it.
#[mcp_tool(read_only)]
pub async fn test_reconnection(cx: &Context) -> &'static str {
    cx.disconnect();
    tokio::time::sleep(PAUSE).await;
    "You have come back."
}
