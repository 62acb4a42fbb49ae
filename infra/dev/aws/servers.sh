#!/usr/bin/env bash
# Servers on this machine's loopback that speak the protocols of Amazon's services: no account, no container, no network.
# usage: infra/dev/aws/servers.sh install            only fetches and builds them
#        infra/dev/aws/servers.sh with COMMAND ...   starts them, runs the command with their addresses, stops them
#
#   BULKHEAD_TEST_AWS          ministack: DynamoDB, S3, SQS, KMS, Lambda, HTTP APIs, schedules, CloudFormation with SAM
#   BULKHEAD_TEST_AWS_SECOND   moto: a second opinion on DynamoDB, S3, SQS and KMS
#   BULKHEAD_TEST_S3           s3s-fs: an S3 that checks what is signed
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

pins=$here/servers.txt
s3s_version=0.14.1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bulkhead
venv=$cache/aws-servers-$(sha256sum "$pins" | cut -c1-12)
s3s=$cache/s3s-fs-$s3s_version
# Any pair is accepted by the first two; the third knows this one.
key=test
secret=test

install() {
  mkdir -p "$cache"
  # Two that begin at once must not both install.
  exec 8>"$cache/aws-servers.lock"
  flock 8
  if [ ! -e "$venv/ready" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check --no-input -r "$pins"
    touch "$venv/ready"
  fi
  if [ ! -x "$s3s/bin/s3s-fs" ]; then
    CARGO_TARGET_DIR=$s3s/target CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 \
      cargo install --quiet --debug --locked --root "$s3s" --features binary --version "$s3s_version" s3s-fs
    rm -rf "$s3s/target"
  fi
  flock -u 8
  exec 8>&-
}

started=()
run=
stop() {
  local pid
  # Each leads a group of its own, so that what it started ends with it.
  for pid in "${started[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
  for _ in $(seq 40); do
    local alive=0
    for pid in "${started[@]}"; do kill -0 -- "-$pid" 2>/dev/null && alive=1; done
    [ $alive = 0 ] && break
    sleep 0.1
  done
  for pid in "${started[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
  [ -z "$run" ] || rm -rf "$run"
}

# start NAME PATH-THAT-ANSWERS PORT VARIABLE=VALUE... COMMAND...
start() {
  local name=$1 path=$2 port=$3
  shift 3
  mkdir -p "$run/$name/home" "$run/$name/tmp"
  # Nothing of the caller's own AWS settings reaches them.
  (
    cd "$run/$name"
    for variable in $(compgen -e AWS_); do unset "$variable"; done
    exec setsid env HOME="$run/$name/home" TMPDIR="$run/$name/tmp" "$@"
  ) >"$run/$name.log" 2>&1 </dev/null &
  started+=($!)
  for _ in $(seq 480); do
    if curl -s -m 5 -o /dev/null "http://127.0.0.1:$port$path"; then return 0; fi
    kill -0 "${started[-1]}" 2>/dev/null || break
    sleep 0.25
  done
  echo "$name does not answer:" >&2
  tail -n 20 "$run/$name.log" >&2
  return 1
}

with() {
  install
  run=$(mktemp -d "${TMPDIR:-/tmp}/bulkhead-aws.XXXXXX")
  trap stop EXIT
  trap 'exit 130' INT TERM
  local ports
  # All are held at once, so that they differ.
  mapfile -t ports < <(python3 -c '
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
for one in held: print(one.getsockname()[1])')
  start ministack /_ministack/health "${ports[0]}" \
    GATEWAY_PORT="${ports[0]}" BIND_HOST=127.0.0.1 IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 \
    AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY="$secret" "$venv/bin/ministack"
  start moto /moto-api/ "${ports[1]}" \
    AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY="$secret" \
    "$venv/bin/moto_server" -H 127.0.0.1 -p "${ports[1]}"
  mkdir -p "$run/s3s-fs/root"
  start s3s-fs / "${ports[2]}" \
    RUST_LOG=warn "$s3s/bin/s3s-fs" --host 127.0.0.1 --port "${ports[2]}" --access-key "$key" --secret-key "$secret" \
    "$run/s3s-fs/root"
  export BULKHEAD_TEST_AWS=http://127.0.0.1:${ports[0]}
  export BULKHEAD_TEST_AWS_SECOND=http://127.0.0.1:${ports[1]}
  export BULKHEAD_TEST_S3=http://127.0.0.1:${ports[2]}
  # Only pairs of these servers: what a developer is signed in to is never used.
  unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL
  export AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
  local status=0
  "$@" || status=$?
  if [ $status -ne 0 ]; then
    for log in "$run"/*.log; do
      echo "== the end of $(basename "$log")"
      tail -n 15 "$log"
    done >&2
  fi
  return $status
}

case ${1:-} in
  install) install ;;
  with) shift; [ $# -gt 0 ] || { sed -n 3,4p "$0"; exit 2; }; with "$@" ;;
  *) sed -n 2,9p "$0"; exit 2 ;;
esac
