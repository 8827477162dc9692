//! Answers that the server says stay true for a while (2026-07-28, Caching).
//!
//! The key is the method with all parameters, metadata of the caller's own included. What a notification speaks of is dropped;
//! an answer that was asked for before that, and comes after it, is not kept. One cache belongs to one client, and what the
//! server does not call public to the authorization with which it was asked for, too.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use mcp_schema::{JsonObject, Value};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::error::ClientError;
use super::methods::Client;
use super::rounds::Options;
use crate::protocol::envelope;

/// How many answers are kept.
const ENTRIES: usize = 1024;

/// How many bytes of answers and keys are kept, and how many bytes one may have at most.
const BYTES: usize = 32 << 20;
const LARGEST: usize = BYTES / 4;

/// How long an answer is fresh at most, whatever the server says: longer, and a mistake of a server would stay for ever.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What a request is about, as far as changes are told of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Server,
    Tools,
    Prompts,
    /// The list of resources, and that of templates.
    Resources,
    Contents(String),
}

impl Subject {
    /// Of the methods whose results say how long they are fresh; of no other is anything kept (Cacheable Results).
    fn of(method: &str, params: &JsonObject) -> Option<Self> {
        Some(match method {
            "server/discover" => Self::Server,
            "tools/list" => Self::Tools,
            "prompts/list" => Self::Prompts,
            "resources/list" | "resources/templates/list" => Self::Resources,
            "resources/read" => Self::Contents(params.get("uri")?.as_str()?.to_owned()),
            _ => return None,
        })
    }

    /// Whether what a notification says of `self` is said of `kept`, too. A change of a resource may be one of something that
    /// contains it.
    fn covers(&self, kept: &Self) -> bool {
        match (self, kept) {
            (Self::Contents(changed), Self::Contents(kept)) => {
                changed.strip_prefix(kept.as_str()).is_some_and(|rest| {
                    rest.is_empty() || kept.ends_with('/') || rest.starts_with(['/', '#', '?'])
                })
            }
            _ => self == kept,
        }
    }
}

/// The answers that are kept: at most 1024, and 32 MiB of them. The one that was used least lately goes first.
#[derive(Debug, Default)]
pub(super) struct Cache {
    state: Mutex<State>,
    /// Grows whenever requests are made with another authorization.
    authorization: OnceLock<Arc<AtomicU64>>,
}

#[derive(Debug, Default)]
struct State {
    off: bool,
    entries: HashMap<Key, Entry>,
    bytes: usize,
    uses: u64,
    /// Counts what made answers invalid, so that one that was under way meanwhile is recognized.
    changes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    method: String,
    params: String,
}

#[derive(Debug)]
struct Entry {
    subject: Subject,
    /// With which authorization it was asked for; nothing for what the server calls public.
    authorization: Option<u64>,
    result: Box<RawValue>,
    until: Instant,
    used: u64,
    bytes: usize,
}

/// A request whose answer may be kept.
#[derive(Debug)]
pub(super) struct Wanted {
    key: Key,
    subject: Subject,
    changes: u64,
    authorization: u64,
}

impl Cache {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts authorizations by `renewals` from now on.
    #[cfg_attr(not(feature = "client-http"), allow(dead_code))]
    pub fn follow(&self, renewals: Arc<AtomicU64>) {
        // There is one source of tokens for a client.
        let _ = self.authorization.set(renewals);
    }

    fn authorization(&self) -> u64 {
        self.authorization.get().map_or(0, |renewals| renewals.load(Ordering::Acquire))
    }

    /// Keeps nothing any more.
    pub fn turn_off(&self) {
        *self.state() = State { off: true, ..State::default() };
    }

    /// The place of a request's answer, if that may be kept. Never of a repetition with input (Cache Key).
    pub fn wanted(&self, method: &str, params: &JsonObject, meta: &JsonObject) -> Option<Wanted> {
        if params.contains_key("inputResponses") || params.contains_key("requestState") {
            return None;
        }
        let subject = Subject::of(method, params)?;
        let state = self.state();
        if state.off {
            return None;
        }
        let params = serde_json::to_string(&(params, meta)).ok()?;
        let key = Key { method: method.to_owned(), params };
        Some(Wanted { key, subject, changes: state.changes, authorization: self.authorization() })
    }

    /// The answer that is kept, while it is fresh.
    pub fn find(&self, wanted: &Wanted) -> Option<Box<RawValue>> {
        let mut state = self.state();
        state.uses += 1;
        let uses = state.uses;
        let entry = state.entries.get_mut(&wanted.key)?;
        let ours = entry.authorization.is_none_or(|it| it == wanted.authorization);
        if ours && Instant::now() < entry.until {
            entry.used = uses;
            return Some(entry.result.clone());
        }
        state.remove(&wanted.key);
        None
    }

    /// Takes in an answer that has just come. One that is not to be kept takes the place of an older one all the same.
    pub fn keep(&self, wanted: Wanted, result: &RawValue) {
        let Wanted { key, subject, changes, authorization } = wanted;
        let mut state = self.state();
        state.remove(&key);
        let Some((ttl, public)) = hints(result) else {
            return;
        };
        let bytes = key.params.len() + result.get().len();
        let authorization = (!public).then_some(authorization);
        let theirs = authorization.is_some_and(|it| it != self.authorization());
        if state.off || state.changes != changes || theirs || ttl.is_zero() || bytes > LARGEST {
            return;
        }
        let Some(until) = Instant::now().checked_add(ttl) else {
            return;
        };
        while state.entries.len() >= ENTRIES || state.bytes + bytes > BYTES {
            let oldest = state.entries.iter().min_by_key(|(_, entry)| entry.used);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            state.remove(&oldest);
        }
        state.uses += 1;
        let used = state.uses;
        state.bytes += bytes;
        let result = result.to_owned();
        state.entries.insert(key, Entry { subject, authorization, result, until, used, bytes });
    }

    /// A notification that something has changed (Interaction with Notifications).
    pub fn hear(&self, method: &str, params: &Value) {
        let changed = match method {
            "notifications/tools/list_changed" => Subject::Tools,
            "notifications/prompts/list_changed" => Subject::Prompts,
            "notifications/resources/list_changed" => Subject::Resources,
            "notifications/resources/updated" => match params["uri"].as_str() {
                Some(uri) => Subject::Contents(uri.to_owned()),
                None => return,
            },
            _ => return,
        };
        self.state().drop_if(|entry| changed.covers(&entry.subject));
    }

    /// Drops the answers to one method, whatever its parameters.
    pub fn forget(&self, method: &str) {
        let mut state = self.state();
        state.changes += 1;
        state.remove_if(|key, _| key.method == method);
    }
}

impl State {
    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= entry.bytes;
        }
    }

    fn remove_if(&mut self, gone: impl Fn(&Key, &Entry) -> bool) {
        let Self { entries, bytes, .. } = self;
        entries.retain(|key, entry| {
            let gone = gone(key, entry);
            if gone {
                *bytes -= entry.bytes;
            }
            !gone
        });
    }

    fn drop_if(&mut self, gone: impl Fn(&Entry) -> bool) {
        self.changes += 1;
        self.remove_if(|_, entry| gone(entry));
    }
}

impl Client {
    pub(super) fn cache(&self) -> &Cache {
        &self.connection().memory.cache
    }

    /// The answer to a request, and whether it was kept from before; one that has just come is kept, if it may be.
    pub(super) async fn fetch(
        &self,
        method: &str,
        params: JsonObject,
        options: &Options,
    ) -> Result<(Box<RawValue>, bool), ClientError> {
        // Legacy servers say nothing of it.
        let wanted = if self.is_modern() {
            self.cache().wanted(method, &params, &options.meta)
        } else {
            None
        };
        if let Some(wanted) = &wanted
            && !self.is_fresh()
            && let Some(kept) = self.cache().find(wanted)
        {
            return Ok((kept, true));
        }
        let result = self.send(method, params, options).await?;
        if let Some(wanted) = wanted {
            self.cache().keep(wanted, &result);
        }
        Ok((result, false))
    }
}

/// How long a result is fresh, and whether it is public. Nothing of what is not complete; what is missing, negative or no
/// number counts as zero, and what is no `public` as private (Cacheable Model).
fn hints(result: &RawValue) -> Option<(Duration, bool)> {
    let [kind, ttl, scope] =
        envelope::fields(result.get(), &["resultType", "ttlMs", "cacheScope"]).ok()?;
    if kind.is_some_and(|kind| envelope::text(kind).as_deref() != Some("complete")) {
        return None;
    }
    let millis = ttl.and_then(|ttl| ttl.get().parse::<f64>().ok()).unwrap_or_default();
    let public = scope.is_some_and(|scope| envelope::text(scope).as_deref() == Some("public"));
    let longest = LONGEST.as_millis() as f64;
    // `max` and `min` also turn what is no number into one.
    let millis = millis.max(0.0).min(longest);
    Some((Duration::from_millis(millis as u64), public))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;

    #[test]
    fn another_authorization_sees_what_is_public_and_nothing_else() {
        let (cache, renewals) = (Cache::default(), Arc::new(AtomicU64::new(0)));
        cache.follow(renewals.clone());
        let none = JsonObject::new();
        let wanted = |method: &str| cache.wanted(method, &none, &none).expect("it may be kept");
        let lists =
            [("tools/list", "public"), ("prompts/list", "private"), ("resources/list", "x")];
        let keep = |asked: Wanted, scope: &str| {
            let result = to_raw_value(&json!({ "ttlMs": 1_000_000, "cacheScope": scope }));
            cache.keep(asked, &result.expect("JSON"));
        };
        for (method, scope) in lists {
            keep(wanted(method), scope);
            assert!(cache.find(&wanted(method)).is_some());
        }
        let on_its_way = wanted("prompts/list");
        renewals.fetch_add(1, Ordering::AcqRel);
        assert!(cache.find(&wanted("tools/list")).is_some());
        assert!(cache.find(&wanted("prompts/list")).is_none());
        assert!(cache.find(&wanted("resources/list")).is_none(), "what is no scope is private");
        // Asked for with the old token, and come with the new one there: nobody knows whose it is.
        keep(on_its_way, "private");
        assert!(cache.find(&wanted("prompts/list")).is_none());
    }
}
