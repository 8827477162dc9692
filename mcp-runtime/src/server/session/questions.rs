//! Requests of ours that wait for an answer.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use super::Session;
use super::hosted::{self, Follower, Reply};
use crate::journal::Key;
use crate::protocol;
#[cfg(feature = "http")]
use crate::protocol::envelope::Message;
use crate::protocol::envelope::{self, Id};
use crate::protocol::legacy;
use crate::server::context::Context;
use crate::server::handle::Inner;
use crate::server::outbox::Kind;
use crate::task::{Answer, TaskId};

/// How many questions are remembered that were taken back before the client said which task it has made of them. Of more than
/// that the oldest are forgotten: their tasks end with their lifetimes.
const TAKEN_BACK: usize = 64;

#[derive(Default)]
pub(super) struct State {
    /// Questions that wait for an answer, by our id.
    questions: HashMap<i64, Waiting>,
    /// Requests about tasks that the client hosts.
    follow_ups: HashMap<i64, oneshot::Sender<Reply>>,
    last: i64,
}

impl State {
    fn next(&mut self) -> i64 {
        self.last += 1;
        self.last
    }
}

struct Waiting {
    whose: Whose,
    answered: Answered,
}

enum Whose {
    Call {
        cx: Weak<Context>,
        key: Box<str>,
    },
    Task(TaskQuestion),
    /// It was taken back.
    Nobody,
}

/// What is to come.
enum Answered {
    /// The answer.
    AtOnce,
    /// The task that the client makes of it.
    ByTask,
    /// What comes of this task, which is looked after.
    Later(Follower),
}

impl Waiting {
    fn is_of(&self, call: *const Context) -> bool {
        matches!(&self.whose, Whose::Call { cx, .. } if std::ptr::eq(cx.as_ptr(), call))
    }
}

/// A question of a task: it outlives the session that it was put to.
#[derive(Clone)]
pub(crate) struct TaskQuestion {
    pub server: Weak<Inner>,
    pub task: TaskId,
    pub key: Key,
}

impl Session {
    /// There will be no answers any more, to those that wait nor to those who ask later.
    pub fn refuse_all(&self, reason: &str) {
        // First, so that a question is either refused here or not put.
        self.listener.end();
        let waiting: Vec<_> = {
            let mut state = self.state();
            state.follow_ups.clear();
            state.questions.drain().map(|(_, waiting)| waiting).collect()
        };
        for waiting in waiting {
            // A question of a task can still be answered elsewhere.
            if let Whose::Call { cx, key } = &waiting.whose
                && let Some(cx) = cx.upgrade()
            {
                cx.run.refuse(key, reason);
            }
        }
    }

    /// A call has ended, and with it its questions.
    pub fn forget(&self, cx: &Context) {
        let left: Vec<i64> = {
            let mut state = self.state();
            state.questions.retain(|_, waiting| {
                !waiting.is_of(cx) || !matches!(waiting.answered, Answered::AtOnce)
            });
            let mine = state.questions.iter().filter(|(_, waiting)| waiting.is_of(cx));
            mine.map(|(id, _)| *id).collect()
        };
        // What the client hosts goes on there unless it is told.
        for text in left.into_iter().filter_map(|id| self.take_back(id)) {
            self.listener.outbox.push(text, Kind::Log);
        }
    }

    /// Puts a question to the client: the message to send.
    pub fn put(&self, cx: &Arc<Context>, key: &str, body: &str) -> Result<Box<str>, String> {
        // Unique within the server, not only within the session (2025-11-25, schema, ElicitRequestURLParams).
        let unique = || cx.run.idempotency_key(("elicitation", key));
        let (method, params) = legacy::question(self.revision, body, unique)?;
        let whose = Whose::Call { cx: Arc::downgrade(cx), key: key.into() };
        self.ask(whose, &method, params, body).map(|(_, text)| text)
    }

    /// Puts a question of a task to the client: its id, and the message to send.
    pub fn put_for_task(
        &self,
        question: TaskQuestion,
        body: &str,
    ) -> Result<(i64, Box<str>), String> {
        // The same however often it is asked, and nothing that gives the task away.
        let unique = || {
            let name = format!("{}/{}", question.task, question.key.as_str());
            URL_SAFE_NO_PAD.encode(&Sha256::digest(name)[..18])
        };
        let (method, params) =
            legacy::tasks::task_question(&question.task, self.revision, body, unique)?;
        self.ask(Whose::Task(question), &method, Some(params), body)
    }

    fn ask(
        &self,
        whose: Whose,
        method: &str,
        mut params: Option<Value>,
        body: &str,
    ) -> Result<(i64, Box<str>), String> {
        let mut answered = Answered::AtOnce;
        // L4, L5: where it was declared, and nowhere else.
        if self.client.hosts(method)
            && let Some(wish) = legacy::hosted::wish(body)
            && let Some(params) = params.as_mut().and_then(Value::as_object_mut)
        {
            params.insert("task".into(), wish);
            answered = Answered::ByTask;
        }
        let mut state = self.state();
        if self.listener.has_ended() {
            return Err("the connection is closed".to_owned());
        }
        let id = state.next();
        let text = protocol::request(id, method, params.as_ref())
            .ok_or("the question cannot be written as JSON")?;
        state.questions.insert(id, Waiting { whose, answered });
        Ok((id, text))
    }

    /// Takes a question back: the message to send, if it was open.
    pub fn withdraw(&self, cx: &Weak<Context>, key: &str) -> Option<Box<str>> {
        let id = {
            let state = self.state();
            let is_it = |waiting: &Waiting| {
                waiting.is_of(cx.as_ptr())
                    && matches!(&waiting.whose, Whose::Call { key: other, .. } if **other == *key)
            };
            state.questions.iter().find(|(_, waiting)| is_it(waiting)).map(|(id, _)| *id)?
        };
        self.take_back(id)
    }

    /// Takes the question of this id back, which was not sent.
    pub fn unsay(&self, id: i64) {
        self.state().questions.remove(&id);
    }

    /// Takes the question of this id back: the message to send, if it was open. One that the client makes a task of is
    /// cancelled as a task, and in no other way (L77, L113): if it has not named the task yet, as soon as it does.
    pub fn take_back(&self, id: i64) -> Option<Box<str>> {
        let mut state = self.state();
        let waiting = state.questions.remove(&id)?;
        match waiting.answered {
            Answered::AtOnce => {
                let task = match &waiting.whose {
                    Whose::Task(question) => Some(&question.task),
                    Whose::Call { .. } | Whose::Nobody => None,
                };
                legacy::tasks::taken_back(id, task)
            }
            Answered::ByTask => {
                let nobody = |(_, it): &(&i64, &Waiting)| matches!(it.whose, Whose::Nobody);
                let taken_back = || state.questions.iter().filter(nobody);
                if taken_back().count() >= TAKEN_BACK
                    && let Some(oldest) = taken_back().map(|(id, _)| *id).min()
                {
                    state.questions.remove(&oldest);
                }
                let waiting = Waiting { whose: Whose::Nobody, answered: Answered::ByTask };
                state.questions.insert(id, waiting);
                None
            }
            Answered::Later(follower) => {
                // Nobody waits for the answer: how it stands then is the client's affair (L76).
                let id = state.next();
                drop(state);
                hosted::log("cancel", follower.task());
                protocol::request(id, "tasks/cancel", Some(&json!({ "taskId": follower.task() })))
            }
        }
    }

    /// Takes all questions of a call back that are still open: the messages to send.
    pub fn withdraw_all(&self, cx: &Arc<Context>) -> Vec<Box<str>> {
        let ids: Vec<i64> = {
            let state = self.state();
            let mine = state.questions.iter().filter(|(_, waiting)| waiting.is_of(Arc::as_ptr(cx)));
            mine.map(|(id, _)| *id).collect()
        };
        ids.into_iter().filter_map(|id| self.take_back(id)).collect()
    }

    /// A message did not reach the client, and never will: if it is a question, nobody waits for the answer.
    #[cfg(feature = "http")]
    pub fn unheard(self: &Arc<Self>, text: &str) {
        let Ok(Message::Request { id: Id::Number(id), .. }) = Message::parse(text.as_bytes())
        else {
            return;
        };
        // Of a request about a task whoever sent it thinks better.
        if self.state().follow_ups.remove(&id).is_none() {
            self.settle(id, Err("the client is gone".to_owned()));
        }
    }

    /// The client answers a request of ours. The first answer counts; others, and those to nothing, are passed over.
    ///
    /// Must be called with the runtime entered.
    pub fn answer(self: &Arc<Self>, id: &Id, outcome: Result<&RawValue, &RawValue>) {
        let Id::Number(id) = *id else { return };
        let reply = || match outcome {
            Ok(result) => Ok(result.to_owned()),
            Err(error) => Err(reason(error)),
        };
        let follow_up = self.state().follow_ups.remove(&id);
        if let Some(follow_up) = follow_up {
            let _ = follow_up.send(reply());
        } else if !self.is_task(id, outcome) {
            self.settle(id, reply());
        }
    }

    /// Whether this is the task that the client makes of a question, rather than an answer. Then it is looked after.
    fn is_task(self: &Arc<Self>, id: i64, outcome: Result<&RawValue, &RawValue>) -> bool {
        let mut state = self.state();
        let Some(waiting) = state.questions.get_mut(&id) else { return true };
        match &waiting.answered {
            Answered::AtOnce => return false,
            // A second answer to the request.
            Answered::Later(_) => return true,
            Answered::ByTask => {}
        }
        let created = outcome.ok().and_then(legacy::hosted::Hosted::created);
        // A client that answers at once has answered.
        let Some(task) = created else { return false };
        hosted::log("create", &task.id);
        if let Whose::Nobody = waiting.whose {
            state.questions.remove(&id);
            let request = state.next();
            drop(state);
            hosted::log("cancel", &task.id);
            let params = json!({ "taskId": task.id });
            if let Some(text) = protocol::request(request, "tasks/cancel", Some(&params)) {
                self.listener.outbox.push(text, Kind::Log);
            }
        } else {
            waiting.answered = Answered::Later(Follower::begin(self, id, task));
        }
        true
    }

    /// What came of a question: for whoever waits for it.
    pub(super) fn settle(&self, id: i64, reply: Reply) {
        let Some(waiting) = self.state().questions.remove(&id) else { return };
        match waiting.whose {
            Whose::Call { cx, key } => {
                let Some(cx) = cx.upgrade() else { return };
                match reply {
                    Ok(answer) => cx.run.answer(&key, answer),
                    Err(why) => cx.run.refuse(&key, why),
                };
            }
            Whose::Task(question) => {
                let Some(server) = question.server.upgrade() else { return };
                let answer = match reply {
                    Ok(answer) => Answer::Given(answer.into()),
                    Err(why) => Answer::Refused(why),
                };
                server.tasks.desk().answered(self, id, question, answer);
            }
            Whose::Nobody => {}
        }
    }

    /// Sends a request about the task that the client makes of a question, the way that the question went. The answer comes
    /// out of the receiver, which ends without one if it cannot come.
    pub(super) fn follow_up(
        &self,
        question: i64,
        method: &str,
        params: &Value,
    ) -> (i64, oneshot::Receiver<Reply>) {
        let (reply, answer) = oneshot::channel();
        let id = {
            let mut state = self.state();
            let id = state.next();
            state.follow_ups.insert(id, reply);
            id
        };
        match protocol::request(id, method, Some(params)) {
            Some(text) => self.say_about(question, id, text),
            None => drop(self.give_up(id)),
        }
        (id, answer)
    }

    /// Nobody waits for the answer to a request about a task any more. Whether somebody did.
    pub(super) fn give_up(&self, id: i64) -> bool {
        self.state().follow_ups.remove(&id).is_some()
    }

    /// Sends something the way that a question went; `about` is the request that it is, or is about.
    pub(super) fn say_about(&self, question: i64, about: i64, text: Box<str>) {
        let way = match self.state().questions.get(&question).map(|waiting| &waiting.whose) {
            Some(Whose::Call { cx, .. }) => Ok(cx.clone()),
            Some(Whose::Task(question)) => Err(question.clone()),
            Some(Whose::Nobody) | None => return,
        };
        match way {
            Ok(cx) => {
                if let Some(cx) = cx.upgrade() {
                    cx.outbox.push(text, Kind::Required);
                }
            }
            Err(of_task) => {
                if let Some(server) = of_task.server.upgrade() {
                    server.tasks.desk().follow_up(&of_task, question, about, text);
                }
            }
        }
    }
}

/// What an error says, for whoever waits for an answer.
fn reason(error: &RawValue) -> String {
    let message = envelope::fields(error.get(), &["message"]).ok().and_then(|[message]| message);
    message.and_then(envelope::text).unwrap_or_default().into_owned()
}
