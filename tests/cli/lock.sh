#!/usr/bin/env bash
# `scale lock` on the real binary: order, the bar that may not move, verdicts, resuming after SIGKILL.
. "$(dirname "$0")/common.sh"
model=${SCALE_TEST_MODEL:-$SOURCE/tests/data/tiny-256/tiny-256.f16.gguf}
[ -e "$model" ] || skip "no test model"

# make_pass FOLDER [OPTION…]: a pass at the end of stage A with a small budget.
make_pass() {
  local folder=$1
  shift
  python3 "$SOURCE/tests/cli/lock_pass.py" "$folder" "$model" "$@" || fail "cannot make the pass"
  cat >"$folder/scale.toml" <<TOML
[model]
path = "original.gguf"
[deploy]
threads = 1
context = 512
[quality]
mode = "${MODE:-likelihood}"
answer_tokens = 16
pilot_items = 8
suites = ["reasoning", "instructions", "long_context", "consistency"]
[budget]
kl_mean = 0.02
items = 24
kl_tokens = 600
context = 200
TOML
}
kinds() { python3 -c 'import json,sys
for line in open(sys.argv[1]): print(json.loads(line)["kind"])' "$1/.scale/record.jsonl" | tr '\n' ' '; }

# Order: nothing without stage A, nothing without a budget.
make_pass early --without-artefact
expect_exit 5 "$SCALE" lock --dir early
expect_grep 'scale quantize'
make_pass good
expect_exit 5 "$SCALE" lock --dir good
expect_grep 'next: scale lock --dir good --declare'

# The bar: declared once; declaring the same again appends nothing.
expect_exit 0 "$SCALE" lock --declare --dir good
expect_exit 0 "$SCALE" lock --declare --dir good --json
expect_json 'it["unchanged"] and it["budget"]["suites"]["reasoning"] == 3'
[ "$(kinds good)" = "constraint decision calibration_set artefact budget " ] || fail "record: $(kinds good)"

# A model that cannot reason, against itself: the distribution passes, yet the verdict may not be PASS.
expect_exit 4 "$SCALE" lock --dir good --json
expect_json 'it["verdict"]["verdict"] == "INCONCLUSIVE"'
expect_json '{c["endpoint"]: c["result"] for c in it["verdict"]["checks"]}["kl_mean"] == "PASS"'
expect_json 'all(c["result"] != "FAIL" for c in it["verdict"]["checks"])'
[ "$(kinds good)" = "constraint decision calibration_set artefact budget gate_started verdict " ] || fail "record: $(kinds good)"
python3 - good/.scale/record.jsonl <<'PY' || fail "the verdict's parents are not artefact, budget and gate_started"
import json, sys
entries = [json.loads(line) for line in open(sys.argv[1])]
newest = {entry["kind"]: entry for entry in entries}
wanted = [newest[kind]["hash"] for kind in ("artefact", "budget", "gate_started")]
started = newest["gate_started"]
assert newest["verdict"]["parents"] == wanted
assert newest["budget"]["seq"] < started["seq"] < newest["verdict"]["seq"]
assert started["payload"]["budget"] == newest["budget"]["hash"]
assert newest["budget"]["parents"] == [newest["constraint"]["hash"]]
PY
ls good/.scale/work/*.jsonl >/dev/null 2>&1 && fail "the checkpoint outlived its verdict"
# Once more: the same verdict from the record, nothing appended.
expect_exit 4 "$SCALE" lock --dir good --json
expect_json 'it["recalled"]'
[ "$(kinds good | wc -w)" = 7 ] || fail "a second lock appended to the record"

# A looser bar is refused from now on, by name; a tighter one is not.
cp good/scale.toml kept.toml
sed -i 's/^kl_mean = .*/kl_mean = 0.5/' good/scale.toml
expect_exit 5 "$SCALE" lock --declare --dir good
expect_grep 'kl_mean went from 0.02 to 0.5'
cp kept.toml good/scale.toml && echo 'seed = 9' >>good/scale.toml
expect_exit 5 "$SCALE" lock --declare --dir good
expect_grep 'seed went from 1 to 9'
sed 's/^kl_mean = .*/kl_mean = 0.01/; s/^items = .*/items = 30/' kept.toml >good/scale.toml
expect_exit 0 "$SCALE" lock --declare --dir good
expect_exit 1 bash -c 'printf x >>"$1/candidate.gguf"; "$2" lock --dir "$1"' _ good "$SCALE"
expect_grep 'is not the candidate of the record'

# A damaged candidate fails, with its worst regressions on record.
make_pass bad --damage
expect_exit 0 "$SCALE" lock --declare --dir bad
expect_exit 3 "$SCALE" lock --dir bad --json
expect_json 'it["verdict"]["verdict"] == "FAIL" and len(it["verdict"]["worst"]["tokens"]) == 10'
expect_exit 3 "$SCALE" lock --dir bad
expect_grep 'kl_mean .*FAIL'

# Written answers: judged, with their lengths and manners, and a pilot that says what it saw.
MODE=generation make_pass written
sed -i 's/^suites = .*/suites = ["reasoning", "json"]/' written/scale.toml
expect_exit 0 "$SCALE" lock --declare --dir written
expect_exit 4 "$SCALE" lock --dir written --json
expect_json 'any("generation (declared)" in c["note"] for c in it["verdict"]["checks"] if c["category"] == "json")'
expect_json '[c["n"] for c in it["verdict"]["checks"] if c["name"] == "refusals"] == [48]'
MODE=auto make_pass piloted
sed -i 's/^suites = .*/suites = ["reasoning", "json"]/' piloted/scale.toml
expect_exit 0 "$SCALE" lock --declare --dir piloted
expect_exit 4 "$SCALE" lock --dir piloted --json
expect_json 'any("pilot: the original wrote" in c["note"] for c in it["verdict"]["checks"] if c["category"] == "reasoning")'

# A broken line of a public set is named before anything is declared.
make_pass broken_set
printf '{"question": "1+1?", "answer": "#### 2"}\n{"question": 3}\n' >broken_set/gsm8k.jsonl
sed -i 's/^\[quality\]/[quality]\ngsm8k = "gsm8k.jsonl"/' broken_set/scale.toml
expect_exit 1 "$SCALE" lock --declare --dir broken_set
expect_grep 'gsm8k.jsonl line 2'

# Low stakes: compressed for ever on the record.
make_pass low --stakes low
expect_exit 0 "$SCALE" lock --declare --dir low
expect_exit 4 "$SCALE" lock --dir low --json
expect_json 'it["verdict"]["compressed"] and all(c["category"] != "consistency" for c in it["verdict"]["checks"])'

# SIGKILL in the middle: the same gate goes on from its checkpoint.
make_pass killed
sed -i 's/^items = .*/items = 200/' killed/scale.toml
expect_exit 0 "$SCALE" lock --declare --dir killed
"$SCALE" lock --dir killed >/dev/null 2>&1 &
gate=$!
kill_at_end $gate
for _ in $(seq 600); do
  [ "$(cat killed/.scale/work/lock-*.jsonl 2>/dev/null | wc -l)" -ge 4 ] && break
  kill -0 $gate 2>/dev/null || break
  sleep 0.1
done
kill_now $gate
checkpoint=$(ls killed/.scale/work/lock-*.jsonl) || fail "no checkpoint after SIGKILL"
sleep 0.5  # the worker dies with its parent
printf '{"items":[{"torn' >>"$checkpoint"
sed -i 's/^items = .*/items = 200/' killed/scale.toml
"$SCALE" lock --dir killed >stdout 2>stderr
[ $? = 4 ] || fail "the resumed gate did not end INCONCLUSIVE"
expect_grep 'continuing the interrupted gate' stderr
[ "$(kinds killed)" = "constraint decision calibration_set artefact budget gate_started verdict " ] || fail "record: $(kinds killed)"
echo passed
