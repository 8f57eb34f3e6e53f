# Shared by the scripts that drive the real binary; source it first:
#
#   . "$(dirname "$0")/common.sh"
#
# ctest sets SCALE (the binary), SOURCE (the checkout) and ENGINE (the engine's prefix). The script then stands in a fresh temporary folder $work,
# removed at the end together with every process that was started in the background and given to kill_at_end.
set -uo pipefail
: "${SCALE:?the path of the scale binary}"
SOURCE=${SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}

work=$(mktemp -d "${TMPDIR:-/tmp}/scale-test.XXXXXX")
background=()
cleanup() {
  local process
  for process in ${background[@]+"${background[@]}"}; do kill -KILL "$process" 2>/dev/null; done
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work" || exit 1

# fail MESSAGE: ends the script; shows what the last command printed.
fail() {
  echo "FAILED: $*" >&2
  if [ -e "$work/stdout" ]; then echo "--- stdout"; head -c 4000 "$work/stdout"; echo "--- stderr"; head -c 4000 "$work/stderr"; fi >&2
  exit 1
}

skip() { echo "skipped: $*"; exit 77; }

kill_at_end() { background+=("$1"); disown "$1" 2>/dev/null; }

# kill_now PID: SIGKILL, and back only when the process is gone with its locks, whether or not this shell may wait for it.
kill_now() {
  kill -KILL "$1" 2>/dev/null
  while [ -e "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; do sleep 0.02; done
}

# kill_when PID CONDITION…: kills the process as soon as the command succeeds; fails the script where it ends before, or
# where five minutes do not bring it there.
kill_when() {
  local process=$1
  shift
  for _ in $(seq 6000); do
    "$@" && break
    kill -0 "$process" 2>/dev/null || break
    sleep 0.05
  done
  kill -0 "$process" 2>/dev/null || fail "process $process ended before it could be killed"
  kill_now "$process"
}

# has_lines COUNT FILE: at least so many; a missing file has none.
has_lines() { [ "$(cat "$2" 2>/dev/null | wc -l)" -ge "$1" ]; }

# expect_exit CODE COMMAND…: runs the command, its output into $work/stdout and $work/stderr, and checks its exit code.
expect_exit() {
  local wanted=$1 got=0
  shift
  "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || got=$?
  [ "$got" = "$wanted" ] || fail "'$*' ended with $got, expected $wanted"
}

# expect_grep PATTERN [FILE]: an extended regular expression that FILE (default: stdout and stderr together) must match.
expect_grep() {
  if [ $# -ge 2 ]; then
    grep -Eq -- "$1" "$2" || fail "no '$1' in $2"
  else
    # Both files by name: behind a pipe, grep's early end would kill the writer, and pipefail would call that a failure.
    grep -Eq -- "$1" "$work/stdout" "$work/stderr" || fail "no '$1' in the output"
  fi
}

# refuse_grep PATTERN [FILE]: the reverse.
refuse_grep() {
  if [ $# -ge 2 ]; then
    ! grep -Eq -- "$1" "$2" || fail "'$1' is in $2"
  else
    ! grep -Eq -- "$1" "$work/stdout" "$work/stderr" || fail "'$1' is in the output"
  fi
}

# expect_json EXPRESSION: a Python expression over `it`, the JSON object on stdout, that must hold.
expect_json() {
  python3 -c 'import json, sys; it = json.load(open(sys.argv[1])); sys.exit(0 if eval(sys.argv[2]) else 1)' \
    "$work/stdout" "$1" 2>>"$work/stderr" || fail "the JSON does not satisfy: $1"
}

# test_model: prints the path of the small real model; skips the script where there is none. Use as
#   model=$(test_model) || skip "no test model"
test_model() {
  local named=${SCALE_TEST_MODEL:-} own=$SOURCE/tests/data/tiny-256/tiny-256.f16.gguf
  if [ -n "$named" ] && [ -e "$named" ]; then echo "$named"; return; fi
  if [ -e "$own" ]; then echo "$own"; return; fi
  return 1
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# serve_gguf GGUF PORT [OPTION…]: the engine's stock llama-server, ready to answer; its process is left in $served.
serve_gguf() {
  local gguf=$1 port=$2
  shift 2
  "${ENGINE:?the prefix of the engine}/bin/llama-server" -m "$gguf" --host 127.0.0.1 --port "$port" -t 1 "$@" >"server-$port.log" 2>&1 &
  served=$!
  kill_at_end $served
  for _ in $(seq 600); do
    curl -sf "http://127.0.0.1:$port/health" >/dev/null && return
    [ -e "/proc/$served" ] || break
    sleep 0.1
  done
  fail "llama-server is not ready: $(tail -3 "server-$port.log")"
}

# completion_of GGUF PROMPT: prints what that server answers, greedily, 16 tokens.
completion_of() {
  local port=$(free_port)
  serve_gguf "$1" "$port" -c 256
  curl -sf "http://127.0.0.1:$port/completion" -d "{\"prompt\": \"$2\", \"n_predict\": 16, \"temperature\": 0}" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["content"])'
  kill_now $served
}

# make_traffic N FILE: N varied request bodies as OpenAI-style JSON lines, the same on every run: four topics, with and
# without a system message, one to three turns, short and long, some asking for JSON or a list.
make_traffic() {
  python3 - "$1" "$2" <<'PYTHON'
import json, random, sys
count, path = int(sys.argv[1]), sys.argv[2]
draw = random.Random(20240611)
things = {
    "travel": ["a train to Lyon", "the night ferry", "a window seat", "two bicycles", "a missed connection", "my luggage"],
    "cooking": ["lentil soup", "sourdough bread", "a vegan cake", "green beans", "a cheap dinner", "tomato sauce"],
    "code": ["a binary search in C", "this regular expression", "a deadlock", "a SQL join", "unit tests", "a memory leak"],
    "health": ["sleeping badly", "a sprained ankle", "back pain at a desk", "running a first 10 km", "hay fever", "a cough"],
}
openings = ["How do I deal with {}?", "Tell me about {}.", "I need help with {}, quickly.", "What should I know about {}?",
            "Write a short note on {}.", "Compare {} with {}.", "Why is {} so hard?", "Can you explain {} to a child?"]
formats = ["", "", "", " Answer as a JSON object with the keys \"summary\" and \"steps\".", " Give me a numbered list.",
           " Answer in one sentence.", " Answer in a table."]
details = ["It happened on {} at {} o'clock.", "I tried {} times already.", "My budget is {} euros.", "We are {} people.",
           "It has to be done within {} days.", "The last attempt took {} minutes."]
with open(path, "w") as log:
    for index in range(count):
        topic = draw.choice(sorted(things))
        messages = []
        if draw.random() < 0.5:
            messages.append({"role": "system", "content": f"You are a helpful assistant for {topic}."})
        for turn in range(draw.choice([1, 1, 1, 2, 3])):
            if turn:
                messages.append({"role": "assistant", "content": f"About {draw.choice(things[topic])}: start small and write down what works."})
            words = [draw.choice(openings).replace("{}", draw.choice(things[topic]), 1).replace("{}", draw.choice(things[topic]))]
            for _ in range(draw.choice([0, 1, 2, 4, 8])):
                words.append(draw.choice(details).format(draw.randint(1, 60), draw.randint(1, 24)))
            messages.append({"role": "user", "content": " ".join(words) + draw.choice(formats)})
        log.write(json.dumps({"model": "assistant", "user": f"user-{draw.randint(1, 40)}", "messages": messages,
                              "max_tokens": draw.choice([16, 32, 64])}) + "\n")
PYTHON
}

# tiny_vllm_pass REQUESTS [TOML]: tiny/, the test model as a Hugging Face folder, and pass/, a pass that is to serve it by vLLM,
# with that much traffic, scale.toml ending in TOML, and all done but the checkpoint.
tiny_vllm_pass() {
  local command
  python3 "$SOURCE/tests/support/make_hf.py" "$(test_model)" tiny || fail "no Hugging Face folder"
  printf '{"bos_token_id": 1, "eos_token_id": 2}\n' >tiny/generation_config.json
  mkdir pass
  cat >pass/scale.toml <<TOML
[model]
path = "../tiny"
[constraint]
kind = "memory"
memory_mib = 64
prompt_tokens = 16
completion_tokens = 8
[deploy]
target = "vllm"
hardware = "x86-avx512"
threads = 1
context = 256
[traffic]
log = "traffic.jsonl"
[calibration]
samples = 128
max_tokens = 96
channels = "off"
${2:-}
TOML
  make_traffic "$1" pass/traffic.jsonl
  expect_exit 0 "$SCALE" set --dir pass --because "a test"
  for command in choose assemble; do expect_exit 0 "$SCALE" "$command" --dir pass; done
}
