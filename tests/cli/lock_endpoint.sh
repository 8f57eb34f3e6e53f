#!/usr/bin/env bash
# Written answers by servers: `scale lock` asks two real llama-servers, and says what is wrong with one before it works.
. "$(dirname "$0")/common.sh"
model=$SOURCE/tests/data/tiny-256/tiny-256.f16.gguf

# make_pass FOLDER: at the end of stage A, with a small budget of written answers.
make_pass() {
  python3 "$SOURCE/tests/cli/lock_pass.py" "$1" "$model" --damage || fail "cannot make the pass"
  cat >"$1/scale.toml" <<TOML
[model]
path = "original.gguf"
[deploy]
threads = 1
context = 512
[quality]
mode = "generation"
answer_tokens = 16
suites = ["reasoning", "json"]
[budget]
kl_mean = 0.02
items = 24
kl_tokens = 600
context = 200
TOML
}

# by_servers FOLDER LINE…: lets servers write the answers.
by_servers() {
  local folder=$1
  shift
  printf '%s\n' "original_url = \"http://127.0.0.1:$first\"" "candidate_url = \"http://127.0.0.1:$second/v1\"" \
    'key_variable = "LOCK_KEY"' "$@" >lines
  sed -i '/^\[quality\]/r lines' "$folder/scale.toml"
}

first=$(free_port)
second=$(free_port)
export LOCK_KEY=letmein
make_pass engine
make_pass servers
by_servers servers
expect_exit 0 "$SCALE" lock --declare --dir servers

# A server that is not there, a key that is not set or not right, a model that is not served: each is named at once.
expect_exit 1 "$SCALE" lock --dir servers
expect_grep "127.0.0.1:$first/v1/models"
serve_gguf "$model" "$first" --api-key letmein -c 1024 -np 2
serve_gguf servers/candidate.gguf "$second" --api-key letmein -c 1024 -np 2
expect_exit 1 env -u LOCK_KEY "$SCALE" lock --dir servers
expect_grep 'LOCK_KEY is not set'
expect_exit 1 env LOCK_KEY=wrong "$SCALE" lock --dir servers
expect_grep 'status 401'
refuse_grep 'wrong'
make_pass unlisted
by_servers unlisted 'candidate_model = "gpt-17"'
expect_exit 0 "$SCALE" lock --declare --dir unlisted
expect_exit 1 "$SCALE" lock --dir unlisted
expect_grep 'does not list the model gpt-17'

# Distributions by servers need the log probabilities of a prompt, which llama-server does not give.
make_pass unscored
by_servers unscored 'distribution = "servers"'
expect_exit 0 "$SCALE" lock --declare --dir unscored
expect_grep 'the servers, 20 tokens a place'
expect_exit 1 "$SCALE" lock --dir unscored
expect_grep "127.0.0.1:$first/v1/completions gives no log probabilities of a prompt"
expect_grep 'distribution = "engine"'

# The verdict: the damaged candidate fails, and the record says who answered.
expect_exit 3 "$SCALE" lock --dir servers --json
expect_json "any('answers by the servers' in c['note'] for c in it['verdict']['checks'] if c['category'] == 'reasoning')"
python3 - servers/.scale/record.jsonl "$first" "$second" <<'PY' || fail "the record does not say who answered"
import json, sys
started = [e for e in map(json.loads, open(sys.argv[1])) if e["kind"] == "gate_started"][-1]["payload"]
assert all(port in started["measured_with"] for port in sys.argv[2:]), started
PY
expect_exit 0 "$SCALE" verify --dir servers

# The same model, items and greedy decoding: a server's answers are the engine's, near ties apart.
expect_exit 0 "$SCALE" lock --declare --dir engine
expect_exit 3 "$SCALE" lock --dir engine
python3 - engine servers <<'PY' || fail "the servers' answers are not the engine's"
import json, pathlib, sys
def answers(folder):
    verdict = [e for e in map(json.loads, open(f"{folder}/.scale/record.jsonl")) if e["kind"] == "verdict"][-1]["payload"]
    name = verdict["measurements_sha256"]
    measured = json.loads(pathlib.Path(folder, ".scale", "objects", name[:2], name).read_text())
    return {i["id"]: (i["original_answer"]["text"], i["candidate_answer"]["text"]) for i in measured["items"]}
engine, servers = map(answers, sys.argv[1:])
assert engine.keys() == servers.keys() and len(engine) == 48
for side in (0, 1):
    same = sum(engine[i][side].strip() == servers[i][side].strip() for i in engine)
    print("same answers:", same, "of", len(engine))
    assert same >= 36, [(engine[i][side], servers[i][side]) for i in list(engine)[:4]]
PY
echo passed
