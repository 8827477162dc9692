//! What is left of a task when the waiting for it ends: the task itself, and its ticket.

use std::future::IntoFuture as _;
use std::time::Duration;

use mcp_runtime::client::{
    Client, ClientBuilder, ClientError, TaskHandles, TaskStatus, TaskTicket,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::{hi, modern, task, task_with};

/// A folder of tickets, and a client that keeps its own there if it is to.
fn keeping(kept: bool) -> (TempDir, TaskHandles, ClientBuilder) {
    let folder = tempfile::tempdir().expect("a folder");
    let handles = TaskHandles::open(folder.path()).expect("a folder");
    let builder = Client::builder();
    let builder = if kept { builder.keep_tasks(handles.clone()) } else { builder };
    (folder, handles, builder)
}

async fn count(handles: &TaskHandles) -> usize {
    handles.list().await.expect("a list").0.len()
}

fn ticket(id: &str) -> TaskTicket {
    TaskTicket::new(id, mcp_runtime::Revision::V2026_07_28)
}

// The error names it: it can be waited for again, or cancelled.
#[tokio::test(start_paused = true)]
async fn a_task_outlives_the_patience_of_who_waits() {
    for kept in [true, false] {
        let (_folder, handles, builder) = keeping(kept);
        let builder = builder.task_deadline(Duration::from_secs(10));
        let (client, mut server) = modern(builder).await;
        let call = tokio::spawn(client.call_tool("x", ()).into_future());
        let slow = |status| task_with(status, json!({ "pollIntervalMs": 60_000 }));
        server.create(slow("working")).await;
        let error = call.await.expect("no panic").expect_err("no result");
        let ClientError::TaskDeadline { task, .. } = &error else { panic!("{error}") };
        server.silence().await;
        assert_eq!(count(&handles).await, usize::from(kept));
        let resumed = tokio::spawn({
            let (client, ticket) = (client.clone(), ticket(task));
            async move { client.resume(ticket).await?.result().await }
        });
        server.expect("tasks/get", slow("completed")).await;
        server.expect("tasks/get", task_with("completed", json!({ "result": hi() }))).await;
        assert_eq!(resumed.await.expect("no panic").expect("a result").text(), "hi");
        assert_eq!(count(&handles).await, 0);
    }
}

// What cannot be found again is cancelled; what can is there after the outage.
#[tokio::test(start_paused = true)]
async fn a_task_outlives_an_outage_where_its_ticket_is_kept() {
    for kept in [true, false] {
        let (_folder, handles, builder) = keeping(kept);
        let (client, mut server) = modern(builder).await;
        let call = tokio::spawn(client.call_tool("x", ()).into_future());
        server.create(task("working")).await;
        for _ in 0..7 {
            let request = server.request("tasks/get").await;
            server.refuse(&request, -32603, "the database is away").await;
        }
        let error = call.await.expect("no panic").expect_err("no result");
        assert_eq!(error.code(), Some(-32603));
        if kept {
            server.silence().await;
            assert_eq!(count(&handles).await, 1);
        } else {
            server.expect("tasks/cancel", json!({})).await;
        }
    }
}

// It is not the task's time alone that ends: whoever drops a call means it.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_takes_its_ticket_along() {
    let (_folder, handles, builder) = keeping(true);
    let (client, mut server) = modern(builder).await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(task("working")).await;
    server.expect("tasks/get", task("working")).await;
    call.abort();
    server.expect("tasks/cancel", json!({})).await;
    server.silence().await;
    assert_eq!(count(&handles).await, 0);
}

#[tokio::test(start_paused = true)]
async fn tickets_of_tasks_that_are_gone_go_too() {
    // Not there any more when it is taken up.
    let (_folder, handles, builder) = keeping(true);
    let (client, mut server) = modern(builder).await;
    handles.save(&ticket("t-1")).await.expect("saved");
    let resumed = tokio::spawn({
        let client = client.clone();
        async move { client.resume(ticket("t-1")).await }
    });
    let request = server.request("tasks/get").await;
    server.refuse(&request, -32602, "no such task").await;
    let error = resumed.await.expect("no panic").expect_err("no task");
    assert!(matches!(error, ClientError::UnknownTask { .. }), "{error}");
    assert_eq!(count(&handles).await, 0);

    // Not there any more when it is looked at.
    let handle = tokio::spawn(client.call_tool("x", ()).task());
    server.create(task("working")).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    assert_eq!(count(&handles).await, 1);
    let get = tokio::spawn(async move { handle.get().await });
    let request = server.request("tasks/get").await;
    server.refuse(&request, -32602, "no such task").await;
    get.await.expect("no panic").expect_err("no task");
    assert_eq!(count(&handles).await, 0);

    // There for longer than it was to be; the server has other troubles, too.
    let mortal = || task_with("working", json!({ "ttlMs": 10_000, "pollIntervalMs": 20_000 }));
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(mortal()).await;
    server.expect("tasks/get", mortal()).await;
    let error = call.await.expect("no panic").expect_err("no result");
    assert!(matches!(error, ClientError::TaskExpired { .. }), "{error}");
    let request = server.request("tasks/cancel").await;
    server.refuse(&request, -32603, "the database is away").await;
    server.silence().await;
    assert_eq!(count(&handles).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_stays_until_the_result_was_taken() {
    let (_folder, handles, builder) = keeping(true);
    let (client, mut server) = modern(builder).await;
    let handle = tokio::spawn(client.call_tool("x", ()).task());
    server.create(task("working")).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    let wait = tokio::spawn({
        let handle = handle.clone();
        async move { handle.wait().await }
    });
    let done: Value = task_with("completed", json!({ "result": hi() }));
    server.expect("tasks/get", done).await;
    let status = wait.await.expect("no panic").expect("an end");
    assert_eq!((status, count(&handles).await), (TaskStatus::Completed, 1));
    assert_eq!(handle.result().await.expect("a result").text(), "hi");
    assert_eq!(count(&handles).await, 0);
}
