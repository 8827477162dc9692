# Sourced by the runners: installs the packages of others below `target/tools`, or says in `missing` what is left out and why.
# `here` is the folder of the runner, `tools` where its Node packages go.

missing=()
left_out() { missing+=("$1"); }

# node_packages WHAT: those of `here`/package-lock.json.
node_packages() {
    local what=$1
    [[ "$(node --version 2>/dev/null)" =~ ^v[2-9][0-9]\. ]] || { left_out "$what, because Node 20 or newer is not there"; return 1; }
    command -v npm >/dev/null || { left_out "$what, because npm is not there"; return 1; }
    if ! cmp --silent "$here/package-lock.json" "$tools/installed.json"; then
        mkdir -p "$tools"
        cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$tools"
        if ! npm ci --prefix "$tools" --ignore-scripts --no-audit --no-fund --loglevel=error >"$tools/npm.log" 2>&1; then
            tail -n 5 "$tools/npm.log" >&2
            left_out "$what, because they could not be installed (log: $tools/npm.log)"
            return 1
        fi
        cp "$here/package-lock.json" "$tools/installed.json"
    fi
}

# Clients and servers are in the same packages.
venvs="$PWD/target/tools/clients"

# python_packages VERSION WHAT: those of tests/clients/python-VERSION.txt, in an environment of their own.
python_packages() {
    local version=$1 what=$2 list="tests/clients/python-$1.txt" venv="$venvs/python-$1"
    if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        left_out "$what, because Python 3.11 or newer is not there"
        return 1
    fi
    cmp --silent "$list" "$venv/installed.txt" && return
    rm -rf "$venv"
    mkdir -p "$venvs"
    if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check \
        -r "$list"; } >"$venvs/python-$version.log" 2>&1; then
        tail -n 5 "$venvs/python-$version.log" >&2
        left_out "$what, because it could not be installed (log: $venvs/python-$version.log)"
        return 1
    fi
    cp "$list" "$venv/installed.txt"
}
