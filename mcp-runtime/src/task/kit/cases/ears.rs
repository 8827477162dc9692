//! Who waits for a change hears of it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::scene::{Scene, put, records, returned, task};
use super::{Bench, Broken, same};
use crate::Restart;
use crate::task::{Access, Ears, NewTask, Note, Purge, Release, TaskId};

/// Writes down what it hears.
#[derive(Default)]
pub struct Recorder {
    changed: Mutex<BTreeSet<TaskId>>,
    due: AtomicBool,
    lost: AtomicBool,
}

impl Ears for Recorder {
    fn changed(&self, id: &TaskId) {
        self.lock().insert(id.clone());
    }

    fn due(&self) {
        self.due.store(true, SeqCst);
    }

    fn lost(&self) {
        self.lost.store(true, SeqCst);
    }

    fn watched(&self) -> Vec<(TaskId, u64)> {
        Vec::new()
    }
}

impl Recorder {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<TaskId>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn forget(&self) {
        self.lock().clear();
        self.due.store(false, SeqCst);
        self.lost.store(false, SeqCst);
    }

    pub async fn hears_of(&self, id: &TaskId, what: &str) -> Result<(), Broken> {
        self.hears(what, || self.lock().contains(id)).await
    }

    pub async fn hears_of_due(&self, what: &str) -> Result<(), Broken> {
        self.hears(what, || self.due.load(SeqCst)).await
    }

    /// A store may tell after its operation is ready.
    async fn hears(&self, what: &str, heard: impl Fn() -> bool) -> Result<(), Broken> {
        for _ in 0..2_000 {
            if heard() || self.lost.load(SeqCst) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err(Broken::new(format_args!("nobody has heard: {what}")))
    }
}

async fn listening(bench: &dyn Bench) -> Result<(Scene<'_>, Arc<Recorder>), Broken> {
    let scene = Scene::open(bench).await?;
    let recorder = Arc::new(Recorder::default());
    let ears: Arc<dyn Ears> = recorder.clone();
    scene.store.listen(Arc::downgrade(&ears));
    Ok((scene, recorder))
}

pub async fn changes_are_heard(bench: &dyn Bench) -> Result<(), Broken> {
    let (scene, recorder) = listening(bench).await?;
    let store = &scene.store;
    let claim = scene.working(task()).await?;
    let id = &claim.task;
    recorder.forget();
    store.note(&claim, Note { message: Some("begun".into()), progress: None }).await?;
    recorder.hears_of(id, "a note").await?;
    recorder.forget();
    scene.commit(&claim, put(&["q", "p"])).await?;
    recorder.hears_of(id, "questions").await?;
    recorder.forget();
    scene.answer(id, &["q"]).await?;
    recorder.hears_of(id, "an answer").await?;
    recorder.forget();
    scene.commit(&claim, records(&["p"])).await?;
    recorder.hears_of(id, "a question less").await?;
    recorder.forget();
    store.release(&claim, Release::Retry { at: 0, message: "no".into() }).await?;
    recorder.hears_of(id, "a failed attempt").await?;
    let claim = scene.claim().await?.claim;
    recorder.forget();
    store.finish(&claim, returned("done")).await?;
    recorder.hears_of(id, "an end").await?;
    recorder.forget();
    store.purge(Purge::One(id.clone())).await?;
    recorder.hears_of(id, "a task that is gone").await?;

    let claim = scene.working(task()).await?;
    recorder.forget();
    store.cancel(&Access::Operator, &claim.task).await?;
    recorder.hears_of(&claim.task, "a cancel").await?;
    let dying = scene.join(1).await?;
    let claim = scene.working_on(dying, task()).await?;
    scene.pass(2).await;
    recorder.forget();
    scene.reap().await?;
    recorder.hears_of(&claim.task, "an interruption").await
}

pub async fn due_tasks_are_heard(bench: &dyn Bench) -> Result<(), Broken> {
    let (scene, recorder) = listening(bench).await?;
    let store = &scene.store;
    recorder.forget();
    let first = scene.queued(task()).await?;
    recorder.hears_of_due("a task that nobody works on").await?;
    let claim = scene.claim().await?.claim;
    same(&claim.task, &first, "it is due")?;
    recorder.forget();
    store.release(&claim, Release::HandBack).await?;
    recorder.hears_of_due("one that was handed back").await?;
    let claim = scene.claim().await?.claim;
    scene.ask(&claim, &["q", "p"]).await?;
    store.take_in(&claim).await?;
    store.release(&claim, Release::Park { until: None }).await?;
    recorder.forget();
    scene.answer(&claim.task, &["q"]).await?;
    recorder.hears_of_due("one that has its answer").await?;
    let claim = scene.claim().await?.claim;
    store.take_in(&claim).await?;
    scene.answer(&claim.task, &["p"]).await?;
    recorder.forget();
    store.release(&claim, Release::Park { until: None }).await?;
    recorder.hears_of_due("one whose answer came before it was parked").await?;
    let claim = scene.claim().await?.claim;
    recorder.forget();
    store.release(&claim, Release::Retry { at: 0, message: "no".into() }).await?;
    recorder.hears_of_due("one that is tried again").await?;
    let dying = scene.join(1).await?;
    scene.working_on(dying, NewTask { restart: Restart::Replay, ..task() }).await?;
    scene.pass(2).await;
    recorder.forget();
    scene.reap().await?;
    recorder.hears_of_due("one whose node has died").await
}

/// A store works without ears, and with ears that are gone.
pub async fn nobody_need_listen(bench: &dyn Bench) -> Result<(), Broken> {
    let (scene, recorder) = listening(bench).await?;
    drop(recorder);
    scene.queued(task()).await?;
    let claim = scene.claim().await?.claim;
    scene.ask(&claim, &["q"]).await?;
    scene.answer(&claim.task, &["q"]).await?;
    scene.store.finish(&claim, returned("done")).await?;
    Ok(())
}
