//! Messages as peers may write them, and questions of every kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use mcp_runtime::task::TaskSettings;
use mcp_runtime::{Context, InputError, Revision, Server, State, mcp_tool};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::tasks_peer::tools::{self, Gate};
use crate::tasks_peer::{
    Peer, RELATED, TASKS, accept, augmented, get, legacy, modern, server, task, text, until,
};

/// Asks everything that there is to ask, at once.
#[mcp_tool(task_support = "required")]
async fn asks_everything(cx: &Context) -> Result<String, InputError> {
    let (roots, haiku, page) = tokio::join!(
        cx.roots("folders"),
        cx.sample_text("haiku", "Write a haiku", 50),
        cx.elicit_url("login", "Log in", "https://example.com/login"),
    );
    page?.accepted()?;
    Ok(format!("{} {}", roots?.len(), haiku?.text()))
}

struct Turns(Arc<Semaphore>);

/// One task for equal calls of one caller; says how far it is, turn by turn.
#[mcp_tool(task_support = "required", dedupe)]
async fn shared(cx: &Context, turns: &State<Turns>) -> &'static str {
    for turn in 0..3 {
        turns.0.acquire().await.expect("never closed").forget();
        cx.progress(f64::from(turn)).await;
    }
    "shared"
}

fn quiet() -> TaskSettings {
    let mut settings = TaskSettings::default();
    settings.notify = false;
    settings
}

fn asking() -> Server {
    let gate: Arc<Gate> = Arc::default();
    let builder = tools::builder(&gate).tasks(quiet()).tool::<asks_everything>();
    builder.build().expect("a server")
}

fn everything() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {}, "roots": {} })
}

fn answers() -> [(&'static str, Value); 3] {
    let haiku = json!({
        "role": "assistant", "model": "m", "content": { "type": "text", "text": "An old pond" },
    });
    [
        ("roots/list", json!({ "roots": [{ "uri": "file:///a" }, { "uri": "file:///b" }] })),
        ("sampling/createMessage", haiku),
        ("elicitation/create", json!({ "action": "accept" })),
    ]
}

// C19, C22, X32, X33: folders, a model and a page are asked for like a form; an answer of another kind is none.
#[tokio::test(start_paused = true)]
async fn a_task_of_the_extension_asks_all_kinds_of_questions() {
    let mut capabilities = everything();
    capabilities["extensions"] = json!({ TASKS: {} });
    let mut peer = Peer::modern(&asking(), capabilities);
    let id = task(&mut peer, "asks_everything").await;
    let asking = until(&mut peer, &id, "input_required").await;
    let open = asking["inputRequests"].as_object().expect("questions");
    let keys: BTreeMap<&str, &str> =
        open.iter().map(|(key, it)| (it["method"].as_str().expect("a method"), &**key)).collect();
    assert_eq!(keys.len(), 3, "{asking}");
    let update = |responses: Value| json!({ "taskId": id, "inputResponses": responses });
    let [(_, roots), (_, haiku), (_, page)] = answers();
    for (method, wrong) in
        [("roots/list", &haiku), ("sampling/createMessage", &page), ("elicitation/create", &roots)]
    {
        peer.result("tasks/update", update(json!({ keys[method]: wrong }))).await;
    }
    let still = until(&mut peer, &id, "input_required").await;
    assert_eq!(still["inputRequests"], asking["inputRequests"]);
    for (method, answer) in answers() {
        assert_eq!(get(&mut peer, &id).await["status"], "input_required");
        peer.result("tasks/update", update(json!({ keys[method]: answer }))).await;
    }
    let done = until(&mut peer, &id, "completed").await;
    assert_eq!(text(&done["result"]), "2 An old pond");
}

// L38, L39, L41, L54, C22
#[tokio::test(start_paused = true)]
async fn a_task_of_a_session_asks_all_kinds_of_questions() {
    let mut peer = Peer::legacy(&asking(), Revision::V2025_11_25, everything()).await;
    let id = augmented(&mut peer, "asks_everything").await;
    let mut asked = BTreeMap::new();
    for _ in 0..3 {
        let question = peer.next().await;
        // The only metadata that there is, whatever is asked.
        assert_eq!(question["params"]["_meta"], json!({ RELATED: { "taskId": id } }), "{question}");
        let method = question["method"].as_str().expect("a question").to_owned();
        asked.insert(method, question["id"].clone());
    }
    let mut answers = answers();
    // A wrong one is asked for again.
    peer.answer(&asked["roots/list"], json!({ "roots": 7 })).await;
    let (again, params) = peer.question("roots/list").await;
    assert_eq!(params["_meta"], json!({ RELATED: { "taskId": id } }));
    asked.insert("roots/list".to_owned(), again);
    answers.reverse();
    for (method, answer) in answers {
        assert_eq!(get(&mut peer, &id).await["status"], "input_required");
        peer.answer(&asked[method], answer).await;
    }
    until(&mut peer, &id, "completed").await;
    let result = peer.result("tasks/result", json!({ "taskId": id })).await;
    assert_eq!(text(&result), "2 An old pond");
}

// L12, L14, L28: what is written as `null` was left out.
#[tokio::test(start_paused = true)]
async fn no_task_is_asked_for_by_null() {
    let (server, gate) = server();
    let mut peer = legacy(&server).await;
    gate.open();
    let params = json!({ "name": "slow", "arguments": {}, "task": null, "_meta": null });
    assert_eq!(text(&peer.result("tools/call", params).await), "done");
    let error = peer.error("tools/call", json!({ "name": "job", "task": null })).await;
    assert_eq!(error["code"], -32601);
}

// L56, X71: an id is a string of JSON, however it is spelt; what only looks like it is another.
#[tokio::test(start_paused = true)]
async fn an_id_may_be_spelt_with_escapes() {
    let (server, _) = server();
    let mut peer = legacy(&server).await;
    let id = augmented(&mut peer, "job").await;
    let spelt: String = id.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    peer.line(&format!(
        r#"{{"jsonrpc":"2.0","id":77,"method":"tasks/get","params":{{"\u0074askId":"{spelt}"}}}}"#
    ))
    .await;
    let response = peer.next().await;
    assert_eq!(response["result"]["taskId"], json!(id), "{response}");
    for other in [format!("{id} "), format!(" {id}"), format!("{id}\u{0}"), id[1..].to_owned()] {
        let error = peer.error("tasks/get", json!({ "taskId": other })).await;
        assert_eq!(error["code"], -32602, "{other:?}");
    }
    let swapped: String =
        id.chars()
            .map(|c| {
                if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
            })
            .collect();
    let error = peer.error("tasks/get", json!({ "taskId": swapped })).await;
    assert_eq!(error["code"], -32602);
}

// X48, X52: whatever is sent as answers, the task and the connection stand.
#[tokio::test(start_paused = true)]
async fn strange_answers_do_no_harm() {
    let (server, _) = server();
    let mut peer = modern(&server);
    let id = task(&mut peer, "ask").await;
    until(&mut peer, &id, "input_required").await;
    let many: serde_json::Map<String, Value> =
        (0..5000).map(|number| (format!("key {number}"), json!({ "action": "accept" }))).collect();
    for responses in [
        Value::Object(many),
        json!({ "": {}, "\u{0}": [], "approval\u{0}": {}, "é".repeat(5000): 1 }),
        json!({ "Approval": accept(json!({ "approved": true })) }),
    ] {
        let params = json!({ "taskId": id, "inputResponses": responses });
        let asked = peer.start("tasks/update", params).await;
        let response = peer.response(asked).await;
        let refused = response["error"]["code"] == -32602;
        assert!(refused || response["result"]["resultType"] == "complete", "{response}");
    }
    assert_eq!(get(&mut peer, &id).await["status"], "input_required");
    // One key twice: the task gets one answer, whichever it is.
    let meta = peer.meta.clone().expect("a modern peer");
    peer.line(&format!(
        r#"{{"jsonrpc":"2.0","id":7777,"method":"tasks/update","params":{{"taskId":"{id}","_meta":{meta},"inputResponses":{{"approval":{{"action":"accept","content":{{"approved":true}}}},"approval":{{"action":"accept","content":{{"approved":false}}}}}}}}}}"#
    ))
    .await;
    let response = peer.next().await;
    assert_eq!(response["id"], 7777);
    if response["error"].is_null() {
        let done = until(&mut peer, &id, "completed").await;
        assert!(text(&done["result"]).starts_with("approved: "), "{done}");
    } else {
        assert_eq!(response["error"]["code"], -32602);
    }
}

#[cfg(feature = "http")]
mod web {
    use super::*;
    use crate::tasks_peer::web::{Reply, Web, service};

    async fn call(web: &mut Web, token: &str) -> String {
        let params = json!({
            "name": "shared", "arguments": {}, "task": {}, "_meta": { "progressToken": token },
        });
        let created = web.result("tools/call", params).await;
        assert_eq!(created["task"]["status"], "working", "{created}");
        created["task"]["taskId"].as_str().expect("a task").to_owned()
    }

    async fn progress(stream: &mut Reply) -> (Value, Value, Value) {
        let message = stream.expect("notifications/progress").await;
        let params = &message["params"];
        let related = params["_meta"][RELATED]["taskId"].clone();
        (params["progressToken"].clone(), params["progress"].clone(), related)
    }

    // L63, L64, L65, L66: two calls that are one task are told of it each under its own token, until the end.
    #[tokio::test(start_paused = true)]
    async fn two_calls_of_one_task_have_two_tokens() {
        let (gate, turns): (Arc<Gate>, _) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let builder = tools::builder(&gate).tasks(quiet()).state(Turns(turns.clone()));
        let server = builder.tool::<shared>().build().expect("a server");
        let service = service(&server);
        let (mut one, _) = Web::legacy(&service, Some("alice")).await;
        let (mut two, _) = Web::legacy(&service, Some("alice")).await;
        let (mut first, mut second) = (one.listen(None).await, two.listen(None).await);
        let id = call(&mut one, "first").await;
        assert_eq!(call(&mut two, "second").await, id);
        for turn in [0.0, 1.0] {
            turns.add_permits(1);
            for (stream, token) in [(&mut first, "first"), (&mut second, "second")] {
                assert_eq!(progress(stream).await, (json!(token), json!(turn), json!(id)));
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        two.result("tasks/cancel", json!({ "taskId": id })).await;
        turns.add_permits(1);
        first.silence().await;
        second.silence().await;
        // What has ended is not joined, and neither is somebody else's (L94).
        let next = call(&mut one, "first").await;
        assert_ne!(next, id);
        let (mut bob, _) = Web::legacy(&service, Some("bob")).await;
        let other = call(&mut bob, "third").await;
        assert_ne!(other, next);
        let list = bob.result("tasks/list", json!({ "cursor": null })).await;
        assert_eq!(list["tasks"].as_array().map(Vec::len), Some(1), "{list}");
    }

    // D7: who leaves before the answer does not take a task along that belongs to others as well.
    #[tokio::test(start_paused = true)]
    async fn who_leaves_takes_no_task_of_others_along() {
        use futures_util::FutureExt as _;
        let (gate, turns): (Arc<Gate>, _) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let builder = tools::builder(&gate).tasks(quiet()).state(Turns(turns.clone()));
        let server = builder.tool::<shared>().build().expect("a server");
        let service = service(&server);
        let (mut one, _) = Web::legacy(&service, Some("alice")).await;
        let (mut two, _) = Web::legacy(&service, Some("alice")).await;
        let id = call(&mut one, "first").await;
        let params = json!({ "name": "shared", "arguments": {}, "task": {} });
        assert!(two.post("tools/call", params, &[]).now_or_never().is_none());
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        assert_eq!(one.result("tasks/get", json!({ "taskId": id })).await["status"], "working");
        turns.add_permits(3);
        assert_eq!(text(&one.result("tasks/result", json!({ "taskId": id })).await), "shared");
    }
}
