//! Finding tasks.

use mcp_runtime::store::SqliteStore;
pub use mcp_runtime::task::operator::Pages;
use mcp_runtime::task::{Access, StoreError, TaskDetail, TaskId, TaskStore, TaskView};

use crate::args::StoreUrl;
use crate::failure::Failure;

/// How much of an id is enough.
const SHORTEST: usize = 6;

/// Opens what is there. A path that was mistyped must not become an empty store.
pub fn open(url: &StoreUrl) -> Result<Box<dyn TaskStore>, Failure> {
    let StoreUrl::Sqlite(path) = url;
    let shown = path.display();
    match path.try_exists() {
        Ok(true) => Ok(Box::new(SqliteStore::open(path)?)),
        Ok(false) => Err(Failure::Failed(format!(
            "there is no file {shown}: check --store; a server creates the file when it starts"
        ))),
        Err(error) => Err(Failure::Failed(format!("the file {shown} cannot be reached: {error}"))),
    }
}

/// The id that a user means: all of it, or its beginning.
pub async fn resolve(store: &dyn TaskStore, text: &str) -> Result<TaskId, Failure> {
    let id = TaskId::from(text);
    if view(store, &id).await?.is_some() {
        return Ok(id);
    }
    if text.chars().count() < SHORTEST {
        return Err(Failure::Usage(format!(
            "`{text}` is too short: give at least {SHORTEST} characters of the id"
        )));
    }
    let mut found: Option<TaskId> = None;
    let mut pages = Pages::new(store);
    while let Some(page) = pages.next().await? {
        for record in page {
            if !record.id.as_str().starts_with(text) {
                continue;
            }
            if let Some(other) = found {
                return Err(Failure::Failed(format!(
                    "`{text}` begins the ids of several tasks, {other} and {} among them: give more of it",
                    record.id
                )));
            }
            found = Some(record.id);
        }
    }
    found.ok_or_else(|| unknown(text))
}

/// A task as clients see it.
pub async fn view(store: &dyn TaskStore, id: &TaskId) -> Result<Option<TaskView>, StoreError> {
    store.get(&Access::Operator, id).await
}

/// All of a task that a user means.
pub async fn detail(store: &dyn TaskStore, text: &str) -> Result<TaskDetail, Failure> {
    let id = resolve(store, text).await?;
    store.inspect(&id).await?.ok_or_else(|| unknown(text))
}

/// What to say of a task that is not there.
pub fn unknown(id: &str) -> Failure {
    Failure::Failed(format!(
        "there is no task `{id}`: it has expired, was purged, or never was; `mcp-tasks list` names those that there are"
    ))
}
