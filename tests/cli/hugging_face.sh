# A Hugging Face folder as the original: converted once by content, the same model as the GGUF file it came from, and
# refused by name where something in it is wrong.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
make_hf() { python3 "$SOURCE/tests/support/make_hf.py" "$@" || fail "make_hf.py $*"; }
object() { echo "pass/.scale/objects/${1:0:2}/$1"; }
objects() { find pass/.scale/objects -type f 2>/dev/null | wc -l; }
may_differ=(general.name)  # llama.cpp's converter takes it from the folder's history

make_hf "$model" hf
mkdir pass
expect_exit 0 "$SCALE" init hf --dir pass --json
expect_json 'it["model_path"] == "../hf" and it["model"]["layers"] == 6 and it["model"]["main_type"] == "F16"'
expect_grep '^path = "../hf"' pass/scale.toml
gguf=$(python3 -c 'import json; print(json.load(open("pass/.scale/imported.json"))[0]["gguf_sha256"])')
[ "$(sha256sum <"$(object "$gguf")" | cut -d' ' -f1)" = "$gguf" ] || fail "the object is not what its name says"
python3 "$SOURCE/tests/support/compare_gguf.py" "$(object "$gguf")" "$model" --may-differ "${may_differ[@]}" >compared ||
  fail "the converted file differs from llama.cpp's: $(cat compared)"
[ -z "$(find pass -name '*.partial')" ] || fail "a partial file is left"

# --- shards give the same file, so the same object
make_hf "$model" sharded 3
expect_exit 0 "$SCALE" init sharded --dir pass --force
[ "$(objects)" = 1 ] || fail "equal weights made $(objects) objects"

# --- the folder in the published form, where the checkout lies beside the shared folder; its norms are saved in 16 bits
shared=$SOURCE/../shared/models/tiny-256
if [ -d "$shared/hf" ]; then
  mkdir published
  expect_exit 0 "$SCALE" init "$shared/hf" --dir published
  python3 "$SOURCE/tests/support/compare_gguf.py" published/.scale/objects/*/* "$shared/tiny-256.f16.gguf" \
    --may-differ "${may_differ[@]}" --half norm.weight >compared || fail "the published folder differs: $(cat compared)"
fi

# --- stage S works on it, and records both digests; the second conversion is spared
cat >pass/scale.toml <<TOML
[model]
path = "../hf"
[constraint]
kind = "memory"
memory_mib = 1
prompt_tokens = 32
completion_tokens = 8
concurrency = 2
[deploy]
threads = 1
context = 256
[choice]
trial_rounds = 1
TOML
expect_exit 0 "$SCALE" set --dir pass
refuse_grep 'converting' stderr
expect_grep "\"model_sha256\":\"$gguf\"" pass/.scale/record.jsonl
sum=$(cd hf && sha256sum config.json model.safetensors tokenizer.model tokenizer_config.json | sha256sum | cut -d' ' -f1)
expect_grep "\"source_sha256\":\"$sum\"" pass/.scale/record.jsonl
expect_exit 0 "$SCALE" doctor --dir pass
expect_grep '^ok +model folder +Hugging Face folder, LlamaForCausalLM, 12\.9 MiB in 56 tensors, tokenizer default' stdout
expect_grep '^ok +model +llama, 6\.8 M parameters, F16' stdout
expect_exit 0 "$SCALE" verify --dir pass
expect_exit 0 "$SCALE" status --dir pass

# --- touching files changes nothing; changing one re-opens stage S
touch hf/config.json
expect_exit 0 "$SCALE" status --dir pass
refuse_grep 'holds other files' stdout
cp hf/model.safetensors kept
python3 - <<'PYTHON'
with open("hf/model.safetensors", "r+b") as file:
    file.seek(-1000, 2)
    file.write(b"\x11\x22")
PYTHON
expect_exit 0 "$SCALE" status --dir pass
expect_grep 'model \(\.\./hf holds other files\)' stdout
mv kept hf/model.safetensors

# --- what is wrong with a folder is named in seconds, by init and by doctor alike, and nothing is left behind
cp pass/scale.toml good.toml
bad() {  # PATTERN: of the folder `bad`
  rm -rf new; mkdir new
  expect_exit 1 "$SCALE" init bad --dir new
  expect_grep "$1" stderr
  expect_grep '^next: ' stderr
  [ "$(wc -l <stderr)" -le 3 ] || fail "an error of more than three lines"
  [ -z "$(find new -type f)" ] || fail "something is left: $(find new -type f)"
  sed 's|^path = .*|path = "../bad"|' good.toml >pass/scale.toml
  expect_exit 1 "$SCALE" doctor --dir pass
  expect_grep "^problem +model folder .*$1" stdout
  rm -rf bad; cp -r hf bad
}
cp -r hf bad; rm bad/config.json
bad 'is no folder with a config.json'
rm bad/model.safetensors
bad 'holds no safetensors'
mv bad/model.safetensors bad/pytorch_model.bin
bad 'holds pickled weights'
sed -i 's/LlamaForCausalLM/FooForCausalLM/' bad/config.json
bad "'FooForCausalLM' is not one that can be read"
sed -i 's/"hidden_size": 256/"hidden_size": 512/' bad/config.json
bad "'model.embed_tokens.weight' has the shape \[4096, 256\]"
head -c 5000000 hf/model.safetensors >bad/model.safetensors
bad 'of the data, which has'
rm bad/tokenizer.model
bad 'neither tokenizer.model nor tokenizer.json'
rm bad/model.safetensors; cp sharded/model-* sharded/*.index.json bad/; rm bad/model-00002-of-00003.safetensors
bad '1 of 3 shards are missing: model-00002-of-00003.safetensors'
python3 -c 'import struct; open("bad/model.safetensors", "wb").write(struct.pack("<Q", 1 << 60) + b"{" * 1000)'
bad 'its header claims 1152921504606846976 bytes'

# --- a pass whose conversion is gone says what to do
sed 's|^path = .*|path = "../hf"|' good.toml >pass/scale.toml
rm "$(object "$gguf")"
expect_exit 1 "$SCALE" choose --dir pass
expect_grep 'has not converted' stderr
expect_grep 'next: scale set' stderr
echo passed
