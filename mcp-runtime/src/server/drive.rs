//! A request that is being answered: what the transport that carries it polls.

use std::future::{Future, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use super::arguments::mismatch;
use super::call::{Call, CallFuture};
use super::calls::{Calls, Cancel};
use super::context::{Context, Subject};
use super::handle::Server;
use super::listen::{Listener, subscription_id};
use super::outbox::Text;
use super::outcome::{Answer, Outcome, ToolOutput};
use super::principal::Principal;
use crate::error::RpcError;
use crate::journal::{Driver, End, Policies, Saved};
use crate::protocol::envelope::Id;
use crate::protocol::revision::Revision;
use crate::protocol::seal::{Binding, Purpose, digest_params};
use crate::protocol::{self, Response, Status, error_response, legacy, modern, result_response};

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
}

impl Drive {
    /// The next item. Must not be polled again after the last one.
    pub fn poll_item(&mut self, cx: &mut TaskContext<'_>) -> Poll<Item> {
        match self {
            Self::Call(call) => call.poll_item(cx),
            Self::Listen(listen) => listen.poll_item(cx),
            Self::Brief(brief) => brief.poll_item(cx),
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
    driver: Driver<Context, Outcome>,
    end: Option<Item>,
    timeout: Option<Pin<Box<Sleep>>>,
    grace: Option<Pin<Box<Sleep>>>,
}

impl CallDrive {
    /// Begins to run a handler; nothing happens before the first poll.
    pub fn new(cx: Arc<Context>) -> Box<Self> {
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
        let future = catch_unwind(AssertUnwindSafe(begin))
            .unwrap_or_else(|panic| Box::pin(async { resume_unwind(panic) }));
        let policies = Policies { state_limit: cx.server.limits().state, ..Policies::default() };
        let driver = Driver::new(cx.clone(), future).with_policies(policies);
        Box::new(Self { cx, driver, end: None, timeout: None, grace: None })
    }

    fn poll_item(&mut self, task: &mut TaskContext<'_>) -> Poll<Item> {
        loop {
            if let Some(text) = self.cx.outbox.pop() {
                return Poll::Ready(Item::Message(text));
            }
            if let Some(end) = self.end.take() {
                self.cx.outbox.close();
                return Poll::Ready(end);
            }
            if let Poll::Ready(end) = Pin::new(&mut self.driver).poll(task) {
                self.end =
                    Some(if self.cx.is_cancelled() { Item::Nothing } else { self.finish(end) });
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
        Item::Response(match end {
            End::Done(outcome) => match self.broken_promise(&outcome.0) {
                None => cx.respond(self.unhandled(outcome.0)),
                Some(problem) => {
                    failed(RpcError::internal(format!("`{}`: {problem}", cx.target())))
                }
            },
            End::Suspended(saved) => cx.suspend(&saved).unwrap_or_else(failed),
            End::Panicked(message) => {
                // The text may name what is nobody's business outside.
                tracing::error!(target: "mcp", name = cx.target(), message, "handler panicked");
                cx.respond(Answer::Error(RpcError::internal(format!("`{}` panicked", cx.target()))))
            }
            End::Exit(exit) => failed(RpcError::internal(exit.to_string())),
            End::Parked => failed(RpcError::internal("the call was parked, and is no task")),
        })
    }

    /// Debug builds hold a tool to its output schema, so that the first test shows where it does not.
    fn broken_promise(&self, answer: &Answer) -> Option<String> {
        let (Subject::Tool(entry), Answer::Tool(output)) = (&self.cx.subject, answer) else {
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
        match self.cx.noted() {
            Some(error) if text.contains(&error.message) => Answer::Error(error),
            _ => answer,
        }
    }
}

impl Drop for CallDrive {
    fn drop(&mut self) {
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
        Self { listener, acknowledgment, server, calls, stage: Stage::Open }
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
        if !self.listener.has_ended() {
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
