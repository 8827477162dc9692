//! A request that is being answered: what the transport that carries it polls.

#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use tokio::time::Sleep;
use tracing::Span;

use super::arguments::mismatch;
use super::call::{Call, CallFuture};
use super::calls::{Calls, Cancel};
use super::context::{Context, Subject};
use super::definition::{TaskOptions, TaskSupport};
use super::handle::Server;
use super::listen::{Listener, Teller, subscription_id};
use super::outbox::Text;
use super::outcome::{Answer, Outcome, ToolOutput};
use super::principal::Principal;
use super::tasks::{Creating, TaskResultDrive};
use crate::error::RpcError;
use crate::journal::{Driver, End, Exit, Policies, Saved};
use crate::protocol::envelope::Id;
use crate::protocol::revision::Revision;
use crate::protocol::seal::{Binding, Purpose, digest_params};
use crate::protocol::{self, Response, Status, error_response, legacy, modern, result_response};
use crate::task::engine::{Function, Newborn, Promotion, Running};
use crate::telemetry;

/// What comes out of a request, one after the other. After a response, or nothing, there is no more.
#[derive(Debug)]
pub(crate) enum Item {
    /// A notification, or a request to the client: before the response.
    Message(Text),
    /// The end.
    Response(Response),
    /// The end of a request that was cancelled: no response is sent (Cancellation, Behavior Requirements).
    Nothing,
}

/// A request that is being answered.
pub(crate) enum Drive {
    Call(Box<CallDrive>),
    Listen(ListenDrive),
    /// One that only takes a moment and says nothing before its response.
    Brief(BriefDrive),
    /// One that waits for the end of a task.
    Result(TaskResultDrive),
}

impl Drive {
    /// The next item. Must not be polled again after the last one.
    pub fn poll_item(&mut self, cx: &mut TaskContext<'_>) -> Poll<Item> {
        match self {
            Self::Call(call) => call.poll_item(cx),
            Self::Listen(listen) => listen.poll_item(cx),
            Self::Brief(brief) => brief.poll_item(cx),
            Self::Result(result) => result.poll_item(cx),
        }
    }

    /// Says whether somebody reads the stream of a request that outlives its connection.
    #[cfg(feature = "http")]
    pub fn set_heard(&mut self, heard: bool) {
        if let Self::Result(result) = self {
            result.set_heard(heard);
        }
    }

    /// The next item.
    pub async fn next(&mut self) -> Item {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    /// The call, if it is one of a handler.
    pub fn call(&self) -> Option<&Arc<Context>> {
        match self {
            Self::Call(call) => Some(&call.cx),
            _ => None,
        }
    }

    /// The client is gone: a call is cancelled, has a moment to clean up, and what it says is dropped.
    pub async fn abandon(mut self) {
        if let Some(call) = self.call() {
            call.cancel();
            while let Item::Message(_) = self.next().await {}
        }
    }
}

/// A call of a handler.
pub(crate) struct CallDrive {
    cx: Arc<Context>,
    /// `None` once the call goes on as a task.
    driver: Option<Driver<Context, Outcome>>,
    end: Option<Item>,
    timeout: Option<Pin<Box<Sleep>>>,
    grace: Option<Pin<Box<Sleep>>>,
    promotion: Option<Arc<Promotion>>,
    span: Span,
    /// When it becomes a task by itself.
    budget: Budget,
}

/// How long a call may take before it becomes a task.
enum Budget {
    /// No time at all: nothing has begun before it is decided.
    None(Creating),
    /// For ever, or until its function says so.
    Unbounded,
    For(Duration),
    Until(Pin<Box<Sleep>>),
}

impl CallDrive {
    /// Begins to run a handler; nothing happens before the first poll. Where it can be a task first, it is.
    pub fn new(cx: Arc<Context>, creating: Option<Creating>) -> Box<Self> {
        let policies = Policies {
            state_limit: cx.server.limits().state,
            park_after: cx.server.inner().tasks.settings().park_after,
            ..Policies::default()
        };
        let driver = Driver::new(cx.clone(), handler(&cx)).with_policies(policies);
        let promotion = promotion(&cx);
        let budget = match cx.task_options() {
            TaskOptions {
                support: TaskSupport::Optional, boundary: false, inline_budget, ..
            } if promotion.is_some() => {
                let usual = cx.server.inner().tasks.settings().inline_budget;
                Budget::For(inline_budget.unwrap_or(usual))
            }
            _ => Budget::Unbounded,
        };
        let budget = creating.map_or(budget, Budget::None);
        let (driver, span) = (Some(driver), telemetry::call(&cx));
        let (end, timeout, grace) = (None, None, None);
        Box::new(Self { cx, driver, end, timeout, grace, promotion, span, budget })
    }

    fn poll_item(&mut self, task: &mut TaskContext<'_>) -> Poll<Item> {
        let span = self.span.clone();
        let _entered = span.enter();
        loop {
            if let Some(text) = self.cx.outbox.pop() {
                return Poll::Ready(Item::Message(text));
            }
            if let Some(end) = self.end.take() {
                self.cx.outbox.close();
                return Poll::Ready(end);
            }
            if let Budget::None(creating) = &mut self.budget {
                // To drop what creates it leaves no task behind (D7).
                let created = match self.cx.is_cancelled() {
                    true => Poll::Ready(Some(Item::Nothing)),
                    false => creating.as_mut().poll(task).map(|made| made.map(Item::Response)),
                };
                if let Poll::Ready(end) = created {
                    // Where none could be created it stays inline.
                    self.budget = Budget::Unbounded;
                    self.end = end;
                    continue;
                }
                match self.cx.outbox.poll(task) {
                    Poll::Ready(text) => return Poll::Ready(Item::Message(text)),
                    Poll::Pending if self.cx.is_cancelled() => continue,
                    Poll::Pending => return Poll::Pending,
                }
            }
            let Some(driver) = &mut self.driver else { return Poll::Ready(Item::Nothing) };
            let polled = Pin::new(driver).poll(task);
            if self.cx.is_cancelled() {
                // D7: nobody will ever know of the task that it has become.
                self.abandon_task();
            } else if let Some(newborn) = self.promotion.as_ref().and_then(|it| it.take()) {
                self.end = Some(self.hand_over(newborn, polled));
                continue;
            }
            if let Poll::Ready(end) = polled {
                self.end =
                    Some(if self.cx.is_cancelled() { Item::Nothing } else { self.finish(end) });
                continue;
            }
            if let Some(end) = self.refused_as_task() {
                self.end = Some(end);
                continue;
            }
            if self.is_over_budget(task) {
                continue;
            }
            if let Some(end) = self.out_of_time(task) {
                self.take_questions_back();
                self.end = Some(end);
                continue;
            }
            match self.cx.outbox.poll(task) {
                Poll::Ready(text) => return Poll::Ready(Item::Message(text)),
                // Cancelled since it was looked at, when there was nobody to wake yet.
                Poll::Pending if self.grace.is_none() && self.cx.is_cancelled() => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Says once that the call is to become a task by itself now.
    fn is_over_budget(&mut self, task: &mut TaskContext<'_>) -> bool {
        if let Budget::For(limit) = self.budget {
            self.budget = Budget::Until(Box::pin(tokio::time::sleep(limit)));
        }
        let Budget::Until(sleep) = &mut self.budget else { return false };
        if self.cx.is_cancelled() || sleep.as_mut().poll(task).is_pending() {
            return false;
        }
        self.budget = Budget::Unbounded;
        match (&self.promotion, &mut self.driver) {
            (Some(promotion), Some(driver)) if promotion.begin() => {
                driver.promote(promotion.clone());
                true
            }
            _ => false,
        }
    }

    /// The call is a task from here on, and somebody else goes on with it.
    fn hand_over(&mut self, newborn: Newborn, polled: Poll<End<Outcome>>) -> Item {
        let function = match (polled, self.driver.take()) {
            (Poll::Ready(end), _) => Function::Ended(end),
            (Poll::Pending, Some(driver)) => Function::Runs(driver),
            (Poll::Pending, None) => return Item::Nothing,
        };
        // The first poll may end here, before the clock was looked at.
        let timeout = self.timeout.take();
        let timeout = timeout.or_else(|| Some(Box::pin(tokio::time::sleep(self.cx.timeout()?))));
        let record = newborn.run(Running { cx: self.cx.clone(), function, timeout });
        let inner = self.cx.server.inner();
        let poll = inner.tasks.settings().poll_interval;
        Item::Response(result_response(&self.cx.id, |out| {
            modern::tasks::created(out, &record, poll, &inner.server_info);
        }))
    }

    fn abandon_task(&self) {
        drop(self.promotion.as_ref().and_then(|it| it.take()));
    }

    /// A tool that has to be a task, and could not become one.
    fn refused_as_task(&self) -> Option<Item> {
        let required = self.cx.task_options().support == TaskSupport::Required;
        let error = self.promotion.as_ref().filter(|_| required)?.failure()?;
        Some(Item::Response(self.cx.respond(Answer::Error(error))))
    }

    /// Nobody must be left with a form that nobody reads: the handler is dropped without having said so itself.
    fn take_questions_back(&self) {
        if let Some(session) = &self.cx.session {
            for text in session.withdraw_all(&self.cx) {
                self.cx.outbox.push(text, super::outbox::Kind::Required);
            }
        }
    }

    /// The end that comes from outside: the client's, or the clock's.
    fn out_of_time(&mut self, task: &mut TaskContext<'_>) -> Option<Item> {
        if self.cx.is_cancelled() {
            let limit = self.cx.server.limits().cancel_grace;
            let grace = self.grace.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
            return grace.as_mut().poll(task).is_ready().then_some(Item::Nothing);
        }
        let limit = self.cx.timeout()?;
        let timeout = self.timeout.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if timeout.as_mut().poll(task).is_pending() {
            return None;
        }
        tracing::warn!(target: "mcp", name = self.cx.target(), ?limit, "call timed out");
        let error =
            RpcError::internal(format!("`{}` took longer than {limit:?}", self.cx.target()));
        Some(Item::Response(self.cx.respond(Answer::Error(error))))
    }

    fn finish(&self, end: End<Outcome>) -> Item {
        let cx = &*self.cx;
        let failed = |error: RpcError| {
            tracing::error!(target: "mcp", name = cx.target(), %error, "call failed");
            cx.respond(Answer::Error(error))
        };
        Item::Response(match cx.conclude(end) {
            Ok(concluded) => cx.respond(concluded.answer),
            Err(Unfinished::Suspended(saved)) => cx.suspend(&saved).unwrap_or_else(failed),
            Err(Unfinished::Parked | Unfinished::Fenced) => {
                failed(RpcError::internal("the call was given up as if it were a task"))
            }
            Err(Unfinished::Store(why)) => failed(RpcError::internal(why)),
        })
    }
}

/// What came of a handler that ran to its end.
pub(crate) struct Concluded {
    pub answer: Answer,
    pub cause: Cause,
}

/// What brought it to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Returned,
    Panicked,
    TimedOut,
    /// It does not keep to what it promised: its journal, or its output schema. Another attempt would not, either.
    Broken,
}

/// Why a handler did not run to its end.
pub(crate) enum Unfinished {
    /// It waits for answers that a retry of the request brings.
    Suspended(Saved),
    /// It waits, and the store knows for what.
    Parked,
    /// Somebody else works on it.
    Fenced,
    /// The store failed.
    Store(String),
}

/// The future of a call's handler.
pub(crate) fn handler(cx: &Arc<Context>) -> CallFuture {
    let call = Call(cx.clone());
    let begin = || -> CallFuture {
        match &cx.subject {
            Subject::Tool(entry) => match entry.problems_of_input(call.arguments_json()) {
                None => entry.handler.call(call),
                Some(problems) => Box::pin(ready(mismatch(
                    format!("the arguments do not fit: {problems}"),
                    cx.revision >= Revision::V2025_11_25,
                ))),
            },
            Subject::Prompt(entry) => entry.handler.call(call),
            Subject::Resource { entry, .. } => entry.handler.call(call),
        }
    };
    // A handler that makes its future may panic before there is one: the driver hears of it then.
    catch_unwind(AssertUnwindSafe(begin))
        .unwrap_or_else(|panic| Box::pin(async { resume_unwind(panic) }))
}

/// How the call can become a task, if its tool and its client know the extension (X5).
fn promotion(cx: &Arc<Context>) -> Option<Arc<Promotion>> {
    let support = cx.task_options().support;
    if support == TaskSupport::Forbidden
        || !cx.revision.is_modern()
        || !cx.client().supports_extension(modern::tasks::EXTENSION)
    {
        return None;
    }
    cx.server.start_tasks();
    let promotion = Promotion::new(cx.server.inner().tasks.clone(), cx);
    cx.may_be_promoted(&promotion);
    Some(promotion)
}

impl Context {
    /// What came of the call.
    pub(crate) fn conclude(&self, end: End<Outcome>) -> Result<Concluded, Unfinished> {
        let internal = |text: String| Answer::Error(RpcError::internal(text));
        let failed = |error: String| {
            tracing::error!(target: "mcp", name = self.target(), error, "call failed");
            internal(error)
        };
        let (answer, cause) = match end {
            End::Done(outcome) => match self.broken_promise(&outcome.0) {
                None => (self.unhandled(outcome.0), Cause::Returned),
                Some(problem) => (failed(format!("`{}`: {problem}", self.target())), Cause::Broken),
            },
            End::Panicked(message) => {
                // The text may name what is nobody's business outside.
                tracing::error!(target: "mcp", name = self.target(), message, "handler panicked");
                (internal(format!("`{}` panicked", self.target())), Cause::Panicked)
            }
            End::Suspended(saved) => return Err(Unfinished::Suspended(saved)),
            End::Parked => return Err(Unfinished::Parked),
            End::Exit(Exit::Fenced) => return Err(Unfinished::Fenced),
            End::Exit(Exit::Home(why)) => return Err(Unfinished::Store(why)),
            End::Exit(exit) => (failed(exit.to_string()), Cause::Broken),
        };
        telemetry::concluded(&answer);
        Ok(Concluded { answer, cause })
    }

    /// Debug builds hold a tool to its output schema, so that the first test shows where it does not.
    fn broken_promise(&self, answer: &Answer) -> Option<String> {
        let (Subject::Tool(entry), Answer::Tool(output)) = (&self.subject, answer) else {
            return None;
        };
        if !cfg!(debug_assertions) || output.is_error {
            return None;
        }
        entry.problems_of_output(output.structured.as_ref().map(|raw| raw.get()))
    }

    /// A handler that only hands on that the client cannot do something ends with the protocol's own error (P17).
    fn unhandled(&self, answer: Answer) -> Answer {
        let text_of = |output: &ToolOutput| match output.content.first() {
            Some(mcp_schema::v2026_07_28::ContentBlock::Text(text)) => text.text.clone(),
            _ => String::new(),
        };
        let text = match &answer {
            Answer::Tool(output) if output.is_error => text_of(output),
            Answer::Error(error) => error.message.clone(),
            _ => return answer,
        };
        match self.noted() {
            Some(error) if text.contains(&error.message) => Answer::Error(error),
            _ => answer,
        }
    }
}

impl Drop for CallDrive {
    fn drop(&mut self) {
        self.abandon_task();
        if let Some(calls) = &self.cx.calls {
            calls.leave_call(&self.cx);
        }
        if let Some(session) = &self.cx.session {
            session.forget(&self.cx);
        }
    }
}

/// What the sealed state of a call is bound to.
pub(crate) fn binding<'a>(
    subject: &'a Subject,
    params: &str,
    principal: Option<&'a Principal>,
) -> Result<Binding<'a>, RpcError> {
    let params = digest_params(params)
        .map_err(|error| RpcError::invalid_params(format!("`params`: {error}")))?;
    Ok(Binding {
        purpose: Purpose::RequestState,
        method: subject.method(),
        target: subject.target(),
        params: Some(params),
        principal: principal.map(Principal::id),
    })
}

impl Context {
    pub(crate) fn target(&self) -> &str {
        self.subject.target()
    }

    fn timeout(&self) -> Option<Duration> {
        match &self.subject {
            Subject::Tool(entry) => entry.definition.task.timeout,
            _ => None,
        }
    }

    /// How long its questions wait, where it says so.
    pub(crate) fn input_timeout(&self) -> Option<Duration> {
        match &self.subject {
            Subject::Tool(entry) => entry.definition.task.input_timeout,
            _ => None,
        }
    }

    /// The response, in the words of the call's revision.
    pub(crate) fn respond(&self, answer: Answer) -> Response {
        let inner = self.server.inner();
        match answer {
            Answer::Error(error) if self.revision.is_modern() => {
                let (error, status) = modern::error(error);
                error_response(Some(&self.id), &error, status)
            }
            Answer::Error(error) => {
                error_response(Some(&self.id), &legacy::error(error), Status::Ok)
            }
            answer if self.revision.is_modern() => result_response(&self.id, |out| {
                modern::answer(out, &answer, &inner.cache, &inner.server_info);
            }),
            answer => result_response(&self.id, |out| legacy::answer(out, self.revision, &answer)),
        }
    }

    /// The response that asks for input: the journal travels with it, sealed.
    fn suspend(&self, saved: &Saved) -> Result<Response, RpcError> {
        let inner = self.server.inner();
        let binding = binding(&self.subject, &self.params.text, self.principal.as_ref())?;
        let plain = serde_json::to_vec(saved).map_err(|error| {
            RpcError::internal(format!("the journal cannot be written: {error}"))
        })?;
        let state = inner
            .keys
            .seal(&plain, &binding, inner.clock.now(), inner.limits.state_ttl)
            .map_err(|error| RpcError::internal(error.to_string()))?;
        let questions = self.run.questions();
        Ok(result_response(&self.id, |out| {
            let questions = questions.iter().map(|(key, question)| (key.as_str(), question.body()));
            modern::input_required(out, questions, &state, &inner.server_info);
        }))
    }
}

/// A request that somebody answers without a context: a completion, a method of an extension.
pub(crate) struct BriefDrive {
    future: Pin<Box<dyn Future<Output = Response> + Send>>,
    cancel: Arc<Cancel>,
    calls: Option<(Arc<Calls>, Id)>,
}

impl BriefDrive {
    /// Not if there are too many requests, or one of this id.
    pub fn new(
        id: &Id,
        calls: Option<Arc<Calls>>,
        limit: usize,
        future: Pin<Box<dyn Future<Output = Response> + Send>>,
    ) -> Result<Self, &'static str> {
        let cancel = Arc::default();
        if let Some(calls) = &calls {
            calls.enter_brief(id, &cancel, limit)?;
        }
        Ok(Self { future, cancel, calls: calls.map(|calls| (calls, id.clone())) })
    }

    fn poll_item(&mut self, cx: &mut TaskContext<'_>) -> Poll<Item> {
        if self.cancel.poll(cx) {
            return Poll::Ready(Item::Nothing);
        }
        self.future.as_mut().poll(cx).map(Item::Response)
    }
}

impl Drop for BriefDrive {
    fn drop(&mut self) {
        if let Some((calls, id)) = &self.calls {
            calls.leave_brief(id, &self.cancel);
        }
    }
}

/// A stream of changes (2026-07-28, Subscriptions).
pub(crate) struct ListenDrive {
    pub listener: Arc<Listener>,
    acknowledgment: Option<Text>,
    server: Server,
    calls: Option<Arc<Calls>>,
    stage: Stage,
    teller: Teller,
}

/// How far the end of a stream of changes is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// The result is said, and the notification is not.
    Answered,
    Over,
}

impl ListenDrive {
    pub fn new(
        listener: Arc<Listener>,
        acknowledgment: Option<Text>,
        server: Server,
        calls: Option<Arc<Calls>>,
    ) -> Self {
        let (stage, teller) = (Stage::Open, Teller::default());
        Self { listener, acknowledgment, server, calls, stage, teller }
    }

    fn poll_item(&mut self, cx: &mut TaskContext<'_>) -> Poll<Item> {
        if let Some(text) = self.acknowledgment.take() {
            return Poll::Ready(Item::Message(text));
        }
        if self.listener.is_cancelled() {
            return Poll::Ready(Item::Nothing);
        }
        match self.stage {
            Stage::Open => {}
            Stage::Answered => {
                self.stage = Stage::Over;
                return Poll::Ready(self.farewell().map_or(Item::Nothing, Item::Message));
            }
            Stage::Over => return Poll::Ready(Item::Nothing),
        }
        if let Poll::Ready(text) = self.listener.outbox.poll(cx) {
            return Poll::Ready(Item::Message(text));
        }
        if self.listener.is_cancelled() {
            return Poll::Ready(Item::Nothing);
        }
        // A client that relies on it (X67) must hear of the end of a task, also when the stream ends.
        if let Poll::Ready(text) = self.teller.poll(cx, &self.server, &self.listener) {
            return Poll::Ready(Item::Message(text));
        }
        if !self.listener.has_ended() || self.teller.is_busy() {
            return Poll::Pending;
        }
        // The server ends it: with the result that it SHOULD send, and the notification that it MUST send. Clients take
        // the first of the two for the reason, and only the result for a graceful one. Where the stream is the request's
        // own, its end says the same as the notification.
        let Some(response) = self.response() else { return Poll::Ready(Item::Nothing) };
        if self.calls.is_none() {
            return Poll::Ready(Item::Response(response));
        }
        self.stage = Stage::Answered;
        match String::from_utf8(response.body) {
            Ok(text) => Poll::Ready(Item::Message(text.into())),
            Err(_) => Poll::Ready(Item::Nothing),
        }
    }

    fn farewell(&self) -> Option<Text> {
        let id = self.listener.subscription.as_ref()?;
        protocol::notification("notifications/cancelled", |params| {
            params.object("_meta", |meta| subscription_id(meta, id));
            let mut raw = Vec::new();
            id.write(&mut raw);
            params.raw("requestId", &raw);
            params.field("reason", "the server ends the subscription");
        })
    }

    fn response(&self) -> Option<Response> {
        let id = self.listener.subscription.as_ref()?;
        Some(result_response(id, |out| {
            let mut result = protocol::Writer::new(out);
            modern::complete(&mut result);
            let mut meta: mcp_schema::JsonObject =
                serde_json::from_slice(&self.server.inner().server_info).unwrap_or_default();
            let mut raw = Vec::new();
            id.write(&mut raw);
            if let Ok(id) = serde_json::from_slice(&raw) {
                meta.insert(mcp_schema::v2026_07_28::meta_key::SUBSCRIPTION_ID.to_owned(), id);
            }
            result.field("_meta", &meta);
            result.end();
        }))
    }
}

impl Drop for ListenDrive {
    fn drop(&mut self) {
        if let (Some(calls), Some(id)) = (&self.calls, &self.listener.subscription) {
            calls.leave_listener(id, &self.listener);
        }
    }
}
