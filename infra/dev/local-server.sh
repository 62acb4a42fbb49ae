# Sourced by what starts a server of this folder: where its data is, whether it runs, how it is stopped.
# shellcheck shell=bash

listen=${BULKHEAD_LISTEN:-127.0.0.1:8080}
server=http://$listen
pid_file=$state/server.pid

# After a restart of the machine another process may have the number.
running() { [ -s "$pid_file" ] && [ "$(cat "/proc/$(cat "$pid_file")/comm" 2>/dev/null)" = bulkhead-server ]; }
stop_server() {
  running || return 0
  kill "$(cat "$pid_file")"
  for _ in $(seq 100); do running || break; sleep 0.1; done
  rm -f "$pid_file"
}
answers() { (exec 3<>"/dev/tcp/${listen%:*}/${listen##*:}") 2>/dev/null; }
# The value of a field of a small JSON document of ours, which has one field a line.
field() { sed -n "s/^ *\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -1; }
# Nothing else may have the address.
need_free() {
  answers || return 0
  echo "Something else listens on $listen. Stop it, or choose another address: BULKHEAD_LISTEN=127.0.0.1:8081 make $1" >&2
  exit 1
}
# Starts the server with its data in $state/server, and waits for it: start_server BIN [ARGUMENT...]
start_server() {
  local bin=$1
  shift
  nohup "$bin/bulkhead-server" run --data "$state/server" --listen "$listen" "$@" >"$state/server.log" 2>&1 </dev/null &
  echo $! >"$pid_file"
  for _ in $(seq 300); do
    answers && return 0
    running || { echo "The server ended while starting; the end of $state/server.log says:" >&2; tail -5 "$state/server.log" >&2; exit 1; }
    sleep 0.1
  done
}
