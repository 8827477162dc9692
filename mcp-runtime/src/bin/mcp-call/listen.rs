//! What changes on a server.

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use mcp_runtime::client::Change;
use mcp_schema::v2026_07_28::SubscriptionFilter;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::failure::Failure;
use crate::output;
use crate::session::Session;
use crate::shown;

/// How often a server that says nothing is asked whether it is there: a legacy one tells of changes unasked.
const PULSE: Duration = Duration::from_secs(30);

/// What a notification of a legacy server says.
pub fn heard(method: &str, params: &mcp_schema::Value) -> Option<Change> {
    Some(match method {
        "notifications/tools/list_changed" => Change::Tools,
        "notifications/prompts/list_changed" => Change::Prompts,
        "notifications/resources/list_changed" => Change::Resources,
        "notifications/resources/updated" => Change::Resource(params["uri"].as_str()?.to_owned()),
        _ => return None,
    })
}

/// Prints changes until the server ends, or there were enough of them.
pub async fn run(
    session: &Session,
    uris: Vec<String>,
    count: Option<NonZeroUsize>,
    legacy: mpsc::UnboundedReceiver<Change>,
) -> Result<(), Failure> {
    let limit = count.map_or(usize::MAX, NonZeroUsize::get);
    if session.client.initialized().is_some() {
        return told(session, uris, limit, legacy).await;
    }
    let wanted = session.client.discover().await?.capabilities;
    let filter = SubscriptionFilter {
        tools_list_changed: wanted.tools.is_some().then_some(true),
        prompts_list_changed: wanted.prompts.is_some().then_some(true),
        resources_list_changed: wanted.resources.is_some().then_some(true),
        resource_subscriptions: (!uris.is_empty()).then_some(uris),
        ..SubscriptionFilter::default()
    };
    let mut changes = session.client.listen(filter).await?;
    session.screen.note("listening; Ctrl-C ends it");
    for _ in 0..limit {
        match changes.next().await? {
            Some(change) => tell(session, &change)?,
            None => return Err(Failure::Failed("the server has ended the stream".to_owned())),
        }
    }
    Ok(())
}

async fn told(
    session: &Session,
    uris: Vec<String>,
    limit: usize,
    mut changes: mpsc::UnboundedReceiver<Change>,
) -> Result<(), Failure> {
    for uri in uris {
        session.client.subscribe(uri).await?;
    }
    session.screen.note("listening; Ctrl-C ends it");
    let mut pulse = interval(PULSE);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut left = limit;
    while left > 0 {
        tokio::select! {
            biased;
            change = changes.recv() => {
                let Some(change) = change else { return Ok(()) };
                tell(session, &change)?;
                left -= 1;
            }
            _ = pulse.tick() => session.client.ping().await?,
        }
    }
    Ok(())
}

/// A change in one word, and the resource that it is about.
fn said(change: &Change) -> (&'static str, Option<&str>) {
    match change {
        Change::Tools => ("tools", None),
        Change::Prompts => ("prompts", None),
        Change::Resources => ("resources", None),
        Change::Resource(uri) => ("resource", Some(uri)),
        // Anything: the stream was interrupted.
        Change::Missed => ("missed", None),
        // A kind that is newer than this command.
        _ => ("other", None),
    }
}

fn tell(session: &Session, change: &Change) -> Result<(), Failure> {
    let (changed, uri) = said(change);
    let mut out = io::stdout();
    if session.screen.is_json() {
        let document = match uri {
            None => json!({ "changed": changed }),
            Some(uri) => json!({ "changed": changed, "uri": uri }),
        };
        return Ok(output::json_line(&mut out, &document)?);
    }
    let words = match uri {
        None => changed.to_owned(),
        Some(uri) => format!("{changed} {}", shown::line(uri)),
    };
    use io::Write as _;
    Ok(writeln!(out, "{words}")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_said() {
        assert_eq!(said(&Change::Missed), ("missed", None));
        assert_eq!(said(&Change::Resource("a:b".to_owned())), ("resource", Some("a:b")));
    }
}
