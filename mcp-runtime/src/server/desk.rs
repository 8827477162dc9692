//! Who is told about tasks, and who is asked on their behalf.
//!
//! A task runs by itself; its session, a client that waits in `tasks/result` and the streams of `subscriptions/listen` come
//! and go. The desk keeps who is there now. It is level-triggered: [`show`](Desk::show) looks at a task as it is, and says
//! to each what that one has not heard yet, so a look that comes twice, late or for nothing does no harm.
//!
//! | who | calls | when |
//! | --- | --- | --- |
//! | the engine | [`enter`](Desk::enter) | a session has created a task |
//! | | [`wants`](Desk::wants), [`known`](Desk::known) | something has changed: is it worth a look? |
//! | | [`show`](Desk::show) | with what the look found, one after the other for each task |
//! | a running call | [`progress`](Desk::progress), [`log`](Desk::log) | it says something |
//! | the wires | [`bind`](Desk::bind), [`announce`](Desk::announce), [`sit`](Desk::sit), [`follow`](Desk::follow) | somebody wants to be told |
//! | sessions | [`answered`](Desk::answered), [`moved`](Desk::moved) | an answer comes; a stream opens or closes |
//!
//! What is kept is bounded by the tasks that have not ended: an entry goes with the end of its task, once those who created
//! it know of it.

mod place;
#[cfg(test)]
mod tests;
mod told;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use mcp_schema::shared::LoggingLevel;
use serde_json::value::RawValue;

pub(crate) use self::place::Seat;
use self::told::{Creator, Told};
use super::context::{Kept, Report};
use super::handle::{Inner, Server};
use super::listen::Listener;
use super::outbox::{About, Kind, Outbox, Text};
use super::session::{Session, TaskQuestion};
use crate::journal::Key;
use crate::protocol::legacy;
use crate::task::engine::Engine;
use crate::task::{Access, Answer, Owner, TaskId, TaskState, TaskView};

/// See the module.
#[derive(Default)]
pub(crate) struct Desk {
    server: OnceLock<Weak<Inner>>,
    tasks: Mutex<HashMap<TaskId, Told>>,
}

impl Desk {
    fn tasks(&self) -> MutexGuard<'_, HashMap<TaskId, Told>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whose desk this is, before anybody is entered; later calls do nothing.
    pub fn bind(&self, server: &Server) {
        self.server.get_or_init(|| Arc::downgrade(&server.0));
    }

    fn server(&self) -> Option<Arc<Inner>> {
        self.server.get()?.upgrade()
    }

    /// A session has created a task, with these parameters. It hears of it once it is [announced](Self::announce).
    pub fn enter(&self, id: &TaskId, session: &Arc<Session>, params: &Kept) {
        let token = params.progress_token.clone().and_then(|at| params.text.get(at));
        if let Some(server) = self.server.get() {
            session.listener.connect(server);
        }
        self.tasks().entry(id.clone()).or_default().enter(Creator::new(session, token));
    }

    /// The session has its answer: from now on it may hear of the task.
    pub fn announce(&self, id: &TaskId, session: &Arc<Session>) {
        if let Some(told) = self.tasks().get_mut(id) {
            told.announce(session);
        }
    }

    /// Whether a change of this task is worth a look.
    pub fn wants(&self, id: &TaskId) -> bool {
        self.tasks().contains_key(id)
    }

    /// All tasks that are.
    pub fn known(&self) -> Vec<TaskId> {
        self.tasks().keys().cloned().collect()
    }

    /// A task as it is now, or that it is gone.
    pub fn show(&self, engine: &Engine, id: &TaskId, view: Option<&TaskView>) {
        self.look(engine, id, view, None);
    }

    /// `settled` is a question whose answer the store has got: as of this view, and not of an older one.
    fn look(&self, engine: &Engine, id: &TaskId, view: Option<&TaskView>, settled: Option<&Key>) {
        // Both are let go after the lock: what goes with the last of them comes back here.
        let Some(server) = self.server() else { return };
        let mut listening = Vec::new();
        let mut tasks = self.tasks();
        let Some(told) = tasks.get_mut(id) else { return };
        if let Some(key) = settled {
            told.settle(key);
        }
        let Some(view) = view else {
            told.withdraw_all();
            tasks.remove(id);
            return;
        };
        if !told.is_news(view.record.change) {
            return;
        }
        told.ask(id, view, &server);
        told.tell(view, engine.settings(), &mut listening);
        // Nothing more will happen to it (L35).
        let state = view.record.state;
        // Of one that was cancelled before its client had the answer nobody may ever know (D7).
        if state.is_final() && (state == TaskState::Cancelled || told.all_know()) {
            tasks.remove(id);
        }
    }

    /// How far a task is: to those who created it, under the token of their call (L63 to L66). Whoever calls keeps the
    /// numbers increasing.
    pub fn progress(&self, id: &TaskId, report: &Report) {
        self.say(id, |creator, _, outbox| {
            let token = creator.token.as_deref()?;
            let text = legacy::tasks::progress(id, token, report)?;
            outbox.push_about(About::Progress(id.clone()), text, Kind::Progress);
            Some(())
        });
    }

    /// A log message of a task, to those who created it and want messages of its level.
    pub fn log(
        &self,
        id: &TaskId,
        level: &LoggingLevel,
        logger: Option<&str>,
        data: Option<&RawValue>,
    ) {
        self.say(id, |_, session, outbox| {
            let text =
                legacy::tasks::log(id, level, logger, data).filter(|_| session.wants(level))?;
            outbox.push(text, Kind::Log);
            Some(())
        });
    }

    /// To each session that created the task and can be reached. Nothing once it has ended (L66).
    fn say(&self, id: &TaskId, say: impl Fn(&Creator, &Session, &Outbox) -> Option<()>) {
        let tasks = self.tasks();
        let Some(told) = tasks.get(id).filter(|told| !told.has_ended()) else { return };
        for creator in &told.creators {
            if let Some(session) = creator.session.upgrade()
                && let Some(outbox) = creator.outbox(&session)
            {
                say(creator, &session, outbox);
            }
        }
    }

    /// Somebody waits in `tasks/result`, whose stream questions of the task may use.
    pub fn sit(&self, id: &TaskId, seat: &Arc<Seat>) {
        self.tasks().entry(id.clone()).or_default().seats.push(seat.clone());
    }

    /// The wait is over: what was asked there and has no answer is taken back there. It may be asked elsewhere.
    pub fn rise(&self, id: &TaskId, seat: &Arc<Seat>) {
        let mut tasks = self.tasks();
        let Some(told) = tasks.get_mut(id) else { return };
        told.rise(seat);
        if told.is_idle() {
            tasks.remove(id);
        }
    }

    /// A stream of changes wants to hear of these tasks.
    pub fn follow(&self, listener: &Arc<Listener>, ids: &[TaskId]) {
        let Some(server) = self.server.get() else { return };
        {
            let mut tasks = self.tasks();
            for id in ids {
                tasks.entry(id.clone()).or_default().follow(listener);
            }
        }
        listener.follow(Following { server: server.clone(), ids: ids.into() });
    }

    /// The client answers a question of a task.
    pub fn answered(
        &self,
        session: &Session,
        request: i64,
        question: TaskQuestion,
        answer: Answer,
    ) {
        let Some(engine) = self.server().map(|server| server.tasks.clone()) else { return };
        let TaskQuestion { task, key, .. } = question;
        if let Some(told) = self.tasks().get_mut(&task) {
            told.answering(&key, request);
        }
        let access = Access::Owner(Owner::of(session.principal.as_ref()));
        engine.clone().spawn(async move {
            let answers = vec![(key.clone(), answer)];
            match engine.answer(&access, task.as_str(), answers).await {
                Ok(view) => engine.desk().look(&engine, &task, Some(&view), Some(&key)),
                Err(error) => {
                    tracing::warn!(target: "mcp", task = %task, %error, "an answer is lost");
                    if let Some(told) = engine.desk().tasks().get_mut(&task) {
                        told.settle(&key);
                    }
                    engine.show(&task);
                }
            }
        });
    }

    /// Sends a request about a question of a task the way that the question went.
    pub fn follow_up(&self, question: &TaskQuestion, asked: i64, request: i64, text: Text) {
        if let Some(told) = self.tasks().get(&question.task) {
            told.follow_up(&question.key, asked, request, text);
        }
    }

    /// A session's own stream was opened or closed, or the session has ended: questions find their way anew.
    pub fn moved(&self, listener: &Listener) {
        let Some(engine) = self.server().map(|server| server.tasks.clone()) else { return };
        let ids: Vec<TaskId> = {
            let tasks = self.tasks();
            let touched = tasks.iter().filter(|(_, told)| told.uses(listener));
            touched.map(|(id, _)| id.clone()).collect()
        };
        ids.iter().for_each(|id| engine.show(id));
    }
}

/// What a stream of changes follows, as long as it is there.
pub(crate) struct Following {
    server: Weak<Inner>,
    ids: Box<[TaskId]>,
}

impl Drop for Following {
    fn drop(&mut self) {
        let Some(engine) = self.server.upgrade().map(|server| server.tasks.clone()) else { return };
        let mut tasks = engine.desk().tasks();
        for id in &self.ids {
            if let Some(told) = tasks.get_mut(id)
                && told.forget_followers()
            {
                tasks.remove(id);
            }
        }
    }
}
