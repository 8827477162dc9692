//! The transaction that an operation is part of.

use std::collections::HashMap;

use rusqlite::Connection;

use super::statements::{self as say, Statements};
use super::values::Int;
use crate::task::{NodeId, Owner, TaskId};

/// A transaction of one or many operations.
pub(super) struct Tx<'c> {
    /// The connection that is in it.
    pub sql: &'c Connection,
    /// The time of the operation that is done now.
    pub now: u64,
    /// How many tasks there are.
    pub counts: Counts,
    /// What to say once it is durable.
    pub news: News,
    /// Until when nodes are alive, as far as it was asked.
    leases: Vec<(NodeId, u64)>,
}

/// Whom to tell what.
#[derive(Default)]
pub(super) struct News {
    pub changed: Vec<TaskId>,
    pub due: bool,
}

impl<'c> Tx<'c> {
    pub fn new(sql: &'c Connection) -> Self {
        Self { sql, now: 0, counts: Counts::default(), news: News::default(), leases: Vec::new() }
    }

    pub fn changed(&mut self, id: &TaskId) {
        self.news.changed.push(id.clone());
    }

    /// Whether the node's lease holds.
    pub fn is_alive(&mut self, node: NodeId) -> rusqlite::Result<bool> {
        if let Some((_, until)) = self.leases.iter().find(|(known, _)| *known == node) {
            return Ok(*until > self.now);
        }
        let until = self.sql.one(say::ALIVE_UNTIL, [node], |row| row.get(0))?;
        let until = until.map_or(0, |Int(until)| until);
        self.leases.push((node, until));
        Ok(until > self.now)
    }

    /// Leases change.
    pub fn forget_leases(&mut self) {
        self.leases.clear();
    }
}

/// How many tasks there are, as far as the transaction has asked. They are read from the file in each transaction anew, as
/// another process may have written it, and written once at its end, however many operations it has.
#[derive(Default)]
pub(super) struct Counts {
    total: Option<Total>,
    live: HashMap<Owner, i64>,
    dirty: bool,
}

#[derive(Clone, Copy)]
struct Total {
    live: i64,
    kept: i64,
}

impl Counts {
    fn total(&mut self, sql: &Connection) -> rusqlite::Result<&mut Total> {
        if self.total.is_none() {
            let read = |row: &rusqlite::Row<'_>| Ok(Total { live: row.get(0)?, kept: row.get(1)? });
            let total = sql.one(say::TOTAL, [], read)?;
            self.total = Some(total.unwrap_or(Total { live: 0, kept: 0 }));
        }
        Ok(self.total.get_or_insert(Total { live: 0, kept: 0 }))
    }

    fn of(&mut self, sql: &Connection, owner: &Owner) -> rusqlite::Result<&mut i64> {
        if !self.live.contains_key(owner) {
            let live = sql.one(say::OWNER, [owner], |row| row.get(0))?.unwrap_or(0);
            self.live.insert(owner.clone(), live);
        }
        Ok(self.live.entry(owner.clone()).or_default())
    }

    /// Tasks that have not ended, those of this owner, and all.
    pub fn of_all(&mut self, sql: &Connection) -> rusqlite::Result<(usize, usize)> {
        let total = self.total(sql)?;
        Ok((count(total.live), count(total.kept)))
    }

    /// Tasks of this owner that have not ended.
    pub fn of_owner(&mut self, sql: &Connection, owner: &Owner) -> rusqlite::Result<usize> {
        self.of(sql, owner).map(|live| count(*live))
    }

    /// This many more tasks that have not ended, and tasks at all.
    pub fn add(
        &mut self,
        sql: &Connection,
        owner: &Owner,
        live: i64,
        kept: i64,
    ) -> rusqlite::Result<()> {
        self.dirty = true;
        let total = self.total(sql)?;
        total.live += live;
        total.kept += kept;
        if live != 0 {
            *self.of(sql, owner)? += live;
        }
        Ok(())
    }

    /// Writes them down, before the commit.
    pub fn save(&self, sql: &Connection) -> rusqlite::Result<()> {
        let Some(total) = self.total.filter(|_| self.dirty) else { return Ok(()) };
        sql.run(say::SET_TOTAL, (total.live, total.kept))?;
        for (owner, live) in &self.live {
            match live {
                ..=0 => sql.run(say::DROP_OWNER, [owner])?,
                live => sql.run(say::SET_OWNER, (owner, live))?,
            };
        }
        Ok(())
    }
}

fn count(count: i64) -> usize {
    usize::try_from(count).unwrap_or(0)
}
