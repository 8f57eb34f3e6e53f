# A pass for a GPU server on the real binary: a Hugging Face folder, documented kernels, checkpoints in every format, each
# decoded by a second program.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
python3 "$SOURCE/tests/support/make_hf.py" "$model" tiny || exit 1
printf '{"bos_token_id": 1, "eos_token_id": 2}\n' >tiny/generation_config.json
mkdir pass
toml() {
  printf '[model]\npath = "%s"\n[constraint]\nkind = "memory"\nmemory_mib = 64\nprompt_tokens = 16\ncompletion_tokens = 8\n' "$1"
  printf '[deploy]\ntarget = "vllm"\nhardware = "%s"\nthreads = 1\ncontext = 256\n' "$2"
  printf '[traffic]\nlog = "traffic.jsonl"\n[calibration]\nsamples = 128\nmax_tokens = 64\nchannels = "off"\n'
}
toml ../tiny blackwell >pass/scale.toml
make_traffic 240 pass/traffic.jsonl
expect_exit 0 "$SCALE" set --dir pass --because "a test"

# --- documented kernels decide, and say so
expect_exit 0 "$SCALE" choose --dir pass --json
expect_json 'it["type"] == "GPTQ-4bit-g128" and it["format"] == "gptq" and it["rule"] == "default-4-bit"'
expect_json '"documented" in it["reason"] and not any(c["trialled"] for c in it["candidates"])'
expect_json '[c["rule"] for c in it["candidates"] if c["name"] == "W8A8-INT8"] == ["kernel"]'
expect_json 'all(c["rule"] == "target" for c in it["candidates"] if c["target"] == "llama.cpp")'
expect_exit 0 "$SCALE" assemble --dir pass

# --- the checkpoint and what it decodes to
expect_exit 0 "$SCALE" quantize --dir pass
expect_grep 'tiny.gptq/: gptq checkpoint' stdout
expect_grep 'integers were read back and are equal' stdout
decode() { python3 "$SOURCE/tests/support/decode_checkpoint.py" "pass/tiny.$1" "pass/tiny.$1.decoded.gguf" || fail "$1 decodes to something else"; }
decode gptq
for file in config.json quantize_config.json tokenizer.model tokenizer_config.json generation_config.json README.md model.safetensors; do
  [ -e "pass/tiny.gptq/$file" ] || fail "no $file in the checkpoint"
done
grep -q 'decoded, and equal' pass/tiny.gptq/README.md || fail "the card does not say what was proved"
python3 - <<'PYTHON' || fail "config.json is not the original's with one member more"
import json
was, now = json.load(open("tiny/config.json")), json.load(open("pass/tiny.gptq/config.json"))
quantization = now.pop("quantization_config")
assert was == now and quantization["group_size"] == 128 and quantization["bits"] == 4
assert quantization == json.load(open("pass/tiny.gptq/quantize_config.json"))
PYTHON

# --- done already; again: the same bytes
expect_exit 0 "$SCALE" quantize --dir pass --json
expect_json 'it["reused"] and it["checkpoint"]["format"] == "gptq" and it["checkpoint"]["compared"] == 5701632'
expect_json '4.5 < it["checkpoint"]["bits_per_weight"] < 8 and all(t["cosine"] > 0.98 for t in it["tensors"])'
sum=$(cat pass/tiny.gptq/model.safetensors pass/tiny.gptq.decoded.gguf | sha256sum)
expect_exit 0 "$SCALE" quantize --dir pass --again
[ "$(cat pass/tiny.gptq/model.safetensors pass/tiny.gptq.decoded.gguf | sha256sum)" = "$sum" ] || fail "another checkpoint from the same set"
[ -z "$(ls -A pass/.scale/work | grep -E 'partial|checkpoint')" ] || fail "work files are left"
expect_exit 0 "$SCALE" verify --dir pass
expect_grep 'files of tiny.gptq' stdout
expect_exit 0 "$SCALE" report --dir pass

# --- another format needs a reason, and a name that exists
expect_exit 2 "$SCALE" quantize --dir pass --format awq
expect_grep 'without a reason' stderr
expect_exit 1 "$SCALE" quantize --dir pass --format awk --because 'x'
expect_grep "did you mean 'awq'" stderr
for format in awq w4a16 w4a16-asym w8a8 gptq-8bit; do
  expect_exit 0 "$SCALE" quantize --dir pass --format "$format" --because 'to compare'
  decode "$format"
done

# --- a damaged checkpoint, and a folder in the way
printf x >>pass/tiny.gptq-8bit/config.json
expect_exit 1 "$SCALE" verify --dir pass
expect_grep 'tiny.gptq-8bit/config.json, which has another SHA-256' stdout
mkdir pass/tiny.w4a16/mine && rm pass/tiny.w4a16/README.md
expect_exit 1 "$SCALE" quantize --dir pass --format w4a16 --because 'again' --again
expect_grep 'is not a checkpoint of this pass' stderr
[ -d pass/tiny.w4a16/mine ] || fail "a folder of the user's was removed"

# --- the folder changed; the original is a GGUF file
printf ' ' >>tiny/config.json
expect_exit 5 "$SCALE" quantize --dir pass --again
mkdir gguf && cp "$model" gguf/original.gguf && cp pass/traffic.jsonl gguf/ && toml original.gguf hopper >gguf/scale.toml
expect_exit 0 "$SCALE" set --dir gguf --because "a test"
expect_exit 5 "$SCALE" choose --dir gguf
expect_grep 'a Hugging Face folder' stderr
