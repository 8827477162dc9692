//! Claims: who may work on what.

use super::super::scene::{
    Scene, TOOL, given, keys, put, question, record, records, returned, task,
};
use super::{Bench, Broken, ensure, refused, same};
use crate::Restart;
use crate::task::{
    Claim, Commit, Learned, NewTask, Note, Release, Standing, StoreError, TaskId, TaskState,
};

pub async fn born_claimed_or_queued(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    same((claim.node, claim.epoch), (scene.node, 1), "born claimed, with epoch 1")?;
    same(scene.detail(&claim.task).await?.claim, Some(claim), "operators see who works on it")?;
    scene.nothing_due("it is nobody else's").await?;
    let new = task();
    let id = scene.queued(new.clone()).await?;
    let claimed = scene.claim().await?;
    same(&claimed.claim.task, &id, "the other one waits to be claimed")?;
    same(claimed.claim.node, scene.node, "by this node")?;
    same(claimed.record, scene.view(&id).await?.record, "with its record")?;
    same((claimed.call, claimed.saved), (new.call, new.saved), "its call and its journal")?;
    let detail = scene.detail(&id).await?;
    same((detail.claim, detail.due_at), (Some(claimed.claim), None), "and is not due any more")?;
    scene.nothing_due("a task is claimed once").await
}

pub async fn claimed_in_the_order_of_due(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let mut expected = Vec::new();
    // The later it was created, the sooner it is due; and of two tools in turns.
    for at in 0..6 {
        let mut new = task();
        new.tool = if at % 2 == 0 { TOOL.into() } else { "other".into() };
        let claim = scene.working(new).await?;
        let retry = Release::Retry { at: scene.after(10 - at), message: "no".into() };
        scene.store.release(&claim, retry).await?;
        expected.insert(0, claim.task);
    }
    scene.pass(20).await;
    let first = scene.queued(task()).await?;
    expected.push(first);
    let ids = |claimed: &[crate::task::Claimed]| -> Vec<TaskId> {
        claimed.iter().map(|claimed| claimed.claim.task.clone()).collect()
    };
    let some = scene.claims(&[TOOL, "other"], 4).await?.claimed;
    same(ids(&some), expected[..4].to_vec(), "no more than asked for, the oldest first")?;
    let rest = scene.claims(&["other", TOOL, "other"], 10).await?.claimed;
    same(ids(&rest), expected[4..].to_vec(), "and then the rest")
}

pub async fn claimed_by_tool(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let mut other = task();
    other.tool = "other".into();
    let other = scene.queued(other).await?;
    scene.nothing_due("a node claims what it has the tools for").await?;
    let none = scene.claims(&[], 10).await?;
    ensure(none.claimed.is_empty(), "one without tools claims nothing")?;
    let none = scene.claims(&["other"], 0).await?;
    ensure(none.claimed.is_empty(), "one that wants nothing claims nothing")?;
    let some = scene.claims(&["third", "other", TOOL], 10).await?.claimed;
    same(some.len(), 1, "one that has them does")?;
    same(&some[0].claim.task, &other, "the task of that tool")
}

pub async fn claims_say_what_is_due_next(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    same(scene.claims(&[TOOL], 1).await?.next_due, None, "nothing is due ever")?;
    let (soon, later) = (scene.after(3), scene.after(7));
    for (tool, until) in [(TOOL, Some(later)), ("other", Some(soon)), (TOOL, None)] {
        let mut new = task();
        new.tool = tool.into();
        let claim = scene.working(new).await?;
        scene.store.release(&claim, Release::Park { until }).await?;
    }
    for (tools, due) in
        [(&[TOOL][..], Some(later)), (&[TOOL, "other"], Some(soon)), (&["third"], None)]
    {
        let claims = scene.claims(tools, 5).await?;
        same((claims.claimed.len(), claims.next_due), (0, due), "the next of these tools")?;
    }
    scene.queued(task()).await?;
    let claims = scene.claims(&[TOOL, "other"], 5).await?;
    same((claims.claimed.len(), claims.next_due), (1, Some(soon)), "after what is due now")
}

/// Each write of a worker that is not one any more is refused, and nothing of it is written.
pub async fn fenced_worker_changes_nothing(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let dying = scene.join(1).await?;
    let mut new = task();
    new.restart = Restart::Replay;
    let old = scene.working_on(dying, new).await?;
    scene.ask(&old, &["q"]).await?;
    scene.commit(&old, records(&["s"])).await?;
    scene.pass(2).await;
    scene.reap().await?;
    changes_nothing(&scene, &old, "nobody works on it").await?;

    let new = scene.claim().await?.claim;
    ensure(new.epoch > old.epoch, "the epoch goes up")?;
    changes_nothing(&scene, &old, "somebody else works on it").await?;
    for guessed in [
        Claim { epoch: old.epoch, ..new.clone() },
        Claim { epoch: new.epoch + 1, ..new.clone() },
        Claim { node: dying, ..new.clone() },
        Claim { task: TaskId::from("unknown"), ..new.clone() },
    ] {
        changes_nothing(&scene, &guessed, "a claim that was never given").await?;
    }
    scene.answer(&new.task, &["q"]).await?;
    same(scene.store.take_in(&new).await?.answers.len(), 1, "the new worker has its answer")?;
    scene.store.finish(&new, returned("done")).await?;
    changes_nothing(&scene, &old, "it has ended").await?;
    changes_nothing(&scene, &new, "its own end is an end, too").await
}

async fn changes_nothing(scene: &Scene<'_>, claim: &Claim, what: &str) -> Result<(), Broken> {
    let store = &scene.store;
    let known = !claim.task.as_str().starts_with("unknown");
    let before = if known { Some(scene.detail(&claim.task).await?) } else { None };
    let all = Commit {
        abandoned: vec!["s".into()],
        version: Some("2".into()),
        put: vec![("late".into(), question("late"))],
        set: vec![("late".into(), 1)],
        withdrawn: vec!["q".into()],
        unset: vec!["q".into()],
        refused: vec!["q".into()],
        records: vec![record("late", Learned::Fired)],
        progress: Some(1.0),
    };
    let fenced = StoreError::Fenced;
    refused(store.commit(claim, all).await, fenced.clone(), what)?;
    refused(store.take_in(claim).await, fenced.clone(), what)?;
    store.note(claim, Note { message: Some("late".into()), progress: Some((1.0, None)) }).await?;
    for release in [
        Release::Park { until: None },
        Release::Retry { at: 0, message: "late".into() },
        Release::HandBack,
    ] {
        refused(store.release(claim, release).await, fenced.clone(), what)?;
    }
    refused(store.finish(claim, returned("late")).await, fenced, what)?;
    if let Some(before) = before {
        let after = scene.detail(&claim.task).await?;
        let parts = |detail: crate::task::TaskDetail| {
            (detail.view, detail.saved, detail.times, detail.claim, detail.due_at)
        };
        same(parts(after), parts(before), what)?;
    }
    Ok(())
}

pub async fn given_up_claims_are_fenced(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let far = scene.after(50);
    for release in [
        Release::Park { until: None },
        Release::Park { until: Some(far) },
        Release::Retry { at: far, message: "no".into() },
        Release::HandBack,
    ] {
        let claim = scene.working(task()).await?;
        scene.commit(&claim, records(&["s"])).await?;
        scene.ask(&claim, &["q"]).await?;
        scene.store.release(&claim, release).await?;
        same(scene.detail(&claim.task).await?.claim, None, "nobody works on it")?;
        changes_nothing(&scene, &claim, "a claim that was given up").await?;
        same(scene.store.beat(scene.node, scene.units(1000)).await?, vec![], "it is nobody's")?;
    }
    Ok(())
}

pub async fn handed_back_is_due(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    scene.ask(&claim, &["q"]).await?;
    let before = scene.view(&claim.task).await?;
    scene.store.release(&claim, Release::HandBack).await?;
    same(scene.view(&claim.task).await?, before.clone(), "D13: clients see nothing of it")?;
    let again = scene.claim().await?;
    same(again.claim.epoch, claim.epoch + 1, "the epoch goes up by one")?;
    same(again.record, before.record, "it is the same attempt")?;
    same(again.saved.asked.len(), 1, "with its journal")
}

/// One attempt later, at that time, without the failures at the end of the journal.
pub async fn retries_forget_the_last_failures(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(NewTask { restart: Restart::Fail, ..task() }).await?;
    let failed = |key| record(key, Learned::Error("no".into()));
    scene.ask(&claim, &["refused"]).await?;
    let learned = vec![failed("e1"), record("v1", Learned::Value(super::super::scene::json(1)))];
    scene.commit(&claim, Commit { records: learned, ..Commit::default() }).await?;
    let learned = vec![failed("refused"), failed("e2"), failed("e3")];
    scene.commit(&claim, Commit { records: learned, ..Commit::default() }).await?;
    let before = scene.view(&claim.task).await?.record;
    let at = scene.after(3);
    scene.store.release(&claim, Release::Retry { at, message: "try – again".into() }).await?;
    let detail = scene.detail(&claim.task).await?;
    let kept: Vec<&str> = detail.saved.records.iter().map(|record| record.key.as_str()).collect();
    same(kept, vec!["e1", "v1", "refused"], "what the function has acted on stays")?;
    same(detail.times.len(), 3, "with its times")?;
    same(detail.saved.asked[0].standing, Standing::Settled, "a question is never put again")?;
    same((detail.due_at, detail.claim), (Some(at), None), "it is due at its time")?;
    let record = detail.view.record;
    same((record.attempt, record.state), (2, TaskState::Working), "its second attempt")?;
    same(record.message.as_deref(), Some("try – again"), "clients see why")?;
    ensure(record.change > before.change, "which is a change")?;
    scene.nothing_due("not before").await?;
    scene.pass(3).await;
    let again = scene.claim().await?;
    same((again.claim.epoch, again.record.attempt), (claim.epoch + 1, 2), "it begins again")?;
    same(keys(&scene.view(&claim.task).await?), vec![], "and asks nothing")?;
    scene.commit(&again.claim, put(&["next"])).await?;
    let answered =
        scene.store.answer(&crate::task::Access::Operator, &claim.task, vec![given("next")]);
    ensure(answered.await?.is_some(), "and goes on")
}

/// What is said of an attempt that failed is not said of the next one; what the task says of itself stays.
pub async fn retries_forget_their_message(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    let retry = Release::Retry { at: scene.after(1), message: "attempt 1 failed".into() };
    scene.store.release(&claim, retry).await?;
    let before = scene.view(&claim.task).await?.record;
    same(before.message.as_deref(), Some("attempt 1 failed"), "until then clients see why")?;
    scene.pass(1).await;
    let again = scene.claim().await?;
    same(again.record.message.as_deref(), None, "it begins without a message")?;
    let record = scene.view(&claim.task).await?.record;
    same(&record, &again.record, "for clients, too")?;
    ensure(record.change > before.change, "which is a change")?;
    ensure(record.updated_at > before.updated_at, "D13: at a later time")?;

    let message = Some("half".to_owned());
    scene.store.note(&again.claim, Note { message, progress: None }).await?;
    scene.ask(&again.claim, &["q"]).await?;
    scene.store.release(&again.claim, Release::Park { until: None }).await?;
    scene.answer(&claim.task, &["q"]).await?;
    let before = scene.view(&claim.task).await?.record;
    let resumed = scene.claim().await?;
    same(&resumed.record, &before, "D13: a claim alone is no change")?;
    scene.store.finish(&resumed.claim, returned("done")).await?;
    let record = scene.view(&claim.task).await?.record;
    same(record.message.as_deref(), Some("half"), "what the task has said stays")
}
