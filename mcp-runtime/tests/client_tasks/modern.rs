//! The extension `io.modelcontextprotocol/tasks`, against a server that follows a script.

use std::future::IntoFuture as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use mcp_runtime::Elicited;
use mcp_runtime::client::{Client, ClientError, TaskStatus, TaskWish};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::fake::{Fake, TASKS, form, hi, is_pending, modern, short, task, task_with, told};

const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

fn declares(params: &Value) -> bool {
    params["_meta"][CAPABILITIES]["extensions"][TASKS] == json!({})
}

async fn client() -> (Client, Fake) {
    modern(Client::builder()).await
}

// X1, X2, X4, X13
#[tokio::test(start_paused = true)]
async fn calls_of_tools_declare_the_extension_and_nothing_else_does() {
    let (client, mut server) = client().await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    let params = server.expect("tools/call", hi()).await;
    assert!(declares(&params), "{params}");
    assert_eq!(params.get("task"), None, "X4");
    call.await.expect("no panic").expect("a result");
    let list = tokio::spawn(async move { client.list_prompts().await });
    let params = server.expect("prompts/list", json!({ "prompts": [] })).await;
    assert!(!declares(&params), "{params}");
    list.await.expect("no panic").expect("a list");
}

// X2, C23
#[tokio::test(start_paused = true)]
async fn who_wants_no_tasks_does_not_declare_them_and_takes_none() {
    for client in [
        modern(Client::builder().tasks(false)).await,
        modern(Client::builder().extension("com.example/other", Default::default())).await,
    ] {
        let (client, mut server) = client;
        let calling = client.call_tool("x", ()).as_task(TaskWish::Never);
        let call = tokio::spawn(calling.into_future());
        let request = server.create(task("working")).await;
        assert!(!declares(&request.params), "{:?}", request.params);
        // C2: what it did not declare is no result type.
        let error = call.await.expect("no panic").expect_err("no result");
        assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
        server.silence().await;
    }
}

// X6, X13, X99, X28, X75, C3
#[tokio::test(start_paused = true)]
async fn a_task_looks_like_a_call() {
    let (client, mut server) = client().await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(task("working")).await;
    for _ in 0..2 {
        let params = server.expect("tasks/get", task("working")).await;
        assert_eq!(params["taskId"], "t-1");
        assert!(declares(&params), "X75: {params}");
    }
    server.no_news().await;
    server.expect("tasks/get", task_with("completed", json!({ "result": hi() }))).await;
    assert_eq!(call.await.expect("no panic").expect("a result").text(), "hi");
    // X28: nothing is asked after the end.
    server.silence().await;
}

// X7, X86
#[tokio::test(start_paused = true)]
async fn a_task_is_no_answer_to_other_methods() {
    let (client, mut server) = client().await;
    let mut created = task("working");
    created["resultType"] = json!("task");
    let prompt = tokio::spawn(client.get_prompt("x", ()).into_future());
    server.expect("prompts/get", created.clone()).await;
    let error = prompt.await.expect("no panic").expect_err("no result");
    assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
    let list = tokio::spawn(async move { client.list_tools().await });
    server.expect("tools/list", created).await;
    let error = list.await.expect("no panic").expect_err("no result");
    assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
}

// X16, X25, X26
#[tokio::test(start_paused = true)]
async fn the_server_says_how_often_it_wants_to_be_asked_and_may_change_its_mind() {
    let (client, mut server) = client().await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    let every = |interval: Value| task_with("working", json!({ "pollIntervalMs": interval }));
    server.create(every(json!(2000))).await;
    let mut last = Instant::now();
    for (next, waited) in [(json!(30_000), 2000), (json!(700.5), 30_000), (json!(60_000), 700)] {
        let request = server.request("tasks/get").await;
        let elapsed = last.elapsed().as_millis();
        assert!((waited..waited + 20).contains(&elapsed), "{waited}: {elapsed}");
        last = Instant::now();
        server.answer(&request, every(next)).await;
        if waited == 30_000 {
            server.no_news().await;
        }
    }
    call.abort();
}

// X19, X36, X82, X83, X84
#[tokio::test(start_paused = true)]
async fn every_end_is_what_the_call_would_have_come_to() {
    let failed = json!({ "error": { "code": -7, "message": "not today", "data": 3 } });
    let unlucky = json!({ "result": { "content": [], "isError": true } });
    for (status, more) in [
        ("completed", unlucky),
        ("failed", failed),
        ("cancelled", json!({ "statusMessage": "so" })),
    ] {
        let (client, mut server) = client().await;
        let call = tokio::spawn(client.call_tool("x", ()).into_future());
        server.create(task("working")).await;
        server.expect("tasks/get", task_with(status, more)).await;
        let result = call.await.expect("no panic");
        match status {
            "completed" => assert!(result.expect("a result").is_error),
            "failed" => {
                let error = result.expect_err("the call's error");
                assert_eq!(
                    (error.code(), error.rpc().and_then(|it| it.data.clone())),
                    (Some(-7), Some(json!(3)))
                );
            }
            _ => {
                let error = result.expect_err("no result");
                assert!(
                    matches!(&error, ClientError::TaskCancelled { task, message }
                        if task == "t-1" && message.as_deref() == Some("so")),
                    "{error}"
                );
            }
        }
        server.silence().await;
    }
}

// X21: born with its end, which there was no room for (E13).
#[tokio::test(start_paused = true)]
async fn a_task_that_has_ended_when_it_is_created_is_looked_at_at_once() {
    let (client, mut server) = client().await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(task("completed")).await;
    let begun = Instant::now();
    server.expect("tasks/get", task_with("completed", json!({ "result": hi() }))).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    call.await.expect("no panic").expect("a result");
}

// X17, X18, X40, X41, X42, X43, X47, X51, X53
#[tokio::test(start_paused = true)]
async fn each_question_is_put_once_and_each_answer_sent_once() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let note = asked.clone();
    let builder = Client::builder().on_elicit(move |question| {
        let message = serde_json::to_value(question).expect("JSON")["message"].clone();
        note.lock().expect("no panic").push(message.clone());
        async move {
            // The second one takes its time.
            let pause = if message == "B?" { 5 } else { 0 };
            tokio::time::sleep(Duration::from_secs(pause)).await;
            Elicited::Accepted(json!({ "ok": true }))
        }
    });
    let (client, mut server) = modern(builder).await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(task("working")).await;
    let both = json!({ "inputRequests": { "a": form("A?"), "b": form("B?") } });
    server.expect("tasks/get", task_with("input_required", both.clone())).await;
    let accepted = json!({ "action": "accept", "content": { "ok": true } });
    let update = server.request("tasks/update").await;
    // X53: what is there is sent.
    assert_eq!(update.params["inputResponses"], json!({ "a": accepted }));
    assert_eq!(update.params["taskId"], "t-1");
    assert!(declares(&update.params));
    server.answer(&update, json!({})).await;
    // X43: the server has not noticed yet, and lists both again. X41: it is still asked.
    server.expect("tasks/get", task_with("input_required", both)).await;
    server.no_news().await;
    let params = loop {
        let request = server.any().await;
        let left = json!({ "inputRequests": { "b": form("B?") } });
        match request.method.as_str() {
            "tasks/get" => server.answer(&request, task_with("input_required", left)).await,
            _ => {
                server.answer(&request, json!({})).await;
                break request.params;
            }
        }
    };
    assert_eq!(params["inputResponses"], json!({ "b": accepted }), "X51");
    server.expect("tasks/get", task_with("completed", json!({ "result": hi() }))).await;
    call.await.expect("no panic").expect("a result");
    assert_eq!(*asked.lock().expect("no panic"), ["A?", "B?"]);
}

// X42: a question that is taken back takes its handler along.
#[tokio::test(start_paused = true)]
async fn a_question_that_is_not_open_any_more_is_not_answered() {
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = dropped.clone();
    let builder = Client::builder().on_elicit(move |_| {
        let count = Count(count.clone());
        async move {
            std::future::pending::<()>().await;
            drop(count);
            Elicited::<Value>::Declined
        }
    });
    let (client, mut server) = modern(builder).await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(task("working")).await;
    let asks = json!({ "inputRequests": { "a": form("A?") } });
    server.expect("tasks/get", task_with("input_required", asks)).await;
    assert_eq!(dropped.load(Ordering::Relaxed), 0);
    server.expect("tasks/get", task("working")).await;
    server.no_news().await;
    server.expect("tasks/get", task_with("completed", json!({ "result": hi() }))).await;
    call.await.expect("no panic").expect("a result");
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}

// X40: an answer that was lost on the way is sent again, and nobody is asked again.
#[tokio::test(start_paused = true)]
async fn an_answer_that_the_server_could_not_take_is_sent_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let builder = Client::builder().on_elicit(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Elicited::Accepted(json!({ "ok": true })) }
    });
    let (client, mut server) = modern(builder).await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(task("working")).await;
    let asks = task_with("input_required", json!({ "inputRequests": { "a": form("A?") } }));
    server.expect("tasks/get", asks.clone()).await;
    let update = server.request("tasks/update").await;
    server.refuse(&update, -32603, "the disk is full").await;
    server.expect("tasks/get", asks).await;
    let again = server.expect("tasks/update", json!({})).await;
    assert_eq!(again["inputResponses"], update.params["inputResponses"]);
    server.no_news().await;
    server.expect("tasks/get", task_with("completed", json!({ "result": hi() }))).await;
    call.await.expect("no panic").expect("a result");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

// X55, X60, X77: a call that nobody waits for any more is cancelled as the task that it is.
#[tokio::test(start_paused = true)]
async fn dropping_a_call_cancels_its_task_and_dropping_a_handle_does_not() {
    let (client, mut server) = client().await;
    let call = tokio::spawn(client.call_tool("x", ()).into_future());
    server.create(task("working")).await;
    server.expect("tasks/get", task("working")).await;
    call.abort();
    let params = server.expect("tasks/cancel", json!({})).await;
    assert_eq!(params["taskId"], "t-1");
    server.silence().await;

    let handle = tokio::spawn({
        let client = client.clone();
        async move { client.call_tool("x", ()).task().await }
    });
    server.create(task("working")).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    assert_eq!(handle.id(), Some("t-1"));
    drop(handle);
    server.silence().await;
}

// A call is dropped between the answer of the server and the caller's next look.
#[tokio::test(start_paused = true)]
async fn a_task_that_nobody_heard_of_is_cancelled() {
    let (client, mut server) = client().await;
    let mut call = Box::pin(client.call_tool("x", ()).into_future());
    assert!(is_pending(call.as_mut()));
    server.create(task("working")).await;
    // The answer is there, and nobody has taken it.
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    drop(call);
    assert_eq!(server.request("tasks/cancel").await.params["taskId"], "t-1");
}

// X58, X60: a cancellation is asked for, and what becomes of it is the server's word.
#[tokio::test(start_paused = true)]
async fn a_handle_cancels_and_sees_what_the_server_made_of_it() {
    let (client, mut server) = client().await;
    let handle = tokio::spawn(async move { client.call_tool("x", ()).task().await });
    server.create(task("working")).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    let cancel = tokio::spawn({
        let handle = handle.clone();
        async move { handle.cancel().await }
    });
    server.expect("tasks/cancel", json!({})).await;
    assert_eq!(cancel.await.expect("no panic").expect("acknowledged"), TaskStatus::Working);
    // It was done before that.
    let result = tokio::spawn({
        let handle = handle.clone();
        async move { handle.result().await }
    });
    server.expect("tasks/get", task_with("completed", json!({ "result": hi() }))).await;
    assert_eq!(result.await.expect("no panic").expect("a result").text(), "hi");
    // It can be had again, and nobody is asked.
    assert_eq!(handle.result().await.expect("a result").text(), "hi");
    assert_eq!(handle.wait().await.expect("an end"), TaskStatus::Completed);
    server.silence().await;
}

// X62, X63, X66, X67, C14, C16
#[tokio::test(start_paused = true)]
async fn what_the_server_tells_need_not_be_asked() {
    let (client, mut server) = client().await;
    let events = tokio::spawn(told(client.call_tool("x", ()).stream()));
    server.create(task("working")).await;
    for _ in 0..2 {
        server.expect("tasks/get", task("working")).await;
    }
    let listen = server.request("subscriptions/listen").await;
    assert!(declares(&listen.params), "X65");
    assert_eq!(listen.params["notifications"], json!({ "taskIds": ["t-1"] }));
    let meta = json!({ "io.modelcontextprotocol/subscriptionId": listen.id });
    let accepted = json!({ "_meta": meta, "notifications": { "taskIds": ["t-1"] } });
    server.notify("notifications/subscriptions/acknowledged", accepted).await;
    let told_at = Instant::now();
    // X67: from here on it is asked seldom.
    server.expect("tasks/get", task("working")).await;
    assert!(told_at.elapsed() >= Duration::from_secs(25), "{:?}", told_at.elapsed());
    let mut half = task_with("working", json!({ "statusMessage": "half" }));
    half["_meta"] = meta.clone();
    server.notify("notifications/tasks", half).await;
    // Another's is nobody's.
    let mut other = task_with("cancelled", json!({ "taskId": "t-2" }));
    other["_meta"] = meta.clone();
    server.notify("notifications/tasks", other).await;
    let mut done = task_with("completed", json!({ "result": hi() }));
    done["_meta"] = meta;
    server.notify("notifications/tasks", done).await;
    let events = events.await.expect("no panic");
    assert_eq!(events.first().map(String::as_str), Some("created working"));
    assert_eq!(events.last().map(String::as_str), Some("done hi"));
    assert!(events.contains(&"completed".to_owned()), "{events:?}");
    // The stream is closed, and that is all.
    let cancelled = server.next().await;
    assert_eq!(cancelled["method"], "notifications/cancelled");
    assert_eq!(cancelled["params"]["requestId"], listen.id);
    server.silence().await;
}

// A server that has no streams is asked for one once, whatever it says to that.
#[tokio::test(start_paused = true)]
async fn a_server_that_tells_nothing_is_not_asked_to_again() {
    let (client, mut server) = client().await;
    for first in [true, false] {
        let call = tokio::spawn(client.call_tool("x", ()).into_future());
        server.create(task("working")).await;
        for _ in 0..2 {
            server.expect("tasks/get", task("working")).await;
        }
        if first {
            let listen = server.request("subscriptions/listen").await;
            let meta = json!({ "io.modelcontextprotocol/subscriptionId": listen.id });
            let nothing = json!({ "_meta": meta, "notifications": {} });
            server.notify("notifications/subscriptions/acknowledged", nothing).await;
            // It is of no use, and closed.
            assert_eq!(server.next().await["method"], "notifications/cancelled");
        }
        server.expect("tasks/get", task_with("completed", json!({ "result": hi() }))).await;
        call.await.expect("no panic").expect("a result");
    }
}

// X14, X24: rounds before the task, and what is told of both.
#[tokio::test(start_paused = true)]
async fn a_stream_tells_all_that_happens_in_order() {
    let builder =
        Client::builder().on_elicit(|_| async { Elicited::Accepted(json!({ "ok": true })) });
    let (client, mut server) = modern(builder).await;
    let events = tokio::spawn(told(client.call_tool("x", ()).stream()));
    let call = server.request("tools/call").await;
    let token = call.params["_meta"]["progressToken"].clone();
    assert_eq!(token, call.id);
    server.notify("notifications/progress", json!({ "progressToken": token, "progress": 1 })).await;
    let asks = json!({
        "resultType": "input_required",
        "inputRequests": { "first": form("Begin?") },
        "requestState": "s",
    });
    server.answer(&call, asks).await;
    let again = server.create(task("working")).await;
    assert_eq!(again.params["requestState"], "s");
    assert!(declares(&again.params));
    server.expect("tasks/get", task_with("working", json!({ "statusMessage": "half" }))).await;
    let asks = json!({ "inputRequests": { "first": form("Go on?") } });
    server.expect("tasks/get", task_with("input_required", asks)).await;
    // X100: the same key as before the task, and another question.
    loop {
        let request = server.any().await;
        match request.method.as_str() {
            "tasks/update" => break server.answer(&request, json!({})).await,
            _ => server.refuse(&request, -32601, "no such method").await,
        }
    }
    let end = task_with("completed", json!({ "result": hi() }));
    loop {
        let request = server.any().await;
        match request.method.as_str() {
            "tasks/get" => break server.answer(&request, end).await,
            _ => server.refuse(&request, -32601, "no such method").await,
        }
    }
    assert_eq!(
        events.await.expect("no panic"),
        [
            "progress 1",
            "input first elicitation/create",
            "created working",
            "working, half",
            "input first elicitation/create",
            "input_required",
            "completed",
            "done hi",
        ]
    );
}

// X6: a call that is answered at once is a stream of one event, and a handle without a task.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_answered_at_once_is_no_task() {
    let (client, mut server) = client().await;
    let mut stream = client.call_tool("x", ()).stream();
    let first = tokio::spawn(async move {
        let first = stream.next().await.expect("an event");
        (short(&first), stream.next().await.is_none(), stream.into_task().is_none())
    });
    server.expect("tools/call", hi()).await;
    assert_eq!(first.await.expect("no panic"), ("done hi".to_owned(), true, true));

    let handle = tokio::spawn(client.call_tool("x", ()).task());
    server.expect("tools/call", hi()).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    assert_eq!((handle.id(), handle.ticket(), handle.info()), (None, None, None));
    assert_eq!(handle.get().await.expect("a status"), TaskStatus::Completed);
    assert_eq!(handle.cancel().await.expect("a status"), TaskStatus::Completed);
    assert_eq!(handle.result().await.expect("a result").text(), "hi");
    assert_eq!(told(handle.follow()).await, ["done hi"]);
    server.silence().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_a_stream_cancels_and_taking_its_task_does_not() {
    let (client, mut server) = client().await;
    for take in [false, true] {
        let mut stream = client.call_tool("x", ()).stream();
        let begun = tokio::spawn(async move {
            let created = stream.next().await.expect("an event");
            assert_eq!(short(&created), "created working");
            stream
        });
        server.create(task("working")).await;
        let stream = begun.await.expect("no panic");
        if take {
            let task = stream.into_task().expect("a task");
            server.silence().await;
            // Following it again cancels nothing either.
            let mut again = task.follow();
            assert!(is_pending(std::pin::pin!(again.next())));
            drop(again);
            assert_eq!(task.id(), Some("t-1"));
        } else {
            drop(stream);
            server.expect("tasks/cancel", json!({})).await;
        }
        server.silence().await;
    }
}

// X40, X47, X51: by hand.
#[tokio::test(start_paused = true)]
async fn questions_can_be_answered_by_hand() {
    let (client, mut server) = client().await;
    let handle = tokio::spawn(async move { client.call_tool("x", ()).task().await });
    server.create(task("working")).await;
    let handle = handle.await.expect("no panic").expect("a handle");
    let asks = task_with("input_required", json!({ "inputRequests": { "a": form("A?") } }));
    // A question that has no handler ends the waiting, and nothing else.
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.wait().await }
    });
    server.expect("tasks/get", asks.clone()).await;
    let error = waiting.await.expect("no panic").expect_err("nobody answers");
    assert!(matches!(error, ClientError::NoHandler(_)), "{error}");
    assert_eq!(handle.questions().keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(handle.questions()["a"]["params"]["message"], "A?");
    let answering = tokio::spawn({
        let handle = handle.clone();
        async move { handle.answer("a", json!({ "action": "decline" })).await }
    });
    let params = server.expect("tasks/update", json!({})).await;
    assert_eq!(params["inputResponses"], json!({ "a": { "action": "decline" } }));
    answering.await.expect("no panic").expect("answered");
    assert!(handle.questions().is_empty());
    // It is not answered twice, whatever the server says.
    for key in ["a", "b"] {
        let answering = tokio::spawn({
            let handle = handle.clone();
            async move { handle.answer(key, json!({ "action": "decline" })).await }
        });
        server.expect("tasks/get", asks.clone()).await;
        let error = answering.await.expect("no panic").expect_err("no question");
        assert!(matches!(&error, ClientError::NoQuestion { key: it } if it == key), "{error}");
    }
    server.silence().await;
}
