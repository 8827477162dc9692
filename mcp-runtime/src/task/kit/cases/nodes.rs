//! Nodes: they live as long as they say so.

use std::time::Duration;

use super::super::scene::{Scene, interrupted, records, returned, task};
use super::{Bench, Broken, ensure, refused, same};
use crate::Restart;
use crate::task::{
    Access, Admission, NewTask, NodeId, Release, StoreError, TaskState, crash_backoff,
};

fn replayed() -> NewTask {
    NewTask { restart: Restart::Replay, ..task() }
}

pub async fn leases_are_renewed(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let node = scene.join(4).await?;
    let claim = scene.working_on(node, task()).await?;
    for _ in 0..4 {
        scene.pass(2).await;
        scene.store.beat(node, scene.units(4)).await?;
        same(scene.reap().await?, 0, "who beats is not reaped")?;
    }
    scene.store.beat(node, scene.units(1)).await?;
    scene.pass(2).await;
    same(scene.reap().await?, 1, "the last beat is what counts")?;
    let finished = scene.store.finish(&claim, returned("late")).await;
    refused(finished, StoreError::Fenced, "it has lost its task")
}

/// A node whose lease has run out must hear of it before it does anything new; what it has, it keeps until it is reaped.
pub async fn late_nodes_are_fenced(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let node = scene.join(1).await?;
    let claim = scene.working_on(node, task()).await?;
    scene.queued(task()).await?;
    scene.pass(2).await;
    let unknown = NodeId::random().map_err(Broken::new)?;
    for node in [node, unknown] {
        let fenced = StoreError::Fenced;
        let lease = scene.units(10);
        refused(scene.store.beat(node, lease).await, fenced.clone(), "it cannot beat")?;
        let born = NewTask { claim: Some(node), ..task() };
        let id = born.id.clone();
        let created = scene.store.create(born, Admission::UNBOUNDED).await;
        refused(created, fenced.clone(), "nor create what it works on")?;
        ensure(scene.find(&id).await?.is_none(), "there is no such task then")?;
        let claimed = scene.store.claim(node, vec!["tool".into()], 1).await;
        refused(claimed, fenced.clone(), "nor claim")?;
        let reaped = scene.store.reap(node, interrupted()).await;
        refused(reaped, fenced, "nor reap, itself least of all")?;
    }
    scene.commit(&claim, records(&["s"])).await?;
    same(
        scene.store.finish(&claim, returned("just in time")).await,
        Ok(TaskState::Returned),
        "nobody has taken its task yet",
    )
}

/// After an outage a node has again what nobody has taken, and nothing else.
pub async fn late_nodes_come_back(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let node = scene.join(1).await?;
    let claim = scene.working_on(node, task()).await?;
    scene.ask(&claim, &["q"]).await?;
    scene.pass(2).await;
    scene.store.join(node, scene.units(4)).await?;
    same(scene.reap().await?, 0, "it is back in time")?;
    scene.answer(&claim.task, &["q"]).await?;
    let called = scene.store.beat(node, scene.units(1)).await?;
    same(called, vec![claim.clone()], "with what it held")?;
    scene.commit(&claim, records(&["s"])).await?;
    scene.pass(2).await;
    same(scene.reap().await?, 1, "another time it is too late")?;
    scene.store.join(node, scene.units(4)).await?;
    same(scene.store.beat(node, scene.units(4)).await?, vec![], "it holds nothing then")?;
    let finished = scene.store.finish(&claim, returned("late")).await;
    refused(finished, StoreError::Fenced, "its task is not its own any more")?;
    scene.working_on(node, task()).await.map(drop)
}

pub async fn dead_nodes_are_replayed(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let dying = scene.join(1).await?;
    let claim = scene.working_on(dying, replayed()).await?;
    let alive = scene.working(replayed()).await?;
    scene.ask(&claim, &["q"]).await?;
    scene.commit(&claim, records(&["s"])).await?;
    scene.pass(2).await;
    let before = scene.detail(&claim.task).await?;
    same(scene.reap().await?, 1, "one task of one node")?;
    same(scene.reap().await?, 0, "once")?;
    let view = scene.view(&claim.task).await?;
    same(view.record.attempt, 2, "one attempt later")?;
    same(view.questions, before.view.questions, "its questions stay")?;
    same(view.record.change, before.view.record.change, "D13: clients see nothing of it")?;
    let again = scene.claim().await?;
    same(&again.claim.task, &claim.task, "it is due at once after its first crash")?;
    ensure(again.claim.epoch > claim.epoch, "at a higher epoch")?;
    same(again.saved, before.saved, "with the journal that it had")?;
    scene.commit(&alive, records(&["s"])).await
}

/// What takes its process down with it does not do so in a loop.
pub async fn crashes_are_paced(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    scene.queued(replayed()).await?;
    let rounds = if bench.stands_still() { 9 } else { 3 };
    for attempt in 1..=rounds {
        let dying = scene.join(2).await?;
        let claimed = scene.store.claim(dying, vec!["tool".into()], 1).await?.claimed;
        same(claimed.len(), 1, "it is due")?;
        same(claimed[0].record.attempt, attempt, "one attempt later")?;
        scene.pass(3).await;
        same(scene.reap().await?, 1, "it has crashed")?;
        let pause = crash_backoff(attempt);
        if !pause.is_zero() {
            scene.nothing_due("not at once").await?;
            bench.advance(pause.saturating_sub(Duration::from_millis(100))).await;
            if bench.stands_still() {
                scene.nothing_due("not before its pause is over").await?;
            }
            bench.advance(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

/// D24: it does not stay `working` for ever.
pub async fn dead_nodes_fail(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let dying = scene.join(1).await?;
    let claim = scene.working_on(dying, task()).await?;
    scene.ask(&claim, &["q"]).await?;
    let before = scene.view(&claim.task).await?.record;
    scene.pass(2).await;
    same(scene.reap().await?, 1, "one task")?;
    let view = scene.view(&claim.task).await?;
    same(view.record.state, TaskState::Failed, "it has failed")?;
    same(view.outcome, Some(interrupted()), "D1: with its outcome")?;
    same(view.record.message.as_deref(), Some("interrupted"), "L90, X79: and says why")?;
    same(view.questions, vec![], "it asks nothing any more")?;
    ensure(view.record.change > before.change, "which is a change")?;
    scene.nothing_due("it is not begun again").await?;
    let finished = scene.store.finish(&claim, returned("late")).await;
    refused(finished, StoreError::Fenced, "its worker comes too late")
}

pub async fn dead_nodes_forget_the_cancelled(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    for new in [task(), replayed()] {
        let dying = scene.join(1).await?;
        let claim = scene.working_on(dying, new).await?;
        scene.store.cancel(&Access::Operator, &claim.task).await?;
        let before = scene.view(&claim.task).await?;
        scene.pass(2).await;
        same(scene.reap().await?, 1, "it loses its claim")?;
        let detail = scene.detail(&claim.task).await?;
        same((detail.view, detail.claim), (before, None), "L74: it stays cancelled")?;
        scene.nothing_due("it is not begun again").await?;
    }
    Ok(())
}

pub async fn nodes_leave(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let (idle, busy) = (scene.join(100).await?, scene.join(100).await?);
    let claim = scene.working_on(busy, replayed()).await?;
    let done = scene.working_on(idle, task()).await?;
    scene.store.finish(&done, returned("done")).await?;
    let back = scene.working_on(idle, task()).await?;
    scene.store.release(&back, Release::HandBack).await?;
    for node in [idle, busy] {
        scene.store.leave(node).await?;
        let beat = scene.store.beat(node, scene.units(10)).await;
        refused(beat, StoreError::Fenced, "who has left is not there any more")?;
    }
    same(scene.reap().await?, 1, "what it held still is a dead node's")?;
    let due = scene.claims(&["tool"], 5).await?.claimed;
    let of_busy = due.iter().find(|claimed| claimed.claim.task == claim.task);
    same(of_busy.map(|claimed| claimed.record.attempt), Some(2), "it is begun again")?;
    same(due.len(), 2, "as is what was handed back")
}
