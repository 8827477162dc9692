//! Tasks that are left and taken up again, by processes that know nothing but a folder.

use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::time::Duration;

use serde_json::json;

use crate::shop::{Shop, Tested, end};

const ERAS: [&str; 2] = ["modern", "2025-11-25"];

/// X13: whoever calls a tool gets its result, whether it becomes a task or not.
#[tokio::test]
async fn a_task_looks_like_a_call() -> Tested {
    let shop = Shop::open().await?;
    for protocol in ERAS {
        let words = ["--protocol", protocol, "call", "delete", "file=a", "--answer", "sure=true"];
        assert_eq!(shop.http(&words).await?.exits(0), "a deleted\n");
        let exploded = shop.http(&["--protocol", protocol, "call", "explode"]).await?;
        exploded.exits(1);
        assert!(exploded.err.contains("it exploded"), "{}", exploded.err);
    }
    // What has ended and was taken is forgotten.
    assert_eq!(shop.bare(&["task", "list"]).await?.exits(0), "");
    Ok(())
}

#[tokio::test]
async fn a_task_is_left_answered_and_taken_up() -> Tested {
    let shop = Shop::open().await?;
    for protocol in ERAS {
        let own = ["--protocol", protocol];
        let detach = ["call", "delete", "file=b", "--detach"];
        let left = shop.http(&[&own[..], &detach].concat()).await?;
        let id = left.exits(0).trim_end().to_owned();
        assert!(id.len() >= 22, "{id}");
        let kept = shop.bare(&["task", "list", "--json"]).await?.json(0);
        assert_eq!(kept[0]["ticket"]["taskId"], id.as_str());
        assert_eq!(kept[0]["ticket"]["tool"], "delete");

        // The ticket knows the server, and the beginning of an id is enough.
        let state = loop {
            let state = shop.bare(&["--json", "task", "get", &id[..8]]).await?;
            let state = state.json(0).remove(0);
            if state["task"]["status"] == "input_required" {
                break state;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        if protocol == "modern" {
            let questions = state["task"]["inputRequests"].as_object().ok_or("no questions")?;
            let question = questions.values().next().ok_or("no question")?;
            assert_eq!(question["params"]["message"], "Delete b?");
        }
        let early = shop.bare(&["task", "result", &id]).await?;
        early.exits(1);
        assert!(early.err.contains("task wait"), "{}", early.err);
        // Nobody to ask: the task waits on.
        let nobody = shop.bare(&["task", "wait", &id]).await?;
        nobody.exits(4);
        assert!(nobody.err.contains("Delete b?"), "{}", nobody.err);

        let answer = ["task", "answer", &id, "--answer", "sure=false"];
        shop.bare(&answer).await?.exits(0);
        let done = shop.bare(&["task", "wait", &id]).await?;
        // It may have ended before the answer was acknowledged, and its result been taken with that.
        if done.status == Some(0) {
            assert_eq!(done.out, "b kept\n");
        } else {
            assert!(done.err.contains("no task"), "{}", done.err);
        }
        assert_eq!(shop.bare(&["task", "list"]).await?.exits(0), "");
    }
    Ok(())
}

#[tokio::test]
async fn a_cancelled_task_has_a_status_of_its_own() -> Tested {
    let shop = Shop::open().await?;
    let left = shop.http(&["--protocol", "2025-11-25", "call", "wait", "--detach"]).await?;
    let id = left.exits(0).trim_end().to_owned();
    let waiting = shop.begin(&["--protocol", "2025-11-25", "task", "wait", &id])?;
    let cancelled =
        shop.http(&["--protocol", "2025-11-25", "--json", "task", "cancel", &id]).await?;
    assert_eq!(cancelled.json(0)[0]["task"]["status"], json!("cancelled"));
    // Whether it had begun to wait by then or not.
    end(waiting).await?.exits(5);
    Ok(())
}

#[tokio::test]
async fn tasks_can_be_forgotten_and_damage_is_named() -> Tested {
    let shop = Shop::open().await?;
    let left = shop.http(&["call", "delete", "file=c", "--detach", "--json"]).await?.json(0);
    let id = left[0]["task"]["taskId"].as_str().ok_or("no id")?;
    std::fs::write(shop.folder.path().join("broken.json"), "{")?;
    let listed = shop.bare(&["task", "list"]).await?;
    assert!(
        listed.exits(0).starts_with(id) && listed.err.contains("broken.json"),
        "{}",
        listed.err
    );
    shop.bare(&["task", "forget", id]).await?.exits(0);
    assert_eq!(shop.bare(&["task", "list"]).await?.exits(0), "");
    let unknown = shop.bare(&["task", "wait", id]).await?;
    unknown.exits(2);
    assert!(unknown.err.contains("name its server"), "{}", unknown.err);
    Ok(())
}

/// Waits until a running command has told that something happened, on its first line.
async fn has_begun(mut child: Child) -> Result<(Child, String), Box<dyn std::error::Error>> {
    Ok(tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        if let Some(err) = child.stderr.take() {
            let mut err = BufReader::new(err);
            err.read_line(&mut line)?;
            child.stderr = Some(err.into_inner());
        }
        Ok::<_, std::io::Error>((child, line))
    })
    .await??)
}

#[cfg(unix)]
fn interrupt(child: &Child) -> Result<(), Box<dyn std::error::Error>> {
    let status =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    if status.success() { Ok(()) } else { Err("it is gone".into()) }
}

/// L77: a call that is a task is cancelled as a task.
#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_cancels_what_was_called() -> Tested {
    let shop = Shop::open().await?;
    let task = shop.begin(&["--protocol", "2025-11-25", "call", "wait", "--task"])?;
    let (task, line) = has_begun(task).await?;
    assert!(line.starts_with("task "), "{line}");
    interrupt(&task)?;
    let done = end(task).await?;
    done.exits(130);
    assert!(done.err.contains("was cancelled"), "{}", done.err);
    Ok(())
}

/// Whoever only waits leaves the task as it is.
#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_leaves_a_task_that_was_there_before() -> Tested {
    let shop = Shop::open().await?;
    let left =
        shop.http(&["--protocol", "2025-11-25", "call", "delete", "file=d", "--detach"]).await?;
    let id = left.exits(0).trim_end().to_owned();
    let get = ["--protocol", "2025-11-25", "--json", "task", "get", &id];
    let waited = shop.http(&["--protocol", "2025-11-25", "call", "wait", "--detach"]).await?;
    let other = waited.exits(0).trim_end().to_owned();
    let waiting = shop.begin(&["--protocol", "2025-11-25", "task", "wait", &other])?;
    let (waiting, _) = has_begun(waiting).await?;
    interrupt(&waiting)?;
    end(waiting).await?.exits(130);
    let status = &shop.http(&get).await?.json(0)[0]["task"]["status"];
    assert!(*status == "working" || *status == "input_required", "{status}");
    let get = ["--protocol", "2025-11-25", "--json", "task", "get", &other];
    assert_eq!(shop.http(&get).await?.json(0)[0]["task"]["status"], "working");
    Ok(())
}

/// However its address is written.
#[tokio::test]
async fn a_ticket_is_found_by_the_address_of_its_server() -> Tested {
    let shop = Shop::open().await?;
    let left = shop.http(&["call", "delete", "file=e", "--detach"]).await?;
    let id = left.exits(0).trim_end().to_owned();
    let address = format!("{}?a=b", shop.url.replacen("http://", "http://me@", 1));
    let found = shop.bare(&[&address, "--json", "task", "get", &id[..8]]).await?;
    assert_eq!(found.json(0)[0]["task"]["taskId"], id.as_str());
    // It is the same ticket still.
    let kept = shop.bare(&["task", "list", "--json"]).await?.json(0);
    assert_eq!((kept.len(), &kept[0]["ticket"]["tool"]), (1, &json!("delete")));
    Ok(())
}

/// A server that says nothing, or a stdin that does not end.
#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_is_heard_whatever_is_waited_for() -> Tested {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/mcp", silent.local_addr()?);
    let shop = Shop::open().await?;
    for words in [&["task", "list"][..], &["task", "get", "t-1"]] {
        let child = shop.begin_at(&address, words)?;
        let (stream, _) = silent.accept().await?;
        interrupt(&child)?;
        end(child).await?.exits(130);
        drop(stream);
    }
    let mut child = shop.begin_typing(&["call", "add", "--args", "-"])?;
    let stdin = child.stdin.take();
    tokio::time::sleep(Duration::from_secs(1)).await;
    interrupt(&child)?;
    end(child).await?.exits(130);
    drop(stdin);
    Ok(())
}
