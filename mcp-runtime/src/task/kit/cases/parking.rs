//! Tasks that wait need no worker, and no wake-up is lost.

use super::super::scene::{Scene, records, task};
use super::{Bench, Broken, ensure, same};
use crate::task::{Claim, Release, TaskState};

async fn asking(scene: &Scene<'_>) -> Result<Claim, Broken> {
    let claim = scene.working(task()).await?;
    scene.ask(&claim, &["q", "p"]).await?;
    scene.store.take_in(&claim).await?;
    Ok(claim)
}

const FOR_INPUT: Release = Release::Park { until: None };

pub async fn an_answer_wakes(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = asking(&scene).await?;
    let before = scene.view(&claim.task).await?;
    scene.store.release(&claim, FOR_INPUT).await?;
    same(scene.view(&claim.task).await?, before, "D13: clients see nothing of it")?;
    same(scene.detail(&claim.task).await?.due_at, None, "it is due when input arrives")?;
    scene.pass(100).await;
    scene.nothing_due("and not before").await?;
    scene.answer(&claim.task, &["unknown"]).await?;
    scene.nothing_due("what answers nothing does not wake it").await?;
    scene.answer(&claim.task, &["p"]).await?;
    let again = scene.claim().await?;
    ensure(again.claim.epoch > claim.epoch, "an answer does")?;
    same(again.record.attempt, 1, "it goes on where it was")?;
    same(again.record.state, TaskState::InputRequired, "and waits for the other still")?;
    same(scene.store.take_in(&again.claim).await?.answers.len(), 1, "with the answer")
}

/// The lost wake-up: the answer comes after the worker has looked, and before it has parked.
pub async fn an_answer_before_parking_wakes(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    for until in [None, Some(scene.after(50))] {
        let claim = asking(&scene).await?;
        scene.answer(&claim.task, &["q"]).await?;
        scene.store.release(&claim, Release::Park { until }).await?;
        let again = scene.claim().await?.claim;
        same(&again.task, &claim.task, "it is due at once")?;
        // Who gives it up without a look has not seen it either.
        scene.store.release(&again, FOR_INPUT).await?;
        let third = scene.claim().await?.claim;
        same(scene.store.take_in(&third).await?.answers.len(), 1, "until somebody has looked")?;
        scene.store.release(&third, FOR_INPUT).await?;
        scene.nothing_due("who has looked can wait").await?;
    }
    Ok(())
}

pub async fn a_seen_answer_does_not_wake(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = asking(&scene).await?;
    scene.answer(&claim.task, &["q"]).await?;
    scene.store.take_in(&claim).await?;
    scene.commit(&claim, records(&["q"])).await?;
    scene.store.release(&claim, FOR_INPUT).await?;
    scene.nothing_due("it waits for the other answer").await?;
    scene.answer(&claim.task, &["p"]).await?;
    scene.claim().await?;
    Ok(())
}

pub async fn a_time_wakes(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = asking(&scene).await?;
    let until = scene.after(10);
    scene.store.release(&claim, Release::Park { until: Some(until) }).await?;
    same(scene.detail(&claim.task).await?.due_at, Some(until), "it is due at that time")?;
    scene.pass(8).await;
    scene.nothing_due("and not before").await?;
    scene.pass(2).await;
    let again = scene.claim().await?;
    same(again.record.attempt, 1, "it goes on where it was")?;
    scene.store.release(&again.claim, Release::Park { until: Some(until) }).await?;
    scene.claim().await?;
    Ok(())
}

pub async fn an_answer_is_sooner_than_a_time(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = asking(&scene).await?;
    let until = Some(scene.after(10));
    scene.store.release(&claim, Release::Park { until }).await?;
    scene.answer(&claim.task, &["q"]).await?;
    let again = scene.claim().await?.claim;
    scene.store.take_in(&again).await?;
    scene.store.release(&again, FOR_INPUT).await?;
    scene.pass(20).await;
    scene.nothing_due("the time is not kept after that").await
}

/// A task that waits for its next attempt is not parked: its answers can wait.
pub async fn a_pause_is_not_cut_short(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = asking(&scene).await?;
    let at = scene.after(10);
    scene.store.release(&claim, Release::Retry { at, message: "no".into() }).await?;
    scene.answer(&claim.task, &["q"]).await?;
    same(scene.detail(&claim.task).await?.due_at, Some(at), "it is due at its time")?;
    scene.nothing_due("an answer does not begin it again sooner").await?;
    scene.pass(10).await;
    let again = scene.claim().await?.claim;
    same(scene.store.take_in(&again).await?.answers.len(), 1, "and is there then")
}
