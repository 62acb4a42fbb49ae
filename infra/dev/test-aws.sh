#!/usr/bin/env bash
# The adapter for Amazon's services and the deployed stack, on servers that speak their protocols on this machine.
# usage: infra/dev/test-aws.sh [FILTER...]     (arguments for the test programs, e.g. the name of a test)
set -euo pipefail
cd "$(dirname "$0")/../.."

# Here a missing server is a failure and not a skipped test.
export BULKHEAD_REQUIRE_AWS=1
# The whole workspace, as `make test` builds it: with another selection features differ and much is compiled again.
exec infra/dev/aws/servers.sh with "${CARGO:-cargo}" test --workspace --locked --test aws -- "$@"
