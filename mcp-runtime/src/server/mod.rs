//! The server: what it has, what it says about it, and who answers a request.

pub(crate) mod arguments;
pub(crate) mod ask;
pub(crate) mod builder;
pub(crate) mod call;
pub(crate) mod calls;
pub(crate) mod client_info;
pub(crate) mod completion;
pub(crate) mod context;
pub(crate) mod definition;
pub(crate) mod dispatch;
pub(crate) mod drive;
pub(crate) mod extension;
mod form;
pub(crate) mod handle;
pub(crate) mod handler;
pub(crate) mod inject;
pub(crate) mod limits;
pub(crate) mod listen;
mod lists;
pub(crate) mod outbox;
pub(crate) mod outcome;
pub(crate) mod output;
pub(crate) mod principal;
pub(crate) mod registry;
pub(crate) mod session;
pub(crate) mod typed;
#[cfg(feature = "validation")]
mod validate;
