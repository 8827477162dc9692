//! Who hears what a server says of a task, on whatever stream it comes (L36).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use mcp_schema::Value;
use mcp_schema::v2025_11_25::meta_key::RELATED_TASK;
use mcp_schema::v2026_07_28::ProgressNotificationParams;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::super::connection::Connection;
use super::super::handlers::{Hear, tell};
use super::stream::CallEvent;
use crate::protocol::envelope::Id;

/// Events that wait to be taken. Beyond that the oldest report of progress makes room.
const WAITING: usize = 1024;

/// What a task is heard to say.
pub(super) enum Word {
    /// For whoever follows the call.
    Event(CallEvent),
    /// All of the task, as `notifications/tasks` has it (X66).
    Told(Value),
    /// Something is new: nothing that may be relied upon (L26).
    Hint,
}

/// Hears what is said of one call, and of the task that it becomes.
pub(in crate::client) struct Ear {
    hear: Option<Hear<ProgressNotificationParams>>,
    /// Whether somebody follows the call, event by event.
    follows: bool,
    task: OnceLock<String>,
    heard: Mutex<Heard>,
    news: Notify,
}

#[derive(Default)]
struct Heard {
    /// A call that is repeated with input has another one each time.
    tokens: Vec<i64>,
    events: VecDeque<CallEvent>,
    told: Option<Value>,
    hint: bool,
}

impl Ear {
    pub fn new(hear: Option<Hear<ProgressNotificationParams>>, follows: bool) -> Arc<Self> {
        Arc::new(Self {
            hear,
            follows,
            task: OnceLock::new(),
            heard: Mutex::default(),
            news: Notify::new(),
        })
    }

    /// Whether the server is to be asked for progress.
    pub fn wants_progress(&self) -> bool {
        self.follows || self.hear.is_some()
    }

    pub fn follows(&self) -> bool {
        self.follows
    }

    /// What the call's progress is known by, which holds until the end of its task (L63).
    pub fn token(&self) -> Option<i64> {
        self.heard().tokens.last().copied()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, event: CallEvent) {
        if !self.follows {
            return;
        }
        let mut heard = self.heard();
        if heard.events.len() >= WAITING {
            let progress = |event: &CallEvent| matches!(event, CallEvent::Progress(_));
            let oldest = heard.events.iter().position(progress).unwrap_or_default();
            heard.events.remove(oldest);
        }
        heard.events.push_back(event);
        drop(heard);
        self.news.notify_one();
    }

    fn progress(&self, params: &ProgressNotificationParams) {
        if let Some(hear) = &self.hear {
            tell("on_progress", || hear(params));
        }
        self.push(CallEvent::Progress(params.clone()));
    }

    pub fn hint(&self) {
        self.heard().hint = true;
        self.news.notify_one();
    }

    fn tell(&self, task: Value) {
        // The newest is all that matters.
        self.heard().told = Some(task);
        self.news.notify_one();
    }

    pub fn try_event(&self) -> Option<CallEvent> {
        self.heard().events.pop_front()
    }

    /// The next word. Cancel safe.
    pub(super) async fn next(&self) -> Word {
        loop {
            {
                let mut heard = self.heard();
                if let Some(event) = heard.events.pop_front() {
                    return Word::Event(event);
                }
                if let Some(told) = heard.told.take() {
                    return Word::Told(told);
                }
                if std::mem::take(&mut heard.hint) {
                    return Word::Hint;
                }
            }
            self.news.notified().await;
        }
    }
}

/// An ear that is registered until this is dropped.
pub(in crate::client) struct Listening {
    connection: Arc<Connection>,
    pub ear: Arc<Ear>,
}

impl Listening {
    /// Hears nothing yet: the request that the ear goes along with registers it, and [`of`](Self::of) does.
    pub fn new(connection: &Arc<Connection>, ear: Arc<Ear>) -> Self {
        Self { connection: connection.clone(), ear }
    }

    /// Hears what is said of this task, and under this token of progress.
    pub fn of(&self, task: &str, token: Option<i64>) {
        self.connection.with_ears(|ears| {
            if let Some(token) = token {
                ears.add_token(token, &self.ear);
            }
            ears.add_task(task, &self.ear);
        });
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.connection.with_ears(|ears| ears.remove(&self.ear));
    }
}

/// All ears of one connection.
#[derive(Default)]
pub(in crate::client) struct Ears {
    tokens: HashMap<i64, Vec<Weak<Ear>>>,
    tasks: HashMap<String, Vec<Weak<Ear>>>,
}

impl Ears {
    pub fn add_token(&mut self, token: i64, ear: &Arc<Ear>) {
        ear.heard().tokens.push(token);
        self.tokens.entry(token).or_default().push(Arc::downgrade(ear));
    }

    fn add_task(&mut self, task: &str, ear: &Arc<Ear>) {
        if ear.task.set(task.to_owned()).is_ok() {
            self.tasks.entry(task.to_owned()).or_default().push(Arc::downgrade(ear));
        }
    }

    fn remove(&mut self, ear: &Arc<Ear>) {
        fn without<K: std::hash::Hash + Eq>(
            map: &mut HashMap<K, Vec<Weak<Ear>>>,
            key: &K,
            ear: &Arc<Ear>,
        ) {
            if let Some(ears) = map.get_mut(key) {
                ears.retain(|one| !std::ptr::eq(one.as_ptr(), Arc::as_ptr(ear)));
                if ears.is_empty() {
                    map.remove(key);
                }
            }
        }
        let tokens = std::mem::take(&mut ear.heard().tokens);
        for token in tokens {
            without(&mut self.tokens, &token, ear);
        }
        if let Some(task) = ear.task.get() {
            without(&mut self.tasks, task, ear);
        }
    }

    fn of_task(&self, task: &str) -> Vec<Arc<Ear>> {
        self.tasks.get(task).into_iter().flatten().filter_map(Weak::upgrade).collect()
    }
    /// Who hears how far a call is: whoever knows its task, and whoever knows its token. With a task named, the token alone
    /// would do, too; a client that has resumed a task knows only the id.
    pub fn of_progress(&self, params: &Value) -> Vec<Arc<Ear>> {
        let mut ears = related_task(params).map_or_else(Vec::new, |task| self.of_task(task));
        let token = params["progressToken"].as_i64();
        for ear in token.and_then(|token| self.tokens.get(&token)).into_iter().flatten() {
            if let Some(ear) = ear.upgrade()
                && !ears.iter().any(|known| Arc::ptr_eq(known, &ear))
            {
                ears.push(ear);
            }
        }
        ears
    }

    /// Who hears of a change of the task that these parameters are.
    fn of_change(&self, params: &Value) -> Vec<Arc<Ear>> {
        params["taskId"].as_str().map_or_else(Vec::new, |task| self.of_task(task))
    }
}

/// The task that a message names in its metadata (L54).
fn related_task(params: &Value) -> Option<&str> {
    params["_meta"][RELATED_TASK]["taskId"].as_str()
}

impl Connection {
    /// How far a call is.
    pub(in crate::client) fn task_progress(
        &self,
        params: &Value,
        report: &ProgressNotificationParams,
    ) {
        let ears = self.with_ears(|ears| ears.of_progress(params));
        ears.iter().for_each(|ear| ear.progress(report));
    }

    /// A task has changed. What a legacy server says of it is a hint, and no more (L26); a modern one says all (X66).
    pub(in crate::client) fn task_changed(&self, method: &str, params: &Value) {
        let ears = self.with_ears(|ears| ears.of_change(params));
        for ear in ears {
            match method {
                "notifications/tasks" => ear.tell(params.clone()),
                _ => ear.hint(),
            }
        }
    }

    /// A legacy server asks, in the name of a task: that task (L39). Whoever follows it is told; the question is answered
    /// whether anybody does or not (L36).
    pub(in crate::client) fn task_asks(
        &self,
        id: &Id,
        method: &str,
        params: Option<&RawValue>,
    ) -> Option<String> {
        let params: Value = serde_json::from_str(params?.get()).ok()?;
        let task = related_task(&params)?.to_owned();
        let ears = self.with_ears(|ears| ears.of_task(&task));
        for ear in ears {
            ear.hint();
            if ear.follows() {
                let (key, method, params) = (id.to_string(), method.to_owned(), params.clone());
                ear.push(CallEvent::Input { key, method, params });
            }
        }
        Some(task)
    }
}

/// The answer to a question of a task names that task, too (L54, L79).
pub(in crate::client) fn relate(mut answer: Value, task: Option<String>) -> Value {
    if let (Some(task), Some(answer)) = (task, answer.as_object_mut()) {
        let meta = answer.entry("_meta").or_insert_with(|| json!({}));
        if let Some(meta) = meta.as_object_mut() {
            meta.insert(RELATED_TASK.to_owned(), json!({ "taskId": task }));
        }
    }
    answer
}
