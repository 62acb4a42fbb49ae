#!/usr/bin/env bash
# Uses the API as strangers would who have nothing but its description, against a server of its own on loopback.
# schemathesis sends what the description allows and what it forbids, and holds each answer against it; then a client that
# openapi-python-client makes of the description does what a script would (tests/client).
# usage: infra/dev/schemathesis.sh [install]      (install: only fetches the tools)
#
#   BULKHEAD_SCHEMATHESIS_S        how long schemathesis may take, in seconds [50]
#   BULKHEAD_SCHEMATHESIS_SEED     what its inputs are made from [1]
#   BULKHEAD_REQUIRE_SCHEMATHESIS  1: missing tools are a failure and no reason to skip
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
  if [ "${BULKHEAD_REQUIRE_SCHEMATHESIS:-}" = 1 ]; then
    echo "Missing: Python 3.11 or later with venv. Install it and try again." >&2
    exit 1
  fi
  echo "Python 3.11 or later is missing, so the API is not tried against its description: skipped." >&2
  exit 0
fi

pins=infra/dev/schemathesis.txt
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bulkhead
tools=$cache/schemathesis-$(sha256sum "$pins" | cut -c1-12)
mkdir -p "$cache"

# Two that begin at once must not both install.
exec 8>"$cache/schemathesis.lock"
flock 8
if [ ! -e "$tools/ready" ]; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install -q --disable-pip-version-check --no-input -r "$pins"
  touch "$tools/ready"
fi
flock -u 8
exec 8>&-
[ "${1:-}" != install ] || exit 0

# The server as `make test` builds it: with other features the whole would be compiled once more.
cargo test --workspace --locked --no-run --quiet --test server
server=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/bulkhead-server

run=$(mktemp -d "${TMPDIR:-/tmp}/bulkhead-described.XXXXXX")
pid=
stop() {
  if [ -n "$pid" ]; then
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  rm -rf "$run"
}
trap stop EXIT
trap 'exit 130' INT TERM
umask 077

port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
export BULKHEAD_SERVER=http://127.0.0.1:$port
"$server" setup --data "$run/data" --json >"$run/setup.json"
"$server" run --data "$run/data" --listen "127.0.0.1:$port" >"$run/server.log" 2>&1 </dev/null &
pid=$!
if ! BULKHEAD_API_KEY=$(python3 infra/dev/schemathesis/first_key.py "$run/setup.json"); then
  tail -n 20 "$run/server.log" >&2
  exit 1
fi
export BULKHEAD_API_KEY

# The description as it is in the tree: that is what others have.
schema=$PWD/schemas/openapi.json
export BULKHEAD_SCHEMATHESIS_HOOKS=$PWD/infra/dev/schemathesis/hooks.py
failed=0
# By one worker: Python 3.11 cannot read source in two threads at once, which hypothesis does.
(
  cd "$run"
  "$tools/bin/schemathesis" --config-file "$OLDPWD/infra/dev/schemathesis/schemathesis.toml" run "$schema" \
    --url "$BULKHEAD_SERVER" --no-color --workers 1 \
    --seed "${BULKHEAD_SCHEMATHESIS_SEED:-1}" --max-time "${BULKHEAD_SCHEMATHESIS_S:-50}" >"$run/schemathesis.log" 2>&1
) || failed=1
if [ $failed = 1 ]; then
  cat "$run/schemathesis.log" >&2
  echo "schemathesis: what the API answers is not what schemas/openapi.json says" >&2
  exit 1
fi
tail -n 12 "$run/schemathesis.log"
if ! kill -0 "$pid" 2>/dev/null || grep -q 'panicked' "$run/server.log"; then
  tail -n 20 "$run/server.log" >&2
  exit 1
fi

# A client of its own, as its users would make it.
"$tools/bin/openapi-python-client" generate --path "$schema" --meta none --config infra/dev/schemathesis/client.yaml \
  --output-path "$run/client/bulkhead_client" --fail-on-warning >"$run/generate.log" 2>&1 || { cat "$run/generate.log" >&2; exit 1; }
PYTHONPATH=$run/client PYTHONDONTWRITEBYTECODE=1 \
  "$tools/bin/python" -m pytest -q -p no:cacheprovider tests/client
