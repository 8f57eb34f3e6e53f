# Clients that people use, through the gateway under TLS with keys, before a real llama-server: openai-python, LangChain,
# curl, and lm-evaluation-harness. Needs a package registry.
. "$(dirname "$0")/common.sh"
for program in python3 curl openssl; do command -v $program >/dev/null || skip "no $program"; done
model=$(test_model) || skip "no test model"
venv=${XDG_CACHE_HOME:-$HOME/.cache}/scale/real-clients-1
if [ ! -e "$venv/ready" ]; then
  rm -rf "$venv"
  { python3 -m venv "$venv" && "$venv/bin/pip" install -q openai langchain-openai 'lm-eval[api]==0.4.13' && touch "$venv/ready"; } \
    >pip.log 2>&1 || skip "the clients cannot be installed: $(tail -1 pip.log)"
fi
"$venv/bin/pip" list 2>/dev/null | grep -iE '^(openai|langchain-openai|lm.eval) ' || fail "the clients are not there"
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 HF_HOME=$work/hf

new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2)
openssl req -x509 "${new_key[@]}" -subj /CN=ca -keyout ca.key -out ca.pem 2>openssl.log || fail "openssl"
openssl req -x509 "${new_key[@]}" -subj /CN=gateway -keyout gateway.key -out gateway.pem -CA ca.pem -CAkey ca.key \
  -addext subjectAltName=DNS:localhost 2>openssl.log || fail "openssl"
upstream=$(free_port)
"${ENGINE:?the prefix of the engine}/bin/llama-server" -m "$model" --alias original --host 127.0.0.1 --port "$upstream" -c 2048 -np 4 -t 1 >server.log 2>&1 &
kill_at_end $!
until curl -sf "http://127.0.0.1:$upstream/health" >/dev/null; do sleep 0.1; done

key=0123456789abcdef-client
printf '%s\n' "$key" >keys && chmod 600 keys
python3 "$SOURCE/tests/support/gated_pass.py" pass <<TOML
steps = [500000]
listen = "127.0.0.1:0"
original_url = "http://127.0.0.1:$upstream"
candidate_url = "http://127.0.0.1:$upstream"
api_keys = "../keys"
tls_certificate = "../gateway.pem"
tls_key = "../gateway.key"
TOML
expect_exit 0 "$SCALE" evaluate start --dir pass
kill_at_end "$(python3 -c 'import json; print(json.load(open("pass/.scale/rollout/gateway.json"))["pid"])')"
port=$(python3 -c 'import json; print(json.load(open("pass/.scale/rollout/gateway.json"))["address"].split(":")[1])')
base=https://localhost:$port/v1

# --- curl
curl -s --cacert ca.pem "$base/chat/completions" -H "authorization: Bearer $key" -H 'content-type: application/json' \
  -d '{"model":"original","user":"curl","max_tokens":4,"messages":[{"role":"user","content":"Hello"}]}' >chat
python3 -c 'import json; it = json.load(open("chat")); assert it["choices"][0]["message"]["role"] == "assistant", it' || fail "curl: $(cat chat)"

# --- openai-python
cat >client.py <<'PYTHON'
import sys, httpx, openai
base, key = sys.argv[1:]
client = openai.OpenAI(base_url=base, api_key=key, http_client=httpx.Client(verify="ca.pem"), max_retries=0)
ask = dict(model="original", messages=[{"role": "user", "content": "Hello"}], max_tokens=8, temperature=0, user="openai")
whole = client.chat.completions.create(**ask)
assert whole.usage.completion_tokens > 0 and whole.choices[0].finish_reason in ("stop", "length"), whole
pieces = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
assert text == whole.choices[0].message.content, (text, whole)
assert pieces[-1].usage.completion_tokens == whole.usage.completion_tokens, pieces[-1]
assert client.completions.create(model="original", prompt="Hello", max_tokens=4).choices[0].text is not None
assert [model.id for model in client.models.list()] == ["original"]
raw = client.chat.completions.with_raw_response.create(**ask, extra_headers={"x-request-id": "mine"})
assert raw.headers["x-request-id"] == "mine"
for wrong, error in ((dict(ask, messages="none"), openai.BadRequestError),):
    try:
        client.chat.completions.create(**wrong)
        raise SystemExit("no error")
    except error as refused:
        assert refused.message, refused
try:
    openai.OpenAI(base_url=base, api_key="wrong", http_client=httpx.Client(verify="ca.pem"), max_retries=0).models.list()
    raise SystemExit("a wrong key was accepted")
except openai.AuthenticationError as refused:
    assert refused.code == "invalid_api_key", refused
try:
    openai.OpenAI(base_url=base, api_key=key, max_retries=0).models.list()
    raise SystemExit("a certificate of an unknown authority was accepted")
except openai.APIConnectionError:
    pass

from langchain_openai import ChatOpenAI
model = ChatOpenAI(model="original", base_url=base, api_key=key, max_tokens=8, temperature=0, http_client=httpx.Client(verify="ca.pem"))
answer = model.invoke("Hello")
assert answer.content == whole.choices[0].message.content and answer.usage_metadata["output_tokens"] > 0, answer
assert "".join(piece.content for piece in model.stream("Hello")) == answer.content
print("openai-python and LangChain are served")
PYTHON
SSL_CERT_FILE= "$venv/bin/python" client.py "$base" "$key" || fail "see above"

# --- lm-evaluation-harness: a task of written answers scores the same directly and through the gateway.
mkdir tasks
cat >tasks/toy.yaml <<YAML
task: toy_write
dataset_path: json
dataset_kwargs:
  data_files: {test: $work/tasks/toy.jsonl}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\n\n"], max_gen_toks: 8, temperature: 0}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
YAML
python3 -c '
import json
for i in range(20): print(json.dumps({"question": f"Item {i} is", "answer": "red"}))' >tasks/toy.jsonl
run() { # run NAME BASE
  REQUESTS_CA_BUNDLE=$work/ca.pem SSL_CERT_FILE=$work/ca.pem OPENAI_API_KEY=$key "$venv/bin/lm_eval" run --model local-completions --tasks toy_write --include_path tasks \
    --model_args "model=original,base_url=$2/completions,tokenizer_backend=None,tokenized_requests=False,num_concurrent=1" \
    --output_path "$1" --log_samples --seed 1 >lm-eval.log 2>&1 || fail "lm_eval $1: $(tail -5 lm-eval.log)"
}
run direct "http://127.0.0.1:$upstream/v1"
run through "$base"
python3 - direct through <<'PYTHON' || fail "the gateway changes what lm-evaluation-harness sees"
import glob, json, sys
answers = []
for folder in sys.argv[1:]:
    lines = [json.loads(line) for line in open(glob.glob(folder + "/*/samples_toy_write_*.jsonl")[0])]
    answers.append([line["resps"] for line in sorted(lines, key=lambda line: line["doc_id"])])
assert len(answers[0]) == 20 and answers[0] == answers[1], answers
print("lm-evaluation-harness: 20 written answers, the same directly and through the gateway")
PYTHON
# Scoring given texts needs "echo" with "logprobs"; what the server makes of it is what the client gets.
echo='{"model":"original","prompt":"Hello there","echo":true,"logprobs":1,"max_tokens":1,"temperature":0}'
shape='import json, sys; it = json.load(sys.stdin); print(sorted(it), [sorted(choice) for choice in it.get("choices", [])], it.get("choices", [{}])[0].get("text"))'
curl -s "http://127.0.0.1:$upstream/v1/completions" -d "$echo" | python3 -c "$shape" >echo-direct
curl -s --cacert ca.pem "$base/completions" -H "authorization: Bearer $key" -d "$echo" | python3 -c "$shape" >echo-through
cmp -s echo-direct echo-through || fail "echo: $(cat echo-direct) directly, $(cat echo-through) through the gateway"
echo "echo with logprobs: $(cat echo-through)"
expect_exit 0 "$SCALE" evaluate status --dir pass --json
expect_json 'it["arms"]["original"]["requests"] + it["arms"]["candidate"]["requests"] >= 28'
expect_json 'it["arms"]["original"]["failures"] + it["arms"]["candidate"]["failures"] == 0'
echo "all checks passed"
