//! What a handler knows about its call, and what it can do beside returning.

use std::fmt;
use std::future::{Future, IntoFuture, Ready, ready};
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use super::calls::Calls;
use super::client_info::ClientInfo;
use super::definition::{ClientFeature, TaskOptions, TaskSupport};
use super::handle::Server;
use super::inject::States;
use super::outbox::{Kind, Outbox};
use super::principal::Principal;
use super::registry::{PromptEntry, ResourceEntry, ToolEntry};
use super::session::Session;
use crate::error::RpcError;
use crate::journal::{Host, Journaled, Question, Run, StepFailure, StepName};
use crate::protocol;
use crate::protocol::envelope::{self, Id};
use crate::protocol::params::Params;
use crate::protocol::revision::Revision;
use crate::task::TaskId;
use crate::task::engine::{Attempt, Promotion};
use mcp_schema::shared::LoggingLevel;
use mcp_schema::{JsonObject, Value};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::Notify;

/// One call of a tool, a prompt or a resource. Handlers borrow it as `&Context`.
///
/// It cannot be cloned or moved into a spawned task, on purpose: what asks, waits or records belongs to the handler's own
/// future. [`reporter`](Self::reporter) and [`cancellation`](Self::cancellation) are for elsewhere.
pub struct Context {
    pub(crate) run: Run,
    pub(crate) me: Weak<Context>,
    pub(crate) server: Server,
    pub(crate) id: Id,
    pub(crate) revision: Revision,
    pub(crate) session: Option<Arc<Session>>,
    pub(crate) principal: Option<Principal>,
    pub(crate) subject: Subject,
    pub(crate) params: Kept,
    pub(crate) outbox: Outbox,
    client: OnceLock<Arc<ClientInfo>>,
    /// The protocol's error for something that the handler asked for in vain.
    noted: Mutex<Option<RpcError>>,
    /// Where the call is noted while it runs.
    pub(crate) calls: Option<Arc<Calls>>,
    elsewhere: Elsewhere,
    /// Since it is a task.
    task: OnceLock<Arc<Attempt>>,
    /// How it can become one.
    promotion: OnceLock<Weak<Promotion>>,
}

/// Wakes each [`Cancellation`] that waits: when the call is cancelled, and when it ends.
#[derive(Default)]
struct Elsewhere(OnceLock<Arc<Notify>>);

impl Elsewhere {
    fn wake(&self) {
        if let Some(over) = self.0.get() {
            over.notify_waiters();
        }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.wake();
    }
}

/// What is called.
pub(crate) enum Subject {
    Tool(Arc<ToolEntry>),
    Prompt(Arc<PromptEntry>),
    Resource { entry: Arc<ResourceEntry>, uri: Box<str>, variables: Vec<(String, String)> },
}

/// The parameters of the request, owned, and where its parts stand in them.
pub(crate) struct Kept {
    pub text: Box<str>,
    pub arguments: Option<Range<usize>>,
    pub meta: Option<Range<usize>>,
    pub progress_token: Option<Range<usize>>,
    /// Answers that came without a state: to questions that nobody has put.
    pub unasked: Option<Range<usize>>,
    pub log_level: Option<LoggingLevel>,
}

impl Kept {
    /// What is needed of parameters once their request is gone.
    pub fn of(params: &Params<'_>, modern: bool) -> Self {
        let within = |raw: &RawValue| within(params.text, raw.get());
        Self {
            arguments: params.arguments.and_then(within),
            meta: params.raw_meta.and_then(within),
            progress_token: params.meta.progress_token.and_then(within),
            unasked: match params.request_state {
                None if modern => params.input_responses.and_then(within),
                _ => None,
            },
            log_level: params.meta.log_level.clone(),
            text: params.text.into(),
        }
    }

    fn part(&self, range: &Option<Range<usize>>) -> Option<&str> {
        self.text.get(range.clone()?)
    }

    pub fn arguments(&self) -> Option<&str> {
        self.part(&self.arguments)
    }

    pub fn meta(&self) -> Option<&str> {
        self.part(&self.meta)
    }

    pub fn unasked(&self) -> Option<&str> {
        self.part(&self.unasked)
    }
}

/// Where a part stands in the text that it was read from.
fn within(text: &str, part: &str) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= text.len()).then_some(start..end)
}

/// How a context is made.
pub(crate) struct Begin {
    pub run: Run,
    pub server: Server,
    pub id: Id,
    pub revision: Revision,
    pub session: Option<Arc<Session>>,
    pub principal: Option<Principal>,
    pub subject: Subject,
    pub params: Kept,
    pub calls: Option<Arc<Calls>>,
}

impl Subject {
    /// The name of the tool or prompt, or the address of the resource.
    pub fn target(&self) -> &str {
        match self {
            Self::Tool(entry) => &entry.definition.name,
            Self::Prompt(entry) => &entry.definition.name,
            Self::Resource { uri, .. } => uri,
        }
    }

    /// What the client must be able to do.
    pub fn requires(&self) -> &[ClientFeature] {
        match self {
            Self::Tool(entry) => &entry.definition.requires,
            Self::Prompt(entry) => &entry.definition.requires,
            Self::Resource { entry, .. } => &entry.definition.requires,
        }
    }

    pub const fn method(&self) -> &'static str {
        match self {
            Self::Tool(_) => "tools/call",
            Self::Prompt(_) => "prompts/get",
            Self::Resource { .. } => "resources/read",
        }
    }
}

impl Context {
    pub(crate) fn begin(begin: Begin) -> Arc<Self> {
        let Begin { run, server, id, revision, session, principal, subject, params, calls } = begin;
        let client = OnceLock::new();
        if let Some(session) = &session {
            let _ = client.set(session.client.clone());
        }
        Arc::new_cyclic(|me| Self {
            run,
            me: me.clone(),
            server,
            id,
            revision,
            session,
            principal,
            subject,
            params,
            outbox: Outbox::default(),
            client,
            noted: Mutex::new(None),
            calls,
            elsewhere: Elsewhere::default(),
            task: OnceLock::new(),
            promotion: OnceLock::new(),
        })
    }

    /// From now on it is a task. `client` is who asked for it, where no session and no metadata say so.
    pub(crate) fn be_task(&self, attempt: Arc<Attempt>, client: Option<Arc<ClientInfo>>) {
        let _ = self.task.set(attempt);
        if let Some(client) = client {
            let _ = self.client.set(client);
        }
    }

    /// The task that it is, if it is one.
    pub(crate) fn task(&self) -> Option<&Arc<Attempt>> {
        self.task.get()
    }

    /// From now on it can become a task.
    pub(crate) fn may_be_promoted(&self, promotion: &Arc<Promotion>) {
        let _ = self.promotion.set(Arc::downgrade(promotion));
    }

    /// How its tool runs as a task.
    pub(crate) fn task_options(&self) -> &TaskOptions {
        match &self.subject {
            Subject::Tool(entry) => &entry.definition.task,
            _ => &TaskOptions::DEFAULT,
        }
    }

    pub(crate) fn states(&self) -> &States {
        &self.server.inner().states
    }

    pub(crate) fn note(&self, error: RpcError) {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    pub(crate) fn noted(&self) -> Option<RpcError> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The peer wants this call to end.
    pub(crate) fn cancel(&self) {
        self.run.cancel();
        self.outbox.hush();
        self.elsewhere.wake();
    }

    /// The answer to a question of this key that came without having been asked for.
    pub(crate) fn unasked(&self, key: &str) -> Option<Box<RawValue>> {
        let answers = envelope::entries(self.params.unasked()?, &[key.to_owned().into()]).ok()?;
        answers.into_iter().next().map(|(_, raw)| raw.to_owned())
    }

    /// The server that this call runs on: to switch tools on and off, or to say that a resource changed.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The client's name and abilities.
    pub fn client(&self) -> &ClientInfo {
        self.client.get_or_init(|| {
            let meta = self.params.meta().unwrap_or("{}");
            Arc::new(protocol::modern::client_of(self.revision, meta))
        })
    }

    /// The revision of the protocol that this call speaks.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Who is calling: over HTTP whoever a layer in front of the server verified, nobody in particular without one; over
    /// stdio the one local principal.
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// The metadata of the request, the protocol's own keys included.
    pub fn meta(&self) -> JsonObject {
        self.params.meta().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// One value of the request's metadata.
    pub fn meta_value(&self, key: &str) -> Option<Value> {
        self.meta().shift_remove(key)
    }

    /// The trace that this call belongs to, as the client's metadata has it (2026-07-28, OpenTelemetry trace context).
    pub fn trace_context(&self) -> TraceContext {
        let mut meta = self.meta();
        let mut text = |key: &str| match meta.shift_remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        TraceContext {
            traceparent: text("traceparent"),
            tracestate: text("tracestate"),
            baggage: text("baggage"),
        }
    }

    /// Reports how far the call is: `cx.progress(3.0).total(10.0).message("three of ten").await`.
    ///
    /// Nothing is sent unless the client asked for progress. Values that do not increase are left out, as the protocol
    /// demands, and so is what was reported before a replay.
    pub fn progress(&self, progress: f64) -> Progress<'_> {
        Progress { cx: self, report: Report { progress, total: None, message: None } }
    }

    /// Sends a log message to the client, if it wants messages of this level: `cx.log(level, "half done").await`.
    ///
    /// Logging is deprecated since 2026-07-28; `tracing` reaches whoever runs the server.
    pub fn log(&self, level: LoggingLevel, data: impl Serialize) -> Log<'_> {
        let data = serde_json::value::to_raw_value(&data).ok();
        Log { cx: self, level, logger: None, data }
    }

    /// Closes the connection that waits for the response; the client comes back for what follows.
    ///
    /// For calls that take long and have little to say (2025-11-25, Streamable HTTP: closing a stream without ending it).
    /// It does something over HTTP up to 2025-11-25 only: elsewhere there is no coming back.
    pub fn disconnect(&self) {
        if self.session.as_ref().is_some_and(|session| session.is_resumable()) {
            // No message is empty: the transport knows what this means.
            self.outbox.push(Default::default(), Kind::Required);
        }
    }

    /// Reports from elsewhere: a spawned task, a callback. Without the journal.
    pub fn reporter(&self) -> Reporter {
        Reporter(self.me.clone())
    }

    /// Says elsewhere that the call was cancelled: in a spawned task, in blocking code. Without the journal.
    pub fn cancellation(&self) -> Cancellation {
        let over = self.elsewhere.0.get_or_init(Arc::default).clone();
        Cancellation { cx: self.me.clone(), over }
    }

    /// Whether the peer cancelled the call.
    pub fn is_cancelled(&self) -> bool {
        self.run.is_cancelled()
    }

    /// Waits until the peer cancels the call; the handler then has a moment to clean up, and what it returns is not sent.
    ///
    /// It is an operation of the journal like a step: in a replay it comes back where it came before. Cancel safe.
    pub fn cancelled(&self) -> impl Future<Output = ()> + Send + use<'_> {
        self.run.cancelled()
    }

    /// Does something once, however often the function runs.
    ///
    /// A call that waits for input, and a task whose process died, run the function again from its beginning. A step's
    /// result is recorded, and given back without doing it again. Put every effect into a step, and every value that
    /// might differ the next time.
    ///
    /// The promise: a step runs at least once, and never again once its record is kept. `name` says which record is
    /// whose: a sequence may repeat a name, steps that run at the same time need names of their own:
    /// `cx.step(("fetch", id), ..)`.
    ///
    /// Dropping the future before it is ready leaves no record.
    ///
    /// # Errors
    ///
    /// The error of the function, which is recorded like a result. Only its text is kept: what comes out is made from a
    /// [`StepError`] of that text, in the first run, too, so that the function takes the same way in each.
    ///
    /// [`StepError`]: crate::StepError
    pub fn step<'a, N, F, Fut, T, E>(
        &'a self,
        name: N,
        f: F,
    ) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>
    where
        N: StepName + 'a,
        F: FnOnce() -> Fut + Send + 'a,
        Fut: Future<Output = Result<T, E>> + Send + 'a,
        T: Journaled + 'a,
        E: StepFailure + 'a,
    {
        // Not an `impl Future`: the compiler would hold it to these bounds with every use, and say of one type that does
        // not fit three times that it does not.
        Box::pin(self.run.step(name, f))
    }

    /// Takes a value once: the time, a random number, a setting that may change. See [`step`](Self::step) about `name`.
    ///
    /// Dropping the future before it is ready leaves no record.
    pub fn value<'a, N, F, T>(
        &'a self,
        name: N,
        f: F,
    ) -> impl Future<Output = T> + Send + use<'a, N, F, T>
    where
        N: StepName,
        F: FnOnce() -> T + Send + 'a,
        T: Journaled + 'a,
    {
        self.run.value(name, f)
    }

    /// Waits. The deadline is kept: a replay does not wait again. See [`step`](Self::step) about `name`.
    ///
    /// Dropping the future before it is ready gives the deadline up.
    pub fn sleep<'a, N: StepName>(
        &'a self,
        name: N,
        duration: Duration,
    ) -> impl Future<Output = ()> + Send + use<'a, N> {
        self.run.sleep(name, duration)
    }

    /// A key that is the same for a step however often it runs, for systems that can tell a repetition by it.
    pub fn idempotency_key(&self, name: impl StepName) -> String {
        self.run.idempotency_key(name)
    }

    /// From here on the call is a task, where client and tool know tasks: the client gets a handle instead of waiting for the
    /// result (the extension `io.modelcontextprotocol/tasks`). Everywhere else this does nothing: in a task, for other
    /// clients, and when no task can be created; the call then goes on inline. If the tool is `required` to be a task, the
    /// call ends with the error.
    ///
    /// Questions before it are asked in the call itself, those after it in the task. A tool that is `required` to be a task
    /// begins as one unless this stands in its function; an `optional` one becomes a task when it takes longer than its
    /// `inline_budget`, unless this stands in its function.
    ///
    /// Dropping the future does not take it back.
    pub fn into_task(&self) -> impl Future<Output = ()> + Send + use<'_> {
        let promotion = self.promotion.get().and_then(Weak::upgrade);
        let promotion = promotion.filter(|_| self.task.get().is_none());
        if let Some(promotion) = promotion.as_ref().filter(|promotion| promotion.begin()) {
            self.run.promote(promotion.clone());
        }
        let required = self.task_options().support == TaskSupport::Required;
        async move {
            let Some(promotion) = promotion else { return };
            promotion.decided().await;
            if required && promotion.failure().is_some() {
                // Whoever carries the call ends it.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Says that a failure from here on is final: a task is not tried again, whatever its `retry` says.
    pub fn do_not_retry(&self) {
        if let Some(attempt) = self.task.get() {
            attempt.fail_for_good();
        }
    }

    /// The id of the task that this call is, if it is one.
    pub fn task_id(&self) -> Option<&TaskId> {
        self.task.get().map(|attempt| attempt.id())
    }

    fn report(&self, report: &Report) {
        if let Some(attempt) = self.task.get() {
            if !self.run.is_replaying() && self.run.raise(report.progress) {
                attempt.report(report);
            }
            return;
        }
        let Some(token) =
            self.params.progress_token.clone().and_then(|at| self.params.text.get(at))
        else {
            return;
        };
        // MUST increase with each notification (all revisions, Progress).
        self.outbox.push_if(Kind::Progress, || {
            let higher = !self.run.is_replaying() && self.run.raise(report.progress);
            if higher { protocol::progress(self.revision, token, report) } else { None }
        });
    }

    fn send_log(&self, level: LoggingLevel, logger: Option<&str>, data: Option<&RawValue>) {
        if let Some(attempt) = self.task.get() {
            // X68: the extension has no messages of tasks; the desk knows who has.
            if !self.run.is_replaying() {
                attempt.log(&level, logger, data);
            }
            return;
        }
        let wanted = match &self.session {
            Some(session) => session.wants(&level),
            // None at all unless the request asks for them (2026-07-28, Logging).
            None => self
                .params
                .log_level
                .as_ref()
                .is_some_and(|least| severity(&level) >= severity(least)),
        };
        if wanted
            && !self.run.is_replaying()
            && let Some(text) = protocol::log(&level, logger, data)
        {
            self.outbox.push(text, Kind::Log);
        }
    }
}

/// Levels in the order of RFC 5424, least severe first; one that is unknown counts as the most severe.
pub(crate) fn severity(level: &LoggingLevel) -> u8 {
    match level {
        LoggingLevel::Debug => 0,
        LoggingLevel::Info => 1,
        LoggingLevel::Notice => 2,
        LoggingLevel::Warning => 3,
        LoggingLevel::Error => 4,
        LoggingLevel::Critical => 5,
        LoggingLevel::Alert => 6,
        _ => 7,
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("id", &self.id)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

impl Host for Context {
    fn run(&self) -> &Run {
        &self.run
    }

    fn version(&self) -> &str {
        match &self.subject {
            Subject::Tool(entry) => entry.definition.task.version,
            _ => "",
        }
    }

    fn ask(&self, key: &str, question: &Question) {
        let (Some(session), Some(me)) = (&self.session, self.me.upgrade()) else {
            self.run.refuse(key, "there is nobody to ask");
            return;
        };
        match session.put(&me, key, question.body()) {
            Ok(text) => self.outbox.push(text, Kind::Required),
            Err(reason) => {
                self.run.refuse(key, reason);
            }
        }
    }

    fn withdraw(&self, key: &str) {
        if let Some(session) = &self.session
            && let Some(text) = session.withdraw(&self.me, key)
        {
            self.outbox.push(text, Kind::Required);
        }
    }
}

/// Trace context as W3C defines it. Values that a client sent: check them before you rely on them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceContext {
    /// The position of the call in its trace.
    pub traceparent: Option<String>,
    /// What tracing systems add to it.
    pub tracestate: Option<String>,
    /// Properties that travel along.
    pub baggage: Option<String>,
}

/// How far a call is.
pub(crate) struct Report {
    pub progress: f64,
    pub total: Option<f64>,
    pub message: Option<String>,
}

/// A report that is about to be made: `.await` it.
#[must_use = "progress is reported when it is awaited"]
pub struct Progress<'a> {
    cx: &'a Context,
    report: Report,
}

impl Progress<'_> {
    /// What `progress` is when all is done.
    pub fn total(mut self, total: f64) -> Self {
        self.report.total = Some(total);
        self
    }

    /// What is going on.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.report.message = Some(message.into());
        self
    }
}

impl IntoFuture for Progress<'_> {
    type Output = ();
    type IntoFuture = Ready<()>;

    fn into_future(self) -> Ready<()> {
        self.cx.report(&self.report);
        ready(())
    }
}

/// A log message that is about to be sent: `.await` it.
#[must_use = "a message is sent when it is awaited"]
pub struct Log<'a> {
    cx: &'a Context,
    level: LoggingLevel,
    logger: Option<String>,
    data: Option<Box<RawValue>>,
}

impl Log<'_> {
    /// The part of the server that speaks.
    pub fn logger(mut self, name: impl Into<String>) -> Self {
        self.logger = Some(name.into());
        self
    }
}

impl IntoFuture for Log<'_> {
    type Output = ();
    type IntoFuture = Ready<()>;

    fn into_future(self) -> Ready<()> {
        self.cx.send_log(self.level, self.logger.as_deref(), self.data.as_deref());
        ready(())
    }
}

/// Reports progress of a call from anywhere; after the call has ended it does nothing.
#[derive(Clone, Debug)]
pub struct Reporter(Weak<Context>);

impl Reporter {
    /// Reports how far the call is.
    pub fn progress(&self, progress: f64, total: Option<f64>, message: Option<String>) {
        if let Some(cx) = self.0.upgrade() {
            cx.report(&Report { progress, total, message });
        }
    }
}

/// Says whether a call was cancelled, anywhere. A call that has ended counts as cancelled.
#[derive(Clone, Debug)]
pub struct Cancellation {
    cx: Weak<Context>,
    over: Arc<Notify>,
}

impl Cancellation {
    /// Whether it was.
    pub fn is_cancelled(&self) -> bool {
        self.cx.upgrade().is_none_or(|cx| cx.is_cancelled())
    }

    /// Waits until it is. Cancel safe.
    pub async fn cancelled(&self) {
        loop {
            // It hears of what happens from here on, and holds nothing of the call while it waits.
            let over = self.over.notified();
            if self.is_cancelled() {
                return;
            }
            over.await;
        }
    }
}
