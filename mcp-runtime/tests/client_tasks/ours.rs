//! The client and our own server, in both eras.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use mcp_runtime::client::{Client, ClientBuilder, ClientError, Lifecycle, TaskStatus, TaskWish};
use mcp_runtime::{Elicited, Principal, Revision, Server};
use serde_json::json;

use crate::fake::told;
use crate::tasks_peer::server_with;
use crate::tasks_peer::tools::Gate;

const ERAS: [Lifecycle; 2] = [Lifecycle::Modern, Lifecycle::Legacy(Revision::V2025_11_25)];

fn server() -> (Server, Arc<Gate>) {
    server_with(|settings| settings.notify = true)
}

fn builder(era: Lifecycle) -> ClientBuilder {
    Client::builder()
        .lifecycle(era)
        .on_elicit(|_| async { Elicited::Accepted(json!({ "approved": true })) })
}

async fn clients(server: &Server) -> [(Lifecycle, Client); 2] {
    let mut clients = Vec::new();
    for era in ERAS {
        clients.push((era, builder(era).connect(server).await.expect("a client")));
    }
    clients.try_into().expect("two")
}

// L13, X6, X13, X82, X83, L92, L93
#[tokio::test(start_paused = true)]
async fn a_call_comes_to_what_its_tool_returned_task_or_not() {
    let (server, gate) = server();
    for (era, client) in clients(&server).await {
        for tool in ["rich", "rich_job"] {
            let result = client.call_tool(tool, ()).await.expect("a result");
            assert_eq!(result.text(), "a text", "{era:?}");
            assert_eq!(result.structured, Some(json!({ "hits": 2 })), "{era:?}");
            assert_eq!(result.content.len(), 2);
        }
        let failed = client.call_tool("failing_job", ()).await.expect("a result");
        assert!(failed.is_error && failed.text().contains("out of paper"), "{era:?}");
        let error = client.call_tool("refusing_job", ()).await.expect_err("an error");
        assert_eq!(error.code(), Some(-7), "{era:?}: {error}");
        assert_eq!(error.rpc().and_then(|error| error.data.clone()), Some(json!("try tomorrow")));
        let error = client.call_tool("panicking_job", ()).await.expect_err("an error");
        assert_eq!(error.code(), Some(-32603), "{era:?}: {error}");
        gate.open();
        assert_eq!(client.call_tool("job", ()).await.expect("a result").text(), "done");
    }
}

// L36, L39, L40, X17, X18, X41, X53
#[tokio::test(start_paused = true)]
async fn questions_of_tasks_are_answered_by_the_handlers() {
    let (server, gate) = server();
    for (era, client) in clients(&server).await {
        for (tool, text) in [
            ("ask", "approved: true"),
            ("ask_twice", "true true"),
            ("ask_again", "true true"),
            ("prepared", "true true"),
            ("ask_and_work", "approved: true"),
        ] {
            gate.open();
            let result = client.call_tool(tool, ()).await.expect("a result");
            assert_eq!(result.text(), text, "{era:?} {tool}");
            if tool != "ask_and_work" {
                // It was not needed.
                gate.close();
            }
        }
    }
}

// X3, X4: a call that takes long is promoted, and its caller sees no difference.
#[tokio::test(start_paused = true)]
async fn a_call_that_becomes_a_task_while_it_runs_is_one_call() {
    let (server, gate) = server();
    let client = builder(Lifecycle::Modern).connect(&server).await.expect("a client");
    let handle = client.call_tool("slow", ()).task().await.expect("a handle");
    assert!(handle.id().is_some());
    assert_eq!(handle.get().await.expect("a status"), TaskStatus::Working);
    gate.open();
    assert_eq!(handle.result().await.expect("a result").text(), "done");
    assert_eq!(gate.noted(), ["slow begins", "slow ends"]);
    // Who wants no task waits for the same.
    gate.open();
    let plain = client.call_tool("slow", ()).as_task(TaskWish::Never).task().await;
    let plain = plain.expect("an answer");
    assert_eq!((plain.id(), plain.result().await.expect("a result").text()), (None, "done".into()));
}

// L77, X55, X58, X60
#[tokio::test(start_paused = true)]
async fn a_cancelled_task_is_told_from_a_failed_one() {
    let (server, gate) = server();
    for (era, client) in clients(&server).await {
        let handle = client.call_tool("talks_on", ()).task().await.expect("a handle");
        handle.cancel().await.expect("acknowledged");
        assert_eq!(handle.wait().await.expect("an end"), TaskStatus::Cancelled, "{era:?}");
        let error = handle.result().await.expect_err("no result");
        assert!(matches!(error, ClientError::TaskCancelled { .. }), "{era:?}: {error}");
        // Again: as it is.
        assert_eq!(handle.cancel().await.expect("a status"), TaskStatus::Cancelled, "{era:?}");
        // A call that is dropped takes its task along.
        let call =
            tokio::spawn(std::future::IntoFuture::into_future(client.call_tool("talks_on", ())));
        tokio::time::sleep(Duration::from_secs(3)).await;
        let before = gate.noted().len();
        call.abort();
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(gate.noted().len(), before + 1, "{era:?}: it was told");
    }
}

// L24, X28: many at once, with one connection.
#[tokio::test(start_paused = true)]
async fn many_tasks_at_once_come_to_their_ends() {
    const MANY: usize = 60;
    let (server, gate) = server();
    for (era, client) in clients(&server).await {
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..MANY {
            let call = client.call_tool("ask_and_work", ());
            calls.spawn(std::future::IntoFuture::into_future(call));
        }
        tokio::time::sleep(Duration::from_secs(20)).await;
        for _ in 0..MANY {
            gate.open();
        }
        while let Some(result) = calls.join_next().await {
            let result = result.expect("no panic").expect("a result");
            assert_eq!(result.text(), "approved: true", "{era:?}");
        }
    }
}

// L63 to L66, D16, X68
#[tokio::test(start_paused = true)]
async fn a_stream_tells_what_a_task_reports() {
    let (server, gate) = server();
    for (era, client) in clients(&server).await {
        let events = tokio::spawn(told(client.call_tool("reports", ()).stream()));
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_secs(100)).await;
            gate.open();
        }
        let events = events.await.expect("no panic");
        assert_eq!(events.first().map(String::as_str), Some("created working"));
        assert_eq!(events.last().map(String::as_str), Some("done reported"));
        let has = |event: &str| events.iter().any(|it| it == event);
        if era == Lifecycle::Modern {
            assert!(has("working, one"), "{events:?}");
        } else {
            assert!(has("progress 1.0") && has("progress 2.0"), "{events:?}");
        }
        assert!(events.iter().any(|it| it.starts_with("completed")), "{events:?}");
    }
}

// L67, L70
#[tokio::test(start_paused = true)]
async fn a_client_that_is_known_lists_its_tasks() {
    let (server, _gate) = server();
    let known = Principal::new("https://issuer.example", "somebody");
    let client = builder(ERAS[1]).principal(known).connect(&server).await.expect("a client");
    let mut created = Vec::new();
    for _ in 0..3 {
        let handle = client.call_tool("job", ()).task().await.expect("a handle");
        created.push(handle.id().expect("a task").to_owned());
    }
    let listed = client.tasks().expect("it is declared").map_ok(|task| task.id);
    let mut listed: Vec<String> = listed.try_collect().await.expect("a list");
    listed.sort();
    created.sort();
    assert_eq!(listed, created);
}

// D9, X71, L82
#[tokio::test(start_paused = true)]
async fn a_ticket_of_an_unknown_task_is_refused_in_both_eras() {
    let (server, _gate) = server();
    for (era, client) in clients(&server).await {
        let handle = client.call_tool("job", ()).task().await.expect("a handle");
        let ticket = serde_json::to_value(handle.ticket().expect("a ticket")).expect("JSON");
        let mut wrong = ticket.clone();
        wrong["taskId"] = json!("nobody's");
        let wrong = serde_json::from_value(wrong).expect("a ticket");
        let error = client.resume(wrong).await.expect_err("no task");
        assert!(matches!(error, ClientError::UnknownTask { .. }), "{era:?}: {error}");
        let ticket = serde_json::from_value(ticket).expect("a ticket");
        let same = client.resume(ticket).await.expect("the task");
        assert_eq!(same.id(), handle.id());
    }
}
