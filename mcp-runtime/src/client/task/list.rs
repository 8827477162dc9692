//! The tasks of a legacy server (2025-11-25, Task Listing).

use serde_json::value::RawValue;

use super::super::error::ClientError;
use super::super::methods::Client;
use super::super::pages::{Listed, Listing, Pages};
use super::info::{Seen, TaskInfo};

const METHOD: &str = "tasks/list";

impl Listed for TaskInfo {
    const METHOD: &'static str = METHOD;
    const KEY: &'static str = "tasks";

    fn read(tasks: &[&RawValue], _: &Listing) -> Result<Vec<Self>, String> {
        let read = |task: &&RawValue| Seen::read(METHOD, task.get()).map(|seen| seen.info);
        tasks.iter().map(read).collect::<Result<_, _>>().map_err(|error| error.to_string())
    }
}

impl Client {
    /// The tasks that the server keeps for this client, page by page: legacy servers only, and those that declare `tasks.list`.
    ///
    /// # Errors
    ///
    /// [`ClientError::Unsupported`] if the server has no such list; modern ones have none.
    pub fn tasks(&self) -> Result<Pages<TaskInfo>, ClientError> {
        if !self.task_capability(&["list"]) {
            return Err(ClientError::Unsupported(
                "the server declares no `tasks.list`: keep tickets of your tasks (`keep_tasks`)",
            ));
        }
        Ok(Pages::new(self))
    }
}
