//! Answers that are kept (2026-07-28, Caching). Time is paused: it goes on when a test says so.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcp_runtime::client::{Client, ClientError};
use mcp_runtime::schema::v2026_07_28::{
    CacheScope, SubscriptionFilter, TextOrBlobResourceContents, TextResourceContents,
};
use mcp_runtime::{Cache, ResourceOutput, Revision, mcp_resource};
use serde_json::{Value, json};
use tokio::time::advance;

use crate::peer::{Says, modern, peer, tool};

/// Lists of one tool with these hints; and a resource, with the same.
fn hinted(ttl: Value, scope: &'static str) -> impl FnMut(&str, &Value) -> Says + Send {
    let mut count = 0;
    move |method, params| {
        count += 1;
        let mut result = match method {
            "tools/list" => json!({ "tools": [tool(&format!("t{count}"))] }),
            "prompts/list" => json!({ "prompts": [] }),
            "resources/list" => json!({ "resources": [] }),
            "resources/templates/list" => json!({ "resourceTemplates": [] }),
            "resources/read" => {
                json!({ "contents": [{ "uri": params["uri"], "text": count.to_string() }] })
            }
            "server/discover" => {
                json!({ "capabilities": {}, "supportedVersions": ["2026-07-28"] })
            }
            _ => return Says::Error(-32601),
        };
        result["resultType"] = "complete".into();
        if !ttl.is_null() {
            result["ttlMs"] = ttl.clone();
        }
        result["cacheScope"] = scope.into();
        Says::Result(result)
    }
}

/// Asks for everything that may be kept.
async fn all(client: &Client) -> Result<(), ClientError> {
    client.list_tools().await?;
    client.list_prompts().await?;
    client.list_resources().await?;
    client.list_resource_templates().await?;
    client.read_resource("x://a").await?;
    client.discover().await?;
    Ok(())
}

const KEPT: [&str; 6] = [
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "server/discover",
];

#[tokio::test(start_paused = true)]
async fn answers_are_kept_as_long_as_the_server_says() -> Result<(), ClientError> {
    let (client, peer) = peer(modern(), hinted(json!(60_000), "private")).await?;
    all(&client).await?;
    advance(Duration::from_millis(59_000)).await;
    all(&client).await?;
    assert_eq!(KEPT.map(|method| peer.asked(method)), [1; 6]);
    // Another resource is another answer, and so is the same one with metadata of the caller's own.
    client.read_resource("x://b").await?;
    client.read_resource("x://b").meta("com.example/as", "bob").await?;
    assert_eq!(peer.asked("resources/read"), 3);
    advance(Duration::from_millis(1_001)).await;
    all(&client).await?;
    assert_eq!(peer.asked("tools/list"), 2);
    // Asked anew, the answer takes the place of the one before.
    let fresh = client.fresh().list_tools().await?;
    assert_eq!(peer.asked("tools/list"), 3);
    assert_eq!(client.list_tools().await?[0].name, fresh[0].name);
    assert_eq!(peer.asked("tools/list"), 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_says_nothing_or_nonsense_is_not_kept() -> Result<(), ClientError> {
    for ttl in [Value::Null, json!(0), json!(-5), json!(-1e300), json!("60000"), json!(0.9)] {
        let (client, peer) = peer(modern(), hinted(ttl.clone(), "public")).await?;
        client.list_tools().await?;
        client.list_tools().await?;
        assert_eq!(peer.asked("tools/list"), 2, "{ttl}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn for_ever_is_a_day() -> Result<(), ClientError> {
    for ttl in [json!(u64::MAX), json!(1e300), json!(86_400_000.7)] {
        let (client, peer) = peer(modern(), hinted(ttl.clone(), "public")).await?;
        client.list_tools().await?;
        advance(Duration::from_secs(24 * 60 * 60 - 1)).await;
        client.list_tools().await?;
        assert_eq!(peer.asked("tools/list"), 1, "{ttl}");
        advance(Duration::from_secs(1)).await;
        client.list_tools().await?;
        assert_eq!(peer.asked("tools/list"), 2, "{ttl}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_server_may_change_its_mind() -> Result<(), ClientError> {
    let mut ttls = [60_000, 0, 60_000].into_iter();
    let (client, peer) = peer(modern(), move |_, _| {
        Says::Result(json!({ "tools": [], "ttlMs": ttls.next().unwrap_or(0) }))
    })
    .await?;
    client.list_tools().await?;
    // Not kept: the older answer went as well.
    client.fresh().list_tools().await?;
    client.list_tools().await?;
    client.list_tools().await?;
    assert_eq!(peer.asked("tools/list"), 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn it_may_be_turned_off_and_legacy_servers_know_nothing_of_it() -> Result<(), ClientError> {
    let (client, off) = peer(modern().cache(false), hinted(json!(60_000), "public")).await?;
    all(&client).await?;
    all(&client).await?;
    assert_eq!(KEPT.map(|method| off.asked(method)), [2; 6]);
    let mut hinted = hinted(json!(60_000), "public");
    let legacy = Client::builder().legacy(Revision::V2025_11_25);
    let (client, legacy) = peer(legacy, move |method, params| match method {
        "initialize" => Says::Result(json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "serverInfo": { "name": "x", "version": "1" },
        })),
        _ => hinted(method, params),
    })
    .await?;
    client.list_tools().await?;
    client.list_tools().await?;
    assert_eq!(legacy.asked("tools/list"), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn notifications_drop_what_they_speak_of() -> Result<(), ClientError> {
    let (client, peer) = peer(modern(), hinted(json!(60_000), "public")).await?;
    let changes = [
        ("notifications/tools/list_changed", [2, 1, 1, 1, 1, 1]),
        ("notifications/prompts/list_changed", [2, 2, 1, 1, 1, 1]),
        ("notifications/resources/list_changed", [2, 2, 2, 2, 1, 1]),
        ("notifications/resources/updated", [2, 2, 2, 2, 2, 1]),
    ];
    all(&client).await?;
    for (method, asked) in changes {
        // A part of what was read.
        peer.say(&client, method, json!({ "uri": "x://a/part" })).await;
        all(&client).await?;
        assert_eq!(KEPT.map(|method| peer.asked(method)), asked, "{method}");
    }
    peer.say(&client, "notifications/resources/updated", json!({ "uri": "x://ab" })).await;
    peer.say(&client, "notifications/resources/updated", json!({ "uri": 3 })).await;
    all(&client).await?;
    assert_eq!(peer.asked("resources/read"), 2, "that was another one");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_was_on_its_way_when_it_changed_is_not_kept() -> Result<(), ClientError> {
    let (client, peer) = peer(modern(), |_, _| {
        let changed = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
        let list =
            json!({ "jsonrpc": "2.0", "id": "$id", "result": { "tools": [], "ttlMs": 60_000 } });
        Says::Lines(vec![changed.to_string(), list.to_string()])
    })
    .await?;
    client.list_tools().await?;
    client.list_tools().await?;
    assert_eq!(peer.asked("tools/list"), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_was_made_with_input_is_not_kept() -> Result<(), ClientError> {
    let (client, peer) = peer(modern(), |_, params| {
        Says::Result(if params.get("requestState").is_some() {
            json!({ "contents": [{ "uri": "x://a", "text": "mine" }], "ttlMs": 60_000 })
        } else {
            json!({ "resultType": "input_required", "requestState": "s\u{e9} {}", "ttlMs": 60_000 })
        })
    })
    .await?;
    for round in 1..=2 {
        let read = client.read_resource("x://a").await?;
        let [TextOrBlobResourceContents::Text(text)] = &read.contents[..] else { panic!("a text") };
        assert_eq!(text.text, "mine");
        assert_eq!(peer.asked("resources/read"), 2 * round);
    }
    // As it came, and with nothing made up.
    let retry = &peer.heard_of("resources/read")[1];
    assert_eq!(retry["requestState"], "s\u{e9} {}");
    assert_eq!(retry.get("inputResponses"), None);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_not_kept() -> Result<(), ClientError> {
    let mut first = true;
    let (client, peer) = peer(modern(), move |_, _| {
        let tools = if std::mem::take(&mut first) { json!([{}]) } else { json!([]) };
        Says::Result(json!({ "tools": tools, "ttlMs": 60_000 }))
    })
    .await?;
    let error = client.list_tools().await.expect_err("no tool");
    assert!(error.to_string().contains("`tools`, item 0"), "{error}");
    assert_eq!(client.list_tools().await?, []);
    assert_eq!(peer.asked("tools/list"), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn it_is_bounded() -> Result<(), ClientError> {
    let (client, peer) = peer(modern(), hinted(json!(60_000), "public")).await?;
    for at in 0..1100 {
        client.read_resource(format!("x://{at}")).await?;
        // One that is used stays.
        client.read_resource("x://0").await?;
    }
    assert_eq!(peer.asked("resources/read"), 1100);
    client.read_resource("x://0").await?;
    client.read_resource("x://1099").await?;
    assert_eq!(peer.asked("resources/read"), 1100);
    client.read_resource("x://1").await?;
    assert_eq!(peer.asked("resources/read"), 1101);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn each_page_is_kept_by_itself_and_a_cursor_that_is_refused_begins_anew()
-> Result<(), ClientError> {
    let (client, peer) = peer(modern(), {
        let mut second = 0;
        move |_, params| {
            if params["cursor"].is_null() {
                let page = json!({ "tools": [tool("a")], "nextCursor": "", "ttlMs": 60_000 });
                return Says::Result(page);
            }
            second += 1;
            match second {
                2 => Says::Error(-32602),
                _ => Says::Result(json!({ "tools": [tool("b")], "ttlMs": 0 })),
            }
        }
    })
    .await?;
    // An empty cursor is one, too (Pagination).
    let names = async || -> Result<Vec<String>, ClientError> {
        Ok(client.list_tools().await?.into_iter().map(|tool| tool.name).collect())
    };
    assert_eq!(names().await?, ["a", "b"]);
    // The first page is kept; the second is asked for, is refused, and both are read anew.
    assert_eq!(names().await?, ["a", "b"]);
    let cursors: Vec<Value> =
        peer.heard_of("tools/list").iter().map(|params| params["cursor"].clone()).collect();
    assert_eq!(cursors, [Value::Null, "".into(), "".into(), Value::Null, "".into()]);
    Ok(())
}

/// Never the same.
#[mcp_resource("clock://ticks")]
async fn ticks() -> ResourceOutput {
    static TICKS: AtomicUsize = AtomicUsize::new(0);
    let tick = TICKS.fetch_add(1, Ordering::Relaxed).to_string();
    let text = TextResourceContents::new("clock://ticks", tick);
    let cache = Cache { ttl: Duration::from_secs(3600), scope: CacheScope::Private };
    ResourceOutput { contents: vec![text.into()], cache: Some(cache), ..ResourceOutput::default() }
}

#[tokio::test(start_paused = true)]
async fn our_server_is_believed_and_listened_to() -> Result<(), ClientError> {
    let server = mcp_runtime::server!().resource::<ticks>().build().expect("a server");
    let client = server.connect().await?;
    let first = client.read_resource("clock://ticks").await?;
    assert_eq!(client.read_resource("clock://ticks").await?, first);
    let mut filter = SubscriptionFilter::new();
    filter.resource_subscriptions = Some(vec!["clock://ticks".to_owned()]);
    let mut changes = client.listen(filter).await?;
    server.resource_updated("clock://ticks");
    changes.next().await?;
    assert_ne!(client.read_resource("clock://ticks").await?, first);
    Ok(())
}
