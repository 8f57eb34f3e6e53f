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
expect_json 'len(it["holdout_conversations"]) == it["holdout_samples"]'
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

# --- personal data and secrets: replaced in everything that is stored, counted, the key for the owner alone
python3 - <<'PYTHON'
import json
secrets = ["jane.doe@corp.com", "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32", "460-89-9847", "86.121.97.248"]
with open("private.jsonl", "w") as log:
    for number, line in enumerate(open("pass/traffic.jsonl")):
        body = json.loads(line)
        body["messages"][-1]["content"] += f" My data: {secrets[number % 5]}."
        log.write(json.dumps(body) + "\n")
    log.write('{"messages":[{"role":"jane.doe@corp.com","content":"x"}]}\n')
PYTHON
expect_exit 0 "$SCALE" assemble --dir pass --log private.jsonl --json
expect_json 'it["redacted"] and it["redactions"] == {"e-mail": 80, "card": 80, "IBAN": 80, "national id": 80, "IP address": 80}'
for secret in jane.doe@corp '4111 1111' '1234 5698' 460-89-9847 86.121.97.248; do
  ! grep -rqF -- "$secret" pass/.scale || fail "$secret was stored"
  refuse_grep "$secret"
done
[ "$(stat -c %a pass/.scale/redaction.key)" = 600 ] || fail "others can read the redaction key"
expect_exit 0 "$SCALE" assemble --dir pass --log private.jsonl
expect_grep 'Redacted in the log .counted.: 80 IBAN, 80 IP address' stdout
sed -i 's/^log = .*/&\nredact = false/' pass/scale.toml
expect_exit 0 "$SCALE" assemble --dir pass --log private.jsonl
expect_grep 'Nothing was redacted' stdout
sed -i '/^redact = false/d' pass/scale.toml

# --- the other sources: prompts, chats, the gateway's log
python3 - <<'PYTHON'
import json, os
table = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
    table.append(byte)
def framed(record):
    text, crc = json.dumps(record, separators=(",", ":")).encode(), 0xffffffff
    for byte in text:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return b"%08x %s\n" % (crc ^ 0xffffffff, text)
os.mkdir("gateway")
bodies = [json.loads(line) for line in open("pass/traffic.jsonl")]
with open("prompts.txt", "w") as prompts:
    prompts.writelines(body["messages"][-1]["content"] + "\n" for body in bodies)
json.dump([{"id": number, "conversations": [{"from": "human", "value": body["messages"][-1]["content"]},
                                            {"from": "gpt", "value": "Let us see."}]} for number, body in enumerate(bodies)],
          open("chats.json", "w"))
with open("gateway/segment-0000000001.log", "wb") as log:
    for number, body in enumerate(bodies):
        log.write(framed({"type": "admit", "request_id": str(number), "arm": "original", "key_kind": "request", "request": body}))
        log.write(framed({"type": "finish", "request_id": str(number), "outcome": "client_error" if number < 3 else "ok",
                          "served_by": "original", "answer": "As logged."}))
    log.write(b"0000")
PYTHON
for source in prompts:prompts.txt chats:chats.json gateway:gateway; do
  expect_exit 0 "$SCALE" assemble --dir pass --log "${source#*:}" --json
  expect_json "it['source'] == '${source%:*}' and it['log_lines'] == 400 and it['samples'] == 128"
done
expect_json 'it["log_broken"] == 3 and "4xx" in it["broken_examples"][0]'
grep -q 'As logged' "pass/.scale/objects/$(set_of set_sha256 | cut -c1-2)/$(set_of set_sha256)" || fail "the logged answers are not in the set"

# --- no sample overlaps with a named evaluation set
python3 -c '
import json
texts = [json.loads(line)["messages"][-1]["content"] for line in open("pass/traffic.jsonl")]
json.dump([text for text in texts if len(text.split()) > 13][:20], open("pass/benchmark.json", "w"))'
sed -i 's/^samples = 128/&\nevaluation = ["benchmark.json"]/' pass/scale.toml
expect_exit 0 "$SCALE" assemble --dir pass --json
expect_json 'it["dropped"]["overlap with benchmark.json"] >= 20'
sed -i '/^evaluation = /d' pass/scale.toml

# --- outlier channels: not looked at, reported, and choosing among the candidates
expect_exit 0 "$SCALE" assemble --dir pass --json
expect_json 'it["channels"]["mode"] == "" and it["channels_sha256"] == ""'
sed -i 's/^channels = .*/channels = "report"/' pass/scale.toml
expect_exit 0 "$SCALE" assemble --dir pass
expect_grep 'Outlier channels: the set reaches .*measured' stdout
[ "$(set_of set_sha256)" = "$first" ] || fail "a report changes the set"
sed -i 's/^channels = .*/channels = "cover"/' pass/scale.toml
expect_exit 0 "$SCALE" assemble --dir pass --json
expect_json 'it["channels"]["mode"] == "cover" and it["channels"]["pool_samples"] > 128 and it["channels"]["tokens"] <= 32768'
expect_json '0.3 < it["channels"]["coverage"] <= 1 and len(it["channels"]["worst"]) == 5 and it["channels_sha256"]'
expect_json 'it["samples"] == 128 and it["channels"]["coverage"] > it["channels"]["by_topics"]'
sed -i 's/^channels = .*/channels = "off"/' pass/scale.toml

# --- the original answers what was logged without an answer
sed -i 's/^samples = 128/&\nanswers = "generate"\nanswer_tokens = 4/' pass/scale.toml
expect_exit 0 "$SCALE" assemble --dir pass --json
expect_json 'it["own_answers"] > 0'
sed -i '/^answers = /d; /^answer_tokens = /d' pass/scale.toml

# --- does a set still stand for newer traffic?
make_traffic 1600 more.jsonl
sed -i 's/"user": "user-[0-9]*", //' more.jsonl
sed -n '1~2p' more.jsonl >before.jsonl
sed -n '2~2p' more.jsonl >after.jsonl
expect_exit 0 "$SCALE" assemble --dir pass --log before.jsonl
expect_exit 0 "$SCALE" assemble --dir pass --check after.jsonl --json
expect_json 'it["verdict"] == "keep" and len(it["tests"]) == 6 and it["alpha"] == 0.01'
grep 'soup\|bread\|cake\|beans\|dinner\|sauce' more.jsonl >cooking.jsonl
expect_exit 3 "$SCALE" assemble --dir pass --check cooking.jsonl
expect_grep '^topic .*drifted' stdout
expect_grep 'scale quantize --dir [a-z]+ && scale lock --dir [a-z]+' stdout
head -40 after.jsonl >few.jsonl
expect_exit 4 "$SCALE" assemble --dir pass --check few.jsonl
expect_grep 'too few to rule one out' stdout
expect_exit 5 "$SCALE" assemble --dir undecided --check after.jsonl
expect_exit 0 "$SCALE" assemble --dir pass --check after.jsonl
expect_grep 'only inputs were compared' stdout

# --- with an artefact the models are run on a sample of the new requests too
sed -i 's/^samples = 128/&\nrounding = "stock"/' pass/scale.toml
expect_exit 0 "$SCALE" quantize --dir pass --json
expect_json 'it["stability"]["samples"] == 128 and it["stability"]["layers"] > 20 and it["stability"]["worst"] >= it["stability"]["median"] > 0'
expect_json '(it["stability"]["unstable"] == 0) == (it["stability"]["needed"] == 0)'
expect_exit 0 "$SCALE" quantize --dir pass
expect_grep 'Statistics of the even and the odd samples differ by' stdout
expect_exit 0 "$SCALE" assemble --dir pass --check after.jsonl --json
expect_json 'it["verdict"] == "keep" and [t["name"] for t in it["tests"]][6:] == ["activation", "shadow KL"]'
expect_json 'it["live_samples"] == it["held_out_samples"] > 32 and it["live_tokens"] > 1000 and len(it["artefact_sha256"]) == 64'
expect_exit 0 "$SCALE" assemble --dir pass --check after.jsonl --quick --json
expect_json 'len(it["tests"]) == 6 and it["artefact_sha256"] == ""'
# Other topics alone do not make it suffer: a look, or a refresh where they do.
"$SCALE" assemble --dir pass --check cooking.jsonl --json >"$work/stdout" 2>"$work/stderr"
expect_json 'it["look"] != (it["verdict"] == "refresh") and next(t for t in it["tests"] if t["name"] == "topic")["drifted"]'
expect_exit 2 "$SCALE" assemble --dir pass --quick
expect_exit 0 "$SCALE" verify --dir pass

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
expect_exit 3 "$SCALE" assemble --dir pass --check after.jsonl
expect_grep "another model: the model's " stdout
