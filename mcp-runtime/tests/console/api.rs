//! What the page asks for.

use serde_json::{Value, json};

use super::shop::{EVIL, Shop};
use super::web::Ask;

pub async fn get(shop: &Shop, path: &str) -> Value {
    let reply = Ask::get(shop, &format!("/console/api/{path}")).send(shop.address).await;
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    reply.json()
}

pub async fn post(shop: &Shop, path: &str, body: Value) -> (u16, Value) {
    let ask = Ask::post(shop, &format!("/console/api/{path}"), &body);
    let reply = ask.send(shop.address).await;
    (reply.status, reply.json())
}

/// Begins a task, and returns its id.
pub async fn begin(shop: &Shop, tool: &str, arguments: Value) -> String {
    let abilities = json!({
        "extensions": { "io.modelcontextprotocol/tasks": {} },
        "elicitation": { "form": {}, "url": {} },
    });
    let params = json!({ "name": tool, "arguments": arguments });
    let reply = Ask::modern(shop, "tools/call", params, abilities).send(shop.address).await.json();
    reply["result"]["taskId"].as_str().unwrap_or_else(|| panic!("no task: {reply}")).to_owned()
}

/// Waits until a task is as it should be.
pub async fn until(shop: &Shop, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/console/api/events?task={id}");
    let (_, mut events) = Ask::get(shop, &path).open(shop.address).await;
    events.wait("task", fits).await
}

#[tokio::test]
async fn the_server_says_what_it_is_and_what_each_revision_is_told() {
    let shop = Shop::open().await;
    let server = get(&shop, "server").await;
    assert_eq!(server["info"]["name"], "shop");
    assert_eq!(server["instructions"], "Ask before you order.");
    let revisions = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
    assert_eq!(server["revisions"], json!(revisions));
    assert_eq!(server["modern"], json!(["2026-07-28"]));
    assert_eq!(server["tasks"]["inline_budget_ms"], 500);
    // The capabilities of an era are in its own words.
    let capabilities = &server["capabilities"];
    let tasks = &capabilities["2026-07-28"]["extensions"]["io.modelcontextprotocol/tasks"];
    assert_eq!(tasks, &json!({}));
    assert!(capabilities["2025-11-25"]["tasks"].is_object());
    assert_eq!(capabilities["2025-06-18"].get("tasks"), None);
    assert_eq!(capabilities["2024-11-05"].get("extensions"), None);
}

#[tokio::test]
async fn a_tool_is_shown_with_its_options_and_as_each_revision_lists_it() {
    let shop = Shop::open().await;
    shop.server.enable_tool("fail", false);
    let tools = get(&shop, "tools").await;
    let tool = |name: &str| {
        let tools = tools["tools"].as_array().expect("tools");
        tools.iter().find(|tool| tool["name"] == name).expect("the tool").clone()
    };
    assert_eq!(tools["tools"].as_array().map(Vec::len), Some(6), "switched off ones included");
    assert_eq!(
        (&tool("fail")["enabled"], &tool("order")["enabled"]),
        (&false.into(), &true.into())
    );
    let render = tool("render");
    assert_eq!(render["task"]["support"], "required");
    assert_eq!(
        (&render["task"]["restart"], &render["task"]["ttl"]),
        (&"replay".into(), &"1h".into())
    );
    let order = tool("order");
    assert_eq!(order["annotations"]["destructiveHint"], false);
    assert_eq!(order["input_schema"]["required"], json!(["drink", "size"]));
    let wires = &order["wires"];
    assert!(wires["2025-06-18"]["outputSchema"].is_object());
    assert_eq!(wires["2025-03-26"].get("outputSchema"), None);
    assert_eq!(wires["2024-11-05"].get("annotations"), None);
    let wires = &render["wires"];
    assert_eq!(wires["2025-11-25"]["execution"]["taskSupport"], "required");
    assert_eq!(wires["2026-07-28"].get("execution"), None);
}

/// P20: what has ended stays so, and another task does the same again.
#[tokio::test]
async fn a_task_is_cancelled_and_run_again_as_a_new_one() {
    let shop = Shop::open().await;
    let id = begin(&shop, "render", json!({ "scene": "dawn" })).await;
    let (status, refused) = post(&shop, "task/again", json!({ "id": id })).await;
    assert_eq!(status, 409, "{refused}");
    assert_eq!(post(&shop, "task/purge", json!({ "id": id })).await.0, 409);
    let cancelled = post(&shop, "task/cancel", json!({ "id": id })).await;
    assert_eq!(cancelled, (200, json!({ "cancelled": true, "state": "cancelled" })));
    let twice = post(&shop, "task/cancel", json!({ "id": id })).await;
    assert_eq!(twice, (200, json!({ "cancelled": false, "state": "cancelled" })));
    let (status, new) = post(&shop, "task/again", json!({ "id": id })).await;
    assert_eq!(status, 200, "{new}");
    let new = new["id"].as_str().expect("an id");
    assert_ne!(new, id);
    // The old function may still wait at the gate, while it is given time to clean up.
    shop.steps(100);
    let done = until(&shop, new, |task| task["state"] == "returned").await;
    assert_eq!(done["retry_of"], json!(id));
    assert_eq!(done["result"]["content"][0]["text"], "dawn.mp4");
    let old = get(&shop, &format!("task?id={id}")).await;
    assert_eq!((&old["state"], &old["result"]), (&"cancelled".into(), &Value::Null));
    assert_eq!(post(&shop, "task/purge", json!({ "id": id })).await.0, 200);
    let reply = Ask::get(&shop, &format!("/console/api/task?id={id}")).send(shop.address).await;
    assert_eq!(reply.status, 404);
}

#[tokio::test]
async fn a_question_of_a_task_is_answered_once() {
    let shop = Shop::open().await;
    let id = begin(&shop, "publish", json!({ "page": "news" })).await;
    let asked = until(&shop, &id, |task| task["state"] == "input_required").await;
    assert_eq!(asked["questions"][0]["question"]["params"]["message"], "Publish news?");
    let answer = json!({ "action": "accept", "content": { "approved": true } });
    let wrong = json!({ "id": id, "answers": { "other": answer } });
    assert_eq!(post(&shop, "task/answer", wrong).await.0, 409);
    let right = json!({ "id": id, "answers": { "publish": answer } });
    assert_eq!(post(&shop, "task/answer", right.clone()).await.0, 200);
    let done = until(&shop, &id, |task| task["state"] == "returned").await;
    assert_eq!(done["result"]["content"][0]["text"], "news: published");
    assert_eq!(post(&shop, "task/answer", right).await.0, 409);
}

#[tokio::test]
async fn tasks_are_listed_newest_first_and_page_by_page() {
    let shop = Shop::open().await;
    let mut ids = Vec::new();
    for number in 0..130 {
        ids.push(begin(&shop, "render", json!({ "scene": number.to_string() })).await);
    }
    post(&shop, "task/cancel", json!({ "id": ids[7] })).await;
    let first = get(&shop, "tasks").await;
    let cursor = first["cursor"].as_str().expect("more");
    let second = get(&shop, &format!("tasks?before={cursor}")).await;
    assert_eq!(second["cursor"], Value::Null);
    let listed = |page: &Value| -> Vec<String> {
        let tasks = page["tasks"].as_array().expect("tasks");
        tasks.iter().map(|task| task["id"].as_str().expect("an id").to_owned()).collect()
    };
    let mut all = [listed(&first), listed(&second)].concat();
    assert_eq!(all.len(), 130);
    let times: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|page| page["tasks"].as_array().expect("tasks"))
        .map(|task| task["created_at"].as_str().expect("a time").to_owned())
        .collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "newest first");
    all.sort();
    ids.sort();
    assert_eq!(all, ids);
    let cancelled = get(&shop, "tasks?state=cancelled").await;
    assert_eq!(listed(&cancelled).len(), 1);
    assert_eq!(listed(&get(&shop, "tasks?state=live&tool=render").await).len(), 100);
    assert_eq!(listed(&get(&shop, "tasks?tool=other").await).len(), 0);
}

#[tokio::test]
async fn hostile_ids_and_bodies_are_refused_in_words() {
    let shop = Shop::open().await;
    let long = "a".repeat(129);
    for id in ["", "../../etc/passwd", EVIL, "a\0b", "a b", &long, "%00", "не-id"] {
        for what in ["cancel", "again", "purge", "answer"] {
            let body = json!({ "id": id, "answers": {} });
            let (status, said) = post(&shop, &format!("task/{what}"), body).await;
            assert_eq!(status, 404, "{what} {id}");
            assert!(said["error"].is_string());
        }
    }
    for (body, why) in [
        (json!([]), "an object"),
        (json!({}), "an id"),
        (json!({ "id": 7 }), "a text"),
        (json!({ "id": { "$gt": "" } }), "a text"),
        (Value::Null, "an object"),
    ] {
        assert_eq!(post(&shop, "task/cancel", body).await.0, 400, "{why}");
    }
    for path in ["task?id=%3Cscript%3E", "task?id=..", "task", "tasks/x", "../mcp", ""] {
        let reply = Ask::get(&shop, &format!("/console/api/{path}")).send(shop.address).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
    for before in ["x", "1", "1.<script>", "-1.a"] {
        let path = format!("/console/api/tasks?before={before}");
        assert_eq!(Ask::get(&shop, &path).send(shop.address).await.status, 400, "{before}");
    }
    for (method, path) in [("POST", "server"), ("GET", "task/cancel"), ("DELETE", "tools")] {
        let ask = Ask::get(&shop, &format!("/console/api/{path}")).method(method);
        let reply = ask.send(shop.address).await;
        assert_eq!((reply.status, reply.header("allow").is_some()), (405, true), "{path}");
    }
    assert_eq!(Ask::get(&shop, "/console").method("POST").send(shop.address).await.status, 405);
}
