//! What the engine does with tasks, without a wire.

#[cfg(feature = "metrics")]
mod counted;
mod outage;
mod shaky;

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use serde_json::json;
use serde_json::value::RawValue;

use super::*;
use crate::content::text;
use crate::protocol::params::Params;
use crate::server::call::Call;
use crate::server::definition::{
    Restart, Retry, RetryOn, TaskOptions, TaskSupport, ToolDefinition,
};
use crate::server::output::IntoToolOutput;
use crate::store::MemoryStore;
use crate::task::{Outcome, TaskState};
use crate::{RpcError, ServerBuilder, TaskSettings, ToolOutput};

const SOON: Duration = Duration::from_millis(50);

fn settings() -> TaskSettings {
    TaskSettings { park_after: SOON, lease: Duration::from_millis(600), ..TaskSettings::default() }
}

fn options() -> TaskOptions {
    TaskOptions { support: TaskSupport::Optional, ..TaskOptions::DEFAULT }
}

fn replay() -> TaskOptions {
    TaskOptions { restart: Restart::Replay, ..options() }
}

fn builder() -> ServerBuilder {
    Server::builder("test", "1").tasks(settings())
}

pub(super) trait WithTask {
    fn task<F, Fut, R>(self, options: TaskOptions, function: F) -> Server
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoToolOutput;
}

impl WithTask for ServerBuilder {
    fn task<F, Fut, R>(self, options: TaskOptions, function: F) -> Server
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: IntoToolOutput,
    {
        let mut definition = ToolDefinition::new("job");
        definition.task = options;
        let server = self.add_tool(definition, function).build().expect("a server");
        server.start_tasks();
        server
    }
}

fn request(server: &Server) -> TaskRequest {
    request_with(server, json!({}))
}

pub(super) fn request_with(server: &Server, arguments: serde_json::Value) -> TaskRequest {
    let params = json!({
        "name": "job",
        "arguments": arguments,
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {
                "elicitation": {}, "extensions": { "io.modelcontextprotocol/tasks": {} },
            },
        },
    });
    let raw = serde_json::value::to_raw_value(&params).expect("JSON");
    let params = Kept::of(&Params::read(Some(&raw)).expect("parameters"), true);
    TaskRequest {
        entry: server.registry().tool("job").expect("the tool").clone(),
        params,
        id: Id::Number(1),
        revision: Revision::V2026_07_28,
        session: None,
        principal: None,
        ttl: None,
    }
}

async fn created(server: &Server) -> TaskId {
    server.0.tasks.create(request(server)).await.expect("a task").id
}

async fn ended(server: &Server, id: &TaskId) -> TaskView {
    let wait = server.0.tasks.wait(&Access::Operator, id.as_str());
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("an end").expect("a task")
}

async fn view(server: &Server, id: &TaskId) -> TaskView {
    server.0.tasks.view(&Access::Operator, id.as_str()).await.expect("a task")
}

async fn until(what: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !what().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("it happens");
}

fn said(view: &TaskView) -> String {
    match &view.outcome {
        Some(Outcome::Returned { body, .. }) => body.as_str().to_owned(),
        Some(Outcome::Failed(error)) => error.as_str().to_owned(),
        None => String::new(),
    }
}

#[tokio::test]
async fn a_task_runs_and_its_result_is_kept() {
    let server = builder().task(options(), |_| async { "done" });
    let id = created(&server).await;
    let end = ended(&server, &id).await;
    assert_eq!(end.record.state, TaskState::Returned);
    assert_eq!(said(&end), r#"{"content":[{"type":"text","text":"done"}]}"#);
    assert!(server.0.tasks.running().is_empty());
}

/// D4: what is kept is the raw outcome; whether `isError` means `failed` is the reader's revision's word.
#[tokio::test]
async fn an_error_of_the_tool_and_one_of_the_protocol_are_told_apart() {
    let server = builder().task(options(), |_| async { ToolOutput::failed("no paper") });
    let end = ended(&server, &created(&server).await).await;
    assert_eq!(end.record.state, TaskState::ReturnedError);
    assert_eq!(end.record.message.as_deref(), Some("no paper"));

    let refused = |_| async { Err::<String, _>(RpcError::new(-7, "not today")) };
    let server = builder().task(options(), refused);
    let end = ended(&server, &created(&server).await).await;
    assert_eq!(end.record.state, TaskState::Failed);
    assert_eq!(said(&end), r#"{"code":-7,"message":"not today"}"#);
}

/// D25, P15: a panic is an error of its task alone, and never leaves it working.
#[tokio::test]
async fn a_panic_fails_its_task() {
    let server = builder().task(options(), |call: Call| async move {
        assert!(call.is_cancelled(), "a bug");
        "never"
    });
    let end = ended(&server, &created(&server).await).await;
    assert_eq!(end.record.state, TaskState::Failed);
    assert!(said(&end).contains("-32603") && said(&end).contains("panicked"), "{}", said(&end));
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_fails_its_task() {
    let options = TaskOptions { timeout: Some(SOON), ..options() };
    let server = builder().task(options, |_| async {
        std::future::pending::<()>().await;
        "never"
    });
    let end = ended(&server, &created(&server).await).await;
    assert_eq!(end.record.state, TaskState::Failed);
    assert!(said(&end).contains("took longer than 50ms"), "{}", said(&end));
}

/// The record of a step that was done stays; the failure at the end of the journal is forgotten.
#[tokio::test]
async fn a_failed_task_is_tried_again_and_keeps_what_it_has_done() {
    let (steps, tries) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let retry = Retry { attempts: 3, backoff: Duration::from_millis(20), on: RetryOn::ALL };
    let options = TaskOptions { retry: Some(retry), ..options() };
    let counts = (steps.clone(), tries.clone());
    let server = builder().task(options, move |call: Call| {
        let (steps, tries) = counts.clone();
        async move {
            let first: u32 = call
                .step("first", || async { Ok::<_, crate::StepError>(steps.fetch_add(1, SeqCst)) })
                .await?;
            call.step("second", || async {
                match tries.fetch_add(1, SeqCst) {
                    0 | 1 => Err(crate::StepError::new("not yet")),
                    n => Ok(n),
                }
            })
            .await
            .map(|second| format!("{first} {second}"))
        }
    });
    let id = created(&server).await;
    let end = ended(&server, &id).await;
    assert_eq!(end.record.state, TaskState::Returned, "{}", said(&end));
    assert!(said(&end).contains("0 2"), "{}", said(&end));
    assert_eq!((steps.load(SeqCst), end.record.attempt), (1, 3));
}

#[tokio::test]
async fn who_says_so_is_not_tried_again() {
    let tries = Arc::new(AtomicU32::new(0));
    let counted = tries.clone();
    let retry = Retry { attempts: 5, backoff: Duration::from_millis(1), on: RetryOn::ALL };
    let options = TaskOptions { retry: Some(retry), ..options() };
    let server = builder().task(options, move |call: Call| {
        counted.fetch_add(1, SeqCst);
        call.do_not_retry();
        async { ToolOutput::failed("wrong for good") }
    });
    let end = ended(&server, &created(&server).await).await;
    assert_eq!((end.record.state, tries.load(SeqCst)), (TaskState::ReturnedError, 1));
}

/// L73, L74: cancelled at once, and for good; the function hears of it, may clean up, and what it returns is dropped.
#[tokio::test]
async fn a_cancelled_task_hears_of_it_and_stays_cancelled() {
    let cleaned = Arc::new(AtomicU32::new(0));
    let cleaning = cleaned.clone();
    let server = builder().task(options(), move |call: Call| {
        let cleaned = cleaning.clone();
        async move {
            call.cancelled().await;
            let step = call.step("clean", || async {
                cleaned.fetch_add(1, SeqCst);
                Ok::<_, crate::StepError>(())
            });
            step.await.map(|()| "returned all the same")
        }
    });
    let id = created(&server).await;
    tokio::time::sleep(SOON).await;
    let cancelled = server.0.tasks.cancel(&Access::Operator, id.as_str()).await.expect("a task");
    assert!(cancelled.first);
    assert_eq!(cancelled.view.record.state, TaskState::Cancelled);
    until(async || server.0.tasks.running().is_empty()).await;
    assert_eq!(cleaned.load(SeqCst), 1);
    let end = view(&server, &id).await;
    assert_eq!((end.record.state, end.outcome), (TaskState::Cancelled, None));
    assert!(!server.0.tasks.cancel(&Access::Operator, id.as_str()).await.expect("a task").first);
}

#[tokio::test]
async fn a_task_that_does_not_listen_is_dropped_after_its_grace() {
    let server = builder().task(options(), |_| async {
        std::future::pending::<()>().await;
        "never"
    });
    let id = created(&server).await;
    server.0.tasks.cancel(&Access::Operator, id.as_str()).await.expect("a task");
    until(async || server.0.tasks.running().is_empty()).await;
}

/// D7: nobody knows the task, so nobody could ever end it.
#[tokio::test]
async fn a_task_that_nobody_waited_for_is_cancelled() {
    let server = builder().task(options(), |_| async {
        std::future::pending::<()>().await;
        "never"
    });
    {
        // Polled once, and dropped.
        tokio::select! {
            biased;
            _ = server.0.tasks.create(request(&server)) => panic!("the store answers from elsewhere"),
            () = std::future::ready(()) => {}
        }
    }
    let store = server.task_store().clone();
    until(async || {
        let all = store.list(&Access::Operator, None, 10).await.expect("a list");
        all.len() == 1 && all[0].state == TaskState::Cancelled
    })
    .await;
}

/// L101, D11: bounds hold when a task is created.
#[tokio::test]
async fn too_many_tasks_are_refused_with_a_reason() {
    let server = Server::builder("test", "1").tasks(TaskSettings { live: 2, ..settings() }).task(
        options(),
        |_| async {
            std::future::pending::<()>().await;
            "never"
        },
    );
    created(&server).await;
    created(&server).await;
    let error = server.0.tasks.create(request(&server)).await.expect_err("one too many");
    assert!(error.message.contains("too many tasks"), "{error}");
}

/// `max_concurrent`: the others wait, and run when there is room.
#[tokio::test]
async fn tasks_of_one_tool_wait_for_their_turn() {
    let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counts = (now.clone(), most.clone());
    let options = TaskOptions { max_concurrent: Some(2), ..options() };
    let server = builder().task(options, move |_| {
        let (now, most) = counts.clone();
        async move {
            most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            now.fetch_sub(1, SeqCst);
            "done"
        }
    });
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(created(&server).await);
    }
    for id in &ids {
        assert_eq!(ended(&server, id).await.record.state, TaskState::Returned);
    }
    assert_eq!(most.load(SeqCst), 2);
}

#[tokio::test]
async fn the_same_call_by_the_same_caller_joins_the_task_that_runs() {
    let options = TaskOptions { dedupe: true, ..options() };
    let server = builder().task(options, |call: Call| async move {
        call.cancelled().await;
        "over"
    });
    let with = |arguments, who: Option<&str>| {
        let mut request = request_with(&server, arguments);
        request.principal = who.map(|who| Principal::new("test", who));
        let engine = server.0.tasks.clone();
        async move { engine.create(request).await.expect("a task").id }
    };
    let first = with(json!({"a": 1, "b": 2}), Some("alice")).await;
    assert_eq!(with(json!({"b": 2, "a": 1}), Some("alice")).await, first);
    assert_ne!(with(json!({"a": 2, "b": 2}), Some("alice")).await, first);
    assert_ne!(with(json!({"a": 1, "b": 2}), Some("bob")).await, first);
    // Anonymous callers would share the id of their task.
    let nobody = with(json!({"a": 1}), None).await;
    assert_ne!(with(json!({"a": 1}), None).await, nobody);
    let access = Access::Operator;
    server.0.tasks.cancel(&access, first.as_str()).await.expect("a task");
    assert_ne!(with(json!({"a": 1, "b": 2}), Some("alice")).await, first);
}

#[tokio::test]
async fn a_result_that_is_too_large_fails_its_task_and_says_why() {
    let server = Server::builder("test", "1")
        .tasks(TaskSettings { result: 200, journal: 200, ..settings() })
        .task(options(), |call: Call| async move {
            if call.arguments_json().contains("journal") {
                let step =
                    call.step("large", || async { Ok::<_, crate::StepError>("x".repeat(300)) });
                return step.await.map(|_| text("never")).map_err(|error| error.to_string());
            }
            Ok(text("x".repeat(300)))
        });
    let end = ended(&server, &created(&server).await).await;
    assert!(said(&end).contains("and may take 200"), "{}", said(&end));
    let id = server.0.tasks.create(request_with(&server, json!({"journal": 1}))).await;
    let end = ended(&server, &id.expect("a task").id).await;
    assert!(said(&end).contains("the journal of the task would take"), "{}", said(&end));
}

/// I5: a task that waits needs no worker. L38, L41, X33: it says what it waits for.
#[tokio::test]
async fn a_task_that_waits_is_parked_and_goes_on_with_the_answer() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let server = builder().task(options(), move |call: Call| {
        counted.fetch_add(1, SeqCst);
        async move {
            let schema = json!({"type": "object", "properties": {"ok": {"type": "boolean"}}});
            let answer = call.elicit_with::<serde_json::Value>("approval", "Go on?", schema).await;
            format!("{:?}", answer.map_err(|error| error.to_string()))
        }
    });
    let id = created(&server).await;
    until(async || server.0.tasks.running().is_empty()).await;
    let waiting = view(&server, &id).await;
    assert_eq!(waiting.record.state, TaskState::InputRequired);
    assert_eq!(waiting.questions.len(), 1);
    let (key, question) = &waiting.questions[0];
    assert!(question.body().contains("elicitation/create"));
    let answer = |text: &str| {
        let raw = RawValue::from_string(text.to_owned()).expect("JSON");
        vec![(key.clone(), Answer::Given(raw.into()))]
    };
    // C22: one that does not fit is none; the question is open again.
    let tasks = &server.0.tasks;
    let wrong = answer(r#"{"action":"accept","content":{"ok":"maybe"}}"#);
    tasks.answer(&Access::Operator, id.as_str(), wrong).await.expect("a task");
    until(async || {
        runs.load(SeqCst) == 2 && view(&server, &id).await.record.state == TaskState::InputRequired
    })
    .await;
    let right = answer(r#"{"action":"accept","content":{"ok":true}}"#);
    let view = tasks.answer(&Access::Operator, id.as_str(), right).await.expect("a task");
    assert!(view.questions.is_empty());
    let end = ended(&server, &id).await;
    assert!(said(&end).contains("Accepted"), "{}", said(&end));
}

/// A client that refuses a question has answered it.
#[tokio::test]
async fn a_question_that_the_client_refuses_is_an_error_of_the_function() {
    let server = builder().task(options(), |call: Call| async move {
        let answer = call.elicit_with::<serde_json::Value>("q", "?", json!({"type": "object"}));
        answer.await.map(|_| "answered").map_err(|error| error.to_string())
    });
    let id = created(&server).await;
    until(async || view(&server, &id).await.record.state == TaskState::InputRequired).await;
    let no = vec![(Key::from("q"), Answer::Refused("no user here".into()))];
    server.0.tasks.answer(&Access::Operator, id.as_str(), no).await.expect("a task");
    assert!(said(&ended(&server, &id).await).contains("no user here"));
}

#[tokio::test]
async fn a_task_that_sleeps_is_parked_and_goes_on_in_time() {
    let server = builder().task(options(), |call: Call| async move {
        call.sleep("a while", Duration::from_millis(300)).await;
        "rested"
    });
    let id = created(&server).await;
    until(async || server.0.tasks.running().is_empty()).await;
    assert_eq!(view(&server, &id).await.record.state, TaskState::Working);
    assert!(said(&ended(&server, &id).await).contains("rested"));
}

/// P9, X14: how far a task is can be seen by whoever asks.
#[tokio::test]
async fn progress_is_kept_with_the_task() {
    let server = builder().task(options(), |call: Call| async move {
        call.progress(1.0).total(3.0).message("one of three").await;
        call.cancelled().await;
        "over"
    });
    let id = created(&server).await;
    until(async || view(&server, &id).await.record.message.is_some()).await;
    let record = view(&server, &id).await.record;
    assert_eq!(record.message.as_deref(), Some("one of three"));
    assert_eq!(record.progress, Some((1.0, Some(3.0))));
    server.0.tasks.cancel(&Access::Operator, id.as_str()).await.expect("a task");
}

/// D12: a task that expires stops its work, and those who wait for it are told.
#[tokio::test]
async fn a_task_that_expires_stops_and_frees_those_who_wait() {
    let dropped = Arc::new(AtomicU32::new(0));
    struct Bell(Arc<AtomicU32>);
    impl Drop for Bell {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let rings = dropped.clone();
    let server = Server::builder("test", "1")
        .tasks(TaskSettings { min_ttl: Duration::ZERO, ..settings() })
        .task(options(), move |_| {
            let bell = Bell(rings.clone());
            async move {
                std::future::pending::<()>().await;
                drop(bell);
                "never"
            }
        });
    let mut request = request(&server);
    request.ttl = Some(Duration::from_millis(200));
    let id = server.0.tasks.create(request).await.expect("a task").id;
    let error = server.0.tasks.wait(&Access::Operator, id.as_str()).await.expect_err("gone");
    assert_eq!(error.code, crate::code::INVALID_PARAMS);
    until(async || dropped.load(SeqCst) == 1).await;
}

// ---- two processes

/// A server whose process has died: it beats no more, and whatever it still does counts for nothing.
async fn kill(server: &Server) {
    server.0.tasks.die();
}

/// D24: what is interrupted in the middle goes on from its journal, or fails and says so.
#[tokio::test]
async fn a_task_of_a_dead_process_goes_on_elsewhere_or_fails() {
    for (options, state) in [(replay(), TaskState::Returned), (options(), TaskState::Failed)] {
        let store = Arc::new(MemoryStore::new());
        let (first, second) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let server = |hang: bool| {
            let (first, second) = (first.clone(), second.clone());
            builder().task_store(store.clone()).task(options.clone(), move |call: Call| {
                let (first, second) = (first.clone(), second.clone());
                async move {
                    let count = |n: Arc<AtomicU32>| async move {
                        Ok::<_, crate::StepError>(n.fetch_add(1, SeqCst))
                    };
                    call.step("first", || count(first)).await?;
                    if hang {
                        std::future::pending::<()>().await;
                    }
                    call.step("second", || count(second)).await.map(|n| n.to_string())
                }
            })
        };
        let dying = server(true);
        let id = created(&dying).await;
        until(async || first.load(SeqCst) == 1).await;
        tokio::time::sleep(SOON).await;
        kill(&dying).await;
        let heir = server(false);
        let end = ended(&heir, &id).await;
        assert_eq!(end.record.state, state, "{}", said(&end));
        assert_eq!(first.load(SeqCst), 1, "a step that is recorded is not done again");
        if state == TaskState::Failed {
            assert!(said(&end).contains("interrupted"), "{}", said(&end));
            assert_eq!(second.load(SeqCst), 0);
        }
    }
}

/// What waits has nothing to lose: it goes on whatever its tool says about interruptions.
#[tokio::test]
async fn a_parked_task_survives_its_process() {
    let store = Arc::new(MemoryStore::new());
    let server = || {
        builder().task_store(store.clone()).task(options(), |call: Call| async move {
            let question =
                call.elicit_with::<serde_json::Value>("q", "?", json!({"type": "object"}));
            question.await.map(|_| "answered").map_err(|error| error.to_string())
        })
    };
    let dying = server();
    let id = created(&dying).await;
    until(async || dying.0.tasks.running().is_empty()).await;
    kill(&dying).await;
    let heir = server();
    let raw = RawValue::from_string(r#"{"action":"accept","content":{}}"#.to_owned());
    let answers = vec![(Key::from("q"), Answer::Given(raw.expect("JSON").into()))];
    heir.0.tasks.answer(&Access::Operator, id.as_str(), answers).await.expect("a task");
    assert!(said(&ended(&heir, &id).await).contains("answered"));
}

/// A graceful end: what can go on elsewhere is handed back, the rest says that it was stopped.
#[tokio::test]
async fn what_runs_when_the_server_stops_is_handed_back() {
    for (options, state) in [(replay(), TaskState::Working), (options(), TaskState::Failed)] {
        let server = builder()
            .limits(crate::Limits { drain: SOON, ..crate::Limits::default() })
            .task(options, |_| async {
                std::future::pending::<()>().await;
                "never"
            });
        let id = created(&server).await;
        server.stop_tasks().await;
        let left = view(&server, &id).await;
        assert_eq!(left.record.state, state, "{}", said(&left));
        let detail = server.task_store().inspect(&id).await.expect("a store").expect("a task");
        assert_eq!((detail.claim, left.record.attempt), (None, 1));
    }
}

/// X32, I7: all that a function asks at the same time is asked, each under its own key; answers come one by one (X53).
#[tokio::test]
async fn several_questions_at_once_are_answered_one_by_one() {
    let server = builder().task(options(), |call: Call| async move {
        let ask =
            |name| call.elicit_with::<serde_json::Value>(name, "?", json!({"type": "object"}));
        let (a, b) = tokio::join!(ask("a").into_future(), ask("b").into_future());
        format!("{} {}", a.is_ok(), b.is_ok())
    });
    let id = created(&server).await;
    until(async || view(&server, &id).await.questions.len() == 2).await;
    for (key, left) in [("b", 1), ("a", 0)] {
        let raw = RawValue::from_string(r#"{"action":"accept","content":{}}"#.to_owned());
        let answers = vec![(Key::from(key), Answer::Given(raw.expect("JSON").into()))];
        let view = server.0.tasks.answer(&Access::Operator, id.as_str(), answers).await;
        let view = view.expect("a task");
        assert_eq!(view.questions.len(), left);
        let state = if left > 0 { TaskState::InputRequired } else { TaskState::Working };
        assert_eq!(view.record.state, state);
    }
    assert!(said(&ended(&server, &id).await).contains("true true"));
}
