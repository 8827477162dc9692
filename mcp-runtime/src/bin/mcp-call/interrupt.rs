//! Ctrl-C: once for an end in good order, twice for an end.

use tokio::sync::watch;

/// Hears Ctrl-C. Cheap to clone.
#[derive(Clone)]
pub struct Interrupt(watch::Receiver<bool>);

/// What a shell says of a process that SIGINT has ended.
const STATUS: i32 = 130;

impl Interrupt {
    /// Listens from now on, in a task of the runtime.
    pub fn listen() -> Self {
        let (pressed, heard) = watch::channel(false);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                if pressed.send_replace(true) {
                    // The cursor may stand behind a prompt.
                    eprintln!();
                    std::process::exit(STATUS);
                }
            }
            // Nobody can hear it: the system ends the process.
            std::future::pending::<()>().await;
        });
        Self(heard)
    }

    /// Waits until it was pressed.
    pub async fn pressed(&self) {
        let mut heard = self.0.clone();
        if heard.wait_for(|pressed| *pressed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
