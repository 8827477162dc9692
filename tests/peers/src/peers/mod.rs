//! The columns: how each crate decodes and encodes each message.

mod ours;
mod plain;
mod rmcp;
mod rust_mcp_schema;

use crate::cases::Kind;
use crate::facts::{Facts, differences};
use serde::{Serialize, de::DeserializeOwned};
use std::hint::black_box;

/// A type that a peer decodes a message into.
pub trait Message: Serialize + DeserializeOwned {
    /// What was decoded, or why it is not what it should be.
    fn facts(&self) -> Result<Facts, String>;
}

/// One crate, used in one way.
pub struct Peer {
    pub name: &'static str,
    /// How it decodes a request and a response, for the notes.
    pub way: &'static str,
    pub subject: fn(Kind) -> Subject,
}

/// The two columns that the bars are about.
pub const OURS: &str = "ours";
pub const RMCP: &str = "rmcp";

/// All columns, ours first.
pub const PEERS: [Peer; 7] = [
    ours::TYPED,
    rmcp::WIRE,
    rust_mcp_schema::README,
    plain::VALUE,
    ours::BY_METHOD,
    rmcp::DIRECT,
    rust_mcp_schema::DIRECT,
];

impl Peer {
    pub fn by_name(name: &str) -> Result<&'static Self, String> {
        PEERS.iter().find(|peer| peer.name == name).ok_or_else(|| format!("no peer {name:?}"))
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    Decode,
    Encode,
}

impl Op {
    pub const ALL: [Self; 2] = [Self::Decode, Self::Encode];

    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Encode => "encode",
        }
    }

    pub fn by_name(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|op| op.name() == name)
            .ok_or_else(|| format!("neither decode nor encode: {name:?}"))
    }
}

/// What one peer does with one kind of message, with the type it uses for it erased.
pub struct Subject {
    decode: fn(&[u8], u64),
    encode: fn(&[u8], u64),
    verify: fn(&[u8]) -> Result<Vec<String>, String>,
}

impl Subject {
    pub fn of<M: Message>() -> Self {
        Self { decode: decode::<M>, encode: encode::<M>, verify: verify::<M> }
    }

    /// Does the work so many times and nothing else that depends on how many.
    pub fn run(&self, op: Op, json: &[u8], times: u64) {
        match op {
            Op::Decode => (self.decode)(json, times),
            Op::Encode => (self.encode)(json, times),
        }
    }

    /// Whether the peer understands the message; where it does, what a round trip changes.
    pub fn verify(&self, json: &[u8]) -> Result<Vec<String>, String> {
        (self.verify)(json)
    }
}

/// All peers read from the same bytes in the same way. Dropping the message is part of it, for a
/// program that decodes has to do that as well.
fn decode<M: Message>(json: &[u8], times: u64) {
    for _ in 0..times {
        let message: M = serde_json::from_slice(black_box(json)).expect("verified before");
        drop(black_box(message));
    }
}

/// Into one buffer that is used again, as a transport does, so that it is not the growing of a
/// vector that is measured.
fn encode<M: Message>(json: &[u8], times: u64) {
    let message: M = serde_json::from_slice(json).expect("verified before");
    let mut buffer = Vec::with_capacity(2 * json.len());
    for _ in 0..times {
        buffer.clear();
        serde_json::to_writer(&mut buffer, black_box(&message)).expect("a vector takes it all");
        black_box(&buffer);
    }
}

fn verify<M: Message>(json: &[u8]) -> Result<Vec<String>, String> {
    let plain = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let message: M = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let (expected, decoded) = (Facts::of_json(&plain)?, message.facts()?);
    if decoded != expected {
        return Err(format!("says {decoded:.200?} instead of {expected:.200?}"));
    }
    let again = serde_json::to_value(&message).map_err(|error| error.to_string())?;
    Ok(differences(&plain, &again))
}
