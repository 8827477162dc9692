//! Ends: the first one stands, and it is seen whole.

use serde_json::json;

use super::super::scene::{Scene, given, json, put, records, returned, task};
use super::{Bench, Broken, ensure, refused, same};
use crate::task::{
    Access, Claim, Commit, Json, Note, Outcome, Release, StoreError, TaskId, TaskState,
};

fn spelt(text: &str) -> Result<Json, Broken> {
    serde_json::from_str(text).map_err(Broken::new)
}

/// D1, X83, X84: to the letter, and with the state.
pub async fn outcomes_are_read_back(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let body = spelt("{ \"content\" : [] ,\"x\":1.00, \"x\":\"\\u00e9 \\u0000\",\"é\":1e2}")?;
    let outcomes = [
        (Outcome::Returned { is_error: false, body: body.clone() }, TaskState::Returned),
        (Outcome::Returned { is_error: true, body }, TaskState::ReturnedError),
        (
            Outcome::Failed(spelt("{\"code\" : -32603,\"message\":\"\",\"data\":[ ]}")?),
            TaskState::Failed,
        ),
        (returned(&"long ".repeat(200_000)), TaskState::Returned),
    ];
    for (outcome, state) in outcomes {
        let claim = scene.working(task()).await?;
        let commit = Commit { set: vec![("t".into(), 5)], ..put(&["q"]) };
        scene.commit(&claim, commit).await?;
        scene.commit(&claim, records(&["s"])).await?;
        let before = scene.view(&claim.task).await?.record;
        scene.pass(1).await;
        same(scene.store.finish(&claim, outcome.clone()).await, Ok(state), "it ends so")?;
        let detail = scene.detail(&claim.task).await?;
        let view = detail.view;
        same((view.record.state, view.outcome), (state, Some(outcome)), "state and outcome")?;
        ensure(view.record.change > before.change, "it is a change")?;
        ensure(view.record.updated_at > before.updated_at, "D13: at a later time")?;
        same((view.questions, detail.claim), (vec![], None), "its questions and its claim go")?;
        same((detail.saved.timers, detail.due_at), (vec![], None), "and its timers")?;
        let after = scene.answer(&claim.task, &["q"]).await?;
        same(after.record.updated_at, view.record.updated_at, "D13: nothing changes after it")?;
        refused(scene.store.take_in(&claim).await, StoreError::Fenced, "nobody works on it")?;
    }
    scene.pass(100).await;
    scene.nothing_due("what has ended is not begun again").await?;
    same(scene.store.beat(scene.node, scene.units(9)).await?, vec![], "nobody is called to it")
}

/// L90, X79.
pub async fn failures_say_why(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let error =
        |content| Outcome::Returned { is_error: true, body: json(json!({"content": content})) };
    let text = |text: &str| json!({"type": "text", "text": text});
    let long = "ß".repeat(300);
    let image = json!({"type": "image", "data": "", "mimeType": "image/png"});
    let failed = Outcome::Failed(json(json!({"code": -32603, "message": "no: \u{1f980}"})));
    let cases = [
        (failed, Some("no: \u{1f980}".to_owned())),
        (
            error(json!([image, text("too few frames"), text("more")])),
            Some("too few frames".into()),
        ),
        (error(json!([text(&long)])), error(json!([text(&long)])).message()),
        (error(json!([])), Some("working on it".into())),
        (returned("fine"), Some("working on it".into())),
    ];
    for (outcome, message) in cases {
        let claim = scene.working(task()).await?;
        let note = Note { message: Some("working on it".into()), progress: None };
        scene.store.note(&claim, note).await?;
        scene.store.finish(&claim, outcome).await?;
        same(scene.view(&claim.task).await?.record.message, message, "the message")?;
    }
    Ok(())
}

/// L35, L74, D2.
pub async fn the_first_end_stands(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    scene.store.cancel(&Access::Operator, &claim.task).await?;
    let before = scene.view(&claim.task).await?;
    scene.pass(1).await;
    let finished = scene.store.finish(&claim, returned("late")).await;
    same(finished, Ok(TaskState::Cancelled), "its worker hears that it was cancelled")?;
    same(scene.view(&claim.task).await?, before, "and changes nothing")?;
    same(scene.detail(&claim.task).await?.claim, None, "but gives up its claim")?;
    let again = scene.store.finish(&claim, returned("later")).await;
    refused(again, StoreError::Fenced, "once")?;

    let claim = scene.working(task()).await?;
    scene.store.finish(&claim, returned("done")).await?;
    let before = scene.view(&claim.task).await?;
    scene.pass(1).await;
    let cancelled = scene.store.cancel(&Access::Operator, &claim.task).await?;
    let cancelled = cancelled.ok_or_else(|| Broken::new("it is there"))?;
    ensure(!cancelled.first, "who cancels hears that it had ended")?;
    same(cancelled.view, before.clone(), "and sees how")?;
    same(scene.view(&claim.task).await?, before, "D3: nothing has changed")?;
    let again = scene.store.finish(&claim, returned("again")).await;
    refused(again, StoreError::Fenced, "it ends once")
}

async fn is_cancelled(scene: &Scene<'_>, id: &TaskId) -> Result<(), Broken> {
    let before = scene.view(id).await?.record;
    scene.pass(1).await;
    let cancelled = scene.store.cancel(&Access::Operator, id).await?;
    let cancelled = cancelled.ok_or_else(|| Broken::new("it is there"))?;
    ensure(cancelled.first, "this has cancelled it")?;
    let view = cancelled.view;
    same(view.record.state, TaskState::Cancelled, "L73: at once")?;
    same((&view.outcome, view.questions.len()), (&None, 0), "without an outcome and questions")?;
    ensure(view.record.change > before.change, "it is a change")?;
    ensure(view.record.updated_at > before.updated_at, "D13: at a later time")?;
    same(&scene.view(id).await?, &view, "as everybody sees")?;
    let second = scene.store.cancel(&Access::Operator, id).await?;
    let second = second.ok_or_else(|| Broken::new("it is there"))?;
    same((second.first, second.view), (false, view), "a second one cancels nothing")?;
    scene.pass(100).await;
    scene.nothing_due("nobody begins it again").await
}

pub async fn cancelled_before_it_began(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let id = scene.queued(task()).await?;
    is_cancelled(&scene, &id).await?;
    let unknown = scene.store.cancel(&Access::Operator, &TaskId::from("unknown")).await?;
    same(unknown, None, "an unknown task is not there")
}

pub async fn cancelled_while_it_waits(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    for release in [
        Release::Park { until: None },
        Release::Park { until: Some(scene.after(50)) },
        Release::Retry { at: scene.after(50), message: "no".into() },
        Release::HandBack,
    ] {
        let claim = scene.working(task()).await?;
        scene.ask(&claim, &["q"]).await?;
        scene.store.release(&claim, release).await?;
        is_cancelled(&scene, &claim.task).await?;
        let detail = scene.detail(&claim.task).await?;
        same((detail.claim, detail.due_at), (None, None), "nobody need acknowledge it")?;
        scene.answer(&claim.task, &["q"]).await?;
        scene.nothing_due("an answer does not wake it").await?;
    }
    Ok(())
}

/// The claim stands until the worker has acknowledged it, one way or the other.
pub async fn cancelled_while_it_runs(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    for release in [
        None,
        Some(Release::Park { until: Some(scene.after(1)) }),
        Some(Release::Retry { at: 0, message: "no".into() }),
        Some(Release::HandBack),
    ] {
        let claim = scene.working(task()).await?;
        let commit = Commit { set: vec![("t".into(), 5)], ..put(&["q", "p"]) };
        scene.commit(&claim, commit).await?;
        scene.answer(&claim.task, &["p"]).await?;
        scene.store.take_in(&claim).await?;
        let before = bench.now();
        is_cancelled(&scene, &claim.task).await?;
        tells_its_worker(&scene, &claim, before).await?;
        let view = scene.view(&claim.task).await?;
        match release {
            None => drop(scene.store.finish(&claim, returned("late")).await?),
            Some(release) => scene.store.release(&claim, release).await?,
        }
        let detail = scene.detail(&claim.task).await?;
        same((detail.view, detail.claim), (view, None), "the claim goes, and nothing else")?;
        scene.pass(5).await;
        scene.nothing_due("nobody begins it again").await?;
        let committed = scene.store.commit(&claim, records(&["s"])).await;
        refused(committed, StoreError::Fenced, "now nobody works on it")?;
    }
    Ok(())
}

async fn tells_its_worker(scene: &Scene<'_>, claim: &Claim, before: u64) -> Result<(), Broken> {
    let store = &scene.store;
    let called = store.beat(scene.node, scene.units(10_000)).await?;
    same(called, vec![claim.clone()], "its worker is called")?;
    same(scene.detail(&claim.task).await?.claim.as_ref(), Some(claim), "its claim stands")?;
    let view = scene.view(&claim.task).await?;
    let cancelled = StoreError::Cancelled;
    refused(store.commit(claim, records(&["s"])).await, cancelled, "it commits nothing")?;
    let note = Note { message: Some("still here".into()), progress: Some((1.0, None)) };
    store.note(claim, note).await?;
    store.answer(&Access::Operator, &claim.task, vec![given("q")]).await?;
    same(scene.view(&claim.task).await?, view.clone(), "and says nothing")?;
    same(scene.detail(&claim.task).await?.saved.records, vec![], "nothing is written")?;
    for _ in 0..2 {
        let inbox = store.take_in(claim).await?;
        same(inbox.answers.len(), 0, "nobody waits for answers")?;
        let at = inbox.cancelled.ok_or_else(|| Broken::new("it hears that it was cancelled"))?;
        ensure(at >= before && at == view.record.updated_at, "and when")?;
    }
    Ok(())
}

pub async fn cancelled_after_its_end(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    for outcome in [returned("done"), super::super::scene::interrupted()] {
        let claim = scene.working(task()).await?;
        scene.store.finish(&claim, outcome).await?;
        let before = scene.view(&claim.task).await?;
        let cancelled = scene.store.cancel(&Access::Operator, &claim.task).await?;
        let found = cancelled.map(|cancelled| (cancelled.first, cancelled.view));
        same(found, Some((false, before)), "it stays as it is")?;
        let called = scene.store.beat(scene.node, scene.units(100)).await?;
        same(called, vec![], "nobody is called")?;
    }
    Ok(())
}
