#!/usr/bin/env bash
# Prints a folder with node_modules as web/package-lock.json pins them; installs them first where they are missing.
#
# The folder lies in the cache ($SCALE_CACHE, or scale/ under the user's cache folder) under the lockfile's digest, so all
# checkouts and presets share it. A finished one carries a `complete` file, written last.
set -euo pipefail
web=$(cd "$(dirname "$0")/../web" && pwd)
cache=${SCALE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/scale}
key=$(cat "$web/package.json" "$web/package-lock.json" | sha256sum | cut -c1-12)
folder=$cache/web/$key
if [ -e "$folder/complete" ]; then echo "$folder"; exit 0; fi
command -v npm >/dev/null || { echo "web: npm is missing; scripts/install_packages.sh installs it" >&2; exit 1; }
mkdir -p "$cache/web"
exec 9>"$cache/web/lock"
flock 9
if [ -e "$folder/complete" ]; then echo "$folder"; exit 0; fi
rm -rf "$folder"
mkdir -p "$folder"
cp "$web/package.json" "$web/package-lock.json" "$folder/"
# No package needs to run a script of its own here, and none may.
(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >"$folder/install.log" 2>&1 ||
  { tail -20 "$folder/install.log" >&2; echo "web: npm ci failed; whole log: $folder/install.log" >&2; exit 1; }
touch "$folder/complete"
echo "$folder"
