//! What the log says of tools: bounds that nothing checks, and arguments that nobody asked for.
//!
//! One test and a process of its own: whether anybody keeps a log is decided once for a process, by whoever comes first.
#![cfg(feature = "macros")]

#[path = "wire_peer/mod.rs"]
mod wire_peer;

use std::fmt;
use std::sync::{Arc, Mutex};

use mcp_runtime::{Args, Server, mcp_tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::{Level, span};

use crate::wire_peer::Peer;

/// Keeps what is said, with its level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "mcp" && *metadata.level() <= Level::DEBUG
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                if field.name() == "message" {
                    self.0.push_str(&format!(" {value:?}"));
                }
            }
        }
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().expect("no panic").push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Deserialize, JsonSchema)]
struct Share(#[schemars(range(min = 0.0, max = 1.0))] f64);

#[derive(Deserialize, JsonSchema)]
struct Order {
    #[schemars(range(min = 1))]
    count: u32,
    #[schemars(regex(pattern = "^[a-z]+$"))]
    code: Option<String>,
}

#[mcp_tool]
async fn order(Args(order): Args<Order>) -> String {
    format!("{} {:?}", order.count, order.code)
}

#[mcp_tool]
async fn split(share: Share, #[arg(max = 7)] days: u8) -> String {
    format!("{} {days}", share.0)
}

#[mcp_tool]
async fn plain(count: u8, letter: Option<char>, pair: (u32, i8)) -> String {
    format!("{count} {letter:?} {pair:?}")
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_tools() {
    let log = Log::default();
    let _keeping = tracing::subscriber::set_default(log.clone());
    let builder = Server::builder("fixtures", "1");
    let server = builder.tool::<order>().tool::<split>().tool::<plain>().build().expect("a server");
    let said: Vec<_> = log.lines().into_iter().filter(|line| line.starts_with("WARN")).collect();
    let expected: &[&str] = if cfg!(feature = "validation") {
        &[]
    } else {
        &[
            "WARN tool `order`: beyond their types, nothing checks arguments for what its schema says of `count` (minimum), \
             `code` (pattern): switch on the feature `validation` of mcpwright-runtime",
            "WARN tool `split`: beyond their types, nothing checks arguments for what its schema says of `share` (minimum, \
             maximum): switch on the feature `validation` of mcpwright-runtime",
        ]
    };
    assert_eq!(said, expected);

    // A host's own field, or a model's mistake.
    let mut peer = Peer::modern(&server, json!({}));
    peer.call("split", json!({ "share": 0.5, "days": 3, "day": 2 })).await;
    let said: Vec<_> = log.lines().into_iter().filter(|line| line.contains("day\"")).collect();
    assert_eq!(said, ["DEBUG argument \"day\" is passed over: there are share, days"]);
    // What a type takes as a whole, it knows itself.
    peer.call("order", json!({ "count": 3, "cont": 2 })).await;
    assert!(log.lines().iter().all(|line| !line.contains("passed over")));
}
