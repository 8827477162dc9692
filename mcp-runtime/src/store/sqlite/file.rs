//! Opens the file, and makes sure that it is ours.

use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::schema::{self, APPLICATION, VERSION};
use super::statements::{self as say, Statements as _};
use super::trouble::{Named, is_locked};
use super::values::Int;
use crate::task::StoreError;

/// How a connection is set up.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub named: Named,
    /// Whether a commit waits until the disk has it.
    pub durable: bool,
    /// How large the file may become, in bytes.
    pub largest: Option<u64>,
}

/// Pages of the write-ahead log after which it is written back to the file: 16 MiB of them. The larger, the more often a page is
/// written back once that was changed many times.
const CHECKPOINT_AFTER: u32 = 4_000;

/// Statements that a connection keeps prepared: more than there are.
const STATEMENTS: usize = 96;

/// Memory for pages, in KiB.
const WRITER_CACHE: i64 = 16 << 10;
const READER_CACHE: i64 = 2 << 10;

impl Setup {
    /// The connection that writes. Creates the file, and brings its tables to the present version.
    pub fn writer(&self) -> Result<Connection, StoreError> {
        let mut sql = self.connect(OpenFlags::SQLITE_OPEN_CREATE, self.named.patience)?;
        let explained = |error| self.named.explain(&error);
        // Before anything is written: a file that is somebody else's stays as it is. In a transaction, as another process may
        // be making the tables right now.
        let looking = sql.unchecked_transaction().map_err(explained)?;
        self.version_of(&looking)?;
        drop(looking);
        if sql.is_readonly("main").map_err(explained)? {
            return Err(
                self.refuse("cannot be written: give this process the right to, and to its folder")
            );
        }
        self.use_wal(&sql)?;
        let synchronous = if self.durable { "FULL" } else { "NORMAL" };
        sql.pragma_update(None, "synchronous", synchronous).map_err(explained)?;
        // On macOS a sync reaches the disk's plate only so. Nothing elsewhere.
        sql.pragma_update(None, "fullfsync", self.durable).map_err(explained)?;
        sql.pragma_update(None, "cache_size", -WRITER_CACHE).map_err(explained)?;
        let checkpoint =
            [("wal_autocheckpoint", i64::from(CHECKPOINT_AFTER)), ("journal_size_limit", 64 << 20)];
        for (pragma, value) in checkpoint {
            sql.pragma_update_and_check(None, pragma, value, |_| Ok(())).map_err(explained)?;
        }
        if let Some(largest) = self.largest {
            let Int(page) =
                sql.pragma_query_value(None, "page_size", |row| row.get(0)).map_err(explained)?;
            let pages = i64::try_from(largest / page.max(1)).unwrap_or(i64::MAX);
            sql.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
                .map_err(explained)?;
        }
        let transaction =
            sql.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explained)?;
        // Once more, since another process may have been first.
        let version = self.version_of(&transaction)?;
        schema::migrate(&transaction, version).map_err(explained)?;
        transaction.commit().map_err(explained)?;
        // From now on `begin` waits, in smaller steps than SQLite does.
        sql.busy_timeout(Duration::ZERO).map_err(explained)?;
        Ok(sql)
    }

    /// A connection that reads, and waits so long for one that locks the file.
    pub fn reader(&self, patience: Duration) -> Result<Connection, StoreError> {
        let sql = self.connect(OpenFlags::empty(), patience)?;
        let explained = |error| self.named.explain(&error);
        sql.pragma_update(None, "query_only", true).map_err(explained)?;
        sql.pragma_update(None, "cache_size", -READER_CACHE).map_err(explained)?;
        Ok(sql)
    }

    fn connect(&self, more: OpenFlags, patience: Duration) -> Result<Connection, StoreError> {
        // One thread at a time has a connection: it needs no lock of its own.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
        let explained = |error| self.named.explain(&error);
        let sql = Connection::open_with_flags(&self.named.path, flags).map_err(explained)?;
        sql.busy_timeout(patience).map_err(explained)?;
        sql.set_prepared_statement_cache_capacity(STATEMENTS);
        // Otherwise a cached statement is planned anew at every use: its values are cleared when it is put back, which
        // expires the plan of any whose parameters the planner has looked at.
        sql.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(explained)?;
        Ok(sql)
    }

    /// The version of the tables, 0 of an empty file. Within a transaction.
    fn version_of(&self, sql: &Connection) -> Result<i32, StoreError> {
        let explained = |error| self.named.explain(&error);
        let number = |pragma| sql.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
        let version = number("user_version").map_err(explained)?;
        let application = number("application_id").map_err(explained)?;
        let tables: u32 = sql
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(explained)?;
        match (application, version) {
            (APPLICATION, 1..=VERSION) => Ok(version),
            (APPLICATION, newer) => Err(self.refuse(format_args!(
                "was written by a newer version of this program: its tables are version {newer}, and version {VERSION} is \
                 known here. Use the newer program, or another file"
            ))),
            (0, 0) if tables == 0 => Ok(0),
            _ => Err(self.refuse(
                "is not a task file but some other program's database. Choose another path",
            )),
        }
    }

    /// Readers and the writer do not wait for each other then.
    fn use_wal(&self, sql: &Connection) -> Result<(), StoreError> {
        // SQLite does not wait by itself if two processes do this to the same new file.
        let deadline = Instant::now() + self.named.patience;
        loop {
            let mode = sql.pragma_update_and_check(None, "journal_mode", "WAL", |row| {
                row.get::<_, String>(0)
            });
            match mode {
                Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
                Ok(_) => {
                    return Err(self.refuse(
                        "lies on a file system without shared memory: put it on a local disk",
                    ));
                }
                Err(error) if is_locked(&error) && Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(10));
                }
                Err(error) => return Err(self.named.explain(&error)),
            }
        }
    }

    /// Takes the right to write. SQLite's own wait sleeps for longer and longer, and may not get its turn beside a process that
    /// writes all the time.
    pub fn begin(&self, sql: &Connection) -> rusqlite::Result<()> {
        const STEP: Duration = Duration::from_millis(1);
        let deadline = Instant::now() + self.named.patience;
        loop {
            match sql.run(say::BEGIN, []) {
                Err(error) if is_locked(&error) && Instant::now() < deadline => thread::sleep(STEP),
                done => return done.map(drop),
            }
        }
    }

    fn refuse(&self, why: impl std::fmt::Display) -> StoreError {
        StoreError::unavailable(format_args!("the file {} {why}", self.named.path.display()))
    }
}
