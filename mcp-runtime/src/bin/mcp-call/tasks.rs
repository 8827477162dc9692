//! Tasks that were left, and are taken up again.

use std::io;

use mcp_runtime::Elicited;
use mcp_runtime::client::{ClientError, RemoteTask, TaskHandles, TaskStatus, TaskTicket};
use mcp_schema::v2026_07_28::InputRequest;
use mcp_schema::{JsonObject, Value};
use serde_json::json;

use crate::args::{Answers, Task};
use crate::call::{self, OnInterrupt, next};
use crate::failure::Failure;
use crate::output;
use crate::session::{Door, Place, Session};
use crate::show;
use crate::shown;

/// What a command does with one task.
enum Deed {
    Get,
    Wait,
    Result,
    Answer,
    Cancel,
}

/// Where tasks and their servers are.
pub struct Kept {
    pub handles: TaskHandles,
    /// The server that the command line names.
    pub place: Option<Place>,
    pub json: bool,
}

impl Kept {
    /// Obeys a command about tasks. `door` opens the way to a server.
    pub async fn run(self, command: Task, door: impl FnOnce(Place) -> Door) -> Result<(), Failure> {
        let (id, deed, answers) = match command {
            Task::List => return self.list(door).await,
            Task::Forget { ids } => return self.forget(&ids).await,
            Task::Get { id } => (id, Deed::Get, None),
            Task::Wait { id, answers } => (id, Deed::Wait, Some(answers)),
            Task::Result { id } => (id, Deed::Result, None),
            Task::Answer { id, answers } => (id, Deed::Answer, Some(answers)),
            Task::Cancel { id } => (id, Deed::Cancel, None),
        };
        let ticket = self.find(&id).await?;
        let place = match (&self.place, ticket.as_ref().and_then(TaskTicket::server)) {
            (Some(place), _) => place.clone(),
            (None, Some(server)) => Place::kept(server)?,
            (None, None) => {
                let folder = self.handles.folder().display();
                return Err(Failure::Usage(format!(
                    "no task `{id}` is kept in {folder}: name its server, too (a task whose result was taken, or that was \
                     cancelled, is kept no longer)"
                )));
            }
        };
        let handles = self.handles.clone();
        let mut door = door(place);
        if let Some(ticket) = &ticket {
            door.speaks_as(ticket.revision());
        }
        let left = || Failure::Interrupted {
            why: format!("task {id} is left as it is"),
            task: Some(id.clone()),
        };
        let interrupt = door.interrupt.clone();
        let session = tokio::select! {
            biased;
            () = interrupt.pressed() => return Err(left()),
            session = door.open(answers.unwrap_or_default(), |client| client.keep_tasks(handles)) => session?,
        };
        let done = tokio::select! {
            biased;
            done = obey(&session, ticket, &id, deed) => done,
            () = session.interrupt.pressed() => Err(left()),
        };
        session.close().await;
        done
    }

    /// The ticket of a task: by its id, or by the beginning of one.
    async fn find(&self, id: &str) -> Result<Option<TaskTicket>, Failure> {
        let (tickets, damaged) = self.tickets().await?;
        let of_server: Vec<&TaskTicket> =
            tickets.iter().filter(|ticket| self.is_of_place(ticket)).collect();
        if let Some(same) = of_server.iter().find(|ticket| ticket.task_id() == id) {
            return Ok(Some((*same).clone()));
        }
        let mut begun = of_server.iter().filter(|ticket| ticket.task_id().starts_with(id));
        match (begun.next(), begun.next()) {
            (Some(one), None) => Ok(Some((*one).clone())),
            (Some(_), Some(_)) => {
                Err(Failure::Usage(format!("several tasks begin with `{id}`: write more of it")))
            }
            (None, _) => {
                for file in damaged {
                    eprintln!("warning: {}", shown::line(&file.to_string()));
                }
                Ok(None)
            }
        }
    }

    /// Whether a ticket may be of the server that the command line names, if it names one.
    fn is_of_place(&self, ticket: &TaskTicket) -> bool {
        let server = self.place.as_ref().and_then(Place::key);
        server.is_none() || ticket.server().is_none() || ticket.server() == server.as_deref()
    }

    async fn tickets(
        &self,
    ) -> Result<(Vec<TaskTicket>, Vec<mcp_runtime::client::DamagedHandle>), Failure> {
        let problem = |error: io::Error| {
            let folder = self.handles.folder().display();
            Failure::Failed(format!("the tasks in {folder} cannot be read: {error}"))
        };
        self.handles.list().await.map_err(problem)
    }

    async fn list(self, door: impl FnOnce(Place) -> Door) -> Result<(), Failure> {
        let mut out = io::stdout();
        if let Some(place) = self.place.clone() {
            let left = || Failure::interrupted("left the server");
            let door = door(place);
            let interrupt = door.interrupt.clone();
            let session = tokio::select! {
                biased;
                () = interrupt.pressed() => return Err(left()),
                session = door.open(Answers::default(), |client| client) => session?,
            };
            let listed = tokio::select! {
                biased;
                listed = list_of_server(&session) => listed,
                () = interrupt.pressed() => Err(left()),
            };
            let screen = session.screen.clone();
            session.close().await;
            match listed {
                Err(Failure::Client(ClientError::Unsupported(_))) => screen
                    .note("the server lists no tasks: these are those of it that were kept here"),
                listed => return listed,
            }
        }
        let (tickets, damaged) = self.tickets().await?;
        for ticket in tickets.iter().filter(|ticket| self.is_of_place(ticket)) {
            if self.json {
                output::json_line(&mut out, &json!({ "ticket": ticket }))?;
            } else {
                show::ticket(&mut out, ticket)?;
            }
        }
        for file in &damaged {
            eprintln!("warning: {}", shown::line(&file.to_string()));
        }
        Ok(())
    }

    async fn forget(self, ids: &[String]) -> Result<(), Failure> {
        for id in ids {
            let Some(ticket) = self.find(id).await? else {
                return Err(Failure::Failed(format!("no task `{id}` was kept")));
            };
            self.handles.remove(&ticket).await.map_err(|error| {
                Failure::Failed(format!("task `{id}` cannot be forgotten: {error}"))
            })?;
        }
        Ok(())
    }
}

async fn list_of_server(session: &Session) -> Result<(), Failure> {
    let mut tasks = session.client.tasks()?;
    let mut out = io::stdout();
    while let Some(info) = next(&mut tasks).await {
        let info = info?;
        if session.screen.is_json() {
            output::json_line(&mut out, &json!({ "task": output::task(&info) }))?;
        } else {
            show::task(&mut out, &info, &JsonObject::new())?;
        }
    }
    Ok(())
}

async fn obey(
    session: &Session,
    ticket: Option<TaskTicket>,
    id: &str,
    deed: Deed,
) -> Result<(), Failure> {
    let ticket = match ticket {
        Some(ticket) => ticket,
        None => TaskTicket::new(id, session.client.revision()),
    };
    let task = match session.client.resume(ticket).await {
        Err(error @ ClientError::UnknownTask { .. }) if session.is_program => {
            session
                .screen
                .note("a program that keeps its tasks in its memory takes them along when it ends");
            return Err(error.into());
        }
        task => task?,
    };
    let status = task.info().map(|info| info.status);
    match deed {
        Deed::Get => tell(session, &task),
        Deed::Wait => {
            session.screen.note("Ctrl-C leaves the task as it is");
            let result =
                call::follow(session, task.follow(), OnInterrupt::Leave, &mut true, true).await?;
            call::finish(session, &result)
        }
        Deed::Result => match status {
            Some(status @ (TaskStatus::Working | TaskStatus::InputRequired)) => {
                Err(Failure::Failed(format!(
                    "task {id} is {}: wait for it with `{}`",
                    call::word(status),
                    call::command("wait", id)
                )))
            }
            _ => call::finish(session, &task.result().await?),
        },
        Deed::Answer => answer(session, &task, status).await,
        Deed::Cancel => {
            let before = status;
            let status = call::cancel(&task).await.map_err(|why| {
                Failure::Failed(format!("task {id} could not be cancelled: {why}"))
            })?;
            match status {
                TaskStatus::Cancelled => {}
                TaskStatus::Working | TaskStatus::InputRequired => session.screen.note(&format!(
                    "cancellation was asked for, and the task has not ended yet; look again with: {}",
                    call::command("get", id)
                )),
                TaskStatus::Completed | TaskStatus::Failed => {
                    let when = if before == Some(status) { "had ended before" } else { "ended by itself" };
                    let result = call::command("result", id);
                    session.screen.note(&format!("the task {when}; what it came to: {result}"));
                }
            }
            tell(session, &task)
        }
    }
}

fn tell(session: &Session, task: &RemoteTask) -> Result<(), Failure> {
    session.screen.clear();
    let mut out = io::stdout();
    if session.screen.is_json() {
        let document = output::task_and_questions(task);
        output::json_line(&mut out, &json!({ "task": document }))?;
    } else if let Some(info) = task.info() {
        show::task(&mut out, &info, &task.questions().into_iter().collect())?;
    }
    Ok(())
}

/// Answers what is open, and leaves the task to itself: its ticket stays for whoever wants the result.
async fn answer(
    session: &Session,
    task: &RemoteTask,
    status: Option<TaskStatus>,
) -> Result<(), Failure> {
    if status != Some(TaskStatus::InputRequired) {
        let status = status.map(call::word).unwrap_or_default();
        return Err(Failure::Failed(format!("the task asks nothing: it is {status}")));
    }
    match session.client.initialized() {
        None => answer_by_key(session, task).await?,
        Some(_) => answer_requests(session, task).await?,
    }
    tell(session, task)?;
    if let Some(id) = task.id() {
        session.screen.note(&format!("go on with: {}", call::command("wait", id)));
    }
    Ok(())
}

/// A modern task lists its questions.
async fn answer_by_key(session: &Session, task: &RemoteTask) -> Result<(), Failure> {
    let questions = task.questions();
    if questions.is_empty() {
        return Err(Failure::Failed("the task asks nothing that was not answered".to_owned()));
    }
    for (key, question) in questions {
        let method = question["method"].as_str().unwrap_or_default().to_owned();
        let request = match serde_json::from_value(question) {
            Ok(InputRequest::Elicit(request)) => request.params,
            Ok(_) => return Err(ClientError::NoHandler(method).into()),
            Err(error) => {
                let problem = format!("its question `{key}` cannot be read: {error}");
                return Err(Failure::Failed(problem));
            }
        };
        let answer = session.user.ask(&request).await;
        let answer = answer.map_err(|open| call::open_task(session, open, task))?;
        let response = match answer {
            Elicited::Accepted(Value::Null) => json!({ "action": "accept" }),
            Elicited::Accepted(content) => json!({ "action": "accept", "content": content }),
            Elicited::Declined => json!({ "action": "decline" }),
            Elicited::Dismissed => json!({ "action": "cancel" }),
        };
        task.answer(&key, response).await?;
    }
    // An answer may take effect a little later; what is asked next is another one's to answer.
    let went_on = |task: &RemoteTask| !is_asking(task) || !task.questions().is_empty();
    Ok(call::look_until(task, went_on).await?)
}

/// A legacy one asks in requests, while somebody waits for its result.
async fn answer_requests(session: &Session, task: &RemoteTask) -> Result<(), Failure> {
    let went_on = async {
        session.user.answered().await;
        loop {
            task.get().await?;
            if !is_asking(task) {
                return Ok::<_, ClientError>(());
            }
            call::pause(task).await;
        }
    };
    tokio::select! {
        biased;
        went_on = went_on => Ok(went_on?),
        open = session.user.unanswered() => match session.user.has_answered() {
            // The next one, which is another one's to answer.
            true => Ok(()),
            false => Err(call::open_task(session, open, task)),
        },
        // It takes no result: that is for `task wait`.
        ended = task.wait() => Ok(ended.map(drop)?),
    }
}

fn is_asking(task: &RemoteTask) -> bool {
    task.info().is_some_and(|info| info.status == TaskStatus::InputRequired)
}
