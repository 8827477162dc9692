//! Tickets, and the folder that keeps them.

use std::fs;
use std::future::IntoFuture as _;

use mcp_runtime::client::{Client, ClientError, TaskHandles, TaskTicket};
use serde_json::{Value, json};

use crate::fake::{form, hi, modern, task, task_with};

fn ticket(id: &str, created: u64, answered: &[&str]) -> TaskTicket {
    serde_json::from_value(json!({
        "taskId": id,
        "revision": "2026-07-28",
        "tool": "x",
        "createdMs": created,
        "answered": answered,
    }))
    .expect("a ticket")
}

fn ids(tickets: &[TaskTicket]) -> Vec<&str> {
    tickets.iter().map(TaskTicket::task_id).collect()
}

// X29, L111
#[tokio::test]
async fn tickets_are_kept_replaced_found_and_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a/b");
    let handles = TaskHandles::open(&path).expect("a folder");
    // Whatever an id is made of, it is a file of this folder.
    let odd = ticket("../../etc/passwd\u{0}\n", 1, &[]);
    let second = ticket("t-2", 2, &[]);
    for ticket in [&second, &odd] {
        handles.save(ticket).await.expect("saved");
    }
    let answered = ticket("t-2", 2, &["a", "b"]);
    handles.save(&answered).await.expect("saved");
    // As another process would.
    let again = TaskHandles::open(&path).expect("the folder");
    let (tickets, damaged) = again.list().await.expect("a list");
    assert_eq!((&tickets[..], damaged.len()), (&[odd.clone(), answered.clone()][..], 0));
    assert_eq!(tickets[1].answered().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(again.get(None, "t-2").await.expect("read"), Some(answered));
    assert_eq!(again.get(Some("elsewhere"), "t-2").await.expect("read"), None);
    assert_eq!(fs::read_dir(&path).expect("a folder").count(), 2, "no temporary file is left");
    #[cfg(unix)]
    for entry in fs::read_dir(&path).expect("a folder") {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = entry.expect("a file").metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o077, 0, "X88: an id may be all that is needed");
    }
    again.remove(&odd).await.expect("removed");
    again.remove(&odd).await.expect("removed already");
    assert_eq!(ids(&handles.list().await.expect("a list").0), ["t-2"]);
}

#[tokio::test]
async fn a_damaged_ticket_is_named_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let handles = TaskHandles::open(folder.path()).expect("a folder");
    handles.save(&ticket("t-1", 1, &[])).await.expect("saved");
    let long = "x".repeat((1 << 20) + 1);
    for (name, text) in [("a.json", "{\"taskId\":"), ("b.json", ""), ("c.json", &long)] {
        fs::write(folder.path().join(name), text).expect("written");
    }
    fs::write(folder.path().join("notes.txt"), "not a ticket").expect("written");
    let (tickets, damaged) = handles.list().await.expect("a list");
    assert_eq!(ids(&tickets), ["t-1"]);
    let names: Vec<_> =
        damaged.iter().map(|it| it.path.file_name().expect("a name").to_string_lossy()).collect();
    assert_eq!(names, ["a.json", "b.json", "c.json"]);
    assert!(damaged[0].to_string().contains("a.json"), "{}", damaged[0]);
    assert!(damaged[2].problem.contains("longer"), "{}", damaged[2]);
    assert_eq!(fs::read_to_string(folder.path().join("a.json")).expect("a file"), "{\"taskId\":");
}

// X29: before the caller hears of it, until its result was taken. X51: with the questions that were answered.
#[tokio::test]
async fn a_task_is_written_down_before_anybody_hears_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let handles = TaskHandles::open(folder.path()).expect("a folder");
    let builder = Client::builder().keep_tasks(handles.clone());
    let (client, mut server) = modern(builder).await;
    let quick = |status: &str, more: Value| {
        let mut task = task_with(status, more);
        task["pollIntervalMs"] = json!(50);
        task
    };
    let handle = tokio::spawn(client.call_tool("x", ()).task());
    server.create(quick("working", json!({ "ttlMs": 60_000 }))).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    let (kept, _) = handles.list().await.expect("a list");
    assert_eq!(kept, [handle.ticket().expect("a ticket")]);
    assert_eq!((kept[0].tool(), kept[0].revision()), ("x", "2026-07-28"));
    assert_eq!(kept[0].ttl().map(|ttl| ttl.as_secs()), Some(60));

    let asks = quick("input_required", json!({ "inputRequests": { "a": form("A?") } }));
    let answering = tokio::spawn({
        let handle = handle.clone();
        async move { handle.answer("a", json!({ "action": "decline" })).await }
    });
    server.expect("tasks/get", asks.clone()).await;
    server.expect("tasks/update", json!({})).await;
    answering.await.expect("no panic").expect("answered");
    let (kept, _) = handles.list().await.expect("a list");
    assert_eq!(kept[0].answered().collect::<Vec<_>>(), ["a"]);

    // Another process takes it up, and does not ask what was answered, whatever the server lists.
    let builder = Client::builder()
        .on_elicit(|_| async { mcp_runtime::Elicited::<Value>::Declined })
        .keep_tasks(handles.clone());
    let (other, mut server) = modern(builder).await;
    let resumed = tokio::spawn({
        let ticket = kept[0].clone();
        async move { other.resume(ticket).await }
    });
    server.expect("tasks/get", asks.clone()).await;
    let resumed = resumed.await.expect("no panic").expect("a handle");
    assert!(resumed.questions().is_empty());
    let result = tokio::spawn(async move { resumed.result().await });
    server.expect("tasks/get", asks).await;
    server.expect("tasks/get", quick("completed", json!({ "result": hi() }))).await;
    assert_eq!(result.await.expect("no panic").expect("a result").text(), "hi");
    assert_eq!(handles.list().await.expect("a list").0, [], "it was taken");
}

#[tokio::test]
async fn a_task_that_cannot_be_written_down_is_cancelled_and_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gone");
    let handles = TaskHandles::open(&path).expect("a folder");
    fs::remove_dir(&path).expect("an empty folder");
    let (client, mut server) = modern(Client::builder().keep_tasks(handles)).await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(task("working")).await;
    let error = call.await.expect("no panic").expect_err("no disk");
    assert!(matches!(error, ClientError::Handle { .. }), "{error}");
    server.expect("tasks/cancel", json!({})).await;
}

/// However it is learned.
#[tokio::test]
async fn a_ticket_of_a_task_that_was_cancelled_is_not_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let handles = TaskHandles::open(folder.path()).expect("a folder");
    let (client, mut server) = modern(Client::builder().keep_tasks(handles.clone())).await;
    let calling = tokio::spawn(client.call_tool("x", ()).task());
    server.create(task("working")).await;
    let handle = calling.await.expect("no panic").expect("a handle");
    for (status, kept) in [("working", 1), ("cancelled", 0)] {
        let asking = tokio::spawn({
            let handle = handle.clone();
            async move { handle.get().await }
        });
        server.expect("tasks/get", task(status)).await;
        asking.await.expect("no panic").expect("a status");
        assert_eq!(handles.list().await.expect("a list").0.len(), kept, "{status}");
    }
}

#[tokio::test]
async fn a_ticket_of_a_task_that_is_gone_says_so() {
    let (client, mut server) = modern(Client::builder()).await;
    let resumed = tokio::spawn(async move { client.resume(ticket("t-1", 1, &[])).await });
    let request = server.request("tasks/get").await;
    server.refuse(&request, -32602, "no such task").await;
    let error = resumed.await.expect("no panic").expect_err("no task");
    assert!(matches!(&error, ClientError::UnknownTask { task, .. } if task == "t-1"), "{error}");
}
