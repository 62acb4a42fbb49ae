#!/usr/bin/env bash
# Compiles agent/ and core/ for 64-bit Windows and runs their unit tests under Wine.
# Needs the Rust target x86_64-pc-windows-gnu, mingw-w64 and wine. Where a rig that prepares them is found in
# $BULKHEAD_SHARED (or ../shared), it is used; otherwise what is missing is named and the step says that it is skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."

shared=${BULKHEAD_SHARED:-../shared}
if [ -e "$shared/tools/windows-rig.sh" ]; then
  # shellcheck disable=SC1091
  . "$shared/tools/windows-rig.sh"
else
  missing=()
  command -v x86_64-w64-mingw32-gcc >/dev/null || missing+=(gcc-mingw-w64-x86-64-win32)
  command -v wine >/dev/null || missing+=(wine64)
  rustup target list --installed 2>/dev/null | grep -q x86_64-pc-windows-gnu || missing+=("rustup target add x86_64-pc-windows-gnu")
  if [ ${#missing[@]} -gt 0 ]; then
    if [ "${BULKHEAD_REQUIRE_WINDOWS:-}" = 1 ]; then
      echo "the Windows tests need ${missing[*]}" >&2
      exit 1
    fi
    echo "skipped: the Windows tests need ${missing[*]}"
    exit 0
  fi
  export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine WINEDEBUG=-all
fi

target=x86_64-pc-windows-gnu
crates=(schemas purl inventory advisories policy report risk access estate sources agent-host bulkhead-cli)
packages=()
for crate in "${crates[@]}"; do packages+=(-p "$crate"); done

cargo build --locked --target "$target" "${packages[@]}"
cargo test --locked --target "$target" "${packages[@]}" --lib
