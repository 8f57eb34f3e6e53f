#!/usr/bin/env bash
# Damage of one kind each, on the small model: what the gate fails it for. 8 bits fail nothing.
# (docs/measurements/damaged-models.md has the same on a model whose suites have signal.)
. "$(dirname "$0")/common.sh"
model=${SCALE_TEST_MODEL:-$SOURCE/tests/data/tiny-256/tiny-256.f16.gguf}
[ -e "$model" ] || skip "no test model"

# gate EXIT DAMAGE…: a gate on the original with that damage; the verdict's JSON on stdout.
gate() {
  local wanted=$1
  shift
  python3 "$SOURCE/tests/support/damage_model.py" "$model" candidate.gguf "$@" || fail "cannot damage the model: $*"
  rm -rf pass
  python3 "$SOURCE/tests/cli/lock_pass.py" pass "$model" --candidate candidate.gguf || fail "cannot make the pass"
  cat >pass/scale.toml <<TOML
[model]
path = "original.gguf"
[deploy]
threads = 1
[budget]
items = 24
kl_tokens = 600
context = 200
slices = "off"
TOML
  expect_exit 0 "$SCALE" lock --declare --dir pass
  expect_exit "$wanted" "$SCALE" lock --dir pass --json
}
failed='{c["name"] for c in it["verdict"]["checks"] if c["result"] == "FAIL"}'

gate 3 two-bits 3
expect_json "'top1_agreement' in $failed and 'chat template' not in $failed"

gate 3 template
expect_json "$failed == {'chat template'}"

gate 3 context 128
expect_json "$failed == {'trained context'} or $failed == {'trained context', 'long_context'}"

# A model that cannot reason passes nothing, but 8 bits lose nothing either: every limit of the distribution holds.
gate 4 eight-bits
expect_json "not $failed"
expect_json '{c["endpoint"]: c["result"] for c in it["verdict"]["checks"]}["kl_mean"] == "PASS"'
expect_json '0 < it["verdict"]["checks"][0]["difference"] < 0.01'
expect_json 'it["verdict"]["noise"]["tokens"] > 0 and it["verdict"]["checks"][0]["noise"] < 1e-4'
expect_exit 0 "$SCALE" verify --dir pass
echo passed
