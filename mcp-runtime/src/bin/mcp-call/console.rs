//! A person at a terminal: lines are shown on stderr, and read from stdin.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::thread;

use tokio::sync::{Mutex, mpsc};

use crate::screen::{Held, Screen};
use crate::show::{self, Style};
use crate::shown;

/// Whoever sits at the terminal.
pub struct Console {
    /// One question at a time, and its lines to nobody else.
    lines: Mutex<Option<mpsc::UnboundedReceiver<String>>>,
    screen: Screen,
}

/// The end of what is typed: Ctrl-D.
pub struct Gone;

impl Console {
    /// Somebody, if both ends are a terminal: what is asked has to be seen, and what is answered typed.
    pub fn find(screen: &Screen) -> Option<Self> {
        let there = io::stdin().is_terminal() && io::stderr().is_terminal();
        there.then(|| Self { lines: Mutex::new(None), screen: screen.clone() })
    }

    /// Has the floor until it is dropped.
    pub async fn take(&self) -> Floor<'_> {
        let lines = self.lines.lock().await;
        Floor { _held: self.screen.hold(), lines, screen: &self.screen }
    }
}

/// The right to ask.
pub struct Floor<'a> {
    _held: Held,
    lines: tokio::sync::MutexGuard<'a, Option<mpsc::UnboundedReceiver<String>>>,
    screen: &'a Screen,
}

impl Floor<'_> {
    /// Shows a line.
    pub fn say(&self, text: &str) {
        self.screen.say(text);
    }

    /// Asks for one line. Cancel safe: what is typed later is the answer to what is asked next.
    pub async fn ask(&mut self, prompt: &str) -> Result<String, Gone> {
        self.screen.quietly(|| {
            let mut err = io::stderr();
            // Without a terminal to write to, nothing will be typed either.
            let _ = write!(err, "{prompt}");
            let _ = err.flush();
        });
        let lines = self.lines.get_or_insert_with(read);
        let typed = lines.recv().await;
        if typed.is_none() {
            // The cursor still stands behind the prompt.
            self.say("");
        }
        typed.ok_or(Gone)
    }
}

/// Text in a style, for whoever has the floor.
pub fn styled(style: Style, text: &str) -> String {
    // It is a terminal, or there would be no floor.
    show::styled(style, text, shown::has_colour())
}

/// Reading blocks, and cannot be stopped: it has a thread of its own, which ends with the process.
fn read() -> mpsc::UnboundedReceiver<String> {
    let (typed, lines) = mpsc::unbounded_channel();
    let reader = move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if typed.send(line).is_err() {
                return;
            }
        }
    };
    // Without a thread there is nobody to read: whoever asks finds the end.
    let _ = thread::Builder::new().name("mcp-call-stdin".to_owned()).spawn(reader);
    lines
}
