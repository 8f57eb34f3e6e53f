# scale quantize on models with broken or odd weights: refused early by name, or handled and said.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
decided() { python3 "$SOURCE/tests/support/decided_pass.py" "$@" || exit 1; }
edit() { python3 "$SOURCE/tests/support/gguf_edit.py" "$@" || exit 1; }
# broken FOLDER EDITS…: a pass with a calibration set whose model has the edits, one "set …" a word group.
make_traffic 200 traffic.jsonl
prepared() {
  local folder=$1 type=$2
  cp "$model" "$folder.gguf"
  shift 2
  while [ $# -gt 0 ]; do edit "$folder.gguf" set $1; shift; done
  decided "$folder" "$folder.gguf" "$type"
  cp traffic.jsonl "$folder"
  expect_exit 0 "$SCALE" assemble --dir "$folder"
}

# --- one weight that is not a number: named at once, before statistics are gathered
prepared nan Q4_K_M 'blk.2.ffn_down.weight nan 5 17'
expect_exit 1 "$SCALE" quantize --dir nan
expect_grep 'blk.2.ffn_down.weight of the original has 1 weight that is not finite; the first is weight 17 of row 5' stderr
[ ! -e nan/.scale/work/statistics.bin ] || fail "statistics were gathered from a broken model"

# --- finite weights whose activations overflow: the layer and the sample are named
prepared overflow Q4_K_M 'blk.1.attn_norm.weight 3e38' 'blk.1.attn_q.weight 60000'
expect_exit 1 "$SCALE" quantize --dir overflow
expect_grep 'inputs of blk\..* are not finite on calibration sample 1 ' stderr
[ -z "$(ls overflow/*.gguf | grep -v original)" ] || fail "an artefact was published"

# --- rows of zeros and the channels they silence: made, and said in the summary
prepared odd IQ3_S 'blk.0.ffn_up.weight 0 3' 'blk.0.ffn_up.weight 0 4' 'blk.2.ffn_norm.weight 0 0 7'
expect_exit 0 "$SCALE" quantize --dir odd
expect_grep 'Note: 2 all-zero rows in 1 matrix, most in blk.0.ffn_up.weight \(2 of [0-9]+\); they stay zero' stdout
expect_grep 'Note: [0-9]+ input channels of [0-9]+ layers were silent on every calibration token' stdout
expect_grep '^IQ3_S ' stdout
expect_exit 0 "$SCALE" quantize --dir odd --json
expect_json 'len(it["notes"]) >= 2 and it["reused"] and "rounded by error feedback" in it["method"]'
echo passed
