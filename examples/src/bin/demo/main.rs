//! A server with a tool that answers at once and one that takes its time, and a client that shows what becomes of both.
//!
//! `cargo run --bin demo -- --demo` is to be watched: a call, a task with progress, its process killed in the middle, another
//! one that goes on, a question, the result. `cargo run --bin demo` serves the same at `127.0.0.1:8000`, or at the address that
//! is named, and keeps its tasks in `demo.db`, or in the file that is named after it.

#![allow(clippy::print_stdout, reason = "the demonstration talks to a person")]

mod film;
mod terminal;
mod tour;
mod worker;

use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next() {
        Some(flag) if flag == "--demo" => tour::run().await,
        address => {
            let address = address.unwrap_or_else(|| "127.0.0.1:8000".to_owned());
            film::serve(&address, &arguments.next().unwrap_or_else(|| "demo.db".to_owned())).await
        }
    }
}
