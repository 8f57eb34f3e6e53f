# scale evaluate check: what has changed under a rollout re-opens stage S, by name, and the live traffic that did feeds the
# next calibration set. On the log of a real gateway in front of servers that answer at once.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
command -v python3 >/dev/null || skip "no python3"

for name in original candidate; do
  python3 "$SOURCE/tests/support/model_server.py" $name >port-$name &
  kill_at_end $!
done
served_at() { wait_until 10 test -s "port-$1" || fail "no server for the $1"; echo "http://127.0.0.1:$(head -1 "port-$1")"; }
wait_until() { local end=$((SECONDS + $1)); shift; until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.05; done; }

# append FOLDER KIND…: entries after those that the program wrote, each on the newest of what it builds on.
append() {
  python3 - "$SOURCE/tests/support" "$@" <<'PYTHON'
import hashlib, json, pathlib, sys
sys.path.insert(0, sys.argv[1])
folder = pathlib.Path(sys.argv[2])
path = folder / ".scale" / "record.jsonl"
digest = lambda name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
payloads = {
    "decision": lambda: ("choice", ["constraint"], {"type": "Q4_K_M", "format": "GGUF", "rule": "default-4-bit", "reason": "a test"}),
    "budget": lambda: ("quality", ["constraint"], {"points": 1}),
    "artefact": lambda: ("calibration", ["calibration_set", "decision"], {"path": "candidate.gguf", "sha256": digest("candidate.gguf"),
                         "bytes": (folder / "candidate.gguf").stat().st_size, "original_sha256": digest("original.gguf")}),
    "verdict": lambda: ("quality", ["artefact", "budget"], {"verdict": "PASS", "sentence": "passed", "artefact_sha256": digest("candidate.gguf")}),
}
for kind in sys.argv[3:]:
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    stage, parents, payload = payloads[kind]()
    newest = {entry["kind"]: entry["hash"] for entry in entries}
    entry = {"seq": len(entries) + 1, "time": entries[-1]["time"], "stage": stage, "kind": kind, "schema": 1,
             "parents": [newest[name] for name in parents], "payload": payload, "tool": "test", "prev": entries[-1]["hash"]}
    canonical = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    entry["hash"] = hashlib.sha256(canonical(entry).encode()).hexdigest()
    with path.open("a") as record:
        record.write(canonical(entry) + "\n")
PYTHON
}

# send FILE: its requests through the gateway of the pass, all answered.
send() {
  python3 - "$1" <<'PYTHON' || fail "a request of $1 was not answered"
import http.client, json, sys
connection = http.client.HTTPConnection(json.load(open("pass/.scale/rollout/gateway.json"))["address"], timeout=60)
for line in open(sys.argv[1]):
    connection.request("POST", "/v1/chat/completions", line, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    reply.read()
    if reply.status != 200: sys.exit(1)
PYTHON
}
reopenings() { grep -c '"kind":"reopened"' pass/.scale/record.jsonl; }
stop_gateway() {
  kill -TERM "$(python3 -c 'import json; print(json.load(open("pass/.scale/rollout/gateway.json"))["pid"])')"
  wait_until 20 test ! -e pass/.scale/rollout/gateway.json || fail "the gateway did not stop"
}

mkdir pass && cp "$model" pass/original.gguf && cp "$model" pass/candidate.gguf && printf x >>pass/candidate.gguf
make_traffic 1600 all.jsonl
sed -i 's/"user": "user-[0-9]*", //' all.jsonl
sed -n '1~2p' all.jsonl >pass/traffic.jsonl
sed -n '2~2p' all.jsonl >usual.jsonl
make_traffic 5000 many.jsonl
sed -i 's/"user": "user-[0-9]*", //' many.jsonl
tail -3400 many.jsonl | grep 'soup\|bread\|cake\|beans\|dinner\|sauce' >cooking.jsonl
cat >pass/scale.toml <<TOML
[model]
path = "original.gguf"
[constraint]
kind = "memory"
memory_mib = 64
prompt_tokens = 64
completion_tokens = 16
[choice]
trial_rounds = 3
[deploy]
threads = 1
context = 256
[traffic]
log = "traffic.jsonl"
[calibration]
samples = 128
max_tokens = 128
channels = "off"
[rollout]
listen = "127.0.0.1:0"
original_url = "$(served_at original)"
candidate_url = "$(served_at candidate)"
TOML

# --- Stages S to L, the measuring ones for real.
expect_exit 5 "$SCALE" evaluate check --dir pass
expect_grep 'stage S is not done'
expect_exit 0 "$SCALE" set --dir pass --because "a test"
append pass decision budget
expect_exit 0 "$SCALE" assemble --dir pass
append pass artefact verdict
expect_exit 0 "$SCALE" evaluate start --dir pass
expect_exit 0 "$SCALE" evaluate status --dir pass
expect_grep 'live traffic was not compared .* scale evaluate check'
expect_exit 4 "$SCALE" evaluate check --dir pass --quick

# --- Usual traffic changes nothing.
send usual.jsonl
expect_exit 0 "$SCALE" evaluate check --dir pass --quick --json
expect_json 'it["changed"] == [] and it["traffic"]["verdict"] == "keep" and not it["recorded"]'
# What keep_log_days may remove stands in the record: the log was read up to then.
grep '"kind":"traffic_check"' pass/.scale/record.jsonl | tail -n 1 >stdout
expect_json 'abs(it["payload"]["live_until_ms"] / 1000 - __import__("time").time()) < 300'
expect_exit 0 "$SCALE" evaluate status --dir pass
expect_grep 'traffic, compared 20.*: keep'
refuse_grep 'changed since'

# --- Other traffic re-opens stage S, by name, once; what is served goes on.
send cooking.jsonl
expect_exit 3 "$SCALE" evaluate check --dir pass --quick
expect_grep '^Changed since stage S: system prompt \('
expect_grep '^Changed since stage S: traffic \('

expect_exit 3 "$SCALE" evaluate check --dir pass --quick --json
expect_json 'not it["recorded"] and len(it["changed"]) == 2'
[ "$(reopenings)" = 1 ] || fail "the same change was recorded twice"
expect_exit 0 "$SCALE" status --dir pass --json
expect_json 'it["stage"] == "constraint" and it["changed"][1].startswith("traffic (") and it["stages"][0]["state"] == "stale"'
expect_exit 0 "$SCALE" evaluate status --dir pass --json
expect_json 'it["running"] and it["share_ppm"] > 0 and it["changed"][1].startswith("traffic (")'
expect_exit 5 "$SCALE" choose --dir pass
expect_grep 'changed since: system prompt .*traffic'
"$SCALE" verify --dir pass >stdout 2>stderr  # the verdict is made up; the order must hold
expect_grep "^ok +order" stdout
head -3 usual.jsonl >few.jsonl
stop_gateway
expect_exit 0 "$SCALE" evaluate start --dir pass
expect_grep 'stage S is open again: .*goes on as it is'
send few.jsonl

# --- A model that holds other bytes, and is put back; one that is gone is archived.
printf y >>pass/original.gguf
expect_exit 3 "$SCALE" evaluate check --dir pass --quick
expect_grep 'Changed since stage S: model \(original.gguf holds other bytes\)'
[ "$(reopenings)" = 2 ] || fail "another change was not recorded"
rm pass/original.gguf
expect_exit 3 "$SCALE" evaluate check --dir pass --quick --json
expect_json '[part.split(" ")[0] for part in it["changed"]] == ["system", "traffic"]'
cp "$model" pass/original.gguf

# --- Stage S is set again, and the live traffic feeds the next set.
expect_exit 0 "$SCALE" set --dir pass --because "a test"
expect_exit 0 "$SCALE" status --dir pass --json
expect_json 'it["changed"] == [] and it["stages"][0]["state"] == "done"'
append pass decision
expect_exit 0 "$SCALE" assemble --dir pass --json
expect_grep 'drawn from the live traffic in .scale/rollout/log' stderr
expect_json 'it["source"] == "gateway" and it["log_requests"] > 1000'
expect_exit 4 "$SCALE" evaluate check --dir pass --quick
expect_grep '0 requests'
send usual.jsonl
expect_exit 3 "$SCALE" evaluate check --dir pass --quick
"$SCALE" verify --dir pass >stdout 2>stderr  # the verdict is made up; the order must hold
expect_grep "^ok +order" stdout

# --- Another log of a person's own is what counts then.
cat usual.jsonl >>pass/traffic.jsonl
expect_exit 0 "$SCALE" set --dir pass --because "a test"
append pass decision
expect_exit 0 "$SCALE" assemble --dir pass --json
expect_json 'it["source"] == "requests"'
expect_exit 0 "$SCALE" evaluate stop --dir pass
echo "all checks passed"
