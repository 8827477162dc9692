//! Many workers and clients at once, and what they must have left.
//!
//! Workers claim, ask, look, park, and finish; some of them freeze in the middle, are thought dead, and go on with a claim
//! that is not theirs any more. Clients answer and cancel. What each operation was told is written down; in the end the
//! tasks must tell the same story.

mod client;
mod worker;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

use super::scene::{Scene, task};
use super::{Bench, Broken, ensure, same};
use crate::Restart;
use crate::task::{Key, Learned, NewTask, Owner, TaskDetail, TaskId, TaskState, TaskStore};

const TASKS: u64 = 60;
const WORKERS: u64 = 6;
const CLIENTS: u64 = 4;

/// Questions of each task, one after the other.
const QUESTIONS: usize = 3;

/// How often nothing may be due, while tasks that have all that they need have not ended.
const PATIENCE: u32 = 200;

/// What everybody shares.
struct Race {
    store: Arc<dyn TaskStore>,
    told: Mutex<BTreeMap<TaskId, Told>>,
    seeds: AtomicU64,
    /// Nobody freezes or cancels any more.
    calm: AtomicBool,
    over: AtomicBool,
}

/// What was acknowledged about one task.
#[derive(Default)]
struct Told {
    /// Records, each with the epoch of its claim, in no order.
    written: Vec<(u64, Key)>,
    /// Records that were refused.
    fenced: Vec<Key>,
    /// Ends that were accepted: the state, and the epoch of a worker's.
    ends: Vec<(TaskState, Option<u64>)>,
}

impl Race {
    fn told(&self) -> MutexGuard<'_, BTreeMap<TaskId, Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, id: &TaskId, tell: impl FnOnce(&mut Told)) {
        tell(self.told().entry(id.clone()).or_default());
    }

    fn seed(&self) -> u64 {
        self.seeds.fetch_add(1, SeqCst)
    }

    fn is_calm(&self) -> bool {
        self.calm.load(SeqCst)
    }

    fn is_over(&self) -> bool {
        self.over.load(SeqCst)
    }
}

pub async fn everything_at_once(bench: &dyn Bench) -> Result<(), Broken> {
    let scene = Scene::open(bench).await?;
    let race = Arc::new(Race {
        store: scene.store.clone(),
        told: Mutex::default(),
        seeds: AtomicU64::new(0),
        calm: AtomicBool::new(false),
        over: AtomicBool::new(false),
    });
    let mut ids = Vec::new();
    for _ in 0..TASKS {
        let new = NewTask { restart: Restart::Replay, owner: Owner::anonymous(), ..task() };
        let id = scene.queued(new).await?;
        race.told().insert(id.clone(), Told::default());
        ids.push(id);
    }
    let mut all = JoinSet::new();
    let lease = scene.units(2);
    for _ in 0..WORKERS {
        all.spawn(worker::work(race.clone(), lease));
    }
    for _ in 0..CLIENTS {
        all.spawn(client::ask(race.clone(), ids.clone()));
    }
    let outside = outside(&scene, &race, &ids).await;
    race.over.store(true, SeqCst);
    let mut inside = Ok(());
    while let Some(done) = all.join_next().await {
        let done = done.map_err(Broken::new).and_then(|done| done);
        inside = inside.and(done);
    }
    inside.and(outside)?;
    for id in &ids {
        let detail = scene.detail(id).await?;
        let told = race.told().remove(id).unwrap_or_default();
        tells_the_same(&detail, &told)?;
    }
    Ok(())
}

/// Time passes, nodes are thought dead, and all tasks come to their end.
async fn outside(scene: &Scene<'_>, race: &Race, ids: &[TaskId]) -> Result<(), Broken> {
    let mut quiet = 0;
    for round in 0..u32::MAX {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        if round % 3 == 0 {
            scene.pass(1).await;
            scene.reap().await?;
        }
        if round == 60 {
            race.calm.store(true, SeqCst);
        }
        if !race.is_calm() {
            continue;
        }
        let mut left = Vec::new();
        for id in ids {
            if !scene.view(id).await?.record.state.is_final() {
                left.push(id);
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        // What has crashed often waits for long.
        scene.pass(30).await;
        quiet += 1;
        if quiet > PATIENCE {
            let stuck = scene.detail(left[0]).await?;
            let what = format_args!("a wake-up was lost: {} never end: {stuck:?}", left.len());
            return Err(Broken::new(what));
        }
    }
    Ok(())
}

fn tells_the_same(detail: &TaskDetail, told: &Told) -> Result<(), Broken> {
    let record = &detail.view.record;
    same(told.ends.len(), 1, format_args!("{record:?} has one end: {:?}", told.ends))?;
    let (state, epoch) = told.ends[0];
    same(record.state, state, "the end that was accepted is the one that is seen")?;
    ensure(detail.view.outcome.is_some() == (state != TaskState::Cancelled), "with its outcome")?;
    let lines = &detail.saved.records;
    let mut epochs = Vec::new();
    for line in lines {
        let of = told.written.iter().find(|(_, key)| *key == line.key);
        let (of, _) = of.ok_or_else(|| Broken::new("a record that nobody was told of"))?;
        epochs.push(*of);
        ensure(!told.fenced.contains(&line.key), "what was refused is not written")?;
    }
    same(lines.len(), told.written.len(), "each acknowledged record is there, once")?;
    ensure(epochs.is_sorted(), format_args!("no write at an old epoch: {epochs:?}"))?;
    if let Some(epoch) = epoch {
        ensure(epochs.iter().all(|of| *of <= epoch), "no end at an old epoch")?;
        let answers = lines.iter().filter(|line| matches!(line.learned, Learned::Answer(_)));
        same(answers.count(), QUESTIONS, "each answer has found its worker")?;
    }
    Ok(())
}
