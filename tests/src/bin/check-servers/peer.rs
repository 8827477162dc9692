//! A client as the checks use it: its user fills in every form, its model knows the capital of France.

use std::error::Error;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mcp_runtime::client::{CallEvent, Client, ClientBuilder, ClientError, TaskHandles, TaskStatus};
use mcp_runtime::{Elicited, TaskSettings};
use mcp_schema::v2026_07_28::{ElicitRequestParams, Root};
use mcp_schema::{JsonObject, Value};
use serde_json::json;
use tokio::time::{sleep, timeout};

pub type Checked = Result<(), Box<dyn Error>>;

/// A client and what it has heard.
pub struct Peer {
    pub client: Client,
    pub heard: Arc<Heard>,
    pub handles: TaskHandles,
}

/// What the server has asked and told.
#[derive(Default)]
pub struct Heard {
    asked: Mutex<Vec<(String, Value)>>,
    told: Mutex<Vec<(String, Value)>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Heard {
    /// The questions so far: methods and parameters.
    pub fn asked(&self) -> Vec<(String, Value)> {
        held(&self.asked).clone()
    }

    /// How many notifications of this method came.
    pub fn told(&self, method: &str) -> usize {
        held(&self.told).iter().filter(|(told, _)| told == method).count()
    }

    /// Waits until a notification of this method has come that was not there before.
    pub async fn until_told(&self, method: &str, more_than: usize) -> Checked {
        let come = async {
            while self.told(method) <= more_than {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(20), come)
            .await
            .map_err(|_| format!("no `{method}` came").into())
    }

    /// Lets a client hear, and answer.
    pub fn attend(self: &Arc<Self>, client: ClientBuilder) -> ClientBuilder {
        let (user, model, ears) = (self.clone(), self.clone(), self.clone());
        let mut root = Root::new("file:///work");
        root.name = Some("work".to_owned());
        client
            .on_elicit(move |request| {
                held(&user.asked).push(("elicitation/create".to_owned(), json!(request)));
                let answer = match &request {
                    ElicitRequestParams::Form(form) => filled(&json!(form.requested_schema)),
                    ElicitRequestParams::Url(_) => Value::Null,
                };
                async { Elicited::Accepted(answer) }
            })
            .on_sample(move |request| {
                held(&model.asked).push(("sampling/createMessage".to_owned(), json!(request)));
                async { "Paris" }
            })
            .roots([root])
            .host_tasks(TaskSettings::hosted())
            .on_notification(move |method, params| {
                held(&ears.told).push((method.to_owned(), params.clone()));
            })
    }
}

/// A form with its defaults, and something that fits wherever it has none.
fn filled(schema: &Value) -> Value {
    let value = |property: &Value| match property["default"].clone() {
        Value::Null => match property["type"].as_str() {
            Some("boolean") => true.into(),
            Some("integer" | "number") => property["minimum"].as_i64().unwrap_or(1).into(),
            _ => match property["format"].as_str() {
                Some("email") => "alice@example.org".into(),
                Some("uri") => "https://example.org/".into(),
                Some("date") => "2001-02-03".into(),
                _ => {
                    let first = [&property["enum"][0], &property["oneOf"][0]["const"]];
                    let found = first.into_iter().find(|value| !value.is_null());
                    found.cloned().unwrap_or_else(|| "alice".into())
                }
            },
        },
        default => default,
    };
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.map(|(key, property)| (key.clone(), value(property))).collect::<JsonObject>().into()
}

/// Says what is wrong, unless nothing is.
pub fn ensure(is: bool, problem: impl Display) -> Checked {
    if is { Ok(()) } else { Err(problem.to_string().into()) }
}

/// Says what differs.
pub fn same(found: &str, expected: &str) -> Checked {
    ensure(found == expected, format!("expected {expected:?}, found {found:?}"))
}

impl Peer {
    /// The text that a tool returns.
    pub async fn text(&self, tool: &str, arguments: Value) -> Result<String, Box<dyn Error>> {
        Ok(self.client.call_tool(tool, arguments).await?.success()?.text())
    }

    /// Calls a tool as a task, follows it to its end, and gives its text and the names of the events.
    pub async fn followed(
        &self,
        tool: &str,
        arguments: Value,
    ) -> Result<(String, Vec<&'static str>), Box<dyn Error>> {
        use futures_util::StreamExt as _;
        let mut events = self.client.call_tool(tool, arguments).stream();
        let mut names = Vec::new();
        while let Some(event) = events.next().await {
            names.push(match event? {
                CallEvent::Created(_) => "created",
                CallEvent::Status(_) => "status",
                CallEvent::Input { .. } => "input",
                CallEvent::Progress(_) => "progress",
                CallEvent::Done(result) => return Ok((result.success()?.text(), names)),
                _ => "other",
            });
        }
        Err("the stream ended without a result".into())
    }

    /// A task to its end, and with a ticket.
    pub async fn a_task(&self, tool: &str, arguments: Value) -> Result<String, Box<dyn Error>> {
        let task = self.client.call_tool(tool, arguments).task().await?;
        let ticket = task.ticket().ok_or("it did not become a task")?;
        let (tickets, damaged) = self.handles.list().await?;
        ensure(damaged.is_empty() && tickets.contains(&ticket), "the task was not written down")?;
        // As another process would.
        let ticket = serde_json::from_value(json!(ticket))?;
        let task = self.client.resume(ticket).await?;
        let text = task.result().await?.success()?.text();
        let (tickets, _) = self.handles.list().await?;
        let id = task.id().unwrap_or_default();
        let left = tickets.iter().any(|ticket| ticket.task_id() == id);
        ensure(!left, "its ticket is still there after its result was taken")?;
        Ok(text)
    }

    /// A task that would never end is cancelled.
    pub async fn a_cancelled_task(&self, tool: &str, arguments: Value) -> Checked {
        let task = self.client.call_tool(tool, arguments).task().await?;
        ensure(task.id().is_some(), "it did not become a task")?;
        task.cancel().await?;
        let status = task.wait().await?;
        ensure(status == TaskStatus::Cancelled, format!("it is {status:?}"))?;
        match task.result().await {
            Err(ClientError::TaskCancelled { .. }) => Ok(()),
            other => Err(format!("its result is {other:?}").into()),
        }
    }

    /// Questions since there were so many.
    pub fn asked_since(&self, before: usize, method: &str) -> Checked {
        let asked = self.heard.asked();
        let new: Vec<&str> = asked[before..].iter().map(|(asked, _)| asked.as_str()).collect();
        ensure(new == [method], format!("expected one {method}, was asked {new:?}"))
    }
}
