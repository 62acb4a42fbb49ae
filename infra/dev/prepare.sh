#!/usr/bin/env bash
# Installs what building, linting or testing needs on Debian and Ubuntu, or says exactly what is missing.
# usage: infra/dev/prepare.sh build|lint|test|peers|browser     (peers: test, and what others wrote to hold answers against)
set -euo pipefail

wanted=${1:-build}
packages=()
need() { command -v "$1" >/dev/null 2>&1 || packages+=("$2"); }

need cc gcc
need make make
[ -e /usr/include/stdlib.h ] || packages+=(libc6-dev)

if [ "$wanted" = test ] || [ "$wanted" = peers ]; then
  need sqlite3 sqlite3
  need zstd zstd
  need curl curl
  # Holds JUnit reports against their schema.
  need xmllint libxml2-utils
  # Orders of versions are held against it.
  need rpm rpm
  # Images are pushed into it, and it tells of them.
  need docker-registry docker-registry
fi

if [ "$wanted" = peers ]; then
  # Without these, tests say that they are skipped; where BULKHEAD_REQUIRE_PEERS or _CONTAINERD is set, they fail.
  need ruby ruby
  need php php-cli
  need db5.3_load db5.3-util
  need go golang-go
  need objcopy binutils
  [ -e /usr/share/maven/lib ] || packages+=(maven)
  /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || packages+=(python3-aiosmtpd)
  need containerd containerd
  need runc runc
fi

if [ "$wanted" = lint ] || [ "$wanted" = browser ]; then
  # The portal is built and checked with these: infra/dev/lint-frontend.sh. Where Node.js is too old it is fetched below.
  need node nodejs
  need npm npm
fi
if [ "$wanted" = browser ]; then
  need chromium chromium
  need curl curl
fi
if [ "$wanted" != build ]; then
  need python3 python3
  # What is written in Python is kept in environments of its own: infra/dev/lint-infra.sh, infra/dev/aws/servers.sh.
  python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
fi

if [ ${#packages[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing: ${packages[*]}. This is no Debian or Ubuntu: install them with your package manager and try again." >&2
    exit 1
  fi
  sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
      sudo=(sudo)
    else
      echo "Missing: ${packages[*]}. Run this and try again:" >&2
      echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages[*]}" >&2
      exit 1
    fi
  fi
  echo "Installing ${packages[*]} ..."
  "${sudo[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

if [ "$wanted" = lint ] || [ "$wanted" = browser ]; then
  # A distribution's may be too old: Debian 12 has version 18.
  . "$(dirname "$0")/node.sh"
  use_node || fetch_node || exit 1
fi

if ! command -v cargo >/dev/null 2>&1; then
  echo "Missing: Rust. Install it from https://rustup.rs (or your distribution), version 1.95 or later, and try again." >&2
  exit 1
fi
have=$(rustc --version | awk '{print $2}')
if [ "$(printf '1.95.0\n%s\n' "$have" | sort -V | head -1)" != 1.95.0 ]; then
  echo "Rust $have is too old: Bulkhead needs 1.95 or later. Run \`rustup update stable\` and try again." >&2
  exit 1
fi
if [ "$wanted" = lint ]; then
  for part in rustfmt clippy-driver; do
    command -v "$part" >/dev/null 2>&1 || rustup component add rustfmt clippy
  done
fi
