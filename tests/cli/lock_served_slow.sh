# Stage L by two real vLLM servers: the engine and the servers agree on the original, the INT8 checkpoint shows the rounding
# of its activations, which the engine on its twin does not see, and the whole vocabulary contains the lower bound.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
grep -q avx512f /proc/cpuinfo || skip "without AVX-512 this was not seen to end within seven minutes"
venv=$("$SOURCE/scripts/install_vllm.sh") || skip "vLLM could not be installed"

# serve_vllm FOLDER PORT LOG: a server in 16 bits, ready to answer.
serve_vllm() {
  VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1 \
    "$venv/bin/python" -m vllm.entrypoints.openai.api_server --model "$1" --dtype "${DTYPE:-float16}" --max-logprobs -1 \
    --host 127.0.0.1 --port "$2" --max-model-len 512 --max-num-seqs 8 --enforce-eager >"$3" 2>&1 &
  served=$!
  kill_at_end $served
  for _ in $(seq 300); do
    curl -sf "http://127.0.0.1:$2/health" >/dev/null && return
    [ -e "/proc/$served" ] || break
    sleep 1
  done
  fail "vLLM is not ready: $(tail -3 "$3")"
}

tiny_vllm_pass 400 '[quality]
mode = "likelihood"
suites = ["reasoning"]
[budget]
items = 20
kl_tokens = 512
kl_mean = 0.02'
expect_exit 0 "$SCALE" quantize --dir pass --format w8a8 --because 'whose activations a server rounds'
for port in first second; do declare $port="$(free_port)"; done
serve_vllm tiny "$first" original.log
serve_vllm pass/tiny.w8a8 "$second" candidate.log

# by WAY [LINE…]: the pass measured so; its verdict is left in WAY.json.
by() {
  local way=$1
  shift
  cp -r pass "$way"
  printf '%s\n' "$@" >lines
  sed -i '/^\[quality\]/r lines' "$way/scale.toml"
  expect_exit 0 "$SCALE" lock --declare --dir "$way"
  "$SCALE" lock --dir "$way" --json >"$way.json" 2>stderr
  case $? in 3 | 4) ;; *) fail "scale lock by $way: $(cat stderr "$way.json")" ;; esac
}
servers=("original_url = \"http://127.0.0.1:$first\"" "candidate_url = \"http://127.0.0.1:$second\"" 'distribution = "servers"')
by engine
by known "${servers[@]}" 'top_tokens = 50'
by whole "${servers[@]}" 'top_tokens = 0'
for way in known whole; do
  expect_exit 0 "$SCALE" verify --dir $way
  grep -q 'distributions, forced choices and written answers by http' $way/.scale/record.jsonl || fail "$way: nobody is named"
done
python3 - <<'PY' || fail "the three measurements do not fit together"
import json
verdicts = {way: json.load(open(f"{way}.json"))["verdict"] for way in ("engine", "known", "whole")}
figures = {way: {c["endpoint"]: c for c in verdict["checks"]} for way, verdict in verdicts.items()}
for way, checks in figures.items():
    print(way, {name: (round(c["difference"], 5), c["result"]) for name, c in checks.items()})
    print("  ", {key: value for key, value in verdicts[way]["served"].items()})
served = verdicts["whole"]["served"]
assert "vllm" in served["original"] and served["whole"] and served["tokens"] >= 500
assert served["original_off"] < 0.01 < served["candidate_off"], "activations are rounded"
engine, known, whole = (figures[way] for way in ("engine", "known", "whole"))
assert 0 < known["kl_mean"]["difference"] <= whole["kl_mean"]["difference"] + 1e-6, "a lower bound"
assert known["kl_mean"]["difference"] > 0.5 * whole["kl_mean"]["difference"], "fifty tokens hold most of it"
assert known["kl_mean"]["result"] in ("FAIL", "NO POWER") and whole["kl_mean"]["result"] != "NO POWER"
assert whole["kl_mean"]["difference"] > 2 * engine["kl_mean"]["difference"], "the server rounds more than the file does"
for name in ("top1_agreement", "perplexity_ratio", "rms_dp"):
    assert abs(known[name]["difference"] - whole[name]["difference"]) < 1e-3, name
for verdict in (verdicts["known"], verdicts["whole"]):
    assert verdict["noise"]["kl_mean"] < 1e-4, verdict["noise"]
PY
# A server of the wrong checkpoint is named before anything is judged by it.
cp -r pass swapped
printf '%s\n' "original_url = \"http://127.0.0.1:$first\"" "candidate_url = \"http://127.0.0.1:$first/v1\"" 'distribution = "servers"' >lines
sed -i '/^\[quality\]/r lines' swapped/scale.toml
expect_exit 0 "$SCALE" lock --declare --dir swapped
expect_exit 1 "$SCALE" lock --dir swapped
expect_grep 'to the last digit'
echo passed
