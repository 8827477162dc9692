//! Tasks come into being, and are seen by whom they belong to.

use std::time::Duration;

use serde_json::json;

use super::super::scene::{
    Scene, TOOL, alice, asked, bob, given, json, put, question, records, returned, sorted, task,
};
use super::{Bench, Broken, ensure, refused, same};
use crate::Restart;
use crate::task::{
    Access, Admission, NewTask, Note, Owner, Purge, Refusal, Release, Standing, StoreError, TaskId,
    TaskState,
};

/// X22: it can be read once `create` is ready.
pub async fn create_then_get(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let before = bench.now();
    let created = scene.create(task()).await?;
    let record = created.record;
    ensure(!created.joined && created.claim.is_none(), "a new task that nobody works on")?;
    let view = scene.view(&record.id).await?;
    same(&view.record, &record, "what was created is what is read")?;
    same(view.record.state, TaskState::Working, "L33: it begins as working")?;
    same((view.outcome, view.questions.len()), (None, 0), "it has no outcome and no questions")?;
    ensure(
        (before..=bench.now()).contains(&record.created_at),
        "it is created now, by the store's clock",
    )?;
    same(record.updated_at, record.created_at, "nothing has changed since")?;
    same((record.attempt, record.expires_at), (1, None), "its first attempt, for ever")?;
    let nobody = TaskId::from("an id that was never given away");
    ensure(scene.find(&nobody).await?.is_none(), "an unknown task is not there")?;
    ensure(scene.store.inspect(&nobody).await?.is_none(), "nor for operators")
}

pub async fn everything_is_kept(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let mut new = task();
    new.id = TaskId::from("a/b c'\"%_");
    new.owner = Owner::from_text("zoë'; --");
    new.tool = "größe".into();
    new.call = json(json!({"arguments": {"text": "a\u{0}b \u{1f980} '\"\\"}}));
    new.ttl = Some(scene.units(10));
    new.restart = Restart::Replay;
    new.retry_of = Some(TaskId::from("before"));
    new.saved.version = "1.0-β".into();
    new.saved.asked = vec![asked("q", Standing::Open), asked("gone", Standing::Withdrawn)];
    new.saved.timers = vec![("t".into(), 17), ("q".into(), u64::from(u32::MAX) * 1000)];
    new.saved.progress = Some(0.1);
    new.questions = vec![("q".into(), question("q"))];
    let created = scene.create(new.clone()).await?;
    let detail = scene.detail(&new.id).await?;
    let record = &detail.view.record;
    same(record, &created.record, "it is what was created")?;
    same((&record.owner, &record.tool), (&new.owner, &new.tool), "owner and tool")?;
    same(record.expires_at, Some(record.created_at + millis(scene.units(10))), "D11")?;
    same(&record.retry_of, &new.retry_of, "what it repeats")?;
    same(record.state, TaskState::InputRequired, "L38: it asks something")?;
    same(&detail.view.questions, &new.questions, "its questions")?;
    same(&detail.call, &new.call, "the call, to the letter")?;
    same(sorted(detail.saved), sorted(new.saved), "the journal")?;
    same(detail.restart, Restart::Replay, "what becomes of it when its node dies")?;
    same((detail.claim, detail.due_at), (None, Some(record.created_at)), "it waits to be claimed")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// L32.
pub async fn an_id_is_taken_once(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let new = task();
    let first = scene.create(new.clone()).await?.record;
    let mut again = new;
    again.owner = bob();
    let second = scene.store.create(again, Admission::UNBOUNDED).await;
    ensure(matches!(second, Err(StoreError::Unavailable(_))), "an id cannot be taken twice")?;
    same(scene.view(&first.id).await?.record, first, "the first task stays as it was")
}

/// D9, L98, L99, X90: what is somebody else's does not exist.
pub async fn owners_see_their_own(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let (store, claim) = (&scene.store, scene.working(task()).await?);
    let id = &claim.task;
    scene.ask(&claim, &["q"]).await?;
    let before = scene.view(id).await?;
    for other in [bob(), Owner::from_text("alic"), Owner::from_text("Alice"), Owner::anonymous()] {
        let access = Access::Owner(other);
        ensure(store.get(&access, id).await?.is_none(), "others cannot get it")?;
        let answered = store.answer(&access, id, vec![given("q")]).await?;
        ensure(answered.is_none(), "others cannot answer for it")?;
        ensure(store.cancel(&access, id).await?.is_none(), "others cannot cancel it")?;
        ensure(store.list(&access, None, 10).await?.is_empty(), "others cannot list it")?;
    }
    same(&scene.view(id).await?, &before, "what others have tried has changed nothing")?;
    let own = Access::Owner(alice());
    same(store.get(&own, id).await?, Some(before), "its owner sees it")?;
    same(store.list(&own, None, 10).await?.len(), 1, "and has it in the list")?;
    let view = store.answer(&own, id, vec![given("q")]).await?;
    same(view.map(|view| view.record.state), Some(TaskState::Working), "and answers for it")?;
    let cancelled = store.cancel(&own, id).await?;
    ensure(cancelled.is_some_and(|cancelled| cancelled.first), "and cancels it")?;

    let mut of_nobody = task();
    of_nobody.owner = Owner::anonymous();
    let id = scene.queued(of_nobody).await?;
    let nobody = Access::Owner(Owner::anonymous());
    ensure(store.get(&nobody, &id).await?.is_some(), "who is nobody sees nobody's tasks")?;
    ensure(store.get(&own, &id).await?.is_none(), "who is somebody does not")
}

pub async fn same_key_joins(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let with = |owner: Owner, tool: &str, key: &str| {
        let mut new = task();
        (new.owner, new.tool, new.dedupe) = (owner, tool.into(), Some(key.into()));
        new
    };
    let first = scene.create(with(alice(), TOOL, "k")).await?;
    let mut again = with(alice(), TOOL, "k");
    again.claim = Some(scene.node);
    let (again, no_room) =
        (again, Admission { live: 0, live_per_owner: 0, kept: 0, kept_per_owner: 0 });
    let second = again.id.clone();
    let joined = scene.store.create(again, no_room).await?;
    same(joined.record, first.record, "the same key joins, whether there is room or not")?;
    ensure(joined.joined && joined.claim.is_none(), "and gives no right to work")?;
    ensure(scene.find(&second).await?.is_none(), "and creates nothing")?;
    for (owner, tool, key) in
        [(bob(), TOOL, "k"), (alice(), "other", "k"), (alice(), TOOL, "K"), (alice(), TOOL, "")]
    {
        let other = scene.create(with(owner, tool, key)).await?;
        ensure(!other.joined, "another owner, tool or key does not join")?;
    }
    let plain = scene.create(task()).await?;
    ensure(!plain.joined, "nor does a task without a key")
}

pub async fn an_end_frees_the_key(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let with_key = || {
        let mut new = task();
        new.dedupe = Some("k".into());
        new
    };
    let claim = scene.working(with_key()).await?;
    scene.store.finish(&claim, returned("done")).await?;
    let second = scene.create(with_key()).await?;
    ensure(!second.joined, "a task that has ended is not joined")?;
    scene.store.cancel(&Access::Operator, &second.record.id).await?;
    let dying = scene.join(1).await?;
    let third = scene.working_on(dying, with_key()).await?;
    ensure(third.task != second.record.id, "nor one that was cancelled")?;
    scene.pass(2).await;
    scene.reap().await?;
    let fourth = scene.create(with_key()).await?;
    ensure(!fourth.joined, "nor one that was interrupted")
}

/// L101.
pub async fn bounds_of_live_tasks(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let two = Admission { live: 2, ..Admission::UNBOUNDED };
    let full = StoreError::Refused(Refusal::Live);
    let claim = scene.working(task()).await?;
    scene.queued(task()).await?;
    refused(scene.store.create(task(), two).await, full.clone(), "two are two")?;
    scene.store.finish(&claim, returned("done")).await?;
    let parked = scene.working(task()).await?;
    scene.ask(&parked, &["q"]).await?;
    scene.store.release(&parked, Release::Park { until: None }).await?;
    refused(scene.store.create(task(), two).await, full, "one that waits is live")?;
    scene.store.cancel(&Access::Operator, &parked.task).await?;
    scene.store.create(task(), two).await?;
    Ok(())
}

/// L101: anonymous callers are not counted apart.
pub async fn bounds_of_one_owner(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let one = Admission { live_per_owner: 1, ..Admission::UNBOUNDED };
    let of = |owner: Owner| {
        let mut new = task();
        new.owner = owner;
        new
    };
    let first = scene.store.create(of(alice()), one).await?;
    let full = StoreError::Refused(Refusal::PerOwner);
    refused(scene.store.create(of(alice()), one).await, full, "one is one")?;
    scene.store.create(of(bob()), one).await?;
    for _ in 0..2 {
        scene.store.create(of(Owner::anonymous()), one).await?;
    }
    scene.store.cancel(&Access::Operator, &first.record.id).await?;
    scene.store.create(of(alice()), one).await?;
    Ok(())
}

pub async fn bounds_of_kept_tasks(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let one = Admission { kept: 1, ..Admission::UNBOUNDED };
    let claim = scene.working(task()).await?;
    scene.store.finish(&claim, returned("done")).await?;
    let full = StoreError::Refused(Refusal::Kept);
    refused(scene.store.create(task(), one).await, full, "D11: what has ended takes room")?;
    scene.store.purge(Purge::One(claim.task)).await?;
    scene.store.create(task(), one).await?;
    Ok(())
}

/// One who lets tasks end and lie about takes nobody else's room.
pub async fn bounds_of_what_one_owner_keeps(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let two = Admission { kept_per_owner: 2, ..Admission::UNBOUNDED };
    let of = |owner: Owner| NewTask { owner, ..task() };
    let ended = scene.working(of(alice())).await?;
    scene.store.finish(&ended, returned("done")).await?;
    let cancelled = scene.queued(of(alice())).await?;
    scene.store.cancel(&Access::Operator, &cancelled).await?;
    let full = StoreError::Refused(Refusal::KeptPerOwner);
    refused(scene.store.create(of(alice()), two).await, full.clone(), "two are two")?;
    for _ in 0..3 {
        scene.store.create(of(Owner::anonymous()), two).await?;
    }
    scene.store.create(of(bob()), two).await?;
    scene.store.purge(Purge::One(cancelled)).await?;
    let mut brief = of(alice());
    brief.ttl = Some(scene.units(1));
    scene.store.create(brief, two).await?;
    refused(scene.store.create(of(alice()), two).await, full, "two again")?;
    scene.pass(2).await;
    scene.store.create(of(alice()), two).await?;
    Ok(())
}

/// What is not said stays as it was.
pub async fn notes_are_seen(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let claim = scene.working(task()).await?;
    let before = scene.view(&claim.task).await?.record;
    scene.pass(1).await;
    let message = Some("half – ½".to_owned());
    let note = Note { message: message.clone(), progress: None };
    scene.store.note(&claim, note).await?;
    let first = scene.view(&claim.task).await?.record;
    same((&first.message, first.progress), (&message, None), "a message")?;
    ensure(first.change > before.change, "it is a change")?;
    ensure(first.updated_at > before.updated_at, "D13: at a later time")?;
    let progress = Some((0.5, Some(2.0)));
    scene.store.note(&claim, Note { message: None, progress }).await?;
    let second = scene.view(&claim.task).await?.record;
    same((&second.message, second.progress), (&message, progress), "and a progress")?;
    ensure(second.change > first.change, "it is a change")?;
    scene.store.note(&claim, Note { message: None, progress: Some((0.75, None)) }).await?;
    let third = scene.view(&claim.task).await?.record;
    same((&third.message, third.progress), (&message, Some((0.75, None))), "a progress is whole")
}

pub async fn stats_count(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let first = scene.create(task()).await?.record;
    scene.pass(1).await;
    scene.queued(task()).await?;
    let ended = scene.working(task()).await?;
    scene.store.finish(&ended, returned("done")).await?;
    let ended = scene.queued(task()).await?;
    scene.store.cancel(&Access::Operator, &ended).await?;
    scene.working(task()).await?;
    for until in [None, Some(scene.after(5)), Some(scene.after(5))] {
        let parked = scene.working(task()).await?;
        scene.commit(&parked, put(&["q"])).await?;
        scene.commit(&parked, records(&["s"])).await?;
        scene.store.release(&parked, Release::Park { until }).await?;
    }
    let mut expired = task();
    expired.ttl = Some(scene.units(1));
    scene.queued(expired).await?;
    scene.pass(2).await;
    let stats = scene.store.stats().await?;
    same((stats.running, stats.due), (1, 2), "running and due")?;
    same((stats.waiting, stats.ended), (3, 2), "waiting and ended")?;
    same(stats.due_since, Some(first.created_at), "the oldest that is due")?;
    scene.pass(5).await;
    let stats = scene.store.stats().await?;
    same((stats.due, stats.waiting), (4, 1), "a time has come")
}
