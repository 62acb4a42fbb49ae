#!/usr/bin/env bash
# Builds bulkhead-lambda as small as it gets and packs it for AWS Lambda's runtime provided.al2023.
# usage: infra/dev/lambda.sh [PROFILE]    (default: lambda; another, such as dev, to pack a build that is there anyway)
# ARCHITECTURE=arm64 or x86_64 builds for that; without it for this machine. The other one needs its Rust target and its
# linker (aarch64-linux-gnu-gcc or x86_64-linux-gnu-gcc).
set -euo pipefail
cd "$(dirname "$0")/../.."

profile=${1:-lambda}
here=$(uname -m)
case ${ARCHITECTURE:-$here} in
  arm64|aarch64) machine=aarch64 ;;
  x86_64|amd64) machine=x86_64 ;;
  *) echo "ARCHITECTURE is arm64 or x86_64, not ${ARCHITECTURE:-$here}" >&2; exit 2 ;;
esac
out=${CARGO_TARGET_DIR:-target}
for_other=()
if [ "$machine" != "$here" ]; then
  triple=$machine-unknown-linux-gnu
  linker=$machine-linux-gnu-gcc
  command -v "$linker" >/dev/null || { echo "building for $machine needs $linker (Debian: gcc-${machine/_/-}-linux-gnu)" >&2; exit 1; }
  rustup target list --installed | grep -qx "$triple" || { echo "building for $machine needs: rustup target add $triple" >&2; exit 1; }
  upper=$(tr 'a-z-' 'A-Z_' <<<"$triple")
  export "CARGO_TARGET_${upper}_LINKER=$linker" "CC_${triple//-/_}=$linker"
  for_other=(--target "$triple")
  out=$out/$triple
fi
commit=$(git rev-parse --short=12 HEAD 2>/dev/null || true)
BULKHEAD_COMMIT=${BULKHEAD_COMMIT:-$commit} cargo build --quiet --locked --profile "$profile" -p lambda --bin bulkhead-lambda "${for_other[@]}"
folder=$profile
[ "$profile" = dev ] && folder=debug
binary=$out/$folder/bulkhead-lambda

# Amazon Linux 2023 has glibc 2.34: what was linked on a newer system may ask for more, and would not start there.
newest=$(grep -aoE 'GLIBC_2\.[0-9]+' "$binary" | sort -u -t. -k2n | tail -1)
if [ "${newest#GLIBC_2.}" -gt 34 ]; then
  echo "the binary asks for $newest and Amazon Linux 2023 has GLIBC_2.34: build it on Debian 12, Amazon Linux 2023 or older" >&2
  exit 1
fi

package=$binary.zip
# The same binary always makes the same package, whenever it is packed.
python3 - "$binary" "$package" <<'PACK'
import sys, zipfile
binary, package = sys.argv[1:]
entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
entry.external_attr = 0o755 << 16
entry.compress_type = zipfile.ZIP_DEFLATED
with zipfile.ZipFile(package, "w", compresslevel=9) as archive, open(binary, "rb") as source:
    archive.writestr(entry, source.read(), compresslevel=9)
PACK
bytes=$(stat -c %s "$package")
awk -v package="$package" -v bytes="$bytes" -v machine="$machine" 'BEGIN {
  printf "%s: %.1f MB for %s, %.3f of the limit of 15 MB\n", package, bytes / 1e6, machine, bytes / 15e6 }'
