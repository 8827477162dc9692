//! What a store is measured against: a loop that writes the rows of small tasks into a file that a store has made.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// The same rows into the same tables, by the same kind of batches, and nothing else: no admission, no leases, no claims
/// to check.
pub fn run(runtime: &Runtime, path: &Path, clients: usize, tasks: usize) -> Duration {
    enum Op {
        Create(String),
        Finish(String),
    }
    type Message = (Op, oneshot::Sender<i64>);
    let sql = Connection::open(path).unwrap();
    let pragmas =
        "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000";
    sql.execute_batch(pragmas).unwrap();
    sql.set_prepared_statement_cache_capacity(64);
    sql.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
    let (queue, messages) = mpsc::channel::<Message>();
    let (call, body) = (small_call(), result());
    let writer = std::thread::spawn(move || {
        let run = |statement: &str, params: &[&dyn rusqlite::ToSql]| {
            sql.prepare_cached(statement).unwrap().execute(params).unwrap()
        };
        while let Ok(first) = messages.recv() {
            let mut batch = vec![first];
            while batch.len() < 512
                && let Ok(more) = messages.try_recv()
            {
                batch.push(more);
            }
            run("BEGIN IMMEDIATE", &[]);
            let mut done = Vec::with_capacity(batch.len());
            for (op, reply) in batch {
                let now = 1_700_000_000_000_i64;
                match op {
                    Op::Create(id) => {
                        run(
                            "INSERT INTO task (id, owner, tool, state, change, created_at, updated_at, expires_at, attempt, restart)
                             VALUES (?1, 'alice', 'work', 'working', 0, ?2, ?2, ?3, 1, 'fail')",
                            params![id, now, now + 86_400_000],
                        );
                        let number = sql.last_insert_rowid();
                        let row = params![number, [7_u8; 16], call];
                        run(
                            "INSERT INTO call (task, call_id, version, body) VALUES (?1, ?2, '1.0', ?3)",
                            row,
                        );
                        run(
                            "INSERT INTO claim (task, tool, node, epoch, parked, called, waited, expires_at)
                             VALUES (?1, 'work', ?2, 1, 0, 0, 0, ?3)",
                            params![number, [1_u8; 16], now + 86_400_000],
                        );
                        done.push((reply, number));
                    }
                    Op::Finish(id) => {
                        let mut find =
                            sql.prepare_cached("SELECT number FROM task WHERE id = ?1").unwrap();
                        let number: i64 = find.query_row([id], |row| row.get(0)).unwrap();
                        run(
                            "UPDATE task SET state = 'returned', change = 1, updated_at = ?2, ended_at = ?2 WHERE number = ?1",
                            params![number, now + 1],
                        );
                        run(
                            "INSERT INTO result (task, body) VALUES (?1, ?2)",
                            params![number, body],
                        );
                        run("DELETE FROM claim WHERE task = ?1", params![number]);
                        done.push((reply, number));
                    }
                }
            }
            run("COMMIT", &[]);
            for (reply, number) in done {
                let _ = reply.send(number);
            }
        }
    });
    let took = callers(runtime, clients, |client| {
        let queue = queue.clone();
        async move {
            let write = async |op| {
                let (reply, answer) = oneshot::channel();
                queue.send((op, reply)).unwrap();
                answer.await.unwrap()
            };
            for task in 0..tasks / clients {
                let id = format!("{client:012}-{task:019}");
                write(Op::Create(id.clone())).await;
                write(Op::Finish(id)).await;
            }
        }
    });
    drop(queue);
    writer.join().unwrap();
    took
}

/// The arguments of a small task.
pub fn small_call() -> String {
    format!(r#"{{"name":"work","arguments":{{"text":"{}"}}}}"#, "a".repeat(260))
}

/// What it returns.
pub fn result() -> String {
    format!(r#"{{"content":[{{"type":"text","text":"{}"}}]}}"#, "b".repeat(2_000))
}

/// Many callers, one after the other as many as there are; how long they took together.
pub fn callers<F>(runtime: &Runtime, callers: usize, each: impl Fn(usize) -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let begun = Instant::now();
    runtime.block_on(async {
        let all: Vec<_> = (0..callers).map(|caller| tokio::spawn(each(caller))).collect();
        for caller in all {
            caller.await.unwrap();
        }
    });
    begun.elapsed()
}
