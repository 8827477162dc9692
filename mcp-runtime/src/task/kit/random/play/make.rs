//! What operations are given: mostly what makes sense, and now and then what does not.

use std::time::Duration;

use super::super::super::scene::{
    self, alice, asked, bob, given, json, question, record, returned,
};
use super::super::dice::Dice;
use super::Play;
use crate::Restart;
use crate::task::{
    Access, Admission, Answer, Claim, Commit, Key, Learned, NewTask, NodeId, Note, Outcome, Owner,
    Release, Saved, Standing, TaskId,
};

const TOOLS: [&str; 2] = ["render", "größe"];

fn owner(dice: &mut Dice) -> Owner {
    match dice.below(5) {
        0 => Owner::anonymous(),
        1 => bob(),
        _ => alice(),
    }
}

impl Play<'_> {
    fn name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}#{}", self.names)
    }

    pub(super) fn task(&mut self, dice: &mut Dice) -> NewTask {
        let mut new = scene::task();
        new.id = TaskId::from(self.name("t"));
        new.owner = owner(dice);
        new.tool = TOOLS[dice.index(TOOLS.len())].into();
        new.ttl = dice.maybe(35, |dice| self.units(dice.below(20)));
        new.restart = if dice.chance(60) { Restart::Replay } else { Restart::Fail };
        new.dedupe = dice.maybe(25, |dice| ["one", "two"][dice.index(2)].into());
        new.retry_of = dice.maybe(10, |_| TaskId::from("t#1"));
        new.claim = dice.maybe(50, |dice| self.node(dice));
        if dice.chance(20) {
            self.promote(dice, &mut new);
        }
        new
    }

    /// A call that was inline for a while.
    fn promote(&mut self, dice: &mut Dice, new: &mut NewTask) {
        new.saved.records.push(record(&self.name("s"), Learned::Value(json(1))));
        for _ in 0..dice.below(4) {
            let key = self.name("q");
            let standing = if dice.chance(70) { Standing::Open } else { Standing::Withdrawn };
            new.saved.asked.push(asked(&key, standing));
            if standing == Standing::Open {
                new.questions.push((key.as_str().into(), question(&key)));
            }
            if dice.chance(30) {
                new.saved.held.push((key.as_str().into(), json(&key)));
            }
        }
        new.saved.timers.push((self.name("z").into(), dice.below(9)));
        new.saved.progress = dice.maybe(50, |_| 0.5);
    }

    pub(super) fn admission(&self, dice: &mut Dice) -> Admission {
        let mut bound = || if dice.chance(10) { dice.index(6) } else { usize::MAX };
        let (live, live_per_owner, kept, kept_per_owner) = (bound(), bound(), bound(), bound());
        Admission { live, live_per_owner, kept, kept_per_owner }
    }

    /// Alive or not.
    pub(super) fn node(&self, dice: &mut Dice) -> NodeId {
        let alive = self.model.nodes.iter().rev().take(2).map(|(id, _)| *id);
        let alive: Vec<NodeId> = alive.collect();
        let old = || self.model.claims.first().map(|claim| claim.node);
        let some = if dice.chance(5) { old() } else { dice.pick(&alive).copied() };
        some.unwrap_or(NodeId([0; 16]))
    }

    pub(super) fn tools(&self, dice: &mut Dice) -> Vec<String> {
        let mut tools = TOOLS.to_vec();
        if dice.chance(30) {
            tools.remove(dice.index(2));
        }
        tools.into_iter().map(str::to_owned).collect()
    }

    pub(super) fn lease(&self, dice: &mut Dice) -> Duration {
        self.units(2 + dice.below(20))
    }

    /// One that stands, mostly.
    pub(super) fn some_claim(&self, dice: &mut Dice) -> Option<Claim> {
        let stand = self.model.tasks.iter().filter_map(|task| task.claim.clone());
        let stand: Vec<Claim> = stand.collect();
        if stand.is_empty() || dice.chance(10) {
            return dice.pick(&self.model.claims).cloned();
        }
        dice.pick(&stand).cloned()
    }

    /// One that may not be there any more, and who asks for it.
    pub(super) fn some_task(&self, dice: &mut Dice) -> Option<(Access, TaskId)> {
        let gone = dice.maybe(5, |dice| dice.pick(&self.model.claims).cloned()).flatten();
        if let Some(claim) = gone {
            return Some((Access::Operator, claim.task));
        }
        let task = dice.pick(&self.model.tasks)?;
        let access = match dice.below(10) {
            0 => Access::Owner(owner(dice)),
            1..4 => Access::Operator,
            _ => Access::Owner(task.record.owner.clone()),
        };
        Some((access, task.record.id.clone()))
    }

    pub(super) fn answers(&mut self, dice: &mut Dice, id: &TaskId) -> Vec<(Key, Answer)> {
        let task = self.model.find(&Access::Operator, id);
        let known = task.map(|task| task.saved.asked.clone()).unwrap_or_default();
        let mut answers = Vec::new();
        for asked in known {
            if dice.chance(60) {
                let answer = match dice.chance(20) {
                    true => Answer::Refused(format!("not {}", asked.key)),
                    false => given(&asked.key).1,
                };
                answers.push((asked.key, answer));
            }
        }
        if dice.chance(20) {
            answers.extend([given("never"), given("asked")]);
            answers.extend(answers.first().map(|(key, _)| (key.clone(), given("twice").1)));
        }
        answers
    }

    pub(super) fn a_note(&self, dice: &mut Dice) -> Note {
        let message = dice.maybe(60, |dice| format!("{} %", dice.below(100)));
        let progress = match message {
            Some(_) if dice.chance(50) => None,
            _ => Some((f64::from(u8::try_from(dice.below(9)).unwrap_or(0)), None)),
        };
        Note { message, progress }
    }

    pub(super) fn outcome(&self, dice: &mut Dice) -> Outcome {
        let text = format!("result {}", dice.below(100));
        match (dice.below(4), returned(&text)) {
            (0, _) => Outcome::Failed(json(serde_json::json!({"code": -1, "message": text}))),
            (1, Outcome::Returned { body, .. }) => Outcome::Returned { is_error: true, body },
            (_, outcome) => outcome,
        }
    }

    pub(super) fn a_release(&self, dice: &mut Dice) -> Release {
        let later = self.bench.now()
            + u64::try_from(self.units(dice.below(10)).as_millis()).unwrap_or(u64::MAX);
        match dice.below(6) {
            0 | 1 => Release::Park { until: None },
            2 => Release::Park { until: Some(later) },
            3 | 4 => Release::Retry { at: later, message: format!("failed at {later}") },
            _ => Release::HandBack,
        }
    }

    /// What a journal promises to a store is kept: no key is recorded twice, no settled question is put again.
    pub(super) fn a_commit(&mut self, dice: &mut Dice, claim: &Claim) -> Commit {
        let mut commit = Commit::default();
        let task = self.model.find(&Access::Operator, &claim.task);
        let saved = task.map(|task| task.saved.clone());
        let answered: Vec<Key> = match self.model.find(&Access::Operator, &claim.task) {
            Some(task) => {
                let answered = task.open.iter().filter(|open| open.answer.is_some());
                answered.map(|open| open.key.clone()).collect()
            }
            None => Vec::new(),
        };
        if let Some(saved) = saved {
            self.go_on(dice, &mut commit, &saved, &answered);
        }
        for _ in 0..dice.below(3) {
            let key = self.name("s");
            let learned = match dice.below(5) {
                0 => Learned::Error("no".into()),
                1 => Learned::Cancelled,
                _ => Learned::Value(json(&key)),
            };
            commit.records.push(record(&key, learned));
        }
        for _ in 0..dice.below(3) {
            let key = self.name("q");
            commit.put.push((key.as_str().into(), question(&key)));
            commit.set.extend(dice.maybe(20, |dice| (key.into(), dice.below(9))));
        }
        commit.set.extend(dice.maybe(20, |dice| (self.name("z").into(), dice.below(9))));
        commit.progress = dice.maybe(50, |_| 0.25);
        commit
    }

    fn go_on(&self, dice: &mut Dice, commit: &mut Commit, saved: &Saved, answered: &[Key]) {
        for asked in &saved.asked {
            let key = asked.key.clone();
            let done = |learned| record(&key, learned);
            match (asked.standing, dice.below(10)) {
                (Standing::Withdrawn, 0..3) => commit.put.push((key.clone(), question(&key))),
                (Standing::Open, 0) => commit.withdrawn.push(key),
                (Standing::Open, 1) => commit.records.push(done(Learned::Fired)),
                (Standing::Open, 2) if answered.contains(&key) => commit.refused.push(key),
                (Standing::Open, 2) => commit.records.push(done(Learned::Error("no".into()))),
                (Standing::Open, 3..6) if answered.contains(&key) => {
                    commit.records.push(done(Learned::Answer(json(&key))));
                }
                _ => {}
            }
        }
        for (key, _) in &saved.timers {
            let taken = commit.records.iter().any(|record| record.key == *key)
                || commit.withdrawn.contains(key);
            match dice.below(10) {
                _ if taken => {}
                0 => commit.unset.push(key.clone()),
                1 => commit.set.push((key.clone(), dice.below(9))),
                2 if key.starts_with('z') => commit.records.push(record(key, Learned::Fired)),
                _ => {}
            }
        }
        if dice.chance(5) {
            let steps = saved.records.iter().filter(|record| record.key.starts_with('s'));
            commit.abandoned = steps.filter(|_| dice.chance(50)).map(|it| it.key.clone()).collect();
            commit.version = Some(self.names.to_string());
        }
    }
}
