//! What a call has to say before its response: progress, log messages, requests to the client.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use crate::task::TaskId;

/// A message on its way, as JSON text.
pub(crate) type Text = Box<str>;

/// The queue between a handler and the transport that carries its call. The transport empties it between two polls of the
/// handler, and is woken when somebody else fills it.
#[derive(Default)]
pub(crate) struct Outbox(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    messages: VecDeque<Message>,
    waker: Option<Waker>,
    closed: bool,
    hushed: bool,
}

struct Message {
    text: Text,
    kind: Kind,
    about: Option<About>,
}

/// What a message is about, where a later one takes its place, or it may be taken back before it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// How a task stands.
    Status(TaskId),
    /// How far a task is.
    Progress(TaskId),
    /// A request of ours, by its id.
    Request(i64),
}

/// What may happen to a message when the peer reads slower than the handler writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Another of its kind says it better.
    Progress,
    /// The oldest ones give way.
    Log,
    /// Must arrive.
    Required,
}

/// How many messages wait for a peer that does not read.
const LIMIT: usize = 256;

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message. Nothing is said after the response.
    pub fn push(&self, text: Text, kind: Kind) {
        self.push_if(kind, || Some(text));
    }

    /// Adds a message in the place of one about the same that still waits.
    pub fn push_about(&self, about: About, text: Text, kind: Kind) {
        self.retract(&about);
        self.add(kind, Some(about), || Some(text));
    }

    /// Hands what waits on to another one.
    pub fn pour(&self, other: &Self) {
        let messages = std::mem::take(&mut self.lock().messages);
        for Message { text, kind, about } in messages {
            other.add(kind, about, || Some(text));
        }
    }

    /// Takes a message back, if it still waits.
    pub fn retract(&self, about: &About) -> bool {
        let mut queue = self.lock();
        let before = queue.messages.len();
        queue.messages.retain(|message| message.about.as_ref() != Some(about));
        queue.messages.len() < before
    }

    /// Adds a message if there is one. What is decided in `make` has the order of the messages, whoever else writes.
    pub fn push_if(&self, kind: Kind, make: impl FnOnce() -> Option<Text>) {
        self.add(kind, None, make);
    }

    fn add(&self, kind: Kind, about: Option<About>, make: impl FnOnce() -> Option<Text>) {
        let mut queue = self.lock();
        if queue.closed || (queue.hushed && kind != Kind::Required) {
            return;
        }
        let Some(text) = make() else { return };
        if queue.messages.len() >= LIMIT {
            let old = match kind {
                Kind::Progress => queue.messages.iter().rposition(|one| one.kind == Kind::Progress),
                _ => queue.messages.iter().position(|one| one.kind != Kind::Required),
            };
            match old {
                Some(index) => {
                    queue.messages.remove(index);
                }
                None if kind != Kind::Required => return,
                None => {}
            }
        }
        queue.messages.push_back(Message { text, kind, about });
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The next message.
    pub fn pop(&self) -> Option<Text> {
        self.lock().messages.pop_front().map(|message| message.text)
    }

    /// The next message, or a wake-up when there is one.
    pub fn poll(&self, cx: &mut TaskContext<'_>) -> Poll<Text> {
        let mut queue = self.lock();
        match queue.messages.pop_front() {
            Some(message) => Poll::Ready(message.text),
            None => {
                if !queue.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    queue.waker = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Wakes the transport without a message.
    pub fn wake(&self) {
        let waker = self.lock().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The peer does not want to hear more of the call: what is not required is dropped from now on. Wakes the transport.
    pub fn hush(&self) {
        let mut queue = self.lock();
        queue.hushed = true;
        queue.messages.retain(|message| message.kind == Kind::Required);
        drop(queue);
        self.wake();
    }

    /// No more messages from now on.
    pub fn close(&self) {
        self.lock().closed = true;
    }

    /// How many wait.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.lock().messages.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_does_not_read_costs_a_bounded_number_of_messages() {
        let outbox = Outbox::default();
        outbox.push("request".into(), Kind::Required);
        for number in 0..10_000 {
            outbox.push(format!("log {number}").into(), Kind::Log);
            outbox.push(format!("progress {number}").into(), Kind::Progress);
        }
        assert_eq!(outbox.len(), LIMIT);
        assert_eq!(outbox.pop().as_deref(), Some("request"));
        let rest: Vec<_> = std::iter::from_fn(|| outbox.pop()).collect();
        assert!(rest.contains(&"progress 9999".into()) && rest.contains(&"log 9999".into()));
    }

    #[test]
    fn of_messages_about_the_same_the_last_one_waits() {
        let outbox = Outbox::default();
        let status = |id: &str| About::Status(id.into());
        outbox.push_about(status("a"), "a working".into(), Kind::Required);
        outbox.push_about(status("b"), "b working".into(), Kind::Required);
        outbox.push_about(About::Request(1), "a question".into(), Kind::Required);
        outbox.push_about(status("a"), "a done".into(), Kind::Required);
        assert!(outbox.retract(&About::Request(1)) && !outbox.retract(&About::Request(1)));
        let rest: Vec<_> = std::iter::from_fn(|| outbox.pop()).collect();
        assert_eq!(rest, ["b working".into(), "a done".into()]);
    }

    #[test]
    fn nothing_is_said_after_the_response() {
        let outbox = Outbox::default();
        outbox.close();
        outbox.push("late".into(), Kind::Required);
        assert_eq!(outbox.pop(), None);
    }
}
