//! `rmcp`, the official SDK, through its `model` module.

use super::{Message, Peer, RMCP, Subject};
use crate::cases::Kind;
use crate::facts::{Block, Facts};
use rmcp::model::{
    CallToolRequest, CallToolResult, ClientJsonRpcMessage, ClientRequest, ContentBlock,
    JsonRpcMessage, JsonRpcRequest, JsonRpcResponse, ListToolsResult, ResourceContents,
    ServerJsonRpcMessage, ServerResult,
};
use serde_json::Value;

/// As its own transports decode: whatever comes from the other side, in one type per direction.
pub const WIRE: Peer = Peer {
    name: RMCP,
    way: "`ClientJsonRpcMessage` and `ServerJsonRpcMessage`, as its transports do",
    subject: |kind| match kind {
        Kind::Call => Subject::of::<ClientJsonRpcMessage>(),
        Kind::Tools | Kind::Content => Subject::of::<ServerJsonRpcMessage>(),
    },
};

/// The cheapest use its public types allow, by a caller who knows what the message is.
pub const DIRECT: Peer = Peer {
    name: "rmcp, direct",
    way: "`JsonRpcRequest<ClientRequest>`, and `JsonRpcResponse` of the result's own type",
    subject: |kind| match kind {
        Kind::Call => Subject::of::<JsonRpcRequest<ClientRequest>>(),
        Kind::Tools => Subject::of::<JsonRpcResponse<ListToolsResult>>(),
        Kind::Content => Subject::of::<JsonRpcResponse<CallToolResult>>(),
    },
};

impl Message for ClientJsonRpcMessage {
    fn facts(&self) -> Result<Facts, String> {
        match self {
            JsonRpcMessage::Request(request) => request.facts(),
            other => Err(format!("not a request: {other:.200?}")),
        }
    }
}

impl Message for JsonRpcRequest<ClientRequest> {
    fn facts(&self) -> Result<Facts, String> {
        match &self.request {
            ClientRequest::CallToolRequest(call) => Ok(of_call(call)),
            other => Err(format!("not a tools/call: {other:.200?}")),
        }
    }
}

impl Message for ServerJsonRpcMessage {
    fn facts(&self) -> Result<Facts, String> {
        let JsonRpcMessage::Response(response) = self else {
            return Err(format!("not a response: {self:.200?}"));
        };
        match &response.result {
            ServerResult::ListToolsResult(list) => Ok(of_list(list)),
            ServerResult::CallToolResult(result) => of_result(result),
            other => Err(format!("another result: {other:.200?}")),
        }
    }
}

impl Message for JsonRpcResponse<ListToolsResult> {
    fn facts(&self) -> Result<Facts, String> {
        Ok(of_list(&self.result))
    }
}

impl Message for JsonRpcResponse<CallToolResult> {
    fn facts(&self) -> Result<Facts, String> {
        of_result(&self.result)
    }
}

fn of_call(call: &CallToolRequest) -> Facts {
    let arguments = call.params.arguments.clone().map_or(Value::Null, Value::Object);
    Facts::Call { tool: call.params.name.to_string(), arguments }
}

fn of_list(list: &ListToolsResult) -> Facts {
    let tools = &list.tools;
    Facts::Tools {
        names: tools.iter().map(|tool| tool.name.to_string()).collect(),
        properties: tools
            .iter()
            .filter_map(|tool| tool.input_schema.get("properties")?.as_object())
            .map(serde_json::Map::len)
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
            ResourceContents::TextResourceContents { text, .. } => (Block::Resource, text),
            ResourceContents::BlobResourceContents { blob, .. } => (Block::Resource, blob),
            other => return Err(format!("other contents: {other:.200?}")),
        },
        other => return Err(format!("another block: {other:.200?}")),
    };
    Ok((kind, main.clone()))
}
