# Sourced by the runners: builds `everything` and starts it over HTTP. EVERYTHING names a binary that is there already.

everything() {
    if [[ -n "${EVERYTHING:-}" ]]; then
        printf '%s\n' "$EVERYTHING"
        return
    fi
    cargo build --quiet --locked -p mcpwright-examples --bin everything >&2 || return
    printf '%s/debug/everything\n' "${CARGO_TARGET_DIR:-$PWD/target}"
}

conformance_client() {
    if [[ -n "${CONFORMANCE_CLIENT:-}" ]]; then
        printf '%s\n' "$CONFORMANCE_CLIENT"
        return
    fi
    cargo build --quiet --locked -p mcpwright-examples --bin conformance_client >&2 || return
    printf '%s/debug/conformance_client\n' "${CARGO_TARGET_DIR:-$PWD/target}"
}

# serve BINARY LOG STORE: sets `server_pid` and `url`. The server picks its port, and says it on stderr.
serve() {
    : >"$2" # the server may take a moment to open it
    "$1" --http 127.0.0.1:0 --store "$3" 2>"$2" >/dev/null </dev/null &
    server_pid=$!
    for _ in $(seq 200); do
        url=$(sed -n 's/^listening on \(http[^ ]*\)$/\1/p' "$2" | head -n 1)
        [[ -z "$url" ]] || return 0
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.05
    done
    printf 'the server did not say `listening on URL` within 10 s; its log:\n' >&2
    tail -n 20 "$2" >&2
    return 1
}

# stop LOG: ends the server by its own id. Fails if it had ended before, or panicked.
stop() {
    local sound=0
    if ! kill "$server_pid" 2>/dev/null; then
        printf 'the server ended by itself; its log:\n' >&2
        tail -n 20 "$1" >&2
        sound=1
    fi
    wait "$server_pid" 2>/dev/null || true
    server_pid=
    if grep 'panicked at' "$1" >&2; then
        sound=1
    fi
    return "$sound"
}
