# scale quantize on the real binary: refusals, the artefact, reuse, SIGKILL, files in the way.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
decided() { python3 "$SOURCE/tests/support/decided_pass.py" "$@" || exit 1; }
decided pass "$model" Q4_K_M
make_traffic 400 pass/traffic.jsonl
artefact=pass/original.Q4_K_M.gguf

# --- no calibration set yet
expect_exit 5 "$SCALE" quantize --dir pass
expect_grep 'no current calibration set' stderr
expect_grep 'scale assemble' stderr
expect_exit 0 "$SCALE" assemble --dir pass

# --- killed while it gathers statistics: the record is whole and the next run goes on
"$SCALE" quantize --dir pass >/dev/null 2>&1 &
kill_when $! test -e pass/.scale/work/statistics.bin.progress
[ ! -e "$artefact" ] || fail "an artefact was published early"
expect_exit 0 "$SCALE" quantize --dir pass
expect_grep 'Went on after [0-9]* samples' stderr
expect_grep 'original.Q4_K_M.gguf: .* bits per weight' stdout
expect_grep '^Q4_K ' stdout
expect_grep 'next: scale lock --dir pass --declare' stdout
[ -e "$artefact" ] || fail "no artefact"
[ -z "$(ls pass/.scale/work | grep -E 'partial|part-|progress')" ] || fail "work files are left"

# --- done already: nothing is repeated
expect_exit 0 "$SCALE" quantize --dir pass --json
expect_json 'it["reused"] and it["exit_code"] == 0 and it["type"] == "Q4_K_M" and len(it["tensors"]) > 50'
expect_json '__import__("hashlib").sha256(open("pass/original.Q4_K_M.gguf", "rb").read()).hexdigest() == it["sha256"]'
expect_json '4 < it["bits_per_weight"] < 6 and all(t["cosine"] > 0.98 for t in it["tensors"])'
expect_json 'it["generated"] and it["original_generated"] and it["statistics_tokens"] > 1000'
sha=$(sha256sum "$artefact")

# --- again, and after damage: the same bytes, since nothing else changed
expect_exit 0 "$SCALE" quantize --dir pass --again --json
expect_json 'not it["reused"]'
[ "$(sha256sum "$artefact")" = "$sha" ] || fail "another artefact from the same set"
expect_json '"rounded by error feedback" in it["method"]'

# --- killed while it refines: the next run goes on, to the same bytes
"$SCALE" quantize --dir pass --again >/dev/null 2>&1 &
kill_when $! has_lines 6 pass/.scale/work/refinement.jsonl
[ "$(sha256sum "$artefact")" = "$sha" ] || fail "a killed run changed the published artefact"
expect_exit 0 "$SCALE" quantize --dir pass --again
expect_grep 'Went on at tensor' stderr
[ "$(sha256sum "$artefact")" = "$sha" ] || fail "a resumed refinement gives other bytes"
[ -z "$(ls pass/.scale/work | grep -E 'partial|refinement')" ] || fail "work files are left"

truncate -s 100000 "$artefact"
expect_exit 1 "$SCALE" quantize --dir pass
expect_grep 'exists and is not an artefact of this pass' stderr
[ "$(stat -c %s "$artefact")" = 100000 ] || fail "a foreign file was overwritten"
rm "$artefact"
expect_exit 0 "$SCALE" quantize --dir pass
[ "$(sha256sum "$artefact")" = "$sha" ] || fail "another artefact from the same set"

# --- an expired set
python3 "$SOURCE/tests/support/decided_pass.py" pass --expire || exit 1
expect_exit 5 "$SCALE" quantize --dir pass
expect_grep 'expired on 2020-01-01' stderr
expect_grep 'scale assemble' stderr

# --- a type that the engine does not know
decided odd "$model" Q9_X
cp pass/traffic.jsonl odd
expect_exit 0 "$SCALE" assemble --dir odd
expect_exit 1 "$SCALE" quantize --dir odd
expect_grep 'Q9_X' stderr
[ "$(wc -l <odd/.scale/record.jsonl)" = 3 ] || fail "a failed run left an entry"

# --- another model than the one measured
printf 'x' >>odd/original.gguf
expect_exit 5 "$SCALE" quantize --dir odd
expect_grep 'the model that stage S measured' stderr
