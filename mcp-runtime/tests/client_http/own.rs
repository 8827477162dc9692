//! Against our own server, on a port of this machine.

use std::sync::{Arc, Mutex};

use mcp_runtime::client::{Change, Client, ClientBuilder, ClientError, Lifecycle};
use mcp_runtime::schema::v2026_07_28::SubscriptionFilter;
use mcp_runtime::{Elicited, KeyRing, Revision, Server};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::wire_peer::fixtures;
use super::{LEGACY, MODERN, soon};

const ALL: [Lifecycle; 6] = [
    Lifecycle::Auto,
    Lifecycle::Modern,
    Lifecycle::Legacy(Revision::V2025_11_25),
    Lifecycle::Legacy(Revision::V2025_06_18),
    Lifecycle::Legacy(Revision::V2025_03_26),
    Lifecycle::Legacy(Revision::V2024_11_05),
];

/// A server on a port, until it is told to stop.
struct Running {
    url: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Running {
    async fn start(server: &Server) -> Self {
        let http = server.clone().bind_http("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/mcp", http.local_addr());
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(http.serve_until(async { drop(stopped.await) }));
        Self { url, stop, serving }
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        soon(self.serving).await.expect("no panic");
    }
}

fn server() -> Server {
    fixtures::builder().0.keys(KeyRing::new([7; 32])).build().expect("a server")
}

fn asking(lifecycle: Lifecycle) -> ClientBuilder {
    Client::builder()
        .lifecycle(lifecycle)
        .on_elicit(|_| async { Elicited::Accepted(json!({ "approved": true })) })
        .on_sample(|_| async { "five seven five" })
}

#[tokio::test]
async fn every_pairing_of_revisions_works() -> Result<(), ClientError> {
    let running = Running::start(&server()).await;
    for lifecycle in ALL {
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = heard.clone();
        let client = soon(
            asking(lifecycle)
                .on_progress(move |it| {
                    noted.lock().expect("no panic").push(it.progress.to_string())
                })
                .connect_http(&running.url),
        )
        .await?;
        match lifecycle {
            Lifecycle::Legacy(revision) => assert_eq!(client.revision(), revision),
            // Both eras are served: the newest is chosen.
            _ => assert_eq!(client.revision(), Revision::V2026_07_28),
        }
        assert!(soon(client.list_tools()).await?.len() > 20);
        assert_eq!(soon(client.list_prompts()).await?.len(), 3);
        assert_eq!(soon(client.list_resources()).await?[0].uri, "docs://manual");
        let text = "héllo 世界 \u{1f980}";
        let echo = client.call_tool("echo", json!({ "text": text }));
        assert_eq!(soon(echo.into_future()).await?.text(), text, "{lifecycle:?}");
        let prompt = client.get_prompt("review", json!({ "code": "x" }));
        assert_eq!(soon(prompt.into_future()).await?.messages.len(), 2);
        let read = client.read_resource("notes://7/ä b");
        let refused = soon(read.into_future()).await;
        assert!(refused.is_ok() || refused.is_err_and(|error| error.code().is_some()));
        assert_eq!(soon(client.call_tool("reports", ()).into_future()).await?.text(), "done");
        assert_eq!(*heard.lock().expect("no panic"), ["1.0", "2.0"], "{lifecycle:?}");
        let error =
            soon(client.call_tool("refuses", ()).into_future()).await.expect_err("an error");
        assert_eq!(error.code(), Some(-7), "{lifecycle:?}");
        let error = soon(client.call_tool("ech", ()).into_future()).await.expect_err("no tool");
        assert_eq!(error.code(), Some(-32602), "{lifecycle:?}");
        if client.revision() >= Revision::V2025_06_18 {
            let delete = client.call_tool("delete", json!({ "path": "a" }));
            assert_eq!(soon(delete.into_future()).await?.text(), "deleted a", "{lifecycle:?}");
            let both = client.call_tool("both", ());
            assert_eq!(soon(both.into_future()).await?.text(), "true true", "{lifecycle:?}");
        }
        let haiku = soon(client.call_tool("haiku", ()).into_future()).await?;
        assert!(haiku.text().ends_with("five seven five"), "{lifecycle:?}: {}", haiku.text());
        soon(client.close()).await?;
    }
    running.stop().await;
    Ok(())
}

#[tokio::test]
async fn calls_run_at_the_same_time_and_are_cancelled_by_dropping_them() -> Result<(), ClientError>
{
    for lifecycle in [MODERN, LEGACY] {
        let (server, seen) = fixtures::noting();
        let running = Running::start(&server).await;
        let client = soon(asking(lifecycle).connect_http(&running.url)).await?;
        let waiting = tokio::spawn(client.call_tool("waits", ()).into_future());
        soon(async {
            while seen.all().is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let echo = client.call_tool("echo", json!({ "text": "meanwhile" }));
        assert_eq!(soon(echo.into_future()).await?.text(), "meanwhile");
        waiting.abort();
        soon(async {
            while seen.all().len() < 2 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        })
        .await;
        assert_eq!(seen.all(), ["waiting", "cleaned up"], "{lifecycle:?}");
        soon(client.close()).await?;
        running.stop().await;
    }
    Ok(())
}

#[tokio::test]
async fn changes_are_heard_in_both_eras() -> Result<(), ClientError> {
    let server = server();
    let running = Running::start(&server).await;
    let client = soon(asking(MODERN).connect_http(&running.url)).await?;
    let mut filter = SubscriptionFilter::new();
    filter.tools_list_changed = Some(true);
    let mut subscription = soon(client.listen(filter)).await?;
    server.enable_tool("echo", false);
    assert_eq!(soon(subscription.next()).await?, Some(Change::Tools));
    // A stream of changes never ends by itself: closing does not wait for it.
    soon(client.close()).await?;
    assert!(soon(subscription.next()).await.is_err());

    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let builder = asking(LEGACY).on_notification(move |method, _| {
        let _ = told.send(method.to_owned());
    });
    let client = soon(builder.connect_http(&running.url)).await?;
    // What belongs to no request comes on the stream of the GET, which opens in the background.
    let method = soon(async {
        loop {
            server.enable_tool("echo", true);
            server.enable_tool("echo", false);
            let wait = std::time::Duration::from_millis(50);
            if let Ok(Some(method)) = tokio::time::timeout(wait, heard.recv()).await {
                break method;
            }
        }
    })
    .await;
    assert_eq!(method, "notifications/tools/list_changed");
    soon(client.close()).await?;
    running.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_restarted_is_found_again() -> Result<(), ClientError> {
    for lifecycle in [MODERN, LEGACY] {
        let running = Running::start(&server()).await;
        let url = running.url.clone();
        let client = soon(asking(lifecycle).connect_http(&url)).await?;
        running.stop().await;
        let error = soon(client.call_tool("nothing", ()).into_future()).await;
        let error = error.expect_err("nobody is there");
        let said = error.to_string();
        assert!(matches!(error, ClientError::Unreachable { .. }), "{said}");
        assert!(said.contains("check the address"), "{said}");
        let address = url.trim_start_matches("http://").trim_end_matches("/mcp");
        let http = server().bind_http(address).await.expect("the same port");
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(http.serve_until(async { drop(stopped.await) }));
        // The session is unknown to the new one: another one begins (2025-11-25, Session Management, 4).
        soon(client.call_tool("nothing", ()).into_future()).await?;
        soon(client.close()).await?;
        drop(stop);
        soon(serving).await.expect("no panic");
    }
    Ok(())
}
