//! A task to its end, in either era.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use mcp_schema::Value;
use mcp_schema::v2025_11_25::TaskStatus;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::super::error::ClientError;
use super::ears::{Ear, Listening, Word};
use super::hold::{Grip, Guard};
use super::info::{Seen, TaskInfo};
use super::inputs::Inputs;
use super::news::{LOOKS, News};
use super::pace::Pace;
use super::remote::{PATIENCE, Remote};
use super::stream::CallEvent;
use crate::error::code;

const GET: &str = "tasks/get";
const RESULT: &str = "tasks/result";

/// How often in a row a request about a task may fail for reasons that pass.
const FAILURES: u32 = 6;

/// What waits for a result and is cut after so long was taken by the server: proxies end what is idle.
const HELD: Duration = Duration::from_secs(1);

/// How often `tasks/result` may be refused while the task goes on: some servers do not let anybody wait.
const REFUSALS: u32 = 3;

type Waiting = Pin<Box<dyn Future<Output = Result<Box<RawValue>, ClientError>> + Send>>;

/// Follows one task until it ends. Dropped, it cancels the task if its guard says so.
pub(super) struct Drive {
    guard: Guard,
    listening: Listening,
    deadline: Instant,
    limit: Duration,
    pace: Pace,
    looks: u32,
    inputs: Inputs,
    news: Option<News>,
    /// `tasks/result`, legacy only.
    result: Option<Waiting>,
    /// When that was called.
    result_since: Instant,
    /// By when it has to be answered, since the task has ended.
    result_due: Option<Instant>,
    refusals: u32,
    /// How often in a row `tasks/result` was lost, and `tasks/update` failed.
    lost: u32,
    unsent: u32,
    status: Option<TaskInfo>,
}

enum Woken {
    Result(Result<Box<RawValue>, ClientError>),
    Answered(Result<(), ClientError>),
    Word(Word),
    Look,
    Overdue,
}

impl Drive {
    pub fn new(guard: Guard, listening: Listening) -> Self {
        let remote = guard.remote();
        let info = remote.info();
        let limit = remote.client().tasks_settings().deadline;
        let now = Instant::now();
        let mut pace = Pace::new(info.poll_interval);
        if info.status != TaskStatus::Working {
            // What it asks for, or how it has ended, is not known yet (E13).
            pace.now();
        }
        Self {
            guard,
            listening,
            // A time that is too far away for the clock is far enough.
            deadline: now.checked_add(limit).unwrap_or_else(|| now + Duration::from_secs(1 << 32)),
            limit,
            pace,
            looks: 0,
            inputs: Inputs::default(),
            news: None,
            result: None,
            result_since: now,
            result_due: None,
            refusals: 0,
            lost: 0,
            unsent: 0,
            status: None,
        }
    }

    pub fn remote(&self) -> &Arc<Remote> {
        self.guard.remote()
    }

    pub fn grip(&self) -> Grip {
        self.guard.grip()
    }

    fn ear(&self) -> &Arc<Ear> {
        &self.listening.ear
    }

    fn is_modern(&self) -> bool {
        self.remote().client().is_modern()
    }

    /// To the end, whoever hears of what happens on the way.
    pub async fn finish(mut self) -> Result<Arc<Remote>, ClientError> {
        while self.next().await?.is_some() {}
        Ok(self.remote().clone())
    }

    /// What happens next, and nothing once the task has ended and its outcome is known.
    pub async fn next(&mut self) -> Result<Option<CallEvent>, ClientError> {
        let (deadline, limit) = (self.deadline, self.limit);
        let next = match timeout_at(deadline, self.advance()).await {
            Ok(next) => next,
            Err(_) => Err(ClientError::TaskDeadline { task: self.remote().id().to_owned(), limit }),
        };
        match &next {
            Err(ClientError::TaskExpired { .. }) => self.remote().forget().await,
            Err(error) if self.outlasts(error) => drop(self.guard.grip().keep()),
            _ => {}
        }
        next
    }

    /// Whether the task is left to go on although nobody waits for it here any more: its end was not seen, and somebody can find it
    /// again.
    fn outlasts(&self, error: &ClientError) -> bool {
        match error {
            // It names the task.
            ClientError::TaskDeadline { .. } => true,
            ClientError::Http { .. }
            | ClientError::Closed(_)
            | ClientError::Unauthorized { .. }
            | ClientError::Token(_) => self.is_kept(),
            error => passes(error) && self.is_kept(),
        }
    }

    fn is_kept(&self) -> bool {
        self.remote().client().tasks_settings().handles.is_some()
    }

    async fn advance(&mut self) -> Result<Option<CallEvent>, ClientError> {
        loop {
            // What was said before the end is told before it.
            if let Some(event) = self.ear().try_event() {
                return Ok(Some(event));
            }
            if let Some(info) = self.status.take().filter(|_| self.ear().follows()) {
                return Ok(Some(CallEvent::Status(info)));
            }
            if self.remote().has_outcome() {
                return Ok(None);
            }
            match self.woken().await {
                Woken::Result(answer) => self.answered(answer).await?,
                Woken::Answered(answer) => {
                    answer?;
                    self.send_answers().await?;
                }
                Woken::Word(Word::Event(event)) => return Ok(Some(event)),
                Woken::Word(Word::Told(task)) => self.told(&task).await?,
                Woken::Word(Word::Hint) => {
                    // That the server tells of changes from now on is no change.
                    if !self.set_told() {
                        self.pace.hint();
                    }
                }
                Woken::Look => self.look().await?,
                Woken::Overdue => {
                    return Err(ClientError::TimedOut {
                        method: RESULT.to_owned(),
                        limit: PATIENCE,
                    });
                }
            }
        }
    }

    async fn woken(&mut self) -> Woken {
        let (due, overdue) = (self.pace.due(), self.result_due);
        // Once it has ended there is nothing to look for.
        let ended = overdue.is_some();
        let (ear, inputs, result) = (&self.listening.ear, &mut self.inputs, &mut self.result);
        tokio::select! {
            biased;
            answer = async { match result { Some(waiting) => waiting.await, None => pending().await } } => {
                Woken::Result(answer)
            }
            answer = inputs.answered() => Woken::Answered(answer),
            word = ear.next() => Woken::Word(word),
            () = sleep_until(due), if !ended || result.is_none() => Woken::Look,
            () = async { match overdue { Some(at) => sleep_until(at).await, None => pending().await } } => Woken::Overdue,
        }
    }

    /// Asks how far it is.
    async fn look(&mut self) -> Result<(), ClientError> {
        self.looks = self.looks.saturating_add(1);
        let ended = self.remote().info().has_ended();
        let seen = match self.remote().ask().await {
            Ok(seen) => seen,
            Err(error) => return self.failed(error),
        };
        self.see(GET, seen, ended).await?;
        if self.inputs.has_unsent() {
            self.send_answers().await?;
        }
        if self.news.is_none() && self.looks >= LOOKS && !self.remote().info().has_ended() {
            self.news = News::open(self.remote(), self.ear());
        }
        Ok(())
    }

    /// Something that may pass is tried again, later each time.
    fn failed(&mut self, error: ClientError) -> Result<(), ClientError> {
        if !passes(&error) || self.pace.failed(retry_after(&error)) > FAILURES {
            return Err(error);
        }
        let task = self.remote().id();
        tracing::debug!(target: "mcp::tasks", task, %error, "asked again later");
        Ok(())
    }

    /// All of a task, told without being asked for.
    async fn told(&mut self, task: &Value) -> Result<(), ClientError> {
        const METHOD: &str = "notifications/tasks";
        self.set_told();
        let seen = Seen::read(METHOD, &task.to_string())?;
        if seen.info.is_older_than(&self.remote().info()) {
            return Ok(());
        }
        // An end without what belongs to it is looked at.
        let complete = match seen.info.status {
            TaskStatus::Completed => seen.result.is_some(),
            TaskStatus::Failed => seen.error.is_some(),
            TaskStatus::InputRequired => seen.questions.is_some(),
            TaskStatus::Working | TaskStatus::Cancelled => true,
        };
        if !self.is_modern() || !complete {
            self.pace.hint();
            return Ok(());
        }
        self.see(METHOD, seen, false).await
    }

    /// Takes note of whether the server tells of changes, and tells whether that is new.
    fn set_told(&mut self) -> bool {
        let told = self.news.as_ref().is_some_and(News::is_open);
        self.pace.set_told(told)
    }

    async fn see(&mut self, method: &str, seen: Seen, ended: bool) -> Result<(), ClientError> {
        let new = self.remote().note(method, &seen, ended)?;
        let info = seen.info.clone();
        self.set_told();
        self.pace.answered(info.poll_interval, new);
        if self.remote().info().has_ended() && !info.has_ended() {
            self.pace.hint();
            return Ok(());
        }
        if new {
            self.status = Some(info.clone());
        }
        self.remote().check_ttl()?;
        match (info.status, self.is_modern()) {
            (TaskStatus::Working, _) => self.inputs.withdraw(self.guard.remote()),
            // L40: the questions may come on that stream only.
            (TaskStatus::InputRequired, false) => self.wait_for_result(),
            (TaskStatus::InputRequired, true) => {
                self.inputs.put(self.guard.remote(), &self.listening.ear)?;
            }
            (TaskStatus::Cancelled, _) => self.remote().end_cancelled().await,
            (TaskStatus::Completed | TaskStatus::Failed, false) => {
                self.result_due.get_or_insert_with(|| Instant::now() + PATIENCE);
                self.wait_for_result();
            }
            (TaskStatus::Completed, true) => {
                let result = seen.result.ok_or_else(|| missing(method, &info, "result"))?;
                self.finish_with(method, &result).await?;
            }
            (TaskStatus::Failed, true) => {
                let error = seen.error.ok_or_else(|| missing(method, &info, "error"))?;
                self.remote().end_with_error(error);
            }
        }
        Ok(())
    }

    /// X84: what the call would have returned. It is a result for good, which no further round leads to.
    async fn finish_with(&mut self, method: &str, result: &RawValue) -> Result<(), ClientError> {
        let remote = self.remote().clone();
        let info = remote.info();
        // L78, L89: a task is `failed` because its tool has failed, whatever the result leaves out.
        let failed = (info.status == TaskStatus::Failed)
            .then(|| info.message.unwrap_or_else(|| "the task has failed".to_owned()));
        let read = remote.client().tool_result(method, remote.tool(), result, failed).await?;
        remote.end_with_result(read);
        Ok(())
    }

    /// `tasks/result`, unless it is on its way: it waits for the end, and can be called again (L23).
    fn wait_for_result(&mut self) {
        let given_up = self.refusals >= REFUSALS && self.result_due.is_none();
        if self.result.is_some() || given_up {
            return;
        }
        let remote = self.remote().clone();
        self.result_since = Instant::now();
        self.result = Some(Box::pin(async move {
            remote.client().ask_about_task(RESULT, remote.id(), None, None).await
        }));
    }

    /// `tasks/result` was answered, or lost.
    async fn answered(
        &mut self,
        answer: Result<Box<RawValue>, ClientError>,
    ) -> Result<(), ClientError> {
        self.result = None;
        match answer {
            Ok(result) => self.finish_with(RESULT, &result).await,
            // L92: the error of the call, once the task has ended, and of this request before that.
            Err(ClientError::Rpc { error, .. }) if self.result_due.is_some() => {
                let completed = self.remote().info().status == TaskStatus::Completed;
                if completed && error.code == code::INVALID_PARAMS {
                    return Err(self.remote().gone(error).await);
                }
                self.remote().end_with_error(*error);
                Ok(())
            }
            Err(ClientError::Rpc { .. }) => {
                self.refusals += 1;
                self.pace.hint();
                Ok(())
            }
            Err(error) if passes(&error) && self.result_since.elapsed() >= HELD => {
                self.lost = 0;
                // The next look calls it again.
                self.pace.hint();
                Ok(())
            }
            Err(error) => {
                self.lost += 1;
                self.again(self.lost, error)
            }
        }
    }

    async fn send_answers(&mut self) -> Result<(), ClientError> {
        match self.inputs.send(self.guard.remote()).await {
            Ok(()) => {
                self.unsent = 0;
                Ok(())
            }
            Err(error) => {
                self.unsent += 1;
                self.again(self.unsent, error)
            }
        }
    }

    /// What has failed so often in a row, and goes along with a look, is tried again with a later one.
    fn again(&mut self, failures: u32, error: ClientError) -> Result<(), ClientError> {
        if !passes(&error) || failures > FAILURES {
            return Err(error);
        }
        self.pace.again(failures, retry_after(&error));
        let task = self.remote().id();
        tracing::debug!(target: "mcp::tasks", task, %error, "tried again later");
        Ok(())
    }
}

fn retry_after(error: &ClientError) -> Option<Duration> {
    match error {
        ClientError::Http { retry_after, .. } => *retry_after,
        _ => None,
    }
}

/// Whether it may be otherwise when it is tried again.
fn passes(error: &ClientError) -> bool {
    match error {
        ClientError::Rpc { error, .. } => error.code == code::INTERNAL,
        ClientError::TimedOut { .. }
        | ClientError::Interrupted { .. }
        | ClientError::Unreachable { .. } => true,
        ClientError::Http { status, .. } => *status == 429 || *status >= 500,
        _ => false,
    }
}

fn missing(method: &str, info: &TaskInfo, what: &str) -> ClientError {
    let problem = format!("task `{}` is {} without `{what}`", info.id, info.status);
    ClientError::invalid(method, problem)
}
