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

        // Answered, and left to itself: its result is for whoever waits for it.
        let answer = ["--json", "task", "answer", &id, "--answer", "sure=false"];
        let answered = shop.bare(&answer).await?.json(0);
        assert_eq!(answered[0]["task"]["taskId"], id.as_str());
        assert!(answered[0]["task"]["inputRequests"].is_null(), "{}", answered[0]);
        assert_eq!(shop.bare(&["task", "wait", &id]).await?.exits(0), "b kept\n");
        assert_eq!(shop.bare(&["task", "list"]).await?.exits(0), "");
    }
    Ok(())
}

/// A question may come before the answer to the call that says that there is a task.
#[tokio::test]
async fn a_task_that_waits_for_an_answer_is_named() -> Tested {
    let shop = Shop::open().await?;
    for protocol in ERAS {
        let words = ["--protocol", protocol, "--json", "call", "delete", "file=a"];
        for (done, of_program) in
            [(shop.http(&words).await?, false), (shop.stdio(&words).await?, true)]
        {
            let error = &done.json(4)[0]["error"];
            let id = error["taskId"].as_str().ok_or("no id")?;
            let message = error["message"].as_str().unwrap_or_default();
            let how = format!("mcp-call task answer {id}");
            assert!(message.contains("Delete a?") && message.ends_with(&how), "{message}");
            assert_eq!(message.contains("outside of its memory"), of_program, "{message}");
            let kept = shop.bare(&["--json", "task", "list"]).await?.json(0);
            assert!(kept.iter().any(|kept| kept["ticket"]["taskId"] == id), "{kept:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_task_that_is_left_says_how_to_go_on() -> Tested {
    let shop = Shop::open().await?;
    for protocol in ERAS {
        let words = ["--protocol", protocol, "call", "delete", "file=a", "--detach"];
        let ours = shop.http(&words).await?;
        let how = format!("mcp-call task wait {}", ours.exits(0).trim_end());
        assert!(ours.err.contains(&how) && !ours.err.contains("memory"), "{}", ours.err);
        let of_program = shop.stdio(&words).await?;
        let how = format!("mcp-call task wait {}", of_program.exits(0).trim_end());
        let told = &of_program.err;
        assert!(told.contains(&how) && told.contains("outside of its memory"), "{told}");
    }
    Ok(())
}

#[tokio::test]
async fn cancelling_tells_the_end_and_forgets_it() -> Tested {
    let shop = Shop::open().await?;
    for protocol in ERAS {
        for (tool, argument) in [("delete", Some("file=a")), ("toil", None)] {
            let call = ["--protocol", protocol, "call", tool, "--detach"];
            let left = shop.http(&[&call[..], argument.as_slice()].concat()).await?;
            let id = left.exits(0).trim_end().to_owned();
            let cancelled = shop.bare(&["--json", "task", "cancel", &id]).await?;
            assert_eq!(cancelled.json(0)[0]["task"]["status"], "cancelled", "{tool}");
            assert_eq!(shop.bare(&["task", "list"]).await?.exits(0), "");
            let gone = shop.bare(&["task", "get", &id]).await?;
            gone.exits(2);
            assert!(gone.err.contains("cancelled"), "{}", gone.err);
        }
    }
    Ok(())
}

/// A server that lists no tasks: those of it that were kept.
#[tokio::test]
async fn the_tasks_of_a_server_are_listed_by_whoever_knows_them() -> Tested {
    let (shop, other) = (Shop::open().await?, Shop::open().await?);
    let left = shop.http(&["call", "delete", "file=a", "--detach"]).await?;
    let id = left.exits(0).trim_end();
    let listed = shop.http(&["task", "list"]).await?;
    assert!(listed.exits(0).starts_with(id), "{}", listed.out);
    assert!(listed.err.contains("lists no tasks") && !listed.err.contains('`'), "{}", listed.err);
    let others = shop.bare(&[&other.url, "task", "list"]).await?;
    assert_eq!(others.exits(0), "");
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
    for protocol in ERAS {
        let task = shop.begin(&["--protocol", protocol, "call", "toil", "--task"])?;
        let (task, line) = has_begun(task).await?;
        assert!(line.starts_with("task "), "{line}");
        interrupt(&task)?;
        let done = end(task).await?;
        done.exits(130);
        assert!(done.err.contains("was cancelled"), "{}", done.err);
    }
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
