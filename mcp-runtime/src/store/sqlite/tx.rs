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
    all: Option<Count>,
    owners: HashMap<Owner, Count>,
    dirty: bool,
}

#[derive(Clone, Copy, Default)]
struct Count {
    live: i64,
    kept: i64,
}

impl Count {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { live: row.get(0)?, kept: row.get(1)? })
    }

    /// Tasks that have not ended, and all.
    fn get(self) -> (usize, usize) {
        let count = |count| usize::try_from(count).unwrap_or(0);
        (count(self.live), count(self.kept))
    }
}

impl Counts {
    fn all(&mut self, sql: &Connection) -> rusqlite::Result<&mut Count> {
        if self.all.is_none() {
            self.all = sql.one(say::TOTAL, [], Count::read)?;
        }
        Ok(self.all.get_or_insert_default())
    }

    fn of(&mut self, sql: &Connection, owner: &Owner) -> rusqlite::Result<&mut Count> {
        if !self.owners.contains_key(owner) {
            let count = sql.one(say::OWNER, [owner], Count::read)?.unwrap_or_default();
            self.owners.insert(owner.clone(), count);
        }
        Ok(self.owners.entry(owner.clone()).or_default())
    }

    /// Tasks that have not ended, and all.
    pub fn of_all(&mut self, sql: &Connection) -> rusqlite::Result<(usize, usize)> {
        self.all(sql).map(|all| all.get())
    }

    /// The same of this owner.
    pub fn of_owner(
        &mut self,
        sql: &Connection,
        owner: &Owner,
    ) -> rusqlite::Result<(usize, usize)> {
        self.of(sql, owner).map(|of| of.get())
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
        let all = self.all(sql)?;
        all.live += live;
        all.kept += kept;
        let of = self.of(sql, owner)?;
        of.live += live;
        of.kept += kept;
        Ok(())
    }

    /// Writes them down, before the commit.
    pub fn save(&self, sql: &Connection) -> rusqlite::Result<()> {
        let Some(all) = self.all.filter(|_| self.dirty) else { return Ok(()) };
        sql.run(say::SET_TOTAL, (all.live, all.kept))?;
        for (owner, of) in &self.owners {
            match of.kept {
                ..=0 => sql.run(say::DROP_OWNER, [owner])?,
                kept => sql.run(say::SET_OWNER, (owner, of.live, kept))?,
            };
        }
        Ok(())
    }
}
