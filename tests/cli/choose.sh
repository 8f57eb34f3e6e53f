# scale choose on the real binary: order, table, kernel trial, refusals, pins, and an interrupted trial that goes on.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"

# pass LINES: a pass in ./pass whose [constraint] holds these lines, and whose [choice] is last in the file.
pass() {
  rm -rf pass && mkdir pass
  { echo '[model]'; echo "path = \"$model\""; echo '[constraint]'; printf '%s\n' "$1"
    echo 'prompt_tokens = 32'; echo 'completion_tokens = 8'; echo 'concurrency = 2'
    echo '[deploy]'; echo 'threads = 1'; echo 'context = 256'; echo '[choice]'; echo 'trial_rounds = 2'; } >pass/scale.toml
}
decisions() { grep -c '"kind":"decision"' pass/.scale/record.jsonl; }

# The tiny model's F16 takes about 14 MiB and its 4-bit types about 5; the caches and buffers come on top.
pass 'kind = "memory"
memory_mib = 15'

# --- order: C needs S
expect_exit 5 "$SCALE" choose --dir pass
expect_grep '^next: scale set' stderr
expect_exit 0 "$SCALE" set --dir pass --json
memory=$(python3 -c 'import json; m = json.load(open("stdout"))["memory"]; print(m["weights"] / 2**20, (m["kv_cache"] + m["compute"]) / 2**20)')
read -r weights rest <<<"$memory"
# allow SHARE: the stated memory is what the caches take, plus this share of the original's weights.
allow() {
  sed -i "s/^memory_mib = .*/memory_mib = $(python3 -c "print(round($rest + $1 * $weights, 2))")/" pass/scale.toml
  expect_exit 0 "$SCALE" set --dir pass
}

# --- a pin needs a reason and a known name
expect_exit 2 "$SCALE" choose --dir pass --type Q5_K_M
expect_grep '[-]-because' stderr
expect_exit 1 "$SCALE" choose --dir pass --type Q4_KM --because typo
expect_grep "did you mean 'Q4_K_M'" stderr

# --- below 4 bits: refused without budget and plan, before any trial; the plan's gaps are named
allow 0.6
expect_exit 5 "$SCALE" choose --dir pass --type Q2_K --because 'smallest'
expect_grep 'needs a declared quality budget and an accepted QAT plan' stderr
[ ! -e pass/.scale/work/trial ] || fail "a refusal that needs no trial made stand-ins"
printf '# Plan\nAccepted by: R. Viewer\n## Teacher\nthe original\n' >plan.md
expect_exit 5 "$SCALE" choose --dir pass --type Q2_K --because 'smallest' --qat-plan plan.md
expect_grep 'no section on .*Loss' stderr
[ "$(decisions)" = 0 ] || fail "a refusal left a decision"

# --- memory-bound: 4 bits by default, every other candidate told why
expect_exit 0 "$SCALE" choose --dir pass --json
expect_json 'it["rule"] == "default-4-bit" and it["format"] == "GGUF" and it["because"] == ""'
expect_json '[c["name"] for c in it["candidates"] if c["chosen"]] == [it["type"]]'
expect_json 'all(c["rule"] and c["reason"] for c in it["candidates"])'
expect_json 'all(c["trialled"] and c["speed"]["rate"]["rounds"] == 2 and c["speed_source"].startswith("measured (whole model") for c in it["candidates"] if c["nominal_bits"] == 4 and c["target"] == "llama.cpp")'
expect_json 'all(not c["trialled"] for c in it["candidates"] if c["rule"] in ("sub-4-bit", "target", "reference"))'
expect_json 'all(c["bits_per_weight"] >= 4 and c["kl_source"].startswith("estimated (prior") for c in it["candidates"] if c["name"] == "Q4_K_M")'
expect_json '{c["name"] for c in it["candidates"] if c["target"] == "vllm"} == {"GPTQ-4bit-g128", "W4A16-g128", "AWQ-4bit-g128", "W8A8-INT8", "FP8"}'
expect_json 'it["next"].startswith("scale lock --declare")'
[ ! -e pass/.scale/work/trial ] || fail "stand-ins were left behind"
[ "$(decisions)" = 1 ] || fail "not one decision"

# --- a person's type, with the reason in the record
expect_exit 0 "$SCALE" choose --dir pass --type q4_0 --because 'our clients are built for it'
expect_grep 'Decision: Q4_0 \(GGUF\), by the rule pinned' stdout
expect_grep 'KL \(estimated\)' stdout
expect_grep '"because":"our clients' pass/.scale/record.jsonl

# --- where 4 bits do not fit, the refusal names the type that would and what unlocks it
allow 0.2
expect_exit 5 "$SCALE" choose --dir pass
expect_grep 'no type of 4 bits or more fits' stderr
expect_grep 'Q8_0 +[0-9]+\.[0-9]+ ' stderr

# --- a target that no type meets: refused, unless a reason accepts the fastest
pass 'kind = "throughput"
requests_per_minute = 100000000'
expect_exit 0 "$SCALE" set --dir pass
expect_exit 5 "$SCALE" choose --dir pass
expect_grep 'where 100000000.0 are needed|faster than the original' stderr

# --- a trial killed half-way goes on from its stand-ins
rm -rf pass/.scale/work/trial
setsid "$SCALE" choose --dir pass --because 'the best there is' >first.out 2>&1 &
running=$!
kill_at_end "$running"
for _ in $(seq 600); do
  ls pass/.scale/work/trial/*Q8_0.gguf >/dev/null 2>&1 && break
  kill -0 "$running" 2>/dev/null || break
  sleep 0.05
done
kill_now "$running"
if ls pass/.scale/work/trial/*Q8_0.gguf >/dev/null 2>&1; then
  touch -d '2001-01-01' pass/.scale/work/trial/*Q8_0.gguf
  inode=$(stat -c %i pass/.scale/work/trial/*Q8_0.gguf)
  expect_exit 5 "$SCALE" choose --dir pass
  [ "$(stat -c %i pass/.scale/work/trial/*Q8_0.gguf)" = "$inode" ] || fail "a finished stand-in was written again"
fi
echo passed
