//! Lists that come in pages (2026-07-28, Pagination).

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::hash::BuildHasher as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use mcp_schema::v2026_07_28::{Prompt, Resource, ResourceTemplate, Tool};
use mcp_schema::{JsonObject, Value};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::definitions;
use super::error::ClientError;
use super::methods::Client;
use super::rounds::Options;
use crate::protocol::envelope;

/// A list of more pages than this has no end.
const PAGES: usize = 10_000;

/// How many bytes a list may have that is collected: its pages, as they came.
const BYTES: usize = 256 << 20;

/// What lists are made of.
pub trait Listed: Sized + Send + 'static {
    #[doc(hidden)]
    const METHOD: &'static str;
    /// Where the items are in a page.
    #[doc(hidden)]
    const KEY: &'static str;
    #[doc(hidden)]
    fn read(items: &[&RawValue], walk: &Listing) -> Result<Vec<Self>, String>;
}

/// Who lists, and which of its walks through the definitions of tools this is.
#[derive(Debug)]
pub struct Listing {
    client: Client,
    walk: u64,
}

fn items<T>(
    items: &[&RawValue],
    read: impl Fn(&RawValue) -> Result<T, serde_json::Error>,
) -> Result<Vec<T>, String> {
    let read = items
        .iter()
        .enumerate()
        .map(|(at, item)| read(item).map_err(|error| format!("item {at}: {error}")));
    read.collect()
}

fn plain<T: DeserializeOwned>(of: &[&RawValue]) -> Result<Vec<T>, String> {
    items(of, |item| serde_json::from_str(item.get()))
}

impl Listed for Tool {
    const METHOD: &'static str = definitions::LIST;
    const KEY: &'static str = "tools";

    fn read(tools: &[&RawValue], listing: &Listing) -> Result<Vec<Self>, String> {
        let tools = items(tools, |tool| Ok((serde_json::from_str(tool.get())?, tool.get().len())))?;
        Ok(listing.client.definitions().page(listing.walk, tools))
    }
}

impl Listed for Prompt {
    const METHOD: &'static str = "prompts/list";
    const KEY: &'static str = "prompts";

    fn read(items: &[&RawValue], _: &Listing) -> Result<Vec<Self>, String> {
        plain(items)
    }
}

impl Listed for Resource {
    const METHOD: &'static str = "resources/list";
    const KEY: &'static str = "resources";

    fn read(items: &[&RawValue], _: &Listing) -> Result<Vec<Self>, String> {
        plain(items)
    }
}

impl Listed for ResourceTemplate {
    const METHOD: &'static str = "resources/templates/list";
    const KEY: &'static str = "resourceTemplates";

    fn read(items: &[&RawValue], _: &Listing) -> Result<Vec<Self>, String> {
        plain(items)
    }
}

/// A list as a stream of its items, in the server's order. A page is asked for when the items of the one before are taken.
///
/// Pages come from the client's cache while they are fresh, each by itself: between two pages the list may change. After an
/// error the stream ends. Dropping it cancels the request that is under way, if there is one.
///
/// A list without an end is an error, [`ClientError::Invalid`]: one that comes back to a page that it had, under the same cursor,
/// or has more than 10,000 pages.
///
/// ```
/// use futures_util::TryStreamExt as _;
/// # use mcp_runtime::client::{Client, ClientError};
///
/// # async fn run(client: &Client) -> Result<(), ClientError> {
/// let mut tools = client.tools();
/// while let Some(tool) = tools.try_next().await? {
///     println!("{}", tool.name);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked for before the stream is polled"]
pub struct Pages<T> {
    taken: VecDeque<T>,
    turn: Turn<T>,
}

type Page<T> = Result<Option<Vec<T>>, ClientError>;
type Turning<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

enum Turn<T> {
    Idle(Walk),
    Busy(Turning<'static, (Walk, Page<T>)>),
    Over,
}

// Nothing in it is pinned but what is boxed.
impl<T> Unpin for Pages<T> {}

impl<T: Listed> Pages<T> {
    pub(super) fn new(client: &Client) -> Self {
        Self { taken: VecDeque::new(), turn: Turn::Idle(Walk::new(client)) }
    }

    /// All items, from the first page on.
    pub(super) async fn collect(client: &Client) -> Result<Vec<T>, ClientError> {
        let mut walk = Walk::new(client);
        let mut all = Vec::new();
        loop {
            match walk.page::<T>().await {
                Ok(Some(page)) => all.extend(page),
                Ok(None) => return Ok(all),
                // A cursor of a page from the cache may be refused: the whole list is read again, once (Caching, Interaction
                // with Pagination).
                Err(ClientError::Rpc { error, .. })
                    if walk.from_cache && error.code == crate::code::INVALID_PARAMS =>
                {
                    all.clear();
                    walk = Walk::new(&client.fresh());
                }
                Err(error) => return Err(error),
            }
            if walk.bytes > BYTES {
                let problem = format!("the list is longer than {BYTES} bytes: take it as a stream");
                return Err(ClientError::invalid(T::METHOD, problem));
            }
        }
    }
}

impl<T: Listed> Stream for Pages<T> {
    type Item = Result<T, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.taken.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match std::mem::replace(&mut self.turn, Turn::Over) {
                Turn::Over => return Poll::Ready(None),
                Turn::Idle(mut walk) => {
                    self.turn = Turn::Busy(Box::pin(async move {
                        let page = walk.page().await;
                        (walk, page)
                    }));
                }
                Turn::Busy(mut turning) => {
                    let Poll::Ready((walk, page)) = turning.as_mut().poll(cx) else {
                        self.turn = Turn::Busy(turning);
                        return Poll::Pending;
                    };
                    match page {
                        Ok(None) => {}
                        Ok(Some(page)) => {
                            self.taken = page.into();
                            self.turn = Turn::Idle(walk);
                        }
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    }
                }
            }
        }
    }
}

impl<T> std::fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("taken", &self.taken.len()).finish_non_exhaustive()
    }
}

/// Where in a list somebody is.
pub(super) struct Walk {
    listing: Listing,
    /// The cursor of the next page; on the first page there is none.
    next: Option<Value>,
    over: bool,
    /// Fingerprints of the pages that were read, each with its cursor.
    seen: HashSet<u64>,
    pages: usize,
    bytes: usize,
    from_cache: bool,
}

impl Walk {
    pub fn new(client: &Client) -> Self {
        let listing = Listing { client: client.clone(), walk: client.definitions().begin() };
        Self {
            listing,
            next: None,
            over: false,
            seen: HashSet::new(),
            pages: 0,
            bytes: 0,
            from_cache: false,
        }
    }

    /// The next page; nothing after the last one. Boxed, since a call may list the tools first, which is a request, too.
    pub fn page<T: Listed>(&mut self) -> Turning<'_, Page<T>> {
        Box::pin(async move {
            if self.over {
                return Ok(None);
            }
            // Whatever happens, an error is the last.
            self.over = true;
            let mut params = JsonObject::new();
            if let Some(cursor) = &self.next {
                params.insert("cursor".to_owned(), cursor.clone());
            }
            let client = &self.listing.client;
            let (result, cached) = match client.fetch(T::METHOD, params, &Options::default()).await
            {
                Ok(fetched) => fetched,
                Err(error) => {
                    // The cursor may be one that the server does not know any more.
                    if self.next.is_some() && error.rpc().is_some() {
                        client.cache().forget(T::METHOD);
                    }
                    return Err(error);
                }
            };
            self.from_cache |= cached;
            let page = client.complete(T::METHOD, &result).and_then(|()| {
                self.turn(&result).map_err(|problem| ClientError::invalid(T::METHOD, problem))
            });
            let page = page.inspect_err(|_| self.listing.client.cache().forget(T::METHOD))?;
            if self.over && T::METHOD == definitions::LIST {
                self.listing.client.definitions().end(self.listing.walk);
            }
            Ok(Some(page))
        })
    }

    fn turn<T: Listed>(&mut self, result: &RawValue) -> Result<Vec<T>, String> {
        let [found, next] = envelope::fields(result.get(), &[T::KEY, "nextCursor"])
            .map_err(|error| error.to_string())?;
        let found = found.ok_or_else(|| format!("`{}` is missing", T::KEY))?;
        // Cursors say nothing, not even by being equal: only a page that led nowhere new does.
        let fingerprint =
            self.seen.hasher().hash_one((self.next.as_ref().map(Value::to_string), found.get()));
        if self.next.is_some() && !self.seen.insert(fingerprint) {
            return Err(
                "the list has no end: the same page came again under the same cursor".into()
            );
        }
        self.pages += 1;
        self.bytes += result.get().len();
        self.next = next.and_then(|next| serde_json::from_str(next.get()).ok());
        self.over = self.next.is_none();
        if !self.over && self.pages >= PAGES {
            return Err(format!("the list has no end: it has more than {PAGES} pages"));
        }
        let found: Vec<&RawValue> =
            serde_json::from_str(found.get()).map_err(|error| format!("`{}`: {error}", T::KEY))?;
        T::read(&found, &self.listing).map_err(|problem| format!("`{}`, {problem}", T::KEY))
    }
}
