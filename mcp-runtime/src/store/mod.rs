//! Places where tasks are kept.
//!
//! | store | for | feature |
//! | --- | --- | --- |
//! | [`MemoryStore`] | servers that may lose their tasks with their process | |
//! | [`SqliteStore`] | one machine: tasks survive their process | `sqlite` |
//!
//! Architecture invariant: a store is only storage. It knows no protocol and runs nothing; what it promises is written at
//! [`TaskStore`](crate::task::TaskStore), and proven by the contract kit.

mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use self::memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteStore;
