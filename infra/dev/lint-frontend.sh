#!/usr/bin/env bash
# Makes the types of the API's client from schemas/openapi.json and checks that what uses them compiles, with tools of the
# versions in frontend/package-lock.json.
# usage: infra/dev/lint-frontend.sh [install|schema]      (install: only fetches them; schema: only makes the types)
set -euo pipefail
cd "$(dirname "$0")/../../frontend"

# Nothing is asked for but the packages, and none of them runs anything at its installation.
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false npm_config_ignore_scripts=true

cache=${XDG_CACHE_HOME:-$HOME/.cache}/bulkhead
mkdir -p "$cache"
# Two that begin at once must not both install.
exec 8>"$cache/lint-frontend.lock"
flock 8
pins=$(cat package.json package-lock.json | sha256sum | cut -c1-12)
if [ "$(cat node_modules/.installed 2>/dev/null)" != "$pins" ]; then
  npm ci --silent
  echo "$pins" >node_modules/.installed
fi
flock -u 8
[ "${1:-}" != install ] || exit 0

npm run --silent schema >/dev/null
[ "${1:-}" != schema ] || exit 0
npm run --silent check
echo "frontend: the client of schemas/openapi.json compiles"
