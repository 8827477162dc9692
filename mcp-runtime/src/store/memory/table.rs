//! All tasks, and the indexes that keep every operation short.

mod node;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::ops::Bound;

use self::node::Node;
use super::row::{Row, Slot};
use crate::task::{
    Access, Admission, Answer, Cancelled, Claim, Claims, Commit, Created, Key, NewTask, NodeId,
    Outcome, Owner, Position, Purge, Refusal, Release, Stats, StoreError, TaskId, TaskRecord,
    TaskState, TaskView,
};

/// What the ears are to be told.
#[derive(Default)]
pub(super) struct News {
    pub changed: Vec<TaskId>,
    pub due: bool,
}

impl News {
    pub fn changed(&mut self, id: &TaskId) {
        self.changed.push(id.clone());
    }
}

/// All tasks. Architecture invariant: what has expired is in none of these but `buried`, see [`bury`](Self::bury); so no
/// operation has to look at the time of a task that it meets.
#[derive(Default)]
pub(super) struct Table {
    rows: HashMap<TaskId, Row>,
    /// In the order of lists.
    all: BTreeSet<Position>,
    owners: HashMap<Owner, Account>,
    expiring: BTreeSet<(u64, TaskId)>,
    /// For each tool, what nobody works on and has a time.
    queues: HashMap<String, BTreeMap<Slot, TaskId>>,
    /// Of tasks that have not ended.
    dedupe: HashMap<DedupeKey, TaskId>,
    nodes: HashMap<NodeId, Node>,
    /// What all tasks take, in bytes.
    weight: usize,
    /// Tasks that have not ended.
    live: usize,
    /// Tasks that have not ended and that a node works on.
    running: usize,
    /// Numbers the slots.
    slots: u64,
    /// Tasks that have expired, and that [`unearth`](Self::unearth) is to tell of.
    buried: Vec<TaskId>,
}

/// The owner, the tool and the key.
type DedupeKey = (Owner, String, String);

#[derive(Default)]
struct Account {
    tasks: BTreeSet<Position>,
    live: usize,
}

impl Table {
    /// Takes away what has expired: each operation begins with it.
    pub fn bury(&mut self, now: u64) {
        while let Some((expires_at, _)) = self.expiring.first()
            && *expires_at <= now
            && let Some((_, id)) = self.expiring.pop_first()
        {
            self.remove(&id);
            self.buried.push(id);
        }
    }

    /// Tells of up to `limit` tasks that have expired.
    pub fn unearth(&mut self, limit: usize, news: &mut News) -> usize {
        let some = self.buried.len().min(limit);
        news.changed.extend(self.buried.drain(..some));
        some
    }

    pub fn row(&mut self, access: &Access, id: &TaskId) -> Option<&mut Row> {
        self.rows.get_mut(id).filter(|row| access.allows(&row.record.owner))
    }

    /// The task of a claim that stands.
    pub fn claimed(&mut self, claim: &Claim) -> Result<&mut Row, StoreError> {
        let stands = |row: &&mut Row| row.worker == Some(claim.node) && row.epoch == claim.epoch;
        self.rows.get_mut(&claim.task).filter(stands).ok_or(StoreError::Fenced)
    }

    pub fn list(&self, access: &Access, after: Option<Position>, limit: usize) -> Vec<TaskRecord> {
        let order = match access {
            Access::Owner(owner) => self.owners.get(owner).map(|account| &account.tasks),
            Access::Operator => Some(&self.all),
        };
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let page = order.map(|order| order.range((after, Bound::Unbounded)).take(limit));
        let rows = page.into_iter().flatten().filter_map(|place| self.rows.get(&place.id));
        rows.map(|row| row.record.clone()).collect()
    }

    pub fn create(
        &mut self,
        task: NewTask,
        admission: Admission,
        capacity: usize,
        now: u64,
        news: &mut News,
    ) -> Result<Created, StoreError> {
        if let Some(node) = task.claim {
            self.alive(node, now)?;
        }
        let key = task.dedupe.clone().map(|key| (task.owner.clone(), task.tool.clone(), key));
        let same = key.as_ref().and_then(|key| self.dedupe.get(key));
        if let Some(same) = same.and_then(|id| self.rows.get(id)) {
            return Ok(Created { record: same.record.clone(), joined: true, claim: None });
        }
        if self.rows.contains_key(&task.id) {
            return Err(StoreError::unavailable("there is a task of this id already"));
        }
        self.admit(&task.owner, admission).map_err(StoreError::Refused)?;
        let (id, worker, row) = (task.id.clone(), task.claim, Row::new(task, now));
        if self.weight + row.weight > capacity {
            return Err(StoreError::Refused(Refusal::Kept));
        }
        let record = self.insert(row);
        if let Some(key) = key {
            self.dedupe.insert(key, id.clone());
        }
        let claim = match worker {
            Some(node) => self.claim_for(node, &id),
            None => {
                self.enqueue(&id, now, news);
                None
            }
        };
        Ok(Created { record, joined: false, claim })
    }

    fn admit(&self, owner: &Owner, admission: Admission) -> Result<(), Refusal> {
        let account = self.owners.get(owner).filter(|_| !owner.is_anonymous());
        let (live, kept) = account.map_or((0, 0), |account| (account.live, account.tasks.len()));
        if self.live >= admission.live {
            Err(Refusal::Live)
        } else if !owner.is_anonymous() && live >= admission.live_per_owner {
            Err(Refusal::PerOwner)
        } else if !owner.is_anonymous() && kept >= admission.kept_per_owner {
            Err(Refusal::KeptPerOwner)
        } else if self.rows.len() >= admission.kept {
            Err(Refusal::Kept)
        } else {
            Ok(())
        }
    }

    pub fn claim(
        &mut self,
        node: NodeId,
        mut tools: Vec<String>,
        most: usize,
        now: u64,
        news: &mut News,
    ) -> Result<Claims, StoreError> {
        self.alive(node, now)?;
        tools.sort_unstable();
        tools.dedup();
        let head = |table: &Self, tool: usize| {
            let queue = table.queues.get(&tools[tool])?;
            queue.first_key_value().map(|(slot, id)| Reverse((*slot, tool, id.clone())))
        };
        let mut heads: BinaryHeap<_> =
            (0..tools.len()).filter_map(|tool| head(self, tool)).collect();
        let mut claims = Claims::default();
        while claims.claimed.len() < most
            && let Some(Reverse(((due, _), tool, id))) = heads.pop()
        {
            if due > now {
                claims.next_due = Some(due);
                break;
            }
            self.dequeue(&id);
            self.claim_for(node, &id);
            if self.rows.get_mut(&id).is_some_and(|row| row.begin_attempt(now)) {
                news.changed(&id);
            }
            claims.claimed.extend(self.rows.get(&id).and_then(Row::claimed));
            heads.extend(head(self, tool));
        }
        Ok(claims)
    }

    /// Says whether clients can see something new.
    pub fn commit(&mut self, claim: &Claim, commit: Commit, now: u64) -> Result<bool, StoreError> {
        let row = self.claimed(claim)?;
        if row.has_ended() {
            return Err(StoreError::Cancelled);
        }
        let before = row.weight;
        let visible = row.apply(commit, now);
        self.weigh(&claim.task, before);
        Ok(visible)
    }

    pub fn release(
        &mut self,
        claim: &Claim,
        release: Release,
        now: u64,
        news: &mut News,
    ) -> Result<(), StoreError> {
        let row = self.claimed(claim)?;
        let (ended, before) = (row.has_ended(), row.weight);
        let mut due = None;
        if !ended {
            match release {
                Release::Park { .. } if row.called => due = Some(now),
                Release::Park { until } => {
                    row.parked = true;
                    due = until;
                }
                Release::Retry { at, message } => {
                    row.fail_attempt(message, now);
                    news.changed(&claim.task);
                    due = Some(at);
                }
                Release::HandBack => due = Some(now),
            }
        }
        self.weigh(&claim.task, before);
        self.unclaim(&claim.task);
        if let Some(due) = due {
            self.enqueue(&claim.task, due, news);
        }
        Ok(())
    }

    pub fn answer(
        &mut self,
        access: &Access,
        id: &TaskId,
        given: HashMap<Key, Answer>,
        now: u64,
        news: &mut News,
    ) -> Option<TaskView> {
        let row = self.row(access, id)?;
        let before = row.weight;
        let (some, view) = (row.answer(given, now), row.view());
        if some {
            news.changed(id);
            // One that waits for its next attempt goes on waiting.
            let wakes = row.parked && row.slot.is_none_or(|(due, _)| due > now);
            self.weigh(id, before);
            if wakes {
                self.dequeue(id);
                self.enqueue(id, now, news);
            }
        }
        Some(view)
    }

    pub fn cancel(
        &mut self,
        access: &Access,
        id: &TaskId,
        now: u64,
        news: &mut News,
    ) -> Option<Cancelled> {
        let row = self.row(access, id)?;
        let first = !row.has_ended();
        if first {
            row.cancelled = Some(now);
            row.called = true;
            self.end(id, TaskState::Cancelled, None, None, now, news);
        }
        let view = self.rows.get(id)?.view();
        Some(Cancelled { view, first })
    }

    /// Ends a task that has not ended. A claim stays as it is.
    pub fn end(
        &mut self,
        id: &TaskId,
        state: TaskState,
        outcome: Option<Outcome>,
        message: Option<String>,
        now: u64,
        news: &mut News,
    ) {
        self.dequeue(id);
        self.retire(id);
        if let Some(row) = self.rows.get_mut(id) {
            let before = row.weight;
            row.end(state, outcome, message, now);
            news.changed(id);
            self.weigh(id, before);
        }
    }

    /// The weight of a task has changed, or not.
    fn weigh(&mut self, id: &TaskId, before: usize) {
        let after = self.rows.get(id).map_or(0, |row| row.weight);
        self.weight = self.weight - before + after;
    }

    pub fn purge(&mut self, which: Purge, news: &mut News) -> usize {
        let ended: Vec<TaskId> = match which {
            Purge::One(id) => {
                self.rows.get(&id).filter(|row| row.has_ended()).map(|_| id).into_iter().collect()
            }
            Purge::EndedBefore(time) => {
                // Nothing changes any more after the end.
                let old = |row: &&Row| row.has_ended() && row.record.updated_at < time;
                self.rows.values().filter(old).map(|row| row.record.id.clone()).collect()
            }
        };
        ended.iter().for_each(|id| self.remove(id));
        let deleted = ended.len();
        news.changed.extend(ended);
        deleted
    }

    pub fn stats(&self, now: u64) -> Stats {
        let due = |queue: &BTreeMap<Slot, TaskId>| queue.range(..=(now, u64::MAX)).count();
        let heads = self.queues.values().filter_map(|queue| queue.first_key_value());
        let due: usize = self.queues.values().map(due).sum();
        Stats {
            running: self.nodes.values().map(Node::claims).sum(),
            due,
            waiting: self.live - self.running - due,
            ended: self.rows.len() - self.live,
            due_since: heads.map(|((due, _), _)| *due).filter(|due| *due <= now).min(),
        }
    }
}

/// Rows and indexes in step.
impl Table {
    fn insert(&mut self, row: Row) -> TaskRecord {
        let record = row.record.clone();
        self.weight += row.weight;
        let account = self.owners.entry(record.owner.clone()).or_default();
        account.tasks.insert(record.position());
        account.live += 1;
        self.all.insert(record.position());
        self.live += 1;
        if let Some(expires_at) = record.expires_at {
            self.expiring.insert((expires_at, record.id.clone()));
        }
        self.rows.insert(record.id.clone(), row);
        record
    }

    fn remove(&mut self, id: &TaskId) {
        self.unclaim(id);
        self.dequeue(id);
        self.retire(id);
        let Some(row) = self.rows.remove(id) else { return };
        self.weight -= row.weight;
        let (place, owner) = (row.record.position(), &row.record.owner);
        self.all.remove(&place);
        if let Some(account) = self.owners.get_mut(owner) {
            account.tasks.remove(&place);
            if account.tasks.is_empty() {
                self.owners.remove(owner);
            }
        }
        if let Some(expires_at) = row.record.expires_at {
            self.expiring.remove(&(expires_at, place.id));
        }
    }

    /// A task that had not ended is not live any more.
    fn retire(&mut self, id: &TaskId) {
        let Some(row) = self.rows.get_mut(id).filter(|row| !row.has_ended()) else { return };
        self.live -= 1;
        if row.is_worked_on() {
            self.running -= 1;
        }
        let owner = &row.record.owner;
        if let Some(account) = self.owners.get_mut(owner) {
            account.live -= 1;
        }
        if let Some(key) = row.dedupe.take() {
            self.dedupe.remove(&(owner.clone(), row.record.tool.clone(), key));
        }
    }

    fn claim_for(&mut self, node: NodeId, id: &TaskId) -> Option<Claim> {
        let row = self.rows.get_mut(id)?;
        row.epoch += 1;
        row.worker = Some(node);
        row.parked = false;
        self.running += 1;
        self.nodes.get_mut(&node)?.claims.insert(id.clone());
        row.claim()
    }

    /// Takes the claim away, if there is one.
    pub fn unclaim(&mut self, id: &TaskId) {
        let Some(row) = self.rows.get_mut(id) else { return };
        if row.is_worked_on() {
            self.running -= 1;
        }
        if let Some(node) = row.worker.take().and_then(|node| self.nodes.get_mut(&node)) {
            node.claims.remove(id);
        }
    }

    fn enqueue(&mut self, id: &TaskId, due: u64, news: &mut News) {
        let Some(row) = self.rows.get_mut(id) else { return };
        self.slots += 1;
        let slot = (due, self.slots);
        row.slot = Some(slot);
        match self.queues.get_mut(&row.record.tool) {
            Some(queue) => drop(queue.insert(slot, id.clone())),
            None => {
                let queue = BTreeMap::from([(slot, id.clone())]);
                self.queues.insert(row.record.tool.clone(), queue);
            }
        }
        // Those who sleep until the next one is due must hear of a time, too.
        news.due = true;
    }

    fn dequeue(&mut self, id: &TaskId) {
        let Some(row) = self.rows.get_mut(id) else { return };
        if let Some(slot) = row.slot.take()
            && let Some(queue) = self.queues.get_mut(&row.record.tool)
        {
            queue.remove(&slot);
        }
    }
}
