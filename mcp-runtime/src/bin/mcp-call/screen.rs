//! What happens on the way to a result: a bar and words on stderr, or events for programs on stdout.

use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use mcp_runtime::client::{CallEvent, TaskInfo};
use mcp_schema::Value;
use mcp_schema::v2026_07_28::{LoggingMessageNotificationParams, ProgressNotificationParams};
use serde_json::json;

use crate::output;
use crate::show::{self, Style};
use crate::shown;

/// Steps of a bar: progress need not come in whole numbers.
const STEPS: u64 = 1_000;

/// Where it is shown. Cheap to clone.
#[derive(Clone)]
pub struct Screen(Arc<Inner>);

struct Inner {
    quiet: bool,
    /// For programs: nothing but results goes to stdout, unless they want events.
    json: bool,
    events: bool,
    colour: bool,
    drawing: Mutex<Drawing>,
}

#[derive(Default)]
struct Drawing {
    bar: Option<ProgressBar>,
    /// Whether the bar has a length.
    counts: bool,
    /// Whether progress was reported since the status was shown last.
    moved: bool,
    /// Whether somebody is asked something: a bar would be drawn over the question.
    held: bool,
}

/// No bar is drawn until it is dropped.
pub struct Held(Screen);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.drawing().held = false;
    }
}

impl Screen {
    pub fn new(quiet: bool, json: bool, events: bool) -> Self {
        let colour = io::stderr().is_terminal() && shown::has_colour();
        Self(Arc::new(Inner { quiet, json, events, colour, drawing: Mutex::default() }))
    }

    /// Whether stdout is for programs.
    pub fn is_json(&self) -> bool {
        self.0.json
    }

    /// Shows a line, above the bar if there is one.
    pub fn say(&self, line: &str) {
        self.quietly(|| eprintln!("{line}"));
    }

    /// Tells what is good to know, and no part of the result.
    pub fn note(&self, line: &str) {
        if !self.0.quiet && !self.0.json {
            self.say(&show::styled(Style::Faint, line, self.0.colour));
        }
    }

    /// Writes to the terminal while no bar does.
    pub fn quietly<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.drawing().bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn drawing(&self) -> MutexGuard<'_, Drawing> {
        self.0.drawing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        let mut drawing = self.drawing();
        if let Some(bar) = drawing.bar.take() {
            bar.finish_and_clear();
        }
        drawing.counts = false;
    }

    /// Takes the bar away for as long as somebody is asked something.
    pub fn hold(&self) -> Held {
        self.clear();
        self.drawing().held = true;
        Held(self.clone())
    }

    /// Tells programs what happens.
    pub fn tell(&self, event: &str, mut more: Value) -> io::Result<()> {
        if !self.0.events {
            return Ok(());
        }
        let mut document = json!({ "event": event });
        if let (Some(all), Some(more)) = (document.as_object_mut(), more.as_object_mut()) {
            all.append(more);
        }
        output::json_line(&mut io::stdout(), &document)
    }

    /// Shows one event of a call.
    pub fn event(&self, event: &CallEvent) -> io::Result<()> {
        match event {
            CallEvent::Created(info) => {
                self.note(&format!("task {}", shown::line(&info.id)));
                self.tell("created", json!({ "task": output::task(info) }))
            }
            CallEvent::Status(info) => {
                self.status(info);
                self.tell("status", json!({ "task": output::task(info) }))
            }
            CallEvent::Progress(params) => {
                self.progress(params);
                let (total, message) = (&params.total, &params.message);
                let event =
                    json!({ "progress": params.progress, "total": total, "message": message });
                self.tell("progress", event)
            }
            CallEvent::Input { key, method, params } => {
                self.tell("input", json!({ "key": key, "method": method, "params": params }))
            }
            _ => Ok(()),
        }
    }

    /// Shows a log message of the server.
    pub fn log(&self, params: &LoggingMessageNotificationParams) -> io::Result<()> {
        let data = match &params.data {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let level = json!(params.level);
        let level = level.as_str().unwrap_or_default();
        self.note(&format!("{}: {}", shown::line(level), shown::line(&data)));
        let logger = &params.logger;
        self.tell("log", json!({ "level": params.level, "logger": logger, "data": params.data }))
    }

    fn status(&self, info: &TaskInfo) {
        let text = show::status(info);
        match self.draws() {
            true => self.drawn(|bar, drawing| {
                // A task may say how far it is in its status alone: a count that stands still would be wrong beside it.
                if drawing.counts && !drawing.moved {
                    drawing.counts = false;
                    bar.set_style(style(SPINNER));
                    bar.set_prefix("");
                }
                drawing.moved = false;
                bar.set_message(text);
            }),
            false => self.note(&text),
        }
    }

    fn progress(&self, params: &ProgressNotificationParams) {
        if !self.draws() {
            return;
        }
        let number = |number: &serde_json::Number| number.as_f64().unwrap_or_default();
        let done = number(&params.progress);
        let total = params.total.as_ref().map(number).filter(|total| *total > 0.0);
        let round = |number: f64| (number * 100.0).round() / 100.0;
        let count = match total {
            Some(total) => format!("{}/{}", round(done), round(total)),
            None => round(done).to_string(),
        };
        let message = params.message.as_deref().map(shown::line).unwrap_or_default();
        self.drawn(|bar, drawing| {
            drawing.moved = true;
            if let Some(total) = total {
                if !drawing.counts {
                    drawing.counts = true;
                    bar.set_length(STEPS);
                    bar.set_style(style("{bar:24.cyan/dim} {prefix} {wide_msg}"));
                }
                // Both are finite and not negative here, and the quotient is at most 1.
                bar.set_position(((done / total).clamp(0.0, 1.0) * STEPS as f64) as u64);
            }
            bar.set_prefix(count);
            bar.set_message(message);
        });
    }

    fn draws(&self) -> bool {
        !self.0.quiet && !self.0.json && io::stderr().is_terminal()
    }

    fn drawn(&self, draw: impl FnOnce(&ProgressBar, &mut Drawing)) {
        let mut drawing = self.drawing();
        if drawing.held {
            return;
        }
        let bar = drawing.bar.take().unwrap_or_else(|| {
            let bar = ProgressBar::no_length().with_style(style(SPINNER));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        draw(&bar, &mut drawing);
        drawing.bar = Some(bar);
    }
}

/// What is drawn while nobody knows how much there is to do.
const SPINNER: &str = "{spinner} {prefix} {wide_msg}";

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_drawn_over_a_question() {
        let screen = Screen::new(false, false, false);
        let draw = || screen.drawn(|_, _| {});
        let is_there = || screen.drawing().bar.is_some();
        draw();
        assert!(is_there());
        let asking = screen.hold();
        assert!(!is_there(), "taken away");
        draw();
        assert!(!is_there(), "not drawn anew");
        drop(asking);
        draw();
        assert!(is_there());
    }
}
