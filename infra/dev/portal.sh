#!/usr/bin/env bash
# Builds the portal into frontend/dist, each file packed beside itself for browsers, and copies it to a folder when one is named.
# Nothing is done where the folder has been built from the same sources.
# usage: infra/dev/portal.sh [FOLDER]      (exit status 3: what it is built with is not here, and everything else works without)
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=${1:-}
. infra/dev/node.sh
if ! use_node; then
  echo "The portal is built with Node.js $node_wanted; here is $(node_here). \`infra/dev/prepare.sh lint\` fetches one." >&2
  exit 3
fi
command -v npm >/dev/null || { echo "The portal is built with npm, which is not here." >&2; exit 3; }
# What it is built from: the sources, the versions of the tools, the API's description.
built_from=$( (find frontend schemas/openapi.json \( -name node_modules -o -name dist -o -name test-results -o -name schema.d.ts \) -prune -o -type f -print0 |
  sort -z | xargs -0 sha256sum; node --version) | sha256sum | cut -c1-16)
if [ "$(cat frontend/dist/.built_from 2>/dev/null)" != "$built_from" ]; then
  infra/dev/lint-frontend.sh install || { echo "The portal's packages cannot be had: is the registry of npm reached?" >&2; exit 3; }
  infra/dev/lint-frontend.sh build
  node infra/dev/portal-pack.mjs frontend/dist
  echo "$built_from" >frontend/dist/.built_from
fi
[ -n "$folder" ] || { echo "The portal is in frontend/dist."; exit 0; }

if [ "$(cat "$folder/.built_from" 2>/dev/null)" != "$built_from" ]; then
  # A server that runs never sees a part of it.
  new=$(mktemp -d "$(dirname "$folder")/.portal.XXXXXX")
  cp -R frontend/dist/. "$new"
  chmod 755 "$new"
  rm -rf "$folder"
  mv "$new" "$folder"
fi
