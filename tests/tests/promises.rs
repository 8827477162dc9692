//! What the types promise, each by a message that shows it.

use mcp_schema::{
    ConversionError, Direction, Extra, Notification, ProtocolVersion, Request, Response, Value,
    tasks, v2025_11_25, v2026_07_28,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn refused<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
    serde_json::from_str::<T>(text).expect_err(text).to_string()
}

fn write<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("all types can be written")
}

/// The first of three complaints about earlier attempts to generate the types.
#[test]
fn additional_properties_and_meta_are_not_lost() {
    let text = r#"{"name":"t","inputSchema":{"type":"object","properties":{"b":{"type":"string"},"a":{"enum":["z","y"]}},"additionalProperties":false,"$defs":{}},"_meta":{"vendor/x":{"z":1,"a":2}},"vendor":null}"#;
    let tool: v2025_11_25::Tool = read(text);
    assert_eq!(tool.extra.get("vendor"), Some(&Value::Null));
    assert_eq!(tool.input_schema.extra.get("additionalProperties"), Some(&json!(false)));
    let again: Value = read(&write(&tool));
    assert_eq!(again, read::<Value>(text));
    // `b` before `a`, `z` before `y`: the order in which a form is shown.
    let written = write(&tool);
    assert!(written.contains(r#"{"b":{"type":"string"},"a":{"enum":["z","y"]}}"#), "{written}");
    assert!(written.contains(r#"{"vendor/x":{"z":1,"a":2}}"#), "{written}");
}

/// The second: an audio block is an image block with another `type`, and untagged decoding took the first that fits.
#[test]
fn unions_are_told_by_their_tag_and_not_by_trial() {
    use v2025_11_25::ContentBlock;
    let audio = r#"{"data":"AAAA","mimeType":"audio/wav","type":"audio"}"#;
    assert!(matches!(read(audio), ContentBlock::Audio(_)));
    let image = r#"{"type":"image","data":"AAAA","mimeType":"audio/wav"}"#;
    assert!(matches!(read(image), ContentBlock::Image(_)));
    // A known tag with the wrong fields is an error of that type, not a value of another.
    let error = refused::<ContentBlock>(r#"{"type":"image","text":"no image"}"#);
    assert!(error.contains("`data` of ImageContent"), "{error}");
}

/// The third: live servers say more, and sometimes less, than the schema.
#[test]
fn live_servers_are_understood() {
    use v2025_11_25::{CallToolResult, ListToolsResult, ProgressNotificationParams, Tool};
    // `null` for what is optional, as serializers without an option for it write.
    let tool: Tool =
        read(r#"{"name":"t","title":null,"inputSchema":{"type":"object"},"annotations":null}"#);
    assert_eq!((tool.title, tool.annotations), (None, None));
    // A float for an integer.
    let task: v2025_11_25::TaskMetadata = read(r#"{"ttl":60000.0}"#);
    assert_eq!(task.ttl, Some(60_000));
    assert!(refused::<v2025_11_25::TaskMetadata>(r#"{"ttl":0.5}"#).contains("`ttl`"));
    // No content beside structured content.
    let result: CallToolResult = read(r#"{"structuredContent":{"a":1}}"#);
    assert!(result.content.is_empty());
    // A finer log level, a kind of content of tomorrow.
    let level: v2025_11_25::LoggingLevel = read(r#""trace""#);
    assert_eq!(level.as_str(), "trace");
    // Fields from anywhere.
    let list: ListToolsResult = read(r#"{"tools":[],"page":{"size":10}}"#);
    assert_eq!(list.extra.len(), 1);
    // Whole numbers stay whole.
    let progress: ProgressNotificationParams =
        read(r#"{"progressToken":1,"progress":50,"total":100.5}"#);
    assert!(write(&progress).contains(r#""progress":50,"#), "{}", write(&progress));
}

#[test]
fn absent_cache_hints_mean_stale_and_private() {
    use v2026_07_28::{CacheScope, ListToolsResult};
    let result: ListToolsResult = read(r#"{"tools":[],"ttlMs":-1}"#);
    assert_eq!((result.ttl_ms, result.cache_scope), (0, CacheScope::Private));
    let written: Value = read(&write(&result));
    assert_eq!(
        written,
        json!({ "resultType": "complete", "tools": [], "ttlMs": 0, "cacheScope": "private" })
    );
}

#[test]
fn a_field_that_comes_twice_is_refused() {
    let error = refused::<v2025_11_25::TextContent>(r#"{"type":"text","text":"a","text":"b"}"#);
    assert!(error.contains("duplicate field `text`"), "{error}");
}

#[test]
fn errors_name_the_field_and_what_it_needs() {
    type Call = v2025_11_25::CallToolRequest;
    for (text, expected) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}"#,
            "a string for `name`",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#,
            "missing field `name` of CallToolRequestParams",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}"#,
            "an object for `params` (CallToolRequestParams)",
        ),
        (
            r#"{"jsonrpc":"1.0","id":1,"method":"tools/call","params":{"name":"t"}}"#,
            r#"`jsonrpc` is "1.0", but must be "2.0""#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":true,"method":"tools/call","params":{"name":"t"}}"#,
            "integer or string for `id`",
        ),
        (r#"{"id":1,"method":"tools/call","params":{"name":"t"}}"#, "missing field `jsonrpc`"),
    ] {
        let error = refused::<Call>(text);
        assert!(error.contains(expected), "{error}\n{text}");
        // The same through the union, whatever stands first.
        let error = refused::<v2025_11_25::ClientRequest>(text);
        assert!(error.contains(expected), "{error}\n{text}");
    }
    let error =
        refused::<v2025_11_25::ClientRequest>(r#"{"jsonrpc":"2.0","id":1,"method":"tools/cell"}"#);
    assert!(error.contains("tools/cell") && error.contains(r#""tools/call""#), "{error}");
    let error = refused::<v2025_11_25::ElicitResult>(r#"{"action":"maybe"}"#);
    assert!(error.contains(r#""accept", "cancel" or "decline""#), "{error}");
    // What a peer sends does not make our message long.
    let long = format!(r#"{{"action":"{}"}}"#, "x".repeat(100_000));
    assert!(refused::<v2025_11_25::ElicitResult>(&long).len() < 300);
}

#[test]
fn direction_enums_decode_by_method_wherever_it_stands() {
    use v2026_07_28::{ClientRequest, InputRequest, ServerNotification};
    let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let first = format!(
        r#"{{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{{"name":"t","_meta":{meta}}}}}"#
    );
    let last = format!(
        r#"{{"params":{{"_meta":{meta},"name":"t"}},"id":"a","jsonrpc":"2.0","method":"tools/call"}}"#
    );
    assert_eq!(read::<ClientRequest>(&first), read::<ClientRequest>(&last));
    let ClientRequest::CallTool(call) = read(&first) else { panic!("decoded by its method") };
    assert_eq!(call.params.meta.protocol_version, ProtocolVersion::V2026_07_28);
    assert_eq!(call.id, "a".into());
    let listed: ServerNotification =
        read(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
    assert!(matches!(listed, ServerNotification::ToolListChanged(_)));
    let asked: InputRequest = read(
        r#"{"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","properties":{}}}}"#,
    );
    let InputRequest::Elicit(asked) = asked else { panic!("decoded by its method") };
    // Without a mode, a form is meant; and what was absent stays so.
    assert!(matches!(asked.params, v2026_07_28::ElicitRequestParams::Form(_)));
    assert!(!write(&asked).contains("mode"));
    // The same, with the mode given.
    let text =
        r#"{"mode":"form","message":"m","requestedSchema":{"type":"object","properties":{}}}"#;
    let asked: v2026_07_28::ElicitRequestParams = read(text);
    assert_eq!(read::<Value>(&write(&asked)), read::<Value>(text));
}

#[test]
fn responses_are_decoded_by_the_pending_request() {
    use v2025_11_25::method::{CallTool, ListTools};
    let response: Response<<ListTools as Request>::Result> =
        read(r#"{"jsonrpc":"2.0","result":{"tools":[]},"id":3}"#);
    assert_eq!(response.id, Some(3.into()));
    // The same bytes are no result of another method.
    let error = refused::<Response<v2025_11_25::ReadResourceResult>>(
        r#"{"jsonrpc":"2.0","id":3,"result":{"tools":[]}}"#,
    );
    assert!(error.contains("`contents`"), "{error}");
    // L: a call with `params.task` is answered by a task, one without by its result.
    type Outcome = <CallTool as Request>::Result;
    let task = r#"{"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"t","status":"working","createdAt":"c","lastUpdatedAt":"u","ttl":null}}}"#;
    let response: Response<Outcome> = read(task);
    let Ok(v2025_11_25::CallToolOutcome::Task(created)) = &response.outcome else {
        panic!("a task")
    };
    assert_eq!(created.task.ttl, None);
    assert_eq!(read::<Value>(&write(&response)), read::<Value>(task), "a required null is written");
    let response: Response<Outcome> = read(r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#);
    assert!(matches!(response.outcome, Ok(v2025_11_25::CallToolOutcome::Complete(_))));
    let response: Response<Outcome> =
        read(r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"parse"}}"#);
    assert_eq!(response.outcome.expect_err("an error").code, v2026_07_28::error_code::PARSE);
    for broken in [
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]},"error":{"code":1,"message":""}}"#,
        r#"{"jsonrpc":"2.0","result":{"content":[]}}"#,
        r#"{"id":1,"result":{"content":[]}}"#,
    ] {
        refused::<Response<Outcome>>(broken);
    }
}

#[test]
fn result_types_choose_and_unknown_ones_are_kept() {
    use v2026_07_28::CallToolOutcome;
    let complete: CallToolOutcome = read(r#"{"content":[],"resultType":"complete"}"#);
    assert!(matches!(complete, CallToolOutcome::Complete(_)));
    // Servers of earlier revisions leave it out (2026-07-28, Basic).
    let complete: CallToolOutcome = read(r#"{"content":[]}"#);
    assert!(matches!(complete, CallToolOutcome::Complete(_)));
    let asked: CallToolOutcome = read(r#"{"requestState":"s","resultType":"input_required"}"#);
    assert!(matches!(asked, CallToolOutcome::InputRequired(_)));
    let text = r#"{"resultType":"task","taskId":"t","status":"working","createdAt":"c","lastUpdatedAt":"u","ttlMs":null}"#;
    let unknown: CallToolOutcome = read(text);
    let CallToolOutcome::Unknown { tag, raw } = &unknown else { panic!("{unknown:?}") };
    assert_eq!((tag.as_str(), raw.len()), ("task", 6));
    assert_eq!(write(&unknown), text);
    // The extension knows it.
    let task: tasks::CallToolOutcome = read(text);
    assert!(matches!(task, tasks::CallToolOutcome::Task(_)));
    // A method with one kind of result refuses another.
    let error = refused::<v2026_07_28::ListToolsResult>(r#"{"tools":[],"resultType":"task"}"#);
    assert!(error.contains(r#"must be "complete""#), "{error}");
}

#[test]
fn a_task_stands_among_the_fields_of_its_result() {
    let text = r#"{"resultType":"complete","taskId":"t","status":"completed","createdAt":"c","lastUpdatedAt":"u","ttlMs":1000,"result":{"content":[]},"vendor":1}"#;
    let result: tasks::GetTaskResult = read(text);
    let tasks::DetailedTask::Completed(task) = &result.task else { panic!("by its status") };
    assert_eq!(task.ttl_ms, Some(1000));
    assert_eq!(task.extra.get("vendor"), Some(&json!(1)));
    assert_eq!(read::<Value>(&write(&result)), read::<Value>(text));
    // The extension's requests carry what every request of the revision must carry.
    let error = refused::<tasks::GetTaskRequest>(
        r#"{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"t"}}"#,
    );
    assert!(error.contains("`_meta`"), "{error}");
    let error = refused::<tasks::TasksExtensionCapability>(r#"{"list":{}}"#);
    assert!(error.contains("`list`"), "{error}");
}

#[test]
fn methods_tie_parameters_and_results_together() {
    use v2025_11_25::method;
    fn result_of<M: Request>(result: M::Result) -> String {
        format!("{} {}", M::METHOD, write(&result))
    }
    let tools = v2025_11_25::ListToolsResult::new([]).with_next_cursor("next");
    assert_eq!(
        result_of::<method::ListTools>(tools),
        r#"tools/list {"tools":[],"nextCursor":"next"}"#
    );
    assert_eq!(method::CallTool::DIRECTION, Direction::ClientToServer);
    assert_eq!(<method::CreateMessage as Request>::DIRECTION, Direction::ServerToClient);
    assert_eq!(<method::Ping as Request>::DIRECTION, Direction::Both);
    assert_eq!(<method::Progress as Notification>::METHOD, "notifications/progress");
    assert_eq!(v2026_07_28::method::Elicit::DIRECTION, Direction::ServerToClient);
    assert_eq!(tasks::method::GetTask::METHOD, "tasks/get");
    let params: <method::ListTools as Request>::Params = None;
    assert_eq!(write(&params), "null");
}

#[test]
fn constants_are_there() {
    use v2026_07_28::{error_code, meta_key};
    assert_eq!(error_code::INVALID_PARAMS, -32602);
    assert_eq!(error_code::HEADER_MISMATCH, -32020);
    assert_eq!(error_code::UNSUPPORTED_PROTOCOL_VERSION, -32022);
    assert_eq!(v2025_11_25::error_code::URL_ELICITATION_REQUIRED, -32042);
    assert_eq!(meta_key::PROTOCOL_VERSION, "io.modelcontextprotocol/protocolVersion");
    assert_eq!(v2025_11_25::meta_key::RELATED_TASK, "io.modelcontextprotocol/related-task");
    let mut versions = ProtocolVersion::RELEASED;
    versions.reverse();
    versions.sort();
    assert_eq!(versions, ProtocolVersion::RELEASED);
    assert_eq!(read::<ProtocolVersion>(r#""2030-01-01""#).as_str(), "2030-01-01");
    assert!(!read::<ProtocolVersion>(r#""2030-01-01""#).is_released());
}

#[test]
fn what_is_the_same_is_one_type() {
    let annotations = v2025_11_25::Annotations::new().with_priority(1);
    let same: v2026_07_28::Annotations = annotations;
    let _: mcp_schema::shared::Annotations = same;
}

#[test]
fn conversions_lose_nothing_or_say_what() {
    use v2025_11_25 as old;
    use v2026_07_28 as new;
    // Certain: nothing can be lost.
    let text: new::TextContent = old::TextContent::new("a").into();
    assert_eq!(text.text, "a");
    // A field that the other revision does not have.
    let tool = old::Tool::new("t", old::ToolInputSchema::new());
    let with_execution = tool.clone().with_execution(old::ToolExecution::new());
    let error = new::Tool::try_from(with_execution).expect_err("it has no place");
    assert_eq!(error, ConversionError::FieldHasNoPlace { ty: "Tool", field: "execution" });
    assert!(error.to_string().contains("`execution` of Tool"), "{error}");
    let tool = new::Tool::try_from(tool).expect("nothing stands in the way");
    assert_eq!(tool.name, "t");
    // A result gains what the newer revision says about an absent one.
    let list = old::ListToolsResult::new([]).with_next_cursor("c");
    let list = new::ListToolsResult::try_from(list).expect("nothing stands in the way");
    assert_eq!((list.ttl_ms, list.next_cursor.as_deref()), (0, Some("c")));
    // What one revision keeps unnamed is a field of the other, not a second copy beside it.
    let mut early = old::ListToolsResult::new([]);
    early.extra.insert("ttlMs", 500);
    early.extra.insert("resultType", "complete");
    let list = new::ListToolsResult::try_from(early).expect("it says the same");
    assert_eq!((list.ttl_ms, &list.extra), (500, &Extra::new()));
    let mut odd = old::ListToolsResult::new([]);
    odd.extra.insert("ttlMs", "soon");
    let error = new::ListToolsResult::try_from(odd).expect_err("it is no number");
    assert!(error.to_string().contains("`ttlMs`"), "{error}");
    // Structured content that only the newer revision can say.
    let result = new::CallToolResult::new([]).with_structured_content(5);
    old::CallToolResult::try_from(result).expect_err("5 is no object");
    let result = new::CallToolResult::new([]).with_structured_content(json!({ "a": 1 }));
    let result = old::CallToolResult::try_from(result).expect("an object");
    assert_eq!(write(&result), r#"{"content":[],"structuredContent":{"a":1}}"#);
    // Unknown content stays what it was.
    let block: old::ContentBlock = read(r#"{"type":"hologram","depth":1}"#);
    let block = new::ContentBlock::try_from(block).expect("both are open");
    assert_eq!(write(&block), r#"{"type":"hologram","depth":1}"#);
}

#[test]
fn hostile_depth_and_garbage_are_errors() {
    let deep = format!(r#"{{"type":"x","a":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    refused::<v2025_11_25::ContentBlock>(&deep);
    for garbage in
        ["", "null", "[]", "3", "{", r#"{"method":3}"#, r#"{"method":"tools/call""#, "{}"]
    {
        refused::<v2025_11_25::ClientRequest>(garbage);
        refused::<v2026_07_28::JsonRpcMessage>(garbage);
    }
}
