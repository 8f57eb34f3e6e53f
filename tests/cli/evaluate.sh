# Stage E on the real binary: two llama-servers with the small model, the gateway in front, feedback, automatic rollback.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
command -v python3 >/dev/null || skip "no python3"

# make_pass FOLDER: a pass whose record says that S to L are done. The candidate is the same model: what is tested here is
# the rollout, and the harm is made by feedback.
make_pass() {
  mkdir -p "$1" && cp "$model" "$1/original.gguf" && cp "$model" "$1/candidate.gguf"
  printf 'x' >>"$1/candidate.gguf"  # another digest; the reader ignores what follows the tensors
  python3 "$SOURCE/tests/support/rollout_pass.py" "$1" --stakes "${2:-normal}"
}

# Things that the script does with the gateway of a pass; see the functions at the end of the program.
client() {
  python3 - "$@" <<'PYTHON'
import glob, http.client, json, os, sys
folder, verb = sys.argv[1], sys.argv[2]
address = json.load(open(f"{folder}/.scale/rollout/gateway.json"))["address"]

def ask(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json", **headers})
    reply = connection.getresponse()
    return reply.status, reply.read()

def complete(user, stream=False):
    body = {"model": "original", "user": user, "max_tokens": 3, "temperature": 0, "stream": stream,
            "messages": [{"role": "user", "content": "Hello"}]}
    return ask("POST", "/v1/chat/completions", body)

# The log names the unit's arm, never the user: the arm of a request is found by its id.
def arms():
    found, finished = {}, {}
    for path in sorted(glob.glob(f"{folder}/.scale/rollout/log/segment-*.log")):
        for line in open(path):
            record = json.loads(line[9:])
            if record["type"] == "admit": found[record["request_id"]] = record["arm"]
            if record["type"] == "finish": finished[record["response_id"]] = record["request_id"]
    return {response: found[request] for response, request in finished.items()}

if verb == "chat":
    status, body = complete(sys.argv[3])
    reply = json.loads(body)
    assert status == 200 and reply["choices"][0]["message"]["role"] == "assistant", (status, body)
    print(reply["id"])
elif verb == "stream":
    status, body = complete(sys.argv[3], True)
    events = [line[6:] for line in body.decode().split("\n") if line.startswith("data: ")]
    assert status == 200 and events[-1] == "[DONE]" and len(events) >= 3, (status, body)
    json.loads(events[0])
elif verb == "load":  # load FROM TO: one request of each user, answers' ids to stdout
    for user in range(int(sys.argv[3]), int(sys.argv[4])):
        status, body = complete(f"user-{user}")
        print(json.loads(body)["id"] if status == 200 else f"failed-{status}")
elif verb == "of":  # of ARM: ids of the answers whose request was assigned to it
    print("\n".join(response for response, arm in arms().items() if arm == sys.argv[3]))
elif verb == "thumbs-down":
    status, body = ask("POST", "/v1/feedback", {"response_id": sys.argv[3], "name": "thumbs_down", "value": True})
    assert status < 300, (status, body)
elif verb == "get":
    status, body = ask("GET", sys.argv[3])
    print(body.decode())
    sys.exit(0 if status == 200 else 1)
PYTHON
}

pid_of() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["pid"])' "$1/.scale/rollout/gateway.json"; }

# wait_for SECONDS COMMAND…
wait_for() {
  local left=$(($1 * 10))
  shift
  until "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 0.1
  done
}
start_pass() {  # start_pass FOLDER OPTION…
  local folder=$1
  shift
  expect_exit 0 "$SCALE" evaluate start --dir "$folder" "$@"
  kill_at_end "$(pid_of "$folder")"
}

# --- Nothing to do: before a rollout there is nothing to take back, and saying so is no error.
mkdir empty && printf '[model]\npath = "x.gguf"\n' >empty/scale.toml
expect_exit 0 "$SCALE" rollback --dir empty
expect_grep 'the original is what is served'
expect_exit 5 "$SCALE" evaluate start --dir empty
expect_grep 'stage S'
expect_exit 0 "$SCALE" evaluate status --dir empty

# --- Start, serve, stream.
make_pass pass
start_pass pass
expect_grep 'http://127.0.0.1:[0-9]+/v1'
client pass get /health >/dev/null || fail "no health"
client pass get /v1/models >models; grep -q '"original"' models || fail "the model is not listed"
client pass chat somebody >/dev/null || fail "no chat completion"
client pass stream somebody || fail "no stream"
client pass get /metrics >metrics; grep -q 'scale_rollout_share 0.3' metrics || fail "no share in the metrics"
client pass get /scale/live >page; grep -q '<title>' page || fail "no live page"
expect_exit 0 "$SCALE" evaluate live --dir pass --json
expect_json 'it["url"].endswith("/scale/live#key=" + open("pass/.scale/rollout/token").read().strip())'
expect_exit 5 "$SCALE" evaluate live --dir empty
[ "$(stat -c %a pass/.scale/rollout/salt)" = 600 ] || fail "the salt can be read by others"
grep -q '"kind":"archived"' pass/.scale/record.jsonl || fail "the original is not archived"
expect_exit 5 "$SCALE" evaluate start --dir pass
expect_grep 'runs already: process [0-9]+'
expect_exit 5 "$SCALE" evaluate promote --dir pass
expect_grep 'not shown to be safe'
expect_exit 0 "$SCALE" evaluate status --dir pass --json
expect_json 'it["running"] and it["state"]["status"] == "canary" and it["share_ppm"] == 300000'
expect_json 'it["arms"]["original"]["server"] == it["arms"]["candidate"]["server"] == "healthy"'

# --- Evidence outlives a killed gateway.
client pass load 0 12 >ids || fail "the load failed"
refuse_grep failed ids
client pass of candidate >candidates
[ -s candidates ] || fail "no user of 12 was assigned to the candidate"
client pass thumbs-down "$(head -1 candidates)" || fail "feedback refused"
expect_exit 0 "$SCALE" evaluate feedback --dir pass --response "$(head -1 ids)" --name remark --value 3
expect_exit 0 "$SCALE" evaluate status --dir pass --json
before=$(python3 -c 'import json; it = json.load(open("stdout")); print(it["arms"]["original"]["users"], it["arms"]["candidate"]["users"], it["evidence"]["guardrails"])')
gateway=$(pid_of pass)
kill -KILL "$gateway"
no_server() { ! pgrep -f "$work/pass/" >/dev/null; }
wait_for 10 no_server || fail "a server outlived its gateway"
expect_exit 0 "$SCALE" evaluate status --dir pass --json
expect_json 'not it["running"]'
start_pass pass
expect_grep 'going on with'
expect_exit 0 "$SCALE" evaluate status --dir pass --json
after=$(python3 -c 'import json; it = json.load(open("stdout")); print(it["arms"]["original"]["users"], it["arms"]["candidate"]["users"], it["evidence"]["guardrails"])')
[ "$before" = "$after" ] || fail "evidence before the kill: $before; after: $after"

# --- Thumbs-down of candidate users rolls back by itself.
client pass load 100 140 >ids || fail "the load failed"
client pass of candidate >candidates
while read -r response; do
  client pass thumbs-down "$response" || fail "feedback refused"
done < <(head -12 candidates)
expect_exit 3 "$SCALE" evaluate status --dir pass --json
expect_json 'it["state"]["status"] == "rolled_back" and it["state"]["harm"] and it["share_ppm"] == 0'
expect_json 'it["evidence"]["guardrails"]["thumbs_down"]["harm"]["reached"]'
grep -q '"kind":"rolled_back"' pass/.scale/record.jsonl || fail "the rollback is not in the record"
before=$(client pass of candidate | wc -l)
client pass load 100 140 >ids
refuse_grep failed ids
[ "$(client pass of candidate | wc -l)" = "$before" ] || fail "the candidate got requests after the rollback"
entries=$(grep -c '"kind":"rolled_back"' pass/.scale/record.jsonl)
expect_exit 0 "$SCALE" rollback --dir pass --because "once more"
expect_grep 'already'
[ "$(grep -c '"kind":"rolled_back"' pass/.scale/record.jsonl)" = "$entries" ] || fail "a second rollback was recorded"
expect_exit 0 "$SCALE" evaluate stop --dir pass
no_server || fail "stop came back before the gateway and its servers had ended"

# --- The latch holds; the original can be served alone; a reset needs a reason.
expect_exit 5 "$SCALE" evaluate start --dir pass
expect_grep 'was rolled back'
expect_exit 2 "$SCALE" evaluate start --dir pass --reset-latch
start_pass pass --original-only
client pass chat somebody >/dev/null || fail "the original alone does not serve"
expect_exit 0 "$SCALE" evaluate stop --dir pass
test ! -e pass/.scale/rollout/gateway.json || fail "stop came back before the gateway had let go of the pass"
start_pass pass --reset-latch --because "it was the feedback form"
expect_exit 0 "$SCALE" evaluate status --dir pass --json
expect_json 'it["state"]["status"] == "canary" and it["evidence"]["guardrails"]["thumbs_down"]["candidate_units"] == 0'

# --- A candidate server that is killed is rolled back, and nobody sees an error.
candidate=$(pgrep -f "$work/pass/candidate.gguf" | head -1)
kill -KILL "$candidate"
client pass load 200 210 >ids
refuse_grep failed ids
rolled_back() {
  "$SCALE" evaluate status --dir pass --json >now 2>/dev/null
  grep -q '"status":"rolled_back"' now
}
wait_for 10 rolled_back || fail "the dead candidate was not rolled back"
# Refused requests may roll back before the process is found dead; the operator must see why in either case.
death_is_shown() {
  "$SCALE" evaluate status --dir pass >stdout 2>stderr
  grep -q 'killed by signal 9' stdout
}
wait_for 10 death_is_shown || fail "the status does not say that the candidate's server was killed"
expect_exit 3 "$SCALE" evaluate status --dir pass
kill -TERM "$(pid_of pass)"
wait_for 20 test ! -e pass/.scale/rollout/gateway.json || fail "SIGTERM did not stop the gateway"

# --- Promotion with a reason, and one operation back, with the gateway down.
start_pass pass --reset-latch --because "the server was killed by hand"
expect_exit 0 "$SCALE" evaluate promote --dir pass --because "we accept the risk"
client pass load 300 303 >ids
expect_exit 0 "$SCALE" evaluate status --dir pass --json
expect_json 'it["state"]["status"] == "promoted" and it["share_ppm"] == 1000000'
kill -TERM "$(pid_of pass)"
wait_for 20 test ! -e pass/.scale/rollout/gateway.json || fail "SIGTERM did not stop the gateway"
expect_exit 0 "$SCALE" rollback --dir pass --because "a better idea"
expect_grep 'archived and verified'
expect_exit 0 "$SCALE" rollback --dir pass
expect_grep 'already'
expect_exit 0 "$SCALE" evaluate status --dir pass --json
expect_json 'it["state"]["status"] == "rolled_back" and not it["state"]["harm"]'

# --- A damaged state file serves the original, and a rollback makes it whole.
echo garbage >pass/.scale/rollout/state.json
expect_exit 5 "$SCALE" evaluate start --dir pass
expect_grep 'was rolled back'
expect_exit 0 "$SCALE" rollback --dir pass
expect_exit 0 "$SCALE" evaluate status --dir pass --json
expect_json 'it["state"]["status"] == "rolled_back"'

# --- A low-stakes pass deploys directly, says so in the record, and comes back all the same.
make_pass low low
start_pass low
expect_exit 0 "$SCALE" evaluate status --dir low --json
expect_json 'it["state"]["status"] == "promoted" and it["share_ppm"] == 1000000'
grep '"kind":"promoted"' low/.scale/record.jsonl | grep -q '"direct":true' || fail "the direct deployment is not recorded"
client low chat somebody >/dev/null || fail "the deployed candidate does not serve"
expect_exit 0 "$SCALE" rollback --dir low
expect_exit 0 "$SCALE" evaluate status --dir low --json
expect_json 'it["running"] and it["state"]["status"] == "rolled_back" and it["share_ppm"] == 0'
expect_exit 0 "$SCALE" evaluate stop --dir low

# --- What cannot start says why.
make_pass other
python3 -c '
import socket, subprocess, sys
with socket.socket() as taken:
    taken.bind(("127.0.0.1", 0)); taken.listen()
    sys.exit(subprocess.run([sys.argv[1], "evaluate", "start", "--dir", "other", "--listen", "127.0.0.1:%d" % taken.getsockname()[1]]).returncode)
' "$SCALE" >stdout 2>stderr && fail "a taken port was accepted"
expect_grep 'in use'
expect_exit 1 "$SCALE" evaluate start --dir other --listen 0.0.0.0:0
expect_grep 'for everybody'
sed -i 's/^listen = .*/&\napi_keys = "keys"/' other/scale.toml
printf '0123456789abcdef-secret\n' >other/keys && chmod 644 other/keys
expect_exit 1 "$SCALE" evaluate start --dir other --listen 0.0.0.0:0
expect_grep 'read by others'
chmod 600 other/keys
start_pass other --listen 0.0.0.0:0 --durability strict --workers 2
! client other get /v1/models >models 2>&1 || fail "no key was asked for"
grep -q invalid_api_key models || fail "no key was asked for"
expect_exit 0 "$SCALE" evaluate status --dir other --json
expect_json 'it["log"]["durability"] == "strict" and it["gateway"]["workers"] == 2'
if grep -rq 0123456789abcdef-secret other/.scale; then fail "a key was written down"; fi
expect_exit 0 "$SCALE" evaluate stop --dir other
test ! -e other/.scale/rollout/gateway.json || fail "stop came back before the gateway had let go of the pass"
make_pass another
printf 'y' >>another/candidate.gguf
expect_exit 1 "$SCALE" evaluate start --dir another
expect_grep 'which was gated'
rm another/candidate.gguf
expect_exit 1 "$SCALE" evaluate start --dir another
expect_grep 'missing'

# --- Stage A reads what the gateway logged; it is too little for a set, and the counts say so.
expect_exit 1 "$SCALE" assemble --dir low --log low/.scale/rollout/log
expect_grep '[1-9][0-9]* usable requests' stderr
echo "all checks passed"
