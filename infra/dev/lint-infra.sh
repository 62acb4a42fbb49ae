#!/usr/bin/env bash
# Checks infra/template.yaml by cfn-lint and by `sam validate --lint`, both of a fixed version, without an account.
# usage: infra/dev/lint-infra.sh [install]      (install: only fetches them)
set -euo pipefail
cd "$(dirname "$0")/../.."

# Nothing is asked of Amazon and nothing is told to it.
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true

pins=infra/dev/lint-infra.txt
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bulkhead
tools=$cache/lint-infra-$(sha256sum "$pins" | cut -c1-12)
mkdir -p "$cache"
export __SAM_CLI_APP_DIR=$tools/sam

# Two that begin at once must not both install.
exec 8>"$cache/lint-infra.lock"
flock 8
if [ ! -e "$tools/ready" ]; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install -q --disable-pip-version-check --no-input -r "$pins"
  touch "$tools/ready"
fi
flock -u 8
[ "${1:-}" != install ] || exit 0

"$tools/bin/cfn-lint" --non-zero-exit-code warning infra/template.yaml
said=$("$tools/bin/sam" validate --lint --template infra/template.yaml 2>&1) || { echo "$said" >&2; exit 1; }
echo "infra/template.yaml: nothing to say against it"
