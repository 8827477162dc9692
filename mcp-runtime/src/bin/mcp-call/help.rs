//! What the help says beside the options.

macro_rules! servers {
    () => {
        "\
Servers:
  An address, before the command:     mcp-call http://127.0.0.1:8080/mcp tools
  A program, after the command:       mcp-call call add a=1 b=2 -- ./my-server --flag
  The same as one argument:           mcp-call --stdio './my-server --flag' tools
  Of a task that was kept:            mcp-call task wait TASK"
    };
}

/// Where the server stands on a command line.
pub const SERVERS: &str = servers!();

pub const AFTER_HELP: &str = concat!(
    servers!(),
    "

With --json, stdout has one JSON document a line and nothing else:
  info                                {\"revision\", \"serverInfo\", \"capabilities\", \"instructions\"}
  tools, prompts, resources,          each definition, as the server sent it
  templates
  call, task wait, task result        {\"result\": CallToolResult}
  prompt, read                        {\"result\": GetPromptResult or ReadResourceResult}
  complete                            {\"completion\": {\"values\", \"total\", \"hasMore\"}}
  call --detach                       {\"task\": {\"taskId\", \"status\", ..}}
  task get, task answer, task cancel  the same
  task list                           {\"ticket\": {\"server\", \"taskId\", \"tool\", ..}}, or the same
  listen                              {\"changed\": \"tools|prompts|resources|resource\", \"uri\"}
  with --events, before a result      {\"event\": \"created|status|progress|input|log\", ..}
  whatever fails                      {\"error\": {\"exit\", \"message\", \"code\", \"data\", \"taskId\"}}

Exit status:
  0    done
  1    an error: of the connection, the server, the protocol
  2    the command line asks for something that cannot be
  3    the tool ran, and says that it failed
  4    the server wants input, and there is nobody to ask
  5    the task was cancelled, by whomever
  130  Ctrl-C; pressed once, it cancels what was called and says so; twice, it ends at once"
);
