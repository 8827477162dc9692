//! Servers that do with their tasks what servers must not.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use mcp_runtime::Elicited;
use mcp_runtime::client::{Client, ClientBuilder, ClientError, RemoteTask, TaskStatus, ToolResult};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::fake::{Fake, all, form, hi, is_pending, legacy, modern, old_task, task, task_with};

type Called = JoinHandle<Result<ToolResult, ClientError>>;

/// A call that has become a task, and its server.
async fn called(builder: ClientBuilder, created: Value) -> (Client, Called, Fake) {
    let (client, mut server) = modern(builder).await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(created).await;
    (client, call, server)
}

/// Answers all that is asked in the same way, until the call has its result.
async fn always(
    mut server: Fake,
    call: Called,
    answer: impl Fn(u64) -> Value,
) -> (ClientError, u64) {
    let mut looks = 0;
    let serving = async {
        loop {
            let message = server.next().await;
            let request = |method: &str| message["method"] == method && !message["id"].is_null();
            let id = &message["id"];
            let result = if request("tasks/get") {
                looks += 1;
                answer(looks)
            } else if request("tasks/update") || request("tasks/cancel") {
                json!({})
            } else {
                continue;
            };
            server.send(json!({ "jsonrpc": "2.0", "id": id, "result": result })).await;
        }
    };
    tokio::select! {
        result = call => (result.expect("no panic").expect_err("no result"), looks),
        () = serving => unreachable!("the server goes on"),
    }
}

fn asks(key: &str, message: &str) -> Value {
    task_with("input_required", json!({ "inputRequests": { key: form(message) } }))
}

fn eliciting() -> (ClientBuilder, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let builder = Client::builder().on_elicit(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Elicited::Accepted(json!({ "ok": true })) }
    });
    (builder, asked)
}

#[tokio::test(start_paused = true)]
async fn a_task_that_never_ends_is_given_up_at_the_deadline() {
    let limit = Duration::from_secs(1000);
    for (builder, limit) in [
        (Client::builder().task_deadline(limit), limit),
        // A day, unless somebody says otherwise.
        (Client::builder(), Duration::from_secs(86_400)),
    ] {
        let begun = Instant::now();
        let working = || task_with("working", json!({ "pollIntervalMs": 60_000 }));
        let (_client, call, server) = called(builder, working()).await;
        let (error, _) = always(server, call, |_| working()).await;
        assert!(
            matches!(&error, ClientError::TaskDeadline { task, limit: it } if task == "t-1" && *it == limit),
            "{error}"
        );
        let waited = begun.elapsed();
        assert!(waited >= limit && waited < limit + Duration::from_secs(5), "{waited:?}");
    }
}

// X38, X39, L46
#[tokio::test(start_paused = true)]
async fn a_task_that_outlives_its_time_is_given_up() {
    let mortal = |_| task_with("working", json!({ "ttlMs": 60_000 }));
    let begun = Instant::now();
    let (_client, call, server) = called(Client::builder(), mortal(0)).await;
    let (error, _) = always(server, call, mortal).await;
    assert!(
        matches!(&error, ClientError::TaskExpired { ttl, .. } if *ttl == Duration::from_secs(60)),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(70), "{:?}", begun.elapsed());
    // Unless the server gives it more.
    let begun = Instant::now();
    let (_client, call, server) = called(Client::builder(), mortal(0)).await;
    let (error, _) = always(server, call, |look| {
        task_with("working", json!({ "ttlMs": if look < 50 { 60_000 } else { 200_000 } }))
    })
    .await;
    assert!(matches!(error, ClientError::TaskExpired { .. }), "{error}");
    assert!(begun.elapsed() >= Duration::from_secs(200), "{:?}", begun.elapsed());
}

// X38: a lifetime that is none is no reason to give up.
#[tokio::test(start_paused = true)]
async fn nonsense_for_times_is_passed_over() {
    for (poll, least, most) in [
        (json!(0), 400, 600),
        (json!(-5), 400, 600),
        (json!("soon"), 400, 600),
        (json!(0.001), 50, 70),
        (json!(1e300), 3_600_000, 3_600_020),
    ] {
        let more = json!({ "pollIntervalMs": poll, "ttlMs": -1 });
        let begun = Instant::now();
        let (_client, call, mut server) =
            called(Client::builder(), task_with("working", more)).await;
        server.expect("tasks/get", task_with("completed", json!({ "result": hi() }))).await;
        let waited = begun.elapsed().as_millis();
        assert!((least..most).contains(&waited), "{poll}: {waited}");
        call.await.expect("no panic").expect("a result");
    }
}

// X25: where nothing is proposed, it is asked less and less often.
#[tokio::test(start_paused = true)]
async fn a_server_that_proposes_nothing_is_not_asked_in_a_loop() {
    let mut silent = task("working");
    silent.as_object_mut().expect("an object").remove("pollIntervalMs");
    let builder = Client::builder().task_deadline(Duration::from_secs(3600));
    let (_client, call, server) = called(builder, silent.clone()).await;
    let (error, looks) = always(server, call, move |_| silent.clone()).await;
    assert!(matches!(error, ClientError::TaskDeadline { .. }), "{error}");
    assert!((200..300).contains(&looks), "{looks}");
}

// L35, X30
#[tokio::test(start_paused = true)]
async fn an_end_that_is_taken_back_is_an_error() {
    let (client, mut server) = modern(Client::builder()).await;
    let handle = tokio::spawn(client.call_tool("x", ()).task());
    server.create(task("completed")).await;
    let handle: RemoteTask = handle.await.expect("no panic").expect("a handle");
    let get = tokio::spawn({
        let handle = handle.clone();
        async move { handle.get().await }
    });
    server.expect("tasks/get", task("working")).await;
    let error = get.await.expect("no panic").expect_err("it had ended");
    assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
    assert!(error.to_string().contains("completed for good"), "{error}");
    assert_eq!(handle.info().expect("a task").status, TaskStatus::Completed);
}

// X36, X80, X34: an end without what belongs to it.
#[tokio::test(start_paused = true)]
async fn an_end_without_an_outcome_is_an_error() {
    for (status, lacks) in [("completed", "`result`"), ("failed", "`error`")] {
        let (_client, call, mut server) = called(Client::builder(), task("working")).await;
        server.expect("tasks/get", task(status)).await;
        let error = call.await.expect("no panic").expect_err("no result");
        assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
        assert!(error.to_string().contains(lacks), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_another_task_is_an_error() {
    for (answer, said) in [
        (task_with("working", json!({ "taskId": "t-2" })), "t-2"),
        (task("asleep"), "asleep"),
        (json!({ "status": "working" }), "taskId"),
        (json!([]), "object"),
    ] {
        let (_client, call, mut server) = called(Client::builder(), task("working")).await;
        server.expect("tasks/get", answer).await;
        let error = call.await.expect("no panic").expect_err("no result");
        assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

// X71, X77, L82, L88
#[tokio::test(start_paused = true)]
async fn a_task_that_the_server_does_not_know_any_more_is_an_error_that_says_so() {
    let (_client, call, mut server) = called(Client::builder(), task("working")).await;
    let request = server.request("tasks/get").await;
    server.refuse(&request, -32602, "no such task").await;
    let error = call.await.expect("no panic").expect_err("no result");
    assert!(matches!(&error, ClientError::UnknownTask { task, .. } if task == "t-1"), "{error}");
    assert!(error.to_string().contains("expired"), "{error}");
}

// X44, X45, X46, X51: the same question again and again.
#[tokio::test(start_paused = true)]
async fn a_question_that_is_asked_for_ever_is_an_error() {
    for again in ["Sure?", "Really?"] {
        let (builder, asked) = eliciting();
        let (_client, call, server) = called(builder, task("working")).await;
        let (error, looks) =
            always(server, call, |look| asks("a", if look < 4 { "Sure?" } else { again })).await;
        assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
        assert!(error.to_string().contains("again and again for `a`"), "{error}");
        assert!(looks < 100, "{looks}");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}

// X32: input is required, and nothing said of what.
#[tokio::test(start_paused = true)]
async fn a_task_that_wants_nothing_in_particular_is_an_error() {
    let (_client, call, server) = called(Client::builder(), task("working")).await;
    let (error, _) = always(server, call, |_| task("input_required")).await;
    assert!(error.to_string().contains("does not say for which"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_asks_new_questions_for_ever_is_an_error() {
    let (builder, asked) = eliciting();
    let (_client, call, server) = called(builder, task("working")).await;
    let (error, _) = always(server, call, |look| asks(&format!("k{look}"), "More?")).await;
    assert!(matches!(error, ClientError::TooManyRounds { rounds: 256, .. }), "{error}");
    assert_eq!(asked.load(Ordering::Relaxed), 256);
}

// C19: a question that is none, and one that nobody here can answer.
#[tokio::test(start_paused = true)]
async fn a_question_that_cannot_be_answered_cancels_the_call() {
    let odd = json!({ "inputRequests": { "a": { "method": "tools/list" } } });
    for (builder, answer, said) in [
        (Client::builder(), task_with("input_required", odd), "tools/list"),
        (Client::builder(), asks("a", "Go on?"), "no handler"),
        (
            Client::builder().on_elicit(|_| async {
                Err::<Elicited<Value>, _>(mcp_runtime::RpcError::new(-1, "asleep"))
            }),
            asks("a", "Go on?"),
            "asleep",
        ),
    ] {
        let (_client, call, mut server) = called(builder, task("working")).await;
        server.expect("tasks/get", answer).await;
        let error = call.await.expect("no panic").expect_err("no result");
        assert!(error.to_string().contains(said), "{error}");
        server.expect("tasks/cancel", json!({})).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_trouble_is_asked_again_and_given_up_after_a_while() {
    let (_client, call, mut server) = called(Client::builder(), task("working")).await;
    for _ in 0..5 {
        let request = server.request("tasks/get").await;
        server.refuse(&request, -32603, "asked for too often").await;
    }
    server.expect("tasks/get", task_with("completed", json!({ "result": hi() }))).await;
    call.await.expect("no panic").expect("a result");

    let (_client, call, mut server) = called(Client::builder(), task("working")).await;
    for _ in 0..7 {
        let request = server.request("tasks/get").await;
        server.refuse(&request, -32603, "the disk is full").await;
    }
    let error = call.await.expect("no panic").expect_err("no result");
    assert_eq!(error.code(), Some(-32603));
}

// Nothing hangs: neither on a look nor on a result that is there.
#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_is_given_up() {
    let begun = Instant::now();
    let (_client, call, server) = called(Client::builder(), task("working")).await;
    let error = call.await.expect("no panic").expect_err("no result");
    assert!(matches!(error, ClientError::TimedOut { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(900), "{:?}", begun.elapsed());
    drop(server);

    let begun = Instant::now();
    let (client, mut server) = legacy(Client::builder(), all()).await;
    let call = tokio::spawn(client.call_tool("required", ()).into_future());
    server.create(old_task("working")).await;
    server.expect("tasks/get", old_task("completed")).await;
    server.request("tasks/result").await;
    let error = call.await.expect("no panic").expect_err("no result");
    assert!(
        matches!(&error, ClientError::TimedOut { method, .. } if method == "tasks/result"),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(90), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_off_ends_the_waiting_and_not_the_task() {
    let (client, mut server) = modern(Client::builder()).await;
    let handle = tokio::spawn(client.call_tool("x", ()).task());
    server.create(task("working")).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.wait().await }
    });
    server.request("tasks/get").await;
    drop(server);
    let error = waiting.await.expect("no panic").expect_err("no end");
    assert!(matches!(error, ClientError::Closed(_)), "{error}");
    // What is needed to go on elsewhere is still here.
    assert_eq!(handle.ticket().expect("a ticket").task_id(), "t-1");
}

// Memory is bounded: who does not read what is told keeps the newest, and the flood ends nothing.
#[tokio::test(start_paused = true)]
async fn a_flood_of_notifications_is_survived() {
    let (client, mut server) = modern(Client::builder()).await;
    let mut stream = client.call_tool("x", ()).stream();
    assert!(is_pending(std::pin::pin!(stream.next())));
    let call = server.request("tools/call").await;
    let token = &call.params["_meta"]["progressToken"];
    for progress in 0..5000 {
        server
            .notify(
                "notifications/progress",
                json!({ "progressToken": token, "progress": progress }),
            )
            .await;
    }
    server.answer(&call, hi()).await;
    let events = crate::fake::told(stream).await;
    // What waits is bounded; a little more arrives while it is taken.
    assert!((1025..2500).contains(&events.len()), "{}", events.len());
    assert_eq!(events[events.len() - 2..], ["progress 4999", "done hi"]);
}

// Answers that come twice are one.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_created_twice_is_one() {
    let (client, mut server) = modern(Client::builder()).await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    let request = server.create(task("working")).await;
    let mut other = task_with("working", json!({ "taskId": "t-2" }));
    other["resultType"] = json!("task");
    server.answer(&request, other).await;
    let get = server.request("tasks/get").await;
    assert_eq!(get.params["taskId"], "t-1");
    let done = task_with("completed", json!({ "result": hi() }));
    server.answer(&get, done).await;
    server.answer(&get, task("working")).await;
    call.await.expect("no panic").expect("a result");
    server.silence().await;
}
