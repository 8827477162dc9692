//! The command line, as an operator uses it, on a file that a server has open.
#![cfg(feature = "cli")]

#[path = "mcp_tasks/shop.rs"]
mod shop;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mcp_runtime::task::{Claim, Note, Saved, TaskId, TaskState, TaskStore as _};
use serde_json::{Value, json};

use self::shop::{NODE, Said, Shop, TASKS, Tested, bare, ids, objects};

#[tokio::test]
async fn list_is_a_table_of_the_newest() -> Tested {
    let shop = Shop::full().await?;
    let table = shop.succeed(&["list"])?;
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 1 + TASKS.len(), "{table}");
    assert!(lines[0].starts_with("ID            TOOL    STATE           AGE"), "{table}");
    for (line, (id, state)) in lines[1..].iter().zip(TASKS.into_iter().rev()) {
        assert!(
            line.starts_with(id.get(..12).unwrap_or(id)) && line.contains(state.as_str()),
            "{table}"
        );
    }
    assert!(lines[3].contains("3/10") && lines[7].contains("10d 0h"), "{table}");
    // A tool's words cannot clear the operator's screen.
    assert!(lines[3].ends_with("frame 3␛[2J of 10") && !table.contains('\u{1b}'), "{table}");
    assert!(lines[5].ends_with("it broke") && lines[6].ends_with("no such scene"), "{table}");
    Ok(())
}

#[tokio::test]
async fn list_filters_and_bounds() -> Tested {
    let shop = Shop::full().await?;
    let cases: [(&[&str], &[&str]); 8] = [
        (&["--limit", "2"], &["working-0007", "asking-0006"]),
        (&["--state", "failed"], &["failed-0003"]),
        (&["--state", "failed", "--state", "returned"], &["failed-0003", "returned-0001"]),
        (&["--state", "live"], &["working-0007", "asking-0006", "working-0005"]),
        (&["--state", "ended", "--tool", "order"], &["cancelled-0004", "trouble-0002"]),
        (&["--tool", "nothing"], &[]),
        (&["--owner", ""], &[]),
        (&["--owner", "ada", "--limit", "1"], &["working-0007"]),
    ];
    for (arguments, expected) in cases {
        let out = shop.succeed(&[&["list", "--json"], arguments].concat())?;
        assert_eq!(ids(&out)?, expected, "{arguments:?}");
    }
    let why = shop.fail(2, &["list", "--state", "done"])?;
    assert!(why.contains("choose one of working, input_required"), "{why}");
    shop.fail(2, &["list", "--limit", "0"])?;
    Ok(())
}

#[tokio::test]
async fn list_reads_more_than_a_page() -> Tested {
    let shop = Shop::empty().await?;
    for number in 0..1_203 {
        shop.create(&format!("many-{number:04}"), "render").await?;
    }
    let all = shop.succeed(&["list", "--json", "--limit", "5000"])?;
    assert_eq!(ids(&all)?.len(), 1_203);
    let latest = ids(&shop.succeed(&["list", "--json"])?)?;
    assert_eq!((latest.len(), latest[0].as_str()), (50, "many-1202"));
    Ok(())
}

#[tokio::test]
async fn json_has_a_task_as_it_is() -> Tested {
    let shop = Shop::full().await?;
    let short = objects(&shop.succeed(&["list", "--json", "--state", "working"])?)?;
    let detail = shop.store.inspect(&"working-0005".into()).await?.ok_or("it is there")?;
    let record = &detail.view.record;
    let time = |at: u64| {
        let time = std::time::UNIX_EPOCH + Duration::from_millis(at);
        humantime::format_rfc3339_millis(time).to_string()
    };
    let expected = json!({
        "id": "working-0005",
        "tool": "render",
        "owner": "ada",
        "state": "working",
        "message": "frame 3\u{1b}[2J of 10",
        "progress": 3.0,
        "total": 10.0,
        "attempt": 1,
        "created_at": time(record.created_at),
        "updated_at": time(record.updated_at),
        "expires_at": record.expires_at.map(time),
        "retry_of": null,
    });
    assert_eq!(short[1], expected);

    let whole = objects(&shop.succeed(&["show", "--json", "asking-0006"])?)?;
    let [whole] = &*whole else { return Err("one line".into()) };
    assert_eq!(whole["version"], "2");
    assert_eq!(whole["restart"], "replay");
    assert_eq!(whole["claim"], Value::Null);
    assert_eq!(whole["call"]["params"]["arguments"], json!({ "scene": "sea" }));
    assert_eq!(whole["journal"][0]["key"], "place");
    assert_eq!(whole["journal"][0]["kind"], "step");
    assert_eq!(whole["journal"][0]["value"], json!({ "order": 42 }));
    assert_eq!(whole["questions"][0]["standing"], "open");
    assert_eq!(whole["questions"][0]["question"]["params"]["message"], "Pay 3 EUR?");
    assert_eq!(whole["timers"][0]["key"], "rendering");
    assert_eq!(whole["result"], Value::Null);

    let failed = objects(&shop.succeed(&["show", "failed-0003", "--json"])?)?;
    assert_eq!(failed[0]["error"]["message"], "it broke");
    let returned = objects(&shop.succeed(&["show", "returned-0001", "--json"])?)?;
    assert_eq!(returned[0]["result"]["content"][0]["text"], "no such scene");
    Ok(())
}

#[tokio::test]
async fn show_tells_people_everything() -> Tested {
    let shop = Shop::full().await?;
    let asking = shop.succeed(&["show", "asking-0006"])?;
    for part in [
        "Task        asking-0006\n",
        "Tool        order, version 2, restart replay\n",
        "Owner       ada\n",
        "State       input_required\n",
        "Work        parked until somebody answers\n",
        "Called      in 2025-11-25\n",
        "Arguments   {\"scene\":\"sea\"}\n",
        "Z  +0s       created\n",
        "Z  +0s       step       place                 12 B\n",
        "Z  +1d 0h    timer set  rendering\n",
        "  pay                   open  elicitation/create: Pay 3 EUR?\n",
    ] {
        assert!(asking.contains(part), "{part} is not in\n{asking}");
    }
    let working = shop.succeed(&["show", "working-0005"])?;
    assert!(working.contains("Progress    3/10\n") && working.contains(", epoch 1\n"), "{working}");
    let failed = shop.succeed(&["show", "failed-0003"])?;
    assert!(failed.contains("State       failed: it broke\n"), "{failed}");
    assert!(
        failed.ends_with("Error\n  {\n    \"code\": -32603,\n    \"message\": \"it broke\"\n  }\n")
    );
    // What was open when the task was cancelled is not open any more.
    let claim = shop.create("later-0008", "order").await?;
    shop.bring_to(&claim, TaskState::InputRequired).await?;
    shop.succeed(&["cancel", "later-0008"])?;
    let cancelled = shop.succeed(&["show", "later-0008"])?;
    assert!(!cancelled.contains(" open  "), "{cancelled}");
    Ok(())
}

#[tokio::test]
async fn the_beginning_of_an_id_is_enough() -> Tested {
    let shop = Shop::full().await?;
    let shown = ids(&shop.succeed(&["show", "--json", "asking"])?)?;
    assert_eq!(shown, ["asking-0006"]);
    let why = shop.fail(1, &["show", "working-000"])?;
    assert!(why.contains("working-0005 and working-0007 among them: give more of it"), "{why}");
    let why = shop.fail(2, &["show", "askin"])?;
    assert!(why.contains("at least 6 characters"), "{why}");
    let why = shop.fail(1, &["show", "nobody"])?;
    assert!(why.contains("there is no task `nobody`") && why.contains("mcp-tasks list"), "{why}");
    // One id in 64 begins like an option.
    shop.create("-hyphen-0008", "render").await?;
    let why = shop.fail(2, &["show", "-yphen"])?;
    assert!(why.contains("use '-- -y"), "{why}");
    assert_eq!(ids(&shop.succeed(&["show", "--json", "--", "-hyphen"])?)?, ["-hyphen-0008"]);
    Ok(())
}

#[tokio::test]
async fn cancel_ends_tasks_once() -> Tested {
    let shop = Shop::full().await?;
    let out = shop.succeed(&["cancel", "working-0005", "asking", "failed-0003"])?;
    assert_eq!(
        out,
        "working-0005 cancelled\nasking-0006 cancelled\nfailed-0003 had ended before: failed\n"
    );
    for id in ["working-0005", "asking-0006"] {
        assert_eq!(shop.state(id).await?, Some(TaskState::Cancelled));
    }
    assert_eq!(shop.state("failed-0003").await?, Some(TaskState::Failed));
    // The worker here hears of it.
    let called = shop.store.beat(NODE, Duration::from_secs(1000)).await?;
    assert_eq!(called.len(), 1);
    let said = shop.run(&["cancel", "nobody", "working-0007"])?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), "working-0007 cancelled\n"));
    assert!(said.err.contains("there is no task `nobody`"), "{}", said.err);
    shop.fail(2, &["cancel"])?;
    Ok(())
}

#[tokio::test]
async fn retry_makes_a_new_task() -> Tested {
    let shop = Shop::full().await?;
    let out = shop.succeed(&["retry", "failed"])?;
    let id = TaskId::from(out.trim_end());
    assert_eq!(id.as_str().len(), 32);
    let old = shop.store.inspect(&"failed-0003".into()).await?.ok_or("the old one stays")?;
    assert_eq!(old.view.record.state, TaskState::Failed);
    let new = shop.store.inspect(&id).await?.ok_or("the new one is there")?;
    let (was, is) = (&old.view.record, &new.view.record);
    assert_eq!((&is.tool, &is.owner, is.attempt), (&was.tool, &was.owner, 1));
    assert_eq!((is.state, &is.retry_of), (TaskState::Working, &Some("failed-0003".into())));
    let length =
        |record: &mcp_runtime::task::TaskRecord| record.expires_at.map(|at| at - record.created_at);
    assert_eq!(length(is), length(was));
    assert_eq!((new.restart, &new.call), (old.restart, &old.call));
    assert_eq!(new.saved, Saved::new(new.saved.call, "2"));
    assert_ne!(new.saved.call, old.saved.call);
    // A server finds it due. Its clock, here, is behind the command's.
    shop.clock.advance(Duration::from_secs(3600));
    let claims = shop.store.claim(NODE, vec!["render".to_owned()], 10).await?;
    assert_eq!(claims.claimed.iter().map(|claimed| &claimed.record.id).collect::<Vec<_>>(), [&id]);
    let shown = shop.succeed(&["show", id.as_str()])?;
    assert!(shown.contains("Repeats     failed-0003\n"), "{shown}");
    let why = shop.fail(1, &["retry", "working-0005"])?;
    assert!(why.contains("only one that has ended can be tried again"), "{why}");
    Ok(())
}

#[tokio::test]
async fn purge_deletes_what_has_ended() -> Tested {
    let shop = Shop::full().await?;
    assert_eq!(shop.succeed(&["purge", "failed"])?, "failed-0003 purged\n");
    assert_eq!(shop.state("failed-0003").await?, None);
    let why = shop.fail(1, &["purge", "working-0005"])?;
    assert!(why.contains("is working: only one that has ended can be purged"), "{why}");
    let why = shop.fail(2, &["purge", "--ended-before", "7d"])?;
    assert!(why.contains("add --yes"), "{why}");
    assert_eq!(shop.succeed(&["purge", "--ended-before", "7d", "--yes"])?, "1 purged\n");
    assert_eq!(shop.state("returned-0001").await?, None);
    assert_eq!(shop.succeed(&["purge", "--ended-before", "2001-02-03", "--yes"])?, "0 purged\n");
    let later = ["purge", "--ended-before", "2099-02-03T04:05:06Z", "--yes"];
    assert_eq!(shop.succeed(&later)?, "2 purged\n");
    let left = ids(&shop.succeed(&["list", "--json"])?)?;
    assert_eq!(left, ["working-0007", "asking-0006", "working-0005"]);
    for wrong in [
        &["purge"][..],
        &["purge", "--ended-before", "soon", "--yes"],
        &["purge", "asking", "--ended-before", "7d", "--yes"],
    ] {
        shop.fail(2, wrong)?;
    }
    Ok(())
}

#[tokio::test]
async fn export_is_a_line_for_each_task() -> Tested {
    let shop = Shop::full().await?;
    let all = shop.succeed(&["export"])?;
    assert_eq!(ids(&all)?, TASKS.map(|(id, _)| id));
    for task in objects(&all)? {
        assert_eq!(task["journal"][0]["value"], json!({ "order": 42 }));
        assert_eq!(task["call_id"], "01".repeat(16));
        let outcome = !task["result"].is_null() || !task["error"].is_null();
        let state = task["state"].as_str();
        assert_eq!(outcome, matches!(state, Some("returned" | "returned_error" | "failed")));
    }
    let failed = shop.succeed(&["export", "--state", "failed"])?;
    assert_eq!(ids(&failed)?, ["failed-0003"]);
    Ok(())
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() -> Tested {
    let shop = Shop::full().await?;
    let mut child =
        shop.command(&["export"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    drop(child.stdout.take());
    let said = Said::of(child.wait_with_output()?)?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    Ok(())
}

#[test]
fn a_store_must_be_there() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("tsaks.db");
    let url = format!("sqlite:{}", path.display());
    let run = |arguments: &[&str]| Said::of(bare(arguments).output()?);
    let cases = [
        (Some(1), run(&["list", "--store", &url])?, "there is no file"),
        (Some(2), run(&["--store", "postgres://db/tasks", "list"])?, "write sqlite:PATH"),
        (Some(2), run(&["list", "--store", "tasks.db"])?, "write sqlite:PATH"),
        (Some(2), run(&["list", "--store", "sqlite:"])?, "the path is missing"),
        (Some(2), run(&["list"])?, "MCP_TASKS_STORE"),
        (Some(2), run(&[])?, "Usage: mcp-tasks"),
        (Some(2), run(&["restart"])?, "unrecognized subcommand"),
    ];
    for (code, said, why) in cases {
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{}", said.err);
        assert!(said.err.contains(why), "{}", said.err);
    }
    assert!(!path.exists());
    std::fs::write(&path, "notes, and not a few: more than a page of a database would begin with")?;
    let said = run(&["list", "--store", &url])?;
    assert!(said.code == Some(1) && said.err.contains("is not a task file"), "{}", said.err);
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn watch_without_a_terminal_writes_lines() -> Tested {
    use std::io::{BufRead as _, BufReader};
    use std::sync::mpsc;

    let shop = Shop::full().await?;
    let mut child = shop.command(&["watch"]).stdout(Stdio::piped()).spawn()?;
    let out = BufReader::new(child.stdout.take().ok_or("piped")?);
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    let line = || lines.recv_timeout(Duration::from_secs(60));
    // What is live, first.
    for id in ["working-0005", "asking-0006", "working-0007"] {
        let line = line()?;
        assert!(line.contains(id), "{line}");
    }
    shop.create("newer-0008", "render").await?;
    let new = line()?;
    assert!(new.contains("newer-0008  render  working"), "{new}");
    let claim = Claim { task: TaskId::from("working-0007"), node: NODE, epoch: 1 };
    let note = Note { message: Some("half".to_owned()), progress: Some((0.5, Some(1.0))) };
    shop.store.note(&claim, note).await?;
    let noted = line()?;
    assert!(noted.contains("working-0007  render  working  0.5/1  half"), "{noted}");
    shop.bring_to(&claim, TaskState::Failed).await?;
    let failed = line()?;
    assert!(failed.contains("working-0007  render  failed  0.5/1  it broke"), "{failed}");
    interrupt(child.id())?;
    assert_eq!(child.wait()?.code(), Some(0));
    Ok(())
}

/// What Ctrl-C does.
#[cfg(unix)]
fn interrupt(process: u32) -> Tested {
    let sent = Command::new("kill").args(["-INT", &process.to_string()]).status()?;
    assert!(sent.success());
    Ok(())
}

#[tokio::test]
async fn an_absolute_url_is_understood() -> Tested {
    let shop = Shop::full().await?;
    let path: &Path = &shop.path;
    let url = format!("sqlite://{}", path.display());
    let said = Said::of(bare(&["list", "--json", "--store", &url]).output()?)?;
    assert_eq!(ids(&said.out)?.len(), TASKS.len());
    Ok(())
}
