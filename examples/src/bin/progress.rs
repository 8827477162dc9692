//! Long work: progress for the user, cancellation by the client, `tracing` for whoever runs the server.
//!
//! `cargo run -p mcpwright-examples --bin progress`; what is traced goes to standard error, as standard output is the wire.

use std::time::Duration;

use mcp_runtime::{Context, ServeError, mcp_tool};

/// Downloads some files.
#[mcp_tool(timeout = "10m")]
async fn download(cx: &Context, files: Vec<String>) -> String {
    for (done, file) in files.iter().enumerate() {
        cx.progress(done as f64).total(files.len() as f64).message(file).await;
        tokio::select! {
            () = fetch(file) => tracing::info!(file, "fetched"),
            () = cx.cancelled() => {
                tracing::warn!(file, "cancelled");
                return "cancelled".to_owned();
            }
        }
    }
    format!("{} file(s) fetched", files.len())
}

async fn fetch(_file: &str) {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

/// Counts the prime numbers below a limit.
#[mcp_tool(read_only, idempotent)]
async fn primes(cx: &Context, below: u32) -> Result<String, tokio::task::JoinError> {
    // The context stays with its call. These two go anywhere, here to a thread that may be busy for long.
    let (reporter, cancellation) = (cx.reporter(), cx.cancellation());
    let count = tokio::task::spawn_blocking(move || {
        let mut count = 0;
        for number in 2..below {
            if number % 1024 == 0 {
                reporter.progress(number.into(), Some(below.into()), None);
                if cancellation.is_cancelled() {
                    break;
                }
            }
            let root = number.isqrt();
            count += u32::from((2..=root).all(|divisor| number % divisor != 0));
        }
        count
    })
    .await?;
    tracing::info!(below, count, "counted");
    Ok(count.to_string())
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    mcp_runtime::server!().tool::<download>().tool::<primes>().serve_stdio().await
}
