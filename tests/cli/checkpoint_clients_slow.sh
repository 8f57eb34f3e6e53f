# Real readers on our checkpoints: vLLM for CPU and transformers load and generate from each, and predict what the engine
# predicts from the decoded file that the gate judges.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
grep -q avx512f /proc/cpuinfo || skip "vLLM's 4-bit CPU kernels need AVX-512"
venv=$("$SOURCE/scripts/install_vllm.sh") || skip "vLLM could not be installed"
tiny_vllm_pass 300
python3 -c 'import random; d = random.Random(4); print([[1] + [d.randrange(300, 4096) for _ in range(24)] for _ in range(6)])' >prompts.json

# engine GGUF OUT: what the engine's server predicts.
engine() {
  local port=$(free_port)
  serve_gguf "$1" "$port" -c 256 -np 1
  python3 "$SOURCE/tests/support/server_logprobs.py" "http://127.0.0.1:$port" prompts.json "$2" || fail "no predictions from $1"
  kill_now $served
}
# reader CLIENT FOLDER OUT
reader() {
  OMP_NUM_THREADS=1 timeout 400 "$venv/bin/python" "$SOURCE/tests/support/checkpoint_logprobs.py" "$1" "$2" prompts.json "$3" >reader.log 2>&1 ||
    fail "$1 does not take $2: $(tail -5 reader.log)"
}
# agrees A B SHARE: the mean difference of log probabilities between A and B is at most SHARE of that between B and the original.
agrees() {
  python3 - "$1" "$2" "$3" <<'PYTHON' || fail "$1 and $2 differ"
import json, sys
a, b, original = (json.load(open(path))["logprobs"] for path in (sys.argv[1], sys.argv[2], "original.json"))
distance = lambda x, y: sum(abs(p - q) for r, s in zip(x, y) for p, q in zip(r, s)) / sum(map(len, x))
near, far = distance(a, b), distance(b, original)
print(f"{sys.argv[1]} and {sys.argv[2]}: mean |Δ log p| {near:.5f}; quantisation itself {far:.5f}")
sys.exit(0 if near <= float(sys.argv[3]) * far and len(json.load(open(sys.argv[1]))["generated"]) == 8 else 1)
PYTHON
}
engine "$model" original.json
for format in gptq awq w4a16 w4a16-asym w8a8; do
  expect_exit 0 "$SCALE" quantize --dir pass --format "$format" --because 'for the reader'
  engine "pass/tiny.$format.decoded.gguf" "engine-$format.json"
  reader vllm "pass/tiny.$format" "vllm-$format.json"
  # Activations of INT8 are rounded by the server, which the decoded file does not show.
  if [ "$format" = w8a8 ]; then agrees "vllm-$format.json" "engine-$format.json" 3; else agrees "vllm-$format.json" "engine-$format.json" 0.2; fi
done
for format in w4a16 w4a16-asym; do
  reader transformers "pass/tiny.$format" "transformers-$format.json"
  agrees "transformers-$format.json" "engine-$format.json" 0.2
done
