#!/usr/bin/env bash
# The example program that embeds quantiser and gate through include/scale alone.
. "$(dirname "$0")/common.sh"
example=${BUILD:?}/examples/embed/embed_example
[ -x "$example" ] || fail "no $example"
pairs() { python3 -c 'import sys
for count, pair in zip(sys.argv[1::2], sys.argv[2::2]): print((pair + "\n") * int(count), end="")' "$@"; }

# --- the gate: exact at its edge (see src/quality/statistics/tango.h): 88 items without a loss do not show 3 points
pairs 88 '1 1' >items; expect_exit 1 bash -c "'$example' gate 0.03 <items"; expect_grep '^INCONCLUSIVE: 88 items, loss 0.0000' stdout
pairs 300 '1 1' >items; expect_exit 0 bash -c "'$example' gate 0.03 <items"; expect_grep '^PASS: 300 items' stdout
pairs 260 '1 1' 40 '1 0' >items; expect_exit 1 bash -c "'$example' gate 0.03 <items"; expect_grep '^FAIL: .*lost 40, won 0' stdout
pairs 20 '0 0' 4 '1 0' >items; expect_exit 1 bash -c "'$example' gate 0.2 <items"; expect_grep '^NO POWER' stdout
: >items; expect_exit 1 bash -c "'$example' gate <items"; expect_grep 'no outcomes' stderr
pairs 9 '1 1' >items; expect_exit 1 bash -c "'$example' gate 1.5 <items"; expect_grep 'margin' stderr

# --- the quantiser: a file that stock tools and scale read, better than stock rounding where it says so
model=$(test_model) || skip "no test model"
head -c 4000 "$SOURCE/README.md" >one.txt; head -c 4000 "$SOURCE/docs/design.md" >two.txt
expect_exit 0 "$example" quantize "$model" small.gguf Q4_K_S one.txt two.txt
expect_grep 'bits per weight; [1-9][0-9]* of [1-9][0-9]* tensors' stdout
[ "$(stat -c %s small.gguf)" -lt "$(($(stat -c %s "$model") / 2))" ] || fail "not smaller"
mkdir pass; expect_exit 0 "$SCALE" init small.gguf --dir pass --defaults
expect_grep 'Q4_K' stdout
[ -z "$(ls | grep partial)" ] || fail "left over: $(ls)"
expect_exit 1 "$example" quantize one.txt bad.gguf Q4_K_S two.txt
[ ! -e bad.gguf ] && [ -z "$(ls | grep partial)" ] || fail "a file for a model that is none"
echo "an embedding program quantises and judges"
