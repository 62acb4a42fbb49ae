#!/usr/bin/env bash
# Builds Bulkhead, starts its server with data under .bulkhead/, enrols an agent for this machine, scans it and its
# Docker images, and prints the ten highest risks. usage: [FEEDS=DIR|download] infra/dev/run.sh [stop]
set -euo pipefail
cd "$(dirname "$0")/../.."

state=$PWD/.bulkhead
listen=${BULKHEAD_LISTEN:-127.0.0.1:8080}
server=http://$listen
pid_file=$state/server.pid

running() { [ -s "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null; }
stop_server() {
  running || return 0
  kill "$(cat "$pid_file")"
  for _ in $(seq 100); do running || break; sleep 0.1; done
  rm -f "$pid_file"
}
answers() { (exec 3<>"/dev/tcp/${listen%:*}/${listen##*:}") 2>/dev/null; }

if [ "${1:-}" = stop ]; then
  running || { echo "No server of this folder is running."; exit 0; }
  stop_server
  echo "Stopped. Its data stays in .bulkhead/; \`make run\` starts it again."
  exit 0
fi

umask 077
mkdir -p "$state"

echo "Building (the first time takes some minutes) ..."
cargo build --release --locked -p server -p agent-host -p bulkhead-cli
bin=${CARGO_TARGET_DIR:-target}/release

stop_server
if answers; then
  echo "Something else listens on $listen. Stop it, or choose another address: BULKHEAD_LISTEN=127.0.0.1:8081 make run" >&2
  exit 1
fi

feeds=()
case ${FEEDS:-} in
  "") ;;
  download) feeds=(--feeds-download) ;;
  *)
    [ -d "$FEEDS" ] || { echo "FEEDS=$FEEDS is not a folder." >&2; exit 1; }
    feeds=(--feeds-from "$(realpath "$FEEDS")")
    ;;
esac

nohup "$bin/bulkhead-server" run --data "$state/server" --listen "$listen" --setup-file "$state/setup.json" \
  "${feeds[@]}" >"$state/server.log" 2>&1 </dev/null &
echo $! >"$pid_file"
for _ in $(seq 300); do
  answers && break
  running || { echo "The server ended while starting; the end of .bulkhead/server.log says:" >&2; tail -5 "$state/server.log" >&2; exit 1; }
  sleep 0.1
done

setup() { sed -n "s/^ *\"$1\": *\"\([^\"]*\)\".*/\1/p" "$state/setup.json" | head -1; }

echo
echo "Bulkhead runs on $server (data in .bulkhead/, log in .bulkhead/server.log)."
echo "  tenant            $(setup tenant)"
echo "  administrator     $(setup administrator)"
if [ -n "$(setup one_time_password)" ]; then
  echo "  password          $(setup one_time_password)   (works once, to set another)"
fi
echo "  enrolment token   $(setup enrolment_token)"
echo

if [ ! -e "$state/agent/agent.json" ]; then
  BULKHEAD_ENROLMENT_TOKEN=$(setup enrolment_token) "$bin/bulkhead-agent" enroll --server "$server" --state "$state/agent"
fi
"$bin/bulkhead-agent" run --once --state "$state/agent"

echo
BULKHEAD_TOKEN=$(setup read_token) "$bin/bulkhead" vulnerabilities --server "$server" --limit 10 --wait 60
echo
echo "The server goes on running: \`make stop\` ends it, and its API is described at $server/api/v1/openapi.json."
