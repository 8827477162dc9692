//! The stream of changes.

use serde_json::{Value, json};

use super::api::{begin, post};
use super::shop::Shop;
use super::web::Ask;

fn has(id: &str) -> impl Fn(&Value) -> bool {
    move |data| {
        data["changed"].as_array().is_some_and(|all| all.iter().any(|task| task["id"] == id))
    }
}

#[tokio::test]
async fn a_stream_begins_with_everything_and_goes_on_with_what_changes() {
    let shop = Shop::open().await;
    let one = begin(&shop, "render", json!({ "scene": "one" })).await;
    let (reply, mut events) = Ask::get(&shop, "/console/api/events").open(shop.address).await;
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    let (name, first) = events.event().await.expect("an event");
    assert_eq!((name.as_str(), &first["whole"]), ("tasks", &true.into()));
    assert!(has(&one)(&first));
    let two = begin(&shop, "render", json!({ "scene": "two" })).await;
    let news = events.wait("tasks", has(&two)).await;
    assert_eq!(news["whole"], false);
    assert!(!has(&one)(&news), "only what changed");
    post(&shop, "task/cancel", json!({ "id": one })).await;
    let is_cancelled = |data: &Value| {
        let mut changed = data["changed"].as_array().into_iter().flatten();
        changed.any(|task| task["id"] == *one && task["state"] == "cancelled")
    };
    events.wait("tasks", is_cancelled).await;
    post(&shop, "task/purge", json!({ "id": one })).await;
    events.wait("tasks", |data| data["gone"] == json!([one])).await;
    shop.server.enable_tool("fail", false);
    events.wait("lists", |_| true).await;
}

/// Steps are nothing that clients see: the store calls nobody for them, and they are shown all the same.
#[tokio::test]
async fn the_journal_of_a_task_is_shown_as_it_grows() {
    let shop = Shop::open().await;
    let id = begin(&shop, "render", json!({ "scene": "dusk" })).await;
    let path = format!("/console/api/events?task={id}");
    let (_, mut events) = Ask::get(&shop, &path).open(shop.address).await;
    let steps = |count: usize| {
        move |task: &Value| task["journal"].as_array().is_some_and(|all| all.len() == count)
    };
    for done in 0..4 {
        let task = events.wait("task", steps(done)).await;
        assert_eq!(task["state"], "working");
        shop.steps(1);
    }
    let task = events.wait("task", |task| task["state"] == "returned").await;
    assert_eq!(task["journal"][3]["kind"], "step");
    assert_eq!(task["journal"][3]["value"], "dusk-4.png");
    assert_eq!(task["call"]["params"]["arguments"], json!({ "scene": "dusk" }));
    post(&shop, "task/purge", json!({ "id": id })).await;
    assert_eq!(events.wait("gone", |_| true).await, json!({ "id": id }));
}

#[tokio::test]
async fn a_task_that_is_not_there_is_said_to_be_gone() {
    let shop = Shop::open().await;
    let path = "/console/api/events?task=nobody-knows-it";
    let (_, mut events) = Ask::get(&shop, path).open(shop.address).await;
    assert_eq!(events.wait("gone", |_| true).await["id"], "nobody-knows-it");
}

#[tokio::test]
async fn streams_are_bounded_and_room_comes_back() {
    let shop = Shop::open().await;
    let ask = Ask::get(&shop, "/console/api/events");
    let mut open = Vec::new();
    loop {
        let (reply, stream) = ask.open(shop.address).await;
        if reply.status != 200 {
            assert_eq!(reply.status, 503);
            break;
        }
        open.push(stream);
        assert!(open.len() <= 64, "no bound");
    }
    open.truncate(1);
    // The server notices a connection's end when it next writes to it, or reads from it.
    let again = async {
        while ask.open(shop.address).await.0.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(super::web::PATIENCE, again).await.expect("room");
    // The endpoint does not mind.
    let list = Ask::modern(&shop, "tools/list", json!({}), json!({}));
    assert_eq!(list.send(shop.address).await.status, 200);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_streams() {
    let shop = Shop::open().await;
    let (_, mut events) = Ask::get(&shop, "/console/api/events").open(shop.address).await;
    events.event().await.expect("the whole picture");
    let begun = std::time::Instant::now();
    shop.close().await;
    // Calls have `Limits::drain`, ten seconds by default, to end: nothing here needs it.
    assert!(begun.elapsed() < std::time::Duration::from_secs(9), "{:?}", begun.elapsed());
    while events.event().await.is_some() {}
}
