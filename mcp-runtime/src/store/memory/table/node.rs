//! Nodes: who works on what, and until when that is believed.

use std::collections::HashSet;

use super::super::row::Row;
use super::{News, Table};
use crate::server::definition::Restart;
use crate::task::{Claim, NodeId, Outcome, Reaped, StoreError, TaskId, crash_backoff};

pub(super) struct Node {
    /// When its lease runs out.
    until: u64,
    pub(super) claims: HashSet<TaskId>,
}

impl Node {
    pub(super) fn claims(&self) -> usize {
        self.claims.len()
    }
}

impl Table {
    pub fn join(&mut self, node: NodeId, until: u64) {
        self.nodes.entry(node).or_insert_with(|| Node { until, claims: HashSet::new() }).until =
            until;
    }

    pub fn beat(&mut self, node: NodeId, now: u64, until: u64) -> Result<Vec<Claim>, StoreError> {
        self.alive(node, now)?;
        let Some(node) = self.nodes.get_mut(&node) else { return Err(StoreError::Fenced) };
        node.until = until;
        let rows = node.claims.iter().filter_map(|id| self.rows.get(id));
        Ok(rows.filter(|row| row.called).filter_map(Row::claim).collect())
    }

    pub fn leave(&mut self, node: NodeId) {
        let Some(known) = self.nodes.get_mut(&node) else { return };
        if known.claims.is_empty() {
            self.nodes.remove(&node);
        } else {
            // Dead from now on: the next who reaps frees what it holds.
            known.until = 0;
        }
    }

    pub fn reap(
        &mut self,
        node: NodeId,
        interrupted: &Outcome,
        message: &Option<String>,
        now: u64,
        news: &mut News,
    ) -> Result<Reaped, StoreError> {
        self.alive(node, now)?;
        let mut dead = self.nodes.iter().filter(|(_, node)| node.until <= now);
        let dead: Vec<NodeId> = std::iter::from_fn(|| dead.next().map(|(id, _)| *id)).collect();
        let mut reaped = Reaped::default();
        for node in dead {
            let Some(node) = self.nodes.remove(&node) else { continue };
            reaped.freed += node.claims.len();
            for id in node.claims {
                let failed = self.interrupt(&id, interrupted, message, now, news);
                reaped.failed += usize::from(failed);
            }
        }
        Ok(reaped)
    }

    /// Says whether the task has ended with it.
    fn interrupt(
        &mut self,
        id: &TaskId,
        interrupted: &Outcome,
        message: &Option<String>,
        now: u64,
        news: &mut News,
    ) -> bool {
        self.unclaim(id);
        let Some(row) = self.rows.get_mut(id) else { return false };
        row.epoch += 1;
        if row.has_ended() {
            return false;
        }
        match row.restart {
            Restart::Replay => {
                let pause = crash_backoff(row.record.attempt).as_millis();
                let due = now.saturating_add(u64::try_from(pause).unwrap_or(u64::MAX));
                row.record.attempt = row.record.attempt.saturating_add(1);
                self.enqueue(id, due, news);
                false
            }
            Restart::Fail => {
                let (state, outcome) = (interrupted.state(), Some(interrupted.clone()));
                self.end(id, state, outcome, message.clone(), now, news);
                true
            }
        }
    }

    pub(super) fn alive(&self, node: NodeId, now: u64) -> Result<(), StoreError> {
        let node = self.nodes.get(&node).filter(|node| node.until > now);
        node.map(|_| ()).ok_or(StoreError::Fenced)
    }
}
