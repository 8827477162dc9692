//! Bounds of time and room. The store's clock is the system's: what waits for it takes real time.

use std::time::Duration;

use mcp_runtime::task::TaskSettings;
use serde_json::json;

use crate::tasks_peer::{accept, augmented, get, legacy, modern, server_with, task, text, until};

const SOON: Duration = Duration::from_millis(300);

// L103, D11: what has expired makes room, and nothing else does.
#[tokio::test]
async fn room_is_made_by_expiry_alone() {
    let (server, gate) = server_with(|settings| {
        settings.kept = 2;
        settings.ttl = Duration::from_millis(600);
    });
    let mut peer = modern(&server);
    let ended = task(&mut peer, "failing_job").await;
    let running = task(&mut peer, "job").await;
    until(&mut peer, &ended, "completed").await;
    let error = peer.error("tools/call", json!({ "name": "job", "arguments": {} })).await;
    assert_eq!(error["code"], -32603);
    assert_eq!(get(&mut peer, &ended).await["status"], "completed");
    assert_eq!(get(&mut peer, &running).await["status"], "working");
    tokio::time::sleep(Duration::from_millis(900)).await;
    task(&mut peer, "job").await;
    // The one that expired does not run on.
    gate.open();
    gate.open();
    tokio::time::sleep(SOON).await;
    assert_eq!(gate.noted().iter().filter(|note| *note == "job ends").count(), 1);
}

// C21, D18: in the extension, a question whose time is over is gone, and the function has the say.
#[tokio::test]
async fn a_question_ends_with_its_time() {
    let (server, _) = server_with(|settings| settings.input_timeout = SOON);
    let mut peer = modern(&server);
    let id = task(&mut peer, "ask").await;
    until(&mut peer, &id, "input_required").await;
    let late = json!({ "approval": accept(json!({ "approved": true })) });
    let ended = until(&mut peer, &id, "completed").await;
    assert_eq!((&ended["result"]["isError"], ended.get("inputRequests")), (&json!(true), None));
    peer.result("tasks/update", json!({ "taskId": id, "inputResponses": late })).await;
    assert_eq!(get(&mut peer, &id).await, ended);
}

// C21, D18, L41: in a session, it is taken back.
#[tokio::test]
async fn a_question_whose_time_is_over_is_taken_back() {
    let (server, _) = server_with(|settings| settings.input_timeout = SOON);
    let mut peer = legacy(&server).await;
    let id = augmented(&mut peer, "ask").await;
    let (request, _) = peer.question("elicitation/create").await;
    assert_eq!(peer.notification("notifications/cancelled").await["requestId"], request);
    peer.answer(&request, accept(json!({ "approved": true }))).await;
    until(&mut peer, &id, "failed").await;
    let result = peer.result("tasks/result", json!({ "taskId": id })).await;
    assert_eq!(result["isError"], true);
    assert!(text(&result).contains("time"), "{result}");
}

// D18, D12: a question does not outlive its task.
#[tokio::test]
async fn a_question_ends_with_the_lifetime_of_its_task() {
    let (server, _) = server_with(|settings| settings.ttl = Duration::from_millis(600));
    let mut peer = legacy(&server).await;
    let params = json!({ "name": "ask", "arguments": {}, "task": {} });
    let created = peer.result("tools/call", params).await;
    let lifetime = created["task"]["ttl"].as_u64().expect("a lifetime");
    assert_eq!(lifetime, 600);
    let id = created["task"]["taskId"].as_str().expect("a task").to_owned();
    let (request, _) = peer.question("elicitation/create").await;
    assert_eq!(peer.notification("notifications/cancelled").await["requestId"], request);
    assert_eq!(peer.error("tasks/get", json!({ "taskId": id })).await["code"], -32602);
    peer.answer(&request, accept(json!({ "approved": true }))).await;
    assert_eq!(peer.error("tasks/result", json!({ "taskId": id })).await["code"], -32602);
}

// L104, L105: the page about tasks says what holds.
#[test]
fn the_bounds_are_documented_as_they_are() {
    let page = include_str!("../../../docs/tasks.md");
    let row = |setting: &str| {
        let begin = format!("| `{setting}` |");
        let row = page.lines().find(|line| line.starts_with(&begin));
        row.unwrap_or_else(|| panic!("docs/tasks.md has no row for `{setting}`"))
    };
    let settings = TaskSettings::default();
    let grouped = |number: usize| match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", number / 1_000, number % 1_000),
    };
    for (setting, number) in [
        ("live", settings.live),
        ("live_per_owner", settings.live_per_owner),
        ("kept", settings.kept),
        ("running", settings.running),
        ("crashes", settings.crashes as usize),
    ] {
        let cell = format!("| {} |", grouped(number));
        assert!(row(setting).contains(&cell), "`{setting}` is {number}: {}", row(setting));
    }
    let day = Duration::from_secs(24 * 60 * 60);
    assert_eq!(settings.ttl, day);
    assert!(page.contains("| `ttl` | 1 day |"));
    assert_eq!((settings.min_ttl, settings.max_ttl), (Duration::from_secs(10), 7 * day));
    assert!(row("min_ttl`, `max_ttl").contains("| 10 s, 7 days |"));
    // Where a task belongs to nobody is said there, too (L95).
    assert!(page.contains("belongs to whoever knows its id"));
}
