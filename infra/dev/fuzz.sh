#!/usr/bin/env bash
# Runs each fuzz target for a while over its corpus, with inputs that earlier runs found. Ends with an error when one
# breaks, takes too long or too much memory, and says how to repeat it.
# usage: infra/dev/fuzz.sh [TARGET...]   (default: all of them)   FUZZ_SECONDS=60 for each
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${FUZZ_SECONDS:-60}
project=tests/fuzz/cargo-fuzz
# Inputs that were found and are not kept: outside of the project, so that a later run goes on from them.
found=${XDG_CACHE_HOME:-$HOME/.cache}/bulkhead/fuzz
artifacts=$found/artifacts
mkdir -p "$artifacts"

if ! cargo fuzz --version >/dev/null 2>&1; then
  echo "Installing cargo-fuzz ..."
  cargo install cargo-fuzz --locked --quiet
fi
# Without a sanitizer, as those need a nightly compiler: the parsers are safe Rust, whose panics, overflows and endless
# loops show without one.
cargo fuzz build --fuzz-dir "$project" --sanitizer none any
host=$(rustc -vV | sed -n 's/^host: //p')
binary=${CARGO_TARGET_DIR:-$project/target}/$host/release/any

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(cd tests/fuzz/corpus && printf '%s\n' *)
fi
broken=()
for target in "${targets[@]}"; do
  mkdir -p "$found/$target"
  echo "== $target"
  # -malloc_limit_mb: one allocation whose size the input chose, where a document of a feed may unpack to 512 MiB;
  # -rss_limit_mb: all of them.
  if ! FUZZ_TARGET=$target "$binary" "$found/$target" "tests/fuzz/corpus/$target" \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=1024 -max_len=65536 \
    -print_final_stats=0 -verbosity=0 -artifact_prefix="$artifacts/$target-" >"$artifacts/$target.log" 2>&1; then
    tail -n 25 "$artifacts/$target.log"
    broken+=("$target")
  fi
done
if [ ${#broken[@]} -gt 0 ]; then
  echo
  for target in "${broken[@]}"; do
    for input in "$artifacts/$target"-{crash,timeout,oom,leak}-*; do
      [ -e "$input" ] && echo "repeat: FUZZ_TARGET=$target $binary $input"
    done
  done
  echo "Mend the parser, then keep the input as tests/fuzz/corpus/TARGET/regression-WHAT, so that \`make test\` has it." >&2
  exit 1
fi
echo "${#targets[@]} targets, ${seconds} s each: nothing broke"
