//! What the types of the changed drafts do. This file is compiled in a crate of its own: see `../drafts.rs`.

use std::fmt::Debug;

use mcp_schema::codec::serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, from_str, from_value, json, to_string, to_value};

/// Decodes, and checks that encoding gives the same again, in the same order of keys or another.
fn decoded<T: DeserializeOwned + Serialize>(message: Value) -> T {
    let value: T = from_value(message.clone()).unwrap_or_else(|error| panic!("{message}: {error}"));
    assert_eq!(to_value(&value).expect("it is JSON"), message);
    value
}

fn refused<T: DeserializeOwned + Debug>(message: Value) -> String {
    match from_value::<T>(message.clone()) {
        Ok(value) => panic!("{message} was read as {value:?}"),
        Err(error) => error.to_string(),
    }
}

fn tool(further: Value) -> Value {
    let mut tool = json!({ "name": "add", "inputSchema": { "type": "object" } });
    for (key, value) in further.as_object().expect("further fields") {
        tool[key] = value.clone();
    }
    tool
}

fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

#[test]
fn a_new_type_is_a_field_of_another() {
    use crate::new_type::{CallToolResult, Receipt, ReceiptLines};
    let receipt = Receipt::new("7", [ReceiptLines::new("tea")]).with_total(3);
    let result = CallToolResult::new([]).with_receipt(receipt);
    let message = json!({
        "resultType": "complete", "content": [], "receipt": { "id": "7", "lines": [{ "text": "tea" }], "total": 3 },
    });
    assert_eq!(decoded::<CallToolResult>(message), result);
    assert!(refused::<Receipt>(json!({ "id": "7" })).contains("`lines`"));
}

#[test]
fn a_new_method_is_told_by_its_name() {
    use crate::new_method::{BrewResult, ClientRequest, method};
    use mcp_schema::{Direction, Request, Response};
    let text = json!({ "params": { "_meta": meta(), "cups": 2 }, "jsonrpc": "2.0", "id": 1, "method": "brew/start" });
    let ClientRequest::Brew(request) = decoded(text) else { panic!("told by its method") };
    let params: <method::Brew as Request>::Params = request.params;
    assert_eq!(params.cups, 2);
    assert_eq!(method::Brew::METHOD, "brew/start");
    assert_eq!(method::Brew::DIRECTION, Direction::ClientToServer);
    let response: Response<<method::Brew as Request>::Result> =
        from_str(r#"{"jsonrpc":"2.0","id":1,"result":{"minutes":4}}"#).expect("a response");
    assert_eq!(response.outcome, Ok(BrewResult::new(4)));
}

#[test]
fn a_new_notification_is_told_by_its_name() {
    use crate::new_notification::{ServerNotification, method};
    use mcp_schema::{Direction, Notification};
    let message =
        json!({ "jsonrpc": "2.0", "method": "notifications/brewed", "params": { "cups": 2 } });
    let ServerNotification::Brewed(brewed) = decoded(message) else { panic!("told by its method") };
    assert_eq!(brewed.params.cups, 2);
    assert_eq!(method::Brewed::DIRECTION, Direction::ServerToClient);
}

#[test]
fn a_field_made_optional_may_be_absent() {
    use crate::field_made_optional::{ContentBlock, TextContent, Tool};
    assert_eq!(decoded::<Tool>(json!({ "name": "add" })), Tool::new("add"));
    let ContentBlock::Text(block) = decoded(json!({ "type": "text" })) else {
        panic!("told by `type`")
    };
    assert_eq!(block, TextContent::new());
    assert!(refused::<crate::unchanged::Tool>(json!({ "name": "add" })).contains("`inputSchema`"));
}

#[test]
fn a_field_made_required_must_be_there() {
    use crate::field_made_required::{Root, Tool, ToolInputSchema};
    assert!(refused::<Tool>(tool(json!({}))).contains("`description`"));
    assert!(refused::<Root>(json!({ "uri": "file:///" })).contains("`name`"));
    let read: Tool = decoded(tool(json!({ "description": "adds" })));
    assert_eq!(read.description, "adds");
    assert_eq!(read, Tool::new("add", "adds", ToolInputSchema::new()));
}

#[test]
fn an_enum_value_comes_and_goes() {
    use crate::{enum_value_added, enum_value_removed, unchanged};
    assert_eq!(decoded::<enum_value_added::Role>(json!("system")), enum_value_added::Role::System);
    assert!(refused::<unchanged::Role>(json!("system")).contains("\"user\""));
    let message = json!({ "action": "cancel" });
    decoded::<unchanged::ElicitResult>(message.clone());
    let error = refused::<enum_value_removed::ElicitResult>(message);
    assert!(error.contains("\"cancel\"") && error.contains("\"decline\""), "{error}");
}

#[test]
fn a_new_kind_of_content_has_its_variant() {
    use crate::{new_kind_of_content, unchanged};
    let message = json!({ "type": "video", "data": "AAAA", "mimeType": "video/webm" });
    let block = decoded(message.clone());
    let new_kind_of_content::ContentBlock::Video(video) = block else { panic!("told by `type`") };
    assert_eq!(video.mime_type, "video/webm");
    let unchanged::ContentBlock::Unknown { tag, .. } = decoded(message) else { panic!("kept") };
    assert_eq!(tag, "video");
}

#[test]
fn a_new_kind_of_resource_has_its_variant() {
    use crate::new_kind_of_resource::{EmbeddedResource, TextOrBlobResourceContents as Contents};
    let read = |resource: Value| {
        decoded::<EmbeddedResource>(json!({ "type": "resource", "resource": resource })).resource
    };
    let linked = read(json!({ "uri": "file:///a", "href": "https://example.com/a" }));
    assert!(matches!(linked, Contents::Linked(linked) if linked.href == "https://example.com/a"));
    assert!(matches!(read(json!({ "uri": "file:///a", "text": "a" })), Contents::Text(_)));
    assert!(matches!(read(json!({ "uri": "file:///a", "blob": "YQ==" })), Contents::Blob(_)));
    let error = refused::<Contents>(json!({ "uri": "file:///a" }));
    assert!(error.contains("\"href\""), "{error}");
}

#[test]
fn a_new_kind_of_input_has_its_variants() {
    use crate::new_kind_of_input::{InputRequest, InputResponse};
    let message = json!({ "method": "confirmation/create", "params": { "question": "Sure?" } });
    let InputRequest::Confirm(request) = decoded(message) else { panic!("told by `method`") };
    assert_eq!(request.params.question, "Sure?");
    let InputResponse::Confirm(result) = decoded(json!({ "confirmed": true })) else {
        panic!("told by its key")
    };
    assert!(result.confirmed);
    assert!(matches!(decoded(json!({ "roots": [] })), InputResponse::ListRoots(_)));
    assert!(matches!(decoded(json!({ "action": "decline" })), InputResponse::Elicit(_)));
}

#[test]
fn a_renamed_type_is_what_it_was() {
    use mcp_schema::{Request, Response};
    let complete = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"resultType":"complete"}}"#;
    let asks = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required"}}"#;

    use crate::renamed_result_of_a_call::{CallToolOutcome, ToolOutput, method::CallTool};
    let response: Response<<CallTool as Request>::Result> = from_str(complete).expect("a response");
    assert!(
        matches!(response.outcome, Ok(CallToolOutcome::Complete(output)) if output == ToolOutput::new([]))
    );

    use crate::renamed_input;
    type Renamed = <renamed_input::method::CallTool as Request>::Result;
    let response: Response<Renamed> = from_str(complete).expect("a response");
    assert!(matches!(response.outcome, Ok(renamed_input::CallToolOutcome::Complete(_))));
    let response: Response<Renamed> = from_str(asks).expect("a response");
    assert!(matches!(response.outcome, Ok(renamed_input::CallToolOutcome::InputRequired(_))));

    let answer: crate::renamed_result::Answer =
        decoded(json!({ "resultType": "complete", "more": 1 }));
    assert_eq!(answer.extra.get("more"), Some(&json!(1)));
    // It is any JSON still, which the schema itself does not say.
    let value: crate::renamed_json::Json = decoded(json!({ "a": [true, "b", 3, 1.5, null] }));
    assert!(value.is_object());
    decoded::<crate::renamed_union_of_results::CallToolResult>(
        json!({ "resultType": "complete", "content": [] }),
    );
}

#[test]
fn a_field_of_another_type_is_read_as_that() {
    use crate::type_of_a_field::{Icon, Implementation, Root, TextContent, TextContentText, Tool};
    assert_eq!(decoded::<Implementation>(json!({ "name": "a", "version": 3 })).version, 3);
    refused::<Implementation>(json!({ "name": "a", "version": "3" }));
    let read: Tool = decoded(tool(json!({ "title": ["Add", "Sum"] })));
    assert_eq!(read.title, Some(vec!["Add".to_owned(), "Sum".to_owned()]));
    // An optional field that may be null: absent is absent, and null is null.
    assert_eq!(decoded::<Tool>(tool(json!({}))).description, None);
    assert_eq!(decoded::<Tool>(tool(json!({ "description": null }))).description, Some(None));
    assert_eq!(decoded::<Root>(json!({ "uri": "a", "name": null })).name, Some(None));
    let icon = json!({ "src": "https://example.com/icon.png" });
    let named: Root = decoded(json!({ "uri": "a", "name": icon }));
    assert_eq!(named.name, Some(Some(Icon::new("https://example.com/icon.png"))));
    assert_eq!(
        decoded::<TextContent>(json!({ "type": "text", "text": 7 })).text,
        TextContentText::Integer(7)
    );
    assert_eq!(
        decoded::<TextContent>(json!({ "type": "text", "text": "7" })).text,
        TextContentText::from("7")
    );
    refused::<TextContent>(json!({ "type": "text", "text": true }));
}

#[test]
fn a_new_inline_object_is_a_type() {
    use crate::new_inline_object::{Tool, ToolLimits, ToolLimitsMemory};
    let read: Tool = decoded(tool(json!({ "limits": { "memory": { "bytes": 9, "swap": 1 } } })));
    let limits = read.limits.expect("limits");
    assert_eq!(limits.memory.bytes, 9);
    assert_eq!(limits.memory.extra.get("swap"), Some(&json!(1)));
    assert_eq!(
        to_value(ToolLimits::new(ToolLimitsMemory::new(1))).expect("JSON"),
        json!({ "memory": { "bytes": 1 } })
    );
    refused::<ToolLimitsMemory>(json!({ "bytes": -1 }));
}

#[test]
fn new_constants_are_written_and_checked() {
    use crate::new_constants::{Tool, ToolInputSchema};
    let constants = json!({ "kind": "tool", "generation": 2, "stable": true });
    assert_eq!(decoded::<Tool>(tool(constants.clone())), Tool::new("add", ToolInputSchema::new()));
    for (key, wrong) in
        [("kind", json!("hammer")), ("generation", json!(3)), ("stable", json!(false))]
    {
        let mut constants = constants.clone();
        constants[key] = wrong;
        let error = refused::<Tool>(tool(constants.clone()));
        assert!(error.contains(key), "{error}");
        constants.as_object_mut().map(|constants| constants.shift_remove(key));
        let error = refused::<Tool>(tool(constants));
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn a_required_null_is_written_as_null() {
    use crate::new_nullable_field::{Tool, ToolInputSchema};
    let plain = tool(json!({ "owner": null, "parent": null }));
    let read: Tool = decoded(plain.clone());
    assert_eq!((&read.owner, &read.parent), (&None, &None));
    let built = Tool::new("add", ToolInputSchema::new(), None, None);
    assert_eq!(built, read);
    assert!(to_string(&built).expect("JSON").contains(r#""owner":null,"parent":null"#));
    assert!(refused::<Tool>(tool(json!({ "parent": null }))).contains("`owner`"));
    let child: Tool = decoded(tool(json!({ "owner": "me", "parent": plain })));
    assert_eq!(child.parent, Some(Box::new(built)));
}

#[test]
fn a_closed_type_refuses_what_it_does_not_have() {
    use crate::{closed_type, unchanged};
    let message = json!({ "uri": "file:///", "colour": "red" });
    assert_eq!(decoded::<unchanged::Root>(message.clone()).extra.len(), 1);
    assert!(refused::<closed_type::Root>(message).contains("`colour`"));
    decoded::<closed_type::Root>(json!({ "uri": "file:///" }));
    assert!(
        refused::<closed_type::Tool>(tool(json!({ "limits": { "hours": 1 } }))).contains("`hours`")
    );
}

#[test]
fn awkward_names_stay_apart() {
    use crate::awkward_names::{
        Awkward, AwkwardRequired, AwkwardUnion, AwkwardValues, LetterOrText, Letters,
    };
    let names = [
        "self",
        "Self",
        "super",
        "crate",
        "extra",
        "new",
        "type",
        "match",
        "async",
        "gen",
        "r#type",
        "2fa",
        "with-dash",
        "fooBar",
        "foo_bar",
        "FooBar",
        "_",
        "",
        "ünïcödé",
        "日本",
        "a b",
        "a\"b",
        "a\\b",
        "line\nbreak",
        "value",
        "map",
        "entries",
        "key",
        "seen",
        "with_self",
    ];
    let all: Value = names
        .iter()
        .map(|name| ((*name).to_owned(), json!(name)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert!(decoded::<Awkward>(all.clone()).extra.is_empty());
    assert!(decoded::<AwkwardRequired>(all.clone()).extra.is_empty());
    for name in names {
        let one: Awkward = decoded(json!({ name: "here" }));
        assert!(one.extra.is_empty());
        let mut others = all.clone();
        others.as_object_mut().map(|others| others.shift_remove(name));
        assert!(refused::<AwkwardRequired>(others).contains("missing field"));
        assert_eq!(decoded::<AwkwardValues>(json!(name)).as_str(), name);
    }
    assert_eq!(decoded::<AwkwardValues>(json!("a")), AwkwardValues::A2);
    for name in ["A", "D", "E", "M", "S", "T", "Kinds", "Option", "Vec", "Ok", "Deserialize"] {
        decoded::<AwkwardUnion>(json!({ "type": name, "held": "self" }));
    }
    assert!(matches!(decoded(json!("text")), LetterOrText::String(_)));
    assert!(matches!(decoded(json!([{ "type": "E" }])), LetterOrText::Array(_)));
    assert!(matches!(decoded(json!({ "type": "A" })), LetterOrText::Object(_)));
    assert!(refused::<Letters>(json!({ "A": { "type": "A" } })).contains("missing field"));
}
