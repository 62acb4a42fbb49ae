#!/usr/bin/env bash
# Makes the types of the API's client from schemas/openapi.json and checks the portal: types, lint, unit tests, that it builds, and
# how much the first page loads. With tools of the versions in frontend/package-lock.json.
# usage: infra/dev/lint-frontend.sh [install|bench|schema|build]  (install: only fetches them; bench: those of frontend/bench, too;
#                                                                   schema: only makes the types; build: makes the types and
#                                                                   frontend/dist)
set -euo pipefail
cd "$(dirname "$0")/../../frontend"

. ../infra/dev/node.sh
if ! use_node; then
  echo "The portal is built with Node.js $node_wanted; here is $(node_here). \`infra/dev/prepare.sh lint\` fetches one." >&2
  exit 1
fi

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
# Nobody but who measures needs these.
if [ "${1:-}" = bench ] && [ "$(cat bench/node_modules/.installed 2>/dev/null)" != "$(sha256sum <bench/package-lock.json)" ]; then
  (cd bench && npm ci --silent)
  sha256sum <bench/package-lock.json >bench/node_modules/.installed
fi
flock -u 8
[ "${1:-}" != install ] && [ "${1:-}" != bench ] || exit 0

npm run --silent schema >/dev/null
[ "${1:-}" != schema ] || exit 0
if [ "${1:-}" = build ]; then
  npm run --silent build -- --logLevel error
  exit 0
fi
npm run --silent check
npm run --silent lint
npm run --silent test -- --reporter=dot
npm run --silent build -- --logLevel error
node size.mjs
echo "frontend: types, lint, tests and build are good"
