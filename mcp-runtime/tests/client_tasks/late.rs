//! What comes too late, or never: answers that cross, and answers that the server does not take.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcp_runtime::Elicited;
use mcp_runtime::client::{Client, ClientBuilder, TaskStatus};
use serde_json::{Value, json};

use crate::fake::{form, hi, modern, task, task_with};

/// Takes its time to answer, and counts how often it is asked.
fn eliciting() -> (ClientBuilder, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let builder = Client::builder().on_elicit(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            Elicited::Accepted(json!({ "ok": true }))
        }
    });
    (builder, asked)
}

fn asks(more: Value) -> Value {
    let mut asks = task_with("input_required", json!({ "inputRequests": { "a": form("Sure?") } }));
    asks.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    asks
}

#[tokio::test(start_paused = true)]
async fn answers_that_the_server_never_takes_are_given_up() {
    let (builder, asked) = eliciting();
    let (client, mut server) = modern(builder).await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(task("working")).await;
    let mut updates = 0;
    // Looks go well all the while.
    let serving = async {
        loop {
            let request = server.any().await;
            match request.method.as_str() {
                "tasks/get" => server.answer(&request, asks(json!({}))).await,
                "tasks/update" => {
                    updates += 1;
                    server.refuse(&request, -32603, "the disk is full").await;
                }
                _ => server.refuse(&request, -32601, "no such method").await,
            }
        }
    };
    let error = tokio::select! {
        result = tokio::time::timeout(Duration::from_secs(600), call) => result,
        () = serving => unreachable!("the server goes on"),
    };
    let error = error.expect("in time").expect("no panic").expect_err("no result");
    assert_eq!((error.code(), updates), (Some(-32603), 7));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

// The call is dropped while its answer is on the way.
#[tokio::test(start_paused = true)]
async fn a_task_that_crosses_its_cancellation_is_cancelled() {
    let (client, mut server) = modern(Client::builder()).await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    let request = server.request("tools/call").await;
    call.abort();
    assert_eq!(server.next().await["method"], "notifications/cancelled");
    let mut created = task("working");
    created["resultType"] = json!("task");
    server.answer(&request, created).await;
    assert_eq!(server.expect("tasks/cancel", json!({})).await["taskId"], "t-1");
    server.silence().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_before_the_end_does_not_take_it_back() {
    let (client, mut server) = modern(Client::builder()).await;
    let handle = tokio::spawn(client.call_tool("x", ()).task());
    server.create(task("working")).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    let get = || {
        let handle = handle.clone();
        tokio::spawn(async move { handle.get().await })
    };
    let slow = get();
    let first = server.request("tasks/get").await;
    let quick = get();
    server.expect("tasks/get", task("completed")).await;
    assert_eq!(quick.await.expect("no panic").expect("a status"), TaskStatus::Completed);
    server.answer(&first, task("working")).await;
    assert_eq!(slow.await.expect("no panic").expect("a status"), TaskStatus::Completed);
    assert_eq!(handle.info().expect("a task").status, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn an_older_notification_takes_no_question_back() {
    let (builder, asked) = eliciting();
    let (client, mut server) = modern(builder).await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(task("working")).await;
    let later = json!({ "lastUpdatedAt": "2026-07-28T10:00:05Z" });
    server.expect("tasks/get", asks(later.clone())).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    // From before the question.
    server.notify("notifications/tasks", task("working")).await;
    let update = loop {
        let request = server.any().await;
        match request.method.as_str() {
            "tasks/get" => server.answer(&request, asks(later.clone())).await,
            "tasks/update" => break request,
            _ => server.refuse(&request, -32601, "no such method").await,
        }
    };
    server.answer(&update, json!({})).await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let result = tokio::spawn(call);
    loop {
        let request = server.any().await;
        if request.method == "tasks/get" {
            let done = task_with(
                "completed",
                json!({ "result": hi(), "lastUpdatedAt": "2026-07-28T10:00:09Z" }),
            );
            server.answer(&request, done).await;
            break;
        }
        server.refuse(&request, -32601, "no such method").await;
    }
    let result = result.await.expect("no panic").expect("no panic").expect("a result");
    assert_eq!(result.text(), "hi");
}
