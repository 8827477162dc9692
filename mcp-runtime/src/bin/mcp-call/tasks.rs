//! Tasks that were left, and are taken up again.

use std::io;

use mcp_runtime::client::{CallEvent, RemoteTask, TaskHandles, TaskStatus, TaskTicket};
use mcp_schema::JsonObject;
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
                    "no task `{id}` was kept in {folder}: name its server, too"
                )));
            }
        };
        let handles = self.handles.clone();
        let mut door = door(place);
        if let Some(ticket) = &ticket {
            door.speaks_as(ticket.revision());
        }
        let left = || Failure::Interrupted(format!("task {id} is left as it is"));
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
        let server = self.place.as_ref().and_then(Place::key);
        let fits = |ticket: &&TaskTicket| {
            server.is_none() || ticket.server().is_none() || ticket.server() == server.as_deref()
        };
        let of_server: Vec<&TaskTicket> = tickets.iter().filter(fits).collect();
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
            let left = || Failure::Interrupted("left the server".to_owned());
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
            session.close().await;
            return listed;
        }
        let (tickets, damaged) = self.tickets().await?;
        for ticket in &tickets {
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
    let task = session.client.resume(ticket).await?;
    let status = task.info().map(|info| info.status);
    match deed {
        Deed::Get => tell(session, &task),
        Deed::Wait => {
            session.screen.note("Ctrl-C leaves the task as it is");
            let result =
                call::follow(session, task.follow(), OnInterrupt::Leave, &mut true).await?;
            call::finish(session, &result)
        }
        Deed::Result => match status {
            Some(status @ (TaskStatus::Working | TaskStatus::InputRequired)) => {
                Err(Failure::Failed(format!(
                    "task {id} is {}: wait for it with `mcp-call task wait {id}`",
                    call::word(status)
                )))
            }
            _ => call::finish(session, &task.result().await?),
        },
        Deed::Answer => answer(session, &task, status).await,
        Deed::Cancel => {
            let cancelled = call::cancel(&task).await;
            cancelled.map_err(|why| {
                Failure::Failed(format!("task {id} could not be cancelled: {why}"))
            })?;
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

/// Answers what is open, until the task goes on.
async fn answer(
    session: &Session,
    task: &RemoteTask,
    status: Option<TaskStatus>,
) -> Result<(), Failure> {
    if status != Some(TaskStatus::InputRequired) {
        let status = status.map(call::word).unwrap_or_default();
        return Err(Failure::Failed(format!("the task asks nothing: it is {status}")));
    }
    let mut stream = task.follow();
    let mut asked = false;
    loop {
        let event = tokio::select! {
            biased;
            question = session.user.unanswered() => return Err(Failure::Unanswered(question)),
            event = next(&mut stream) => event,
        };
        match event {
            Some(Ok(CallEvent::Done(result))) => return call::finish(session, &result),
            Some(Ok(event)) => {
                session.screen.event(&event)?;
                match event {
                    CallEvent::Input { .. } => asked = true,
                    CallEvent::Status(info)
                        if asked && info.status != TaskStatus::InputRequired =>
                    {
                        drop(stream);
                        return tell(session, task);
                    }
                    _ => {}
                }
            }
            Some(Err(error)) => return Err(error.into()),
            None => return Err(Failure::Failed("the task ended without a result".to_owned())),
        }
    }
}
