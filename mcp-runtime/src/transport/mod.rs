//! Bytes to messages and back.

#[cfg(feature = "http")]
pub(crate) mod http;
#[cfg(feature = "stdio")]
pub(crate) mod stdio;
pub(crate) mod stream;
