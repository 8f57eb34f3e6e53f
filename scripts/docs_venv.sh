#!/usr/bin/env bash
# Prints a Python environment with the site generator, pinned; makes it in the cache where it is missing.
set -euo pipefail
packages=(mkdocs==1.6.1 mkdocs-material==9.8.2)
cache=${SCALE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/scale}
folder=$cache/docs/$(printf '%s\n' "${packages[@]}" | sha256sum | cut -c1-12)
if [ ! -e "$folder/complete" ]; then
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
  touch "$folder/complete"
fi
echo "$folder"
