//! What has expired is gone; what has ended can be thrown away.

use std::sync::Arc;

use super::super::scene::{Scene, TOOL, given, put, returned, task};
use super::ears::Recorder;
use super::{Bench, Broken, ensure, refused, same};
use crate::Restart;
use crate::task::{Access, Admission, Ears, NewTask, Note, Purge, Release, StoreError, TaskStore};

fn brief(scene: &Scene<'_>) -> NewTask {
    let mut new = task();
    new.ttl = Some(scene.units(2));
    new
}

/// For no operation, whether its row is still there or not.
pub async fn expired_tasks_do_not_exist(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let store = &scene.store;
    let queued = scene.queued(brief(&scene)).await?;
    let running = scene.working(brief(&scene)).await?;
    let ended = scene.working(brief(&scene)).await?;
    store.finish(&ended, returned("done")).await?;
    let parked = scene.working(brief(&scene)).await?;
    scene.ask(&parked, &["q"]).await?;
    store.release(&parked, Release::Park { until: None }).await?;
    let called = scene.working(brief(&scene)).await?;
    scene.ask(&called, &["q"]).await?;
    scene.answer(&called.task, &["q"]).await?;
    let all = [&queued, &running.task, &ended.task, &parked.task, &called.task];
    scene.pass(1).await;
    for id in all {
        ensure(scene.find(id).await?.is_some(), "D11: it is there for the whole of its time")?;
    }
    scene.pass(1).await;
    for id in all {
        ensure(scene.find(id).await?.is_none(), "it cannot be read")?;
        ensure(store.inspect(id).await?.is_none(), "not by operators either")?;
        let answered = store.answer(&Access::Operator, id, vec![given("q")]).await?;
        ensure(answered.is_none(), "it cannot be answered")?;
        ensure(store.cancel(&Access::Operator, id).await?.is_none(), "it cannot be cancelled")?;
        same(store.purge(Purge::One(id.clone())).await?, 0, "there is nothing to purge")?;
    }
    same(store.list(&Access::Operator, None, 10).await?, vec![], "it is in no list")?;
    let claims = scene.claims(&[TOOL], 10).await?;
    same((claims.claimed.len(), claims.next_due), (0, None), "it is not due")?;
    same(store.beat(scene.node, scene.units(100)).await?, vec![], "D12: nobody is called to it")?;
    let stats = store.stats().await?;
    let counts = [stats.running, stats.due, stats.waiting, stats.ended];
    same((counts, stats.due_since), ([0; 4], None), "it does not count")?;
    for claim in [&running, &called] {
        let fenced = StoreError::Fenced;
        refused(store.commit(claim, put(&["p"])).await, fenced.clone(), "D12: no commit")?;
        refused(store.take_in(claim).await, fenced.clone(), "nothing to take in")?;
        store.note(claim, Note { message: Some("still here".into()), progress: None }).await?;
        refused(store.release(claim, Release::HandBack).await, fenced.clone(), "no release")?;
        refused(store.finish(claim, returned("late")).await, fenced, "no end")?;
    }
    ensure(scene.find(&running.task).await?.is_none(), "it does not come back")
}

pub async fn expired_tasks_make_room(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let mut first = brief(&scene);
    first.dedupe = Some("k".into());
    scene.queued(first.clone()).await?;
    scene.pass(2).await;
    first.id = task().id;
    let one = Admission { live: 1, live_per_owner: 1, kept: 1, kept_per_owner: 1 };
    let second = scene.store.create(first, one).await?;
    ensure(!second.joined, "what has expired is not joined, and does not count")
}

pub async fn expired_tasks_are_deleted_in_batches(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let recorder = Arc::new(Recorder::default());
    let ears: Arc<dyn Ears> = recorder.clone();
    scene.store.listen(Arc::downgrade(&ears));
    let mut brief_ones = Vec::new();
    for _ in 0..5 {
        brief_ones.push(scene.queued(brief(&scene)).await?);
    }
    let stays = scene.queued(task()).await?;
    same(scene.store.expire(10).await?, 0, "nothing has expired")?;
    scene.pass(2).await;
    recorder.forget();
    let batches = [2, 2, 2, 2];
    let mut deleted = Vec::new();
    for limit in batches {
        deleted.push(scene.store.expire(limit).await?);
    }
    same(deleted, vec![2, 2, 1, 0], "as many as were asked for, as long as there are any")?;
    for id in &brief_ones {
        recorder.hears_of(id, "who waits for it hears that it is gone").await?;
    }
    ensure(scene.find(&stays).await?.is_some(), "the others stay")
}

pub async fn ended_tasks_are_purged(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let store: &dyn TaskStore = &*scene.store;
    let early = scene.working(task()).await?;
    let late = scene.working(task()).await?;
    let mut lives = task();
    lives.restart = Restart::Replay;
    let lives = scene.working(lives).await?;
    store.finish(&early, returned("done")).await?;
    let cancelled = scene.queued(task()).await?;
    store.cancel(&Access::Operator, &cancelled).await?;
    scene.pass(1).await;
    let between = bench.now();
    store.finish(&late, returned("done")).await?;
    let unaware = scene.working(task()).await?;
    store.cancel(&Access::Operator, &unaware.task).await?;
    same(store.purge(Purge::One(lives.task.clone())).await?, 0, "one that has not ended stays")?;
    same(store.purge(Purge::EndedBefore(between)).await?, 2, "those that ended before")?;
    for (id, there) in [(&early.task, false), (&cancelled, false), (&late.task, true)] {
        same(scene.find(id).await?.is_some(), there, "those and no others")?;
    }
    same(store.purge(Purge::One(late.task.clone())).await?, 1, "one that has ended")?;
    same(store.purge(Purge::One(late.task.clone())).await?, 0, "once")?;
    scene.pass(1).await;
    same(store.purge(Purge::EndedBefore(bench.now())).await?, 1, "one that was cancelled")?;
    let finished = store.finish(&unaware, returned("late")).await;
    refused(finished, StoreError::Fenced, "its worker finds that it is gone")?;
    same(scene.reap().await?, 0, "nobody is left to reap")?;
    ensure(scene.find(&lives.task).await?.is_some(), "what has not ended stays")
}
