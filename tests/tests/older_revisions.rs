//! The revisions before 2025-11-25: batches, messages without their envelope, what is shared, and the way to the newest
//! revision, a step at a time.

use std::any::TypeId;

use mcp_schema::{
    ConversionError, Direction, Notification, Request, Response, Value, shared, v2024_11_05,
    v2025_03_26, v2025_06_18, v2025_11_25, v2026_07_28,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

fn read<T: DeserializeOwned>(value: &Value) -> T {
    let text = value.to_string();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn write<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("all types can be written")
}

#[test]
fn a_batch_is_told_from_a_message_and_comes_back_as_it_was() {
    use v2025_03_26::{
        JsonRpcBatchRequest, JsonRpcBatchRequestItem, JsonRpcBatchResponse,
        JsonRpcBatchResponseItem, JsonRpcMessage, JsonRpcSingleMessage,
    };
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progressToken": 1, "progress": 50 } });
    let result = json!({ "jsonrpc": "2.0", "id": 1, "result": { "content": [], "x": null } });
    let error =
        json!({ "jsonrpc": "2.0", "id": "a", "error": { "code": -32601, "message": "no" } });

    let one: JsonRpcMessage = read(&ping);
    assert!(matches!(&one, JsonRpcMessage::One(JsonRpcSingleMessage::Request(_))), "{one:?}");
    assert_eq!(write(&one), ping);

    let asked = json!([ping, progress]);
    let JsonRpcMessage::Many(messages) = read(&asked) else { panic!("an array is a batch") };
    assert!(matches!(
        messages.as_slice(),
        [JsonRpcSingleMessage::Request(_), JsonRpcSingleMessage::Notification(_)]
    ));
    assert_eq!(write(&JsonRpcMessage::Many(messages)), asked);

    let answered = json!([result, error]);
    let JsonRpcMessage::Many(messages) = read(&answered) else { panic!("an array is a batch") };
    assert!(matches!(
        messages.as_slice(),
        [JsonRpcSingleMessage::Response(_), JsonRpcSingleMessage::Error(_)]
    ));
    assert_eq!(write(&JsonRpcMessage::Many(messages)), answered);

    // By their own names both are strict.
    let batch: JsonRpcBatchRequest = read(&asked);
    assert!(matches!(
        batch.as_slice(),
        [JsonRpcBatchRequestItem::Request(_), JsonRpcBatchRequestItem::Notification(_)]
    ));
    assert_eq!(write(&batch), asked);
    let batch: JsonRpcBatchResponse = read(&answered);
    assert!(matches!(
        batch.as_slice(),
        [JsonRpcBatchResponseItem::Response(_), JsonRpcBatchResponseItem::Error(_)]
    ));
    assert_eq!(write(&batch), answered);
    let mixed = json!([ping, result]).to_string();
    assert!(serde_json::from_str::<JsonRpcBatchRequest>(&mixed).is_err());
    assert!(serde_json::from_str::<JsonRpcBatchResponse>(&mixed).is_err());

    // No other revision has batches.
    for text in [asked.to_string(), answered.to_string()] {
        assert!(serde_json::from_str::<v2024_11_05::JsonRpcMessage>(&text).is_err());
        assert!(serde_json::from_str::<v2025_06_18::JsonRpcMessage>(&text).is_err());
    }
}

/// Up to 2025-06-18 the schema describes messages without `jsonrpc` and `id`. What a peer sent is kept.
#[test]
fn the_envelope_of_a_message_is_kept_and_found_by_the_next_revision() {
    let call = json!({ "method": "tools/call", "params": { "name": "add", "arguments": { "a": 1 } }, "jsonrpc": "2.0", "id": 7 });
    let old: v2025_06_18::ClientRequest = read(&call);
    assert_eq!(write(&old), call);
    let new = v2025_11_25::ClientRequest::try_from(old).expect("it has an envelope");
    let v2025_11_25::ClientRequest::CallTool(called) = &new else { panic!("{new:?}") };
    assert_eq!((called.id.clone(), called.params.name.as_str()), (7.into(), "add"));
    assert!(called.extra.is_empty());
    let back = v2025_06_18::ClientRequest::try_from(new).expect("the way back loses nothing");
    assert_eq!(write(&back), call);

    // Parameters whose type has another name in the next revision.
    let list =
        json!({ "method": "tools/list", "params": { "cursor": "c" }, "jsonrpc": "2.0", "id": "x" });
    let old: v2025_06_18::ClientRequest = read(&list);
    let new = v2025_11_25::ClientRequest::try_from(old).expect("it has an envelope");
    let v2025_11_25::ClientRequest::ListTools(listed) = &new else { panic!("{new:?}") };
    let cursor = listed.params.as_ref().and_then(|params| params.cursor.as_deref());
    assert_eq!(cursor, Some("c"));

    // One that was never sent has no id.
    let made = v2025_06_18::CallToolRequest::new(v2025_06_18::CallToolRequestParams::new("add"));
    assert_eq!(
        v2025_11_25::CallToolRequest::try_from(made),
        Err(ConversionError::FieldIsRequired { ty: "CallToolRequest", field: "id" })
    );
}

#[test]
fn a_tool_goes_through_all_revisions_and_back() {
    let first =
        json!({ "name": "add", "description": "d", "inputSchema": { "type": "object" }, "x": [1] });
    let tool: v2024_11_05::Tool = read(&first);
    let tool = v2025_03_26::Tool::try_from(tool).expect("nothing is lost");
    let tool = v2025_06_18::Tool::try_from(tool).expect("nothing is lost");
    let tool = v2025_11_25::Tool::try_from(tool).expect("nothing is lost");
    let tool = v2026_07_28::Tool::try_from(tool).expect("nothing is lost");
    assert_eq!(write(&tool), first);
    let tool = v2025_11_25::Tool::try_from(tool).expect("nothing is lost");
    let mut tool = v2025_06_18::Tool::try_from(tool).expect("nothing is lost");
    let earlier = v2025_03_26::Tool::try_from(tool.clone()).expect("nothing is lost");
    let earlier = v2024_11_05::Tool::try_from(earlier).expect("nothing is lost");
    assert_eq!(write(&earlier), first);
    // What the older revision has no word for is refused, not dropped.
    tool.title = Some("Add".to_owned());
    let error = v2025_03_26::Tool::try_from(tool).expect_err("2025-03-26 has no titles");
    assert_eq!(error, ConversionError::FieldHasNoPlace { ty: "Tool", field: "title" });
}

#[test]
fn content_of_a_later_revision_becomes_known_when_it_gets_there() {
    let sound = json!({ "type": "audio", "data": "AAAA", "mimeType": "audio/wav" });
    let block: v2024_11_05::ContentBlock = read(&sound);
    assert!(
        matches!(&block, v2024_11_05::ContentBlock::Unknown { tag, .. } if tag == "audio"),
        "{block:?}"
    );
    let block = v2025_03_26::ContentBlock::try_from(block).expect("2025-03-26 knows sound");
    assert!(matches!(block, v2025_03_26::ContentBlock::Audio(_)), "{block:?}");
    let error = v2024_11_05::ContentBlock::try_from(block).expect_err("2024-11-05 knows no sound");
    assert_eq!(error, ConversionError::NoSuchVariant { ty: "ContentBlock", variant: "Audio" });
}

#[test]
fn a_block_of_a_conversation_becomes_one_of_possibly_several() {
    let message = json!({ "role": "user", "content": { "type": "text", "text": "Hi" } });
    let old: v2025_06_18::SamplingMessage = read(&message);
    let new = v2025_11_25::SamplingMessage::try_from(old).expect("nothing is lost");
    assert!(matches!(new.content, v2025_11_25::SamplingMessageContent::One(_)), "{new:?}");
    let old = v2025_06_18::SamplingMessage::try_from(new).expect("it is one block");
    assert_eq!(write(&old), message);
    let several: v2025_11_25::SamplingMessage =
        read(&json!({ "role": "user", "content": [{ "type": "text", "text": "Hi" }] }));
    let error = v2025_06_18::SamplingMessage::try_from(several).expect_err("it is a list");
    assert_eq!(
        error,
        ConversionError::NoSuchVariant { ty: "SamplingMessageContentBlock", variant: "Many" }
    );
}

#[test]
fn one_shape_is_one_type() {
    fn same<A: 'static, B: 'static>() -> bool {
        TypeId::of::<A>() == TypeId::of::<B>()
    }
    // All revisions.
    assert!(same::<v2024_11_05::RequestId, v2026_07_28::RequestId>());
    assert!(same::<v2024_11_05::Error, shared::Error>());
    // Old ones alone; some of them with a newer one; a shape that went and came back.
    assert!(same::<v2024_11_05::TextContent, v2025_03_26::TextContent>());
    assert!(same::<v2025_06_18::TextContent, v2025_11_25::TextContent>());
    assert!(!same::<v2025_03_26::TextContent, v2025_06_18::TextContent>());
    assert!(same::<v2024_11_05::JsonRpcMessage, v2025_06_18::JsonRpcMessage>());
    assert!(!same::<v2024_11_05::JsonRpcMessage, v2025_03_26::JsonRpcMessage>());
    // `shared` names the newest.
    assert!(same::<shared::Annotations, v2025_06_18::Annotations>());
    assert!(!same::<shared::Annotations, v2025_03_26::Annotations>());
}

#[test]
fn methods_tie_parameters_and_results_together() {
    fn request<M: Request>() -> (&'static str, Direction) {
        (M::METHOD, M::DIRECTION)
    }
    fn notification<M: Notification>() -> (&'static str, Direction) {
        (M::METHOD, M::DIRECTION)
    }
    use Direction::{Both, ClientToServer, ServerToClient};
    assert_eq!(request::<v2024_11_05::method::Initialize>(), ("initialize", ClientToServer));
    assert_eq!(request::<v2025_03_26::method::Ping>(), ("ping", Both));
    assert_eq!(request::<v2025_06_18::method::Elicit>(), ("elicitation/create", ServerToClient));
    assert_eq!(notification::<v2024_11_05::method::Cancelled>(), ("notifications/cancelled", Both));
    let answer = json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": [{ "name": "t", "inputSchema": { "type": "object" } }] } });
    let response: Response<<v2024_11_05::method::ListTools as Request>::Result> = read(&answer);
    assert_eq!(response.outcome.as_ref().map(|result| result.tools.len()), Ok(1));
    assert_eq!(write(&response), answer);
}

/// With labels or without, it is a choice and no free text.
#[test]
fn a_choice_of_2025_06_18_needs_no_labels() {
    use v2025_06_18::PrimitiveSchemaDefinition as Field;
    let field: Field = read(&json!({ "type": "string", "enum": ["a", "b"] }));
    assert!(matches!(field, Field::Enum(_)), "{field:?}");
    let field: Field = read(&json!({ "type": "string", "maxLength": 3 }));
    assert!(matches!(field, Field::String(_)), "{field:?}");
}
