//! The client as receiver: what becomes of one question that is to be a task.

use mcp_runtime::client::Client;
use mcp_runtime::{Elicited, Revision, TaskSettings};
use serde_json::{Value, json};

use crate::RELATED;
use crate::asks::{Asks, User, by_id, form, prompt, quiet};

// L1, L3, L6, L112: what is hosted is what there are handlers for, where the revision has such tasks.
#[tokio::test(start_paused = true)]
async fn what_is_hosted_is_declared_and_nothing_else() {
    let all = json!({ "list": {}, "cancel": {}, "requests": {
        "sampling": { "createMessage": {} }, "elicitation": { "create": {} } } });
    let user = User::new();
    let asks = Asks::connect(user.client(Some(quiet()))).await;
    assert_eq!(asks.capabilities["tasks"], all);
    let sampling = Client::builder().on_sample(|_| async { "Paris" }).host_tasks(quiet());
    let asks = Asks::connect(sampling).await;
    let requests = &asks.capabilities["tasks"]["requests"];
    assert_eq!(requests, &json!({ "sampling": { "createMessage": {} } }));
    for client in [user.client(None), Client::builder().host_tasks(quiet())] {
        let asks = Asks::connect(client).await;
        assert_eq!(asks.capabilities.get("tasks"), None, "{}", asks.capabilities);
    }
}

// L28, L6, L7, L8: without the capability a request is served as if it had no `task`.
#[tokio::test(start_paused = true)]
async fn where_nothing_is_hosted_a_question_is_answered_at_once() {
    let user = User::new();
    user.answers(9);
    let hosts = user.client(Some(quiet()));
    let peers = [
        Asks::connect(user.client(None)).await,
        // It was declared, and then the server chose a revision without such tasks.
        Asks::connect_as(hosts, Revision::V2025_06_18).await,
    ];
    for mut asks in peers {
        let answer = asks.result("elicitation/create", form("Eve", None)).await;
        assert_eq!(answer, json!({ "action": "accept", "content": { "name": "Eve" } }));
        let answer = asks.result("sampling/createMessage", prompt("?")).await;
        assert_eq!(answer["content"]["text"], "Paris");
        for method in ["tasks/get", "tasks/list", "tasks/result", "tasks/cancel"] {
            assert_eq!(asks.error(method, by_id("x")).await["code"], -32601, "{method}");
        }
    }
    // L6: a method that is not declared, beside one that is.
    let elicits = Client::builder().on_elicit(|_| async { Elicited::Declined }).host_tasks(quiet());
    let mut asks = Asks::connect(elicits).await;
    assert_eq!(asks.error("sampling/createMessage", prompt("?")).await["code"], -32601);
    assert_eq!(asks.error("tasks/update", by_id("x")).await["code"], -32601);
}

// L12, L28: only who asks for a task gets one.
#[tokio::test(start_paused = true)]
async fn a_question_without_task_is_answered_as_ever() {
    let user = User::new();
    user.answers(2);
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    for task in [None, Some(Value::Null)] {
        let mut params = form("Eve", None);
        let all = params.as_object_mut().expect("an object");
        match task {
            None => drop(all.remove("task")),
            Some(null) => drop(all.insert("task".to_owned(), null)),
        }
        let answer = asks.result("elicitation/create", params).await;
        assert_eq!(answer["content"]["name"], "Eve");
    }
    assert_eq!(asks.result("tasks/list", json!({})).await, json!({ "tasks": [] }));
}

// L16, L30, L31, L33, L42, L43, L45, L47, L49, L50, L54, L59, L80, L114, L36: a task at once, whatever the user does.
#[tokio::test(start_paused = true)]
async fn a_question_is_answered_by_its_task() {
    let user = User::new();
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let created = asks.result("elicitation/create", form("Eve", None)).await;
    let keys: Vec<_> = created.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["task", "_meta"]);
    let task = &created["task"];
    assert_eq!(created["_meta"][RELATED]["taskId"], task["taskId"]);
    assert_eq!(task["status"], "working");
    assert_eq!((&task["ttl"], &task["pollInterval"]), (&json!(600_000), &json!(1000)));
    for time in ["createdAt", "lastUpdatedAt"] {
        let time = task[time].as_str().expect("a time");
        assert!(time.ends_with('Z') && time.contains('T'), "{time}");
    }
    let seen = asks.get(task["taskId"].as_str().expect("a string")).await;
    assert_eq!((&seen["taskId"], &seen["status"]), (&task["taskId"], &task["status"]));
    assert_eq!(seen["createdAt"], task["createdAt"]);
    assert_eq!(seen.get("_meta"), None);
    assert_eq!(user.dropped(), Vec::<String>::new());
}

// L51, L53, L81, L93, L34: exactly what the question would have been answered with, and whose it is.
#[tokio::test(start_paused = true)]
async fn the_result_is_the_answer_and_says_whose_it_is() {
    let user = User::new();
    user.answers(2);
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let cases = [
        ("elicitation/create", form("Eve", None)),
        ("elicitation/create", form("decline", None)),
        ("sampling/createMessage", prompt("Capital of France?")),
    ];
    for (method, with_task) in cases {
        let mut plain = with_task.clone();
        plain.as_object_mut().expect("an object").remove("task");
        let id = asks.task(method, with_task).await;
        // What the user declines is an answer, too.
        asks.until(&id, "completed").await;
        let mut result = asks.result("tasks/result", by_id(&id)).await;
        let meta = result.as_object_mut().expect("an object").remove("_meta");
        assert_eq!(meta, Some(json!({ RELATED: { "taskId": id } })));
        user.answers(1);
        assert_eq!(result, asks.result(method, plain).await);
        // A second look finds the same.
        assert_eq!(asks.get(&id).await["status"], "completed");
    }
}

// L52, L24, L113: all who wait are served, and others look meanwhile; to stop waiting is no cancellation.
#[tokio::test(start_paused = true)]
async fn who_asks_for_the_result_waits_for_it() {
    let user = User::new();
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let id = asks.task("elicitation/create", form("Eve", None)).await;
    let waiting = [
        asks.start("tasks/result", by_id(&id)).await,
        asks.start("tasks/result", by_id(&id)).await,
        asks.start("tasks/result", by_id(&id)).await,
    ];
    assert_eq!(asks.get(&id).await["status"], "working");
    asks.notify("notifications/cancelled", json!({ "requestId": waiting[2] })).await;
    asks.silence().await;
    user.answers(1);
    for request in &waiting[..2] {
        let response = asks.response(*request).await;
        assert_eq!(response["result"]["content"]["name"], "Eve", "{response}");
    }
    asks.silence().await;
    assert_eq!(asks.get(&id).await["status"], "completed");
}

// L77, L113: the id of a request is not that of a task.
#[tokio::test(start_paused = true)]
async fn a_task_is_not_cancelled_by_the_request_that_made_it() {
    let user = User::new();
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let request = asks.start("elicitation/create", form("Eve", None)).await;
    let created = asks.response(request).await;
    let id = created["result"]["task"]["taskId"].as_str().expect("a task").to_owned();
    asks.notify("notifications/cancelled", json!({ "requestId": request })).await;
    asks.silence().await;
    assert_eq!(asks.get(&id).await["status"], "working");
    user.answers(1);
    asks.until(&id, "completed").await;
}

// L72, L73, L74, L35, L71, L84, L87: it is cancelled before the answer says so, the handler is dropped, and that is that.
#[tokio::test(start_paused = true)]
async fn a_cancelled_task_takes_its_handler_along() {
    let user = User::new();
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let id = asks.task("elicitation/create", form("Eve", None)).await;
    while user.begun() == 0 {
        tokio::task::yield_now().await;
    }
    let waiting = asks.start("tasks/result", by_id(&id)).await;
    let cancelled = asks.result("tasks/cancel", by_id(&id)).await;
    assert_eq!((&cancelled["taskId"], &cancelled["status"]), (&json!(id), &json!("cancelled")));
    assert_eq!(cancelled.get("_meta"), None, "L59, L80");
    assert_eq!(user.until_dropped().await, ["Eve"]);
    // D5: a request that was cancelled has no result.
    assert_eq!(asks.response(waiting).await["error"]["code"], -32603);
    user.answers(1);
    let again = asks.error("tasks/cancel", by_id(&id)).await;
    assert_eq!(again["code"], -32602);
    assert!(again["message"].as_str().is_some_and(|it| it.contains("cancelled")), "{again}");
    assert_eq!(asks.get(&id).await["status"], "cancelled");
    // Nor can one that has ended otherwise.
    let done = asks.task("elicitation/create", form("Adam", None)).await;
    asks.until(&done, "completed").await;
    assert_eq!(asks.error("tasks/cancel", by_id(&done)).await["code"], -32602);
    assert_eq!(asks.get(&done).await["status"], "completed");
}

// L89, L90, L92: an error of the handler is the task's, to the letter.
#[tokio::test(start_paused = true)]
async fn what_the_handler_refuses_has_failed() {
    let user = User::new();
    user.answers(2);
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let id = asks.task("elicitation/create", form("refuse", None)).await;
    let task = asks.until(&id, "failed").await;
    assert!(
        task["statusMessage"].as_str().is_some_and(|it| it.contains("nobody is here")),
        "{task}"
    );
    let error = asks.error("tasks/result", by_id(&id)).await;
    assert_eq!(error, json!({ "code": -7, "message": "nobody is here", "data": "try tomorrow" }));
    let mut plain = form("refuse", None);
    plain.as_object_mut().expect("an object").remove("task");
    assert_eq!(error, asks.error("elicitation/create", plain).await);
}

// L85, D25: a handler that panics takes nothing along.
#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_has_failed() {
    let user = User::new();
    user.answers(2);
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let id = asks.task("elicitation/create", form("panic", None)).await;
    asks.until(&id, "failed").await;
    let error = asks.error("tasks/result", by_id(&id)).await;
    assert_eq!(error["code"], -32603);
    assert!(!error.to_string().contains("upset"), "{error}");
    let next = asks.task("elicitation/create", form("Eve", None)).await;
    asks.until(&next, "completed").await;
}

// L87: what cannot be a question becomes no task.
#[tokio::test(start_paused = true)]
async fn a_question_that_is_none_is_refused_at_once() {
    let user = User::new();
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let mut bad_task = form("Eve", None);
    bad_task["task"] = json!(7);
    let mut bad_ttl = form("Eve", None);
    bad_ttl["task"] = json!({ "ttl": "long" });
    for params in [json!({ "mode": "form", "task": {} }), bad_task, bad_ttl] {
        let error = asks.error("elicitation/create", params.clone()).await;
        assert_eq!(error["code"], -32602, "{params}: {error}");
    }
    assert_eq!(asks.result("tasks/list", json!({})).await["tasks"], json!([]));
    assert_eq!(user.begun(), 0);
}

// L56, L58: what metadata says of a task is passed over.
#[tokio::test(start_paused = true)]
async fn the_parameter_says_which_task_is_meant() {
    let user = User::new();
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let meant = asks.task("elicitation/create", form("meant", None)).await;
    let other = asks.task("elicitation/create", form("other", None)).await;
    let params = json!({ "taskId": meant, "_meta": { RELATED: { "taskId": other } } });
    assert_eq!(asks.result("tasks/get", params.clone()).await["taskId"], json!(meant));
    assert_eq!(asks.result("tasks/cancel", params.clone()).await["taskId"], json!(meant));
    assert_eq!(asks.get(&other).await["status"], "working");
    assert!(asks.error("tasks/result", params).await["message"].is_string());
}

// L25, L60, L62: changes are told, after the answer that names the task, with all of the task and no metadata.
#[tokio::test(start_paused = true)]
async fn the_end_is_told() {
    let user = User::new();
    user.answers(1);
    let mut asks = Asks::connect(user.client(Some(TaskSettings::hosted()))).await;
    let request = asks.start("elicitation/create", form("Eve", None)).await;
    // The first message is the response.
    let first = asks.notification_or_response().await;
    assert_eq!(first["id"], request, "{first}");
    let id = &first["result"]["task"]["taskId"];
    let told = asks.notification("notifications/tasks/status").await;
    assert_eq!((&told["taskId"], &told["status"]), (id, &json!("completed")));
    assert_eq!(told.get("_meta"), None);
    for key in ["createdAt", "lastUpdatedAt", "ttl", "pollInterval"] {
        assert!(!told[key].is_null(), "{key}: {told}");
    }
}
