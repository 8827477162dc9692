//! No types at all, for scale: what reading and writing the JSON costs by itself.

use super::{Message, Peer, Subject};
use crate::facts::Facts;
use serde_json::Value;

pub const VALUE: Peer = Peer {
    name: "serde_json::Value",
    way: "`Value`, for everything",
    subject: |_| Subject::of::<Value>(),
};

impl Message for Value {
    fn facts(&self) -> Result<Facts, String> {
        Facts::of_json(self)
    }
}
