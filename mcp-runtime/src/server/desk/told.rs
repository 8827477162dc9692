//! What was said about one task, and to whom.

use std::sync::{Arc, Weak};

use super::place::{Place, Seat};
use crate::journal::Key;
use crate::protocol::{envelope, legacy};
use crate::server::definition::ClientFeature;
use crate::server::handle::Inner;
use crate::server::listen::Listener;
use crate::server::outbox::{About, Kind, Outbox, Text};
use crate::server::session::{Session, TaskQuestion};
use crate::task::{TaskId, TaskSettings, TaskState, TaskView};

/// How often one question is asked anew, each time under another id, before the oldest ids are forgotten.
const IDS: usize = 8;

/// How many sessions hear of one task: more than one when equal calls share it.
const CREATORS: usize = 64;

/// What was said about one task.
#[derive(Default)]
pub(super) struct Told {
    pub creators: Vec<Creator>,
    pub seats: Vec<Arc<Seat>>,
    /// Streams of changes.
    followers: Vec<Weak<Listener>>,
    asked: Vec<Asked>,
    /// The newest change that was looked at.
    change: u64,
    ended: bool,
}

/// A session that created the task.
pub(super) struct Creator {
    pub session: Weak<Session>,
    /// What its call wants progress to be called, as JSON.
    pub token: Option<Box<str>>,
    /// Whether it knows of the task.
    announced: bool,
    /// What the task says before that.
    early: Outbox,
    /// The last change that it was told of.
    told: Option<u64>,
}

impl Creator {
    pub fn new(session: &Arc<Session>, token: Option<&str>) -> Self {
        let session = Arc::downgrade(session);
        let (token, early) = (token.map(Into::into), Outbox::default());
        Self { session, token, announced: false, early, told: None }
    }

    /// Where what the task says waits for it, unless nobody would read it there.
    pub fn outbox<'a>(&'a self, session: &'a Session) -> Option<&'a Outbox> {
        match self.announced {
            true => session.stream().is_some().then_some(&session.listener.outbox),
            false => Some(&self.early),
        }
    }
}

/// A question that was put.
struct Asked {
    key: Key,
    /// An answer is on its way into the store.
    answering: bool,
    /// The ids under which an answer is still taken: the first that comes is the one (I11).
    out: Vec<(i64, Place)>,
}

impl Asked {
    fn withdraw(&self) {
        self.out.iter().for_each(|(request, place)| place.withdraw(*request));
    }
}

impl Told {
    pub fn enter(&mut self, creator: Creator) {
        self.creators.retain(|creator| creator.session.strong_count() > 0);
        if self.creators.len() < CREATORS {
            self.creators.push(creator);
        }
    }

    pub fn announce(&mut self, session: &Arc<Session>) {
        let me = Arc::downgrade(session);
        let mine = self.creators.iter_mut().filter(|creator| creator.session.ptr_eq(&me));
        for creator in mine {
            creator.announced = true;
            if let Some(outbox) = creator.outbox(session) {
                creator.early.pour(outbox);
            }
        }
    }

    /// Whether all that created it know of it, as far as they are there.
    pub fn all_know(&self) -> bool {
        let mut creators = self.creators.iter();
        creators.all(|creator| creator.announced || creator.session.strong_count() == 0)
    }

    pub fn has_ended(&self) -> bool {
        self.ended
    }

    pub fn follow(&mut self, listener: &Arc<Listener>) {
        self.followers.push(Arc::downgrade(listener));
    }

    /// Forgets streams of changes that are gone. Whether nobody is left then.
    pub fn forget_followers(&mut self) -> bool {
        self.followers.retain(|listener| listener.strong_count() > 0);
        self.is_idle()
    }

    pub fn rise(&mut self, seat: &Arc<Seat>) {
        self.seats.retain(|other| !Arc::ptr_eq(other, seat));
        for asked in &mut self.asked {
            asked.out.retain(|(request, place)| {
                let here = place.is_seat(seat);
                if here {
                    place.withdraw(*request);
                }
                !here
            });
        }
        self.asked.retain(|asked| asked.answering || !asked.out.is_empty());
    }

    /// Whether nobody is there any more, and no answer may come. Its creators stay: they may come back before it ends.
    pub fn is_idle(&self) -> bool {
        self.seats.is_empty()
            && self.followers.is_empty()
            && self.creators.is_empty()
            && self.asked.is_empty()
    }

    /// Whether a session's own stream is of use to it.
    pub fn uses(&self, listener: &Listener) -> bool {
        let is = |session: &Weak<Session>| {
            session.upgrade().is_some_and(|session| std::ptr::eq(&*session.listener, listener))
        };
        self.creators.iter().any(|creator| is(&creator.session))
            || self.asked.iter().flat_map(|asked| &asked.out).any(|(_, place)| is(&place.session))
    }

    /// Whether a view is not older than the last one.
    pub fn is_news(&mut self, change: u64) -> bool {
        let news = change >= self.change;
        self.change = self.change.max(change);
        news
    }

    /// Sends a request about a question the way that it went under the id `asked`.
    pub fn follow_up(&self, key: &Key, asked: i64, request: i64, text: Text) {
        let question = self.asked.iter().find(|question| question.key == *key);
        let mut ways = question.into_iter().flat_map(|question| &question.out);
        if let Some((_, place)) = ways.find(|(id, _)| *id == asked) {
            place.ask(request, text);
        }
    }

    /// An answer has come, under this id.
    pub fn answering(&mut self, key: &Key, request: i64) {
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.key == *key) {
            asked.answering = true;
            asked.out.retain(|(other, _)| *other != request);
        }
    }

    /// The store has it, or will not get it.
    pub fn settle(&mut self, key: &Key) {
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.key == *key) {
            asked.answering = false;
        }
    }

    pub fn withdraw_all(&mut self) {
        self.asked.drain(..).for_each(|asked| asked.withdraw());
    }

    /// Puts each open question on exactly one stream, and takes back those that are open no more.
    pub fn ask(&mut self, id: &TaskId, view: &TaskView, server: &Arc<Inner>) {
        let open = |key: &Key| view.questions.iter().any(|(open, _)| open == key);
        self.asked.retain(|asked| {
            let keep = open(&asked.key);
            if !keep {
                asked.withdraw();
            }
            keep
        });
        for (key, question) in &view.questions {
            let at = self.asked.iter().position(|asked| asked.key == *key);
            let heard = at.map(|at| &self.asked[at]).is_some_and(|asked| {
                asked.answering || asked.out.iter().any(|(_, place)| place.is_open())
            });
            if heard {
                continue;
            }
            let Some(place) = self.place(feature(question.body())) else { continue };
            let Some(session) = place.session.upgrade() else { continue };
            let me =
                TaskQuestion { server: Arc::downgrade(server), task: id.clone(), key: key.clone() };
            let (request, text) = match session.put_for_task(me, question.body()) {
                Ok(put) => put,
                Err(reason) => {
                    tracing::warn!(target: "mcp", task = %id, key = key.as_str(), reason, "a question cannot be asked");
                    continue;
                }
            };
            let at = at.unwrap_or_else(|| {
                self.asked.push(Asked { key: key.clone(), answering: false, out: Vec::new() });
                self.asked.len() - 1
            });
            let out = &mut self.asked[at].out;
            // Asked anew since its stream was lost. An answer to what was read there is taken all the same.
            out.retain(|(request, place)| !place.retract(*request));
            if out.len() >= IDS {
                let (request, place) = out.remove(0);
                place.withdraw(request);
            }
            place.ask(request, text);
            out.push((request, place));
        }
    }

    /// Where a question is put: where somebody waits for the result, else on the stream of a session that created the task.
    fn place(&self, feature: Option<ClientFeature>) -> Option<Place> {
        let able =
            |session: &Session| feature.is_none_or(|feature| session.client.supports(feature));
        let seats = self.seats.iter().rev().filter(|seat| able(&seat.session));
        let seat = seats.filter_map(|seat| seat.place()).next();
        seat.or_else(|| {
            let known = self.creators.iter().filter(|creator| creator.announced);
            let sessions = known.filter_map(|creator| creator.session.upgrade());
            sessions.filter(|session| able(session)).find_map(|session| Place::of(&session))
        })
    }

    /// Tells everybody who has not heard of this change.
    pub fn tell(
        &mut self,
        view: &TaskView,
        settings: &TaskSettings,
        listening: &mut Vec<Arc<Listener>>,
    ) {
        let record = &view.record;
        self.ended = record.state.is_final();
        for creator in &mut self.creators {
            let Some(session) = creator.session.upgrade() else { continue };
            let outbox = &session.listener.outbox;
            if self.ended {
                // MUST stop (L66), also where it was said and not read.
                let progress = About::Progress(record.id.clone());
                outbox.retract(&progress);
                creator.early.retract(&progress);
            }
            if !creator.announced {
                continue;
            }
            if creator.told == Some(record.change) || session.stream().is_none() {
                continue;
            }
            // That it works, and no more, was the answer to the call.
            let first = creator.told.replace(record.change).is_none();
            let known = record.state == TaskState::Working && record.message.is_none();
            if settings.notify
                && !(first && known)
                && let Some(text) = legacy::tasks::changed(record, settings.poll_interval)
            {
                outbox.push_about(About::Status(record.id.clone()), text, Kind::Log);
            }
        }
        for listener in self.followers.iter().filter_map(Weak::upgrade) {
            listener.task_changed(&record.id, record.change);
            listening.push(listener);
        }
    }
}

/// What a client must be able to do to answer.
fn feature(body: &str) -> Option<ClientFeature> {
    let [method, params] = envelope::fields(body, &["method", "params"]).ok()?;
    let text_in = |name| {
        let [field] = envelope::fields(params?.get(), &[name]).ok()?;
        envelope::text(field?).map(|text| text.into_owned())
    };
    match &*envelope::text(method?)? {
        "elicitation/create" if text_in("mode").as_deref() == Some("url") => {
            Some(ClientFeature::ElicitationUrl)
        }
        "elicitation/create" => Some(ClientFeature::Elicitation),
        "sampling/createMessage" => Some(ClientFeature::Sampling),
        "roots/list" => Some(ClientFeature::Roots),
        _ => None,
    }
}
