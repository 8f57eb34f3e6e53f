#!/usr/bin/env bash
# Quantisation-aware training: the mixture, and the gates of checkpoints at 10, 30 and 100 %.
. "$(dirname "$0")/common.sh"
model=${SCALE_TEST_MODEL:-$SOURCE/tests/data/tiny-256/tiny-256.f16.gguf}
[ -e "$model" ] || skip "no test model"

python3 "$SOURCE/tests/cli/lock_pass.py" pass "$model" --without-artefact || fail "cannot make the pass"
cat >pass/scale.toml <<TOML
[model]
path = "original.gguf"
[deploy]
threads = 1
[calibration]
evaluation = ["exam.txt"]
[budget]
items = 20
kl_tokens = 600
context = 200
TOML
echo 'A farmer has twelve cows and sells five of them on a rainy market day in the old town.' >pass/exam.txt
{
  echo '{"text": "The tide comes in twice a day, and the boats wait for it in the harbour."}'
  echo '{"text": "The tide comes in twice a day, and the boats wait for it in the harbour."}'
  echo '{"text": "Look: a farmer has twelve cows and sells five of them on a rainy market day in the old town. How many?"}'
  echo '{"messages": [{"role": "user", "content": "What is a harbour?"}, {"role": "assistant", "content": "A place for boats."}]}'
} >pass/more.jsonl
gate() { "$SCALE" lock --dir pass --json --checkpoint "$1" --percent "$2"; }

expect_exit 5 "$SCALE" assemble --mixture --dir pass
expect_grep 'method = "qat"'
cat >>pass/scale.toml <<TOML
[quality]
method = "qat"
mixture = ["more.jsonl"]
licences = ["CC0-1.0"]
mixture_tokens = 1000000
mixture_reason = "a test"
TOML
expect_exit 0 "$SCALE" lock --declare --dir pass
expect_exit 5 gate "$model" 10
expect_grep 'assemble --mixture'
expect_exit 0 "$SCALE" assemble --mixture --dir pass --json
expect_json 'it["parts"][1]["documents"] == 2 and it["parts"][1]["overlapping"] == 1 and it["parts"][1]["duplicates"] == 1'
expect_json 'it["parts"][1]["licence"] == "CC0-1.0" and it["tokens"] > 20 and it["reason"] == "a test"'
expect_json '"exam.txt" in it["against"] and "held-out set" in it["against"] and "suite reasoning" in it["against"]'

# In order only; a checkpoint that leads away stops the training; the whole of it undecided on a model without signal.
expect_exit 5 gate "$model" 30
expect_grep 'gated at 10 %'
expect_exit 0 gate "$model" 10
expect_json 'it["gate"]["decision"] == "continue"'
python3 "$SOURCE/tests/support/damage_model.py" "$model" bad.gguf two-bits 2 || fail "cannot damage the model"
expect_exit 3 gate bad.gguf 30
expect_json 'it["gate"]["decision"] == "stop" and "significantly above" in it["gate"]["sentence"]'
expect_exit 0 gate "$model" 30
expect_exit 4 gate "$model" 100
expect_json 'it["gate"]["decision"] == "undecided"'
expect_exit 0 "$SCALE" verify --dir pass
# No gate of a checkpoint opens a rollout.
expect_exit 5 "$SCALE" evaluate start --dir pass
echo passed
