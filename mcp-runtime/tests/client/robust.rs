//! What goes on although something else does not: functions of the program that panic, ids that are used twice, ends that are said
//! in other words.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcp_runtime::client::{Client, ClientError};
use mcp_runtime::schema::v2026_07_28::SubscriptionFilter;
use mcp_runtime::{Elicited, Revision};
use serde_json::{Value, json};

use crate::peer::{Says, modern, peer};

const LONG: Duration = Duration::from_secs(3600);

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, what).await.expect("it hangs")
}

fn notification(method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string()
}

fn response(result: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": "$id", "result": result }).to_string()
}

fn form() -> Value {
    let schema = json!({ "type": "object", "properties": {} });
    json!({
        "method": "elicitation/create",
        "params": { "mode": "form", "message": "?", "requestedSchema": schema },
    })
}

#[tokio::test(start_paused = true)]
async fn a_function_that_panics_ends_nothing_else() -> Result<(), ClientError> {
    for builder in [
        modern().on_progress(|_| panic!("on purpose")),
        modern().on_log(|_| panic!("on purpose")),
        modern().on_notification(|_, _| panic!("on purpose")),
        modern(),
    ] {
        let (client, _peer) = peer(builder, |_, _| {
            Says::Lines(vec![
                notification(
                    "notifications/progress",
                    json!({ "progressToken": "$id", "progress": 1 }),
                ),
                notification("notifications/message", json!({ "level": "error", "data": 1 })),
                response(json!({ "content": [] })),
            ])
        })
        .await?;
        let call = client.call_tool("x", ()).on_progress(|_| panic!("on purpose"));
        soon(call.into_future()).await?;
        soon(client.get_prompt("x", ()).on_progress(|_| panic!("on purpose")).into_future())
            .await
            .expect_err("no prompt, and an answer");
        soon(client.close()).await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_when_it_is_called_has_refused() -> Result<(), ClientError> {
    fn none(_: impl Sized) -> std::future::Ready<Elicited<Value>> {
        panic!("on purpose")
    }
    let (client, _peer) = peer(modern().on_elicit(none), |_, _| {
        Says::Result(json!({ "resultType": "input_required", "inputRequests": { "a": form() } }))
    })
    .await?;
    let error = soon(client.call_tool("x", ()).into_future()).await.expect_err("no answer");
    assert!(matches!(error, ClientError::Refused { .. }), "{error}");
    Ok(())
}

/// Counts when it is dropped.
struct Count(Arc<AtomicUsize>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_used_again_asks_nobody_again() -> Result<(), ClientError> {
    let (asked, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counting, dropping) = (asked.clone(), dropped.clone());
    let builder = Client::builder().legacy(Revision::V2025_11_25).on_elicit(move |_| {
        counting.fetch_add(1, Ordering::Relaxed);
        let count = Count(dropping.clone());
        async move {
            let _count = count;
            std::future::pending::<Elicited<Value>>().await
        }
    });
    let (client, _peer) = peer(builder, |method, _| match method {
        "initialize" => Says::Result(json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "serverInfo": { "name": "x", "version": "1" },
        })),
        _ => {
            let mut question = form();
            (question["jsonrpc"], question["id"]) = (json!("2.0"), json!("again"));
            let mut lines = vec![question.to_string(); 500];
            lines.push(response(json!({})));
            Says::Lines(lines)
        }
    })
    .await?;
    soon(client.request("test/flood", ())).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    soon(client.close()).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(dropped.load(Ordering::Relaxed), 1, "what was asked ends with the connection");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_round_of_too_many_questions_asks_nobody() -> Result<(), ClientError> {
    for (count, good) in [(256, true), (257, false)] {
        let asked = Arc::new(AtomicUsize::new(0));
        let counting = asked.clone();
        let builder = modern().on_elicit(move |_| {
            counting.fetch_add(1, Ordering::Relaxed);
            async { Elicited::<Value>::Declined }
        });
        let (client, _peer) = peer(builder, move |_, params| {
            if params.get("inputResponses").is_some() {
                return Says::Result(json!({ "content": [] }));
            }
            let questions: serde_json::Map<String, Value> =
                (0..count).map(|key| (key.to_string(), form())).collect();
            Says::Result(json!({ "resultType": "input_required", "inputRequests": questions }))
        })
        .await?;
        let called = soon(client.call_tool("x", ()).into_future()).await;
        if good {
            called?;
        } else {
            let error = called.expect_err("too many");
            assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
            assert!(error.to_string().contains("257"), "{error}");
        }
        assert_eq!(asked.load(Ordering::Relaxed), if good { 256 } else { 0 });
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_be_ended_by_the_id_of_its_request_alone() -> Result<(), ClientError> {
    let (client, _peer) = peer(modern(), |_, _| {
        let meta = json!({ "io.modelcontextprotocol/subscriptionId": "$id" });
        let agreed = json!({ "_meta": meta, "notifications": {} });
        Says::Lines(vec![
            notification("notifications/subscriptions/acknowledged", agreed),
            notification("notifications/cancelled", json!({ "requestId": "$id" })),
        ])
    })
    .await?;
    let mut changes = soon(client.listen(SubscriptionFilter::new())).await?;
    assert_eq!(soon(changes.next()).await?, None);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_clones_can_be_closed_at_the_same_time() -> Result<(), ClientError> {
    let (client, _peer) = peer(modern(), |_, _| Says::Result(json!({}))).await?;
    let other = client.clone();
    let (one, two) = soon(async { tokio::join!(client.close(), other.close()) }).await;
    one.and(two)
}
