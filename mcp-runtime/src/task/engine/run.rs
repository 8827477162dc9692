//! One attempt, from its first poll to what becomes of the task.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::time::{Sleep, sleep};
use tracing::Instrument as _;

use super::Engine;
use super::attempt::{Attempt, Slot, Stop};
use super::call::StoredCall;
use crate::error::{RpcError, code};
use crate::journal::{BoxFuture, Driver, End, Json, OnChange, Policies, Run};
use crate::protocol::Writer;
use crate::server::context::{Begin, Context, Subject};
use crate::server::definition::{Restart, RetryOn};
use crate::server::drive::{Cause, Concluded, Unfinished, handler};
use crate::server::outcome::{Answer, Outcome as Returned};
use crate::server::principal::Principal;
use crate::server::session::Session;
use crate::task::id::TaskId;
use crate::task::store::{Claimed, Outcome, Release, StoreError, crash_backoff};

/// How long to wait before a store is asked again that has failed so many times more than once: from 100 ms to 5 s.
pub(super) fn again(failures: u32) -> Duration {
    Duration::from_millis(100 << failures.min(6)).min(Duration::from_secs(5))
}

/// A function that runs, or has just ended.
pub(crate) struct Running {
    pub cx: Arc<Context>,
    pub function: Function,
    /// When it has run for too long.
    pub timeout: Option<Pin<Box<Sleep>>>,
}

pub(crate) enum Function {
    Runs(Driver<Context, Returned>),
    Ended(End<Returned>),
}

/// What ended an attempt.
enum Over {
    Ended(End<Returned>),
    TimedOut,
    /// The task has ceased to exist.
    Expired,
    Cancelled,
    Stopped(Stop),
}

impl Engine {
    /// Begins to work on a task that was claimed.
    pub(super) fn begin(
        self: &Arc<Self>,
        claimed: Claimed,
        slot: Slot,
        session: Option<Arc<Session>>,
        principal: Option<Principal>,
    ) {
        let Claimed { claim, record, call, saved } = claimed;
        let attempt = Attempt::new(
            self.clone(),
            claim,
            slot,
            record.owner.clone(),
            record.attempt,
            record.expires_at,
        );
        self.enroll(&attempt);
        let Some(server) = self.server() else { return self.forget(&attempt) };
        let entry = server.registry().tools.get(&record.tool).map(|listed| listed.entry.clone());
        let begun = match (entry, StoredCall::read(&call)) {
            (None, _) => Err(format!("there is no tool `{}` any more", record.tool)),
            (_, Err(problem)) => Err(format!("the call as it was kept cannot be read: {problem}")),
            (Some(entry), Ok(call)) => {
                let retries = entry.definition.task.retry.map_or(1, |retry| retry.attempts);
                if record.attempt > retries.saturating_add(self.settings.crashes) {
                    Err(format!("its process died too often: {} attempts", record.attempt))
                } else {
                    Ok((entry, call))
                }
            }
        };
        let (entry, call) = match begun {
            Ok(begun) => begun,
            Err(problem) => {
                let outcome = failed(&RpcError::internal(problem));
                let me = self.clone();
                return self.spawn(async move { me.finish(&attempt, outcome).await });
            }
        };
        if attempt.claim.epoch > 1 {
            attempt.resume(&saved);
        }
        let (home, epoch) = (attempt.clone(), attempt.claim.epoch);
        let cx = Context::begin(Begin {
            run: Run::stored(home, epoch, saved, self.clock.clone()),
            server,
            id: call.id,
            revision: call.revision,
            session,
            principal: principal.or_else(|| Principal::from_id(record.owner.as_str())),
            subject: Subject::Tool(entry.clone()),
            params: call.params,
            calls: None,
        });
        cx.be_task(attempt.clone(), call.client.map(Arc::new));
        let policies = Policies {
            park_after: self.settings.park_after,
            on_change: OnChange::Fail,
            ..Policies::default()
        };
        let driver = Driver::new(cx.clone(), handler(&cx)).with_policies(policies);
        let timeout = entry.definition.task.timeout.map(|limit| Box::pin(sleep(limit)));
        self.run(attempt, Running { cx, function: Function::Runs(driver), timeout });
    }

    /// From now on an attempt runs here.
    pub(super) fn enroll(&self, attempt: &Arc<Attempt>) {
        self.running().insert(attempt.id().clone(), attempt.clone());
        // After that: who asks all that run to hand back sees this one, or has said so before.
        if self.node.hands_back() {
            attempt.stop(Stop::HandBack);
        }
    }

    /// Goes on with an attempt, in a task of its own.
    pub fn run(self: &Arc<Self>, attempt: Arc<Attempt>, running: Running) {
        let cx = &running.cx;
        let span = crate::telemetry::attempt(cx, &attempt.claim.task, attempt.number);
        let me = self.clone();
        self.spawn(
            async move {
                let (cx, over) = running.drive(&attempt).await;
                me.settle(&attempt, &cx, over).await;
            }
            .instrument(span),
        );
    }

    /// What becomes of the task.
    async fn settle(self: &Arc<Self>, attempt: &Arc<Attempt>, cx: &Context, over: Over) {
        let limit = cx.task_options().timeout.unwrap_or_default();
        let (concluded, interrupted) = match over {
            Over::Ended(end) => match cx.conclude(end) {
                Ok(concluded) => (concluded, false),
                Err(Unfinished::Parked) => {
                    attempt.write_note().await;
                    let until = cx.run.next_deadline();
                    return self.release(attempt, Release::Park { until }).await;
                }
                Err(Unfinished::Suspended(_) | Unfinished::Fenced) => return self.forget(attempt),
                Err(Unfinished::Store(why)) => {
                    let why = format!("the journal could not be kept: {why}");
                    return self.give_up(attempt, cx, why).await;
                }
            },
            Over::TimedOut => {
                tracing::warn!(target: "mcp", name = cx.target(), ?limit, "attempt timed out");
                let why = format!("`{}` took longer than {limit:?}", cx.target());
                let answer = Answer::Error(RpcError::internal(why));
                (Concluded { answer, cause: Cause::TimedOut }, false)
            }
            // Nobody can see what it would end with.
            Over::Expired => return self.forget(attempt),
            #[cfg(test)]
            Over::Stopped(Stop::Dead) => return self.forget(attempt),
            Over::Stopped(Stop::Lost) => {
                let why = "the store could not be reached for as long as the lease lasts";
                return self.interrupt(attempt, cx, why).await;
            }
            Over::Stopped(Stop::HandBack) => {
                return self.interrupt(attempt, cx, "the server was stopped").await;
            }
            // What is written is passed over: the task has ended.
            Over::Cancelled => {
                let answer = Answer::Error(RpcError::internal("cancelled"));
                (Concluded { answer, cause: Cause::Broken }, true)
            }
        };
        if !interrupted && let Some(release) = self.another_attempt(attempt, cx, &concluded) {
            return self.release(attempt, release).await;
        }
        let outcome = self.outcome(cx, &concluded.answer);
        self.finish(attempt, outcome).await;
    }

    /// The attempt was cut off in the middle: another one goes on if the author says so.
    async fn interrupt(self: &Arc<Self>, attempt: &Arc<Attempt>, cx: &Context, why: &str) {
        match cx.task_options().restart {
            Restart::Replay => self.release(attempt, Release::HandBack).await,
            Restart::Fail => {
                let why = format!("`{}` was interrupted: {why}", cx.target());
                self.finish(attempt, failed(&RpcError::internal(why))).await;
            }
        }
    }

    /// The attempt cannot go on. Another one may do no better: it comes later, and is counted.
    async fn give_up(self: &Arc<Self>, attempt: &Arc<Attempt>, cx: &Context, why: String) {
        match cx.task_options().restart {
            Restart::Replay => {
                let at = self.clock.after(crash_backoff(attempt.number.saturating_add(1)));
                self.release(attempt, Release::Retry { at, message: why }).await;
            }
            Restart::Fail => self.interrupt(attempt, cx, &why).await,
        }
    }

    /// Whether to try again, and when.
    fn another_attempt(
        &self,
        attempt: &Attempt,
        cx: &Context,
        concluded: &Concluded,
    ) -> Option<Release> {
        let retry = cx.task_options().retry.filter(|retry| attempt.number < retry.attempts)?;
        let RetryOn { error, panic, timeout } = retry.on;
        let wanted = match (concluded.cause, &concluded.answer) {
            (Cause::Panicked, _) => panic,
            (Cause::TimedOut, _) => timeout,
            (Cause::Broken, _) => false,
            (Cause::Returned, Answer::Tool(output)) => error && output.is_error,
            // The same arguments, and the same client, will do no better the next time.
            (Cause::Returned, Answer::Error(problem)) => {
                error
                    && problem.code != code::INVALID_PARAMS
                    && problem.code != code::MISSING_REQUIRED_CLIENT_CAPABILITY
            }
            (Cause::Returned, _) => false,
        };
        if !wanted || attempt.fails_for_good() || cx.run.is_cancelled() {
            return None;
        }
        let doublings = (attempt.number.saturating_sub(1)).min(16);
        let pause = retry.backoff.saturating_mul(1 << doublings);
        let why = concluded.answer.problem().unwrap_or_default();
        let message = format!("attempt {} of {} failed: {why}", attempt.number, retry.attempts);
        crate::telemetry::retried(cx.target());
        Some(Release::Retry { at: self.clock.after(pause), message })
    }

    fn outcome(&self, cx: &Context, answer: &Answer) -> Outcome {
        let outcome = match answer {
            Answer::Tool(output) => {
                let mut out = Vec::with_capacity(256);
                let mut body = Writer::new(&mut out);
                body.field("content", &output.content);
                body.optional("structuredContent", output.structured.as_ref());
                if output.is_error {
                    body.field("isError", &true);
                }
                body.optional("_meta", output.meta.as_ref());
                body.end();
                let raw =
                    String::from_utf8(out).ok().and_then(|text| RawValue::from_string(text).ok());
                raw.map(|raw| Outcome::Returned { is_error: output.is_error, body: raw.into() })
            }
            Answer::Client(body) => Some(Outcome::Returned { is_error: false, body: body.clone() }),
            Answer::Error(error) => Some(failed(error)),
            Answer::Prompt(_) | Answer::Resource(_) => None,
        };
        let size = |outcome: &Outcome| outcome.json().as_str().len();
        match outcome {
            Some(outcome) if size(&outcome) <= self.settings.result => outcome,
            Some(outcome) => failed(&RpcError::internal(format!(
                "the result of `{}` takes {} bytes and may take {}: keep it elsewhere and return a link",
                cx.target(),
                size(&outcome),
                self.settings.result
            ))),
            None => failed(&RpcError::internal(format!(
                "the result of `{}` cannot be written as JSON",
                cx.target()
            ))),
        }
    }

    pub(super) async fn finish(self: &Arc<Self>, attempt: &Arc<Attempt>, outcome: Outcome) {
        let state = outcome.state();
        let finish = || self.store.finish(&attempt.claim, outcome.clone());
        if let Ok(stands) = self.persist(attempt.id(), finish).await {
            let (task, owner) = (attempt.id(), attempt.owner.as_str());
            tracing::info!(target: "mcp::audit", operation = "end", %task, owner, outcome = %stands);
            crate::telemetry::ended(stands, state == stands);
        }
        self.forget(attempt);
    }

    async fn release(self: &Arc<Self>, attempt: &Arc<Attempt>, release: Release) {
        // It has lost the task otherwise, and gives up nothing.
        let _ = self
            .persist(attempt.id(), || self.store.release(&attempt.claim, release.clone()))
            .await;
        self.forget(attempt);
    }

    /// Has the store do something under a claim, however long that takes: what was learned is not given up because a disk is
    /// full or a file is locked, not even when the lease has run out meanwhile. Somebody who has taken the task since is
    /// safe from it, as is everybody from what is asked twice.
    pub(super) async fn persist<'a, T>(
        &self,
        task: &TaskId,
        operation: impl Fn() -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut failures = 0;
        loop {
            match operation().await {
                Err(StoreError::Unavailable(why)) if !self.node.has_left() => {
                    let pause = again(failures);
                    failures = failures.saturating_add(1);
                    tracing::error!(target: "mcp", %task, %why, ?pause, "the task store failed: it is asked again");
                    sleep(pause).await;
                }
                done => return done,
            }
        }
    }

    /// The attempt is over.
    pub(super) fn forget(&self, attempt: &Arc<Attempt>) {
        let mut running = self.running();
        let id = &attempt.claim.task;
        // A later attempt of the same task may have taken its place.
        if running.get(id).is_some_and(|known| Arc::ptr_eq(known, attempt)) {
            running.remove(id);
        }
        drop(running);
        attempt.leave();
    }
}

impl Running {
    /// Polls the function until something ends the attempt; it is dropped then.
    async fn drive(self, attempt: &Attempt) -> (Arc<Context>, Over) {
        let Running { cx, function, timeout } = self;
        let mut driver = match function {
            Function::Runs(driver) => driver,
            Function::Ended(end) => return (cx, Over::Ended(end)),
        };
        let grace = cx.server.limits().cancel_grace;
        let over = {
            let cancelled = async {
                cx.run.cancel_requested().await;
                sleep(grace).await;
            };
            let timed_out = async {
                match timeout {
                    Some(timeout) => timeout.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                stop = attempt.stopped() => Over::Stopped(stop),
                end = &mut driver => match end {
                    _ if cx.run.is_cancelled() => Over::Cancelled,
                    end => Over::Ended(end),
                },
                () = cancelled => Over::Cancelled,
                () = timed_out => Over::TimedOut,
                () = attempt.expired() => Over::Expired,
            }
        };
        drop(driver);
        (cx, over)
    }
}

/// An outcome that is a protocol error.
pub(super) fn failed(error: &RpcError) -> Outcome {
    let wire = serde_json::value::to_raw_value(&error.to_wire());
    let wire =
        wire.or_else(|_| RawValue::from_string(r#"{"code":-32603,"message":""}"#.to_owned()));
    match wire {
        Ok(wire) => Outcome::Failed(Json::from(wire)),
        // Neither can fail: both are JSON.
        Err(_) => Outcome::Failed(Json::from(RawValue::NULL.to_owned())),
    }
}
