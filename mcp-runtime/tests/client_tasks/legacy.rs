//! Tasks of revision 2025-11-25, against a server that follows a script.

use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use mcp_runtime::Elicited;
use mcp_runtime::client::{Client, ClientBuilder, ClientError, TaskStatus, TaskWish};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::fake::{Fake, RELATED, all, form, hi, legacy, old_task, short, told};

async fn client() -> (Client, Fake) {
    legacy(Client::builder(), all()).await
}

fn eliciting() -> ClientBuilder {
    Client::builder().on_elicit(|_| async { Elicited::Accepted(json!({ "ok": true })) })
}

/// Asks in the name of the task.
async fn ask(server: &mut Fake, id: Value, message: &str) {
    let mut question = form(message);
    question["params"]["_meta"] = json!({ RELATED: { "taskId": "t-1" } });
    question["jsonrpc"] = json!("2.0");
    question["id"] = id;
    server.send(question).await;
}

// L4, L5, L6, L9, L10, L12, L13
#[tokio::test(start_paused = true)]
async fn a_task_is_asked_for_where_server_and_tool_allow_it_and_only_there() {
    let wishes = [TaskWish::Never, TaskWish::IfRequired, TaskWish::IfAllowed];
    for (tasks, takes) in [
        (all(), true),
        (json!({ "requests": { "tools": { "call": {} } } }), true),
        // L6: what is not named cannot be a task.
        (json!({ "list": {}, "cancel": {}, "requests": {} }), false),
        (json!({ "requests": { "tools": {} } }), false),
        (Value::Null, false),
    ] {
        let (client, mut server) = legacy(Client::builder(), tasks.clone()).await;
        for tool in ["required", "optional", "forbidden", "silent", "unlisted"] {
            for wish in wishes {
                let calling = client.call_tool(tool, ()).as_task(wish);
                let call = tokio::spawn(calling.into_future());
                let request = server.call().await;
                let asked = request.params.get("task").is_some();
                let wanted = takes
                    && match tool {
                        "required" => true,
                        "optional" => wish == TaskWish::IfAllowed,
                        _ => false,
                    };
                assert_eq!(asked, wanted, "{tool} {wish:?} {tasks}");
                // L28: a server may take no notice of it.
                server.answer(&request, hi()).await;
                assert_eq!(call.await.expect("no panic").expect("a result").text(), "hi");
            }
        }
    }
}

// L12, L15: what is said where nothing is said, and the lifetime.
#[tokio::test(start_paused = true)]
async fn a_handle_and_a_stream_ask_where_they_may_and_a_call_where_it_must() {
    let (client, mut server) = client().await;
    let call = tokio::spawn(client.call_tool("optional", ()).into_future());
    let request = server.call().await;
    assert_eq!(request.params.get("task"), None);
    server.answer(&request, hi()).await;
    call.await.expect("no panic").expect("a result");
    let calling = client.call_tool("optional", ()).ttl(Duration::from_secs(90));
    let handle = tokio::spawn(calling.task());
    let request = server.create(old_task("working")).await;
    assert_eq!(request.params["task"], json!({ "ttl": 90_000 }));
    assert_eq!(handle.await.expect("no panic").expect("a handle").id(), Some("t-1"));
    let stream = tokio::spawn(told(client.call_tool("optional", ()).stream()));
    let request = server.call().await;
    assert_eq!(request.params["task"], json!({}));
    server.answer(&request, hi()).await;
    assert_eq!(stream.await.expect("no panic"), ["done hi"]);
    // Nobody asks for one where the client wants none.
    let (client, mut server) = legacy(Client::builder().tasks(false), all()).await;
    let call = tokio::spawn(client.call_tool("required", ()).into_future());
    let request = server.request("tools/call").await;
    assert_eq!(request.params.get("task"), None);
    server.answer(&request, hi()).await;
    call.await.expect("no panic").expect("a result");
}

// L20, L21, L22, L48, L57, L80
#[tokio::test(start_paused = true)]
async fn a_task_is_asked_about_as_often_as_its_server_wants_until_it_has_ended() {
    let (client, mut server) = client().await;
    let call = tokio::spawn(client.call_tool("required", ()).into_future());
    server.create(old_task("working")).await;
    let mut last = Instant::now();
    for (next, waited) in [(5000, 1000), (1000, 5000)] {
        let request = server.request("tasks/get").await;
        let elapsed = last.elapsed().as_millis();
        assert!((waited..waited + 20).contains(&elapsed), "{waited}: {elapsed}");
        last = Instant::now();
        assert_eq!(request.params, json!({ "taskId": "t-1" }), "L57, L80");
        let mut task = old_task("working");
        task["pollInterval"] = json!(next);
        server.answer(&request, task).await;
    }
    server.expect("tasks/get", old_task("completed")).await;
    let params = server.expect("tasks/result", hi()).await;
    assert_eq!(params, json!({ "taskId": "t-1" }), "L57");
    assert_eq!(call.await.expect("no panic").expect("a result").text(), "hi");
    server.silence().await;
}

// L25, L26, L27, L60, L61
#[tokio::test(start_paused = true)]
async fn being_told_is_reason_to_ask_and_no_more() {
    let (client, mut server) = client().await;
    let call = tokio::spawn(client.call_tool("required", ()).into_future());
    let mut slow = old_task("working");
    slow["pollInterval"] = json!(600_000);
    server.create(slow.clone()).await;
    // What is told before the client knows its task is nobody's: it may not be relied upon.
    tokio::time::sleep(Duration::from_millis(1)).await;
    let begun = Instant::now();
    // A flood, of which the last says that it is done: one look, and it says otherwise.
    for _ in 0..50 {
        server.notify("notifications/tasks/status", slow.clone()).await;
    }
    server.notify("notifications/tasks/status", old_task("completed")).await;
    server.expect("tasks/get", slow.clone()).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    // L27: without being told it is asked about all the same.
    let asked = Instant::now();
    let request = loop {
        let request = server.request("tasks/get").await;
        if asked.elapsed() > Duration::from_secs(1) {
            break request;
        }
        server.answer(&request, slow.clone()).await;
    };
    assert!(asked.elapsed() >= Duration::from_secs(600), "{:?}", asked.elapsed());
    server.answer(&request, old_task("completed")).await;
    server.expect("tasks/result", hi()).await;
    call.await.expect("no panic").expect("a result");
}

// L36, L39, L40, L54, L55, L79: a question is answered wherever it comes, and its answer says whose it is.
#[tokio::test(start_paused = true)]
async fn the_result_is_waited_for_as_soon_as_input_is_wanted() {
    let (client, mut server) = legacy(eliciting(), all()).await;
    let events = tokio::spawn(told(client.call_tool("required", ()).stream()));
    server.create(old_task("working")).await;
    server.expect("tasks/get", old_task("input_required")).await;
    // L40
    let waiting = server.request("tasks/result").await;
    assert_eq!(waiting.params, json!({ "taskId": "t-1" }));
    for id in [json!(71), json!("seventy-two")] {
        ask(&mut server, id.clone(), "Go on?").await;
        let answer = server.next().await;
        assert_eq!(answer["id"], id);
        assert_eq!(answer["result"]["content"], json!({ "ok": true }));
        assert_eq!(answer["result"]["_meta"], json!({ RELATED: { "taskId": "t-1" } }));
    }
    // It waits for the end of the task: another one is not made.
    server.expect("tasks/get", old_task("working")).await;
    server.expect("tasks/get", old_task("input_required")).await;
    server.answer(&waiting, hi()).await;
    let events = events.await.expect("no panic");
    let asked = |key: &str| events.contains(&format!("input {key} elicitation/create"));
    assert!(asked("71") && asked("\"seventy-two\""), "{events:?}");
    assert_eq!(events.last().map(String::as_str), Some("done hi"));
    server.silence().await;
}

// L36: also before anybody has looked, and in the name of a task that this client does not know.
#[tokio::test(start_paused = true)]
async fn a_question_is_answered_whoever_waits() {
    let (client, mut server) = legacy(eliciting(), all()).await;
    let handle = tokio::spawn(client.call_tool("required", ()).task());
    let created = server.call().await;
    // It overtakes the answer that creates its task.
    ask(&mut server, json!(1), "Go on?").await;
    assert_eq!(server.next().await["result"]["action"], "accept");
    server.answer(&created, json!({ "task": old_task("input_required") })).await;
    handle.await.expect("no panic").expect("a handle");
    // Nobody waits for the task.
    ask(&mut server, json!(2), "Go on?").await;
    assert_eq!(server.next().await["result"]["_meta"][RELATED]["taskId"], "t-1");
}

// L63, L64, L65, L66
#[tokio::test(start_paused = true)]
async fn progress_is_heard_under_the_token_of_the_call_until_the_end() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let note = heard.clone();
    let (client, mut server) = client().await;
    let calling = client.call_tool("required", ()).on_progress(move |report| {
        note.lock().expect("no panic").push(report.progress.to_string());
    });
    let mut stream = calling.stream();
    let events = tokio::spawn(async move {
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            events.push(short(&event));
        }
        events
    });
    let call = server.call().await;
    let token = call.params["_meta"]["progressToken"].clone();
    let report =
        |token: &Value, progress: u32| json!({ "progressToken": token, "progress": progress });
    server.notify("notifications/progress", report(&token, 1)).await;
    server.answer(&call, json!({ "task": old_task("working") })).await;
    // In the same breath as the answer.
    server.notify("notifications/progress", report(&token, 2)).await;
    server.expect("tasks/get", old_task("working")).await;
    let mut related = report(&token, 3);
    related["_meta"] = json!({ RELATED: { "taskId": "t-1" } });
    server.notify("notifications/progress", related).await;
    server.notify("notifications/progress", report(&json!(999), 99)).await;
    server.expect("tasks/get", old_task("completed")).await;
    server.expect("tasks/result", hi()).await;
    let events = events.await.expect("no panic");
    let progress: Vec<_> = events.iter().filter(|event| event.starts_with("progress")).collect();
    assert_eq!(progress, ["progress 1", "progress 2", "progress 3"]);
    // L66: what comes after the end is nobody's.
    server.notify("notifications/progress", report(&token, 4)).await;
    server.silence().await;
    assert_eq!(*heard.lock().expect("no panic"), ["1", "2", "3"]);
}

// L63: a handle goes on hearing though nobody waits on it.
#[tokio::test(start_paused = true)]
async fn a_handle_hears_progress() {
    let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let (client, mut server) = client().await;
    let calling = client.call_tool("optional", ()).on_progress(move |report| {
        let _ = sender.send(report.progress.to_string());
    });
    let handle = tokio::spawn(calling.task());
    let call = server.create(old_task("working")).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    let token = call.params["_meta"]["progressToken"].clone();
    server.notify("notifications/progress", json!({ "progressToken": token, "progress": 5 })).await;
    assert_eq!(heard.recv().await.as_deref(), Some("5"));
    drop(handle);
    assert_eq!(heard.recv().await, None, "the closure is gone with its handle");
}

// L23: a wait that was refused or lost is taken up again.
#[tokio::test(start_paused = true)]
async fn the_result_is_asked_for_again_when_nobody_may_wait_for_it() {
    let (client, mut server) = client().await;
    let call = tokio::spawn(client.call_tool("required", ()).into_future());
    server.create(old_task("working")).await;
    server.expect("tasks/get", old_task("input_required")).await;
    let mut refused = 0;
    for _ in 0..12 {
        let request = server.any().await;
        match request.method.as_str() {
            "tasks/result" => {
                refused += 1;
                server.refuse(&request, -32602, "the task has not ended").await;
            }
            _ => server.answer(&request, old_task("input_required")).await,
        }
    }
    // It does not insist.
    assert_eq!(refused, 3);
    server.expect("tasks/get", old_task("completed")).await;
    server.expect("tasks/result", hi()).await;
    assert_eq!(call.await.expect("no panic").expect("a result").text(), "hi");
}

// L23, L78: the result may be there before the server was asked whether the task has ended.
#[tokio::test(start_paused = true)]
async fn a_result_tells_how_a_task_has_ended() {
    for (result, expected) in [
        (hi(), TaskStatus::Completed),
        (json!({ "content": [], "isError": true }), TaskStatus::Failed),
    ] {
        let (client, mut server) = client().await;
        let calling = tokio::spawn(client.call_tool("required", ()).task());
        server.create(old_task("input_required")).await;
        let handle = calling.await.expect("no panic").expect("a handle");
        let waiting = tokio::spawn({
            let handle = handle.clone();
            async move { handle.wait().await }
        });
        server.expect("tasks/get", old_task("input_required")).await;
        server.expect("tasks/result", result).await;
        assert_eq!(waiting.await.expect("no panic").expect("an end"), expected);
        assert_eq!(handle.get().await.expect("known"), expected);
        assert_eq!(handle.info().map(|info| info.has_ended()), Some(true));
        server.silence().await;
    }
}

// L51, L78, L89, L92, L93, D4
#[tokio::test(start_paused = true)]
async fn a_failed_task_is_what_its_call_came_to() {
    let (client, mut server) = client().await;
    let call = tokio::spawn(client.call_tool("required", ()).into_future());
    server.create(old_task("failed")).await;
    server.expect("tasks/get", old_task("failed")).await;
    server.expect("tasks/result", json!({ "content": [], "isError": true })).await;
    assert!(call.await.expect("no panic").expect("a result").is_error);
    let call = tokio::spawn(client.call_tool("required", ()).into_future());
    server.create(old_task("working")).await;
    server.expect("tasks/get", old_task("failed")).await;
    let request = server.request("tasks/result").await;
    server.refuse(&request, -7, "not today").await;
    assert_eq!(call.await.expect("no panic").expect_err("the call's error").code(), Some(-7));
}

// L76, D5: a cancelled task has no result, and is not asked for one.
#[tokio::test(start_paused = true)]
async fn a_cancelled_task_is_an_error_of_its_own() {
    let (client, mut server) = client().await;
    let call = tokio::spawn(client.call_tool("required", ()).into_future());
    server.create(old_task("working")).await;
    server.expect("tasks/get", old_task("cancelled")).await;
    let error = call.await.expect("no panic").expect_err("no result");
    assert!(matches!(&error, ClientError::TaskCancelled { task, .. } if task == "t-1"), "{error}");
    server.silence().await;
}

// L77, L113: a task is cancelled by its name, also when it has none yet.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_to_be_a_task_is_cancelled_as_one() {
    let (client, mut server) = client().await;
    // After it was created.
    let call = tokio::spawn(client.call_tool("required", ()).into_future());
    let request = server.create(old_task("working")).await;
    server.expect("tasks/get", old_task("working")).await;
    call.abort();
    let params = server.expect("tasks/cancel", old_task("cancelled")).await;
    assert_eq!(params, json!({ "taskId": "t-1" }), "L57, L80");
    server.silence().await;
    drop(request);
    // Before.
    let call = tokio::spawn(client.call_tool("required", ()).into_future());
    let request = server.call().await;
    call.abort();
    // Not a word about the request.
    tokio::time::sleep(Duration::from_secs(10)).await;
    server.answer(&request, json!({ "task": old_task("working") })).await;
    server.expect("tasks/cancel", old_task("cancelled")).await;
    server.silence().await;
    // When its time is up.
    let calling = client.call_tool("required", ()).timeout(Duration::from_secs(5));
    let call = tokio::spawn(calling.into_future());
    let request = server.call().await;
    let error = call.await.expect("no panic").expect_err("no answer");
    assert!(matches!(error, ClientError::TimedOut { .. }), "{error}");
    server.answer(&request, json!({ "task": old_task("working") })).await;
    server.expect("tasks/cancel", old_task("cancelled")).await;
    server.silence().await;
}

// L8, L77: what a server does not offer is not asked for.
#[tokio::test(start_paused = true)]
async fn a_server_without_cancellation_is_not_asked_to_cancel() {
    let able = json!({ "requests": { "tools": { "call": {} } } });
    let (client, mut server) = legacy(Client::builder(), able).await;
    let handle = tokio::spawn(client.call_tool("required", ()).task());
    server.create(old_task("working")).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    let error = handle.cancel().await.expect_err("it cannot");
    assert!(matches!(error, ClientError::Unsupported(_)), "{error}");
    let call = tokio::spawn(client.call_tool("required", ()).into_future());
    server.create(old_task("working")).await;
    server.expect("tasks/get", old_task("working")).await;
    call.abort();
    server.silence().await;
    let error = client.tasks().expect_err("no list");
    assert!(matches!(error, ClientError::Unsupported(_)), "L7: {error}");
}

// L71, L73, L76
#[tokio::test(start_paused = true)]
async fn cancelling_tells_how_the_task_has_ended() {
    let (client, mut server) = client().await;
    for ended in [false, true] {
        let handle = tokio::spawn(client.call_tool("required", ()).task());
        server.create(old_task("working")).await;
        let handle = handle.await.expect("no panic").expect("a handle");
        let cancel = tokio::spawn({
            let handle = handle.clone();
            async move { handle.cancel().await }
        });
        let request = server.request("tasks/cancel").await;
        if ended {
            server.refuse(&request, -32602, "it is completed already").await;
            server.expect("tasks/get", old_task("completed")).await;
        } else {
            server.answer(&request, old_task("cancelled")).await;
        }
        let status = cancel.await.expect("no panic").expect("a status");
        if !ended {
            // L76: nobody looks for it any more.
            let error = handle.result().await.expect_err("no result");
            assert!(matches!(error, ClientError::TaskCancelled { .. }), "{error}");
        }
        assert_eq!(status, if ended { TaskStatus::Completed } else { TaskStatus::Cancelled });
    }
}

// L67, L68, L69
#[tokio::test(start_paused = true)]
async fn tasks_are_listed_page_by_page() {
    let (client, mut server) = client().await;
    let list = tokio::spawn({
        let tasks = client.tasks().expect("it is declared");
        tasks.map_ok(|task| task.id).try_collect::<Vec<_>>()
    });
    let mut second = old_task("completed");
    second["taskId"] = json!("t-2");
    let first = json!({ "tasks": [old_task("working")], "nextCursor": "" });
    server.expect("tasks/list", first).await;
    let params = server.expect("tasks/list", json!({ "tasks": [second] })).await;
    assert_eq!(params["cursor"], "", "L69: an empty cursor is one");
    assert_eq!(list.await.expect("no panic").expect("a list"), ["t-1", "t-2"]);
}

// L5, X92: other revisions know no tasks, whatever the server declares.
#[tokio::test(start_paused = true)]
async fn other_revisions_have_no_tasks() {
    let client = crate::tasks_peer::tools::builder(&Arc::default()).build().expect("a server");
    let client = Client::builder()
        .legacy(mcp_runtime::Revision::V2025_06_18)
        .connect(&client)
        .await
        .expect("a client");
    assert!(client.tasks().is_err());
    assert_eq!(client.call_tool("rich", ()).task().await.expect("an answer").id(), None);
}

// L18: a look that nobody waits for any more is no word about the task.
#[tokio::test(start_paused = true)]
async fn a_look_can_be_dropped_and_taken_again() {
    let (client, mut server) = client().await;
    let handle = tokio::spawn(client.call_tool("required", ()).task());
    server.create(old_task("working")).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    let look = tokio::spawn({
        let handle = handle.clone();
        async move { handle.get().await }
    });
    server.request("tasks/get").await;
    look.abort();
    server.silence().await;
    let look = tokio::spawn(async move { handle.get().await });
    server.expect("tasks/get", old_task("working")).await;
    assert_eq!(look.await.expect("no panic").expect("a status"), TaskStatus::Working);
}
