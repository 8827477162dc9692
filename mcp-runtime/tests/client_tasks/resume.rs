//! A task that outlives the server's process and the client's: tickets, and a store on disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mcp_runtime::client::{Client, Lifecycle, TaskHandles, TaskStatus};
use mcp_runtime::store::SqliteStore;
use mcp_runtime::task::TaskSettings;
use mcp_runtime::{Context, Elicited, InputError, Principal, Revision, Server, mcp_tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
struct Approval {
    approved: bool,
}

/// Asks twice.
#[mcp_tool(task_support = "required", restart = "replay")]
async fn publish(cx: &Context) -> Result<String, InputError> {
    let first = cx.elicit::<Approval>("first", "Begin?").await?.accepted()?.approved;
    let second = cx.elicit::<Approval>("second", "Go on?").await?.accepted()?.approved;
    Ok(format!("{first} {second}"))
}

fn server(file: &Path) -> Server {
    let mut settings = TaskSettings::default();
    settings.lease = Duration::from_millis(500);
    settings.poll_interval = Duration::from_millis(50);
    let store = SqliteStore::open(file).expect("a store");
    let builder = Server::builder("films", "1").tool::<publish>();
    builder.tasks(settings).task_store(store).build().expect("a server")
}

fn me() -> Principal {
    Principal::new("https://issuer.example", "me")
}

// X29, X43, X51, L23, L36, L111: each question is put to one of the two clients, and the second one gets the result.
#[tokio::test(flavor = "multi_thread")]
async fn another_client_takes_a_task_up_after_a_restart() {
    for era in [Lifecycle::Modern, Lifecycle::Legacy(Revision::V2025_11_25)] {
        let folder = tempfile::tempdir().expect("a folder");
        let handles = TaskHandles::open(folder.path().join("handles")).expect("a folder");
        let file = folder.path().join("tasks.db");
        let asked = Arc::new(tokio::sync::Mutex::new(Vec::new()));
        let note = asked.clone();
        let first = server(&file);
        let client = Client::builder()
            .lifecycle(era)
            .keep_tasks(handles.clone())
            .principal(me())
            .on_elicit(move |question| {
                let message = json!(question)["message"].clone();
                let note = note.clone();
                async move {
                    if message == "Go on?" {
                        // Nobody is there to answer.
                        std::future::pending::<()>().await;
                    }
                    note.lock().await.push(message);
                    Elicited::Accepted(json!({ "approved": true }))
                }
            })
            .connect(&first)
            .await
            .expect("a client");
        let handle = client.call_tool("publish", ()).task().await.expect("a handle");
        let watching = tokio::spawn({
            let handle = handle.clone();
            async move { handle.wait().await }
        });
        // Until the first answer has arrived and the second question is put.
        let ready = async {
            while !(asked.lock().await.len() == 1
                && handle.get().await.expect("a status") == TaskStatus::InputRequired
                && (era != Lifecycle::Modern || handle.questions().keys().eq(["second"])))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ready).await.expect("the second question");
        watching.abort();
        drop((handle, client, first));

        let (mut tickets, _) = handles.list().await.expect("a list");
        let ticket = tickets.pop().expect("a ticket");
        assert_eq!((tickets.len(), ticket.tool()), (0, "publish"));
        if era == Lifecycle::Modern {
            assert_eq!(ticket.answered().count(), 1);
        }
        let second = server(&file);
        let note = asked.clone();
        let client = Client::builder()
            .lifecycle(era)
            .keep_tasks(handles.clone())
            .principal(me())
            .on_elicit(move |question| {
                let message = json!(question)["message"].clone();
                let note = note.clone();
                async move {
                    note.lock().await.push(message);
                    Elicited::Accepted(json!({ "approved": false }))
                }
            })
            .connect(&second)
            .await
            .expect("a client");
        let handle = client.resume(ticket).await.expect("the task");
        let result = tokio::time::timeout(Duration::from_secs(60), handle.result());
        let result = result.await.expect("in time").expect("a result");
        assert_eq!(result.text(), "true false", "{era:?}");
        assert_eq!(*asked.lock().await, ["Begin?", "Go on?"], "{era:?}");
        assert!(handles.list().await.expect("a list").0.is_empty(), "it was taken");
    }
}
