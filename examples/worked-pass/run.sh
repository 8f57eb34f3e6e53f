#!/usr/bin/env bash
# The worked pass: a throughput constraint, INT8 W8A8 measured at two real vLLM servers, a few hundred production requests, a
# budget of one point, the gate, and a flag against the original on two real vLLM servers behind the gateway. Prints every
# command as it is typed. Results stay in examples/worked-pass/work, or in the folder that WORK names.
#
#   examples/worked-pass/run.sh PATH_OF_SCALE
#
# vLLM for CPU is installed into the cache by scripts/install_vllm.sh (6 GB). About 8 GB of memory; one thread each server.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scale=$(realpath "$1")
work=${WORK:-$here/work}
pass=$work/pass
started=$SECONDS
servers=()

heading() { printf '\n=== %s\n' "$*"; }
# Shows the command, with short names for the program and the folders, then runs it.
run() {
  local shown="scale ${*:2}"
  printf '\n$ %s\n' "${shown//$work\//}"
  "$@"
}
member() { python3 -c 'import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."): value = value[int(key) if key.isdigit() else key]
print(value)' "$1"; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# start_vllm FOLDER NAME: a vLLM server for the model; leaves its address in $url and its process in $server. All servers
# compute in bfloat16, the 16-bit type that processors have products for, so that the original is served at its best.
start_vllm() {
  local port log=$work/vllm-$2.log
  port=$(free_port)
  url=http://127.0.0.1:$port
  printf '\n$ python -m vllm.entrypoints.openai.api_server --model %s --dtype bfloat16 --served-model-name assistant --max-model-len 1024 --port %s &\n' "${1//$work\//}" "$port"
  VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1 \
    setsid "$vllm/bin/python" -m vllm.entrypoints.openai.api_server --model "$1" --dtype bfloat16 \
    --served-model-name assistant --host 127.0.0.1 --port "$port" --max-model-len 1024 --max-num-seqs 8 --enforce-eager >"$log" 2>&1 &
  server=$!
  servers+=("$server")
  for _ in $(seq 600); do
    curl -sf "$url/health" >/dev/null && return
    kill -0 "$server" 2>/dev/null || break
    sleep 1
  done
  echo "worked pass: vLLM is not ready: $(tail -3 "$log")" >&2
  exit 1
}
# stop_vllm PROCESS: it and the engine process that it has started.
stop_vllm() {
  kill -TERM -- "-$1" 2>/dev/null || return 0
  for _ in $(seq 100); do
    kill -0 -- "-$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$1" 2>/dev/null || true
}
stop_everything() {
  local process
  if [ -d "$pass/.scale/rollout" ]; then "$scale" evaluate stop --dir "$pass" -q >/dev/null 2>&1 || true; fi
  for process in ${servers[@]+"${servers[@]}"}; do stop_vllm "$process"; done
}
trap stop_everything EXIT
# make_pass FOLDER RATE: scale.toml with its blanks filled in, and the traffic.
make_pass() {
  mkdir -p "$1"
  sed -e "s|MODEL|$model|" -e "s|REQUIRED_RATE|$2|" -e "s|HARDWARE|$hardware|" "$here/scale.toml" >"$1/scale.toml"
  head -400 "$root/examples/smollm2/traffic.jsonl" >"$1/traffic.jsonl"
}

stop_everything
rm -rf "$work"
mkdir -p "$work"
heading "The original: SmolLM2-135M-Instruct as a Hugging Face folder, and vLLM for CPU to serve it"
vllm=$("$root/scripts/install_vllm.sh")
gguf=$("$root/scripts/fetch_example_model.sh")
model=$work/smollm2-135m-instruct
"$(dirname "$(dirname "$gguf")")/example-venv/bin/python" "$here/make_folder.py" "$gguf" "$model"
ls "$model"
if grep -q avx512f /proc/cpuinfo; then hardware=x86-avx512; else hardware=x86; fi

heading "What does the original reach at its server? The example asks for a quarter more"
make_pass "$work/probe" 1
sed -i -e 's/^kind = .*/kind = "memory"/' -e 's/^requests_per_minute = .*/memory_mib = 4096/' \
  -e 's/^trial_rounds = .*/trial_rounds = 1/' "$work/probe/scale.toml"
"$scale" set --dir "$work/probe" -q --because "only a probe: what the original's server reaches" >/dev/null
run "$scale" choose --dir "$work/probe" --stand-in "w8a8=$work/stand-in"
start_vllm "$model" original
original_url=$url
start_vllm "$work/stand-in" stand-in
stand_in_url=$url stand_in=$server
probe=$("$scale" choose --json -q --dir "$work/probe" --endpoint "original=$original_url" --endpoint "w8a8=$stand_in_url")
reached=$(member original_speed.rate.high <<<"$probe")
rate=$(python3 -c "print(round(float('$reached') * 1.25, 1))")
printf 'measured: at most %.1f requests per minute; the pass below requires %s\n' "$reached" "$rate"

heading "S and C, throughput-bound: decided by what the two servers measure"
make_pass "$pass" "$rate"
sed -i -e "s|ORIGINAL_URL|$original_url|" "$pass/scale.toml"
because="vLLM will serve it, and the original's vLLM server reaches $(printf %.1f "$reached") requests per minute"
run "$scale" set --dir "$pass" --because "$because"
# Whether INT8 is faster than 16 bits under vLLM is a fact of the processor. Where it is not, stage C refuses it; the example
# shows the other way out: the same bar, for a smaller model.
code=0
run "$scale" choose --dir "$pass" --endpoint "original=$original_url" --endpoint "w8a8=$stand_in_url" || code=$?
case $code in
  0) bound=throughput ;;
  5)
    bound=memory
    memory=$("$scale" set --json -q --dir "$pass" --because "$because" |
      python3 -c 'import json, sys; print(round(0.85 * sum(json.load(sys.stdin)["memory"].values()) / 2**20))')
    heading "INT8 does not relieve a throughput constraint on this processor: the same servers, for 85 % of the memory"
    sed -i -e 's/^kind = .*/kind = "memory"/' -e "s/^requests_per_minute = .*/memory_mib = $memory/" "$pass/scale.toml"
    run "$scale" set --dir "$pass"
    run "$scale" choose --dir "$pass" --endpoint "original=$original_url" --endpoint "w8a8=$stand_in_url"
    ;;
  *) exit "$code" ;;
esac
stop_vllm "$stand_in"

heading "The bar, before any result: one point"
run "$scale" lock --declare --dir "$pass"

heading "A: some hundred production requests, and the checkpoint made with them"
run "$scale" assemble --dir "$pass"
run "$scale" quantize --dir "$pass"

heading "L: the gate"
run "$scale" lock --dir "$pass"

heading "E: a flag against the original, on two vLLM servers behind the gateway"
start_vllm "$pass/smollm2-135m-instruct.w8a8" candidate
sed -i -e "s|CANDIDATE_URL|$url|" "$pass/scale.toml"
run "$scale" evaluate start --dir "$pass"
echo; echo '$ send_requests.py http://127.0.0.1:18081 --users 60 --requests 120'
"$root/examples/smollm2/send_requests.py" http://127.0.0.1:18081 --users 60 --requests 120
run "$scale" evaluate status --dir "$pass"
run "$scale" evaluate stop --dir "$pass"

heading "The record proves it"
run "$scale" verify --dir "$pass"
run "$scale" report --dir "$pass"
run "$scale" status --dir "$pass"

heading "Done in $((SECONDS - started)) s, $bound-bound"
"$scale" status --json --dir "$pass" | python3 -c 'import json, sys
for stage in json.load(sys.stdin)["stages"]:
    print(stage["letter"] + ": " + stage["why"])'
echo "look at: ${pass#"$root/"}/scale-report.html, .scale/record.jsonl beside it, and docs/pages/how-to/vllm.md"
