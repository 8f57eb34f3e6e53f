# scale set on the real binary: the sentence, the refusals, and what ends in the record.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"

# pass LINES: a pass in ./pass whose [constraint] holds these lines; small shapes, so that measuring takes seconds.
pass() {
  rm -rf pass && mkdir pass
  { echo '[model]'; echo "path = \"$model\""; echo '[constraint]'; printf '%s\n' "$1"
    echo 'prompt_tokens = 32'; echo 'completion_tokens = 8'; echo 'concurrency = 2'
    echo '[deploy]'; echo 'threads = 1'; echo 'context = 256'; echo '[choice]'; echo 'trial_rounds = 2'; } >pass/scale.toml
}
entries() { [ -e pass/.scale/record.jsonl ] && wc -l <pass/.scale/record.jsonl || echo 0; }

# --- a missing target is named in seconds, before anything is hashed or measured
pass 'kind = "throughput"'
expect_exit 1 "$SCALE" set --dir pass
expect_grep 'no requests_per_minute in \[constraint\]' stderr
pass 'kind = "cost"
price_per_million_tokens = 0.5'
expect_exit 1 "$SCALE" set --dir pass --because 'a reason is no price'
expect_grep 'price_per_hour' stderr
pass 'kind = "measure"'
expect_exit 1 "$SCALE" set --dir pass
expect_grep 'no target in \[constraint\]' stderr
[ "$(entries)" = 0 ] || fail "an error left an entry"

# --- a constraint that the measurement contradicts is refused; a reason overrides, and is kept
pass 'kind = "memory"
memory_mib = 100000'
expect_exit 5 "$SCALE" set --dir pass
expect_grep '^refused: .*100000.0 MiB are available' stderr
expect_grep '^next: .*--because' stderr
[ "$(entries)" = 0 ] || fail "a refusal left an entry"
expect_exit 0 "$SCALE" set --dir pass --because 'the machine is shared with four others'
expect_grep 'This pass is memory-bound: .*by a stated reason alone' stdout
expect_grep 'because: the machine is shared' stdout
expect_grep '"because":"the machine is shared' pass/.scale/record.jsonl

# --- nothing to relieve
pass 'kind = "measure"
requests_per_minute = 0.001'
expect_exit 5 "$SCALE" set --dir pass
expect_grep 'no constraint to relieve' stderr

# --- the measurement names the heaviest constraint; one sentence, with numbers
pass 'kind = "measure"
memory_mib = 1
requests_per_minute = 0.001'
expect_exit 0 "$SCALE" set --dir pass --json
expect_json 'it["kind"] == "memory" and it["sentence"].count("-bound") == 1 and it["next"] == "scale choose"'
expect_json 'it["memory"]["weights"] > 0 and it["memory"]["kv_cache"] > 0 and it["because"] == ""'
expect_json 'it["speed"]["rate"]["rounds"] == 2 and 0 < it["speed"]["rate"]["low"] <= it["speed"]["rate"]["high"]'
expect_json 'all(len(it["fingerprint"][k]) == 64 for k in ("model_sha256", "tokenizer_sha256", "template_sha256", "hardware_sha256"))'
expect_json 'it["fingerprint"]["traffic_sha256"] == ""'
sum=$(sha256sum "$model" | cut -d' ' -f1)
expect_grep "\"model_sha256\":\"$sum\"" pass/.scale/record.jsonl

# --- a cost constraint carries its price
pass 'kind = "cost"
price_per_hour = 1000
price_per_million_tokens = 0.0001'
expect_exit 0 "$SCALE" set --dir pass --json
expect_json 'it["kind"] == "cost" and it["price_per_million_tokens"] > 0.0001 and "cost-bound" in it["sentence"]'

# --- low stakes are said in words and need a reason
pass 'kind = "memory"
memory_mib = 1'
sed -i 's/^\[constraint\]/stakes = "low"\n&/' pass/scale.toml
expect_exit 1 "$SCALE" set --dir pass
expect_grep 'stakes_reason' stderr
sed -i 's/^stakes = .*/&\nstakes_reason = "an internal toy"/' pass/scale.toml
expect_exit 0 "$SCALE" set --dir pass
expect_grep 'Low stakes.*an internal toy' stdout

# --- a model that is no model is an error of the input, not of the engine
pass 'kind = "memory"
memory_mib = 1'
head -c 100000 "$model" >pass/cut.gguf
sed -i 's|^path = .*|path = "cut.gguf"|' pass/scale.toml
expect_exit 1 "$SCALE" set --dir pass
expect_grep 'cut.gguf' stderr
sed -i 's|^path = .*|path = "missing.gguf"|' pass/scale.toml
expect_exit 1 "$SCALE" set --dir pass
expect_grep 'missing.gguf' stderr
[ "$(entries)" = 0 ] || fail "an error left an entry"
echo passed
