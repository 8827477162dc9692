//! The questions of a modern task, and their answers (the extension, Task Update Requests).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mcp_schema::v2026_07_28::InputRequest;
use mcp_schema::{Map, Value};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::super::error::ClientError;
use super::super::handlers::Question;
use super::ears::Ear;
use super::hold::Claim;
use super::remote::Remote;
use super::stream::CallEvent;

/// How often, and for how long, a server may list nothing but questions that were answered. An answer may take effect a little
/// later (X49), but not this much.
const REPETITIONS: u32 = 20;
const REPEATING: Duration = Duration::from_secs(60);

/// What is being answered.
#[derive(Default)]
pub(super) struct Inputs {
    asking: JoinSet<(Claim, Result<Value, ClientError>)>,
    asked: HashMap<String, AbortHandle>,
    /// Answers that are there, and did not reach the server yet.
    unsent: Vec<(Claim, Value)>,
    repeated: Option<(u32, Instant)>,
}

impl Inputs {
    /// Puts the questions that are new to the client's handlers (X17, X42), and takes back those that are not open any more.
    pub fn put(&mut self, remote: &Arc<Remote>, ear: &Ear) -> Result<(), ClientError> {
        self.withdraw(remote);
        let new = remote.claim()?;
        if new.is_empty() && self.asking.is_empty() && self.unsent.is_empty() {
            return self.nothing_new(remote);
        }
        self.repeated = None;
        for (claim, raw) in new {
            let key = claim.key.clone();
            let question: InputRequest = serde_json::from_value(raw.clone()).map_err(|error| {
                ClientError::invalid("tasks/get", format!("`inputRequests.{key}`: {error}"))
            })?;
            let question = Question::from(question);
            let method = question.method().to_owned();
            let params = raw.get("params").cloned().unwrap_or_default();
            ear.push(CallEvent::Input { key: key.clone(), method, params });
            let connection = remote.client().connection().clone();
            let handle = self.asking.spawn(async move {
                let answer = connection.handlers.answer(question).await;
                (claim, answer)
            });
            self.asked.insert(key, handle);
        }
        Ok(())
    }

    /// Nobody waits any more for answers to what is not open.
    pub fn withdraw(&mut self, remote: &Remote) {
        self.asked.retain(|key, handle| {
            let open = remote.is_open(key);
            if !open {
                handle.abort();
            }
            open
        });
        self.unsent.retain(|(claim, _)| remote.is_open(&claim.key));
    }

    /// It asks for input, and for nothing that it was not given.
    fn nothing_new(&mut self, remote: &Remote) -> Result<(), ClientError> {
        let (times, since) = self.repeated.get_or_insert((0, Instant::now()));
        *times += 1;
        if *times <= REPETITIONS || since.elapsed() < REPEATING {
            return Ok(());
        }
        let keys = remote.open_keys();
        let problem = if keys.is_empty() {
            format!("task `{}` asks for input, and does not say for which", remote.id())
        } else {
            let keys = keys.join("`, `");
            format!("task `{}` asks again and again for `{keys}`, which it was given", remote.id())
        };
        Err(ClientError::invalid("tasks/get", problem))
    }

    /// Waits for an answer, and sends what is there (X40, X53). Pending while there is nothing to wait for. Cancel safe: an
    /// answer that was found is kept.
    pub async fn answered(&mut self) -> Result<(), ClientError> {
        loop {
            let Some(found) = self.asking.join_next().await else {
                return std::future::pending().await;
            };
            // Taken back, otherwise.
            let Ok((claim, answer)) = found else { continue };
            self.asked.remove(&claim.key);
            self.unsent.push((claim, answer?));
            return Ok(());
        }
    }

    /// Sends the answers that are there, each once (X47, X51). One that does not arrive for reasons of the wire is sent again
    /// while its question is open.
    pub async fn send(&mut self, remote: &Arc<Remote>) -> Result<(), ClientError> {
        while let Some(found) = self.asking.try_join_next() {
            if let Ok((claim, answer)) = found {
                self.asked.remove(&claim.key);
                self.unsent.push((claim, answer?));
            }
        }
        self.unsent.retain(|(claim, _)| remote.is_open(&claim.key));
        if self.unsent.is_empty() {
            return Ok(());
        }
        let answers: Map<Value> =
            self.unsent.iter().map(|(claim, answer)| (claim.key.clone(), answer.clone())).collect();
        remote.update(answers).await?;
        self.unsent.clear();
        Ok(())
    }

    /// Whether answers wait to be sent.
    pub fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }
}
