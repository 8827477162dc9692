//! The tables, and how a file comes from one version of them to the next.
//!
//! Tasks are numbered: everything else hangs on the number, so that what is written together lies together, and only one
//! small index is in the random order of the ids.

use rusqlite::Connection;

/// In the header of the file: `mcpw`. Nobody else's file is taken for one of ours.
pub(super) const APPLICATION: i32 = 0x6d63_7077;

/// The version of the tables that this program knows.
pub(super) const VERSION: i32 = MIGRATIONS.len() as i32;

/// The first makes the tables in an empty file; each of the others changes what the one before it has left. What was
/// released is not edited any more.
const MIGRATIONS: [&str; 2] = [TABLES, KEPT_BY_OWNERS];

const TABLES: &str = "
-- What is short about a task. Rows are small: they change often, and lists read many.
CREATE TABLE task (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    owner       TEXT NOT NULL,           -- '' is nobody in particular
    tool        TEXT NOT NULL,
    state       TEXT NOT NULL,           -- working, input_required, returned, returned_error, failed, cancelled
    change      INTEGER NOT NULL,        -- one more with everything that clients can see
    message     TEXT,
    progress    REAL,
    total       REAL,
    told        REAL,                    -- the journal's progress, not the client's
    created_at  INTEGER NOT NULL,        -- all times: milliseconds since 1970
    updated_at  INTEGER NOT NULL,
    expires_at  INTEGER,                 -- from then on there is no such task, deleted or not
    ended_at    INTEGER,
    attempt     INTEGER NOT NULL,
    restart     TEXT NOT NULL,           -- fail, replay
    dedupe      TEXT,                    -- gone when the task ends
    retry_of    TEXT
) STRICT;
CREATE INDEX task_of_owner ON task (owner, created_at, id);
CREATE INDEX task_of_all ON task (created_at, id);
CREATE INDEX task_expiry ON task (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX task_dedupe ON task (owner, tool, dedupe) WHERE dedupe IS NOT NULL;

-- The call as the engine wrote it down, and which version of the tool has written the journal.
CREATE TABLE call (
    task        INTEGER PRIMARY KEY,
    call_id     BLOB NOT NULL,
    version     TEXT NOT NULL,
    body        TEXT NOT NULL
) STRICT;

-- How a task ended, raw. The task's state says what the body is.
CREATE TABLE result (
    task        INTEGER PRIMARY KEY,
    body        TEXT NOT NULL
) STRICT;

-- Who works on a task, or when somebody may. Every task has one until it ends; a cancelled one keeps it until its worker
-- knows. This is a small table: what looks for work never meets a task that has ended.
CREATE TABLE claim (
    task        INTEGER PRIMARY KEY,
    tool        TEXT NOT NULL,
    node        BLOB,
    epoch       INTEGER NOT NULL,
    due_at      INTEGER,                 -- without a node: NULL waits for input
    parked      INTEGER NOT NULL,        -- without a node: 1 if an answer makes it due, 2 after an attempt that failed
    called      INTEGER NOT NULL,        -- something came that its worker has not taken in
    waited      INTEGER NOT NULL,        -- it has, or had, questions or timers: most tasks never do
    expires_at  INTEGER                  -- the task's
) STRICT;
CREATE INDEX claim_due ON claim (tool, due_at) WHERE node IS NULL AND due_at IS NOT NULL;
CREATE INDEX claim_called ON claim (node) WHERE called = 1;

-- Who works. A node that has left stands here as long ago dead until it is reaped.
CREATE TABLE node (
    id          BLOB PRIMARY KEY,
    alive_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The journal: what a call has learned, in that order.
CREATE TABLE record (
    task        INTEGER NOT NULL,
    place       INTEGER NOT NULL,
    key         TEXT NOT NULL,
    kind        TEXT NOT NULL,           -- value, answer: JSON; error: text; fired, cancelled: nothing
    body        TEXT,
    written_at  INTEGER NOT NULL,
    PRIMARY KEY (task, place)
) STRICT, WITHOUT ROWID;

-- Every question that was ever put. One that is open has its body here; its answer waits here to be taken in.
CREATE TABLE question (
    task        INTEGER NOT NULL,
    key         TEXT NOT NULL,
    place       INTEGER NOT NULL,        -- in the order of asking
    digest      TEXT NOT NULL,
    standing    TEXT NOT NULL,           -- open, withdrawn, settled
    body        TEXT,
    answered_at INTEGER,
    answer      TEXT,                    -- JSON
    refusal     TEXT,                    -- or why there is no answer
    PRIMARY KEY (task, key)
) STRICT, WITHOUT ROWID;

-- Timers that run.
CREATE TABLE timer (
    task        INTEGER NOT NULL,
    key         TEXT NOT NULL,
    place       INTEGER NOT NULL,
    deadline    INTEGER NOT NULL,
    PRIMARY KEY (task, key)
) STRICT, WITHOUT ROWID;

-- How many tasks there are: one row of all, and one of each owner who has some that have not ended. Written by the
-- transactions that create, end and delete tasks, and counted afresh when the file is opened.
CREATE TABLE total (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    live        INTEGER NOT NULL,
    kept        INTEGER NOT NULL
) STRICT;
CREATE TABLE owner (
    id          TEXT PRIMARY KEY,
    live        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// An owner has a row from now on as long as there is a task of theirs.
const KEPT_BY_OWNERS: &str = "
ALTER TABLE owner ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
";

const COUNT: &str = "
DELETE FROM total;
DELETE FROM owner;
INSERT INTO owner (id, live, kept) SELECT owner, 0, count(*) FROM task GROUP BY owner;
UPDATE owner SET live = of.live FROM
    (SELECT owner, count(*) AS live FROM claim JOIN task ON number = task WHERE ended_at IS NULL GROUP BY owner) AS of
    WHERE id = of.owner;
INSERT INTO total (one, live, kept)
    SELECT 1, (SELECT coalesce(sum(live), 0) FROM owner), (SELECT count(*) FROM task);
";

/// Brings the tables from this version to the present one, and counts the tasks. Within a transaction.
pub(super) fn migrate(sql: &Connection, version: i32) -> rusqlite::Result<()> {
    let known = usize::try_from(version).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(known) {
        sql.execute_batch(migration)?;
    }
    if version != VERSION {
        sql.pragma_update(None, "application_id", APPLICATION)?;
        sql.pragma_update(None, "user_version", VERSION)?;
    }
    sql.execute_batch(COUNT)
}
