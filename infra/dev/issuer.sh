#!/usr/bin/env bash
# Installs the issuer of OpenID Connect that tests of signing in run (tests/issuer), outside of the clone, from its lock file.
# usage: infra/dev/issuer.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=${BULKHEAD_ISSUER:-${XDG_CACHE_HOME:-$HOME/.cache}/bulkhead/issuer}
if ! command -v npm >/dev/null 2>&1; then
  if [ "${BULKHEAD_REQUIRE_ISSUER:-}" = 1 ]; then
    echo "Missing: Node.js 20 or later with npm. Install it and try again." >&2
    exit 1
  fi
  echo "Node.js is missing, so the tests of signing in by another service are skipped." >&2
  exit 0
fi
mkdir -p "$folder"
if cmp -s tests/issuer/package-lock.json "$folder/installed"; then
  cp tests/issuer/issuer.mjs "$folder/"
  exit 0
fi
cp tests/issuer/{package.json,package-lock.json,issuer.mjs} "$folder/"
(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
cp tests/issuer/package-lock.json "$folder/installed"
