//! The development console: its interface, who may use it, and the page in a real browser.
#![cfg(all(feature = "console", feature = "macros"))]

#[path = "console/api.rs"]
mod api;
#[path = "console/browser.rs"]
mod browser;
#[path = "console/chromium.rs"]
mod chromium;
#[path = "console/events.rs"]
mod events;
#[path = "console/flows.rs"]
mod flows;
#[path = "console/security.rs"]
mod security;
#[path = "console/shop.rs"]
mod shop;
#[path = "console/web.rs"]
mod web;
