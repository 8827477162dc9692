//! What the attributes derive, as clients get to see it; and that functions stay what they were.
#![cfg(feature = "macros")]
#![allow(dead_code)]

#[path = "wire_peer/mod.rs"]
mod wire_peer;

use std::time::Duration;

use mcp_runtime::__private::Handler;
use mcp_runtime::Json as J;
use mcp_runtime::{
    Args, BuildError, Context, Inject, Json, Partial, Restart, Retry, RetryOn, RpcError, Server,
    ServerBuilder, State, States, TaskOptions, TaskSupport, Tool, ToolDefinition, Toolset,
    mcp_prompt, mcp_resource, mcp_tool, mcp_tools,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::wire_peer::{Peer, text};

fn fixtures() -> ServerBuilder {
    Server::builder("fixtures", "1")
}

async fn listed(builder: ServerBuilder, method: &str, key: &str) -> Vec<Value> {
    let server = builder.build().expect("a server");
    let mut peer = Peer::modern(&server, json!({}));
    let mut result = peer.result(method, json!({})).await;
    result[key].as_array_mut().map(std::mem::take).expect("a list")
}

async fn tool(builder: ServerBuilder) -> Value {
    listed(builder, "tools/list", "tools").await.pop().expect("a tool")
}

async fn called(builder: ServerBuilder, name: &str, arguments: Value) -> Value {
    Peer::modern(&builder.build().expect("a server"), json!({})).call(name, arguments).await
}

/// Adds numbers.
///
/// - any two
///     - even large ones
#[mcp_tool]
async fn add(
    /// The first.
    /// On two lines.
    left: i64,
    /** The second. */
    right: i64,
) -> String {
    (left + right).to_string()
}

#[tokio::test(start_paused = true)]
async fn descriptions_come_from_docs_and_parameters() {
    assert_eq!(
        tool(fixtures().tool::<add>()).await,
        json!({
            "name": "add",
            "description": "Adds numbers.\n\n- any two\n    - even large ones",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "left": { "type": "integer", "description": "The first.\nOn two lines." },
                    "right": { "type": "integer", "description": "The second." },
                },
                "required": ["left", "right"],
            },
        })
    );
}

/// Not this text.
#[mcp_tool(name = "other.name", description = "This text.", title = "A title")]
async fn named() {}

#[mcp_tool(read_only = false, destructive, idempotent = true)]
async fn hinted() {}

#[mcp_tool]
async fn plain() {}

#[tokio::test(start_paused = true)]
async fn what_is_written_goes_before_what_is_derived_and_what_is_not_said_is_not_there() {
    let it = tool(fixtures().tool::<named>()).await;
    assert_eq!(
        (&it["name"], &it["description"], &it["title"]),
        (&json!("other.name"), &json!("This text."), &json!("A title"))
    );
    let hints = tool(fixtures().tool::<hinted>()).await["annotations"].take();
    let expected =
        json!({ "readOnlyHint": false, "destructiveHint": true, "idempotentHint": true });
    assert_eq!(hints, expected);
    let bare = json!({
        "name": "plain", "inputSchema": { "type": "object", "additionalProperties": false },
    });
    assert_eq!(tool(fixtures().tool::<plain>()).await, bare);
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
struct Filter {
    word: Option<String>,
    #[serde(default)]
    limit: u8,
}

type Maybe = Option<u32>;

#[mcp_tool]
async fn search(
    #[arg(rename = "q", header = "Query")] query: String,
    page: Maybe,
    tags: Option<Vec<String>>,
    #[arg(default = 0.5)] boost: f64,
    #[arg(default = "en")] language: String,
    #[arg(default)] filter: Filter,
    #[arg(default = -1)] offset: i32,
) -> String {
    format!("{query} {page:?} {tags:?} {boost} {language} {filter:?} {offset}")
}

#[tokio::test(start_paused = true)]
async fn arguments_are_optional_by_their_type_or_their_default() {
    let schema = tool(fixtures().tool::<search>()).await["inputSchema"].take();
    assert_eq!(schema["required"], json!(["q"]));
    let properties = &schema["properties"];
    assert_eq!(properties["q"], json!({ "type": "string", "x-mcp-header": "Query" }));
    assert_eq!(properties["boost"], json!({ "type": "number", "default": 0.5 }));
    assert_eq!(properties["language"], json!({ "type": "string", "default": "en" }));
    assert_eq!(properties["offset"], json!({ "type": "integer", "default": -1 }));
    assert_eq!(properties["page"]["type"], json!(["integer", "null"]));
    assert!(properties.get("query").is_none());
    let result = called(fixtures().tool::<search>(), "search", json!({ "q": "a" })).await;
    let said = "a None None 0.5 en Filter { word: None, limit: 0 } -1";
    assert_eq!(text(&result), said);
    let arguments = json!({
        "q": "a", "page": 2, "tags": ["x"], "boost": 1, "language": "no",
        "filter": { "word": "w", "limit": 3 }, "offset": 4, "query": "ignored",
    });
    let result = called(fixtures().tool::<search>(), "search", arguments).await;
    let said = "a Some(2) Some([\"x\"]) 1 no Filter { word: Some(\"w\"), limit: 3 } 4";
    assert_eq!(text(&result), said);
}

#[mcp_tool]
async fn whole(Args(Filter { word, limit }): Args<Filter>) -> String {
    format!("{word:?} {limit}")
}

#[tokio::test(start_paused = true)]
async fn all_arguments_may_be_one_value() {
    let schema = tool(fixtures().tool::<whole>()).await["inputSchema"].take();
    assert_eq!((&schema["type"], schema.get("title")), (&json!("object"), None));
    assert_eq!(schema["properties"]["limit"]["default"], 0);
    let result = called(fixtures().tool::<whole>(), "whole", json!({ "word": "w" })).await;
    assert_eq!(text(&result), "Some(\"w\") 0");
}

#[derive(Serialize, JsonSchema)]
struct Video {
    /// Where it is.
    url: String,
}

type Answer<T> = Result<Json<T>, RpcError>;

#[mcp_tool]
async fn aliased(scene: String) -> Answer<Video> {
    Ok(Json(Video { url: scene }))
}

#[mcp_tool]
async fn renamed(scene: String) -> J<Video> {
    J(Video { url: scene })
}

#[tokio::test(start_paused = true)]
async fn the_type_decides_about_the_output_and_not_its_name() {
    let schema = json!({
        "type": "object",
        "properties": { "url": { "type": "string", "description": "Where it is." } },
        "required": ["url"],
    });
    for (builder, name) in
        [(fixtures().tool::<aliased>(), "aliased"), (fixtures().tool::<renamed>(), "renamed")]
    {
        let server = builder.build().expect("a server");
        let mut peer = Peer::modern(&server, json!({}));
        let list = peer.result("tools/list", json!({})).await;
        assert_eq!(list["tools"][0]["outputSchema"], schema, "{name}");
        let result = peer.call(name, json!({ "scene": "a" })).await;
        assert_eq!(result["structuredContent"], json!({ "url": "a" }));
    }
}

struct Shelf {
    books: Vec<&'static str>,
}

#[mcp_tools]
impl Shelf {
    const MANY: usize = 2;

    /// How many books there are.
    #[mcp_tool(read_only)]
    async fn count(&self) -> String {
        self.books.len().to_string()
    }

    /// A book by its place.
    #[mcp_tool]
    fn book(&self, _cx: &Context, place: usize) -> Result<String, String> {
        self.books.get(place).map(|it| (*it).to_owned()).ok_or_else(|| "no such book".to_owned())
    }

    #[cfg(any())]
    #[mcp_tool]
    async fn never(&self, missing: Missing) -> Missing {
        missing
    }

    /// Praise for a book.
    #[mcp_prompt]
    async fn praise(&self, #[arg(default = "short", complete = styles)] style: String) -> String {
        format!("{style} praise of {} books", self.books.len())
    }

    #[mcp_resource("books://{place}", mime_type = "text/plain")]
    async fn read(&self, place: usize) -> Option<&'static str> {
        self.books.get(place).copied()
    }

    fn is_large(&self) -> bool {
        self.books.len() > Self::MANY
    }
}

async fn styles(_: Partial) -> Vec<String> {
    vec!["short".to_owned(), "long".to_owned()]
}

#[tokio::test(start_paused = true)]
async fn methods_of_a_block_are_tools_prompts_and_resources() {
    let shelf = || Shelf { books: vec!["Emma", "Ulysses"] };
    let server = fixtures().tools(shelf()).build().expect("a server");
    let mut peer = Peer::modern(&server, json!({}));
    let tools = peer.result("tools/list", json!({})).await;
    assert_eq!(wire_peer::names(&tools["tools"]), ["count", "book"]);
    assert_eq!(tools["tools"][0]["annotations"], json!({ "readOnlyHint": true }));
    assert_eq!(
        tools["tools"][1]["inputSchema"]["properties"].as_object().map(|it| it.len()),
        Some(1)
    );
    assert_eq!(text(&peer.call("count", json!({})).await), "2");
    assert_eq!(text(&peer.call("book", json!({ "place": 1 })).await), "Ulysses");
    assert_eq!(peer.call("book", json!({ "place": 2 })).await["isError"], true);
    let prompts = peer.result("prompts/list", json!({})).await;
    assert_eq!(
        prompts["prompts"],
        json!([{
            "name": "praise", "description": "Praise for a book.",
            "arguments": [{ "name": "style", "required": false }],
        }])
    );
    let prompt = peer.result("prompts/get", json!({ "name": "praise" })).await;
    assert_eq!(prompt["messages"][0]["content"]["text"], "short praise of 2 books");
    let read = peer.result("resources/read", json!({ "uri": "books://0" })).await;
    assert_eq!(read["contents"][0]["text"], "Emma");
    // And they are still methods.
    assert_eq!((shelf().count().await, shelf().is_large()), ("2".to_owned(), false));
}

#[mcp_tool]
async fn chosen(#[cfg(not(test))] missing: Missing, #[cfg(test)] scene: String) -> String {
    scene
}

#[cfg(any())]
#[mcp_tool]
async fn unchosen(missing: Missing) -> Missing {
    missing
}

#[tokio::test(start_paused = true)]
async fn what_is_configured_away_is_not_there() {
    let schema = tool(fixtures().tool::<chosen>()).await["inputSchema"].take();
    assert_eq!(schema["required"], json!(["scene"]));
    let result = called(fixtures().tool::<chosen>(), "chosen", json!({ "scene": "a" })).await;
    assert_eq!(text(&result), "a");
}

#[mcp_tool]
async fn r#match(r#type: String, r#fn: Option<u32>) -> String {
    format!("{type} {fn:?}", r#type = r#type, r#fn = r#fn)
}

#[tokio::test(start_paused = true)]
async fn raw_identifiers_lose_their_prefix() {
    let it = tool(fixtures().tool::<r#match>()).await;
    assert_eq!((&it["name"], &it["inputSchema"]["required"]), (&json!("match"), &json!(["type"])));
    let arguments = json!({ "type": "a", "fn": 3 });
    assert_eq!(text(&called(fixtures().tool::<r#match>(), "match", arguments).await), "a Some(3)");
}

#[mcp_tool(requires = [sampling, roots])]
async fn needy() {}

#[tokio::test(start_paused = true)]
async fn what_a_tool_requires_is_checked_before_it_runs() {
    let server = fixtures().tool::<needy>().build().expect("a server");
    for (capabilities, code) in [
        (json!({}), Some(-32021)),
        (json!({ "sampling": {} }), Some(-32021)),
        (json!({ "sampling": {}, "roots": {} }), None),
    ] {
        let mut peer = Peer::modern(&server, capabilities);
        let id = peer.start_call("needy", json!({})).await;
        let response = peer.response(id).await;
        assert_eq!(response["error"]["code"].as_i64(), code, "{response}");
    }
}

fn hand_written() -> Value {
    json!({ "type": "object", "properties": { "point": { "const": 7 } }, "required": ["point"] })
}

#[derive(Deserialize)]
struct NoSchema(u8);

#[mcp_tool(input_schema = hand_written())]
async fn by_hand(point: NoSchema) -> String {
    point.0.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_schema_may_be_written_by_hand() {
    let it = tool(fixtures().tool::<by_hand>()).await;
    assert_eq!(it["inputSchema"], hand_written());
    let result = called(fixtures().tool::<by_hand>(), "by_hand", json!({ "point": 7 })).await;
    assert_eq!(text(&result), "7");
}

/// Reviews code.
#[mcp_prompt(title = "Review", meta = { "com.example/a": [1, null] })]
async fn review(
    /// What to look at.
    code: String,
    #[arg(rename = "depth")] how_deep: Option<u8>,
) -> String {
    format!("{code} {how_deep:?}")
}

#[tokio::test(start_paused = true)]
async fn prompts_are_described_like_tools() {
    let prompts = listed(fixtures().prompt::<review>(), "prompts/list", "prompts").await;
    assert_eq!(
        prompts,
        [json!({
            "name": "review",
            "title": "Review",
            "description": "Reviews code.",
            "arguments": [
                { "name": "code", "description": "What to look at.", "required": true },
                { "name": "depth", "required": false },
            ],
            "_meta": { "com.example/a": [1, null] },
        })]
    );
}

/// A page of a book.
#[mcp_resource("books://{book}/pages/{page}", name = "page", mime_type = "text/plain")]
async fn page_of(page: u32, book: String) -> String {
    format!("{book}, page {page}")
}

#[tokio::test(start_paused = true)]
async fn resources_are_described_and_variables_found_by_name() {
    let server = fixtures().resource::<page_of>().build().expect("a server");
    let mut peer = Peer::modern(&server, json!({}));
    let templates = peer.result("resources/templates/list", json!({})).await;
    assert_eq!(
        templates["resourceTemplates"],
        json!([{
            "name": "page",
            "uriTemplate": "books://{book}/pages/{page}",
            "description": "A page of a book.",
            "mimeType": "text/plain",
        }])
    );
    assert_eq!(peer.result("resources/list", json!({})).await["resources"], json!([]));
    let read = peer.result("resources/read", json!({ "uri": "books://Emma/pages/3" })).await;
    assert_eq!(read["contents"][0]["text"], "Emma, page 3");
}

#[tokio::test(start_paused = true)]
async fn functions_stay_callable() {
    assert_eq!(add(1, 2).await, "3");
    assert_eq!(whole(Args(Filter { word: None, limit: 4 })).await, "None 4");
    assert_eq!(review("x".to_owned(), Some(2)).await, "x Some(2)");
    assert!(aliased("a".to_owned()).await.is_ok());
}

struct Absent;

#[mcp_tool]
async fn wants(absent: &State<Absent>, cx: &Context) -> String {
    let _ = (absent, cx);
    String::new()
}

#[mcp_prompt]
async fn wants_too(absent: &State<Absent>) -> String {
    let _ = absent;
    String::new()
}

fn problems(builder: ServerBuilder) -> Vec<String> {
    builder.build().map_or_else(|error: BuildError| error.problems().to_vec(), |_| Vec::new())
}

#[test]
fn a_state_that_is_missing_is_named_with_whoever_needs_it() {
    let found = problems(fixtures().tool::<wants>().prompt::<wants_too>());
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with("tool `wants`") && found[0].contains("State<macros::Absent>"));
    assert!(found[1].starts_with("prompt `wants_too`"), "{found:?}");
    assert_eq!(problems(fixtures().state(Absent).tool::<wants>()), [""; 0]);
    let twice = problems(fixtures().state(Absent).state(Absent));
    assert!(twice[0].contains("two states") && twice[0].contains("Absent"), "{twice:?}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let builder = fixtures()
        .tool::<add>()
        .tool::<add>()
        .prompt::<review>()
        .prompt::<review>()
        .resource::<page_of>()
        .resource::<page_of>()
        .tool::<wants>()
        .method("com.example/x", "tools/call", |_| async { Ok(Default::default()) })
        .add_tool(ToolDefinition::new("a name"), |_| async { "" })
        .add_tool(ToolDefinition::new("odd").input_schema(json!({ "type": "array" })), |_| async {
            ""
        });
    let found = problems(builder);
    for named in [
        "two tools are called `add`",
        "two prompts are called `review`",
        "two resources have the address `books://{book}/pages/{page}`",
        "tool `wants` needs",
        "`tools/call` belongs to the protocol",
        "`a name`",
        "tool `odd`",
    ] {
        let matching = found.iter().filter(|problem| problem.contains(named)).count();
        assert_eq!(matching, 1, "{named} in {found:?}");
    }
    assert_eq!(found.len(), 7, "{found:?}");
}

/// Somebody's own.
struct Tenant(String);

impl Inject for Tenant {
    fn inject<'a>(states: &'a States, _: &'a Context) -> Result<&'a Self, RpcError> {
        states.get::<Tenant>().map(|state| &**state).ok_or_else(|| RpcError::internal("no tenant"))
    }
}

#[mcp_tool]
async fn tenant(tenant: &Tenant) -> String {
    tenant.0.clone()
}

#[tokio::test(start_paused = true)]
async fn types_of_ones_own_may_be_borrowed() {
    let builder = fixtures().state(Tenant("t7".to_owned())).tool::<tenant>();
    assert_eq!(text(&called(builder, "tenant", json!({})).await), "t7");
    let server =
        fixtures().tool::<tenant>().build().expect("it says of itself that it needs nothing");
    let mut peer = Peer::modern(&server, json!({}));
    let error = peer.error("tools/call", json!({ "name": "tenant" })).await;
    assert_eq!((&error["code"], &error["message"]), (&json!(-32603), &json!("no tenant")));
}

#[mcp_tool(
    task_support = "required",
    restart = "fail",
    retry(attempts = 3, backoff = "2s", on = ["error", "timeout"]),
    timeout = "30m",
    input_timeout = "1d",
    ttl = "2d",
    max_concurrent = 2,
    dedupe,
    version = "2"
)]
async fn lasting() {}

#[mcp_tool(task_support = "optional", retry = 2, restart = "replay", inline_budget = "0s")]
async fn retried() {}

#[mcp_tool(task_support = "optional", retry(attempts = 2, on = "panic"))]
async fn retried_after_panics() {}

#[test]
fn task_keys_become_options() {
    let options = |definition: ToolDefinition| definition.task_options().clone();
    let mut expected = TaskOptions::new(TaskSupport::Required);
    expected.retry = Some(Retry {
        attempts: 3,
        backoff: Duration::from_secs(2),
        on: RetryOn { error: true, panic: false, timeout: true },
    });
    expected.timeout = Some(Duration::from_secs(30 * 60));
    expected.input_timeout = Some(Duration::from_secs(24 * 60 * 60));
    expected.ttl = Some(Duration::from_secs(48 * 60 * 60));
    expected.max_concurrent = Some(2);
    expected.dedupe = true;
    expected.version = "2";
    assert_eq!(options(lasting::definition()), expected);

    let mut expected = TaskOptions::new(TaskSupport::Optional);
    let backoff = Duration::from_secs(1);
    expected.retry = Some(Retry { attempts: 2, backoff, on: RetryOn::ALL });
    expected.restart = Restart::Replay;
    expected.inline_budget = Some(Duration::ZERO);
    assert_eq!(options(retried::definition()), expected);

    let retry = options(retried_after_panics::definition()).retry.expect("it is retried");
    assert_eq!(retry.on, RetryOn { error: false, panic: true, timeout: false });
    assert_eq!(options(plain::definition()), TaskOptions::DEFAULT);
}

/// The method is known by its name, not by the type that has it.
struct Boundary;

impl Boundary {
    #[allow(clippy::wrong_self_convention, reason = "the name is what matters")]
    fn into_task(&self) {}
}

fn begin(boundary: &Boundary) {
    boundary.into_task();
}

#[mcp_tool(task_support = "required")]
async fn begins_in_a_branch(fast: bool) {
    if !fast {
        Boundary.into_task();
    }
}

#[mcp_tool(task_support = "required")]
async fn begins_at_once() {
    begin(&Boundary);
}

struct Renders;

#[mcp_tools]
impl Renders {
    #[mcp_tool(task_support = "optional")]
    async fn begins_where_it_says(&self) {
        Boundary.into_task();
    }

    #[mcp_tool(task_support = "optional")]
    async fn begins_with_the_budget(&self) {
        begin(&Boundary);
    }

    #[mcp_prompt]
    async fn never_begins(&self) -> String {
        Boundary.into_task();
        String::new()
    }
}

#[test]
fn where_a_task_begins_is_read_off_the_body() {
    assert!(begins_in_a_branch::definition().task_options().boundary);
    assert!(!begins_at_once::definition().task_options().boundary);
    let tools: Vec<_> = Renders::handlers()
        .iter()
        .filter_map(|handler| match handler {
            Handler::Tool(tool, _) => Some((tool.name().to_owned(), tool.task_options().boundary)),
            _ => None,
        })
        .collect();
    let expected = [("begins_where_it_says", true), ("begins_with_the_budget", false)];
    assert_eq!(tools, expected.map(|(name, boundary)| (name.to_owned(), boundary)));
}
