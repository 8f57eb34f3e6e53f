#!/usr/bin/env bash
# Builds the fuzz targets with clang and runs each for a minute (or $1 seconds) on its corpus in build/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
time_each=${1:-60}
cmake -B build/fuzz -G Ninja -DSCALE_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_C_COMPILER=clang-14 >/dev/null
ninja -C build/fuzz gguf_fuzz gguf_seeds safetensors_fuzz safetensors_seeds tokenizer_fuzz http_fuzz \
  http_differential_fuzz http_seeds redaction_fuzz
build/fuzz/fuzz/gguf_seeds build/fuzz/corpus
build/fuzz/fuzz/safetensors_seeds build/fuzz/safetensors_corpus
build/fuzz/fuzz/http_seeds build/fuzz/http_differential_corpus
mkdir -p build/fuzz/http_corpus build/fuzz/redaction_corpus build/fuzz/tokenizer_corpus
build/fuzz/fuzz/gguf_fuzz -max_total_time="$time_each" -max_len=8192 -rss_limit_mb=512 build/fuzz/corpus
build/fuzz/fuzz/safetensors_fuzz -max_total_time="$time_each" -max_len=4096 -rss_limit_mb=512 build/fuzz/safetensors_corpus
build/fuzz/fuzz/tokenizer_fuzz -max_total_time="$time_each" -max_len=1024 -rss_limit_mb=512 build/fuzz/tokenizer_corpus
build/fuzz/fuzz/http_fuzz -max_total_time="$time_each" -max_len=2048 build/fuzz/http_corpus
build/fuzz/fuzz/http_differential_fuzz -max_total_time="$time_each" -max_len=2048 -dict=fuzz/http.dict \
  build/fuzz/http_differential_corpus
build/fuzz/fuzz/redaction_fuzz -max_total_time="$time_each" -max_len=1024 -only_ascii=0 build/fuzz/redaction_corpus
