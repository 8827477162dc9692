//! What calls share: in `self`, for tools that belong together, or as a `State` that any function borrows by its type.
//!
//! `cargo run -p mcpwright-examples --bin state`

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use mcp_runtime::{Json, ServeError, State, mcp_tool, mcp_tools};

/// How often somebody wrote something.
#[derive(Default)]
struct Visits(AtomicU64);

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

#[mcp_tools]
impl Notes {
    /// Keeps a note, and returns its number.
    #[mcp_tool(destructive = false)]
    async fn add(&self, visits: &State<Visits>, text: String) -> Json<usize> {
        visits.0.fetch_add(1, Ordering::Relaxed);
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(text);
        Json(notes.len())
    }

    /// Finds the notes that contain a word.
    #[mcp_tool(read_only)]
    async fn find(&self, word: String) -> Json<Vec<String>> {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Json(notes.iter().filter(|note| note.contains(&word)).cloned().collect())
    }
}

/// How often something was written since the server started.
#[mcp_tool(read_only)]
async fn visits(visits: &State<Visits>) -> Json<u64> {
    Json(visits.0.load(Ordering::Relaxed))
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    mcp_runtime::server!()
        .state(Visits::default())
        .tools(Notes::default())
        .tool::<visits>()
        .serve_stdio()
        .await
}
