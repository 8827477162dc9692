//! What the tests share: every generated type under its schema's name, and a comparison of JSON that says what became of
//! each member.

pub mod compare;
pub mod registry;
pub mod samples;
