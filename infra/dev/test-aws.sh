#!/usr/bin/env bash
# The adapter for Amazon's services and the deployed stack, on servers that speak their protocols on this machine.
# usage: infra/dev/test-aws.sh [FILTER...]     (arguments for the test programs, e.g. the name of a test)
set -euo pipefail
cd "$(dirname "$0")/../.."

# Here a missing server is a failure and not a skipped test.
export BULKHEAD_REQUIRE_AWS=1
cargo=${CARGO:-cargo}
# The whole workspace, as `make test` builds it: with another selection features differ and much is compiled again.
"$cargo" build --workspace --locked --bins --tests
export BULKHEAD_TEST_BUILT=1

run() { "$cargo" test --workspace --locked "$@"; }
story() {
  # The adapter's promises, the template, and what a stack does when something fails.
  run --test aws -- "$@"
  # The tests that `make test` ran on a server of one process, on deployed stacks.
  BULKHEAD_TEST_SITE=deployed run --test end_to_end -- --test-threads 2 "$@"
}
export -f run story
export cargo
exec infra/dev/aws/servers.sh with bash -euo pipefail -c 'story "$@"' story "$@"
