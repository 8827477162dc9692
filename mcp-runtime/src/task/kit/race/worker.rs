//! A worker that now and then freezes.

use std::sync::Arc;
use std::time::Duration;

use super::super::random::Dice;
use super::super::scene::{json, put, record, returned};
use super::{QUESTIONS, Race};
use crate::task::kit::Broken;
use crate::task::{
    Claim, Claimed, Commit, Key, Learned, NodeId, Note, Record, Release, Standing, StoreError,
    TaskState,
};

pub async fn work(race: Arc<Race>, lease: Duration) -> Result<(), Broken> {
    let mut dice = Dice::new(race.seed());
    let mut node = NodeId::random().map_err(Broken::new)?;
    race.store.join(node, lease).await?;
    while !race.is_over() {
        match race.store.beat(node, lease).await {
            Ok(_) => {}
            Err(StoreError::Fenced) => {
                node = NodeId::random().map_err(Broken::new)?;
                race.store.join(node, lease).await?;
            }
            Err(error) => return Err(error.into()),
        }
        let most = 1 + dice.index(3);
        let claims = match race.store.claim(node, vec!["tool".into()], most).await {
            Err(StoreError::Fenced) => continue,
            claims => claims?,
        };
        if claims.claimed.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for claimed in claims.claimed {
            match Attempt::of(&race, &mut dice, claimed).run().await {
                Ok(()) | Err(StoreError::Fenced) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// One attempt at a task. `Fenced` ends it, as it should.
struct Attempt<'r> {
    race: &'r Race,
    dice: &'r mut Dice,
    claim: Claim,
    records: Vec<Record>,
    open: Option<Key>,
    lines: usize,
}

impl<'r> Attempt<'r> {
    fn of(race: &'r Race, dice: &'r mut Dice, claimed: Claimed) -> Self {
        let open = claimed.saved.asked.into_iter().find(|it| it.standing == Standing::Open);
        Self {
            race,
            dice,
            claim: claimed.claim,
            records: claimed.saved.records,
            open: open.map(|asked| asked.key),
            lines: 0,
        }
    }

    fn answers(&self) -> usize {
        self.records.iter().filter(|line| matches!(line.learned, Learned::Answer(_))).count()
    }

    async fn run(mut self) -> Result<(), StoreError> {
        loop {
            self.dawdle().await;
            if self.step().await? {
                return Ok(());
            }
            if let Some(key) = self.open.clone() {
                if let Some(answer) = self.look(&key).await? {
                    self.learn(answer).await?;
                    self.open = None;
                    continue;
                }
                self.dawdle().await;
                // An answer that comes here must not be lost.
                return self.race.store.release(&self.claim, Release::Park { until: None }).await;
            }
            if self.answers() == QUESTIONS {
                return self.finish().await;
            }
            let key = format!("question {}", self.answers());
            self.commit(put(&[&key])).await?;
            self.open = Some(key.as_str().into());
        }
    }

    /// Learns something, says something, or gives up; says whether this was the end of the attempt.
    async fn step(&mut self) -> Result<bool, StoreError> {
        match self.dice.below(20) {
            0..5 => {
                self.lines += 1;
                let key = format!("{} {}", self.claim.epoch, self.lines);
                self.learn(record(&key, Learned::Value(json(&key)))).await?;
                Ok(false)
            }
            5 | 6 => {
                let note = Note { message: Some("busy".into()), progress: None };
                self.race.store.note(&self.claim, note).await?;
                Ok(false)
            }
            7 => {
                self.race.store.release(&self.claim, Release::HandBack).await?;
                Ok(true)
            }
            8 if !self.race.is_calm() => {
                let retry = Release::Retry { at: 0, message: "again".into() };
                self.race.store.release(&self.claim, retry).await?;
                Ok(true)
            }
            // It dies, as far as others can see.
            9 => Ok(!self.race.is_calm()),
            _ => Ok(false),
        }
    }

    /// The longer, the more likely is it that the node is thought dead meanwhile.
    async fn dawdle(&mut self) {
        match self.dice.below(30) {
            0 if !self.race.is_calm() => tokio::time::sleep(Duration::from_millis(15)).await,
            1..15 => tokio::task::yield_now().await,
            _ => {}
        }
    }

    async fn look(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let inbox = self.race.store.take_in(&self.claim).await?;
        let answer = inbox.answers.into_iter().find(|arrived| arrived.key == *key);
        Ok(answer.map(|arrived| match arrived.reply {
            Ok(json) => record(key, Learned::Answer(json)),
            Err(_) => record(key, Learned::Error("refused".into())),
        }))
    }

    async fn learn(&mut self, line: Record) -> Result<(), StoreError> {
        let key = line.key.clone();
        let done = self.commit(Commit { records: vec![line.clone()], ..Commit::default() }).await;
        self.race.tell(&self.claim.task, |told| match &done {
            Ok(()) => told.written.push((self.claim.epoch, key)),
            // A later attempt may write the answer that this one could not.
            Err(_) if matches!(line.learned, Learned::Answer(_)) => {}
            Err(_) => told.fenced.push(key),
        });
        self.records.push(line);
        done
    }

    /// A worker that hears of a cancel acknowledges it.
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        match self.race.store.commit(&self.claim, commit).await {
            Err(StoreError::Cancelled) => {
                self.finish().await?;
                Err(StoreError::Fenced)
            }
            done => done,
        }
    }

    async fn finish(&self) -> Result<(), StoreError> {
        let state = self.race.store.finish(&self.claim, returned("done")).await?;
        if state != TaskState::Cancelled {
            self.race.tell(&self.claim.task, |told| {
                told.ends.push((state, Some(self.claim.epoch)));
            });
        }
        Ok(())
    }
}
