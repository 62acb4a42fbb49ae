#!/usr/bin/env bash
# Speed and memory of what matters, each beside its limit or a peer measured in the same run. Nothing here is a test:
# figures of a busy machine say little, ratios of one run say enough.
# usage: infra/dev/bench.sh [FOLDER_OF_ADVISORY_DOCUMENTS]   (default: $FEEDS, or $BULKHEAD_SHARED/data, or ../shared/data)
set -euo pipefail
cd "$(dirname "$0")/../.."

documents=${1:-${FEEDS:-${BULKHEAD_SHARED:-../shared}/data}}
bench() { echo; echo "== $1"; shift; cargo run --quiet --release --locked "$@"; }

cargo build --release --locked -p inventory -p advisories -p risk -p platform -p handlers -p bulkhead-cli --examples --bins
target=${CARGO_TARGET_DIR:-target}
images=${XDG_CACHE_HOME:-$HOME/.cache}/bulkhead/bench
bench "Reading image archives" -p inventory --example read_bench
if [ -d "$documents" ]; then
  shards=$(mktemp -d)
  trap 'rm -rf "$shards"' EXIT
  # The rows of single documents are of no interest here.
  bench "Building shards" -p advisories --example build_shards -- "$documents" "$shards" | grep -E '^==|unrecognised, generation|peak|VmHWM'
  status=$documents/hosts/debian-12/var/lib/dpkg/status
  [ -e "$status" ] || status=/var/lib/dpkg/status
  bench "Matching the packages of $status" -p advisories --example match_bench -- "$shards" "$status"
else
  echo; echo "skipped: building shards and matching need a folder of documents (FEEDS=DIR make bench)"
fi
if [ -n "${shards:-}" ]; then
  bytes=$(du -sb "$shards" | cut -f1)
  awk -v bytes="$bytes" 'BEGIN { printf "\nshards: %.1f MB, %.3f of the limit of 160 MB (a tenth of grype'"'"'s database)\n", bytes / 1e6, bytes / 160e6 }'
fi
bench "Scoring findings" -p risk --example score_bench
bench "Scanning images made of Debian packages" -p bulkhead-cli --example scan_bench -- \
  "$target/release/bulkhead" "$images" ${shards:+"$shards"}
bench "The embedded store" -p platform --example store_bench
bench "The whole pipeline on the embedded platform" -p handlers --example pipeline_bench
cargo build --release --locked -p server --bins
bench "The API of a server with 100,000 findings (SOAK_S=600 for ten minutes of the last load)" \
  -p server --example api_bench -- "$target/release/bulkhead-server"
echo; echo "== The package for AWS Lambda, and its first answer"
infra/dev/lambda.sh
cargo run --quiet --release --locked -p lambda --example cold_start_bench -- \
  "$target/lambda/bulkhead-lambda" "$target/lambda/bulkhead-lambda.zip"
