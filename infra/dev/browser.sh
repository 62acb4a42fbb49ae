#!/usr/bin/env bash
# Drives the portal in a real browser against a server of its own on loopback, with the estate of `make demo`: frontend/browser/.
# usage: [FEEDS=DIR] infra/dev/browser.sh [pictures|bench|TESTS…]     (pictures: only looks at every page, and keeps what it sees;
#                                                              TESTS: only those of files that have this in their names;
#                                                              bench: how fast it is, see frontend/bench/bench.mjs)
#
#   BULKHEAD_BIN        folder of built programs; without it they are built as `make test` builds them
#   CHROMIUM            the browser [/usr/bin/chromium]
#   PORTAL_PICTURES     where pictures go [target/screenshots]
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "${1:-}" = bench ]; then
  infra/dev/lint-frontend.sh bench
  # As it is served: packed.
  infra/dev/portal.sh
else
  infra/dev/lint-frontend.sh build
fi
. infra/dev/node.sh
use_node
if [ -z "${BULKHEAD_BIN:-}" ] && [ "${1:-}" = bench ]; then
  cargo build --release --locked --quiet -p server -p agent-host -p bulkhead-cli -p demo
  BULKHEAD_BIN=$(realpath "${CARGO_TARGET_DIR:-target}")/release
elif [ -z "${BULKHEAD_BIN:-}" ]; then
  # Together with a test they have the features that `make test` builds them with: otherwise the whole would be compiled once more.
  cargo build --workspace --locked --quiet --bins --test server
  BULKHEAD_BIN=$(realpath "${CARGO_TARGET_DIR:-target}")/debug
fi

run=$(mktemp -d "${TMPDIR:-/tmp}/bulkhead-browser.XXXXXX")
pids=()
stop() {
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$run"
}
trap stop EXIT
trap 'exit 130' INT TERM
umask 077

free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
answers() { curl -sf -o /dev/null --max-time 2 "$1"; }
await() {
  for _ in $(seq 300); do
    answers "$1" && return
    sleep 0.1
  done
  echo "$1 does not answer; the end of the server's log:" >&2
  tail -n 20 "$run/server.log" >&2
  exit 1
}

port=$(free_port)
server=http://127.0.0.1:$port
feeds=${FEEDS:-infra/demo/advisories}
"$BULKHEAD_BIN/bulkhead-server" setup --data "$run/data" --json >"$run/setup.json"
BULKHEAD_ENROLMENT_TOKEN=$("$BULKHEAD_BIN/bulkhead-server" token create --data "$run/data" --note "browser" --max-uses 40 | field enrolment_token)
export BULKHEAD_ENROLMENT_TOKEN
"$BULKHEAD_BIN/bulkhead-server" run --data "$run/data" --listen "127.0.0.1:$port" --feeds-from "$(realpath "$feeds")" --portal frontend/dist \
  >"$run/server.log" 2>&1 </dev/null &
pids+=($!)
await "$server/healthz"

# The first test signs in with the one-time password and sets this one.
PORTAL_LOGIN=$(field admin <"$run/setup.json")
PORTAL_ONE_TIME=$(field one_time_password <"$run/setup.json")
PORTAL_PASSWORD="the browser's own $(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"
"$BULKHEAD_BIN/bulkhead-demo" "$server"

export PORTAL=$server PORTAL_JUDGES=1 PORTAL_LOGIN PORTAL_ONE_TIME PORTAL_PASSWORD

cd frontend
if [ "${1:-}" = pictures ]; then
  export PORTAL_PICTURES=${PORTAL_PICTURES:-$PWD/../target/screenshots}
  mkdir -p "$PORTAL_PICTURES"
  node node_modules/@playwright/test/cli.js test pages
  echo "Pictures are in $(realpath "$PORTAL_PICTURES")."
elif [ "${1:-}" = bench ]; then
  node bench/bench.mjs
else
  node node_modules/@playwright/test/cli.js test "$@"
fi
