//! Lists (D22).

use std::collections::{BTreeSet, VecDeque};

use super::super::scene::{Scene, alice, bob, returned, task};
use super::{Bench, Broken, ensure, same};
use crate::task::{Access, NewTask, Owner, Position, Purge, TaskId, TaskRecord};

fn of(owner: Owner) -> NewTask {
    let mut new = task();
    new.owner = owner;
    new
}

fn ids(records: &[TaskRecord]) -> Vec<TaskId> {
    records.iter().map(|record| record.id.clone()).collect()
}

async fn pages(
    scene: &Scene<'_>,
    access: &Access,
    limit: usize,
) -> Result<Vec<TaskRecord>, Broken> {
    let mut all: Vec<TaskRecord> = Vec::new();
    loop {
        let after = all.last().map(TaskRecord::position);
        let page = scene.store.list(access, after, limit).await?;
        ensure(page.len() <= limit, "a page has no more than it may")?;
        ensure(all.len() < 1_000, "pages come to an end")?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// By time of creation, and by id where that is the same.
pub async fn lists_come_in_order(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let mut expected = Vec::new();
    for at in 0..12_u8 {
        let mut new = of(if at % 3 == 0 { bob() } else { alice() });
        // Not in the order of their creation, nor in that of any alphabet but the bytes'.
        new.id =
            TaskId::from(format!("{}{at}", ["b", "B", "-", "_", "é", "a"][usize::from(at) % 6]));
        expected.push(scene.create(new).await?.record);
        if at % 4 == 3 {
            scene.pass(1).await;
        }
    }
    expected.sort_by_key(TaskRecord::position);
    let all = scene.store.list(&Access::Operator, None, 100).await?;
    same(all, expected.clone(), "all tasks, for operators")?;
    for owner in [alice(), bob()] {
        let mut own = expected.clone();
        own.retain(|record| record.owner == owner);
        let found = scene.store.list(&Access::Owner(owner), None, 100).await?;
        same(found, own, "one's own tasks")?;
    }
    let none = Access::Owner(Owner::from_text("nobody"));
    ensure(scene.store.list(&none, None, 100).await?.is_empty(), "no tasks, an empty list")
}

pub async fn lists_come_in_pages(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    for at in 0..13 {
        scene.queued(of(alice())).await?;
        scene.queued(of(bob())).await?;
        if at % 5 == 4 {
            scene.pass(1).await;
        }
    }
    for access in [Access::Operator, Access::Owner(alice())] {
        let all = scene.store.list(&access, None, 100).await?;
        for limit in [1, 2, 3, 7, 13, 26, 50] {
            same(pages(&scene, &access, limit).await?, all.clone(), format_args!("by {limit}"))?;
        }
        let middle = all.get(all.len() / 2).map(TaskRecord::position);
        let rest = scene.store.list(&access, middle, 100).await?;
        same(ids(&rest), ids(&all[all.len() / 2 + 1..]), "a page begins after its position")?;
    }
    let end = Position { created_at: bench.now() + 1, id: TaskId::from("") };
    let none = scene.store.list(&Access::Operator, Some(end), 10).await?;
    ensure(none.is_empty(), "there is nothing after the end")?;
    let begin = Position { created_at: 0, id: TaskId::from("") };
    let all = scene.store.list(&Access::Operator, Some(begin), 100).await?;
    same(all.len(), 26, "there is everything after the beginning")
}

/// While tasks come and go, who pages through the list sees each of those that stay once.
pub async fn pages_neither_skip_nor_repeat(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let mut stay = BTreeSet::new();
    let mut go = VecDeque::new();
    for at in 0..40 {
        let claim = scene.working(of(alice())).await?;
        if at % 4 == 0 {
            scene.store.finish(&claim, returned("done")).await?;
            go.push_back(claim.task);
        } else {
            stay.insert(claim.task);
        }
        if at % 10 == 9 {
            scene.pass(1).await;
        }
    }
    let (own, mut seen) = (Access::Owner(alice()), Vec::new());
    let mut after = None;
    loop {
        let page = scene.store.list(&own, after.clone(), 3).await?;
        let Some(last) = page.last() else { break };
        ensure(after.as_ref().is_none_or(|after| last.position() > *after), "pages go on")?;
        after = Some(last.position());
        seen.extend(ids(&page).into_iter().filter(|id| stay.contains(id)));
        // One that was passed already, or one that is still to come.
        let behind = seen.len().is_multiple_of(2);
        let goes = if behind { go.pop_front() } else { go.pop_back() };
        if let Some(id) = goes {
            scene.store.purge(Purge::One(id)).await?;
        }
        if seen.len() < 25 {
            scene.queued(of(alice())).await?;
        }
    }
    let once: BTreeSet<TaskId> = seen.iter().cloned().collect();
    same(seen.len(), once.len(), "nothing twice")?;
    same(once, stay, "nothing left out")
}
