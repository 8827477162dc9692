//! The state of a run: the operations that are open, and the moves that they and the driver make.
//! Nothing here runs an author's code, wakes anybody or waits; that happens outside of the lock.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::task::Waker;

use super::exit::Exit;
use super::home::{Commit, Home, Promote};
use super::key::Key;
use super::ledger::Ledger;
use super::log::{Delivery, Log};
use super::open::{Arrival, Event, Kind, LiveReply, OpId, Operation, Stage, Turn};
use super::record::{CallId, Learned, Question, Record};
use super::saved::{Saved, Standing};

#[derive(Default)]
struct Name {
    uses: u32,
    open: bool,
}

pub(super) struct State {
    pub log: Log,
    pub ledger: Ledger,
    pub open: BTreeMap<OpId, Operation>,
    /// Replay is used up: operations without a record may start.
    pub live: bool,
    pub running: usize,
    pub answers: HashMap<Key, Arrival>,
    /// Records that are to be committed next.
    pub records: Vec<(OpId, Record)>,
    pub home: Option<(Arc<dyn Home>, u64)>,
    pub promotion: Option<Arc<dyn Promote>>,
    pub exit: Option<Exit>,
    /// The driver drops the function: nothing is withdrawn (I6).
    pub closing: bool,
    /// Goes up with everything that the run does: whoever waits for it to rest compares two.
    pub activity: u64,
    pub call: Option<CallId>,
    /// The version that wrote the records, if it is not known to be the present one.
    pub version: Option<String>,
    names: HashMap<Key, Name>,
    next: OpId,
    abandoned: Vec<Key>,
    adopted: Option<String>,
}

impl State {
    pub fn new() -> Self {
        State {
            log: Log::new(Vec::new()),
            ledger: Ledger::default(),
            open: BTreeMap::new(),
            live: true,
            running: 0,
            answers: HashMap::new(),
            records: Vec::new(),
            home: None,
            promotion: None,
            exit: None,
            closing: false,
            activity: 0,
            call: None,
            version: None,
            names: HashMap::new(),
            next: 0,
            abandoned: Vec::new(),
            adopted: None,
        }
    }

    pub fn resumed(saved: Saved) -> Self {
        let mut state = State::new();
        state.log = Log::new(saved.records);
        // An attempt that learned nothing has still come as far as its questions and timers: the way there is a replay.
        state.live = state.log.is_empty() && saved.asked.is_empty() && saved.timers.is_empty();
        state.ledger = Ledger::new(saved.asked, saved.timers);
        state.call = Some(saved.call);
        state.version = Some(saved.version);
        state
    }

    /// Takes an answer in. It needs an open question, and the first one wins (I11).
    pub fn arrive(&mut self, key: Key, arrival: Arrival) {
        if self.ledger.is_open(&key) {
            self.answers.entry(key).or_insert(arrival);
        }
    }

    /// Registers an operation when it is called (I7).
    pub fn claim(&mut self, name: &str, kind: Kind) -> Result<OpId, Exit> {
        self.activity += 1;
        let (name, key) = self.occupy(name, &kind)?;
        let line = self.log.find(&key);
        if let Some(line) = line {
            self.log.claim(line);
            let learned = self.log.learned(line);
            // Steps fail and questions are refused alike; only questions were put before.
            let asked = self.ledger.get(&key).is_some();
            let alike = !matches!(learned, Learned::Error(_))
                || asked == matches!(kind, Kind::Question { .. });
            if !kind.fits(learned) || !alike {
                return Err(Exit::Diverged {
                    called: format!("{} `{key}`", kind.what()),
                    recorded: format!("{} of that name", learned.what()),
                });
            }
        }
        if let Kind::Question { digest: Some(digest), .. } = &kind
            && let Some(shown) = self.ledger.get(&key)
        {
            let recorded = if shown.digest != *digest {
                "that question with another text or another schema"
            } else if shown.standing == Standing::Settled && line.is_none() {
                "it as settled, without its answer"
            } else {
                ""
            };
            if !recorded.is_empty() {
                let (called, recorded) = (format!("the question `{key}`"), recorded.into());
                return Err(Exit::Diverged { called, recorded });
            }
        }
        let (id, stage) = (self.next, Stage::Called);
        self.next += 1;
        let (waker, deadline, reply) = (None, None, None);
        let op = Operation { key, kind, stage, line, waker, deadline, reply, name };
        self.open.insert(id, op);
        Ok(id)
    }

    fn occupy(&mut self, name: &str, kind: &Kind) -> Result<(Key, Key), Exit> {
        let name = match self.names.get_key_value(name) {
            Some((name, _)) => name.clone(),
            None => Key::from(name),
        };
        let state = self.names.entry(name.clone()).or_default();
        if state.open {
            let method = kind.method();
            return Err(Exit::Misuse(format!(
                "two operations named `{name}` are open at the same time: tell them apart, as in \
                 `cx.{method}((\"{name}\", id), ..)`"
            )));
        }
        state.open = true;
        state.uses += 1;
        let key = Key::numbered(&name, state.uses);
        Ok((name, key))
    }

    /// A journaled operation is polled. `deadline` is the one that a timer gets if it starts now.
    pub fn turn(&mut self, id: OpId, waker: &Waker, deadline: Option<u64>) -> Turn {
        let Some(op) = self.open.get_mut(&id) else { return Turn::Wait };
        if let Some(line) = op.line.filter(|line| self.log.delivery(*line) == Delivery::Offered) {
            op.waker = None;
            self.activity += 1;
            return Turn::Learned(self.log.take(line));
        }
        match &mut op.waker {
            Some(known) if known.will_wake(waker) => {}
            other => *other = Some(waker.clone()),
        }
        if !self.live || op.line.is_some() || op.stage != Stage::Called {
            return Turn::Wait;
        }
        self.activity += 1;
        if let Kind::Step = op.kind {
            op.waker = None;
            op.stage = Stage::Running;
            self.running += 1;
            return Turn::Start;
        }
        op.stage = Stage::Open;
        if let Kind::Question { question, digest: Some(digest), .. } = &op.kind {
            self.ledger.put(&op.key, *digest, question);
        }
        // The first deadline stands: a rerun does not push it out.
        op.deadline = deadline.map(|fresh| self.ledger.deadline(&op.key).unwrap_or(fresh));
        match op.deadline {
            Some(deadline) => self.ledger.set(&op.key, deadline),
            None => self.ledger.unset(&op.key),
        }
        Turn::Wait
    }

    /// A step has run. It takes turns until what it learned has been committed, without a home,
    /// too: a step that is over in its first poll would otherwise keep a `select!` from calling the
    /// other branches, which it polls in random order, and a rerun would number them differently.
    pub fn learn(&mut self, id: OpId, learned: Learned) {
        self.activity += 1;
        let Some(op) = self.open.get_mut(&id) else { return };
        if op.stage == Stage::Running {
            self.running -= 1;
        }
        op.stage = Stage::Recording;
        self.records.push((id, Record { key: op.key.clone(), learned }));
    }

    /// An operation is dropped: by its author, or with the function.
    pub fn release(&mut self, id: OpId) {
        if self.closing {
            if let Some(op) = self.open.get_mut(&id) {
                op.waker = None;
            }
            return;
        }
        let Some(op) = self.open.remove(&id) else { return };
        self.activity += 1;
        if let Some(name) = self.names.get_mut(&op.name) {
            name.open = false;
        }
        if op.stage == Stage::Running {
            self.running -= 1;
        }
        if let (Kind::Question { digest: None, .. }, Stage::Open) = (&op.kind, op.stage) {
            self.ledger.withdraw_live(op.key);
        } else if op.line.is_none() {
            // Nobody saw what it learned: it is as if it had never run.
            self.records.retain(|(of, _)| *of != id);
            self.answers.remove(&op.key);
            self.ledger.withdraw(&op.key);
        }
    }

    /// The earliest thing from outside that somebody waits for (I12): by time; at the same time
    /// timers, then answers in the order of their questions, then the cancel.
    pub fn event(&self, now: u64, cancelled: Option<u64>) -> Option<Event> {
        let waiting =
            self.open.iter().filter(|(_, op)| op.stage == Stage::Open && op.line.is_none());
        let events = waiting.flat_map(|(id, op)| {
            let due = op.deadline.filter(|deadline| *deadline <= now);
            let timer = due.map(|at| ((at, 0, 0), *id, Learned::Fired, None));
            let outside = match &op.kind {
                Kind::Question { check, .. } => self.answers.get(&op.key).map(|arrival| {
                    let rank = (arrival.at, 1, self.ledger.order(&op.key));
                    match &arrival.reply {
                        Ok(json) => (rank, *id, Learned::Answer(json.clone()), Some(check)),
                        Err(reason) => (rank, *id, Learned::Error(reason.clone()), None),
                    }
                }),
                Kind::Cancel => cancelled.map(|at| ((at, 2, 0), *id, Learned::Cancelled, None)),
                Kind::Step | Kind::Timer => None,
            };
            timer.into_iter().chain(outside)
        });
        let (_, id, learned, check) = events.min_by_key(|(rank, id, ..)| (*rank, *id))?;
        Some(Event { id, learned, check: check.cloned() })
    }

    /// Makes a record of an event.
    pub fn admit(&mut self, event: Event) {
        if let Some(op) = self.open.get_mut(&event.id) {
            op.stage = Stage::Recording;
            self.records.push((event.id, Record { key: op.key.clone(), learned: event.learned }));
        }
    }

    /// An answer does not pass: its question stays open.
    pub fn refuse(&mut self, id: OpId) {
        if let Some(op) = self.open.get(&id) {
            self.answers.remove(&op.key);
            self.ledger.news.refused.push(op.key.clone());
        }
    }

    /// What there is to commit; copies of the records only if there is a home for them.
    pub fn commit(&mut self, progress: Option<f64>, stored: bool) -> (Commit, Vec<(OpId, Record)>) {
        let news = std::mem::take(&mut self.ledger.news);
        let records = std::mem::take(&mut self.records);
        let commit = Commit {
            abandoned: std::mem::take(&mut self.abandoned),
            version: self.adopted.take(),
            put: news.put,
            set: news.set,
            withdrawn: news.withdrawn,
            unset: news.unset,
            refused: news.refused,
            records: records.iter().filter(|_| stored).map(|(_, r)| r.clone()).collect(),
            progress,
        };
        (commit, records)
    }

    /// Whether anything is to be committed.
    pub fn has_news(&self) -> bool {
        let version = self.adopted.is_some() || !self.abandoned.is_empty();
        !self.records.is_empty() || !self.ledger.news.is_empty() || version
    }

    /// These records are durable: they may be delivered.
    pub fn committed(&mut self, records: Vec<(OpId, Record)>) {
        for (id, record) in records {
            self.activity += 1;
            self.answers.remove(&record.key);
            self.ledger.close(&record.key);
            let line = self.log.append(record);
            if let Some(op) = self.open.get_mut(&id) {
                op.line = Some(line);
            }
        }
    }

    /// The earliest line that somebody waits for and does not have.
    pub fn deliverable(&self) -> Option<usize> {
        let waiting = self.open.values().filter(|op| op.waker.is_some());
        let lines = waiting.filter_map(|op| op.line);
        lines.filter(|line| self.log.delivery(*line) == Delivery::Held).min()
    }

    /// Whether an operation has not taken yet what it was offered: `FuturesUnordered`, for one,
    /// does not poll all that was woken in one go.
    pub fn has_untaken(&self) -> bool {
        let lines = self.open.values().filter_map(|op| op.line);
        lines.into_iter().any(|line| self.log.delivery(line) == Delivery::Offered)
    }

    /// Offers a line, and returns whom to wake for it.
    pub fn offer(&mut self, line: usize) -> Option<Waker> {
        self.activity += 1;
        self.log.offer(line);
        self.open.values().find(|op| op.line == Some(line)).and_then(|op| op.waker.clone())
    }

    /// Replay is used up, and returns whom to wake for it. With another version of the tool than
    /// the one that wrote the journal, what it has not called for is given up (I3).
    pub fn go_live(&mut self, version: &str) -> Vec<Waker> {
        self.activity += 1;
        self.live = true;
        self.abandoned = self.log.abandon_unclaimed();
        self.adopt(version);
        self.open.values().filter_map(|op| op.waker.clone()).collect()
    }

    /// From now on the records are this version's.
    pub fn adopt(&mut self, version: &str) {
        if self.version.replace(version.to_owned()).is_some_and(|before| before != version) {
            self.adopted = Some(version.to_owned());
        }
    }

    /// Keys of operations that wait without a record.
    pub fn waiting(&self) -> impl Iterator<Item = &Key> {
        let waiting = self.open.values().filter(|op| op.waker.is_some() && op.line.is_none());
        waiting.map(|op| &op.key)
    }

    /// The questions that wait for an answer, in the order of asking.
    pub fn questions(&self) -> Vec<(Key, Question)> {
        let waiting = self.open.values().filter(|op| op.stage == Stage::Open && op.line.is_none());
        let mut questions: Vec<_> = waiting
            .filter_map(|op| match &op.kind {
                Kind::Question { question, .. } => Some((op.key.clone(), question.clone())),
                _ => None,
            })
            .collect();
        questions.sort_by_key(|(key, _)| self.ledger.order(key));
        questions
    }

    /// Whether a question waits for an answer.
    pub fn has_questions(&self) -> bool {
        let mut waiting = self.open.values().filter(|op| op.stage == Stage::Open);
        waiting.any(|op| op.line.is_none() && matches!(op.kind, Kind::Question { .. }))
    }

    /// The first deadline that somebody waits for.
    pub fn next_deadline(&self) -> Option<u64> {
        let waiting = self.open.values().filter(|op| op.stage == Stage::Open);
        waiting.filter_map(|op| op.deadline).min()
    }

    /// The call as the next attempt needs it.
    pub fn saved(&self, call: CallId, version: &str, progress: Option<f64>) -> Saved {
        let held = self.ledger.asked().iter().filter_map(|asked| {
            let (key, arrival) = self.answers.get_key_value(&asked.key)?;
            Some((key.clone(), arrival.reply.clone().ok()?))
        });
        Saved {
            call,
            version: self.version.as_deref().unwrap_or(version).to_owned(),
            records: self.log.records().cloned().collect(),
            timers: self.ledger.timers().map(|(key, at)| (key.clone(), at)).collect(),
            asked: self.ledger.asked().to_vec(),
            held: held.collect(),
            progress,
        }
    }
}

/// What live runs do instead of taking turns: nothing is recorded, so nothing is waited for.
impl State {
    /// The open question of this key.
    pub fn question_mut(&mut self, key: &str) -> Option<&mut Operation> {
        let question = |op: &&mut Operation| matches!(op.kind, Kind::Question { .. });
        self.open.values_mut().filter(question).find(|op| op.key == *key && op.stage == Stage::Open)
    }

    /// A live question is polled: its reply, or whether it must be put now.
    pub fn live_reply(&mut self, id: OpId, waker: &Waker) -> LiveReply {
        let Some(op) = self.open.get_mut(&id) else { return LiveReply::Wait };
        let Kind::Question { question, check, .. } = &op.kind else { return LiveReply::Wait };
        if let Some(reply) = op.reply.take() {
            return LiveReply::Reply(reply, check.clone());
        }
        op.waker = Some(waker.clone());
        if op.stage == Stage::Called {
            op.stage = Stage::Open;
            self.ledger.news.put.push((op.key.clone(), question.clone()));
            return LiveReply::Put;
        }
        LiveReply::Wait
    }

    pub fn cancel_wakers(&mut self) -> Vec<Waker> {
        let cancels = self.open.values_mut().filter(|op| matches!(op.kind, Kind::Cancel));
        cancels.filter_map(|op| op.waker.take()).collect()
    }
}
