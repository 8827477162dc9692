//! What is said to SQLite, but for the tables. Parameters of statements are numbered as they are bound.

use rusqlite::{Connection, Params, Row};

/// Prepared once on each connection.
pub(super) trait Statements {
    /// Changes rows, and says how many.
    fn run(&self, statement: &str, params: impl Params) -> rusqlite::Result<usize>;

    /// The first row, if there is one.
    fn one<T>(
        &self,
        statement: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>>;

    /// All rows.
    fn all<T>(
        &self,
        statement: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>>;
}

impl Statements for Connection {
    fn run(&self, statement: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.prepare_cached(statement)?.execute(params)
    }

    fn one<T>(
        &self,
        statement: &str,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        let mut statement = self.prepare_cached(statement)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(&mut read).transpose()
    }

    fn all<T>(
        &self,
        statement: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.prepare_cached(statement)?.query_map(params, read)?.collect()
    }
}

// Transactions.

/// Takes the right to write at once: a transaction that first reads and then finds it taken could not go on.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";
/// Changes when another connection has written to the file; not by what this one writes.
pub(super) const DATA_VERSION: &str = "PRAGMA data_version";

// Reading.

/// The columns that `read::record` expects first.
macro_rules! record {
    ($rest:literal) => {
        concat!(
            "SELECT number, id, owner, tool, state, change, message, progress, total, created_at, updated_at, \
             expires_at, attempt, retry_of ",
            $rest
        )
    };
}

pub(super) const TASK: &str = record!("FROM task WHERE id = ?1");
pub(super) const TASK_AND_RESULT: &str =
    record!(", body FROM task LEFT JOIN result ON task = number WHERE id = ?1");
pub(super) const TASK_BY_NUMBER: &str = record!("FROM task WHERE number = ?1");
pub(super) const PAGE_OF_OWNER: &str = record!(
    "FROM task WHERE owner = ?1 AND (created_at, id) > (?2, ?3) AND (expires_at IS NULL OR expires_at > ?4)
     ORDER BY created_at, id LIMIT ?5"
);
pub(super) const PAGE_OF_ALL: &str = record!(
    "FROM task WHERE (created_at, id) > (?1, ?2) AND (expires_at IS NULL OR expires_at > ?3)
     ORDER BY created_at, id LIMIT ?4"
);
/// Open questions that have no answer: what clients see, and what makes a task `input_required`.
pub(super) const QUESTIONS: &str = "SELECT key, body FROM question
     WHERE task = ?1 AND body IS NOT NULL AND answered_at IS NULL ORDER BY place";
pub(super) const HAS_QUESTIONS: &str = "SELECT EXISTS (SELECT 1 FROM question
     WHERE task = ?1 AND body IS NOT NULL AND answered_at IS NULL)";
pub(super) const CALL: &str =
    "SELECT body, call_id, version, told FROM call JOIN task ON number = task WHERE task = ?1";
pub(super) const RECORDS: &str =
    "SELECT key, kind, body, written_at FROM record WHERE task = ?1 ORDER BY place";
pub(super) const TIMERS: &str = "SELECT key, deadline FROM timer WHERE task = ?1 ORDER BY place";
pub(super) const ASKED: &str =
    "SELECT key, digest, standing FROM question WHERE task = ?1 ORDER BY place";
pub(super) const CLAIM_OF: &str = "SELECT restart, node, epoch, due_at FROM task LEFT JOIN claim ON task = number WHERE number = ?1";
pub(super) const CHANGE: &str =
    "SELECT change FROM task WHERE id = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
pub(super) const CALLED: &str = "SELECT id FROM claim JOIN task ON number = task WHERE called = 1";

pub(super) const CLAIM_STATS: &str = "SELECT count(*) FILTER (WHERE node IS NOT NULL),
        count(*) FILTER (WHERE node IS NULL AND due_at <= ?1),
        count(*) FILTER (WHERE node IS NULL AND (due_at IS NULL OR due_at > ?1)),
        min(due_at) FILTER (WHERE node IS NULL AND due_at <= ?1)
     FROM claim WHERE expires_at IS NULL OR expires_at > ?1";
/// What has expired and lies there still was never counted out.
pub(super) const ENDED_STATS: &str = "SELECT kept - live
        - (SELECT count(*) FROM task WHERE expires_at <= ?1 AND ended_at IS NOT NULL)
     FROM total";

// Creating.

pub(super) const TOTAL: &str = "SELECT live, kept FROM total";
pub(super) const SET_TOTAL: &str = "UPDATE total SET live = ?1, kept = ?2";
pub(super) const OWNER: &str = "SELECT live, kept FROM owner WHERE id = ?1";
pub(super) const SET_OWNER: &str = "INSERT INTO owner (id, live, kept) VALUES (?1, ?2, ?3)
     ON CONFLICT (id) DO UPDATE SET live = excluded.live, kept = excluded.kept";
pub(super) const DROP_OWNER: &str = "DELETE FROM owner WHERE id = ?1";
pub(super) const SAME: &str =
    "SELECT number FROM task WHERE owner = ?1 AND tool = ?2 AND dedupe = ?3
     AND (expires_at IS NULL OR expires_at > ?4)";
pub(super) const ADD_TASK: &str = "INSERT INTO task
        (id, owner, tool, state, change, told, created_at, updated_at, expires_at, attempt, restart, dedupe, retry_of)
     VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?6, ?7, 1, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING";
pub(super) const ADD_CALL: &str =
    "INSERT INTO call (task, call_id, version, body) VALUES (?1, ?2, ?3, ?4)";
pub(super) const ADD_CLAIM: &str =
    "INSERT INTO claim (task, tool, node, epoch, due_at, parked, called, waited, expires_at)
     VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8)";
pub(super) const ADD_RECORD: &str = "INSERT INTO record (task, place, key, kind, body, written_at)
     VALUES (?1, (SELECT coalesce(max(place), 0) + 1 FROM record WHERE task = ?1), ?2, ?3, ?4, ?5)";
pub(super) const ADD_TIMER: &str = "INSERT INTO timer (task, key, place, deadline)
     VALUES (?1, ?2, (SELECT coalesce(max(place), 0) + 1 FROM timer WHERE task = ?1), ?3)
     ON CONFLICT (task, key) DO UPDATE SET place = excluded.place, deadline = excluded.deadline";
/// One that was put before keeps its place and its digest.
pub(super) const ADD_QUESTION: &str =
    "INSERT INTO question (task, key, place, digest, standing, body)
     VALUES (?1, ?2, (SELECT coalesce(max(place), 0) + 1 FROM question WHERE task = ?1), ?3, ?4, ?5)
     ON CONFLICT (task, key) DO UPDATE SET standing = excluded.standing, body = excluded.body";

// Working on a task. Every one of these comes after HELD, in the same transaction.

/// The task of a claim, if the claim stands.
pub(super) const HELD: &str = "SELECT number, owner, state, ended_at, told, called, waited
     FROM task JOIN claim ON task = number
     WHERE id = ?1 AND node = ?2 AND epoch = ?3 AND (task.expires_at IS NULL OR task.expires_at > ?4)";
pub(super) const RECORD_KEYS: &str = "SELECT place, key FROM record WHERE task = ?1";
pub(super) const DROP_RECORD: &str = "DELETE FROM record WHERE task = ?1 AND place = ?2";
pub(super) const LAST_RECORD: &str = "SELECT place, kind = 'error'
        AND NOT EXISTS (SELECT 1 FROM question WHERE question.task = record.task AND question.key = record.key)
     FROM record WHERE task = ?1 ORDER BY place DESC LIMIT 1";
pub(super) const LAST_RECORDS: &str =
    "SELECT key, kind, body FROM record WHERE task = ?1 ORDER BY place DESC";
pub(super) const SET_VERSION: &str = "UPDATE call SET version = ?2 WHERE task = ?1";
pub(super) const SET_TOLD: &str = "UPDATE task SET told = ?2 WHERE number = ?1";
pub(super) const CLOSE_QUESTION: &str = "UPDATE question
     SET standing = ?3, body = NULL, answered_at = NULL, answer = NULL, refusal = NULL
     WHERE task = ?1 AND key = ?2";
pub(super) const DROP_ANSWER: &str =
    "UPDATE question SET answered_at = NULL, answer = NULL, refusal = NULL
     WHERE task = ?1 AND key = ?2";
pub(super) const DROP_TIMER: &str = "DELETE FROM timer WHERE task = ?1 AND key = ?2";
/// `updated_at` never goes back, whatever the clock does (D13).
pub(super) const SET_STATE: &str = "UPDATE task
     SET state = ?2, change = change + 1, updated_at = max(updated_at, ?3) WHERE number = ?1";
pub(super) const SET_NOTE: &str = "UPDATE task
     SET message = coalesce(?2, message),
         progress = CASE WHEN ?3 IS NULL THEN progress ELSE ?3 END,
         total = CASE WHEN ?3 IS NULL THEN total ELSE ?4 END,
         change = change + 1, updated_at = max(updated_at, ?5)
     WHERE number = ?1";
pub(super) const ANSWERS: &str = "SELECT key, answered_at, answer, refusal FROM question
     WHERE task = ?1 AND answered_at IS NOT NULL ORDER BY place";
pub(super) const WAITED: &str = "UPDATE claim SET waited = 1 WHERE task = ?1";
pub(super) const SEEN: &str = "UPDATE claim SET called = 0 WHERE task = ?1";

/// The bit on the claim's own row decides: an answer that comes at the same time sets it before or after, and is not missed.
pub(super) const PARK: &str = "UPDATE claim
     SET node = NULL, parked = 1, due_at = CASE WHEN called = 1 THEN ?2 ELSE ?3 END
     WHERE task = ?1 RETURNING due_at";
pub(super) const LET_GO: &str =
    "UPDATE claim SET node = NULL, parked = 0, due_at = ?2 WHERE task = ?1";
pub(super) const LET_GO_FAILED: &str =
    "UPDATE claim SET node = NULL, parked = 2, due_at = ?2 WHERE task = ?1";
pub(super) const SET_FAILED: &str = "UPDATE task
     SET attempt = attempt + 1, message = ?2, change = change + 1, updated_at = max(updated_at, ?3)
     WHERE number = ?1";

// Ending a task.

pub(super) const END_TASK: &str = "UPDATE task
     SET state = ?2, message = coalesce(?3, message), dedupe = NULL, ended_at = ?4,
         change = change + 1, updated_at = max(updated_at, ?4)
     WHERE number = ?1";
pub(super) const ADD_RESULT: &str = "INSERT INTO result (task, body) VALUES (?1, ?2)";
pub(super) const END_QUESTIONS: &str = "UPDATE question
     SET body = NULL, answered_at = NULL, answer = NULL, refusal = NULL
     WHERE task = ?1 AND body IS NOT NULL";
pub(super) const END_TIMERS: &str = "DELETE FROM timer WHERE task = ?1";
pub(super) const END_CLAIM: &str = "DELETE FROM claim WHERE task = ?1";

// Clients.

pub(super) const ANSWER: &str = "UPDATE question SET answered_at = ?3, answer = ?4, refusal = ?5
     WHERE task = ?1 AND key = ?2 AND body IS NOT NULL AND answered_at IS NULL";
/// The worker is called, or the task becomes due.
pub(super) const CALL_WORKER: &str = "UPDATE claim
     SET called = 1, due_at = CASE
         WHEN node IS NULL AND parked = 1 AND (due_at IS NULL OR due_at > ?2) THEN ?2 ELSE due_at END
     WHERE task = ?1 RETURNING node IS NULL";
/// Nothing if nobody works on it.
pub(super) const CALL_WORKER_OFF: &str =
    "UPDATE claim SET called = 1 WHERE task = ?1 AND node IS NOT NULL";

// Nodes.

pub(super) const JOIN: &str = "INSERT INTO node (id, alive_until) VALUES (?1, ?2)
     ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until";
pub(super) const ALIVE_UNTIL: &str = "SELECT alive_until FROM node WHERE id = ?1";
pub(super) const BEAT: &str = "UPDATE node SET alive_until = ?2 WHERE id = ?1 AND alive_until > ?3";
pub(super) const CALLED_OF_NODE: &str = "SELECT id, epoch FROM claim JOIN task ON number = task
     WHERE node = ?1 AND called = 1 AND (claim.expires_at IS NULL OR claim.expires_at > ?2)";
/// Dead since 1970: it is reaped next, with what it holds still.
pub(super) const LEAVE: &str = "UPDATE node SET alive_until = 0 WHERE id = ?1";
pub(super) const DEAD: &str = "SELECT id FROM node WHERE alive_until <= ?1";
pub(super) const DROP_NODE: &str = "DELETE FROM node WHERE id = ?1";
/// All claims are looked at, which is seldom: an index for it would cost every task.
pub(super) const CLAIMS_OF_NODE: &str = "SELECT number, id, owner, state, restart, attempt
     FROM claim JOIN task ON number = task
     WHERE node = ?1 AND (claim.expires_at IS NULL OR claim.expires_at > ?2)";
pub(super) const REAP: &str =
    "UPDATE claim SET node = NULL, parked = 0, epoch = epoch + 1, due_at = ?2 WHERE task = ?1";
pub(super) const BEGIN_AGAIN: &str = "UPDATE task SET attempt = attempt + 1 WHERE number = ?1";
pub(super) const DUE: &str = "SELECT task, due_at, parked = 2 FROM claim
     WHERE tool = ?1 AND node IS NULL AND due_at <= ?2 AND (expires_at IS NULL OR expires_at > ?2)
     ORDER BY due_at LIMIT ?3";
pub(super) const NEXT_DUE: &str = "SELECT due_at FROM claim
     WHERE tool = ?1 AND node IS NULL AND due_at > ?2 AND (expires_at IS NULL OR expires_at > ?2)
     ORDER BY due_at LIMIT 1";
/// What it says is why its last attempt failed.
pub(super) const DROP_MESSAGE: &str = "UPDATE task
     SET message = NULL, change = change + 1, updated_at = max(updated_at, ?2) WHERE number = ?1";
pub(super) const TAKE: &str =
    "UPDATE claim SET node = ?2, epoch = epoch + 1, due_at = NULL, parked = 0
     WHERE task = ?1 RETURNING epoch";

// What cannot be read.

pub(super) const WHOSE: &str = "SELECT id, owner, ended_at IS NOT NULL FROM task WHERE number = ?1";
/// It stands in nobody's way any more, and expires some day.
pub(super) const SHELVE: &str =
    "UPDATE claim SET node = NULL, parked = 0, due_at = NULL WHERE task = ?1";

// Deleting.

pub(super) const EXPIRED: &str = "SELECT number, id, owner, ended_at FROM task WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2";
pub(super) const ENDED_ONE: &str = "SELECT number, id, owner, ended_at FROM task WHERE id = ?1
     AND ended_at IS NOT NULL AND (expires_at IS NULL OR expires_at > ?2)";
/// Among so many numbers at a time: there is no index of ends, which every task would pay for.
pub(super) const ENDED_BEFORE: &str = "SELECT number, id, owner, ended_at FROM task
     WHERE number > ?1 AND number <= ?2 AND ended_at < ?3 AND (expires_at IS NULL OR expires_at > ?4)";
pub(super) const NUMBER_AFTER: &str = "SELECT min(number) FROM task WHERE number > ?1";
/// In all tables where a task has rows; the task itself last.
pub(super) const DELETE: [&str; 7] = [
    "DELETE FROM call WHERE task = ?1",
    "DELETE FROM result WHERE task = ?1",
    "DELETE FROM claim WHERE task = ?1",
    "DELETE FROM record WHERE task = ?1",
    "DELETE FROM question WHERE task = ?1",
    "DELETE FROM timer WHERE task = ?1",
    "DELETE FROM task WHERE number = ?1",
];
