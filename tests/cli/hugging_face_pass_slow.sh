# A whole pass whose original is a Hugging Face folder: S to L by `scale run`, then E serving the converted original.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
python3 "$SOURCE/tests/support/make_hf.py" "$model" hf 2 || fail "make_hf.py"
mkdir pass
make_traffic 400 pass/traffic.jsonl
expect_exit 0 "$SCALE" init hf --dir pass
sed -i -e 's/^trial_rounds = .*/trial_rounds = 1/' -e 's/^# type = .*/type = "Q4_K_M"/' \
  -e 's/^# type_reason = .*/type_reason = "a test"/' -e 's/^samples = .*/samples = 128/' \
  -e 's/^allocation = "searched"/allocation = "stock"/' -e 's/^max_tokens = .*/max_tokens = 64/' \
  -e 's/^mode = "auto"/mode = "likelihood"/' -e 's/^items = .*/items = 20/' -e 's/^kl_tokens = .*/kl_tokens = 512/' \
  -e '/^\[budget\]/,/^\[/s/^context = .*/context = 256/' -e 's/^listen = .*/listen = "127.0.0.1:0"/' pass/scale.toml

got=0
"$SCALE" run --dir pass -q >stdout 2>stderr </dev/null || got=$?
# The test model is at chance in most suites, so that the verdict is any but an error or a refusal.
case $got in 0 | 3 | 4) ;; *) fail "the run ended with $got" ;; esac
kinds=$(python3 -c 'import json, sys
for line in open("pass/.scale/record.jsonl"): print(json.loads(line)["kind"])' | grep -v '^forecast$' | tr '\n' ' ')
case $kinds in "constraint decision budget calibration_set artefact "*"verdict "*) ;; *) fail "order: $kinds" ;; esac
expect_exit 0 "$SCALE" verify --dir pass
expect_exit 0 "$SCALE" report --dir pass
expect_exit 0 "$SCALE" status --dir pass
refuse_grep 'holds other files' stdout

expect_exit 0 "$SCALE" evaluate start --original-only --dir pass
kill_at_end "$(python3 -c 'import json; print(json.load(open("pass/.scale/rollout/gateway.json"))["pid"])')"
address=$(python3 -c 'import json; print(json.load(open("pass/.scale/rollout/gateway.json"))["address"])')
curl -sf "http://$address/v1/chat/completions" -H 'Content-Type: application/json' \
  -d '{"model": "m", "user": "u", "max_tokens": 8, "messages": [{"role": "user", "content": "Hello"}]}' >answer ||
  fail "the gateway does not answer"
expect_grep '"content"' answer
expect_exit 0 "$SCALE" evaluate stop --dir pass
expect_exit 0 "$SCALE" verify --dir pass
[ "$(find pass/.scale/objects -size +12M | wc -l)" = 1 ] || fail "the original is stored more than once"
echo passed
