//! Commands that change tasks.

use std::io::{self, IsTerminal as _, Write};

use mcp_runtime::task::operator;
use mcp_runtime::task::{Access, Admission, Purge, TaskId, TaskStore};

use crate::failure::Failure;
use crate::tasks::{self, Pages};
use crate::text;

/// Cancels tasks, each by itself: one that is unknown does not save the others.
pub async fn cancel(
    store: &dyn TaskStore,
    out: &mut impl Write,
    ids: &[String],
) -> Result<(), Failure> {
    let mut all_found = true;
    for text in ids {
        match cancel_one(store, text).await {
            Ok(said) => writeln!(out, "{said}")?,
            Err(failure) => {
                failure.tell();
                all_found = false;
            }
        }
    }
    if all_found { Ok(()) } else { Err(Failure::Told) }
}

async fn cancel_one(store: &dyn TaskStore, text: &str) -> Result<String, Failure> {
    let id = tasks::resolve(store, text).await?;
    let Some(cancelled) = store.cancel(&Access::Operator, &id).await? else {
        return Err(tasks::unknown(text));
    };
    let id = text::line(id.as_str());
    Ok(if cancelled.first {
        format!("{id} cancelled")
    } else {
        format!("{id} had ended before: {}", cancelled.view.record.state)
    })
}

/// P20: what has ended stays so; a new task does the same again and names the old one.
pub async fn retry(store: &dyn TaskStore, out: &mut impl Write, text: &str) -> Result<(), Failure> {
    let old = tasks::detail(store, text).await?;
    let (id, state) = (old.view.record.id.clone(), old.view.record.state);
    let Some(task) = operator::again(old)? else {
        return Err(Failure::Failed(format!(
            "the task {} is {state}: only one that has ended can be tried again; cancel it first",
            text::line(id.as_str()),
        )));
    };
    // The operator knows what the server's bounds cannot.
    let created = store.create(task, Admission::UNBOUNDED).await?;
    Ok(writeln!(out, "{}", created.record.id)?)
}

/// Deletes tasks, each by itself.
pub async fn purge(
    store: &dyn TaskStore,
    out: &mut impl Write,
    ids: &[String],
) -> Result<(), Failure> {
    let mut all_gone = true;
    for text in ids {
        match purge_one(store, text).await {
            Ok(id) => writeln!(out, "{} purged", text::line(id.as_str()))?,
            Err(failure) => {
                failure.tell();
                all_gone = false;
            }
        }
    }
    if all_gone { Ok(()) } else { Err(Failure::Told) }
}

async fn purge_one(store: &dyn TaskStore, text: &str) -> Result<TaskId, Failure> {
    let id = tasks::resolve(store, text).await?;
    if store.purge(Purge::One(id.clone())).await? > 0 {
        return Ok(id);
    }
    match tasks::view(store, &id).await? {
        None => Err(tasks::unknown(text)),
        Some(view) => Err(Failure::Failed(format!(
            "the task {} is {}: only one that has ended can be purged; cancel it first",
            text::line(id.as_str()),
            view.record.state
        ))),
    }
}

/// Deletes all tasks that ended before a time, once somebody has agreed.
pub async fn purge_before(
    store: &dyn TaskStore,
    out: &mut impl Write,
    before: u64,
    agreed: bool,
) -> Result<(), Failure> {
    if !agreed {
        if !io::stdin().is_terminal() {
            return Err(Failure::Usage(
                "deleting by time asks first, and there is no terminal to ask at: add --yes"
                    .to_owned(),
            ));
        }
        let count = ended_before(store, before).await?;
        if count == 0 {
            return Ok(writeln!(out, "nothing ended before {}", text::time(before))?);
        }
        eprint!("Delete {count} tasks that ended before {}? [y/N] ", text::time(before));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            return Err(Failure::Failed("nothing was deleted".to_owned()));
        }
    }
    let deleted = store.purge(Purge::EndedBefore(before)).await?;
    Ok(writeln!(out, "{deleted} purged")?)
}

async fn ended_before(store: &dyn TaskStore, before: u64) -> Result<usize, Failure> {
    let mut count = 0;
    let mut pages = Pages::new(store);
    while let Some(page) = pages.next().await? {
        // The last thing that clients see of a task is its end.
        let gone = page.iter().filter(|task| task.state.is_final() && task.updated_at < before);
        count += gone.count();
    }
    Ok(count)
}
