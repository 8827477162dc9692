//! Over HTTP: whose task it is, and which stream its questions take.

use std::time::Duration;

use serde_json::{Value, json};

use crate::tasks_peer::web::{Web, service};
use crate::tasks_peer::{RELATED, accept, server, server_with, text};

fn by_id(id: &str) -> Value {
    json!({ "taskId": id })
}

fn approve() -> Value {
    accept(json!({ "approved": true }))
}

// L2, L7, L97
#[tokio::test(start_paused = true)]
async fn only_who_is_known_has_a_list() {
    let service = service(&server().0);
    let (mut alice, declared) = Web::legacy(&service, Some("alice")).await;
    let tasks = json!({ "cancel": {}, "requests": { "tools": { "call": {} } }, "list": {} });
    assert_eq!(declared["tasks"], tasks);
    assert_eq!(alice.result("tasks/list", json!({})).await, json!({ "tasks": [] }));
    let (mut stranger, declared) = Web::legacy(&service, None).await;
    assert_eq!(declared["tasks"].get("list"), None);
    assert_eq!(stranger.error("tasks/list", json!({})).await.1["code"], -32601);
}

// L94, L98, L99, D9, D10
#[tokio::test(start_paused = true)]
async fn a_task_exists_for_its_owner_alone() {
    let service = service(&server().0);
    let (mut alice, _) = Web::legacy(&service, Some("alice")).await;
    let id = alice.augmented("job").await;
    for who in [Some("bob"), None] {
        let (mut other, _) = Web::legacy(&service, who).await;
        for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
            let foreign = other.error(method, by_id(&id)).await;
            assert_eq!(foreign, other.error(method, by_id("never issued")).await, "{method}");
            assert_eq!(foreign.1["code"], -32602, "{method}");
        }
        if who.is_some() {
            assert_eq!(other.result("tasks/list", json!({})).await, json!({ "tasks": [] }));
        }
    }
    // Another session of the same owner sees it.
    let (mut again, _) = Web::legacy(&service, Some("alice")).await;
    assert_eq!(again.result("tasks/get", by_id(&id)).await["status"], "working");
    assert_eq!(again.result("tasks/list", json!({})).await["tasks"][0]["taskId"], json!(id));
}

// P7: without authentication the id is the key, not the session.
#[tokio::test(start_paused = true)]
async fn who_is_unknown_finds_a_task_by_its_id() {
    let service = service(&server().0);
    let (mut one, _) = Web::legacy(&service, None).await;
    let id = one.augmented("job").await;
    let (mut other, _) = Web::legacy(&service, None).await;
    assert_eq!(other.result("tasks/get", by_id(&id)).await["status"], "working");
    let (mut known, _) = Web::legacy(&service, Some("alice")).await;
    assert_eq!(known.error("tasks/get", by_id(&id)).await.1["code"], -32602);
}

// L59, L67, L68, L69, L70, L83, D22
#[tokio::test(start_paused = true)]
async fn a_list_has_pages_that_neither_skip_nor_repeat() {
    let mut limits = mcp_runtime::Limits::default();
    limits.page = 2;
    let gate = std::sync::Arc::default();
    let server = crate::tasks_peer::tools::builder(&gate).limits(limits).build().expect("a server");
    let service = service(&server);
    let (mut alice, _) = Web::legacy(&service, Some("alice")).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(alice.augmented("job").await);
    }
    let (mut listed, mut cursor, mut pages) = (Vec::new(), json!(""), 0);
    loop {
        let page = alice.result("tasks/list", json!({ "cursor": cursor })).await;
        assert_eq!(page.get("_meta"), None);
        for task in page["tasks"].as_array().expect("tasks") {
            let got =
                alice.result("tasks/get", by_id(task["taskId"].as_str().expect("an id"))).await;
            assert_eq!(*task, got);
            listed.push(task["taskId"].as_str().expect("an id").to_owned());
        }
        pages += 1;
        // One that comes in between is at the end, and takes no place from another.
        if pages == 1 {
            ids.push(alice.augmented("job").await);
        }
        match page.get("nextCursor") {
            Some(next) => cursor = next.clone(),
            None => break,
        }
    }
    // Within one millisecond the order is that of the ids.
    listed.sort_unstable();
    ids.sort_unstable();
    assert_eq!((pages, &listed), (3, &ids));
    for cursor in [json!("?"), json!("AAAA"), json!("x".repeat(5000)), json!(7)] {
        let error = alice.error("tasks/list", json!({ "cursor": cursor })).await.1;
        assert_eq!(error["code"], -32602, "{cursor}");
    }
}

// L37, L19: a look is plain JSON, also while a question is open and for who reads streams.
#[tokio::test(start_paused = true)]
async fn a_look_opens_no_stream() {
    let service = service(&server().0);
    let (mut web, _) = Web::legacy(&service, None).await;
    let id = web.augmented("ask").await;
    web.until(&id, "input_required").await;
    let reply = web.post("tasks/get", by_id(&id), &[]).await;
    assert_eq!((reply.status, &*reply.kind), (200, "application/json"));
    assert_eq!(reply.json().await["result"]["status"], "input_required");
}

// L38, L39, L40, L52, L55
#[tokio::test(start_paused = true)]
async fn a_question_comes_on_the_stream_of_who_waits_for_the_result() {
    let service = service(&server().0);
    let (mut web, _) = Web::legacy(&service, None).await;
    let id = web.augmented("ask").await;
    web.until(&id, "input_required").await;
    let mut waiting = web.post("tasks/result", by_id(&id), &[]).await;
    let number = web.last;
    assert_eq!(waiting.kind, "text/event-stream");
    let question = waiting.expect("elicitation/create").await;
    assert_eq!(question["params"]["_meta"], json!({ RELATED: by_id(&id) }));
    waiting.silence().await;
    web.answer(&question, approve()).await;
    let response = waiting.next().await;
    assert_eq!((&response["id"], text(&response["result"])), (&json!(number), "approved: true"));
    assert_eq!(response["result"]["_meta"], json!({ RELATED: by_id(&id) }));
    waiting.ended().await;
}

// L36, and one stream only
#[tokio::test(start_paused = true)]
async fn where_nobody_waits_a_question_comes_on_the_sessions_own_stream() {
    let service = service(&server().0);
    let (mut web, _) = Web::legacy(&service, None).await;
    let mut own = web.listen(None).await;
    let id = web.augmented("ask").await;
    let question = own.expect("elicitation/create").await;
    assert_eq!(question["params"]["_meta"], json!({ RELATED: by_id(&id) }));
    // It was asked: who waits now is not asked again.
    let service = service.clone();
    let mut waiting = Box::pin(web.post("tasks/result", by_id(&id), &[]));
    assert!(tokio::time::timeout(Duration::from_secs(5), &mut waiting).await.is_err());
    drop(waiting);
    own.silence().await;
    web.answer(&question, approve()).await;
    assert_eq!(text(&web.result("tasks/result", by_id(&id)).await), "approved: true");
    drop(service);
}

// L36: a stream that is opened later is late, and not too late.
#[tokio::test(start_paused = true)]
async fn a_question_waits_for_a_stream() {
    let service = service(&server().0);
    let (mut web, _) = Web::legacy(&service, None).await;
    let id = web.augmented("ask").await;
    web.until(&id, "input_required").await;
    let mut own = web.listen(None).await;
    let question = own.expect("elicitation/create").await;
    web.answer(&question, approve()).await;
    web.until(&id, "completed").await;
    own.silence().await;
}

// L18, L23, D6
#[tokio::test(start_paused = true)]
async fn a_lost_stream_loses_no_task_and_no_question() {
    let service = service(&server().0);
    let (mut web, _) = Web::legacy(&service, None).await;
    let id = web.augmented("ask").await;
    let mut first = web.post("tasks/result", by_id(&id), &[]).await;
    let lost = first.expect("elicitation/create").await;
    drop(first);
    // Asked again elsewhere, under another id.
    let mut second = web.post("tasks/result", by_id(&id), &[]).await;
    let question = second.expect("elicitation/create").await;
    assert_ne!(lost["id"], question["id"]);
    assert_eq!(lost["params"], question["params"]);
    second.silence().await;
    web.answer(&question, approve()).await;
    assert_eq!(text(&second.next().await["result"]), "approved: true");
    second.ended().await;
}

// The first valid answer wins, also one to the question on the lost stream.
#[tokio::test(start_paused = true)]
async fn an_answer_to_what_was_read_on_a_lost_stream_counts() {
    let service = service(&server().0);
    let (mut web, _) = Web::legacy(&service, None).await;
    let id = web.augmented("ask").await;
    let mut first = web.post("tasks/result", by_id(&id), &[]).await;
    let lost = first.expect("elicitation/create").await;
    drop(first);
    let mut second = web.post("tasks/result", by_id(&id), &[]).await;
    let question = second.expect("elicitation/create").await;
    web.answer(&lost, approve()).await;
    // The other form is taken back before the end.
    let taken_back = second.expect("notifications/cancelled").await;
    assert_eq!(taken_back["params"]["requestId"], question["id"]);
    assert_eq!(taken_back["params"]["_meta"], json!({ RELATED: by_id(&id) })); // L54
    assert_eq!(text(&second.next().await["result"]), "approved: true");
    web.answer(&question, accept(json!({ "approved": false }))).await;
    assert_eq!(text(&web.result("tasks/result", by_id(&id)).await), "approved: true");
}

// 2025-11-25, Resumability: who goes on reading where it was is not asked again.
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_resumed_goes_on_with_its_question() {
    let service = service(&server().0);
    let (mut web, _) = Web::legacy(&service, None).await;
    let id = web.augmented("ask").await;
    let mut waiting = web.post("tasks/result", by_id(&id), &[]).await;
    let question = waiting.expect("elicitation/create").await;
    let last = waiting.last.clone().expect("an id");
    drop(waiting);
    let mut resumed = web.listen(Some(&last)).await;
    resumed.silence().await;
    web.answer(&question, approve()).await;
    assert_eq!(text(&resumed.next().await["result"]), "approved: true");
    resumed.ended().await;
}

// L23: who does not come back holds nothing for ever; the task goes on.
#[tokio::test(start_paused = true)]
async fn a_wait_that_nobody_reads_comes_to_an_end() {
    let mut limits = mcp_runtime::Limits::default();
    limits.http_calls = 2;
    let gate = std::sync::Arc::default();
    let server = crate::tasks_peer::tools::builder(&gate).limits(limits).build().expect("a server");
    let service = service(&server);
    let (mut web, _) = Web::legacy(&service, None).await;
    let id = web.augmented("ask").await;
    for _ in 0..4 {
        let mut waiting = web.post("tasks/result", by_id(&id), &[]).await;
        assert_eq!(waiting.status, 200);
        waiting.expect("elicitation/create").await;
        drop(waiting);
        tokio::time::sleep(Duration::from_secs(40)).await;
    }
    assert_eq!(web.result("tasks/get", by_id(&id)).await["status"], "input_required");
}

// D6, L23: before anything was said on it
#[tokio::test(start_paused = true)]
async fn to_stop_waiting_is_no_cancellation() {
    let (server, gate) = server();
    let service = service(&server);
    let (mut web, _) = Web::legacy(&service, None).await;
    let id = web.augmented("job").await;
    let mut waiting = Box::pin(web.post("tasks/result", by_id(&id), &[]));
    assert!(tokio::time::timeout(Duration::from_secs(5), &mut waiting).await.is_err());
    drop(waiting);
    assert_eq!(web.result("tasks/get", by_id(&id)).await["status"], "working");
    gate.open();
    assert_eq!(text(&web.result("tasks/result", by_id(&id)).await), "done");
}

// L38, L23: a session that ends takes no task with it.
#[tokio::test(start_paused = true)]
async fn a_task_outlives_its_session() {
    let (server, gate) = server();
    let service = service(&server);
    let (mut web, _) = Web::legacy(&service, Some("alice")).await;
    let id = web.augmented("job").await;
    let own = web.listen(None).await;
    web.end().await;
    drop(own);
    let (mut again, _) = Web::legacy(&service, Some("alice")).await;
    gate.open();
    assert_eq!(text(&again.result("tasks/result", by_id(&id)).await), "done");
}

// L25, L66: a stream that is opened late hears how things stand, and no old progress.
#[tokio::test(start_paused = true)]
async fn a_late_stream_hears_how_things_stand() {
    let (server, _) = server_with(|settings| settings.notify = true);
    let service = service(&server);
    let (mut web, _) = Web::legacy(&service, None).await;
    let params = json!({
        "name": "reports", "arguments": {}, "task": {}, "_meta": { "progressToken": "p" },
    });
    let created = web.result("tools/call", params).await;
    let id = created["task"]["taskId"].as_str().expect("a task").to_owned();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut own = web.listen(None).await;
    let status = own.expect("notifications/tasks/status").await;
    assert_eq!(
        (&status["params"]["taskId"], &status["params"]["statusMessage"]),
        (&json!(id), &json!("one"))
    );
    own.silence().await;
}

// L25, L54, L63: a session hears of a task once it was told which one it is, and then all of it.
#[tokio::test(start_paused = true)]
async fn nothing_is_said_of_a_task_before_the_answer_that_names_it() {
    let (server, _) = server_with(|settings| settings.notify = true);
    let service = service(&server);
    let (mut web, _) = Web::legacy(&service, None).await;
    let mut own = web.listen(None).await;
    let augment = |tool: &str| json!({ "name": tool, "arguments": {}, "task": {}, "_meta": { "progressToken": "p" } });
    let unread = web.post("tools/call", augment("ask"), &[]).await;
    own.silence().await;
    let id = unread.json().await["result"]["task"]["taskId"].take();
    own.expect("elicitation/create").await;
    assert_eq!(own.expect("notifications/tasks/status").await["params"]["taskId"], id);

    let unread = web.post("tools/call", augment("reports"), &[]).await;
    own.silence().await;
    let id = unread.json().await["result"]["task"]["taskId"].take();
    let meta = json!({ RELATED: { "taskId": id } });
    assert_eq!(own.expect("notifications/progress").await["params"]["_meta"], meta);
    assert_eq!(own.expect("notifications/message").await["params"]["_meta"], meta);
    assert_eq!(own.expect("notifications/tasks/status").await["params"]["taskId"], id);

    // One that has ended by then: how it ended, and what it has logged.
    let unread = web.post("tools/call", augment("fails"), &[]).await;
    own.silence().await;
    let id = unread.json().await["result"]["task"]["taskId"].take();
    let end = own.expect("notifications/tasks/status").await["params"].take();
    assert_eq!((&end["taskId"], &end["status"]), (&id, &json!("failed")));

    // Who does not read the answer has lost it, and hears of the task all the same.
    drop(web.post("tools/call", augment("ask"), &[]).await);
    own.expect("elicitation/create").await;
}

// P9, X27
#[tokio::test(start_paused = true)]
async fn too_many_looks_are_refused_in_the_words_of_http() {
    let service = service(&server().0);
    let (mut web, _) = Web::legacy(&service, None).await;
    let id = web.augmented("job").await;
    for _ in 0..2000 {
        let reply = web.post("tasks/get", by_id(&id), &[]).await;
        if reply.status == 429 {
            let seconds: u64 =
                reply.retry_after.as_ref().expect("when to come back").parse().expect("seconds");
            assert!(seconds >= 1);
            assert_eq!(reply.json().await["error"]["code"], -32603);
            return;
        }
    }
    panic!("never refused");
}
