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
use super::record::{CallId, Digest, Json, Learned, Question, Record};
use super::saved::{Saved, Standing};

/// The number of an operation, in the order of the calls.
pub(super) type OpId = u64;

/// Says what is wrong with an answer.
pub(super) type Check = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// Every observed cancel is this one record. No author's name has this key: a `#` of theirs is
/// written twice.
const CANCELLED: &str = "#cancelled";

/// What an operation is for.
pub(super) enum Kind {
    Step,
    Question { question: Question, check: Check, digest: Option<Digest> },
    Timer,
    Cancel,
}

impl Kind {
    fn fits(&self, learned: &Learned) -> bool {
        match self {
            Kind::Step => matches!(learned, Learned::Value(_) | Learned::Error(_)),
            Kind::Question { .. } => matches!(learned, Learned::Answer(_) | Learned::Fired),
            Kind::Timer => matches!(learned, Learned::Fired),
            Kind::Cancel => matches!(learned, Learned::Cancelled),
        }
    }

    fn what(&self) -> &'static str {
        match self {
            Kind::Step => "a step",
            Kind::Question { .. } => "a question",
            Kind::Timer => "a timer",
            Kind::Cancel => "a cancellation",
        }
    }
}

/// How far an operation has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Called, or polled before it may start.
    Called,
    /// A step that runs.
    Running,
    /// A question, timer or look-out for a cancel that waits for the outside.
    Open,
    /// What it learned is on its way into the journal.
    Recording,
}

/// An operation from its call until its future is dropped.
pub(super) struct Operation {
    pub key: Key,
    pub kind: Kind,
    pub stage: Stage,
    /// Its line of the journal.
    pub line: Option<usize>,
    /// Whom to wake. `None` until it is polled: nobody waits for it before.
    pub waker: Option<Waker>,
    pub deadline: Option<u64>,
    /// What has come for it and is no record yet. Without a home it becomes one when the function
    /// takes it: a step that ends in the same poll may be before it (I2).
    pub event: Option<Learned>,
    /// Live only: what the client said, or why it will not.
    pub reply: Option<Result<Json, Box<str>>>,
    /// Holds the name while the operation is open (I7). All cancels share one key instead.
    name: Option<Key>,
}

#[derive(Default)]
struct Name {
    uses: u32,
    open: bool,
}

/// What an operation is to do now.
pub(super) enum Turn {
    Wait,
    Start,
    Learned(Learned),
}

/// An answer that has come.
pub(super) struct Arrival {
    pub at: u64,
    pub json: Json,
}

/// Something from outside that an operation waits for, not yet in the journal.
pub(super) struct Event {
    pub id: OpId,
    pub learned: Learned,
    pub check: Option<Check>,
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

    pub fn resumed(saved: Saved, presented: impl Iterator<Item = (Key, Arrival)>) -> Self {
        let mut state = State::new();
        state.log = Log::new(saved.records);
        state.live = state.log.is_empty();
        state.ledger = Ledger::new(saved.asked, saved.timers);
        state.call = Some(saved.call);
        state.version = Some(saved.version);
        // What was held came in an earlier round, before everything of this one.
        let held = saved.held.into_iter().map(|(key, json)| (key, Arrival { at: 0, json }));
        for (key, arrival) in held.chain(presented) {
            state.arrive(key, arrival);
        }
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
        let (name, key) = match kind {
            Kind::Cancel => (None, Key::from(CANCELLED)),
            _ => {
                let (name, key) = self.occupy(name)?;
                (Some(name), key)
            }
        };
        let line = self.log.find(&key);
        if let Some(line) = line {
            self.log.claim(line);
            let learned = self.log.learned(line);
            if !kind.fits(learned) {
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
        let (waker, deadline, event, reply) = (None, None, None, None);
        let op = Operation { key, kind, stage, line, waker, deadline, event, reply, name };
        self.open.insert(id, op);
        Ok(id)
    }

    fn occupy(&mut self, name: &str) -> Result<(Key, Key), Exit> {
        let name = match self.names.get_key_value(name) {
            Some((name, _)) => name.clone(),
            None => Key::from(name),
        };
        let state = self.names.entry(name.clone()).or_default();
        if state.open {
            return Err(Exit::Misuse(format!(
                "two operations named `{name}` are open at the same time: tell them apart, as in \
                 `cx.step((\"{name}\", id), ..)`"
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
        if let Some(line) = op.line {
            let shared = matches!(op.kind, Kind::Cancel);
            let delivery = self.log.delivery(line);
            if delivery == Delivery::Offered || shared && delivery == Delivery::Taken {
                op.waker = None;
                self.activity += 1;
                return Turn::Learned(self.log.take(line));
            }
        }
        if let Some(learned) = op.event.take() {
            let record = Record { key: op.key.clone(), learned: learned.clone() };
            if self.home.is_none() {
                op.waker = None;
                self.settle_record(id, record, Delivery::Taken);
                return Turn::Learned(learned);
            }
            // Promoted in between: it must be durable first (I1).
            if !self.records.iter().any(|(_, known)| known.key == record.key) {
                self.records.push((id, record));
            }
        }
        let Some(op) = self.open.get_mut(&id) else { return Turn::Wait };
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

    /// A step has run. Without a home, what it learned is in the journal at once, and the step may
    /// go on; with one it takes turns until the commit is through (I1).
    pub fn learn(&mut self, id: OpId, learned: Learned) -> Option<Learned> {
        self.activity += 1;
        let op = self.open.get_mut(&id)?;
        if op.stage == Stage::Running {
            self.running -= 1;
        }
        op.stage = Stage::Recording;
        let record = Record { key: op.key.clone(), learned };
        if self.home.is_some() {
            self.records.push((id, record));
            return None;
        }
        let learned = record.learned.clone();
        op.line = Some(self.log.append(record, Delivery::Taken));
        Some(learned)
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
        if let Some(name) = op.name.as_ref().and_then(|name| self.names.get_mut(name)) {
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
                    (rank, *id, Learned::Answer(arrival.json.clone()), Some(check))
                }),
                Kind::Cancel => cancelled.map(|at| ((at, 2, 0), *id, Learned::Cancelled, None)),
                Kind::Step | Kind::Timer => None,
            };
            timer.into_iter().chain(outside)
        });
        let (_, id, learned, check) = events.min_by_key(|(rank, id, ..)| (*rank, *id))?;
        Some(Event { id, learned, check: check.cloned() })
    }

    /// Makes a record of an event, to be committed and delivered. Without a home it is handed to
    /// its operation, which makes the record; returns whom to wake for that.
    pub fn admit(&mut self, event: Event) -> Vec<Waker> {
        let shared = matches!(event.learned, Learned::Cancelled);
        let Some(op) = self.open.get_mut(&event.id) else { return Vec::new() };
        if self.home.is_some() {
            op.stage = Stage::Recording;
            self.records.push((event.id, Record { key: op.key.clone(), learned: event.learned }));
            return Vec::new();
        }
        let takers = self.open.iter_mut().filter(|(id, op)| {
            **id == event.id || shared && matches!(op.kind, Kind::Cancel) && op.stage == Stage::Open
        });
        let hand = |(_, op): (_, &mut Operation)| {
            op.stage = Stage::Recording;
            op.event = Some(event.learned.clone());
            op.waker.clone()
        };
        takers.filter_map(hand).collect()
    }

    /// An answer does not pass: its question stays open.
    pub fn refuse(&mut self, id: OpId) {
        if let Some(op) = self.open.get(&id) {
            self.answers.remove(&op.key);
            self.ledger.news.refused.push(op.key.clone());
        }
    }

    /// What there is to commit.
    pub fn commit(&mut self, progress: Option<f64>) -> (Commit, Vec<(OpId, Record)>) {
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
            records: records.iter().map(|(_, record)| record.clone()).collect(),
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
            self.settle_record(id, record, Delivery::Held);
        }
    }

    /// What an operation waited for is in the journal, and closes its question and timer.
    fn settle_record(&mut self, id: OpId, record: Record, delivery: Delivery) {
        self.activity += 1;
        self.answers.remove(&record.key);
        self.ledger.close(&record.key);
        let shared = matches!(record.learned, Learned::Cancelled);
        let line = self.log.append(record, delivery);
        if shared {
            let cancels = self.open.values_mut().filter(|op| matches!(op.kind, Kind::Cancel));
            cancels.for_each(|op| op.line = Some(line));
        } else if let Some(op) = self.open.get_mut(&id) {
            op.line = Some(line);
        }
    }

    /// The earliest line that somebody waits for and does not have.
    pub fn deliverable(&self) -> Option<usize> {
        let waiting = self.open.values().filter(|op| op.waker.is_some());
        let lines = waiting.filter_map(|op| op.line);
        lines.filter(|line| self.log.delivery(*line) == Delivery::Held).min()
    }

    /// Offers a line, and returns whom to wake for it.
    pub fn offer(&mut self, line: usize) -> Vec<Waker> {
        self.activity += 1;
        self.log.offer(line);
        let takers = self.open.values().filter(|op| op.line == Some(line));
        takers.filter_map(|op| op.waker.clone()).collect()
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
            Some((key.clone(), arrival.json.clone()))
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

/// What a live question is to do now.
pub(super) enum LiveReply {
    Wait,
    Put,
    Reply(Result<Json, Box<str>>, Check),
}
