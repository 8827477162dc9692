//! The client and tasks of servers: against our own in both eras, and against scripted ones that do what ours never does. The
//! numbers are those of `docs/task-rules.md`.
#![cfg(feature = "client")]

#[path = "client_tasks/fake.rs"]
mod fake;
#[path = "client_tasks/handles.rs"]
mod handles;
#[path = "client_tasks/hostile.rs"]
mod hostile;
#[path = "client_tasks/kept.rs"]
mod kept;
#[path = "client_tasks/late.rs"]
mod late;
#[path = "client_tasks/legacy.rs"]
mod legacy;
#[path = "client_tasks/log.rs"]
mod log;
#[path = "client_tasks/modern.rs"]
mod modern;
#[path = "client_tasks/ours.rs"]
mod ours;
#[cfg(feature = "sqlite")]
#[path = "client_tasks/resume.rs"]
mod resume;
#[path = "tasks_peer/mod.rs"]
mod tasks_peer;
