//! Over HTTP: statuses, headers, and whose task it is.

use std::time::Duration;

use mcp_runtime::McpService;
use serde_json::{Value, json};

use crate::tasks_peer::web::{Web, service};
use crate::tasks_peer::{TASKS, accept, server, server_with};

fn by_id(id: &str) -> Value {
    json!({ "taskId": id })
}

fn web() -> (McpService, Web) {
    let service = service(&server().0);
    let web = Web::modern(&service, None);
    (service, web)
}

fn undeclared(mut params: Value) -> Value {
    params["_meta"] = json!({ "io.modelcontextprotocol/clientCapabilities": {} });
    params
}

// X8, X75, C10, C11, C26
#[tokio::test(start_paused = true)]
async fn errors_have_their_status() {
    let (_, mut web) = web();
    let id = web.task("job").await;
    let needed = json!({ "requiredCapabilities": { "extensions": { TASKS: {} } } });
    for (method, params) in [
        ("tools/call", json!({ "name": "job", "arguments": {} })),
        ("tasks/get", by_id(&id)),
        ("tasks/cancel", by_id(&id)),
        ("tasks/update", by_id(&id)),
        ("subscriptions/listen", json!({ "notifications": { "taskIds": [id] } })),
    ] {
        let (status, error) = web.error(method, undeclared(params)).await;
        assert_eq!((status, &error["code"]), (400, &json!(-32021)), "{method}");
        assert_eq!(error["data"], needed, "{method}");
    }
    for method in ["tasks/result", "tasks/list"] {
        let (status, error) = web.error(method, by_id(&id)).await;
        assert_eq!((status, &error["code"]), (404, &json!(-32601)), "{method}");
    }
    let (status, error) = web.error("tasks/get", by_id("unknown")).await;
    assert_eq!((status, &error["code"]), (200, &json!(-32602)));
}

// X66, X67: what a stream has to say waits until it is read, and is how things stand then: each task once, and how it ended.
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_tells_how_things_stand_when_it_is() {
    let (server, gate) = server();
    let mut web = Web::modern(&service(&server), None);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(web.task("job").await);
    }
    ids.push(web.task("ask_and_work").await);
    let filter = json!({ "notifications": { "taskIds": ids } });
    let mut stream = web.post("subscriptions/listen", filter, &[]).await;
    web.until(&ids[3], "input_required").await;
    let responses = json!({ "approval": accept(json!({ "approved": true })) });
    web.result("tasks/update", json!({ "taskId": ids[3], "inputResponses": responses })).await;
    for id in &ids[..2] {
        gate.open();
        web.until(id, "completed").await;
    }
    stream.expect("notifications/subscriptions/acknowledged").await;
    let mut told = Vec::new();
    for _ in &ids {
        let params = stream.expect("notifications/tasks").await["params"].take();
        let at = ids.iter().position(|id| params["taskId"] == **id).expect("one of them");
        told.push((at, params["status"].as_str().expect("a status").to_owned()));
    }
    told.sort_unstable();
    let told: Vec<_> = told.iter().map(|(_, status)| &**status).collect();
    assert_eq!(told, ["completed", "completed", "working", "working"]);
    stream.silence().await;
    // A server that ends the stream leaves nothing unsaid.
    gate.open();
    gate.open();
    web.until(&ids[2], "completed").await;
    web.until(&ids[3], "completed").await;
    server.end_subscriptions();
    for _ in 0..2 {
        assert_eq!(stream.expect("notifications/tasks").await["params"]["status"], "completed");
    }
    assert_eq!(stream.next().await["result"]["resultType"], "complete");
    stream.ended().await;
}

// X69, X70, C12, C13, D20
#[tokio::test(start_paused = true)]
async fn the_name_in_the_header_must_be_that_of_the_task() {
    for strict in [false, true] {
        let (server, _) = server_with(|settings| settings.strict_names = strict);
        let mut web = Web::modern(&service(&server), None);
        let id = web.task("job").await;
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(&id);
        let encoded = format!("=?base64?{encoded}?=");
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let params = || json!({ "taskId": id, "inputResponses": {} });
            for (name, fine) in [
                (Some(&*id), true),
                (Some(&*encoded), true),
                (Some("other"), false),
                (None, !strict),
            ] {
                let headers: Vec<_> = name.iter().map(|name| ("mcp-name", *name)).collect();
                let reply = web.post(method, params(), &headers).await;
                let status = reply.status;
                let code = reply.json().await["error"]["code"].clone();
                let expected = if fine { (200, Value::Null) } else { (400, json!(-32020)) };
                assert_eq!((status, code), expected, "{method} {name:?} {strict}");
            }
        }
    }
}

// X90, D9, D10
#[tokio::test(start_paused = true)]
async fn a_task_exists_for_its_owner_alone() {
    let (service, _) = web();
    let mut alice = Web::modern(&service, Some("alice"));
    let id = alice.task("job").await;
    for who in [Some("bob"), None] {
        let mut other = Web::modern(&service, who);
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let with = |id: &str| json!({ "taskId": id, "inputResponses": {} });
            let foreign = other.error(method, with(&id)).await;
            assert_eq!(foreign, other.error(method, with("never issued")).await, "{method}");
            assert_eq!(foreign.1["code"], -32602, "{method}");
        }
        let params = json!({ "notifications": { "taskIds": [id] } });
        let mut stream = other.post("subscriptions/listen", params, &[]).await;
        let ack = stream.expect("notifications/subscriptions/acknowledged").await;
        assert_eq!(ack["params"]["notifications"], json!({}));
        stream.silence().await;
    }
    assert_eq!(alice.result("tasks/get", by_id(&id)).await["status"], "working");
}

// X62, X66, C14, C18: a stream of its own, whose end cancels nothing.
#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_takes_no_task_with_it() {
    let (server, gate) = server();
    let service = service(&server);
    let mut web = Web::modern(&service, None);
    let id = web.task("job").await;
    let params = json!({ "notifications": { "taskIds": [id] } });
    let mut stream = web.post("subscriptions/listen", params.clone(), &[]).await;
    assert_eq!(stream.kind, "text/event-stream");
    stream.expect("notifications/subscriptions/acknowledged").await;
    stream.expect("notifications/tasks").await;
    drop(stream);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(web.result("tasks/get", by_id(&id)).await["status"], "working");
    let mut stream = web.post("subscriptions/listen", params, &[]).await;
    stream.expect("notifications/subscriptions/acknowledged").await;
    stream.expect("notifications/tasks").await;
    gate.open();
    let end = stream.expect("notifications/tasks").await;
    assert_eq!(end["params"]["status"], "completed");
}

// P9, X27
#[tokio::test(start_paused = true)]
async fn too_many_looks_are_refused_in_the_words_of_http() {
    let (_, mut web) = web();
    let id = web.task("job").await;
    for _ in 0..2000 {
        let reply = web.post("tasks/get", by_id(&id), &[]).await;
        if reply.status == 429 {
            let wait = reply.retry_after.as_ref().expect("when to come back");
            assert!(wait.parse::<u64>().expect("seconds") >= 1);
            assert_eq!(reply.json().await["error"]["code"], -32603);
            return;
        }
    }
    panic!("never refused");
}
