//! What changes while a server runs, and what stands between a call and its tool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_runtime::client::{Client, ClientError};
use mcp_runtime::{
    Call, Completion, Next, Outcome, Partial, State, ToolDefinition, layer_fn, mcp_resource,
    mcp_tool,
};
use serde_json::json;

/// Says its name.
#[mcp_tool]
async fn first() -> &'static str {
    "first"
}

/// Says its name.
#[mcp_tool]
async fn last() -> &'static str {
    "last"
}

async fn names(client: &Client) -> Result<Vec<String>, ClientError> {
    Ok(client.list_tools().await?.into_iter().map(|tool| tool.name).collect())
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_is_replaced_keeps_its_place() -> Result<(), ClientError> {
    let server = mcp_runtime::server!().tool::<first>().tool::<last>().build().expect("a server");
    let client = Client::connect(&server).await?;
    assert_eq!(names(&client).await?, ["first", "last"]);
    server
        .replace_tool(ToolDefinition::new("first"), async |_: Call| "another")
        .expect("a good definition");
    assert_eq!(names(&client).await?, ["first", "last"]);
    assert_eq!(client.call_tool("first", ()).await?.text(), "another");

    let bad = ToolDefinition::new("first").input_schema(json!([]));
    let error = server.replace_tool(bad, async |_: Call| "a third").expect_err("a bad definition");
    assert!(error.to_string().contains("input schema"), "{error}");
    assert_eq!(client.call_tool("first", ()).await?.text(), "another");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn layers_stand_before_every_tool_those_added_later_among_them() -> Result<(), ClientError> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let counting = layer_fn(move |call: Call, next: Next| {
        let counted = counted.clone();
        async move {
            counted.fetch_add(1, Ordering::SeqCst);
            next.run(call).await
        }
    });
    async fn closed(call: Call, next: Next) -> Outcome {
        if call.target() == "last" { Outcome::failed("closed") } else { next.run(call).await }
    }
    let server = mcp_runtime::server!()
        .layer(counting)
        .tool::<first>()
        .tool_with::<last>(layer_fn(closed))
        .build()
        .expect("a server");
    server.add_tool(ToolDefinition::new("late"), async |_: Call| "late").expect("a definition");
    let client = Client::connect(&server).await?;
    assert_eq!(client.call_tool("first", ()).await?.text(), "first");
    let refused = client.call_tool("last", ()).await?;
    assert_eq!((refused.is_error, &*refused.text()), (true, "closed"));
    assert_eq!(client.call_tool("late", ()).await?.text(), "late");
    assert_eq!(count.load(Ordering::SeqCst), 3);
    Ok(())
}

struct Shelf(Vec<&'static str>);

async fn titles(typed: Partial) -> Completion {
    let shelf = typed.state::<Shelf>();
    let all = shelf.iter().flat_map(|shelf| &shelf.0);
    all.filter(|title| title.starts_with(&typed.value)).copied().collect()
}

/// A book.
#[mcp_resource("book://{title}")]
async fn book(shelf: &State<Shelf>, #[arg(complete = titles)] title: String) -> Option<String> {
    shelf.0.contains(&&*title).then(|| format!("{title}, the whole of it"))
}

#[tokio::test(start_paused = true)]
async fn suggestions_may_depend_on_the_servers_state() -> Result<(), ClientError> {
    let server = mcp_runtime::server!()
        .state(Shelf(vec!["Emma", "Evelina", "Ulysses"]))
        .resource::<book>()
        .build()
        .expect("a server");
    let client = Client::connect(&server).await?;
    let found = client.complete_resource("book://{title}", "title", "E").await?;
    assert_eq!(found.values, ["Emma", "Evelina"]);
    Ok(())
}
