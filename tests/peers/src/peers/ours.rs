//! Our generated types.

use super::{Message, OURS, Peer, Subject};
use crate::cases::Kind;
use crate::facts::{Block, Facts};
use mcp_schema::v2025_11_25::{
    CallToolOutcome, CallToolRequest, CallToolResult, ClientRequest, ContentBlock, ListToolsResult,
    TextOrBlobResourceContents, method,
};
use mcp_schema::{Request, Response};
use serde_json::Value;

/// By a caller who made a call that no task can come of, so that the result's type is certain.
pub const TYPED: Peer = Peer {
    name: OURS,
    way: "`ClientRequest`, and `Response` of the result's own type",
    subject: |kind| match kind {
        Kind::Call => Subject::of::<ClientRequest>(),
        Kind::Tools => Subject::of::<Response<ListToolsResult>>(),
        Kind::Content => Subject::of::<Response<CallToolResult>>(),
    },
};

/// By the method that was called: what differs is `tools/call`, whose answer may be a task.
pub const BY_METHOD: Peer = Peer {
    name: "ours, by method",
    way: "`ClientRequest`, and `Response` of what the method may answer, a task included",
    subject: |kind| match kind {
        Kind::Call => Subject::of::<ClientRequest>(),
        Kind::Tools => Subject::of::<Response<<method::ListTools as Request>::Result>>(),
        Kind::Content => Subject::of::<Response<<method::CallTool as Request>::Result>>(),
    },
};

impl Message for ClientRequest {
    fn facts(&self) -> Result<Facts, String> {
        match self {
            Self::CallTool(call) => Ok(of_call(call)),
            other => Err(format!("not a tools/call: {other:.200?}")),
        }
    }
}

impl Message for Response<ListToolsResult> {
    fn facts(&self) -> Result<Facts, String> {
        Ok(of_list(successful(self)?))
    }
}

impl Message for Response<CallToolResult> {
    fn facts(&self) -> Result<Facts, String> {
        of_result(successful(self)?)
    }
}

impl Message for Response<CallToolOutcome> {
    fn facts(&self) -> Result<Facts, String> {
        match successful(self)? {
            CallToolOutcome::Complete(result) => of_result(result),
            other => Err(format!("not a result: {other:.200?}")),
        }
    }
}

fn successful<T>(response: &Response<T>) -> Result<&T, String> {
    response.outcome.as_ref().map_err(|error| format!("an error: {error:?}"))
}

fn of_call(call: &CallToolRequest) -> Facts {
    let arguments = call.params.arguments.clone().map_or(Value::Null, Value::Object);
    Facts::Call { tool: call.params.name.clone(), arguments }
}

fn of_list(list: &ListToolsResult) -> Facts {
    let tools = &list.tools;
    Facts::Tools {
        names: tools.iter().map(|tool| tool.name.clone()).collect(),
        properties: tools
            .iter()
            .filter_map(|tool| tool.input_schema.properties.as_ref())
            .map(mcp_schema::Map::len)
            .sum(),
        with_output: tools.iter().filter(|tool| tool.output_schema.is_some()).count(),
        read_only: tools
            .iter()
            .filter_map(|tool| tool.annotations.as_ref())
            .filter(|annotations| annotations.read_only_hint == Some(true))
            .count(),
    }
}

fn of_result(result: &CallToolResult) -> Result<Facts, String> {
    let blocks = result.content.iter().map(of_block).collect::<Result<_, _>>()?;
    Ok(Facts::Content { blocks })
}

fn of_block(block: &ContentBlock) -> Result<(Block, String), String> {
    let (kind, main) = match block {
        ContentBlock::Text(text) => (Block::Text, &text.text),
        ContentBlock::Image(image) => (Block::Image, &image.data),
        ContentBlock::Audio(audio) => (Block::Audio, &audio.data),
        ContentBlock::ResourceLink(link) => (Block::Link, &link.uri),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            TextOrBlobResourceContents::Text(text) => (Block::Resource, &text.text),
            TextOrBlobResourceContents::Blob(blob) => (Block::Resource, &blob.blob),
        },
        other => return Err(format!("another block: {other:.200?}")),
    };
    Ok((kind, main.clone()))
}
