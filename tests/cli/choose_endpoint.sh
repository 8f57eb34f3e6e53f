#!/usr/bin/env bash
# `scale choose --endpoint`: the trial of stage C on two real llama-servers, the stand-in that a candidate's server loads, and
# servers that are not well, none of which leaves a decision.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
python3 "$SOURCE/tests/support/make_hf.py" "$model" tiny || exit 1

# pass KIND LINE: a fresh pass in ./pass behind stage S.
pass() {
  rm -rf pass && mkdir pass
  { printf '[model]\npath = "../tiny"\n[constraint]\nkind = "%s"\n%s\n' "$1" "$2"
    printf 'prompt_tokens = 16\ncompletion_tokens = 8\nconcurrency = 2\n'
    printf '[deploy]\ntarget = "vllm"\nhardware = "x86-avx512"\nthreads = 1\ncontext = 256\n[choice]\ntrial_rounds = 2\n'
  } >pass/scale.toml
  expect_exit 0 "$SCALE" set --dir pass --because "a test"
}
decisions() { grep -c '"kind":"decision"' pass/.scale/record.jsonl; }

pass memory 'memory_mib = 64'
# --- command lines that cannot be meant
expect_exit 2 "$SCALE" choose --dir pass --endpoint w8a8=http://127.0.0.1:1
expect_grep "original's server"
expect_exit 2 "$SCALE" choose --dir pass --endpoint original=http://127.0.0.1:1 --endpoint w8a9=http://127.0.0.1:2
expect_grep "did you mean 'w8a8'"

# --- the stand-in: a checkpoint of rounded weights, whole, and nothing decided
expect_exit 0 "$SCALE" choose --dir pass --stand-in w8a8=stand-in --stand-in gptq=other/gptq
expect_grep 'next: vllm serve .*--endpoint original=URL --endpoint w8a8=URL --endpoint gptq=URL'
[ "$(decisions)" = 0 ] || fail "a stand-in left a decision"
python3 - <<'PYTHON' || fail "the stand-in is not the original's weights, rounded"
import json, struct
def read(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    def tensor(name, form):
        begin, end = header[name]["data_offsets"]
        return struct.unpack(f"<{(end - begin) // struct.calcsize(form)}{form}", data[8 + length + begin:8 + length + end])
    return header, tensor
original, packed = read("tiny/model.safetensors"), read("stand-in/model.safetensors")
name = "model.layers.3.self_attn.q_proj"
weights, codes, scales = original[1](name + ".weight", "e"), packed[1](name + ".weight", "b"), packed[1](name + ".weight_scale", {"F16": "e", "F32": "f"}[packed[0][name + ".weight_scale"]["dtype"]])
columns = len(weights) // len(scales)
near = sum(abs(w - c * scales[i // columns]) <= 0.6 * scales[i // columns] for i, (w, c) in enumerate(zip(weights, codes)))
assert near >= 0.98 * len(weights), near / len(weights)
assert original[1]("model.norm.weight", "B") == packed[1]("model.norm.weight", "B")
assert json.load(open("stand-in/config.json"))["quantization_config"]["quant_method"] == "compressed-tensors"
PYTHON
grep -q 'judged by no gate' stand-in/README.md || fail "the stand-in's card does not say what it is"
grep -q 'quality gate judged' stand-in/README.md && fail "the stand-in's card claims a gate"
[ -e stand-in/tokenizer.model ] && [ -e other/gptq/quantize_config.json ] || fail "files are missing"
expect_exit 1 "$SCALE" choose --dir pass --stand-in w8a8=stand-in
expect_grep 'stand-in exists'
expect_exit 1 "$SCALE" choose --dir pass --stand-in w9=x
expect_exit 2 "$SCALE" choose --dir pass --stand-in w8a8
expect_exit 2 "$SCALE" choose --dir pass --endpoint original=http://127.0.0.1:1 --stand-in w8a8=y

# --- servers that are not well: a named error each, and nothing recorded
first=$(free_port)
second=$(free_port)
export CHOOSE_KEY=letmein
ask() { "$SCALE" choose --dir pass --key-variable CHOOSE_KEY --endpoint "original=http://127.0.0.1:$first" --endpoint "w8a8=$1" "${@:2}"; }
serve_gguf "$model" "$first" --api-key letmein -c 1024 -np 2
expect_exit 1 ask "http://127.0.0.1:$second"
expect_grep "127.0.0.1:$second/v1/models gave"
expect_exit 1 env CHOOSE_KEY=wrong "$SCALE" choose --dir pass --key-variable CHOOSE_KEY --endpoint "original=http://127.0.0.1:$first" --endpoint "w8a8=http://127.0.0.1:$first"
expect_grep 'status 401'
refuse_grep wrong
expect_exit 1 env -u CHOOSE_KEY "$SCALE" choose --dir pass --key-variable CHOOSE_KEY --endpoint "original=http://127.0.0.1:$first" --endpoint "w8a8=http://127.0.0.1:$second"
expect_grep 'CHOOSE_KEY is not set'
expect_exit 1 ask "http://127.0.0.1:$first/v1/"
expect_grep 'have the same server'
while read -r mode words; do
  coproc HALF { exec python3 "$SOURCE/tests/support/half_server.py" "$mode"; }
  half=$HALF_PID
  kill_at_end "$half"
  read -r port <&"${HALF[0]}"
  expect_exit 1 ask "http://127.0.0.1:$port"
  expect_grep "$words"
  kill_now "$half"
  wait "$half" 2>/dev/null
done <<'EOT'
once does not stream
whole does not stream
short ends an answer after 7 tokens where 8 were asked for
other it serves another model
dies gave
EOT
[ "$(decisions)" = 0 ] || fail "a bad server left a decision"

# --- two servers of the model: measured, paired, and recorded
serve_gguf "$model" "$second" --api-key letmein -c 1024 -np 2
expect_exit 0 ask "http://anna:secret@127.0.0.1:$second" --json
refuse_grep 'secret' pass/.scale/record.jsonl
expect_json 'it["type"] == "W8A8-INT8" and it["format"] == "w8a8" and it["rule"] == "wider"'
expect_json '"(measured" in it["reason"] and "documented" not in it["reason"]'
expect_json '"2 interleaved rounds" in it["trial"] and "2 at once" in it["trial"] and "8 completion tokens" in it["trial"]'
expect_json '[s["candidate"] for s in it["servers"]] == ["original", "W8A8-INT8"] and all(s["software"] for s in it["servers"])'
expect_json 'it["servers"][1]["url"] == "http://127.0.0.1:'"$second"'/v1" and it["servers"][1]["model"]'
expect_json 'all(s["requests"] >= 8 and s["first_token"]["rounds"] == 2 and 0 < s["next_token"]["median"] for s in it["servers"])'
expect_json '[c["name"] for c in it["candidates"] if c["trialled"]] == ["W8A8-INT8"]'
expect_json 'all(c["speed_source"].startswith("measured (servers given") and c["speedup"]["rounds"] == 2 for c in it["candidates"] if c["trialled"])'
expect_json 'all(c["rule"] == "untried" and "no --endpoint" in c["reason"] for c in it["candidates"] if c["name"] == "GPTQ-4bit-g128")'
[ "$(decisions)" = 1 ] || fail "not one decision"
expect_exit 0 ask "http://127.0.0.1:$second"
expect_grep 'Original at its server: [0-9.]+ \[[0-9.]+–[0-9.]+\] requests/min \(measured\)' stdout
expect_grep 'first token [0-9.]+ .* ms a token \(measured' stdout
expect_exit 0 "$SCALE" verify --dir pass
expect_exit 0 "$SCALE" report --dir pass
expect_grep 'The servers of the trial' pass/scale-report.html

# --- the rules of the engine's own trial: what is not faster relieves no throughput constraint; what misses the target neither
pass throughput 'requests_per_minute = 100000000'
expect_exit 5 ask "http://127.0.0.1:$second"
expect_grep 'where 100000000.0 are needed|faster than the original at the servers given'
[ "$(decisions)" = 0 ] || fail "a refusal left a decision"

# --- for llama.cpp the trial is this machine's
sed -i -e 's/^target = .*/target = "llama.cpp"/' -e '/^hardware/d' pass/scale.toml
expect_exit 2 ask "http://127.0.0.1:$second"
expect_grep 'target = "vllm"'
echo passed
