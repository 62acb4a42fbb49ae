#!/usr/bin/env bash
# Starts a server with an estate that is made up, so that a newcomer and the browser's tests see the portal alive. Each time it
# begins anew, with data under .bulkhead/demo/. usage: [FEEDS=DIR] infra/dev/demo.sh [stop]
# BIN=DIR names programs that are built already.
set -euo pipefail
cd "$(dirname "$0")/../.."

state=${BULKHEAD_DEMO_STATE:-$PWD/.bulkhead/demo}
. infra/dev/local-server.sh

if [ "${1:-}" = stop ]; then
  running || exit 0
  stop_server
  echo "The demonstration is stopped."
  exit 0
fi

feeds=${FEEDS:-$PWD/infra/demo/advisories}
[ -d "$feeds" ] || { echo "FEEDS=$feeds is not a folder." >&2; exit 1; }
bin=${BIN:-}
if [ -z "$bin" ]; then
  echo "Building (the first time takes some minutes) ..."
  cargo build --release --locked -p server -p agent-host -p bulkhead-cli -p demo
  bin=${CARGO_TARGET_DIR:-target}/release
fi
# Without a newer Node.js there is no portal, and everything else as always.
infra/dev/portal.sh "$bin/portal" || [ $? -eq 3 ] || exit 1

stop_server
need_free demo
rm -rf "$state"
umask 077
mkdir -p "$state"
data=$state/server
first=$("$bin/bulkhead-server" setup --data "$data" --json)
printf '%s\n' "$first" >"$state/setup.json"
BULKHEAD_ENROLMENT_TOKEN=$("$bin/bulkhead-server" token create --data "$data" --note "demonstration" --max-uses 40 | field enrolment_token)
BULKHEAD_TOKEN=$("$bin/bulkhead-server" session --data "$data" | field token)
export BULKHEAD_TOKEN BULKHEAD_ENROLMENT_TOKEN

start_server "$bin" --feeds-from "$(realpath "$feeds")"
echo "Sending the estate ..."
"$bin/bulkhead-demo" "$server"
# Until nothing is left to be scanned.
"$bin/bulkhead" vulnerabilities --server "$server" --limit 3 --wait 180 || [ $? -eq 4 ]

echo
[ ! -e "$bin/portal" ] || echo "Open $server in a browser."
echo "The demonstration runs on $server until \`make stop\`; the next \`make demo\` begins anew."
echo "  login             $(field admin <<<"$first")"
echo "  password          $(field one_time_password <<<"$first")   (works once, to set another)"
