//! `tools/list` and its sisters: pages that are written once and kept until something changes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp_schema::{Map, Value};

use super::handle::Server;
use super::registry::{Listed, Registry, prompt_value, resource_value, template_value};
use crate::error::RpcError;
use crate::protocol::revision::Revision;
use crate::protocol::{Writer, legacy, modern};

/// The lists of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum List {
    Tools,
    Prompts,
    Resources,
    Templates,
}

impl List {
    const fn key(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }
}

/// Pages that were asked for, by list, revision and first entry.
pub(crate) type Pages = HashMap<(List, Revision, usize), Arc<[u8]>>;

impl Server {
    /// One page, as the JSON of a result.
    pub(crate) fn page(
        &self,
        list: List,
        revision: Revision,
        cursor: Option<&str>,
    ) -> Result<Arc<[u8]>, RpcError> {
        let inner = self.inner();
        let registry = self.registry();
        let names = enabled(&registry, list);
        let start = match cursor {
            None => 0,
            Some(cursor) => position(list, cursor, &names).ok_or_else(|| {
                RpcError::invalid_params("`cursor` is not one of this list, or what it stood for is gone: list again from the start")
            })?,
        };
        let key = (list, revision, start);
        if let Some(page) = inner.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(page.clone());
        }
        let end = names.len().min(start.saturating_add(inner.limits.page));
        let names = (&names[start..end], end < names.len());
        let page: Arc<[u8]> = self.write_page(&registry, list, revision, names).into();
        // The registry may have changed since it was read: then this page is of the old list, and must not be kept.
        let current = inner.registry.read().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, &registry) {
            inner.pages.lock().unwrap_or_else(PoisonError::into_inner).insert(key, page.clone());
        }
        Ok(page)
    }

    fn write_page(
        &self,
        registry: &Registry,
        list: List,
        revision: Revision,
        (names, more): (&[&str], bool),
    ) -> Vec<u8> {
        let inner = self.inner();
        let value = |name: &&str| -> Option<Value> {
            let value = match list {
                List::Tools if revision.is_modern() => {
                    modern::tool(&registry.tools.get(*name)?.entry.definition)
                }
                List::Tools => legacy::tool(revision, &registry.tools.get(*name)?.entry.definition),
                List::Prompts => prompt_value(&registry.prompts.get(*name)?.entry.definition),
                List::Resources => resource_value(&registry.resources.get(*name)?.entry.definition),
                List::Templates => template_value(&registry.templates.get(*name)?.entry.definition),
            };
            Some(if revision.is_modern() { value } else { legacy::listed(revision, value) })
        };
        let items: Vec<Value> = names.iter().filter_map(value).collect();
        let mut out = Vec::with_capacity(1024);
        let mut result = Writer::new(&mut out);
        if revision.is_modern() {
            modern::complete(&mut result);
        }
        result.field(list.key(), &items);
        if more && let Some(last) = names.last() {
            result.field("nextCursor", &cursor_after(list, last));
        }
        if revision.is_modern() {
            modern::hints(&mut result, &inner.cache);
            modern::write_meta(&mut result, None, &inner.server_info);
        }
        result.end();
        out
    }
}

fn enabled(registry: &Registry, list: List) -> Vec<&str> {
    fn names<T>(all: &Map<Listed<T>>) -> Vec<&str> {
        all.iter().filter(|(_, listed)| listed.enabled).map(|(name, _)| name.as_str()).collect()
    }
    match list {
        List::Tools => names(&registry.tools),
        List::Prompts => names(&registry.prompts),
        List::Resources => names(&registry.resources),
        List::Templates => names(&registry.templates),
    }
}

/// A cursor names the entry that it comes after, so that it means the same on every replica and after most changes.
fn cursor_after(list: List, name: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}:{name}", list.key()))
}

fn position(list: List, cursor: &str, names: &[&str]) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let name = text.strip_prefix(list.key())?.strip_prefix(':')?;
    names.iter().position(|one| *one == name).map(|index| index + 1)
}
