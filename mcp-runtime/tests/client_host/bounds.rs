//! The client as receiver: whose tasks there are, how many, and for how long.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::asks::{Asks, User, by_id, form, prompt, quiet};

const METHODS: [&str; 3] = ["tasks/get", "tasks/result", "tasks/cancel"];

// L82, L88, L94, L98, L99, D9, D10: of another connection's task nobody learns whether it exists.
#[tokio::test(start_paused = true)]
async fn tasks_belong_to_the_connection_that_asked_for_them() {
    let user = User::new();
    let mut one = Asks::connect(user.client(Some(quiet()))).await;
    let mut two = Asks::connect(user.client(Some(quiet()))).await;
    let id = one.task("elicitation/create", form("Eve", None)).await;
    for method in METHODS {
        let foreign = two.error(method, by_id(&id)).await;
        assert_eq!(foreign["code"], -32602, "{method}");
        assert_eq!(foreign, two.error(method, by_id("never-issued")).await, "{method}");
        assert_eq!(two.error(method, json!({})).await["code"], -32602, "{method}");
        assert_eq!(two.error(method, json!({ "taskId": 7 })).await["code"], -32602, "{method}");
    }
    assert_eq!(two.result("tasks/list", json!({})).await, json!({ "tasks": [] }));
    assert_eq!(one.get(&id).await["status"], "working");
    assert_eq!(one.result("tasks/list", json!({})).await["tasks"][0]["taskId"], json!(id));
}

// L30, L32, L96, X89, D19: ids are unique, and have 128 random bits.
#[tokio::test(start_paused = true)]
async fn ids_cannot_be_guessed() {
    let user = User::new();
    let mut ids = BTreeSet::new();
    for _ in 0..2 {
        let mut asks = Asks::connect(user.client(Some(quiet()))).await;
        for _ in 0..32 {
            let id = asks.task("sampling/createMessage", prompt("?")).await;
            // 22 characters of Base64 hold them.
            assert!(id.len() >= 22 && id.bytes().all(|byte| byte.is_ascii_graphic()), "{id}");
            assert!(ids.insert(id));
        }
    }
}

// L44, L45, L102: a lifetime within bounds.
#[tokio::test(start_paused = true)]
async fn a_lifetime_is_kept_within_bounds() {
    let user = User::new();
    let mut settings = quiet();
    settings.max_ttl = Duration::from_secs(60);
    let mut asks = Asks::connect(user.client(Some(settings))).await;
    for (asked, granted) in [(1, 10_000), (30_000, 30_000), (1_000_000_000, 60_000)] {
        let created = asks.result("elicitation/create", form("Eve", Some(asked))).await;
        assert_eq!(created["task"]["ttl"], granted, "{asked}");
        let id = created["task"]["taskId"].as_str().expect("a task");
        assert_eq!(asks.get(id).await["ttl"], granted);
    }
}

// L46, L82, L88, L103, D12: when it is over, the handler is dropped and nothing is left. It is the clock's time.
#[tokio::test]
async fn nothing_is_left_of_a_task_whose_lifetime_is_over() {
    let user = User::new();
    let mut settings = quiet();
    settings.min_ttl = Duration::from_millis(500);
    let mut asks = Asks::connect(user.client(Some(settings))).await;
    let id = asks.task("elicitation/create", form("late", Some(1))).await;
    // To wait is no reason to keep it.
    assert_eq!(asks.error("tasks/result", by_id(&id)).await["code"], -32602);
    for method in METHODS {
        assert_eq!(asks.error(method, by_id(&id)).await["code"], -32602, "{method}");
    }
    assert_eq!(asks.result("tasks/list", json!({})).await, json!({ "tasks": [] }));
    assert_eq!(user.until_dropped().await, ["late"]);
}

// L67, L68, L69, L70, L83: page by page, each task once; a cursor that is none is refused.
#[tokio::test(start_paused = true)]
async fn tasks_are_listed_page_by_page() {
    let user = User::new();
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let mut ids = BTreeSet::new();
    for _ in 0..120 {
        ids.insert(asks.task("sampling/createMessage", prompt("?")).await);
    }
    let (mut listed, mut pages, mut cursor) = (Vec::new(), 0, Value::Null);
    loop {
        let params = if cursor.is_null() { json!({}) } else { json!({ "cursor": cursor }) };
        let page = asks.result("tasks/list", params).await;
        assert_eq!(page.get("_meta"), None, "L59, L80");
        let tasks = page["tasks"].as_array().expect("a list");
        assert!(!tasks.is_empty() && tasks.len() <= 50);
        listed.extend(tasks.iter().filter_map(|it| it["taskId"].as_str()).map(str::to_owned));
        pages += 1;
        match page.get("nextCursor") {
            Some(next) => cursor = next.clone(),
            None => break,
        }
    }
    assert_eq!((pages, listed.len()), (3, ids.len()));
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), ids);
    assert_eq!(asks.error("tasks/list", json!({ "cursor": "?" })).await["code"], -32602);
}

// L101, L87: so many that have not ended, and not one more.
#[tokio::test(start_paused = true)]
async fn tasks_are_bounded_for_each_connection() {
    let user = User::new();
    let mut settings = quiet();
    settings.live = 2;
    let mut asks = Asks::connect(user.client(Some(settings.clone()))).await;
    let first = asks.task("elicitation/create", form("one", None)).await;
    asks.task("elicitation/create", form("two", None)).await;
    let error = asks.error("elicitation/create", form("three", None)).await;
    assert_eq!(error["code"], -32603);
    assert!(!error["message"].as_str().unwrap_or_default().is_empty(), "{error}");
    let mut other = Asks::connect(user.client(Some(settings))).await;
    other.task("elicitation/create", form("of another", None)).await;
    asks.result("tasks/cancel", by_id(&first)).await;
    asks.task("elicitation/create", form("three", None)).await;
}

// What a server makes the client keep has a bound in bytes, too.
#[tokio::test(start_paused = true)]
async fn long_questions_do_not_fill_the_memory() {
    let user = User::new();
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let long = "x".repeat(3 << 20);
    let mut refused = 0;
    for _ in 0..8 {
        let id = asks.start("elicitation/create", form(&long, None)).await;
        refused += usize::from(asks.response(id).await.get("error").is_some());
    }
    assert_eq!(refused, 3, "16 MiB hold five questions of 3 MiB");
}

// L100: who asks without a pause is told to slow down, and others still get their answers.
#[tokio::test(start_paused = true)]
async fn who_polls_without_end_is_refused() {
    let user = User::new();
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    let id = asks.task("elicitation/create", form("Eve", None)).await;
    let mut answers = Vec::new();
    for _ in 0..150 {
        let request = asks.start("tasks/get", by_id(&id)).await;
        answers.push(asks.response(request).await.get("error").is_none());
    }
    assert!(answers[..50].iter().all(|good| *good), "within reason all are answered");
    assert!(answers.contains(&false), "L100");
    assert!(asks.result("tasks/list", json!({})).await["tasks"].is_array());
}

// D24: with its connection a task ends, on whichever side that does.
#[tokio::test(start_paused = true)]
async fn a_handler_does_not_outlive_its_connection() {
    let user = User::new();
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    asks.task("elicitation/create", form("Eve", None)).await;
    while user.begun() == 0 {
        tokio::task::yield_now().await;
    }
    drop(asks.client);
    assert_eq!(user.until_dropped().await, ["Eve"]);

    let user = User::new();
    let mut asks = Asks::connect(user.client(Some(quiet()))).await;
    asks.task("elicitation/create", form("Adam", None)).await;
    while user.begun() == 0 {
        tokio::task::yield_now().await;
    }
    let client = asks.hang_up();
    assert_eq!(user.until_dropped().await, ["Adam"]);
    drop(client);
}
