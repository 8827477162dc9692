//! A call between two attempts.

use std::io;

use serde::de::{self, Deserializer};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::record::{CallId, Digest, Json, Learned, Record};

/// A call between two attempts: sealed into a state that the client carries, or in a store.
///
/// It holds results of steps and answers of users in the clear. As JSON it is an array, since it
/// travels with every round of questions.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The call, the same in all its attempts.
    pub call: CallId,
    /// The version of the tool that wrote the records.
    pub version: String,
    /// What was learned, in the order in which the function learned it.
    pub records: Vec<Record>,
    /// Open timers: their keys and deadlines, in milliseconds since the epoch.
    pub timers: Vec<(Key, u64)>,
    /// Every question that was ever put, in the order of asking.
    pub asked: Vec<Asked>,
    /// Answers that came before the function asked again; they are looked at when it does. Inline
    /// only: a store keeps answers in its inbox.
    pub held: Vec<(Key, Json)>,
    /// How far the progress went that the client was told of.
    pub progress: Option<f64>,
}

/// A question that was put once: an answer belongs to the text that was shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Its key.
    pub key: Key,
    /// What was shown.
    pub digest: Digest,
    /// What has become of it.
    pub standing: Standing,
}

/// What has become of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The function waits for an answer.
    Open,
    /// The function gave up waiting. It may ask the same again.
    Withdrawn,
    /// Answered, or its time ran out. It is never put again (I11).
    Settled,
}

impl Saved {
    /// A call that has learned nothing yet.
    pub fn new(call: CallId, version: impl Into<String>) -> Self {
        Saved {
            call,
            version: version.into(),
            records: Vec::new(),
            timers: Vec::new(),
            asked: Vec::new(),
            held: Vec::new(),
            progress: None,
        }
    }

    /// The record that takes the most room, and how many bytes it takes: what an author should
    /// make smaller when the whole is too large. `None` without records.
    pub fn size_of_largest(&self) -> Option<(&str, usize)> {
        let sizes = self.records.iter().map(|record| (record.key.as_str(), record.size()));
        sizes.max_by_key(|(_, bytes)| *bytes)
    }

    /// How many bytes it takes as JSON.
    pub fn size(&self) -> usize {
        struct Count(usize);
        impl io::Write for Count {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 += bytes.len();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut count = Count(0);
        match serde_json::to_writer(&mut count, self) {
            Ok(()) => count.0,
            // Keys are strings and the rest is text already: there is nothing to fail on. Were
            // there, a state that cannot be written is too large for every limit.
            Err(_) => usize::MAX,
        }
    }

    /// Forgets the failures at the end of the journal, so that a retry of the whole call tries
    /// those steps again. Failures before them stay: the function has acted on them; so do refusals of
    /// the client, whose questions are settled.
    pub fn forget_last_failures(&mut self) {
        while let Some(Record { key, learned: Learned::Error(_) }) = self.records.last()
            && !self.asked.iter().any(|asked| asked.key == *key)
        {
            self.records.pop();
        }
    }
}

impl Serialize for Saved {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Saved { call, version, records, timers, asked, held, progress } = self;
        (call, version, records, timers, asked, held, progress).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Saved {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (call, version, records, timers, asked, held, progress) =
            Deserialize::deserialize(deserializer)?;
        Ok(Saved { call, version, records, timers, asked, held, progress })
    }
}

impl Serialize for Asked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let standing = match self.standing {
            Standing::Open => "o",
            Standing::Withdrawn => "w",
            Standing::Settled => "s",
        };
        (&self.key, &self.digest, standing).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key, digest, standing) = <(Key, Digest, char)>::deserialize(deserializer)?;
        let standing = match standing {
            'o' => Standing::Open,
            'w' => Standing::Withdrawn,
            's' => Standing::Settled,
            _ => return Err(de::Error::custom("no standing of a question")),
        };
        Ok(Asked { key, digest, standing })
    }
}
