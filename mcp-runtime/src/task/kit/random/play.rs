//! One history: each operation is done by the store and by the model.

mod make;

use std::sync::Arc;
use std::time::Duration;

use super::super::model::Model;
use super::super::scene::interrupted;
use super::super::{Bench, Broken, ensure, same};
use super::dice::Dice;
use crate::task::{
    Access, Claim, Created, NodeId, Position, Purge, StoreError, TaskRecord, TaskStore,
};

pub struct Play<'b> {
    bench: &'b dyn Bench,
    crashes: bool,
    /// `None` only while it is opened again.
    store: Option<Arc<dyn TaskStore>>,
    model: Model,
    /// How many tasks and keys there were: names for new ones.
    names: u64,
    /// No store had a reason to delete what has expired before it was told to.
    unhurried: bool,
    /// What was done, in words.
    pub history: Vec<String>,
}

impl<'b> Play<'b> {
    pub async fn new(bench: &'b dyn Bench, crashes: bool) -> Self {
        Self {
            bench,
            crashes,
            store: Some(bench.fresh().await),
            model: Model::default(),
            names: 0,
            unhurried: true,
            history: Vec::new(),
        }
    }

    fn store(&self) -> Result<Arc<dyn TaskStore>, Broken> {
        self.store.clone().ok_or_else(|| Broken::new("the store was not opened again"))
    }

    fn log(&mut self, line: String) {
        self.history.push(line);
    }

    fn units(&self, units: u64) -> Duration {
        self.bench.unit() * u32::try_from(units).unwrap_or(u32::MAX)
    }

    /// Does one operation, and looks whether store and model agree: on what is short of all tasks, and now and then on all.
    pub async fn step(&mut self, seed: u64, whole: bool) -> Result<(), Broken> {
        let mut dice = Dice::new(seed);
        let dice = &mut dice;
        self.model.reach(self.bench.now());
        if self.model.nodes.is_empty() {
            self.join(dice).await?;
        } else {
            match dice.below(100) {
                0..14 => self.create(dice).await?,
                14..26 => self.claim(dice).await?,
                26..44 => self.commit(dice).await?,
                44..49 => self.take_in(dice).await?,
                49..52 => self.note(dice).await?,
                52..57 => self.finish(dice).await?,
                57..65 => self.release(dice).await?,
                65..74 => self.answer(dice).await?,
                74..78 => self.cancel(dice).await?,
                78..82 => self.beat(dice).await?,
                82..84 => self.join(dice).await?,
                84..85 => self.leave(dice).await?,
                85..88 => self.reap(dice).await?,
                88..90 => self.expire(dice).await?,
                90..91 => self.purge(dice).await?,
                91..93 => self.page(dice).await?,
                93..96 if self.crashes => self.crash().await?,
                _ => self.pass(dice).await,
            }
        }
        self.model.reach(self.bench.now());
        self.agree(whole).await
    }

    async fn agree(&mut self, whole: bool) -> Result<(), Broken> {
        let (store, now) = (self.store()?, self.bench.now());
        let shown = store.list(&Access::Operator, None, 1_000).await?;
        self.model.tasks.sort_by_key(|task| task.record.position());
        let ids = |records: &[&TaskRecord]| -> Vec<_> {
            records.iter().map(|record| record.id.clone()).collect()
        };
        let known: Vec<&TaskRecord> = self.model.tasks.iter().map(|task| &task.record).collect();
        same(ids(&shown.iter().collect::<Vec<_>>()), ids(&known), "the list of all tasks")?;
        for (task, shown) in self.model.tasks.iter_mut().zip(&shown) {
            task.look(shown, now)?;
        }
        if whole {
            for task in &self.model.tasks {
                let detail = store.inspect(&task.record.id).await?;
                let detail = detail.ok_or_else(|| Broken::new("it is in the list"))?;
                task.compare(detail)?;
                let view = store.get(&Access::Operator, &task.record.id).await?;
                same(view, Some(task.view()), "the task, for clients")?;
            }
            same(store.stats().await?, self.model.stats(now), "the stats")?;
        }
        Ok(())
    }

    async fn create(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let (new, admission) = (self.task(dice), self.admission(dice));
        self.unhurried &= admission == crate::task::Admission::UNBOUNDED;
        self.log(format!("create {new:?} with {admission:?}"));
        let created = self.store()?.create(new.clone(), admission).await;
        let expected = self.model.create(new, admission, self.bench.now());
        let created = match (created, expected) {
            (Ok(created), Ok(expected)) => (created, expected),
            // Which of the bounds that were reached is named is the store's choice.
            (Err(StoreError::Refused(_)), Err(StoreError::Refused(_))) => return Ok(()),
            (created, expected) => {
                let brief = |created: Result<Created, StoreError>| created.map(|it| it.record.id);
                return same(brief(created), brief(expected), "whether there is a new task");
            }
        };
        let parts = |created: Created| {
            let mut record = created.record;
            record.change = 0;
            (record, created.joined, created.claim)
        };
        let (created, expected) = created;
        same(parts(created), parts(expected), "the new task")
    }

    /// Which of those that are due at the same time is taken is the store's choice.
    async fn claim(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let (node, now) = (self.node(dice), self.bench.now());
        let (tools, most) = (self.tools(dice), 1 + dice.index(4));
        self.log(format!("claim up to {most} of {tools:?} for {node}"));
        let found = self.store()?.claim(node, tools.clone(), most).await;
        let alive = self.model.alive(node, now);
        let claims = match (found, alive) {
            (Ok(claims), Ok(())) => claims,
            (found, alive) => {
                return same(found.map(|_| ()), alive, "whether the node may claim");
            }
        };
        let due = self.model.due(&tools);
        let ready: Vec<u64> = due.iter().copied().filter(|due| *due <= now).take(most).collect();
        let mut taken = Vec::new();
        for claimed in &claims.claimed {
            let id = &claimed.claim.task;
            same(claimed.claim.node, node, "a claim is the node's that asked")?;
            ensure(tools.contains(&claimed.record.tool), "of a tool that it has")?;
            let task = self.model.find(&Access::Operator, id);
            let task = task.ok_or_else(|| Broken::new(format_args!("{id} is not there")))?;
            taken.extend(task.due);
            let sorted = super::super::scene::sorted;
            same(sorted(claimed.saved.clone()), sorted(task.saved.clone()), "its journal")?;
            self.model.given(&claimed.claim)?;
            let task = self.model.find(&Access::Operator, id);
            let task = task.ok_or_else(|| Broken::new("it was there"))?;
            task.look(&claimed.record, now)?;
        }
        same(taken, ready.clone(), "when they became due")?;
        if ready.len() < most {
            let next = due.into_iter().find(|due| *due > now);
            // One that expires before it is due need not be left out.
            same(claims.next_due, next, "when the next one is due")?;
        }
        Ok(())
    }

    async fn commit(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let Some(claim) = self.some_claim(dice) else { return self.create(dice).await };
        let commit = self.a_commit(dice, &claim);
        self.log(format!("commit as {claim:?}: {commit:?}"));
        let mut done = self.store()?.commit(&claim, commit.clone()).await;
        if dice.chance(20) {
            self.log("and again".into());
            done = self.store()?.commit(&claim, commit.clone()).await;
        }
        same(done, self.model.commit(&claim, &commit, self.bench.now()), "the commit")
    }

    async fn take_in(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let Some(claim) = self.some_claim(dice) else { return self.claim(dice).await };
        self.log(format!("take in as {claim:?}"));
        let inbox = self.store()?.take_in(&claim).await.map(|inbox| {
            let arrived = inbox.answers.into_iter().map(|it| (it.key, (it.at, it.reply)));
            let mut arrived: Vec<_> = arrived.collect();
            arrived.sort_by(|(one, _), (other, _)| one.cmp(other));
            (arrived, inbox.cancelled)
        });
        same(inbox, self.model.take_in(&claim), "the inbox")
    }

    async fn note(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let Some(claim) = self.some_claim(dice) else { return self.claim(dice).await };
        let note = self.a_note(dice);
        self.log(format!("note as {claim:?}: {note:?}"));
        self.store()?.note(&claim, note.clone()).await?;
        self.model.note(&claim, &note);
        Ok(())
    }

    async fn finish(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let Some(claim) = self.some_claim(dice) else { return self.claim(dice).await };
        let outcome = self.outcome(dice);
        self.log(format!("finish as {claim:?}: {outcome:?}"));
        let done = self.store()?.finish(&claim, outcome.clone()).await;
        same(done, self.model.finish(&claim, outcome), "the end")
    }

    async fn release(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let Some(claim) = self.some_claim(dice) else { return self.claim(dice).await };
        let release = self.a_release(dice);
        self.log(format!("release as {claim:?}: {release:?}"));
        let done = self.store()?.release(&claim, release.clone()).await;
        same(done, self.model.release(&claim, &release, self.bench.now()), "the release")
    }

    async fn answer(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let Some((access, id)) = self.some_task(dice) else { return self.create(dice).await };
        let answers = self.answers(dice, &id);
        self.log(format!("answer {id} as {access:?}: {answers:?}"));
        let view = self.store()?.answer(&access, &id, answers.clone()).await?;
        let expected = self.model.answer(&access, &id, &answers, self.bench.now());
        let keys = |view: crate::task::TaskView| (view.record.state, view.questions, view.outcome);
        same(view.map(keys), expected.map(keys), "the task that was answered")
    }

    async fn cancel(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let Some((access, id)) = self.some_task(dice) else { return self.create(dice).await };
        self.log(format!("cancel {id} as {access:?}"));
        let cancelled = self.store()?.cancel(&access, &id).await?;
        let expected = self.model.cancel(&access, &id, self.bench.now());
        let first = |cancelled: crate::task::Cancelled| {
            (cancelled.first, cancelled.view.record.state, cancelled.view.outcome)
        };
        same(cancelled.map(first), expected.map(first), "the cancel")
    }

    async fn beat(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let (node, lease) = (self.node(dice), self.lease(dice));
        self.log(format!("beat {node} for {lease:?}"));
        let called = self.store()?.beat(node, lease).await;
        let now = self.bench.now();
        let until = now + u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
        let sorted = |called: Result<Vec<Claim>, StoreError>| {
            called.map(|mut called| {
                called.sort_by(|one, other| one.task.cmp(&other.task));
                called
            })
        };
        same(sorted(called), sorted(self.model.beat(node, now, until)), "who is called")
    }

    async fn join(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let lease = self.lease(dice);
        self.names += 1;
        let node = NodeId(u128::from(self.names).to_be_bytes());
        self.log(format!("join {node} for {lease:?}"));
        self.store()?.join(node, lease).await?;
        let lease = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
        self.model.nodes.push((node, self.bench.now() + lease));
        Ok(())
    }

    async fn leave(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let node = self.node(dice);
        self.log(format!("leave {node}"));
        self.store()?.leave(node).await?;
        self.model.leave(node);
        Ok(())
    }

    async fn reap(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let node = self.node(dice);
        self.log(format!("reap as {node}"));
        let reaped = self.store()?.reap(node, interrupted()).await;
        let expected = self.model.reap(node, &interrupted(), self.bench.now());
        same(reaped, expected, "how many claims went")
    }

    async fn expire(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let limit = 1 + dice.index(5);
        self.log(format!("expire up to {limit}"));
        let deleted = self.store()?.expire(limit).await?;
        let most = self.model.expired.min(limit);
        let right = if self.unhurried { deleted == most } else { deleted <= most };
        self.model.expired -= deleted.min(self.model.expired);
        ensure(right, format_args!("{deleted} of {most} that have expired are deleted"))
    }

    async fn purge(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let one = self.some_task(dice).filter(|_| dice.chance(60));
        let which = match one {
            Some((_, id)) => Purge::One(id),
            None => Purge::EndedBefore(self.bench.now()),
        };
        self.log(format!("purge {which:?}"));
        let deleted = self.store()?.purge(which.clone()).await?;
        same(deleted, self.model.purge(&which), "how many were purged")
    }

    async fn page(&mut self, dice: &mut Dice) -> Result<(), Broken> {
        let access = self.some_task(dice).map_or(Access::Operator, |(access, _)| access);
        let mut places: Vec<Position> =
            self.model.tasks.iter().map(|task| task.record.position()).collect();
        places.sort();
        let after = dice.maybe(70, |dice| dice.pick(&places).cloned()).flatten();
        let limit = 1 + dice.index(6);
        self.log(format!("list {limit} after {after:?} as {access:?}"));
        let page = self.store()?.list(&access, after.clone(), limit).await?;
        let mine = |task: &&super::super::model::Task| access.allows(&task.record.owner);
        let mut expected: Vec<TaskRecord> =
            self.model.tasks.iter().filter(mine).map(|task| task.record.clone()).collect();
        expected.sort_by_key(TaskRecord::position);
        expected.retain(|record| after.as_ref().is_none_or(|after| record.position() > *after));
        expected.truncate(limit);
        same(page, expected, "a page")
    }

    async fn crash(&mut self) -> Result<(), Broken> {
        self.log("crash".into());
        self.store = None;
        self.unhurried = false;
        match self.bench.reopen() {
            Some(reopened) => self.store = Some(reopened.await),
            None => return Err(Broken::new("it could be opened again before")),
        }
        Ok(())
    }

    async fn pass(&mut self, dice: &mut Dice) {
        let units = if dice.chance(20) { 61 } else { 1 + dice.below(4) };
        let time = self.units(units);
        self.log(format!("{time:?} pass"));
        self.bench.advance(time).await;
    }
}
