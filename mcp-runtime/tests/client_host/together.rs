//! Our server asks our client, in memory.

use std::future::IntoFuture as _;
use std::time::Duration;

use mcp_runtime::client::{Client, ClientBuilder};
use mcp_runtime::{Elicited, Revision, TaskSettings};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::asks::User;
use crate::tools::server;

async fn connected(builder: ClientBuilder) -> Client {
    let builder = builder.legacy(Revision::V2025_11_25);
    builder.connect(&server()).await.expect("a connection")
}

fn settings() -> Option<TaskSettings> {
    Some(TaskSettings::hosted())
}

async fn ask(client: &Client, message: &str) -> String {
    let result = client.call_tool("name", json!({ "message": message })).await.expect("a result");
    result.text().to_owned()
}

// L16, L20, L51, L53, L89, L92: accepted, declined, refused, and a handler that panics.
#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_the_task_the_tool_hears_of_it() {
    let user = User::new();
    user.answers(4);
    let client = connected(user.client(settings())).await;
    assert_eq!(
        client.call_tool("hosts", ()).await.expect("a result").text(),
        "[true, true, false]"
    );
    assert_eq!(ask(&client, "Eve").await, "accepted Eve");
    assert_eq!(ask(&client, "decline").await, "declined");
    assert!(ask(&client, "refuse").await.contains("nobody is here"));
    assert!(ask(&client, "panic").await.contains("panicked"));
    assert_eq!(client.call_tool("write", ()).await.expect("a result").text(), "Paris");
    client.close().await.expect("a good end");
}

// The same function, and clients that host no tasks.
#[tokio::test(start_paused = true)]
async fn who_hosts_nothing_is_asked_as_ever() {
    for lifecycle in [
        mcp_runtime::client::Lifecycle::Modern,
        mcp_runtime::client::Lifecycle::Legacy(Revision::V2025_11_25),
        mcp_runtime::client::Lifecycle::Legacy(Revision::V2025_06_18),
    ] {
        for hosting in [None, settings()] {
            let user = User::new();
            user.answers(1);
            let builder = user.client(hosting).lifecycle(lifecycle);
            let client = builder.connect(&server()).await.expect("a connection");
            assert_eq!(ask(&client, "Eve").await, "accepted Eve", "{lifecycle:?}");
        }
    }
}

// L24, L101: many at the same time, each with its own answer.
#[tokio::test(start_paused = true)]
async fn many_at_once() {
    let user = User::new();
    let client = connected(user.client(settings())).await;
    let mut calls = JoinSet::new();
    for number in 0..50 {
        let client = client.clone();
        calls.spawn(async move { (number, ask(&client, &format!("user {number}")).await) });
    }
    while user.begun() < 50 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    user.answers(50);
    let mut seen = 0;
    while let Some(call) = calls.join_next().await {
        let (number, said) = call.expect("no panic");
        assert_eq!(said, format!("accepted user {number}"));
        seen += 1;
    }
    assert_eq!(seen, 50);
}

// Two questions of one call, of both kinds.
#[tokio::test(start_paused = true)]
async fn a_page_and_a_message_at_the_same_time() {
    let client = Client::builder()
        .on_elicit(|_| async { Elicited::Accepted(Value::Null) })
        .on_sample(|_| async { "Paris" })
        .host_tasks(TaskSettings::hosted());
    let client = connected(client).await;
    let said = client.call_tool("both", ()).await.expect("a result");
    assert_eq!(said.text(), "Accepted(()) Paris");
}

// L72, L77: a call that is dropped drops the handler at the client's.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_takes_the_clients_task_along() {
    let user = User::new();
    let client = connected(user.client(settings())).await;
    let calling = client.call_tool("name", json!({ "message": "Eve" })).into_future();
    let calling = tokio::spawn(calling);
    while user.begun() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    calling.abort();
    assert_eq!(user.until_dropped().await, ["Eve"]);
}

// L77: so does a question whose time is over. That time, and the lifetime of tasks, are the clock's.
#[tokio::test]
async fn a_question_whose_time_is_over_takes_the_clients_task_along() {
    let user = User::new();
    let client = connected(user.client(settings())).await;
    let said = client.call_tool("soon", ()).await.expect("a result");
    assert!(said.text().contains("in time"), "{}", said.text());
    assert_eq!(user.until_dropped().await, ["Who?"]);
}

// L46, L82, L88: a task that has ceased to exist at the client's.
#[tokio::test]
async fn a_task_that_expires_is_a_question_without_an_answer() {
    let user = User::new();
    let mut settings = TaskSettings::hosted();
    settings.min_ttl = Duration::from_millis(500);
    settings.max_ttl = settings.min_ttl;
    settings.poll_interval = settings.min_ttl;
    let client = connected(user.client(Some(settings))).await;
    let said = ask(&client, "Eve").await;
    assert!(said.contains("unknown task"), "{said}");
    assert_eq!(user.until_dropped().await, ["Eve"]);
}

// The client goes: nobody waits for its task.
#[tokio::test(start_paused = true)]
async fn a_client_that_closes_ends_its_tasks() {
    let user = User::new();
    let client = connected(user.client(settings())).await;
    let calling = client.call_tool("name", json!({ "message": "Eve" })).into_future();
    let calling = tokio::spawn(calling);
    while user.begun() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client.close().await.expect("a good end");
    assert_eq!(user.until_dropped().await, ["Eve"]);
    drop(calling);
}
