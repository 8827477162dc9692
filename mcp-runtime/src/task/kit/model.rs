//! What a store does, as simply as it can be said: lists that are searched from end to end.

mod task;

pub use self::task::Task;

use self::task::Arrival;
use super::Broken;
use crate::Restart;
use crate::task::{
    Access, Admission, Answer, Cancelled, Claim, Commit, Created, Key, NewTask, NodeId, Note,
    Outcome, Purge, Reaped, Refusal, Release, Stats, StoreError, TaskId, TaskState, TaskView,
    crash_backoff,
};

#[derive(Default)]
pub struct Model {
    /// Those that have not expired.
    pub tasks: Vec<Task>,
    /// With the ends of their leases.
    pub nodes: Vec<(NodeId, u64)>,
    /// All claims that were ever given.
    pub claims: Vec<Claim>,
    /// How many have expired, and were not deleted yet as far as is known.
    pub expired: usize,
}

/// The answers with their keys, sorted, and the time of a cancel.
pub type Inbox = (Vec<(Key, Arrival)>, Option<u64>);

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Each operation as [`TaskStore`](crate::task::TaskStore) has it.
impl Model {
    /// Time has passed: what has expired is gone.
    pub fn reach(&mut self, now: u64) {
        let before = self.tasks.len();
        self.tasks.retain(|task| task.record.expires_at.is_none_or(|at| at > now));
        self.expired += before - self.tasks.len();
    }

    pub fn find(&mut self, access: &Access, id: &TaskId) -> Option<&mut Task> {
        self.tasks
            .iter_mut()
            .find(|task| task.record.id == *id && access.allows(&task.record.owner))
    }

    fn claimed(&mut self, claim: &Claim) -> Result<&mut Task, StoreError> {
        let task = self.tasks.iter_mut().find(|task| task.claim.as_ref() == Some(claim));
        task.ok_or(StoreError::Fenced)
    }

    pub fn alive(&self, node: NodeId, now: u64) -> Result<(), StoreError> {
        let alive = self.nodes.iter().any(|(id, until)| *id == node && *until > now);
        if alive { Ok(()) } else { Err(StoreError::Fenced) }
    }

    pub fn beat(&mut self, node: NodeId, now: u64, until: u64) -> Result<Vec<Claim>, StoreError> {
        self.alive(node, now)?;
        self.nodes.retain(|(id, _)| *id != node);
        self.nodes.push((node, until));
        let called = self.tasks.iter().filter(|task| task.called);
        let claims = called.filter_map(|task| task.claim.clone());
        Ok(claims.filter(|claim| claim.node == node).collect())
    }

    pub fn leave(&mut self, node: NodeId) {
        for (_, until) in self.nodes.iter_mut().filter(|(id, _)| *id == node) {
            *until = 0;
        }
    }

    pub fn create(
        &mut self,
        new: NewTask,
        admission: Admission,
        now: u64,
    ) -> Result<Created, StoreError> {
        if let Some(node) = new.claim {
            self.alive(node, now)?;
        }
        let same = self.tasks.iter().find(|task| {
            let record = &task.record;
            new.dedupe.is_some()
                && (&task.dedupe, &record.owner, &record.tool)
                    == (&new.dedupe, &new.owner, &new.tool)
        });
        if let Some(same) = same {
            return Ok(Created { record: same.record.clone(), joined: true, claim: None });
        }
        let live = || self.tasks.iter().filter(|task| !task.has_ended());
        let own = |task: &&Task| task.record.owner == new.owner;
        let known = !new.owner.is_anonymous();
        let refusal = if live().count() >= admission.live {
            Some(Refusal::Live)
        } else if known && live().filter(own).count() >= admission.live_per_owner {
            Some(Refusal::PerOwner)
        } else if known && self.tasks.iter().filter(own).count() >= admission.kept_per_owner {
            Some(Refusal::KeptPerOwner)
        } else {
            (self.tasks.len() >= admission.kept).then_some(Refusal::Kept)
        };
        if let Some(refusal) = refusal {
            return Err(StoreError::Refused(refusal));
        }
        let claim = new.claim.map(|node| Claim { task: new.id.clone(), node, epoch: 1 });
        let mut task = Task::new(new, now);
        match &claim {
            Some(claim) => (task.claim, task.epoch) = (Some(claim.clone()), 1),
            None => task.due = Some(now),
        }
        self.claims.extend(claim.clone());
        let record = task.record.clone();
        self.tasks.push(task);
        Ok(Created { record, joined: false, claim })
    }

    /// When those are due that nobody works on, sorted.
    pub fn due(&self, tools: &[String]) -> Vec<u64> {
        let of_tools = self.tasks.iter().filter(|task| tools.contains(&task.record.tool));
        let mut due: Vec<u64> = of_tools.filter_map(|task| task.due).collect();
        due.sort_unstable();
        due
    }

    /// The store has given this claim.
    pub fn given(&mut self, claim: &Claim) -> Result<(), Broken> {
        self.claims.push(claim.clone());
        let task = self.find(&Access::Operator, &claim.task);
        let task = task.ok_or_else(|| Broken::new("a task was claimed that is not there"))?;
        super::same(claim.epoch, task.epoch + 1, "the epoch goes up by one")?;
        (task.epoch, task.claim) = (claim.epoch, Some(claim.clone()));
        (task.due, task.parked) = (None, false);
        if std::mem::take(&mut task.failed) {
            (task.record.message, task.touched) = (None, true);
        }
        Ok(())
    }

    pub fn commit(&mut self, claim: &Claim, commit: &Commit, now: u64) -> Result<(), StoreError> {
        let task = self.claimed(claim)?;
        if task.has_ended() {
            return Err(StoreError::Cancelled);
        }
        task.apply(commit, now);
        Ok(())
    }

    pub fn take_in(&mut self, claim: &Claim) -> Result<Inbox, StoreError> {
        let task = self.claimed(claim)?;
        task.called = false;
        let answers =
            task.open.iter().filter_map(|open| Some((open.key.clone(), open.answer.clone()?)));
        let mut answers: Vec<_> = answers.collect();
        answers.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok((answers, task.cancelled))
    }

    pub fn note(&mut self, claim: &Claim, note: &Note) {
        let Ok(task) = self.claimed(claim) else { return };
        if !task.has_ended() {
            if note.message.is_some() {
                task.record.message.clone_from(&note.message);
            }
            if note.progress.is_some() {
                task.record.progress = note.progress;
            }
            task.touched = true;
        }
    }

    pub fn finish(&mut self, claim: &Claim, outcome: Outcome) -> Result<TaskState, StoreError> {
        let task = self.claimed(claim)?;
        task.claim = None;
        if !task.has_ended() {
            task.end(outcome.state(), Some(outcome));
        }
        Ok(task.record.state)
    }

    pub fn release(
        &mut self,
        claim: &Claim,
        release: &Release,
        now: u64,
    ) -> Result<(), StoreError> {
        let task = self.claimed(claim)?;
        task.claim = None;
        if task.has_ended() {
            return Ok(());
        }
        match release {
            Release::Park { .. } if task.called => task.due = Some(now),
            Release::Park { until } => (task.due, task.parked) = (*until, true),
            Release::Retry { at, message } => {
                task.saved.forget_last_failures();
                task.times.truncate(task.saved.records.len());
                task.record.attempt += 1;
                task.record.message = Some(message.clone());
                (task.failed, task.touched) = (true, true);
                task.due = Some(*at);
            }
            Release::HandBack => task.due = Some(now),
        }
        Ok(())
    }

    pub fn answer(
        &mut self,
        access: &Access,
        id: &TaskId,
        answers: &[(Key, Answer)],
        now: u64,
    ) -> Option<TaskView> {
        let task = self.find(access, id)?;
        for (key, answer) in answers {
            let mut open = task.open.iter_mut();
            let Some(open) = open.find(|open| open.key == *key && open.answer.is_none()) else {
                continue;
            };
            let reply = match answer {
                Answer::Given(json) => Ok(json.clone()),
                Answer::Refused(why) => Err(why.as_str().into()),
            };
            open.answer = Some((now, reply));
            task.called = true;
            if task.parked {
                task.due = Some(task.due.map_or(now, |due| due.min(now)));
            }
        }
        if !task.has_ended() {
            task.settle();
        }
        Some(task.view())
    }

    pub fn cancel(&mut self, access: &Access, id: &TaskId, now: u64) -> Option<Cancelled> {
        let task = self.find(access, id)?;
        let first = !task.has_ended();
        if first {
            task.end(TaskState::Cancelled, None);
            (task.cancelled, task.called) = (Some(now), true);
        }
        Some(Cancelled { view: task.view(), first })
    }

    pub fn reap(
        &mut self,
        node: NodeId,
        interrupted: &Outcome,
        now: u64,
    ) -> Result<Reaped, StoreError> {
        self.alive(node, now)?;
        let alive: Vec<NodeId> =
            self.nodes.iter().filter(|(_, until)| *until > now).map(|(id, _)| *id).collect();
        self.nodes.retain(|(id, _)| alive.contains(id));
        let mut reaped = Reaped::default();
        for task in &mut self.tasks {
            if task.claim.take_if(|claim| !alive.contains(&claim.node)).is_none() {
                continue;
            }
            reaped.freed += 1;
            match task.restart {
                _ if task.has_ended() => {}
                Restart::Replay => {
                    task.epoch += 1;
                    task.due = Some(now + millis(crash_backoff(task.record.attempt)));
                    task.record.attempt += 1;
                }
                Restart::Fail => {
                    reaped.failed += 1;
                    task.end(interrupted.state(), Some(interrupted.clone()));
                }
            }
        }
        Ok(reaped)
    }

    pub fn purge(&mut self, which: &Purge) -> usize {
        let before = self.tasks.len();
        self.tasks.retain(|task| {
            let goes = match which {
                Purge::One(id) => task.record.id == *id,
                Purge::EndedBefore(time) => task.record.updated_at < *time,
            };
            !(goes && task.has_ended())
        });
        before - self.tasks.len()
    }

    pub fn stats(&self, now: u64) -> Stats {
        let count =
            |which: &dyn Fn(&Task) -> bool| self.tasks.iter().filter(|task| which(task)).count();
        let waits = |task: &Task| task.claim.is_none() && !task.has_ended();
        let is_due = |task: &Task| task.due.is_some_and(|due| due <= now);
        Stats {
            running: count(&|task| task.claim.is_some()),
            due: count(&|task| is_due(task)),
            waiting: count(&|task| waits(task) && !is_due(task)),
            ended: count(&Task::has_ended),
            due_since: self
                .tasks
                .iter()
                .filter_map(|task| task.due)
                .filter(|due| *due <= now)
                .min(),
        }
    }
}
