#!/usr/bin/env bash
# Builds Bulkhead, starts its server with data under .bulkhead/, enrols an agent for this machine, scans it and its
# Docker images, and prints the ten highest risks. usage: [FEEDS=DIR|download] infra/dev/run.sh [stop]
set -euo pipefail
cd "$(dirname "$0")/../.."

state=$PWD/.bulkhead
data=$state/server
. infra/dev/local-server.sh

if [ "${1:-}" = stop ]; then
  running || { echo "No server of this folder is running."; exit 0; }
  stop_server
  echo "Stopped. Its data stays in .bulkhead/; \`make run\` starts it again."
  exit 0
fi

umask 077
mkdir -p "$state"

feeds=()
case ${FEEDS:-} in
  "") ;;
  download) feeds=(--feeds-download) ;;
  *)
    [ -d "$FEEDS" ] || { echo "FEEDS=$FEEDS is not a folder." >&2; exit 1; }
    feeds=(--feeds-from "$(realpath "$FEEDS")")
    ;;
esac

echo "Building (the first time takes some minutes) ..."
cargo build --release --locked -p server -p agent-host -p bulkhead-cli -p demo
bin=${CARGO_TARGET_DIR:-target}/release
# Without a newer Node.js there is no portal, and everything else as always.
infra/dev/portal.sh "$bin/portal" || [ $? -eq 3 ] || exit 1

stop_server
need_free run

# The store belongs to one process, so what needs it comes before the server: the first secrets, and a session that can
# read the answer at the end.
first=$("$bin/bulkhead-server" setup --data "$data" --json)
if [ -n "$(field one_time_password <<<"$first")" ]; then printf '%s\n' "$first" >"$state/setup.json"; fi
# The token that is shown is for another host; this machine's agent has one of its own.
if [ ! -e "$state/agent/agent.json" ]; then
  own_token=$("$bin/bulkhead-server" token create --data "$data" --note "make run" | field enrolment_token)
fi
BULKHEAD_TOKEN=$("$bin/bulkhead-server" session --data "$data" | field token)
export BULKHEAD_TOKEN

start_server "$bin" "${feeds[@]}"

echo
[ ! -e "$bin/portal" ] || echo "Open $server in a browser."
echo "Bulkhead runs on $server (data in .bulkhead/, log in .bulkhead/server.log)."
if [ -n "$(field one_time_password <<<"$first")" ]; then
  echo "  tenant            $(field tenant <<<"$first")"
  echo "  administrator     $(field admin <<<"$first")"
  echo "  password          $(field one_time_password <<<"$first")   (works once, to set another)"
  echo "  enrolment token   $(field enrolment_token <<<"$first")   (for one more host, within a day)"
else
  echo "  It is set up already; .bulkhead/setup.json holds what the first start printed."
fi
echo

if [ ! -e "$state/agent/agent.json" ]; then
  BULKHEAD_ENROLMENT_TOKEN=$own_token "$bin/bulkhead-agent" enroll --server "$server" --state "$state/agent"
fi
echo "Looking at this machine and its images ..."
# A part that could not be looked at is said in the answer; the rest is worth showing.
"$bin/bulkhead-agent" run --once --state "$state/agent" 2>>"$state/agent.log" || echo "(the agent ended with $?; see .bulkhead/agent.log)"

echo
# Compiling a large set of documents takes some seconds. Exit code 4 says that the list is not the whole truth, and why is
# printed with it.
wait_s=5
[ ${#feeds[@]} -eq 0 ] || wait_s=120
"$bin/bulkhead" vulnerabilities --server "$server" --limit 10 --wait "$wait_s" || [ $? -eq 4 ]
echo
echo "The server goes on running: \`make stop\` ends it. Its API is described at $server/api/v1/openapi.json."
