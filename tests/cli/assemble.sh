# scale assemble on the real binary: order, logs of every kind, coverage, determinism.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
decided() { python3 "$SOURCE/tests/support/decided_pass.py" "$@" || exit 1; }
decided pass "$model" Q4_K_M
make_traffic 400 pass/traffic.jsonl

# --- the order of the stages
mkdir undecided
cp pass/scale.toml undecided
expect_exit 5 "$SCALE" assemble --dir undecided
expect_grep 'scale set' stderr

# --- a log with everything that can be wrong in it
{
  printf '\xef\xbb\xbf'
  cat pass/traffic.jsonl
  echo 'not json'
  printf '{"prompt":"\xff"}\r\n'
  echo '[1,2]'
  echo '{"messages":[]}'
  echo '{"messages":[{"role":"user","content":""}]}'
  echo '{"model":"m"}'
  head -3 pass/traffic.jsonl
  python3 -c 'print("{\"prompt\":\"" + "x" * (17 << 20) + "\"}")'
  echo '{"messages":[{"role":"user","content":"torn'
} >broken.jsonl
expect_exit 0 "$SCALE" assemble --dir pass --log broken.jsonl --json
expect_json 'it["log_lines"] == 411 and it["log_broken"] == 8 and it["log_duplicates"] >= 3'
expect_json 'len(it["broken_examples"]) == 5 and it["broken_examples"][0].startswith("line 401: not valid JSON")'
expect_json 'it["samples"] == 128 and it["holdout_samples"] >= 32 and it["tokens"] > 128'
expect_json 'sum(s["samples"] for s in it["strata"]) == 128'
expect_json 'sum(s["traffic"] for s in it["strata"]) + it["log_duplicates"] == it["log_requests"]'
expect_json '0.5 < it["coverage"] <= 1 and 0 <= it["total_variation"] <= 1'
expect_json 'it["next"] == "scale quantize" and it["exit_code"] == 0 and it["expires_at"] > it["created_at"]'
expect_json '__import__("hashlib").sha256(open("broken.jsonl", "rb").read()).hexdigest() == it["log_sha256"]'

# --- for people
expect_exit 0 "$SCALE" assemble --dir pass --log broken.jsonl --samples 160
expect_grep 'Calibration set: 160 samples' stdout
expect_grep 'line 402: not valid UTF-8' stdout
expect_grep '3 more' stdout
expect_grep '^format .*traffic' stdout
expect_grep '^topic ' stdout
expect_grep 'Expires 20' stdout
expect_grep 'next: scale quantize' stdout

# --- the same log and seed give the same sets; set and holdout share no text
set_of() { python3 -c 'import json,sys; print([json.loads(l)["payload"] for l in open("pass/.scale/record.jsonl")][-1][sys.argv[1]])' "$1"; }
expect_exit 0 "$SCALE" assemble --dir pass
first=$(set_of set_sha256)
expect_exit 0 "$SCALE" assemble --dir pass
[ "$(set_of set_sha256)" = "$first" ] || fail "another set from the same log and seed"
python3 - "$first" "$(set_of holdout_sha256)" <<'PYTHON' || fail "calibration set and holdout overlap"
import json, sys
def read(name):
    return [json.loads(line) for line in open(f"pass/.scale/objects/{name[:2]}/{name}")]
one, two = read(sys.argv[1]), read(sys.argv[2])
assert len(one) == 128 and len(two) >= 32
assert not {s["text"] for s in one} & {s["text"] for s in two}
assert not {s["id"] for s in one} & {s["id"] for s in two}
assert all(0 < len(s["tokens"]) <= 128 for s in one + two)
PYTHON

# --- logs that cannot do: the counts, and nothing recorded
entries=$(wc -l <pass/.scale/record.jsonl)
: >empty.jsonl
expect_exit 1 "$SCALE" assemble --dir pass --log empty.jsonl
expect_grep '0 lines, 0 usable requests' stderr
expect_grep 'at least 160 distinct requests' stderr
head -150 pass/traffic.jsonl >small.jsonl
expect_exit 1 "$SCALE" assemble --dir pass --log small.jsonl
expect_grep '150 lines, 150 usable requests' stderr
expect_exit 1 "$SCALE" assemble --dir pass --log nowhere.jsonl
expect_grep 'no traffic log at nowhere.jsonl' stderr
expect_exit 1 "$SCALE" assemble --dir pass --log pass
expect_exit 2 "$SCALE" assemble --dir pass --samples 100
[ "$(wc -l <pass/.scale/record.jsonl)" = "$entries" ] || fail "a failed run left an entry"

# --- another model than the one measured
printf 'x' >>pass/original.gguf
expect_exit 5 "$SCALE" assemble --dir pass
expect_grep 'the model that stage S measured' stderr
expect_grep 'scale set' stderr
