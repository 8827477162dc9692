//! `rust-mcp-schema`, the crate under `rust-mcp-sdk`.

use super::{Message, Peer, Subject};
use crate::cases::Kind;
use crate::facts::{Block, Facts};
use rust_mcp_schema::schema_utils::{
    ClientJsonrpcRequest, ClientMessage, ResultFromServer, ServerMessage,
};
use rust_mcp_schema::{
    CallToolRequest, CallToolResult, ClientRequest, ContentBlock, EmbeddedResourceResource,
    ListToolsResult, RequestId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// As its README shows first: one type per direction.
pub const README: Peer = Peer {
    name: "rust-mcp-schema",
    way: "`ClientMessage` and `ServerMessage`, as its README shows",
    subject: |kind| match kind {
        Kind::Call => Subject::of::<ClientMessage>(),
        Kind::Tools | Kind::Content => Subject::of::<ServerMessage>(),
    },
};

/// The cheapest use its types allow: its README's second way for requests, and for responses, for
/// which it has no generic envelope, its result types in an envelope of the caller's.
pub const DIRECT: Peer = Peer {
    name: "rust-mcp-schema, direct",
    way: "`ClientRequest`, and the result's own type in an envelope written for it here",
    subject: |kind| match kind {
        Kind::Call => Subject::of::<ClientRequest>(),
        Kind::Tools => Subject::of::<Envelope<ListToolsResult>>(),
        Kind::Content => Subject::of::<Envelope<CallToolResult>>(),
    },
};

/// What a user of the crate would write to decode a response whose type is known.
#[derive(Deserialize, Serialize)]
struct Envelope<T> {
    jsonrpc: String,
    id: RequestId,
    result: T,
}

impl Message for ClientMessage {
    fn facts(&self) -> Result<Facts, String> {
        match self {
            Self::Request(ClientJsonrpcRequest::CallToolRequest(call)) => Ok(of_call(call)),
            other => Err(format!("not a tools/call: {other:.200?}")),
        }
    }
}

impl Message for ClientRequest {
    fn facts(&self) -> Result<Facts, String> {
        match self {
            Self::CallToolRequest(call) => Ok(of_call(call)),
            other => Err(format!("not a tools/call: {other:.200?}")),
        }
    }
}

impl Message for ServerMessage {
    fn facts(&self) -> Result<Facts, String> {
        let Self::Response(response) = self else {
            return Err(format!("not a response: {self:.200?}"));
        };
        match &response.result {
            ResultFromServer::ListToolsResult(list) => Ok(of_list(list)),
            ResultFromServer::CallToolResult(result) => Ok(of_result(result)),
            other => Err(format!("another result: {other:.200?}")),
        }
    }
}

impl Message for Envelope<ListToolsResult> {
    fn facts(&self) -> Result<Facts, String> {
        Ok(of_list(&self.result))
    }
}

impl Message for Envelope<CallToolResult> {
    fn facts(&self) -> Result<Facts, String> {
        Ok(of_result(&self.result))
    }
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
            .map(std::collections::BTreeMap::len)
            .sum(),
        with_output: tools.iter().filter(|tool| tool.output_schema.is_some()).count(),
        read_only: tools
            .iter()
            .filter_map(|tool| tool.annotations.as_ref())
            .filter(|annotations| annotations.read_only_hint == Some(true))
            .count(),
    }
}

fn of_result(result: &CallToolResult) -> Facts {
    Facts::Content { blocks: result.content.iter().map(of_block).collect() }
}

fn of_block(block: &ContentBlock) -> (Block, String) {
    let (kind, main) = match block {
        ContentBlock::TextContent(text) => (Block::Text, &text.text),
        ContentBlock::ImageContent(image) => (Block::Image, &image.data),
        ContentBlock::AudioContent(audio) => (Block::Audio, &audio.data),
        ContentBlock::ResourceLink(link) => (Block::Link, &link.uri),
        ContentBlock::EmbeddedResource(embedded) => match &embedded.resource {
            EmbeddedResourceResource::TextResourceContents(text) => (Block::Resource, &text.text),
            EmbeddedResourceResource::BlobResourceContents(blob) => (Block::Resource, &blob.blob),
        },
    };
    (kind, main.clone())
}
