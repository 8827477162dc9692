//! Commands that a build has left out.

use std::ffi::OsString;

use clap::Args;

/// What builds all commands.
const INSTALL: &str = "cargo install --locked --debug --path mcp-codegen";

/// What the help says of such a command.
pub const ABOUT: &str = "Not built in: `cargo install --locked --debug --path mcp-codegen` in a checkout of mcpwright adds it.";

/// A command that is not built in, with whatever it was given.
#[derive(Args)]
#[command(about = ABOUT, disable_help_flag = true)]
pub struct Absent {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    rest: Vec<OsString>,
}

/// What to do to have it.
pub fn help(command: &str, _: &Absent) -> String {
    format!(
        "`{command}` is not built into this mcp-codegen: in a checkout of mcpwright, \
         `{INSTALL}` installs one with all commands"
    )
}
