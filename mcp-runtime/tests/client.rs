//! The client against servers in memory; in `client/broken.rs` against peers that do what servers must not.
#![cfg(feature = "client")]

#[path = "client/broken.rs"]
mod broken;
#[path = "client/cache.rs"]
mod cache;
#[cfg(feature = "client-http")]
#[path = "client/http.rs"]
mod http;
#[path = "client/lists.rs"]
mod lists;
#[path = "client/peer.rs"]
mod peer;
#[path = "client/robust.rs"]
mod robust;
#[path = "wire_peer/mod.rs"]
mod wire_peer;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_runtime::client::{Change, Client, ClientBuilder, ClientError, Lifecycle};
use mcp_runtime::content::ContentBlock;
use mcp_runtime::schema::shared::LoggingLevel;
use mcp_runtime::schema::v2026_07_28::{
    ClientCapabilities, ElicitRequestParams, Root, SubscriptionFilter, TextOrBlobResourceContents,
};
use mcp_runtime::{
    Context, Elicited, InputError, KeyRing, Limits, Principal, Revision, RpcError, State, mcp_tool,
};
use serde_json::{Value, json};

use crate::wire_peer::fixtures;

const ALL: [Lifecycle; 5] = [
    Lifecycle::Modern,
    Lifecycle::Legacy(Revision::V2025_11_25),
    Lifecycle::Legacy(Revision::V2025_06_18),
    Lifecycle::Legacy(Revision::V2025_03_26),
    Lifecycle::Legacy(Revision::V2024_11_05),
];
const ELICITING: [Lifecycle; 3] = [ALL[0], ALL[1], ALL[2]];

/// What closures heard.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().expect("no panic").push(what.into());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }
}

async fn connected(builder: ClientBuilder) -> Client {
    builder.connect(&fixtures::server()).await.expect("a connection")
}

fn approving() -> ClientBuilder {
    Client::builder().on_elicit(|_| async { Elicited::Accepted(json!({ "approved": true })) })
}

#[tokio::test(start_paused = true)]
async fn a_modern_client_needs_one_line() -> Result<(), ClientError> {
    let server = fixtures::server();
    let client = Client::connect(&server).await?;
    assert_eq!(client.call_tool("echo", json!({ "text": "hi" })).await?.text(), "hi");
    assert_eq!(client.revision(), Revision::V2026_07_28);
    assert!(client.initialized().is_none());
    assert_eq!(client.discover().await?.instructions.as_deref(), Some("Call echo."));
    client.close().await?;
    server.connect().await?.call_tool("nothing", ()).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_lifecycle_has_typed_lists_calls_prompts_and_resources() -> Result<(), ClientError> {
    for lifecycle in ALL {
        let mut limits = Limits::default();
        limits.page = 3;
        let server = fixtures::builder().0.limits(limits).build().expect("a server");
        let client = Client::builder().lifecycle(lifecycle).connect(&server).await?;
        if let Lifecycle::Legacy(revision) = lifecycle {
            let initialized = client.initialized().expect("a legacy connection");
            assert_eq!((client.revision(), initialized.revision), (revision, revision));
            assert_eq!(initialized.server_info.name, "fixtures");
            assert_eq!(initialized.instructions.as_deref(), Some("Call echo."));
            assert!(initialized.capabilities.tools.is_some());
            client.ping().await?;
        }
        let tools = client.list_tools().await?;
        assert!(tools.len() > 20, "{lifecycle:?}: all pages");
        let weather = tools.iter().find(|tool| tool.name == "weather").expect("the tool");
        assert_eq!(weather.description.as_deref(), Some("The weather of a city."));
        assert_eq!(client.list_prompts().await?.len(), 3);
        assert_eq!(client.list_resources().await?[0].uri, "docs://manual");
        let templates = client.list_resource_templates().await?;
        assert_eq!(templates[0].uri_template, "notes://{book}/{+path}");
        let kinds = client.call_tool("kinds", ()).await?;
        assert!(
            matches!(&kinds.content[1], ContentBlock::Image(image) if image.mime_type == "image/png")
        );
        let prompt = client.get_prompt("review", json!({ "code": "x" })).await?;
        assert_eq!(prompt.messages.len(), 2);
        let read = client.read_resource("notes://7/a").await?;
        let [TextOrBlobResourceContents::Text(note)] = &read.contents[..] else { panic!("a text") };
        assert_eq!(note.text, "book 7, path a");
        let found = client.complete_prompt("review", "language", "ru").with("code", "+").await?;
        assert_eq!(found.values, ["rust+", "ruby+"]);
        let found = client.complete_resource("shirts://{size}", "size", "l").await?;
        assert_eq!(found.values, ["large"]);
        client.close().await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn results_are_read_as_types() -> Result<(), ClientError> {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Weather {
        city: String,
        celsius: f64,
    }
    let oslo = Weather { city: "Oslo".to_owned(), celsius: 4.5 };
    for lifecycle in ALL {
        let client = connected(Client::builder().lifecycle(lifecycle)).await;
        let result = client.call_tool("weather", json!({ "city": "Oslo" })).await?;
        // Where a revision has no structured output, the text says the same.
        assert_eq!(result.json::<Weather>()?, oslo, "{lifecycle:?}");
        let numbers = client.call_tool("numbers", ()).await?;
        assert_eq!(numbers.json::<Vec<u32>>()?, [1, 2]);
        let wrong = numbers.json::<Weather>().expect_err("no weather");
        assert!(matches!(wrong, ClientError::Invalid { .. }), "{wrong}");
    }
    let client = connected(Client::builder()).await;
    let both = client.call_tool("structured", ()).await?;
    assert_eq!(
        (both.text(), both.structured),
        ("two\nhits".to_owned(), Some(json!({ "hits": 2 })))
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_kinds_of_failure_are_told_apart() {
    for lifecycle in ALL {
        let client = connected(Client::builder().lifecycle(lifecycle)).await;
        let failed = client.call_tool("fails", ()).await.expect("a result");
        assert!(failed.is_error);
        assert!(
            matches!(failed.json::<Value>(), Err(ClientError::Tool(why)) if why == "out of paper")
        );
        assert!(matches!(failed.success(), Err(ClientError::Tool(_))));
        let refused = client.call_tool("refuses", ()).await.expect_err("an error");
        let error = RpcError::new(-7, "not today").with_data("try tomorrow");
        assert_eq!(refused.rpc(), Some(&error), "{lifecycle:?}");
        assert_eq!(client.call_tool("ech", ()).await.expect_err("an error").code(), Some(-32602));
        let arguments = client.call_tool("echo", 3).await.expect_err("no object");
        assert!(matches!(arguments, ClientError::Arguments(_)), "{arguments}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_handlers_answer_in_every_lifecycle() -> Result<(), ClientError> {
    for lifecycle in ELICITING {
        let heard = Heard::default();
        let asked = heard.clone();
        let client = connected(
            Client::builder()
                .lifecycle(lifecycle)
                .on_elicit(move |request| {
                    let asked = asked.clone();
                    async move {
                        let ElicitRequestParams::Form(form) = request else {
                            return Elicited::Declined;
                        };
                        asked.note(&form.message);
                        Elicited::Accepted(json!({ "approved": form.message != "Right?" }))
                    }
                })
                .on_sample(|request| async move {
                    assert_eq!(request.max_tokens, 50);
                    "five seven five"
                })
                .roots([Root::new("file:///a"), Root::new("file:///b")]),
        )
        .await;
        let deleted = client.call_tool("delete", json!({ "path": "a" })).await?;
        assert_eq!(deleted.text(), "deleted a", "{lifecycle:?}");
        let call = async |tool: &str| client.call_tool(tool, ()).await;
        assert_eq!(call("both").await?.text(), "true false");
        assert_eq!(call("thrice").await?.text(), "[true, true, true]");
        assert_eq!(call("haiku").await?.text(), "client wrote five seven five");
        assert_eq!(call("folders").await?.text(), "file:///a file:///b");
        assert_eq!(client.get_prompt("asks", ()).await?.messages.len(), 1);
        if lifecycle != ALL[2] {
            assert_eq!(call("visit").await?.text(), "Declined");
        }
        assert_eq!(heard.all()[0], "Delete a?");
        client.close().await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_accepted_page_has_no_content() -> Result<(), ClientError> {
    for lifecycle in [ALL[0], ALL[1]] {
        let builder = Client::builder().on_elicit(|_| async { Elicited::Accepted(Value::Null) });
        let client = connected(builder.lifecycle(lifecycle)).await;
        assert_eq!(client.call_tool("visit", ()).await?.text(), "Accepted(())");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_refuse_or_panic() {
    let refusing = || {
        Client::builder().on_elicit(|_| async {
            Err::<Elicited<Value>, _>(RpcError::new(-1, "the user is asleep"))
        })
    };
    // A legacy server gets the refusal, and its tool decides.
    let client = connected(refusing().lifecycle(ALL[1])).await;
    let result = client.call_tool("delete", json!({ "path": "a" })).await.expect("a result");
    assert!(result.is_error && result.text().contains("asleep"), "{}", result.text());
    // To a modern one the call is not sent again.
    let client = connected(refusing()).await;
    let error = client.call_tool("delete", json!({ "path": "a" })).await.expect_err("an error");
    assert!(matches!(&error, ClientError::Refused { error, .. } if error.code == -1), "{error}");
    let panicking = Client::builder().on_elicit(async |_| -> Elicited<Value> { panic!("oh") });
    let client = connected(panicking).await;
    let error = client.call_tool("delete", json!({ "path": "a" })).await.expect_err("an error");
    assert!(
        matches!(&error, ClientError::Refused { error, .. } if error.code == -32603),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn only_what_has_a_handler_is_declared() {
    for (lifecycle, code) in [(ALL[0], -32021), (ALL[1], -32600)] {
        let client = connected(Client::builder().lifecycle(lifecycle)).await;
        for tool in ["delete", "haiku", "folders", "visit"] {
            let error = client.call_tool(tool, json!({ "path": "a" })).await.expect_err(tool);
            assert_eq!(error.code(), Some(code), "{tool}");
        }
    }
    // Declared by hand, and nobody there to answer.
    let mut capabilities = ClientCapabilities::new();
    capabilities.roots = Some(Default::default());
    let client = connected(Client::builder().capabilities(capabilities.clone())).await;
    let error = client.call_tool("folders", ()).await.expect_err("an error");
    assert!(matches!(&error, ClientError::NoHandler(what) if what == "roots/list"), "{error}");
    let builder = Client::builder().capabilities(capabilities).lifecycle(ALL[1]);
    let result = connected(builder).await.call_tool("folders", ()).await.expect("a result");
    assert!(result.is_error, "the server is told that there is no such method");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_has_enough_is_left() {
    let client = connected(approving().max_rounds(2)).await;
    let error = client.call_tool("thrice", ()).await.expect_err("an error");
    assert!(matches!(error, ClientError::TooManyRounds { rounds: 3, .. }), "{error}");
    assert_eq!(client.call_tool("both", ()).await.expect("a result").text(), "true true");
}

#[tokio::test(start_paused = true)]
async fn progress_is_heard_before_the_result() -> Result<(), ClientError> {
    for lifecycle in ALL {
        let (of_call, of_all) = (Heard::default(), Heard::default());
        let (one, all) = (of_call.clone(), of_all.clone());
        let builder = Client::builder().on_progress(move |it| all.note(it.progress.to_string()));
        let client = connected(builder.lifecycle(lifecycle)).await;
        client
            .call_tool("reports", ())
            .on_progress(move |it| one.note(it.progress.to_string()))
            .await?;
        assert_eq!((of_call.all(), of_all.all().len()), (vec!["1.0".into(), "2.0".into()], 2));
        client.call_tool("reports", ()).await?;
        assert_eq!((of_call.all().len(), of_all.all().len()), (2, 4), "{lifecycle:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn log_messages_are_heard_from_the_level_on_that_was_set() -> Result<(), ClientError> {
    for lifecycle in ALL {
        let heard = Heard::default();
        let noting = heard.clone();
        let builder = Client::builder().on_log(move |it| noting.note(it.data.to_string()));
        let client = connected(builder.lifecycle(lifecycle)).await;
        client.call_tool("logs", ()).await?;
        assert_eq!(heard.all(), ["{\"step\":1}", "\"trouble\""], "{lifecycle:?}");
        client.set_level(LoggingLevel::Error).await?;
        client.call_tool("logs", ()).await?;
        assert_eq!(heard.all()[2..], ["\"trouble\""]);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_cancels_it() -> Result<(), ClientError> {
    for lifecycle in ALL {
        let (server, seen) = fixtures::noting();
        let client = Client::builder().lifecycle(lifecycle).connect(&server).await?;
        let call = tokio::time::timeout(Duration::from_secs(1), client.call_tool("waits", ()));
        assert!(call.await.is_err());
        assert_eq!(seen.all(), ["waiting"]);
        // The next answer comes after the server has read the cancellation.
        client.call_tool("echo", json!({ "text": "still there" })).await?;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(seen.all(), ["waiting", "cleaned up"], "{lifecycle:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_call_may_have_a_limit() {
    let (server, seen) = fixtures::noting();
    let builder = Client::builder().timeout(Duration::from_secs(1));
    let client = builder.connect(&server).await.expect("a connection");
    let error = client.call_tool("waits", ()).await.expect_err("an error");
    assert!(matches!(error, ClientError::TimedOut { .. }), "{error}");
    let longer = client.call_tool("slow", ()).timeout(Duration::from_secs(30)).await;
    assert_eq!(longer.expect_err("the server's limit").code(), Some(-32603));
    assert_eq!(seen.all(), ["waiting", "cleaned up"]);
}

#[tokio::test(start_paused = true)]
async fn a_legacy_handler_is_dropped_when_its_question_is_taken_back() {
    struct Noted(Heard);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.0.note("dropped");
        }
    }
    let heard = Heard::default();
    let noting = heard.clone();
    let client = connected(
        Client::builder()
            .on_elicit(move |_| {
                let noted = Noted(noting.clone());
                async move {
                    let _noted = noted;
                    std::future::pending::<Elicited<Value>>().await
                }
            })
            .lifecycle(ALL[1]),
    )
    .await;
    let result = client.call_tool("patient", ()).await.expect("a result");
    assert!(result.text().contains("in time"), "{}", result.text());
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(heard.all(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn changes_are_listened_to() -> Result<(), ClientError> {
    let server = fixtures::server();
    let client = Client::connect(&server).await?;
    let mut filter = SubscriptionFilter::new();
    filter.tools_list_changed = Some(true);
    filter.resource_subscriptions = Some(vec!["docs://manual".to_owned()]);
    let mut subscription = client.listen(filter.clone()).await?;
    assert_eq!(*subscription.acknowledged(), filter);
    server.enable_tool("echo", false);
    server.enable_prompt("review", false);
    server.resource_updated("docs://manual");
    assert_eq!(subscription.next().await?, Some(Change::Tools));
    assert_eq!(subscription.next().await?, Some(Change::Resource("docs://manual".to_owned())));
    let nothing = tokio::time::timeout(Duration::from_secs(1), subscription.next()).await;
    assert!(nothing.is_err());
    // Nothing was lost by giving up.
    server.enable_tool("echo", true);
    assert_eq!(subscription.next().await?, Some(Change::Tools));
    // The end of the connection is the end of the stream, and what was said before is still heard.
    server.enable_tool("echo", false);
    client.close().await?;
    assert_eq!(subscription.next().await?, Some(Change::Tools));
    assert_eq!(subscription.next().await?, None);
    assert_eq!(subscription.next().await?, None);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_makes_room() -> Result<(), ClientError> {
    let mut limits = Limits::default();
    limits.listeners = 1;
    let server = fixtures::builder().0.limits(limits).build().expect("a server");
    let client = Client::connect(&server).await?;
    let subscription = client.listen(SubscriptionFilter::new()).await?;
    let error = client.listen(SubscriptionFilter::new()).await.expect_err("one at a time");
    assert_eq!(error.code(), Some(-32603));
    drop(subscription);
    client.discover().await?;
    tokio::time::sleep(Duration::from_millis(1)).await;
    client.listen(SubscriptionFilter::new()).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn legacy_servers_tell_of_changes_unasked() -> Result<(), ClientError> {
    let server = fixtures::server();
    let heard = Heard::default();
    let noting = heard.clone();
    let client = Client::builder()
        .legacy(Revision::V2025_11_25)
        .on_notification(move |method, params| noting.note(format!("{method} {}", params["uri"])))
        .connect(&server)
        .await?;
    client.subscribe("docs://manual").await?;
    server.enable_tool("echo", false);
    server.resource_updated("docs://manual");
    client.unsubscribe("docs://manual").await?;
    server.resource_updated("docs://manual");
    client.ping().await?;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(
        heard.all(),
        [
            "notifications/tools/list_changed null",
            "notifications/resources/updated \"docs://manual\""
        ]
    );
    let error = client.listen(SubscriptionFilter::new()).await.expect_err("the other era");
    assert!(matches!(error, ClientError::Unsupported(_)));
    let error = Client::connect(&server).await?.subscribe("x").await.expect_err("the other era");
    assert!(matches!(error, ClientError::Unsupported(_)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_state_belongs_to_its_principal() {
    let server = fixtures::builder().0.keys(KeyRing::new([7; 32])).build().expect("a server");
    let connect = async |principal: Option<Principal>| {
        let builder = approving();
        let builder = match principal {
            Some(principal) => builder.principal(principal),
            None => builder,
        };
        builder.connect(&server).await.expect("a connection")
    };
    let alice = Principal::new("https://id.example", "alice");
    let params = json!({ "name": "delete", "arguments": { "path": "a" } });
    let client = connect(Some(alice.clone())).await;
    let asked = client.request("tools/call", params.clone()).await.expect("questions");
    let key = asked["inputRequests"].as_object().and_then(|all| all.keys().next()).expect("a key");
    let mut retry = params;
    retry["requestState"] = asked["requestState"].clone();
    retry["inputResponses"] = json!({ key: { "action": "decline" } });
    for (principal, good) in [
        (Some(Principal::new("https://id.example", "bob")), false),
        (Some(Principal::new("https://other.example", "alice")), false),
        (None, false),
        (Some(alice.with("another claim")), true),
    ] {
        let client = connect(principal.clone()).await;
        let answer = client.request("tools/call", retry.clone()).await;
        assert_eq!(answer.is_ok(), good, "{principal:?}");
        if let Err(error) = answer {
            assert_eq!(error.code(), Some(-32602));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_client_run_at_the_same_time() {
    let client = connected(Client::builder()).await;
    let slow = tokio::spawn(std::future::IntoFuture::into_future(client.call_tool("slow", ())));
    let quick = client.clone().call_tool("echo", json!({ "text": "quick" })).await;
    assert_eq!(quick.expect("a result").text(), "quick");
    assert!(!slow.is_finished());
    assert_eq!(slow.await.expect("no panic").expect_err("the limit").code(), Some(-32603));
}

type Left = Mutex<Option<tokio::task::JoinHandle<()>>>;

/// Leaves a task behind that waits for the call to be cancelled.
#[mcp_tool]
async fn leaves(cx: &Context, left: &State<Arc<Left>>) -> &'static str {
    let cancellation = cx.cancellation();
    let task = tokio::spawn(async move { cancellation.cancelled().await });
    // It waits before the call ends.
    tokio::task::yield_now().await;
    *left.lock().expect("no panic") = Some(task);
    "left"
}

#[tokio::test(start_paused = true)]
async fn elsewhere_a_call_that_has_ended_counts_as_cancelled() -> Result<(), ClientError> {
    for lifecycle in ALL {
        let left = Arc::<Left>::default();
        let builder = mcp_runtime::server!().state(left.clone()).tool::<leaves>();
        let server = builder.build().expect("a server");
        let client = Client::builder().lifecycle(lifecycle).connect(&server).await?;
        assert_eq!(client.call_tool("leaves", ()).await?.text(), "left");
        let task = left.lock().expect("no panic").take().expect("a task");
        let waited = tokio::time::timeout(Duration::from_secs(1), task).await;
        waited.expect("the end of the call").expect("no panic");
    }
    Ok(())
}

/// Asks, and does not wait for long.
#[mcp_tool(input_timeout = "20ms")]
async fn impatient(cx: &Context) -> Result<String, InputError> {
    cx.elicit_with::<Value>("name", "Your name?", json!({ "type": "object", "properties": {} }))
        .await?;
    Ok("answered".to_owned())
}

#[tokio::test]
async fn the_input_timeout_of_a_tool_holds_for_its_questions() -> Result<(), ClientError> {
    let server = mcp_runtime::server!().tool::<impatient>().build().expect("a server");
    let client = Client::builder()
        .legacy(Revision::V2025_11_25)
        .on_elicit(|_| std::future::pending::<Elicited<Value>>())
        .connect(&server)
        .await?;
    let result = client.call_tool("impatient", ()).timeout(Duration::from_secs(30)).await?;
    assert_eq!(result.text(), "nobody answered the request for input in time");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_a_server_says_of_itself_is_there_in_every_lifecycle() -> Result<(), ClientError> {
    for lifecycle in ALL {
        let client = connected(Client::builder().lifecycle(lifecycle)).await;
        let info = client.server_info().await?.expect("ours says it");
        assert_eq!(info.name, "fixtures", "{lifecycle:?}");
        assert_eq!(client.instructions().await?.as_deref(), Some("Call echo."));
        assert!(client.capabilities().await?.tools.is_some());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_modern_server_is_asked_once_what_it_is() -> Result<(), ClientError> {
    let (client, peer) = peer::peer(peer::modern().cache(false), |_, _| {
        peer::Says::Result(json!({ "capabilities": {}, "supportedVersions": ["2026-07-28"] }))
    })
    .await?;
    assert_eq!(client.server_info().await?, None, "it does not say");
    client.capabilities().await?;
    assert_eq!(client.instructions().await?, None);
    assert_eq!(peer.asked("server/discover"), 1);
    client.discover().await?;
    assert_eq!(peer.asked("server/discover"), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_not_there_is_known_in_every_lifecycle() {
    for lifecycle in ALL {
        let client = connected(Client::builder().lifecycle(lifecycle)).await;
        let error = client.read_resource("docs://nothing").await.expect_err("no such resource");
        assert!(error.is_resource_not_found(), "{lifecycle:?}: {error}");
        let error = client.call_tool("no such tool", ()).await.expect_err("no such tool");
        assert!(!error.is_resource_not_found(), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn roots_may_change() -> Result<(), ClientError> {
    let legacy = Client::builder().legacy(Revision::V2025_11_25).roots([Root::new("file:///a")]);
    let (client, peer) = peer::peer(legacy, |_, _| {
        peer::Says::Result(json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "serverInfo": { "name": "x", "version": "1" },
        }))
    })
    .await?;
    assert_eq!(
        peer.heard_of("initialize")[0]["capabilities"]["roots"],
        json!({ "listChanged": true })
    );
    client.set_roots([Root::new("file:///b")]).await?;
    client.ping().await?;
    assert_eq!(peer.asked("notifications/roots/list_changed"), 1);
    for lifecycle in ALL {
        let client = connected(Client::builder().roots([]).lifecycle(lifecycle)).await;
        client.set_roots([Root::new("file:///b")]).await?;
        let found = client.call_tool("folders", ()).await?;
        assert!(found.text().contains("file:///b"), "{lifecycle:?}: {}", found.text());
    }
    let error = connected(Client::builder()).await.set_roots([]).await.expect_err("none declared");
    assert!(matches!(error, ClientError::Unsupported(_)));
    Ok(())
}
